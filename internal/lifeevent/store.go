package lifeevent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

func selectPortal(ctx context.Context, q db.Querier, key string) (Portal, error) {
	return db.One(ctx, q, func(row db.Row) (p Portal, err error) {
		return p, row.Scan(&p.Key, &p.Name, &p.Public, &p.Active)
	}, `SELECT portal, name, public_key, active FROM lifeevent_portal WHERE portal = ?`, key)
}

func upsertPortal(ctx context.Context, tx *db.Tx, p Portal) error {
	return tx.Later(ctx, `INSERT INTO lifeevent_portal (portal, name, public_key, active, changed) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (portal) DO UPDATE SET name = excluded.name, public_key = excluded.public_key, active = excluded.active,
		changed = excluded.changed`, p.Key, p.Name, p.Public, p.Active, tx.Now())
}

// insertReferral keeps a referral; false says that its number was here before.
func insertReferral(ctx context.Context, tx *db.Tx, portal, jti, handle string, body []byte) (bool, error) {
	n, err := tx.Exec(ctx, `INSERT INTO lifeevent_referral (portal, jti, handle, body, received, ends, used_at, case_id)
		VALUES (?, ?, ?, ?, ?, ?, 0, '') ON CONFLICT (portal, jti) DO NOTHING`,
		portal, jti, hashed(handle), body, tx.Now(), tx.Now().Add(handleLife))
	return n == 1, err
}

// kept is a referral as it is stored.
type kept struct {
	portal, jti, caseID string
	body                []byte
	ends, used          time.Time
}

func selectReferral(ctx context.Context, q db.Querier, handle string) (kept, error) {
	return db.One(ctx, q, func(row db.Row) (k kept, err error) {
		return k, row.Scan(&k.portal, &k.jti, &k.caseID, &k.body, db.Time(&k.ends), db.Time(&k.used))
	}, `SELECT portal, jti, case_id, body, ends, used_at FROM lifeevent_referral WHERE handle = ?`, hashed(handle))
}

// useReferral binds a referral to a case and erases what it said; false says that there is none to use.
func useReferral(ctx context.Context, tx *db.Tx, handle, caseID string) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE lifeevent_referral SET used_at = ?, case_id = ?, body = ?
		WHERE handle = ? AND used_at = 0 AND ends > ?`, tx.Now(), caseID, []byte{}, hashed(handle), tx.Now())
	return n == 1, err
}

func deleteEnded(ctx context.Context, tx *db.Tx) error {
	return tx.Later(ctx, `DELETE FROM lifeevent_referral WHERE ends <= ?`, tx.Now())
}

func hashed(handle string) string {
	sum := sha256.Sum256([]byte(handle))
	return hex.EncodeToString(sum[:])
}
