package job_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

var effects = db.Migrations{Module: "effects", Files: fstest.MapFS{"migrations/0001_effect.sql": {Data: []byte(`-- +goose Up
CREATE TABLE effect (id TEXT PRIMARY KEY, what TEXT NOT NULL);
`)}}}

type letter struct{ To string }

func desk(t *testing.T, story func(t *testing.T, d *db.DB, c *clock.Fixed, q *job.Queue)) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		if err := d.Migrate(t.Context(), job.Migrations, effects); err != nil {
			t.Fatal(err)
		}
		story(t, d, c, job.New(d, d.Log()))
	})
}

func put(t *testing.T, d *db.DB, q *job.Queue, specs ...job.Spec) {
	t.Helper()
	if err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, s := range specs {
			if err := q.Enqueue(ctx, tx, s); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func note(what string) job.Effect {
	return func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO effect (id, what) VALUES (?, ?)`, what, what)
		return err
	}
}

func count(t *testing.T, d *db.DB) int {
	t.Helper()
	n, err := db.One(t.Context(), d, db.Scalar[int], `SELECT COUNT(*) FROM effect`)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func drain(t *testing.T, q *job.Queue) {
	t.Helper()
	if err := q.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAJobExistsExactlyIfItsCauseDoes(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, _ *clock.Fixed, q *job.Queue) {
		q.Handle("post", job.Inside(func(ctx context.Context, tx *db.Tx, l letter) error { return note(l.To)(ctx, tx) }))
		boom := errors.New("the cause failed")
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := q.Enqueue(ctx, tx, job.Spec{Kind: "post", Payload: letter{"nobody"}}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		put(t, d, q, job.Spec{Kind: "post", Key: "k", Payload: letter{"anna"}}, job.Spec{Kind: "post", Key: "k", Payload: letter{"anna again"}})
		drain(t, q)
		put(t, d, q, job.Spec{Kind: "post", Key: "k", Payload: letter{"anna a third time"}})
		drain(t, q)
		if got := count(t, d); got != 1 {
			t.Errorf("%d effects, want 1", got)
		}
	})
}

func TestATimerRunsOnItsDayAndNotBefore(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, c *clock.Fixed, q *job.Queue) {
		q.Handle("post", job.Inside(func(ctx context.Context, tx *db.Tx, l letter) error { return note(l.To)(ctx, tx) }))
		put(t, d, q, job.Spec{Kind: "post", Payload: letter{"later"}, Due: c.Now().Add(24 * time.Hour)})
		drain(t, q)
		if count(t, d) != 0 {
			t.Error("ran a day early")
		}
		c.Advance(25 * time.Hour)
		drain(t, q)
		if count(t, d) != 1 {
			t.Error("did not run on its day")
		}
	})
}

func TestARunnerThatLostItsLeaseChangesNothing(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, c *clock.Fixed, q *job.Queue) {
		rival := job.New(d, d.Log())
		rival.Handle("post", func(context.Context, job.Job) (job.Effect, error) { return note("rival"), nil })
		var calls atomic.Int32
		q.Handle("post", func(ctx context.Context, _ job.Job) (job.Effect, error) {
			if calls.Add(1) > 1 {
				t.Error("it ran again after the rival had finished it")
				return nil, nil
			}
			// While this runner is stuck outside, its lease ends and another instance does the job.
			if err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE job_job SET leased_until = 0`)
				return err
			}); err != nil {
				return nil, err
			}
			return note("slow"), rival.Drain(ctx)
		})
		put(t, d, q, job.Spec{Kind: "post"})
		drain(t, q)
		what, err := db.One(t.Context(), d, db.Scalar[string], `SELECT what FROM effect`)
		if err != nil || what != "rival" || count(t, d) != 1 {
			t.Errorf("effect %q (%v), %d in all", what, err, count(t, d))
		}
		c.Advance(time.Hour)
		drain(t, q)
	})
}

func TestTwoInstancesNeverHoldTheSameLease(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, _ *clock.Fixed, q *job.Queue) {
		var seen sync.Map
		var ran atomic.Int32
		handle := func(_ context.Context, j job.Job) (job.Effect, error) {
			if _, twice := seen.LoadOrStore(j.ID, true); twice {
				t.Errorf("job %s was leased twice", j.ID)
			}
			ran.Add(1)
			return note(j.ID), nil
		}
		rival := job.New(d, d.Log())
		q.Handle("post", handle)
		rival.Handle("post", handle)
		specs := make([]job.Spec, 200)
		for i := range specs {
			specs[i].Kind = "post"
		}
		put(t, d, q, specs...)
		var both sync.WaitGroup
		both.Go(func() { drain(t, q) })
		both.Go(func() { drain(t, rival) })
		both.Wait()
		drain(t, q)
		if ran.Load() != 200 || count(t, d) != 200 {
			t.Errorf("%d runs, %d effects", ran.Load(), count(t, d))
		}
	})
}

func TestAFailingJobComesAgainAndEndsOnAListThatAPersonCanRestart(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, c *clock.Fixed, q *job.Queue) {
		broken := true
		tries := 0
		q.Handle("post", func(context.Context, job.Job) (job.Effect, error) {
			tries++
			if broken {
				return note("half"), errors.New("the neighbour is away")
			}
			return note("whole"), nil
		})
		put(t, d, q, job.Spec{Kind: "post"})
		for range 20 {
			drain(t, q)
			c.Advance(2 * time.Hour)
		}
		dead, err := q.Dead(t.Context(), 10)
		if err != nil || len(dead) != 1 || tries != 12 || count(t, d) != 0 {
			t.Fatalf("dead %v (%v) after %d tries, %d effects", dead, err, tries, count(t, d))
		}
		broken = false
		if err := q.Restart(t.Context(), dead[0].ID); err != nil {
			t.Fatal(err)
		}
		drain(t, q)
		if count(t, d) != 1 {
			t.Error("the restarted job had no effect")
		}
		if err := q.Restart(t.Context(), dead[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a job that is done was restarted: %v", err)
		}
	})
}

func TestAPanickingHandlerFailsItsJobOnly(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, _ *clock.Fixed, q *job.Queue) {
		q.Handle("bad", func(context.Context, job.Job) (job.Effect, error) { panic("a bug") })
		q.Handle("post", func(context.Context, job.Job) (job.Effect, error) { return note("fine"), nil })
		put(t, d, q, job.Spec{Kind: "bad"}, job.Spec{Kind: "post"})
		drain(t, q)
		if count(t, d) != 1 {
			t.Error("the other job did not run")
		}
	})
}

func TestRunTakesWorkAsItComesAndStopsWhenTold(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, _ *clock.Fixed, q *job.Queue) {
		done := make(chan string, 100)
		q.Handle("post", func(_ context.Context, j job.Job) (job.Effect, error) {
			return func(_ context.Context, tx *db.Tx) error { tx.AfterCommit(func() { done <- j.ID }); return nil }, nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- q.Run(ctx) }()
		for range 100 {
			put(t, d, q, job.Spec{Kind: "post"})
		}
		for range 100 {
			<-done
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n, err := q.Waiting(t.Context()); n != 0 || err != nil {
			t.Errorf("%d jobs left (%v)", n, err)
		}
	})
}

func TestAnEventReachesEverySubscriberOnceAndNobodyElse(t *testing.T) {
	desk(t, func(t *testing.T, d *db.DB, _ *clock.Fixed, q *job.Queue) {
		bus := event.New(q)
		for _, who := range []string{"delivery", "desk"} {
			bus.Subscribe("procedure.Closed", who, job.Inside(func(ctx context.Context, tx *db.Tx, l letter) error {
				return note(who+" "+l.To)(ctx, tx)
			}))
		}
		bus.Subscribe("procedure.Opened", "delivery", job.Inside(func(ctx context.Context, tx *db.Tx, l letter) error {
			return note("wrong "+l.To)(ctx, tx)
		}))
		for range 3 { // the same event, appended again after a crash
			if err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return bus.Append(ctx, tx, event.Event{Name: "procedure.Closed", Key: "case 1", Data: letter{"case 1"}})
			}); err != nil {
				t.Fatal(err)
			}
			drain(t, q)
		}
		if got := count(t, d); got != 2 {
			t.Errorf("%d effects, want 2", got)
		}
	})
}
