package db

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

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
	d := &DB{engine: Postgres, opts: o, reads: pool(conf, readers)}
	if err := d.reads.PingContext(ctx); err != nil {
		d.reads.Close() //nolint:errcheck // the first error says it
		return nil, fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
	}
	if o.ReadOnly {
		return d, nil
	}
	d.writes = pool(conf, o.Workers+lockers)
	d.queue, d.locks, d.crowd = newQueue(), newQueue(), newCrowd(o.Workers)
	for range o.Workers {
		d.done.Go(func() { d.work(d.queue, groupOfPostgres, d.crowd) })
	}
	for range lockers {
		d.done.Go(func() { d.work(d.locks, 1, newCrowd(1)) })
	}
	return d, nil
}

// pool keeps up to most connections. Readers and writers have pools of their own, so that neither keeps the other out.
func pool(conf *pgx.ConnConfig, most int) *sql.DB {
	p := sql.OpenDB(pgConnector{stdlib.GetConnector(*conf)})
	p.SetMaxOpenConns(most)
	p.SetMaxIdleConns(most)
	return p
}

const (
	// groupOfPostgres is how many closures share a commit: within the 64 savepoints that PostgreSQL keeps in view of all
	// connections, beyond which every look at a row costs more.
	groupOfPostgres = 32
	lockers         = 2  // connections for closures that take row locks
	readers         = 24 // connections for reading
)

// work commits what waits in q as groups, as long as there is room in the crowd.
func (d *DB) work(q *queue, most int, c *crowd) {
	w := &writer{db: d, on: &pgSession{db: d, pool: d.writes, crowd: c}}
	for {
		c.enter()
		batch := q.pop(most)
		if batch != nil {
			c.serve(func() { w.serve(started(batch)) })
		}
		c.leave()
		if batch == nil {
			return
		}
	}
}

// crowd lets as many workers of this process run at once as do not get in each other's way. PostgreSQL finds conflicts
// by index page, so on small tables nearly all transactions that overlap seem to be in conflict, on large ones hardly any.
// Each conflict halves the crowd, each commit lets it grow a little.
type crowd struct {
	mu     sync.Mutex
	room   *sync.Cond
	inside int
	most   float64
	limit  float64
}

const (
	growth   = 1.0 / 64 // workers more for each commit
	patience = 100 * time.Millisecond
)

func newCrowd(limit int) *crowd {
	c := &crowd{most: 1, limit: float64(limit)}
	c.room = sync.NewCond(&c.mu)
	return c
}

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.inside >= int(c.most) {
		c.room.Wait()
	}
	c.inside++
}

func (c *crowd) leave() { c.add(-1) }

func (c *crowd) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside += n
	c.room.Signal()
}

// serve runs work. If it takes long, as the import of a register does, somebody else is let in for the time being.
func (c *crowd) serve(work func()) {
	late := time.AfterFunc(patience, c.leave)
	work()
	if !late.Stop() {
		c.add(1)
	}
}

func (c *crowd) collided() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = max(1, c.most/2)
}

func (c *crowd) committed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = min(c.limit, c.most+growth)
	c.room.Signal()
}

// pgSession is a connection of the pool for the time of a transaction.
type pgSession struct {
	db         *DB
	pool       *sql.DB
	crowd      *crowd
	conn       *sql.Conn
	pg         *pgConn
	calm       func() // gives back what begin took of DB.calm
	sent       bool   // whether the server has heard of the transaction
	expects    bool   // whether a pending statement has to touch a certain number of rows
	saved      int    // which of the pending statements is the savepoint; savedSent if it was sent, savedNone if there is none
	cut        bool   // the connection is gone
	committing bool   // COMMIT was sent
	lost       bool   // a statement failed that belongs to an earlier closure
}

const (
	savedNone = -1
	savedSent = -2
)

const commitText = "COMMIT"

var begins = map[mode]string{
	serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE",
	appending:    "BEGIN ISOLATION LEVEL SERIALIZABLE",
	locked:       "BEGIN ISOLATION LEVEL READ COMMITTED",
	reading:      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}

func (s *pgSession) begin(m mode, alone bool) error {
	if err := s.open(context.Background(), m); err != nil {
		return err
	}
	switch {
	case m == locked:
	case alone:
		s.db.calm.Lock()
		s.calm = s.db.calm.Unlock
	default:
		s.db.calm.RLock()
		s.calm = s.db.calm.RUnlock
	}
	return nil
}

// open takes a connection for a transaction, which begins with its first statement.
func (s *pgSession) open(ctx context.Context, m mode) error {
	*s = pgSession{db: s.db, pool: s.pool, crowd: s.crowd, saved: savedNone, calm: func() {}}
	conn, err := s.pool.Conn(ctx)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
	}
	s.conn = conn
	if err := conn.Raw(func(c any) error { s.pg = c.(*pgConn); return nil }); err != nil {
		return errors.Join(fault.Wrap(fault.Unavailable, "db.error.unavailable", err), conn.Close())
	}
	s.pg.later(statement{text: begins[m]})
	return nil
}

// Analyze lets PostgreSQL look at tables into which much was written at once. It would do so by itself within minutes, and
// until then plan as if they were nearly empty. SQLite plans without looking.
func (d *DB) Analyze(ctx context.Context, tables ...string) error {
	if d.engine == SQLite {
		return nil
	}
	_, err := d.reads.ExecContext(ctx, "ANALYZE "+strings.Join(tables, ", "))
	return d.engine.known(err)
}

// pgView is one unchanging view of the data.
func (d *DB) pgView(ctx context.Context) (view, error) {
	s := &pgSession{db: d, pool: d.reads}
	return s, s.open(ctx, reading)
}

// end gives the connection back.
func (s *pgSession) end() {
	s.calm()
	s.conn.Close() //nolint:errcheck // a connection that still has a transaction is thrown away by its next user
}

func (s *pgSession) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	res, err := s.conn.ExecContext(ctx, text, args...)
	return res, s.heard(err)
}

func (s *pgSession) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	rows, err := s.conn.QueryContext(ctx, text, args...)
	return rows, s.heard(err)
}

// later collects a statement, and sends what was collected when it is a lot.
func (s *pgSession) later(ctx context.Context, st statement) error {
	if len(s.pg.pending) >= pendingMost {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.expects = s.expects || st.otherwise != nil
	s.pg.later(st)
	return nil
}

// flush sends what was collected.
func (s *pgSession) flush(ctx context.Context) error { return s.heard(s.pg.flush(ctx)) }

const pendingMost = 100 // statements of one round

// heard notes what a round did to the savepoint of the closure that runs.
func (s *pgSession) heard(err error) error {
	s.sent, s.expects = true, false
	switch {
	case err == nil:
	case repeatable(err):
		s.lost = true
		s.collided()
	case s.saved == savedNone, s.saved >= 0 && s.pg.failed <= s.saved:
		s.lost = true
	}
	if s.saved >= 0 {
		s.saved = savedSent
	}
	if err != nil && s.closed() && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		s.cut = true
		return fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
	}
	return err
}

func (s *pgSession) closed() bool { return s.pg.Conn.Conn().IsClosed() }

// collided makes the crowd smaller; a view has none.
func (s *pgSession) collided() {
	if s.crowd != nil {
		s.crowd.collided()
	}
}

func (s *pgSession) command(text string) error {
	switch text {
	case saveText:
		err := s.later(context.Background(), statement{text: text})
		s.saved = len(s.pg.pending) - 1
		return err
	case backText:
		if s.lost {
			return errAborted
		}
		if s.saved >= 0 { // the server has not heard of it
			s.pg.pending = s.pg.pending[:s.saved+1]
			return nil
		}
		s.pg.pending = s.pg.pending[:0]
		_, err := s.exec(context.Background(), text, nil)
		return err
	case releaseText:
		defer func() { s.saved = savedNone }()
	}
	return s.later(context.Background(), statement{text: text})
}

var errAborted = errors.New("db: the transaction is lost")

func (s *pgSession) commit() error {
	if !s.sent && len(s.pg.pending) == 1 { // nothing was asked for but BEGIN
		s.rollback()
		return nil
	}
	if s.expects { // what has to be so is known before COMMIT is sent
		if err := s.flush(context.Background()); err != nil {
			return err
		}
	}
	s.committing = true
	_, err := s.exec(context.Background(), commitText, nil)
	if err == nil {
		s.end()
		s.crowd.committed()
	}
	return err
}

func (s *pgSession) rollback() {
	s.pg.pending = s.pg.pending[:0]
	if !s.closed() && s.status() != 'I' {
		s.exec(context.Background(), "ROLLBACK", nil) //nolint:errcheck // the connection is thrown away if it fails
	}
	s.end()
}

func (s *pgSession) stands() bool {
	return !s.lost && !s.closed() && s.status() != 'E'
}

// status is PostgreSQL's own word for where the transaction stands: I for none, T for in one, E for failed.
func (s *pgSession) status() byte { return s.pg.Conn.Conn().PgConn().TxStatus() }

func (s *pgSession) unknown(error) bool { return s.committing && s.cut }

func (s *pgSession) harmless() bool { return s.cut && !s.committing }
