package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

func openPostgres(ctx context.Context, url string, o Options) (*DB, error) {
	conf, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "db.error.url", err)
	}
	conf.RuntimeParams["application_name"] = "amtsweg"
	pool := stdlib.OpenDB(*conf)
	pool.SetMaxOpenConns(o.Workers + 8)
	pool.SetMaxIdleConns(o.Workers + 8)
	d := &DB{engine: Postgres, opts: o, reads: pool}
	if err := pool.PingContext(ctx); err != nil {
		pool.Close() //nolint:errcheck // the first error says it
		return nil, fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
	}
	if o.ReadOnly {
		return d, nil
	}
	d.queue = newQueue()
	for range o.Workers {
		d.done.Go(d.work)
	}
	return d, nil
}

// work runs waiting closures one at a time, each in a transaction of its own.
func (d *DB) work() {
	for {
		batch := d.queue.pop(1)
		if batch == nil {
			return
		}
		r := batch[0]
		if !r.start() {
			continue
		}
		err := d.attempt(r)
		if err == nil {
			for _, fn := range r.after {
				fn()
			}
		}
		r.done <- err
	}
}

const (
	attempts  = 5
	inCompany = 2 // attempts in company; from then on the closure has this process to itself
)

// attempt runs the closure, again when two transactions got in each other's way. On small tables PostgreSQL sees
// conflicts that are none, so a closure that failed twice runs while the others of this process wait.
func (d *DB) attempt(r *request) error {
	var err error
	for n := range attempts {
		if n > 0 {
			pause(time.Duration(rand.Int64N(int64(2 << n * time.Millisecond))))
		}
		if err = d.inTurn(r, n >= inCompany); !again(err) {
			return err
		}
	}
	return fault.Wrap(fault.Busy, "db.error.busy", err)
}

func (d *DB) inTurn(r *request, alone bool) error {
	if alone {
		d.calm.Lock()
		defer d.calm.Unlock()
	} else {
		d.calm.RLock()
		defer d.calm.RUnlock()
	}
	return d.transact(r)
}

func pause(d time.Duration) {
	t := time.NewTimer(d)
	<-t.C
}

func (d *DB) transact(r *request) error {
	level := sql.LevelSerializable
	if r.mode == locked {
		level = sql.LevelReadCommitted
	}
	free := context.WithoutCancel(r.ctx)
	t, err := d.reads.BeginTx(free, &sql.TxOptions{Isolation: level})
	if err != nil {
		return fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
	}
	tx := &Tx{db: d, on: txRunner{t}, now: d.opts.Clock.Now().UTC(), spent: clock.Monotonic(), budget: d.opts.Budget}
	if err := tx.run(r.ctx, r.fn); err != nil {
		t.Rollback() //nolint:errcheck // the closure's error says it
		return err
	}
	if err := t.Commit(); err != nil {
		if errors.Is(err, pgx.ErrTxCommitRollback) { // a statement had failed and the closure did not say so
			return fmt.Errorf("commit: %w", errors.Join(tx.failed, err))
		}
		if isServerError(err) {
			return fmt.Errorf("commit: %w", d.engine.known(err))
		}
		return fault.Wrap(fault.Unknown, "db.error.unknown", err) // the connection broke while the answer was under way
	}
	r.after = tx.after
	return nil
}
