package db_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// later writes a note without waiting for it.
func later(name string) func(context.Context, *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		return tx.Later(ctx, `INSERT INTO note (name, size, body) VALUES (?, ?, ?)`, name, len(name), []byte(name))
	}
}

func resize(name string, otherwise error) func(context.Context, *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		return tx.Expect(ctx, 1, otherwise, `UPDATE note SET size = 0 WHERE name = ?`, name)
	}
}

func sizeOf(ctx context.Context, q db.Querier, name string) (int, error) {
	return db.One(ctx, q, db.Scalar[int], `SELECT size FROM note WHERE name = ?`, name)
}

func TestACollectedStatementThatFailsFailsItsClosureAndOnlyIt(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if err := d.Do(t.Context(), write("there")); err != nil {
			t.Fatal(err)
		}
		told := false
		err := beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { told = true })
			if err := later("guilty")(ctx, tx); err != nil {
				return err
			}
			return later("there")(ctx, tx) // the last it does: on PostgreSQL the failure shows when the next closure asks
		})
		if !db.IsUnique(err) {
			t.Errorf("got %v, want a unique violation", err)
		}
		if told || names(t, d)["guilty"] {
			t.Error("half of a failed closure was kept or told")
		}
	})
}

func TestACollectedStatementThatFailsIsHeardAtTheNextOne(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if err := d.Do(t.Context(), write("there")); err != nil {
			t.Fatal(err)
		}
		for name, swallow := range map[string]bool{"honest": false, "quiet": true} {
			err := beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
				err := later("there")(ctx, tx)
				if err == nil {
					_, err = sizeOf(ctx, tx, "there")
					if d.Engine() == db.Postgres && (err == nil || db.IsUnique(err)) {
						t.Errorf("%s: the question after it got %v: an error that is not its own", name, err)
					}
				}
				if swallow && d.Engine() == db.Postgres {
					return nil
				}
				return err
			})
			if !db.IsUnique(err) {
				t.Errorf("%s: got %v, want the true error", name, err)
			}
			forget(t, d)
		}
	})
}

// forget removes the notes of the innocent.
func forget(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return tx.Later(ctx, `DELETE FROM note WHERE name LIKE 'innocent%'`)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsExpectedAndNotSoFailsTheClosureBeforeCommit(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if err := d.Do(t.Context(), write("there")); err != nil {
			t.Fatal(err)
		}
		guilty := func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(later("guilty")(ctx, tx), resize("missing", io.ErrNoProgress)(ctx, tx), later("after")(ctx, tx))
		}
		for name, err := range map[string]error{"in a group": beside(t.Context(), t, d, guilty), "alone": d.Do(t.Context(), guilty)} {
			if !errors.Is(err, io.ErrNoProgress) || fault.Is(err, fault.Unknown) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if have := names(t, d); have["guilty"] || have["after"] {
			t.Error("it was kept although what it expected was not so")
		}
		if err := d.Do(t.Context(), resize("there", io.ErrNoProgress)); err != nil {
			t.Errorf("what was so: %v", err)
		}
	})
}

func TestAClosureSeesWhatItCollectedAndAcknowledgedMeansThere(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		const many = 250 // more than go in one round
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for i := range many {
				if err := later(fmt.Sprintf("note %d", i))(ctx, tx); err != nil {
					return err
				}
			}
			n, err := db.One(ctx, tx, db.Scalar[int], `SELECT COUNT(*) FROM note`)
			if n != many {
				t.Errorf("saw %d of its own %d notes", n, many)
			}
			return errors.Join(err, later("last")(ctx, tx))
		})
		if err != nil {
			t.Fatal(err)
		}
		if have := names(t, d); len(have) != many+1 || !have["last"] {
			t.Errorf("acknowledged, and %d notes are there", len(have))
		}
	})
}

func TestAClosureThatOnlyReadsAndFailsTakesNobodyAlong(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		err := beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := db.One(ctx, tx, db.Scalar[int], `SELECT size FROM nowhere`)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhatHappensAfterCommitSeesItCommitted(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		seen := false
		err := beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { seen = names(t, d)["guilty"] })
			return later("guilty")(ctx, tx)
		})
		if err != nil || !seen {
			t.Errorf("told before it was durable: %v", err)
		}
	})
}

// cut cuts all connections of this database but the one that asks, as a restart of PostgreSQL does.
func cut(ctx context.Context, d *db.DB) (int, error) {
	return db.One(ctx, d, db.Scalar[int], `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'amtsweg'`)
}

func TestAConnectionLostBeforeCommitCostsNobodyAnything(t *testing.T) {
	url := testkit.Postgres(t)
	d, err := db.Open(t.Context(), url, db.Options{Clock: testkit.Clock, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // the test is over
	if err := d.Migrate(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
	once := sync.OnceValue(func() error {
		n, err := cut(t.Context(), d)
		if err == nil && n == 0 {
			err = errors.New("no connection was cut")
		}
		return err
	})
	err = beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM note WHERE name = 'nobody'`); err != nil {
			return err
		}
		return errors.Join(once(), later("guilty")(ctx, tx))
	})
	if err != nil || !names(t, d)["guilty"] {
		t.Errorf("got %v", err)
	}
}

func TestALongClosureKeepsNobodyOutOnPostgreSQL(t *testing.T) {
	d, err := db.Open(t.Context(), testkit.Postgres(t), db.Options{Clock: testkit.Clock})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // the test is over
	if err := d.Migrate(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
	held, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		once := sync.OnceFunc(func() { close(held) })
		if err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			once()
			<-release // an import that goes on until the others are through
			return write("long")(ctx, tx)
		}); err != nil {
			t.Errorf("the long one: %v", err)
		}
	})
	<-held
	for i := range 20 {
		if err := d.Do(t.Context(), write(fmt.Sprintf("short %d", i))); err != nil {
			t.Error(err)
		}
	}
	close(release)
	all.Wait()
	if have := names(t, d); len(have) != 21 {
		t.Errorf("%d of 21 notes are there", len(have))
	}
}

func TestTwoProcessesThatCollideBothGetThrough(t *testing.T) {
	url := testkit.Postgres(t)
	var processes []*db.DB
	for range 2 {
		d, err := db.Open(t.Context(), url, db.Options{Clock: testkit.Clock})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close() //nolint:errcheck // the test is over
		processes = append(processes, d)
	}
	if err := processes[0].Migrate(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
	if err := processes[0].Do(t.Context(), write("counter")); err != nil {
		t.Fatal(err)
	}
	const clients, turns = 8, 10
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for range turns {
				err := fault.New(fault.Busy, "")
				for fault.Is(err, fault.Busy) { // what a person hears who is to try again
					err = processes[i%2].Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
						n, err := sizeOf(ctx, tx, "counter")
						if err != nil {
							return err
						}
						return tx.Expect(ctx, 1, io.ErrNoProgress, `UPDATE note SET size = ? WHERE name = 'counter'`, n+1)
					})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	n, err := sizeOf(t.Context(), processes[1], "counter")
	if want := len("counter") + clients*turns; err != nil || n != want {
		t.Errorf("got %d (%v), want %d: a change was lost or made twice", n, err, want)
	}
}
