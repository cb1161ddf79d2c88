package keys

import (
	"context"
	"embed"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Module: "keys", Files: files}

// row is a wrapped keyset as it lies in the database.
type row struct {
	name
	kind    kind
	version int64
	wrapped []byte
	created time.Time
	rotated time.Time
}

func scanRow(r db.Row) (s row, err error) {
	err = r.Scan(&s.owner, &s.purpose, &s.kind, &s.version, &s.wrapped, db.Time(&s.created), db.Time(&s.rotated))
	return s, err
}

const columns = "owner, purpose, kind, version, wrapped, created, rotated"

func selectOne(ctx context.Context, q db.Querier, n name, lock string) (row, error) {
	return db.One(ctx, q, scanRow, "SELECT "+columns+" FROM keys_keyset WHERE owner = ? AND purpose = ?"+lock, n.owner, n.purpose)
}

func selectFirst(ctx context.Context, q db.Querier) (row, error) {
	return db.One(ctx, q, scanRow, "SELECT "+columns+" FROM keys_keyset ORDER BY owner, purpose LIMIT 1")
}

func selectAll(ctx context.Context, q db.Querier) ([]row, error) {
	return db.All(ctx, q, scanRow, "SELECT "+columns+" FROM keys_keyset ORDER BY owner, purpose")
}

func insert(ctx context.Context, tx *db.Tx, s row) error {
	return tx.Later(ctx, "INSERT INTO keys_keyset ("+columns+") VALUES (?,?,?,?,?,?,?) ON CONFLICT (owner, purpose) DO NOTHING",
		s.owner, s.purpose, string(s.kind), s.version, s.wrapped, s.created, s.rotated)
}

func update(ctx context.Context, tx *db.Tx, s row) error {
	return tx.Later(ctx, "UPDATE keys_keyset SET version = ?, wrapped = ?, rotated = ? WHERE owner = ? AND purpose = ?",
		s.version, s.wrapped, s.rotated, s.owner, s.purpose)
}
