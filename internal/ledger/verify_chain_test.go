package ledger

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// TestPersonsBeyondTheMemory has one person followed on the way and the others in a pass of their own.
func TestPersonsBeyondTheMemory(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), keys.Migrations, Migrations); err != nil {
			t.Fatal(err)
		}
		ring, err := keys.Open(t.Context(), d, filepath.Join(t.TempDir(), "master.key"))
		if err != nil {
			t.Fatal(err)
		}
		l, err := New(t.Context(), d, ring, Options{Name: "amtsweg.example/many"})
		if err != nil {
			t.Fatal(err)
		}
		do := func(fn func(ctx context.Context, tx *db.Tx) error) {
			t.Helper()
			if err := d.Do(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 40 {
			do(func(ctx context.Context, tx *db.Tx) error {
				_, err := l.Record(ctx, tx, Entry{
					Kind: Access, Authority: "lindenfurt", Subject: Subject(fmt.Sprintf("person %d", i%4)), Purpose: "p", Law: "l",
				})
				return err
			})
			if _, err := l.Sequence(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		look := func() Report {
			t.Helper()
			v := newVerification(VerifyOptions{Key: l.key, MAC: l.mac})
			v.persons.most = 1
			r, err := v.verify(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := look(); !r.OK || r.Persons != 4 || r.Size != 40 {
			t.Fatalf("got %+v", r)
		}
		do(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "DELETE FROM ledger_record WHERE subject = ? AND subject_seq = ?", "person 2", 5)
			return err
		})
		r := look()
		found := 0
		for _, p := range r.Problems {
			if strings.Contains(p.What, "record 5 of this person is missing") || strings.Contains(p.What, "is gone") {
				found++
			}
		}
		if r.OK || found != 2 || len(r.Problems) != 2 {
			t.Errorf("got %+v", r.Problems)
		}
	})
}
