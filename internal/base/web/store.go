package web

import (
	"context"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

func insertSession(ctx context.Context, tx *db.Tx, key []byte, s Session) error {
	return tx.Later(ctx, `INSERT INTO web_session (token, id, actor, level, created, seen, ends) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		key, s.ID, s.Actor, int(s.Level), s.Since, s.seen, s.ends)
}

func sessionByToken(ctx context.Context, q db.Querier, key []byte) (Session, error) {
	return db.One(ctx, q, func(r db.Row) (s Session, err error) {
		err = r.Scan(&s.ID, &s.Actor, &s.Level, db.Time(&s.Since), db.Time(&s.seen), db.Time(&s.ends))
		return s, err
	}, `SELECT id, actor, level, created, seen, ends FROM web_session WHERE token = ?`, key)
}

func touchSession(ctx context.Context, tx *db.Tx, key []byte, seen time.Time) error {
	return tx.Later(ctx, `UPDATE web_session SET seen = ? WHERE token = ? AND seen < ?`, seen, key, seen)
}

func deleteSession(ctx context.Context, tx *db.Tx, key []byte) error {
	return tx.Later(ctx, `DELETE FROM web_session WHERE token = ?`, key)
}

func deleteSessionsOf(ctx context.Context, tx *db.Tx, actor string) error {
	return tx.Later(ctx, `DELETE FROM web_session WHERE actor = ?`, actor)
}

func deleteEnded(ctx context.Context, tx *db.Tx, now, rested time.Time) error {
	return tx.Later(ctx, `DELETE FROM web_session WHERE ends <= ? OR seen <= ?`, now, rested)
}
