package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgConnector makes connections that can collect statements.
type pgConnector struct{ driver.Connector }

// Connect is called by database/sql.
func (c pgConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &pgConn{Conn: conn.(*stdlib.Conn)}, nil
}

// pgConn is a connection to PostgreSQL that sends statements whose result nobody waits for together with the next one.
type pgConn struct {
	*stdlib.Conn
	pending []statement
	failed  int // which of the statements of the last round failed, from 0
}

// errCollected is what a closure hears when a statement failed that it did not wait for; Do returns the true error.
var errCollected = errors.New("db: a statement collected earlier failed")

// collectedError is the failure of another statement than the one that was asked for.
type collectedError struct{ cause error }

func (e *collectedError) Error() string { return e.cause.Error() }

func (e *collectedError) Unwrap() error { return e.cause }

// later collects a statement.
func (c *pgConn) later(s statement) { c.pending = append(c.pending, s) }

// ExecContext is called by database/sql.
func (c *pgConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if len(c.pending) == 0 && text != commitText { // whose answer must be read
		c.failed = 0
		return c.Conn.ExecContext(ctx, text, args)
	}
	answers, err := c.send(ctx, statement{text: text, args: values(args)})
	if err != nil {
		return nil, err
	}
	tag, err := answers.Exec()
	if closed := answers.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	if text == commitText && tag.String() != "COMMIT" {
		return nil, pgx.ErrTxCommitRollback
	}
	return driver.RowsAffected(tag.RowsAffected()), nil
}

// QueryContext is called by database/sql.
func (c *pgConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if len(c.pending) == 0 {
		c.failed = 0
		return c.Conn.QueryContext(ctx, text, args)
	}
	answers, err := c.send(ctx, statement{text: text, args: values(args)})
	if err != nil {
		return nil, err
	}
	rows, err := answers.Query()
	if err != nil {
		answers.Close() //nolint:errcheck // the first error says it
		return nil, err
	}
	r := &pgRows{rows: rows, answers: answers, types: c.Conn.Conn().TypeMap()}
	if r.more = rows.Next(); !r.more { // errors come with the first row or instead of it
		if err := rows.Err(); err != nil {
			answers.Close() //nolint:errcheck // the first error says it
			return nil, err
		}
	}
	return r, nil
}

func values(args []driver.NamedValue) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a.Value
	}
	return out
}

// flush sends what was collected.
func (c *pgConn) flush(ctx context.Context) error {
	answers, err := c.send(ctx)
	if err != nil {
		return err
	}
	return answers.Close()
}

// send sends what was collected, and one statement more, in one round, and takes the answers to what was collected.
func (c *pgConn) send(ctx context.Context, more ...statement) (pgx.BatchResults, error) {
	sent := c.pending
	c.pending = nil
	b := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(sent)+len(more))}
	for _, s := range sent {
		b.Queue(s.text, s.args...)
	}
	for _, s := range more {
		b.Queue(s.text, s.args...)
	}
	answers := c.Conn.Conn().SendBatch(ctx, b)
	for i, s := range sent {
		tag, err := answers.Exec()
		if err == nil {
			err = s.check(tag.RowsAffected())
		}
		if err != nil {
			c.failed = i
			answers.Close() //nolint:errcheck // the first error says it
			return nil, &collectedError{err}
		}
	}
	c.failed = len(sent)
	clear(sent)
	c.pending = sent[:0]
	return answers, nil
}

// pgRows are the rows of the last statement of a round.
type pgRows struct {
	rows    pgx.Rows
	answers pgx.BatchResults
	types   *pgtype.Map
	more    bool
	begun   bool
}

// Columns is called by database/sql.
func (r *pgRows) Columns() []string {
	fields := r.rows.FieldDescriptions()
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

// Close is called by database/sql.
func (r *pgRows) Close() error {
	r.rows.Close()
	return errors.Join(r.rows.Err(), r.answers.Close())
}

// Next is called by database/sql.
func (r *pgRows) Next(to []driver.Value) error {
	if r.begun {
		r.more = r.rows.Next()
	}
	r.begun = true
	if !r.more {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	fields := r.rows.FieldDescriptions()
	for i, raw := range r.rows.RawValues() {
		var err error
		if to[i], err = r.value(fields[i].DataTypeOID, fields[i].Format, raw); err != nil {
			return err
		}
	}
	return nil
}

func (r *pgRows) value(oid uint32, format int16, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	if t, ok := r.types.TypeForOID(oid); ok {
		return t.Codec.DecodeDatabaseSQLValue(r.types, oid, format, raw)
	}
	return string(raw), nil
}
