package db

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const (
	groupMost = 128 // closures of one commit on SQLite
	attempts  = 5   // of a closure that the database asks to repeat
	inCompany = 2   // attempts in company; from then on the closure has this process to itself
)

// session is a connection on which transactions follow each other.
type session interface {
	runner
	// begin starts a transaction; alone, while no other of this process runs.
	begin(m mode, alone bool) error
	// commit returns once the transaction is durable.
	commit() error
	// rollback ends a transaction that is not wanted, or that is gone already.
	rollback()
	// stands reports whether the transaction is still there after a closure that changed nothing.
	stands() bool
	// harmless reports that the connection was lost before COMMIT was sent, so that nothing can have been kept.
	harmless() bool
	// unknown reports that nobody can say what became of a transaction whose commit failed like this.
	unknown(err error) bool
}

// writer commits what waits as a group, on a session of its own.
type writer struct {
	db *DB
	on session
}

// serve commits the batch as one group. If the group breaks, everyone runs again alone, so that only the guilty fails.
func (w *writer) serve(batch []*request) {
	if stopped := w.db.stopped.Load(); stopped != nil {
		answer(batch, *stopped)
		return
	}
	if len(batch) > 1 {
		for n := range inCompany {
			again, done := w.group(batch, n > 0)
			if done {
				return
			}
			if !again {
				break
			}
		}
	}
	for _, r := range batch {
		r.done <- w.alone(r)
	}
}

func answer(batch []*request, err error) {
	for _, r := range batch {
		r.done <- err
	}
}

// group runs the batch in one transaction. done is false, with nobody answered and nothing kept, if the transaction is
// gone; then again says whether the database asks for the same once more.
func (w *writer) group(batch []*request, alone bool) (again, done bool) {
	if err := w.on.begin(serializable, alone); err != nil {
		answer(batch, w.judge(err))
		return false, true
	}
	results := make([]error, len(batch))
	for i, r := range batch {
		err, whole := w.member(r)
		if results[i] = err; !whole {
			w.on.rollback()
			return repeatable(err), false
		}
	}
	if err := w.on.commit(); err != nil {
		w.on.rollback()
		if w.on.unknown(err) {
			answer(batch, fault.Wrap(fault.Unknown, "db.error.unknown", err))
			return false, true
		}
		return repeatable(err), false
	}
	for i, r := range batch {
		if results[i] == nil {
			r.committed()
		}
		r.done <- results[i]
	}
	return false, true
}

// member runs one closure of a group. whole is false if the group no longer stands.
func (w *writer) member(r *request) (result error, whole bool) {
	tx := w.transaction(r)
	if r.mode != appending {
		tx.save = savedLater
	}
	err := w.call(tx, r)
	switch {
	case err == nil:
		return nil, tx.save != saved || w.on.command(releaseText) == nil
	case repeatable(err) || r.mode == appending:
		return err, false
	case tx.save == savedLater: // it wrote nothing
		return err, w.on.stands()
	case w.on.command(backText) != nil: // the probe: a lost group has no savepoint left
		return err, false
	}
	return err, w.on.command(releaseText) == nil
}

// alone runs one closure in a transaction of its own, again when two transactions got in each other's way or when the
// connection turned out to be dead.
func (w *writer) alone(r *request) error {
	var err error
	for n := range attempts {
		if n > 0 {
			pause(time.Duration(rand.Int64N(int64(2 << n * time.Millisecond))))
		}
		if err = w.once(r, n >= inCompany); !repeatable(err) && (err == nil || !w.on.harmless()) {
			return err
		}
	}
	if !repeatable(err) {
		return err
	}
	return fault.Wrap(fault.Busy, "db.error.busy", err)
}

func pause(d time.Duration) {
	t := time.NewTimer(d)
	<-t.C
}

func (w *writer) once(r *request, alone bool) error {
	if err := w.on.begin(r.mode, alone); err != nil {
		return w.judge(err)
	}
	if err := w.call(w.transaction(r), r); err != nil {
		w.on.rollback()
		return w.judge(err)
	}
	if err := w.on.commit(); err != nil {
		w.on.rollback()
		if w.on.unknown(err) {
			return fault.Wrap(fault.Unknown, "db.error.unknown", err)
		}
		return fmt.Errorf("commit: %w", w.db.engine.known(err))
	}
	r.committed()
	return nil
}

// judge stops the writer when the disk itself is broken.
func (w *writer) judge(err error) error {
	if broken(err) {
		w.db.stop(err)
		return fault.Wrap(fault.Unavailable, "db.error.stopped", err)
	}
	return w.db.engine.known(err)
}

func (w *writer) transaction(r *request) *Tx {
	return &Tx{db: w.db, on: w.on, now: w.db.opts.Clock.Now().UTC(), spent: clock.Monotonic(), budget: w.db.opts.Budget}
}

// call runs the closure. On PostgreSQL nothing after a failed statement counts, whatever the closure says about it.
func (w *writer) call(tx *Tx, r *request) error {
	err := tx.run(r.ctx, r.fn)
	r.after = tx.after
	if w.db.engine == Postgres && tx.failed != nil && (err == nil || tx.collected || repeatable(tx.failed)) {
		return fmt.Errorf("in the transaction: %w", tx.failed)
	}
	return err
}
