package db_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

var notes = db.Migrations{Module: "notes", Files: fstest.MapFS{"migrations/0001_note.sql": {Data: []byte(`-- +goose Up
CREATE TABLE note (name TEXT PRIMARY KEY, size BIGINT NOT NULL, body BLOB NOT NULL);
-- +goose Down
DROP TABLE note;
`)}}}

// withNotes tells a story on both engines with one writer each, so that what waits for it becomes one group.
func withNotes(t *testing.T, story func(t *testing.T, d *db.DB)) {
	testkit.EngineURLs(t, func(t *testing.T, url string) {
		d, err := db.Open(t.Context(), url, db.Options{Clock: testkit.Clock, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := d.Migrate(t.Context(), notes); err != nil {
			t.Fatal(err)
		}
		story(t, d)
	})
}

func write(name string) func(context.Context, *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO note (name, size, body) VALUES (?, ?, ?)`, name, len(name), []byte(name))
		return err
	}
}

func names(t *testing.T, d *db.DB) map[string]bool {
	t.Helper()
	all, err := db.All(t.Context(), d, db.Scalar[string], `SELECT name FROM note`)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, n := range all {
		out[n] = true
	}
	return out
}

// beside runs a guilty closure in one group with 31 innocent ones and returns the guilty one's error.
func beside(ctx context.Context, t *testing.T, d *db.DB, guilty func(context.Context, *db.Tx) error) error {
	t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		once := sync.OnceFunc(func() { close(held) })
		if err := d.Do(context.Background(), func(context.Context, *db.Tx) error { once(); <-release; return nil }); err != nil {
			t.Errorf("the first: %v", err)
		}
	})
	<-held
	var guiltyErr error
	errs := make([]error, 31)
	for i := range 31 {
		if i == 7 {
			all.Go(func() { guiltyErr = d.Do(ctx, guilty) })
			until(t, func() bool { return d.Waiting() > i })
		}
		all.Go(func() { errs[i] = d.Do(context.Background(), write(fmt.Sprintf("innocent %d", i))) })
		until(t, func() bool { return d.Waiting() > i })
	}
	close(release)
	all.Wait()
	have := names(t, d)
	for i, err := range errs {
		if err != nil {
			t.Errorf("innocent %d failed: %v", i, err)
		}
		if !have[fmt.Sprintf("innocent %d", i)] {
			t.Errorf("innocent %d was acknowledged and is not there", i)
		}
	}
	return guiltyErr
}

func until(t *testing.T, ready func() bool) {
	t.Helper()
	for !ready() {
		if t.Context().Err() != nil {
			t.Fatal("never ready")
		}
		runtime.Gosched()
	}
}

func TestAFailingClosureFailsAlone(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		err := beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
			if err := write("guilty")(ctx, tx); err != nil {
				return err
			}
			return io.ErrUnexpectedEOF
		})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
		if names(t, d)["guilty"] {
			t.Error("a failed closure left its row")
		}
	})
}

func TestAPanicIsThatClosuresErrorAndNobodyElses(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		err := beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
			if err := write("guilty")(ctx, tx); err != nil {
				return err
			}
			panic("a bug")
		})
		if err == nil || !strings.Contains(err.Error(), "a bug") {
			t.Errorf("got %v", err)
		}
		if names(t, d)["guilty"] {
			t.Error("a panicking closure left its row")
		}
	})
}

func TestDoInsideDoIsRefused(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		err := beside(t.Context(), t, d, func(ctx context.Context, _ *db.Tx) error { return d.Do(ctx, write("inner")) })
		if err == nil || !strings.Contains(err.Error(), "Do inside Do") {
			t.Errorf("got %v", err)
		}
		if names(t, d)["inner"] {
			t.Error("the inner closure wrote")
		}
	})
}

func TestAClosureOverItsBudgetIsStoppedAtItsNextStatement(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		ctx := db.WithBudget(t.Context(), time.Nanosecond)
		err := beside(ctx, t, d, func(ctx context.Context, tx *db.Tx) error {
			for i := range 1_000_000 {
				if err := write(fmt.Sprintf("guilty %d", i))(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
		if !fault.Is(err, fault.Busy) {
			t.Errorf("got %v", err)
		}
		if names(t, d)["guilty 0"] {
			t.Error("an overrun closure left a row")
		}
	})
}

func TestACallerWhoLeavesTheQueueWritesNothing(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		held, release := make(chan struct{}), make(chan struct{})
		go d.Do(context.Background(), func(context.Context, *db.Tx) error { close(held); <-release; return nil }) //nolint:errcheck // it only holds the writer
		<-held
		ctx, cancel := context.WithCancel(t.Context())
		out := make(chan error)
		go func() { out <- d.Do(ctx, write("gone")) }()
		until(t, func() bool { return d.Waiting() == 1 })
		cancel()
		if err := <-out; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		close(release)
		if err := d.Do(t.Context(), write("next")); err != nil {
			t.Fatal(err)
		}
		if names(t, d)["gone"] {
			t.Error("it was written although its caller had left")
		}
	})
}

func TestACallerWhoLeavesWhileItRunsHearsTheTruth(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := beside(ctx, t, d, func(ctx context.Context, tx *db.Tx) error {
			cancel() // the browser is closed while the closure runs
			return write("guilty")(ctx, tx)
		})
		if err != nil {
			t.Errorf("it was written but the caller heard: %v", err)
		}
		if !names(t, d)["guilty"] {
			t.Error("acknowledged and not there")
		}
	})
}

func TestAFullDiskFailsOnlyTheClosureThatNeedsTheRoom(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if d.Engine() != db.SQLite {
			t.Skip("the drill fills PostgreSQL's disk")
		}
		if err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := db.One(ctx, tx, db.Scalar[int], `PRAGMA max_page_count = 200`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		err := beside(t.Context(), t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO note (name, size, body) VALUES ('guilty', 0, zeroblob(8000000))`)
			return err
		})
		if !fault.Is(err, fault.Full) {
			t.Errorf("got %v, want a full disk", err)
		}
		if names(t, d)["guilty"] {
			t.Error("half of it stayed")
		}
	})
}

func TestAnAppendThatFailsDoesNotTakeItsGroupAlong(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if err := d.Append(t.Context(), write("twice")); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			all.Go(func() {
				name := fmt.Sprintf("append %d", i)
				if i%8 == 3 {
					name = "twice"
				}
				errs[i] = d.Append(t.Context(), write(name))
			})
		}
		all.Wait()
		have := names(t, d)
		for i, err := range errs {
			if i%8 == 3 {
				if !db.IsUnique(err) {
					t.Errorf("append %d: got %v, want a unique violation", i, err)
				}
			} else if err != nil || !have[fmt.Sprintf("append %d", i)] {
				t.Errorf("append %d: %v", i, err)
			}
		}
	})
}

func TestTwoTransactionsThatCollideBothHappen(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if err := d.Do(t.Context(), write("counter")); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 5 {
					err := fault.New(fault.Busy, "")
					for fault.Is(err, fault.Busy) {
						err = d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
							n, err := db.One(ctx, tx, db.Scalar[int], `SELECT size FROM note WHERE name = 'counter'`)
							if err != nil {
								return err
							}
							_, err = tx.Exec(ctx, `UPDATE note SET size = ? WHERE name = 'counter'`, n+1)
							return err
						})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		n, err := db.One(t.Context(), d, db.Scalar[int], `SELECT size FROM note WHERE name = 'counter'`)
		if want := len("counter") + 20; err != nil || n != want {
			t.Errorf("got %d (%v), want %d", n, err, want)
		}
	})
}

func TestAStoppedWriterNeverWritesAgainAndReadingGoesOn(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if err := d.Do(t.Context(), write("before")); err != nil {
			t.Fatal(err)
		}
		d.StopWriter(errors.New("fsync: input/output error"))
		if err := d.Do(t.Context(), write("after")); !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
		if d.Alive(t.Context()) == nil {
			t.Error("it still claims to be ready")
		}
		if have := names(t, d); !have["before"] || have["after"] {
			t.Errorf("found %v", have)
		}
	})
}

func TestAReaderCannotWriteAndSeesOneMoment(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM note`); err == nil {
				t.Error("a reader wrote")
			}
			count := func() (int, error) { return db.One(ctx, tx, db.Scalar[int], `SELECT COUNT(*) FROM note`) }
			before, err := count()
			if err != nil {
				return err
			}
			if err := d.Do(context.Background(), write("meanwhile")); err != nil {
				return err
			}
			after, err := count()
			if before != after {
				t.Errorf("saw %d rows, then %d", before, after)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestLanesAreServedInTurn(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		held, release := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			d.Do(context.Background(), func(context.Context, *db.Tx) error { close(held); <-release; return nil }) //nolint:errcheck // it only holds the writer
		})
		<-held
		var mu sync.Mutex
		var order []string
		put := func(lane string) {
			n := d.Waiting()
			all.Go(func() {
				err := d.Do(db.WithLane(t.Context(), lane), func(context.Context, *db.Tx) error {
					mu.Lock()
					defer mu.Unlock()
					order = append(order, lane)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			until(t, func() bool { return d.Waiting() > n })
		}
		for range 5 {
			put("loud")
		}
		put("quiet")
		close(release)
		all.Wait()
		if order[1] != "quiet" {
			t.Errorf("the quiet authority waited behind the loud one: %v", order)
		}
	})
}

func TestAFailedStatementThatAClosureKeepsQuietAboutIsStillNotKept(t *testing.T) {
	withNotes(t, func(t *testing.T, d *db.DB) {
		if err := d.Do(t.Context(), write("there")); err != nil {
			t.Fatal(err)
		}
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := write("before")(ctx, tx); err != nil {
				return err
			}
			write("there")(ctx, tx) //nolint:errcheck // that is the story
			return nil
		})
		if d.Engine() == db.Postgres { // there the transaction is lost with its first failed statement
			if !db.IsUnique(err) || fault.Is(err, fault.Unknown) || names(t, d)["before"] {
				t.Errorf("got %v, kept %v", err, names(t, d))
			}
			return
		}
		if err != nil || !names(t, d)["before"] {
			t.Errorf("got %v", err)
		}
	})
}
