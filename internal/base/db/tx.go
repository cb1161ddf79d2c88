package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
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
	save     saving
	failed   error // the first statement that failed: on PostgreSQL nothing after it counts, whatever the closure says
	// collected says that failed is of a statement that the closure did not wait for
	collected bool
}

// saving is what keeps a closure's changes apart from those beside it in a group.
type saving int

const (
	unsaved    saving = iota // nothing: it runs alone, or promises not to fail
	savedLater               // a savepoint before its first change
	saved                    // the savepoint is there
)

const (
	saveText    = "SAVEPOINT one"
	backText    = "ROLLBACK TO one"
	releaseText = "RELEASE one"
)

// runner is a connection inside a transaction.
type runner interface {
	exec(ctx context.Context, text string, args []any) (sql.Result, error)
	query(ctx context.Context, text string, args []any) (*sql.Rows, error)
	later(ctx context.Context, s statement) error
	command(text string) error // a statement without a result: SAVEPOINT and its like
}

// statement is one whose result nobody waits for. With otherwise, it has to touch so many rows.
type statement struct {
	text      string
	args      []any
	rows      int64
	otherwise error
}

// check is the error of a statement that touched another number of rows than it had to.
func (s statement) check(touched int64) error {
	if s.otherwise != nil && touched != s.rows {
		return s.otherwise
	}
	return nil
}

// view is a runner for reading.
type view interface {
	runner
	rollback()
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
	if err := tx.write(); err != nil {
		return 0, err
	}
	res, err := tx.on.exec(ctx, tx.db.engine.rebind(text), plain(args))
	if err != nil {
		return 0, tx.fail(err)
	}
	return res.RowsAffected()
}

// Later is Exec for a statement whose count nobody needs and that fails only if something is wrong: PostgreSQL gets it
// together with the next statement or with COMMIT, in their order. If it fails, the transaction fails with its error.
// What args point to must not change any more.
func (tx *Tx) Later(ctx context.Context, text string, args ...any) error {
	if err := tx.write(); err != nil {
		return err
	}
	if err := tx.on.later(ctx, statement{text: tx.db.engine.rebind(text), args: plain(args)}); err != nil {
		return tx.fail(err)
	}
	return nil
}

// Expect is Later for a statement that has to touch so many rows; if it does not, the transaction fails with otherwise.
func (tx *Tx) Expect(ctx context.Context, rows int, otherwise error, text string, args ...any) error {
	if err := tx.write(); err != nil {
		return err
	}
	if err := tx.on.later(ctx, statement{tx.db.engine.rebind(text), plain(args), int64(rows), otherwise}); err != nil {
		return tx.fail(err)
	}
	return nil
}

// write prepares for a change.
func (tx *Tx) write() error {
	if tx.readOnly {
		return errors.New("db: a write inside Read")
	}
	if err := tx.withinBudget(); err != nil {
		return err
	}
	if tx.save == savedLater {
		tx.save = saved
		if err := tx.on.command(saveText); err != nil {
			return tx.fail(err)
		}
	}
	return nil
}

// Query reads inside the transaction; rows must be closed before the next statement. All and One do that.
func (tx *Tx) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	ready := tx.withinBudget
	if !tx.readOnly && !strings.HasPrefix(text, "SELECT") { // INSERT … RETURNING
		ready = tx.write
	}
	if err := ready(); err != nil {
		return nil, err
	}
	rows, err := tx.on.query(ctx, tx.db.engine.rebind(text), plain(args))
	if err != nil {
		return nil, tx.fail(err)
	}
	return rows, nil
}

func (tx *Tx) fail(err error) error {
	var earlier *collectedError
	if errors.As(err, &earlier) {
		err = earlier.cause
	}
	err = tx.db.engine.known(err)
	if tx.failed == nil {
		tx.failed, tx.collected = err, earlier != nil
	}
	if tx.collected {
		return errCollected
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
