package testkit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

func TestEveryStoryGetsAnEmptyDatabaseOfItsOwn(t *testing.T) {
	for range 2 { // the second telling fails if it sees the first one's table
		testkit.Engines(t, func(t *testing.T, d *db.DB) {
			err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.Exec(ctx, "CREATE TABLE mine (id BIGINT PRIMARY KEY)"); err != nil {
					return err
				}
				if got := tx.Now(); !got.Equal(testkit.Clock.Now()) {
					t.Errorf("the transaction's time is %v", got)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestBothEnginesAreReallyUsed(t *testing.T) {
	var seen sync.Map
	t.Run("stories", func(t *testing.T) {
		testkit.Engines(t, func(t *testing.T, d *db.DB) {
			seen.Store(d.Engine().String(), true)
		})
	})
	if _, ok := seen.Load("sqlite"); !ok {
		t.Error("no story ran on SQLite")
	}
	if _, ok := seen.Load("postgres"); !ok {
		t.Log("no story ran on PostgreSQL; its subtest says why")
	}
}

func TestAStoryMovesOnlyItsOwnClock(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		c.Advance(25 * time.Hour)
		if got := d.Clock().Now().Sub(testkit.Clock.Now()); got != 25*time.Hour {
			t.Errorf("the story is %v after its beginning, want 25h", got)
		}
	})
}
