package letter

import (
	"context"
	"embed"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are this module's tables.
var Migrations = db.Migrations{Module: "letter", Files: files}

func insertLetter(ctx context.Context, tx *db.Tx, l Letter) error {
	return tx.Later(ctx, `INSERT INTO letter_letter (authority_id, id, kind, issued, html, data, sig) VALUES (?,?,?,?,?,?,?)
		ON CONFLICT (authority_id, id) DO NOTHING`,
		string(l.Authority), l.ID, string(l.Kind), l.Issued, l.HTML, l.JSON, l.Sig)
}

type stored struct {
	authority       authority.Key
	id              string
	html, json, sig []byte
}

func scanStored(row db.Row) (s stored, err error) {
	err = row.Scan(&s.authority, &s.id, &s.html, &s.json, &s.sig)
	return s, err
}

func selectLetter(ctx context.Context, q db.Querier, of authority.Key, id string) (stored, error) {
	return db.One(ctx, q, scanStored, `SELECT authority_id, id, html, data, sig FROM letter_letter WHERE authority_id = ? AND id = ?`, string(of), id)
}

func selectLettersAfter(ctx context.Context, q db.Querier, after stored, limit int) ([]stored, error) {
	return db.All(ctx, q, scanStored, `SELECT authority_id, id, html, data, sig FROM letter_letter
		WHERE (authority_id, id) > (?, ?) ORDER BY authority_id, id LIMIT ?`, string(after.authority), after.id, limit)
}
