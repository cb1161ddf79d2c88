package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// Queue takes work and runs it. Handlers are registered before Run.
type Queue struct {
	db       *db.DB
	log      *slog.Logger
	handlers map[string]Handler
	wake     chan struct{}
}

// New returns the queue that lives in d.
func New(d *db.DB, log *slog.Logger) *Queue {
	return &Queue{db: d, log: log, handlers: map[string]Handler{}, wake: make(chan struct{}, 1)}
}

// Handle registers the handler of a kind. A second one for the same kind is a programming error and panics.
func (q *Queue) Handle(kind string, h Handler) {
	if q.handlers[kind] != nil {
		panic("job: two handlers for " + kind)
	}
	q.handlers[kind] = h
}

// Enqueue adds work in the caller's transaction. The same kind and key a second time is not an error and adds nothing.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, s Spec) error {
	payload, err := json.Marshal(s.Payload)
	if err != nil {
		return fmt.Errorf("payload of a %s job: %w", s.Kind, err)
	}
	id := ident.New()
	if s.Key == "" {
		s.Key = id
	}
	if s.Due.IsZero() {
		s.Due = tx.Now()
	}
	if err := insert(ctx, tx, id, s, payload); err != nil {
		return fmt.Errorf("enqueue %s: %w", s.Kind, err)
	}
	if !s.Due.After(tx.Now()) {
		tx.AfterCommit(q.nudge)
	}
	return nil
}

func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

const (
	workers = 32
	batch   = 64
	poll    = 500 * time.Millisecond
)

// Run leases and runs due jobs until ctx ends, then waits for those under way.
func (q *Queue) Run(ctx context.Context) error {
	if q.db.Engine() == db.SQLite { // nobody else can hold a lease: the folder is locked
		if err := q.db.Do(ctx, release); err != nil {
			return fmt.Errorf("leases of the last run: %w", err)
		}
	}
	work := make(chan Job)
	var busy sync.WaitGroup
	for range workers {
		busy.Go(func() {
			for j := range work {
				q.run(context.WithoutCancel(ctx), j) //nolint:errcheck // a failed job is written down and comes again
			}
		})
	}
	defer busy.Wait()
	defer close(work)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		n, err := q.handOut(ctx, work)
		if err != nil && ctx.Err() == nil {
			q.log.Warn("jobs cannot be leased", "error", err.Error())
		}
		if n == batch {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		case <-tick.C:
		}
	}
}

func (q *Queue) handOut(ctx context.Context, work chan<- Job) (int, error) {
	jobs, err := q.take(ctx, batch)
	if err != nil {
		return 0, err
	}
	for _, j := range jobs {
		work <- j
	}
	return len(jobs), nil
}

func (q *Queue) take(ctx context.Context, most int) (jobs []Job, err error) {
	kinds := make([]string, 0, len(q.handlers))
	for k := range q.handlers {
		kinds = append(kinds, k)
	}
	if len(kinds) == 0 {
		return nil, nil
	}
	slices.Sort(kinds)
	err = q.db.DoLocked(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		jobs, err = lease(ctx, tx, kinds, most)
		return err
	})
	return jobs, err
}

// Drain runs everything that is due, one after the other, until nothing is due any more. It returns the first error
// of a job that will not be tried again.
func (q *Queue) Drain(ctx context.Context) error {
	for {
		jobs, err := q.take(ctx, batch)
		if err != nil || len(jobs) == 0 {
			return err
		}
		for _, j := range jobs {
			if err := q.run(ctx, j); isPermanent(err) {
				return err
			}
		}
	}
}

func isPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// run does one job: the handler outside, then its effect and the completion in one transaction.
func (q *Queue) run(ctx context.Context, j Job) error {
	ctx = db.WithLane(ctx, j.Authority)
	effect, err := q.call(ctx, j)
	if err == nil {
		err = q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := finish(ctx, tx, j); err != nil || effect == nil {
				return err
			}
			return effect(ctx, tx)
		})
	}
	if err == nil || errors.Is(err, errLost) {
		return nil
	}
	return errors.Join(err, q.failed(ctx, j, err))
}

func (q *Queue) call(ctx context.Context, j Job) (_ Effect, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job %s panicked: %v\n%s", j.Kind, p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, leaseFor)
	defer cancel()
	return q.handlers[j.Kind](ctx, j)
}

func (q *Queue) failed(ctx context.Context, j Job, cause error) error {
	state := "ready"
	if isPermanent(cause) || j.Attempt >= attemptsMost {
		state = "dead"
	}
	q.log.Warn("job failed", "job", j.ID, "kind", j.Kind, "attempt", j.Attempt, "state", state, "fault", fault.CodeOf(cause), "error", cause.Error())
	return q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		return retry(ctx, tx, j, state, cause.Error(), tx.Now().Add(backoff(j.Attempt)))
	})
}

// Dead is a job that is not tried any more.
type Dead struct {
	ID, Kind, Authority, Error string
	Attempts                   int
	Since                      time.Time
}

// Dead lists the jobs that are not tried any more, newest first.
func (q *Queue) Dead(ctx context.Context, most int) ([]Dead, error) {
	return selectDead(ctx, q.db, most)
}

// Restart gives a dead job a new life. A job that is not dead is NotFound.
func (q *Queue) Restart(ctx context.Context, id string) error {
	return q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, err := revive(ctx, tx, id)
		if err == nil && !done {
			err = fault.New(fault.NotFound, "job.error.not_dead")
		}
		tx.AfterCommit(q.nudge)
		return err
	})
}

// Waiting counts the jobs that are still to be done, including those due later.
func (q *Queue) Waiting(ctx context.Context) (int, error) { return countWaiting(ctx, q.db) }

// Tidy forgets jobs that were done a month ago.
func (q *Queue) Tidy(ctx context.Context) error {
	return q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return forget(ctx, tx, tx.Now().Add(-keepDone)) })
}
