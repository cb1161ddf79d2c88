package app_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// pages limits the database file, as a full disk would; 0 lets it grow again.
func (t town) pages(most int) {
	t.Helper()
	err := t.DB.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if most == 0 {
			most = 1 << 30
		}
		_, err := db.One(ctx, tx, db.Scalar[int], fmt.Sprintf(`PRAGMA max_page_count = %d`, most))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskRefusesInPlainWordsLosesNothingAndHeals(t *testing.T) {
	towns(t, func(t town) {
		if t.DB.Engine() != db.SQLite {
			t.Skip("the drill fills PostgreSQL's disk")
		}
		_, c := t.prepared("mover")
		t.pages(1) // it cannot shrink below what is there
		var full error
		for i := 0; i < 2000 && full == nil; i++ { // what room is left in the last pages is used up first
			_, full = t.citizenCase(fmt.Sprintf("%d", i))
		}
		if !fault.Is(full, fault.Full) {
			t.Fatalf("a full disk said: %v", full)
		}
		if got := t.again(c); got.Wait != procedure.ForForm || got.Version != c.Version {
			t.Errorf("the case that was there changed: %s %d", got.Wait, got.Version)
		}
		t.pages(0)
		c = t.fill(c, map[string]string{"kind": "sole"})
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.Done {
			t.Errorf("%s after the disk had room again", c.Status)
		}
		report, err := t.Ledger.Verify(t.Context())
		if err != nil || !report.OK {
			t.Errorf("ledger: %v %v", report.Problems, err)
		}
	})
}

// citizenCase writes as much as a move in the middle: a landlord's confirmation and a step of somebody's case.
func (t town) citizenCase(word string) (procedure.Case, error) {
	p, err := t.World.Persona("church")
	if err != nil {
		t.Fatal(err)
	}
	a, err := t.Assert(p.Card)
	if err != nil {
		t.Fatal(err)
	}
	a.Pseudonym += word
	account, err := t.Identity.ByAssertion(t.Context(), a)
	if err != nil {
		return procedure.Case{}, err
	}
	return t.Bring(t.Context(), p, account.ID.Actor(), app.StandBegun)
}
