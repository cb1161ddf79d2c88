package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Tx is a running transaction. It carries the time, so that all rows of one change agree about it.
type Tx struct {
	db       *DB
	on       runner
	now      time.Time
	after    []func()
	spent    func() time.Duration
	budget   time.Duration
	readOnly bool
	failed   error // the first statement that failed: on PostgreSQL nothing after it counts, whatever the closure says
}

// runner is a connection inside a transaction.
type runner interface {
	exec(ctx context.Context, text string, args []any) (sql.Result, error)
	query(ctx context.Context, text string, args []any) (*sql.Rows, error)
}

type txRunner struct{ tx *sql.Tx }

func (r txRunner) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	return r.tx.ExecContext(ctx, text, args...)
}

func (r txRunner) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return r.tx.QueryContext(ctx, text, args...)
}

// Now is the moment of the transaction, in UTC.
func (tx *Tx) Now() time.Time { return tx.now }

// Engine says which database it is.
func (tx *Tx) Engine() Engine { return tx.db.engine }

// AfterCommit remembers fn to be called once the transaction is durable; it is dropped if the transaction fails.
// fn must be quick: it is for waking somebody up.
func (tx *Tx) AfterCommit(fn func()) { tx.after = append(tx.after, fn) }

// ForUpdate ends a SELECT that locks its rows; SQLite has one writer and needs no lock.
func (tx *Tx) ForUpdate() string {
	if tx.db.engine == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// Exec runs a statement that writes and returns how many rows it touched.
func (tx *Tx) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	if tx.readOnly {
		return 0, errors.New("db: a write inside Read")
	}
	if err := tx.withinBudget(); err != nil {
		return 0, err
	}
	res, err := tx.on.exec(ctx, tx.db.engine.rebind(text), plain(args))
	if err != nil {
		return 0, tx.fail(err)
	}
	return res.RowsAffected()
}

// Query reads inside the transaction; rows must be closed before the next statement. All and One do that.
func (tx *Tx) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if err := tx.withinBudget(); err != nil {
		return nil, err
	}
	rows, err := tx.on.query(ctx, tx.db.engine.rebind(text), plain(args))
	if err != nil {
		return nil, tx.fail(err)
	}
	return rows, nil
}

func (tx *Tx) fail(err error) error {
	err = tx.db.engine.known(err)
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

func (tx *Tx) withinBudget() error {
	if tx.spent() > tx.budget {
		return fault.New(fault.Busy, "db.error.budget")
	}
	return nil
}

type budgetKey struct{}

// WithBudget lets the closures of this ctx take longer than usual: for filling a demo world or an import.
func WithBudget(ctx context.Context, budget time.Duration) context.Context {
	return context.WithValue(ctx, budgetKey{}, budget)
}

// run calls the closure on tx. A panic becomes the closure's error, and so does an overrun budget.
func (tx *Tx) run(ctx context.Context, fn closure) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("db: closure panicked: %v\n%s", p, debug.Stack())
		}
	}()
	if b, is := ctx.Value(budgetKey{}).(time.Duration); is {
		tx.budget = b
	}
	free := context.WithValue(context.WithoutCancel(ctx), insideKey{}, true)
	if err := fn(free, tx); err != nil {
		return err
	}
	return tx.withinBudget()
}

// SkipLocked ends a SELECT that takes rows nobody else is taking at the moment.
func (tx *Tx) SkipLocked() string {
	if tx.db.engine == Postgres {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}
