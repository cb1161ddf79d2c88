package demo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

const mark = "demo"

func insertMark(ctx context.Context, tx *db.Tx) error {
	return tx.Later(ctx, `INSERT INTO demo_mark (name, marked) VALUES (?, ?)`, mark, tx.Now())
}

func marked(ctx context.Context, q db.Querier) (bool, error) {
	_, err := db.One(ctx, q, db.Scalar[string], `SELECT name FROM demo_mark WHERE name = ?`, mark)
	if errors.Is(err, db.ErrNone) {
		return false, nil
	}
	return err == nil, err
}

// insertShown keeps a shown card until it ends, and forgets those that have ended.
func insertShown(ctx context.Context, tx *db.Tx, handle string, s shown, ends time.Time) error {
	if err := tx.Later(ctx, `DELETE FROM demo_eid WHERE ends <= ?`, tx.Now()); err != nil {
		return err
	}
	return tx.Later(ctx, `INSERT INTO demo_eid (handle, state, family, given, birth, address, pseudonym, ends)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		hashed(handle), s.state, s.card.Family, s.card.Given, s.card.Birth, s.card.Address, s.card.Pseudonym, ends)
}

// takeShown returns a shown card and forgets it.
func takeShown(ctx context.Context, tx *db.Tx, handle string) (shown, error) {
	return db.One(ctx, tx, func(r db.Row) (s shown, err error) {
		s.card.Level = web.High
		err = r.Scan(&s.state, &s.card.Family, &s.card.Given, db.Date(&s.card.Birth), &s.card.Address, &s.card.Pseudonym)
		return s, err
	}, `DELETE FROM demo_eid WHERE handle = ? AND ends > ? RETURNING state, family, given, birth, address, pseudonym`,
		hashed(handle), tx.Now())
}

func hashed(handle string) string {
	sum := sha256.Sum256([]byte(handle))
	return hex.EncodeToString(sum[:])
}
