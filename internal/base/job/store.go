package job

import (
	"context"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

func insert(ctx context.Context, tx *db.Tx, id string, s Spec, payload []byte) error {
	return tx.Later(ctx, `INSERT INTO job_job (id, kind, authority, dedup, payload, due, leased_until, token, attempt, state, error, changed)
		VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 'ready', '', ?) ON CONFLICT (kind, dedup) DO NOTHING`,
		id, s.Kind, s.Authority, s.Key, payload, s.Due, tx.Now())
}

// lease takes due jobs of the given kinds that nobody holds, oldest first.
func lease(ctx context.Context, tx *db.Tx, kinds []string, most int) ([]Job, error) {
	args := []any{leaseFor.Microseconds(), tx.Now()}
	for _, k := range kinds {
		args = append(args, k)
	}
	return db.All(ctx, tx, scan, `UPDATE job_job SET token = token + 1, attempt = attempt + 1, leased_until = `+tx.Clock()+` + ?
		WHERE id IN (SELECT id FROM job_job WHERE state = 'ready' AND due <= ? AND kind IN `+db.In(len(kinds))+` AND leased_until < `+tx.Clock()+`
			ORDER BY due LIMIT ?`+tx.SkipLocked()+`)
		RETURNING id, kind, authority, dedup, payload, attempt, token`, append(args, most)...)
}

func scan(r db.Row) (j Job, err error) {
	err = r.Scan(&j.ID, &j.Kind, &j.Authority, &j.Key, &j.Payload, &j.Attempt, &j.token)
	return j, err
}

// finish completes a job under its token; if another runner holds it now, the transaction fails with errLost.
func finish(ctx context.Context, tx *db.Tx, j Job) error {
	return tx.Expect(ctx, 1, errLost, `UPDATE job_job SET state = 'done', payload = ?, changed = ? WHERE id = ? AND token = ? AND state = 'ready'`,
		[]byte{}, tx.Now(), j.ID, j.token)
}

func retry(ctx context.Context, tx *db.Tx, j Job, state, cause string, due time.Time) error {
	return tx.Later(ctx, `UPDATE job_job SET state = ?, error = ?, due = ?, leased_until = 0, changed = ? WHERE id = ? AND token = ?`,
		state, cause, due, tx.Now(), j.ID, j.token)
}

func release(ctx context.Context, tx *db.Tx) error {
	return tx.Later(ctx, `UPDATE job_job SET leased_until = 0 WHERE state = 'ready' AND leased_until > 0`)
}

func forget(ctx context.Context, tx *db.Tx, before time.Time) error {
	return tx.Later(ctx, `DELETE FROM job_job WHERE state = 'done' AND changed < ?`, before)
}

func selectDead(ctx context.Context, q db.Querier, most int) ([]Dead, error) {
	return db.All(ctx, q, func(r db.Row) (d Dead, err error) {
		err = r.Scan(&d.ID, &d.Kind, &d.Authority, &d.Attempts, &d.Error, db.Time(&d.Since))
		return d, err
	}, `SELECT id, kind, authority, attempt, error, changed FROM job_job WHERE state = 'dead' ORDER BY changed DESC, id LIMIT ?`, most)
}

func revive(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE job_job SET state = 'ready', attempt = 0, due = ?, leased_until = 0 WHERE id = ? AND state = 'dead'`, tx.Now(), id)
	return n > 0, err
}

func countWaiting(ctx context.Context, q db.Querier) (int, error) {
	return db.One(ctx, q, db.Scalar[int], `SELECT COUNT(*) FROM job_job WHERE state = 'ready'`)
}
