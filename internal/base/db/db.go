package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Options say how a database is opened. Zero values are sensible: the machine's clock, the default logger.
type Options struct {
	Clock    clock.Clock
	Log      *slog.Logger
	ReadOnly bool          // look on while another process writes; Do is refused
	Budget   time.Duration // what one closure may take; 5 s if zero
	Lane     int           // closures that may wait per lane; 1024 if zero
	Workers  int           // PostgreSQL: groups at once; 8 if zero
}

// DB is an open database.
type DB struct {
	engine    Engine
	opts      Options
	reads     *sql.DB // connections for reading
	writes    *sql.DB // PostgreSQL: connections for writing
	queue     *queue
	locks     *queue // PostgreSQL: closures that take row locks, which are transactions of another kind
	lock      *os.File
	path      string // SQLite: the file
	stopped   atomic.Pointer[error]
	stmts     sync.Map // SQLite: text → *sql.Stmt, for single reads
	stmtsKept atomic.Int64
	done      sync.WaitGroup
	calm      sync.RWMutex // PostgreSQL: held alone by a closure that others keep getting in the way of
	crowd     *crowd       // PostgreSQL: how many workers run at once
}

// Open opens "sqlite:/path/amtsweg.db" or a PostgreSQL URL. A second writer on the same SQLite file is refused with
// kind Conflict; a URL that cannot be reached with kind Unavailable, one that makes no sense with kind Invalid.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	o = o.withDefaults()
	if path, is := strings.CutPrefix(url, "sqlite:"); is && path != "" {
		return openSQLite(ctx, path, o)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url, o)
	}
	return nil, fault.New(fault.Invalid, "db.error.url")
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Budget == 0 {
		o.Budget = 5 * time.Second
	}
	if o.Lane == 0 {
		o.Lane = 1024
	}
	if o.Workers == 0 {
		o.Workers = 8
	}
	return o
}

// Engine says which database it is.
func (d *DB) Engine() Engine { return d.engine }

// Log is where the database, and what stands on it, writes.
func (d *DB) Log() *slog.Logger { return d.opts.Log }

// Clock is the clock that transactions carry.
func (d *DB) Clock() clock.Clock { return d.opts.Clock }

// Close finishes what waits, then closes. Nothing acknowledged is lost.
func (d *DB) Close() error {
	if d.queue != nil {
		d.queue.close()
	}
	if d.locks != nil {
		d.locks.close()
	}
	d.done.Wait()
	err := d.reads.Close()
	if d.writes != nil {
		err = errors.Join(err, d.writes.Close())
	}
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// Alive reports nil while the database takes writes, and why not once the writer has stopped for good.
func (d *DB) Alive(ctx context.Context) error {
	if err := d.stopped.Load(); err != nil {
		return *err
	}
	if err := d.reads.PingContext(ctx); err != nil {
		return fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
	}
	return nil
}

// stop ends writing for good: after a failed fsync nobody knows what is on the disk, so nothing is tried again.
func (d *DB) stop(cause error) {
	err := fault.Wrap(fault.Unavailable, "db.error.stopped", cause)
	if d.stopped.CompareAndSwap(nil, &err) {
		d.opts.Log.Error("database writer stopped for good", "error", cause.Error())
	}
}

// Do runs fn in a transaction and returns when its outcome is durable or it has failed. While it waits its turn, an
// ended ctx takes it out of the queue; once fn has started, nothing cancels it, and if ctx ends meanwhile Do still
// returns the true outcome or, when that takes too long, kind Unknown. fn must use the ctx it is given.
func (d *DB) Do(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return d.submit(ctx, fn, serializable)
}

// DoLocked is Do for work that takes row locks itself (leases, the sequencer): on PostgreSQL at READ COMMITTED.
func (d *DB) DoLocked(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return d.submit(ctx, fn, locked)
}

// Append is Do without a savepoint, for closures that only insert and hardly ever fail: if one does, its whole group
// is rolled back and runs again one by one.
func (d *DB) Append(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return d.submit(ctx, fn, appending)
}

const grace = 10 * time.Second // how long Do waits for a started closure's outcome after its caller has gone

func (d *DB) submit(ctx context.Context, fn closure, mode mode) error {
	if inside(ctx) {
		return errors.New("db: Do inside Do; pass the transaction on instead")
	}
	if err := d.stopped.Load(); err != nil {
		return *err
	}
	if d.queue == nil {
		return fault.New(fault.Forbidden, "db.error.read_only")
	}
	r := &request{ctx: ctx, fn: fn, mode: mode, lane: laneOf(ctx), done: make(chan error, 1)}
	q := d.queue
	if mode == locked && d.locks != nil {
		q = d.locks
	}
	if err := q.push(r, d.opts.Lane); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
	}
	if r.abandon() {
		return fmt.Errorf("waiting for the database: %w", ctx.Err())
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case err := <-r.done:
		return err
	case <-late.C:
		return fault.Wrap(fault.Unknown, "db.error.unknown", ctx.Err())
	}
}

type laneKey struct{}

// WithLane names the queue in which writes of this ctx wait: one per authority, served in turn.
func WithLane(ctx context.Context, lane string) context.Context {
	return context.WithValue(ctx, laneKey{}, lane)
}

func laneOf(ctx context.Context) string {
	lane, _ := ctx.Value(laneKey{}).(string)
	return lane
}

type insideKey struct{}

func inside(ctx context.Context) bool { return ctx.Value(insideKey{}) != nil }

// Query reads outside a transaction. The caller closes the rows; All and One do it by themselves.
func (d *DB) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	text = d.engine.rebind(text)
	s, err := d.kept(ctx, text) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, d.engine.known(err)
	}
	if s == nil {
		rows, err := d.reads.QueryContext(ctx, text, plain(args)...)
		return rows, d.engine.known(err)
	}
	rows, err := s.QueryContext(ctx, plain(args)...)
	return rows, d.engine.known(err)
}

const (
	keptMost = 500  // statements for single reads
	keptLong = 2000 // bytes; lists of marks beyond this differ each time
)

// kept returns the prepared statement of a text, or nil where it is not kept: PostgreSQL's driver keeps its own.
func (d *DB) kept(ctx context.Context, text string) (*sql.Stmt, error) {
	if d.engine == Postgres || len(text) > keptLong {
		return nil, nil
	}
	if s, ok := d.stmts.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	if d.stmtsKept.Load() >= keptMost {
		return nil, nil
	}
	s, err := d.reads.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if first, loaded := d.stmts.LoadOrStore(text, s); loaded {
		return first.(*sql.Stmt), s.Close() //nolint:sqlclosecheck // somebody else was faster
	}
	d.stmtsKept.Add(1)
	return s, nil
}

// Read runs fn on one unchanging view of the data. fn must not write.
func (d *DB) Read(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	look := d.liteView
	if d.engine == Postgres {
		look = d.pgView
	}
	v, err := look(ctx)
	if err != nil {
		return d.engine.known(err)
	}
	defer v.rollback()
	return fn(ctx, &Tx{db: d, on: v, now: d.opts.Clock.Now().UTC(), spent: clock.Monotonic(), budget: time.Hour, readOnly: true})
}
