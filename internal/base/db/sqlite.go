package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const (
	groupMost = 128     // closures of one commit
	walMost   = 8 << 20 // bytes of the write-ahead log that call for a checkpoint
	pageSize  = 4096    // SQLite's own default
)

func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	d := &DB{engine: SQLite, opts: o, path: path}
	if !o.ReadOnly {
		lock, err := lockFolder(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		d.lock = lock
		if err := ownFile(path); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
		d.queue = newQueue()
		w, err := newWriter(ctx, d)
		if err != nil {
			lock.Close() //nolint:errcheck // the first error says it
			return nil, err
		}
		d.done.Go(w.loop)
	}
	reads, err := sql.Open("sqlite", sqliteURL(path, "query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	reads.SetMaxOpenConns(16)
	reads.SetMaxIdleConns(16)
	d.reads = reads
	if o.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, errors.Join(fault.Wrap(fault.NotFound, "db.error.no_file", err), reads.Close())
		}
	}
	return d, nil
}

func sqliteURL(path string, pragmas ...string) string {
	v := url.Values{}
	for _, p := range append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"wal_autocheckpoint(0)", "cache_size(-8000)",
	}, pragmas...) {
		v.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode() // a folder may be called "a#b"
}

// lockFolder makes sure that one process writes in a data folder.
func lockFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fault.Wrap(fault.Invalid, "db.error.folder", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "amtsweg.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "db.error.folder", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close() //nolint:errcheck // nothing was written
		return nil, fault.Wrap(fault.Conflict, "db.error.locked", err, "Folder", dir)
	}
	return f, nil
}

// ownFile makes the file before SQLite does, so that nobody else may read it; the files beside it take over its mode.
func ownFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fault.Wrap(fault.Invalid, "db.error.folder", err)
	}
	return f.Close()
}

// writer is the one goroutine that writes to a SQLite file. It commits what waits as a group.
type writer struct {
	db    *DB
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func newWriter(ctx context.Context, d *DB) (*writer, error) {
	pool, err := sql.Open("sqlite", sqliteURL(d.path))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", d.path, err)
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close() //nolint:errcheck // the first error says it
		return nil, fault.Wrap(fault.Invalid, "db.error.folder", err)
	}
	return &writer{db: d, pool: pool, conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (w *writer) loop() {
	defer w.close()
	for {
		batch := w.db.queue.pop(groupMost)
		if batch == nil {
			return
		}
		started := batch[:0]
		for _, r := range batch {
			if r.start() {
				started = append(started, r)
			}
		}
		w.serve(started)
		w.checkpoint()
	}
}

func (w *writer) close() {
	for _, s := range w.stmts {
		s.Close() //nolint:errcheck // closing the connection frees it too
	}
	w.conn.Close() //nolint:errcheck // nothing is pending
	w.pool.Close() //nolint:errcheck // nothing is pending
}

// serve commits the batch as one group; if the group breaks, everyone runs again alone, so that only the guilty fails.
func (w *writer) serve(batch []*request) {
	if stopped := w.db.stopped.Load(); stopped != nil {
		answer(batch, *stopped)
		return
	}
	if len(batch) == 0 {
		return
	}
	if len(batch) == 1 || !w.group(batch) {
		for _, r := range batch {
			r.done <- w.alone(r)
		}
	}
}

func answer(batch []*request, err error) {
	for _, r := range batch {
		r.done <- err
	}
}

// group runs the batch in one transaction, a savepoint each. It reports false, with nobody answered and nothing kept,
// if the transaction is gone.
func (w *writer) group(batch []*request) bool {
	if w.command("BEGIN IMMEDIATE") != nil {
		return false
	}
	results := make([]error, len(batch))
	for i, r := range batch {
		err, whole := w.member(r)
		if results[i] = err; !whole {
			w.command("ROLLBACK") //nolint:errcheck // it may be rolled back already
			return false
		}
	}
	if err := w.command("COMMIT"); err != nil {
		w.command("ROLLBACK") //nolint:errcheck // it may be rolled back already
		if broken(err) {
			w.db.stop(err)
			answer(batch, fault.Wrap(fault.Unknown, "db.error.unknown", err))
			return true
		}
		return false
	}
	for i, r := range batch {
		if results[i] == nil {
			for _, fn := range r.after {
				fn()
			}
		}
		r.done <- results[i]
	}
	return true
}

// member runs one closure of a group. whole is false if the group no longer stands.
func (w *writer) member(r *request) (result error, whole bool) {
	saved := r.mode != appending
	if saved {
		if err := w.command("SAVEPOINT one"); err != nil {
			return err, false
		}
	}
	err := w.call(r)
	switch {
	case err == nil:
		return nil, !saved || w.command("RELEASE one") == nil
	case !saved:
		return err, false
	case w.command("ROLLBACK TO one") != nil: // the probe: a lost group has no savepoint left
		return err, false
	}
	return err, w.command("RELEASE one") == nil
}

// alone runs one closure in a transaction of its own.
func (w *writer) alone(r *request) error {
	if err := w.command("BEGIN IMMEDIATE"); err != nil {
		return w.judge(err)
	}
	if err := w.call(r); err != nil {
		w.command("ROLLBACK") //nolint:errcheck // it may be rolled back already
		return w.judge(err)
	}
	if err := w.command("COMMIT"); err != nil {
		w.command("ROLLBACK") //nolint:errcheck // it may be rolled back already
		if broken(err) {
			w.db.stop(err)
			return fault.Wrap(fault.Unknown, "db.error.unknown", err)
		}
		return fmt.Errorf("commit: %w", SQLite.known(err))
	}
	for _, fn := range r.after {
		fn()
	}
	return nil
}

// judge stops the writer when the disk itself is broken.
func (w *writer) judge(err error) error {
	if broken(err) {
		w.db.stop(err)
		return fault.Wrap(fault.Unavailable, "db.error.stopped", err)
	}
	return SQLite.known(err)
}

func (w *writer) call(r *request) error {
	tx := &Tx{db: w.db, on: w, now: w.db.opts.Clock.Now().UTC(), spent: clock.Monotonic(), budget: w.db.opts.Budget}
	err := tx.run(r.ctx, r.fn)
	r.after = tx.after
	return err
}

func (w *writer) command(text string) error {
	_, err := w.exec(context.Background(), text, nil)
	return err
}

// prepared keeps a statement per text; texts of a few repeated forms stay, others go when there are many.
func (w *writer) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if s := w.stmts[text]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if len(w.stmts) >= 1000 {
		for t, old := range w.stmts {
			old.Close() //nolint:errcheck // a statement that is prepared anew when needed
			delete(w.stmts, t)
			if len(w.stmts) < 500 {
				break
			}
		}
	}
	w.stmts[text] = s
	return s, nil
}

func (w *writer) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	s, err := w.prepared(ctx, text) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (w *writer) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	s, err := w.prepared(ctx, text) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// checkpoint moves a long write-ahead log into the file. SQLite would do it unasked and keep quiet about a failed fsync;
// here it stops the writer. The log's file never shrinks, so its size alone says nothing: what counts is how much of it
// has not been moved yet.
func (w *writer) checkpoint() {
	st, err := os.Stat(w.db.path + "-wal")
	if err != nil || st.Size() < walMost {
		return
	}
	if waiting, err := w.unmoved(); err != nil || waiting < walMost {
		return
	}
	if err := w.command("PRAGMA wal_checkpoint(PASSIVE)"); err != nil && broken(err) {
		w.db.stop(err)
	}
}

// unmoved is how many bytes of the write-ahead log are not in the file yet.
func (w *writer) unmoved() (bytes int64, err error) {
	rows, err := w.query(context.Background(), "PRAGMA wal_checkpoint(NOOP)", nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var busy, log, moved int64
	if rows.Next() {
		if err := rows.Scan(&busy, &log, &moved); err != nil {
			return 0, err
		}
	}
	return (log - moved) * pageSize, rows.Err()
}
