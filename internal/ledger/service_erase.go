package ledger

import (
	"context"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const mostErased = 64 // ids that one record of erasure names

// EraseDue erases up to limit bodies whose day has come, and records which, under which law and since when they were
// due. The leaves stay, so the tree and the persons' chains stand. It returns how many bodies went; call it again until
// none does.
func (l *Ledger) EraseDue(ctx context.Context, limit int) (n int, err error) {
	err = l.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		found, err := selectDue(ctx, tx, clock.DateOf(tx.Now()), limit)
		if err != nil {
			return err
		}
		n = len(found)
		return l.erase(ctx, tx, found, Entry{})
	})
	if err != nil {
		return 0, fmt.Errorf("erase due records: %w", err)
	}
	return n, nil
}

// Erase erases the bodies of the named records in the caller's transaction: those that go with their file. why names
// authority, unit, law and the day they were due; records that wait for their place or are erased are left alone.
func (l *Ledger) Erase(ctx context.Context, tx *db.Tx, why Entry, ids ...string) error {
	if why.Law == "" || why.DeleteOn.IsZero() || clock.DateOf(tx.Now()).Before(why.DeleteOn) {
		return fault.New(fault.Internal, "ledger.error.erasure")
	}
	for len(ids) > 0 {
		n := min(len(ids), mostErased)
		found, err := selectErasable(ctx, tx, ids[:n])
		if err != nil {
			return fmt.Errorf("erase records: %w", err)
		}
		if err := l.erase(ctx, tx, found, why); err != nil {
			return fmt.Errorf("erase records: %w", err)
		}
		ids = ids[n:]
	}
	return nil
}

// ground is what one record of erasure has in common.
type ground struct {
	authority, unit, law string
	subject              Subject
	due                  clock.Date
}

// erase writes a record of erasure for every person, law and day, and blanks the rows. A hidden record goes with the one
// that opened it, so none goes unopened.
func (l *Ledger) erase(ctx context.Context, tx *db.Tx, found []stored, why Entry) error {
	grouped := map[ground][]string{}
	var order []ground
	put := func(g ground, id string) {
		if len(grouped[g]) == 0 {
			order = append(order, g)
		}
		grouped[g] = append(grouped[g], id)
	}
	for _, s := range found {
		b, err := ParseBody(s.body)
		if err != nil {
			return err
		}
		g := ground{b.Authority, b.Unit, b.Law, b.Subject, b.DeleteOn}
		if why.Law != "" {
			g = ground{why.Authority, why.Unit, why.Law, b.Subject, why.DeleteOn}
		}
		put(g, s.id)
		if b.Opening() {
			g.subject = "" // the hidden record names nobody
			put(g, b.Opens)
		}
	}
	for _, g := range order {
		for ids := grouped[g]; len(ids) > 0; ids = ids[min(len(ids), mostErased):] {
			if err := l.eraseGroup(ctx, tx, g, ids[:min(len(ids), mostErased)], why); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Ledger) eraseGroup(ctx context.Context, tx *db.Tx, g ground, ids []string, why Entry) error {
	rec, err := l.Record(ctx, tx, Entry{
		Kind: Erasure, Authority: g.authority, Unit: g.unit, Role: why.Role, Actor: why.Actor, Subject: g.subject, Purpose: "Löschung nach Fristablauf",
		Law: g.law, Case: why.Case, Reason: why.Reason, DeleteOn: g.due, inner: true, erases: ids,
	})
	if err != nil {
		return err
	}
	return blank(ctx, tx, rec[0].ID, ids)
}
