package db

import (
	"errors"
	"strings"
	"sync"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Engine is one of the two databases. These few functions are all that tells them apart.
type Engine int

// The engines.
const (
	SQLite Engine = iota
	Postgres
)

// String returns "sqlite" or "postgres".
func (e Engine) String() string {
	if e == Postgres {
		return "postgres"
	}
	return "sqlite"
}

var rebound sync.Map // text with ? marks → text with $1, $2, …

// rebind numbers the ? marks for PostgreSQL. Marks inside quotes stay as they are.
func (e Engine) rebind(text string) string {
	if e == SQLite {
		return text
	}
	if done, ok := rebound.Load(text); ok {
		return done.(string)
	}
	var b strings.Builder
	quoted, n := false, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			n++
			b.WriteByte('$')
			b.WriteString(itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	if len(text) < 4096 { // long lists of marks differ each time
		rebound.Store(text, b.String())
	}
	return b.String()
}

func itoa(n int) string {
	var digits [12]byte
	i := len(digits)
	for ; n > 0; n /= 10 {
		i--
		digits[i] = byte('0' + n%10)
	}
	return string(digits[i:])
}

// clock is an expression for the database's own time in microseconds: the only clock that leases trust.
func (e Engine) clock() string {
	if e == Postgres {
		return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
	}
	return "CAST(unixepoch('subsec') * 1000000 AS BIGINT)"
}

// Clock is an SQL expression for the database's own time in microseconds, for leases.
func (tx *Tx) Clock() string { return tx.db.engine.clock() }

// schema translates the few type names that differ in migrations.
func (e Engine) schema(text string) string {
	if e == Postgres {
		return strings.ReplaceAll(text, " BLOB", " BYTEA")
	}
	return text
}

// known gives an error of the database its kind: a full disk, a database that is away.
func (e Engine) known(err error) error {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var gone *pgconn.ConnectError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return fault.Wrap(fault.Full, "db.error.full", err)
		case sqlite3.SQLITE_BUSY:
			return fault.Wrap(fault.Busy, "db.error.busy", err)
		}
	case errors.As(err, &pg):
		switch {
		case pg.Code == "53100":
			return fault.Wrap(fault.Full, "db.error.full", err)
		case pg.Code[:2] == "53" || pg.Code[:2] == "57":
			return fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
		}
	case errors.As(err, &gone):
		return fault.Wrap(fault.Unavailable, "db.error.unavailable", err)
	}
	return err
}

// repeatable reports whether PostgreSQL asks for the whole transaction to be repeated.
func repeatable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// broken reports an error of the disk itself.
func broken(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code()&0xff == sqlite3.SQLITE_IOERR || lite.Code()&0xff == sqlite3.SQLITE_CORRUPT)
}

// IsUnique reports whether err says that a row with this key is there already.
func IsUnique(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}
