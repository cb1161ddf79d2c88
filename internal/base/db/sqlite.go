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

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const (
	walMost  = 32 << 20 // bytes of the write-ahead log that call for a checkpoint
	pageSize = 4096     // SQLite's own default
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
		s, err := newLiteSession(ctx, d)
		if err != nil {
			lock.Close() //nolint:errcheck // the first error says it
			return nil, err
		}
		d.done.Go(s.loop)
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
		"wal_autocheckpoint(0)", "cache_size(-8000)", "temp_store(memory)",
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

// liteSession is the one connection that writes to a SQLite file.
type liteSession struct {
	db    *DB
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func newLiteSession(ctx context.Context, d *DB) (*liteSession, error) {
	pool, err := sql.Open("sqlite", sqliteURL(d.path, "cache_size(-32000)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", d.path, err)
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close() //nolint:errcheck // the first error says it
		return nil, fault.Wrap(fault.Invalid, "db.error.folder", err)
	}
	return &liteSession{db: d, pool: pool, conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

// loop commits what waits as groups.
func (s *liteSession) loop() {
	defer s.close()
	w := &writer{db: s.db, on: s}
	for {
		batch := s.db.queue.pop(groupMost)
		if batch == nil {
			return
		}
		w.serve(started(batch))
		s.checkpoint()
	}
}

func (s *liteSession) close() {
	for _, st := range s.stmts {
		st.Close() //nolint:errcheck // closing the connection frees it too
	}
	s.conn.Close() //nolint:errcheck // nothing is pending
	s.pool.Close() //nolint:errcheck // nothing is pending
}

func (s *liteSession) begin(mode, bool) error { return s.command("BEGIN IMMEDIATE") }

func (s *liteSession) commit() error { return s.command(commitText) }

func (s *liteSession) rollback() { s.command("ROLLBACK") } //nolint:errcheck // it may be rolled back already

// unknown stops the writer: after a failed fsync nobody knows what is on the disk.
func (s *liteSession) unknown(err error) bool {
	if broken(err) {
		s.db.stop(err)
		return true
	}
	return false
}

// later does at once what there is no way to save up for.
func (s *liteSession) later(ctx context.Context, st statement) error {
	res, err := s.exec(ctx, st.text, st.args)
	if err != nil || st.otherwise == nil {
		return err
	}
	n, err := res.RowsAffected()
	return errors.Join(err, st.check(n))
}

func (s *liteSession) command(text string) error {
	_, err := s.exec(context.Background(), text, nil)
	return err
}

// prepared keeps a statement per text; texts of a few repeated forms stay, others go when there are many.
func (s *liteSession) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if st := s.stmts[text]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if len(s.stmts) >= 1000 {
		for t, old := range s.stmts {
			old.Close() //nolint:errcheck // a statement that is prepared anew when needed
			delete(s.stmts, t)
			if len(s.stmts) < 500 {
				break
			}
		}
	}
	s.stmts[text] = st
	return st, nil
}

func (s *liteSession) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	st, err := s.prepared(ctx, text) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

func (s *liteSession) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	st, err := s.prepared(ctx, text) //nolint:sqlclosecheck // kept for the next time
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (s *liteSession) harmless() bool { return false }

func (s *liteSession) stands() bool { return true } // if it does not, COMMIT says so

// checkpoint moves a long write-ahead log into the file. SQLite would do it unasked and keep quiet about a failed fsync;
// here it stops the writer. The log's file never shrinks, so its size alone says nothing: what counts is how much of it
// has not been moved yet.
func (s *liteSession) checkpoint() {
	st, err := os.Stat(s.db.path + "-wal")
	if err != nil || st.Size() < walMost {
		return
	}
	if waiting, err := s.unmoved(); err != nil || waiting < walMost {
		return
	}
	if err := s.command("PRAGMA wal_checkpoint(PASSIVE)"); err != nil && broken(err) {
		s.db.stop(err)
	}
}

// unmoved is how many bytes of the write-ahead log are not in the file yet.
func (s *liteSession) unmoved() (bytes int64, err error) {
	rows, err := s.query(context.Background(), "PRAGMA wal_checkpoint(NOOP)", nil)
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

// liteView is one unchanging view of the data.
type liteView struct{ tx *sql.Tx }

var errView = errors.New("db: a write inside Read")

func (v liteView) exec(context.Context, string, []any) (sql.Result, error) { return nil, errView }

func (v liteView) later(context.Context, statement) error { return errView }

func (v liteView) command(string) error { return errView }

func (v liteView) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return v.tx.QueryContext(ctx, text, args...)
}

func (v liteView) rollback() { v.tx.Rollback() } //nolint:errcheck // a read leaves nothing to undo

func (d *DB) liteView(ctx context.Context) (view, error) {
	t, err := d.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	return liteView{t}, err
}
