package procedure

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
)

// args puts the names of a desk's services between other arguments.
func (d Desk) args(before []any, after ...any) []any {
	out := slices.Clone(before)
	for _, service := range d.Services {
		out = append(out, service)
	}
	return append(out, after...)
}

// insertOpened remembers that a clerk opened a case on a day; false means that it is known.
func insertOpened(ctx context.Context, tx *db.Tx, caseID, staff string, day clock.Date) (bool, error) {
	n, err := tx.Exec(ctx, `INSERT INTO procedure_opened (case_id, staff, day) VALUES (?, ?, ?) ON CONFLICT (case_id, staff, day) DO NOTHING`,
		caseID, staff, day)
	return n > 0, err
}

// selectWork lists what waits at an authority's desk, most urgent first, from after the given place on.
func selectWork(ctx context.Context, q db.Querier, d Desk, status Status, after Place, limit int) ([]sealed, error) {
	return db.All(ctx, q, scanCase, `SELECT `+caseColumns+` FROM procedure_case WHERE authority_id = ? AND status = ? AND (received > 0 OR status <> 'waiting') AND service IN `+db.In(len(d.Services))+
		` AND (due > ? OR due = ? AND id > ?) ORDER BY due, id LIMIT ?`,
		d.args([]any{d.Authority, status}, after.At, after.At, after.ID, limit)...)
}

// selectClosed lists what has ended, the last one first; a zero place is the beginning.
func selectClosed(ctx context.Context, q db.Querier, d Desk, before Place, limit int) ([]sealed, error) {
	if before.At.IsZero() {
		before.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return db.All(ctx, q, scanCase, `SELECT `+caseColumns+` FROM procedure_case WHERE authority_id = ? AND closed > 0 AND service IN `+db.In(len(d.Services))+
		` AND (closed < ? OR closed = ? AND id < ?) ORDER BY closed DESC, id DESC LIMIT ?`,
		d.args([]any{d.Authority}, before.At, before.At, before.ID, limit)...)
}

func selectNumber(ctx context.Context, q db.Querier, d Desk, number string) ([]sealed, error) {
	return db.All(ctx, q, scanCase, `SELECT `+caseColumns+` FROM procedure_case WHERE authority_id = ? AND (received > 0 OR status <> 'waiting') AND number = ? AND service IN `+db.In(len(d.Services))+
		` ORDER BY created DESC, id LIMIT 20`, d.args([]any{d.Authority, number})...)
}

func selectNeighbour(ctx context.Context, q db.Querier, d Desk, c Case, after bool) (string, error) {
	sql := `SELECT id FROM procedure_case WHERE authority_id = ? AND status = ? AND (received > 0 OR status <> 'waiting') AND service IN ` + db.In(len(d.Services))
	if after {
		sql += ` AND (due > ? OR due = ? AND id > ?) ORDER BY due, id LIMIT 1`
	} else {
		sql += ` AND (due < ? OR due = ? AND id < ?) ORDER BY due DESC, id DESC LIMIT 1`
	}
	id, err := db.One(ctx, q, db.Scalar[string], sql, d.args([]any{d.Authority, c.Status}, c.Due, c.Due, c.ID)...)
	if errors.Is(err, db.ErrNone) {
		return "", nil
	}
	return id, err
}

func countCases(ctx context.Context, q db.Querier, d Desk, today, week time.Time) ([]Tally, error) {
	return db.All(ctx, q, func(r db.Row) (t Tally, err error) {
		err = r.Scan(&t.Service, &t.Status, &t.Urgency, &t.Count)
		return t, err
	}, `SELECT service, status, CASE WHEN due = 0 THEN 0 WHEN due < ? THEN 1 WHEN due < ? THEN 2 ELSE 3 END AS urgency, COUNT(*)
		FROM procedure_case WHERE authority_id = ? AND (received > 0 OR status <> 'waiting') AND service IN `+db.In(len(d.Services))+` GROUP BY service, status, urgency`,
		d.args([]any{today, week, d.Authority})...)
}
