package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

type (
	// Rows are the rows of a query.
	Rows = sql.Rows
	// Row is one row to be scanned.
	Row interface{ Scan(dest ...any) error }
	// Querier reads: a DB or a Tx.
	Querier interface {
		Query(ctx context.Context, text string, args ...any) (*Rows, error)
	}
)

// ErrNone says that One found no row.
var ErrNone = errors.New("db: no row")

// All reads every row of a query. The query must be bounded by LIMIT or by what it asks for.
func All[T any](ctx context.Context, q Querier, scan func(Row) (T, error), text string, args ...any) (out []T, err error) {
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Each calls see for every row as it comes, without keeping it; the statement after it must wait until Each returns.
func Each(ctx context.Context, q Querier, see func(Row) error, text string, args ...any) (err error) {
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := see(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// One reads the first row of a query, or returns ErrNone.
func One[T any](ctx context.Context, q Querier, scan func(Row) (T, error), text string, args ...any) (T, error) {
	all, err := All(ctx, q, scan, text, args...)
	if err != nil || len(all) == 0 {
		var zero T
		if err == nil {
			err = ErrNone
		}
		return zero, err
	}
	return all[0], nil
}

// Scalar scans a row of a single column.
func Scalar[T any](r Row) (v T, err error) {
	err = r.Scan(&v)
	return v, err
}

// Time scans a BIGINT column of microseconds; 0 becomes the zero time.
func Time(t *time.Time) sql.Scanner { return timeScanner{t} }

type timeScanner struct{ t *time.Time }

func (s timeScanner) Scan(v any) error {
	us, ok := v.(int64)
	if !ok {
		return fmt.Errorf("db: %T is no time", v)
	}
	*s.t = time.Time{}
	if us != 0 {
		*s.t = time.UnixMicro(us).UTC()
	}
	return nil
}

// Date scans a TEXT column; empty text becomes the zero Date.
func Date(d *clock.Date) sql.Scanner { return dateScanner{d} }

type dateScanner struct{ d *clock.Date }

func (s dateScanner) Scan(v any) error {
	switch x := v.(type) {
	case string:
		return s.d.UnmarshalText([]byte(x))
	case []byte:
		return s.d.UnmarshalText(x)
	}
	return fmt.Errorf("db: %T is no day", v)
}

// plain turns our own types into what both drivers store alike.
func plain(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case time.Time:
			args[i] = micros(v)
		case clock.Date:
			args[i] = v.String()
		case json.RawMessage:
			args[i] = string(v)
		case int:
			args[i] = int64(v)
		case []byte:
			if v == nil {
				args[i] = []byte{}
			}
		}
	}
	return args
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// In returns "(?,?,?)" for n values.
func In(n int) string { return Marks(1, n) }

// Marks returns the VALUES of rows × cols, such as "(?,?),(?,?)".
func Marks(rows, cols int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", cols), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(one+",", rows), ",")
}
