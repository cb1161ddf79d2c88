package ledger

import (
	"context"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

// cell takes whatever a column holds, even what does not belong there: verification must not stop at a wrong type. Its
// bytes are valid until the next row.
type cell struct {
	n    int64
	s    string
	b    []byte
	odd  bool // neither number nor text nor bytes
	kind byte
}

func (c *cell) Scan(v any) error {
	*c = cell{}
	switch x := v.(type) {
	case int64:
		c.n, c.kind = x, 'n'
	case string:
		c.s, c.kind = x, 's'
	case []byte:
		c.b, c.kind = x, 'b'
	default:
		c.odd = true
	}
	return nil
}

// text is what a TEXT column says.
func (c *cell) text() string {
	switch c.kind {
	case 's':
		return c.s
	case 'b':
		return string(c.b)
	case 'n':
		return fmt.Sprint(c.n)
	}
	return ""
}

// raw is what a BLOB column holds.
func (c *cell) raw() []byte {
	if c.kind == 's' {
		return []byte(c.s)
	}
	return c.b
}

// rawRecord is a row of ledger_record with nothing believed.
type rawRecord struct {
	id, time, kind, authority, caseID, subject, seq, deleteOn, leaf, salt, mark, body, epoch, position cell

	dest    [14]any
	members members // of the body, once it was checked
}

func newRawRecord() *rawRecord {
	r := &rawRecord{}
	r.dest = [...]any{&r.id, &r.time, &r.kind, &r.authority, &r.caseID, &r.subject, &r.seq, &r.deleteOn, &r.leaf, &r.salt, &r.mark, &r.body, &r.epoch, &r.position}
	return r
}

const selectRaw = "SELECT id, time, kind, authority, case_id, subject, subject_seq, delete_on, leaf, salt, mark, body, epoch, position FROM ledger_record "

// each streams rows of ledger_record through one rawRecord.
func (r *rawRecord) each(ctx context.Context, q db.Querier, see func(), text string, args ...any) error {
	return db.Each(ctx, q, func(row db.Row) error {
		if err := row.Scan(r.dest[:]...); err != nil {
			return err
		}
		see()
		return nil
	}, text, args...)
}

// eachPlaced streams the records of an epoch from one position to below another, in order.
func (r *rawRecord) eachPlaced(ctx context.Context, q db.Querier, epoch, from, to int64, see func()) error {
	return r.each(ctx, q, see, selectRaw+"WHERE epoch = ? AND position >= ? AND position < ? AND position IS NOT NULL ORDER BY position", epoch, from, to)
}

// eachWaiting streams the records without position.
func (r *rawRecord) eachWaiting(ctx context.Context, q db.Querier, see func()) error {
	return r.each(ctx, q, see, selectRaw+"WHERE position IS NULL ORDER BY subject_seq, time, id")
}

// eachStray streams the records that claim a position outside every tree.
func (r *rawRecord) eachStray(ctx context.Context, q db.Querier, epoch, size int64, see func()) error {
	return r.each(ctx, q, see, selectRaw+"WHERE epoch = ? AND position IS NOT NULL AND (position < 0 OR position >= ?)", epoch, size)
}

// eachPlacedAnywhere streams every record that claims a position, whatever its epoch.
func (r *rawRecord) eachPlacedAnywhere(ctx context.Context, q db.Querier, see func()) error {
	return r.each(ctx, q, see, selectRaw+"WHERE position IS NOT NULL ORDER BY epoch, position")
}

// eachLinked streams every record that concerns a person, person by person in the order of their numbers.
func (r *rawRecord) eachLinked(ctx context.Context, q db.Querier, see func()) error {
	return r.each(ctx, q, see, selectRaw+"WHERE subject <> '' ORDER BY subject, subject_seq")
}

func count(ctx context.Context, q db.Querier, text string) (int64, error) {
	return db.One(ctx, q, db.Scalar[int64], text)
}

func countRecords(ctx context.Context, q db.Querier) (int64, error) {
	return count(ctx, q, "SELECT COUNT(*) FROM ledger_record")
}

func countTiles(ctx context.Context, q db.Querier) (int64, error) {
	return count(ctx, q, "SELECT COUNT(*) FROM ledger_tile")
}

// selectEnd returns epoch and size of the last tree as the records tell them.
func selectEnd(ctx context.Context, q db.Querier) (epoch, size int64, err error) {
	err = db.Each(ctx, q, func(r db.Row) error { return r.Scan(&epoch, &size) },
		"SELECT epoch, position + 1 FROM ledger_record WHERE position IS NOT NULL ORDER BY epoch DESC, position DESC LIMIT 1")
	return epoch, size, err
}

// rawHead is a row of ledger_head or ledger_epoch with nothing believed.
type rawHead struct{ epoch, size, root, checkpoint cell }

func scanRawHead(r db.Row) (h rawHead, err error) {
	err = r.Scan(&h.epoch, &h.size, &h.root, &h.checkpoint)
	h.root.b = append([]byte(nil), h.root.b...)
	return h, err
}

func selectRawHeads(ctx context.Context, q db.Querier) (now, old []rawHead, err error) {
	now, err = db.All(ctx, q, scanRawHead, "SELECT epoch, size, root, checkpoint FROM ledger_head")
	if err != nil {
		return nil, nil, err
	}
	old, err = db.All(ctx, q, scanRawHead, "SELECT epoch, size, root, checkpoint FROM ledger_epoch ORDER BY epoch")
	return now, old, err
}

// rawTile is a row of ledger_tile with nothing believed.
type rawTile struct{ epoch, level, number, data cell }

func eachRawTile(ctx context.Context, q db.Querier, see func(*rawTile), text string, args ...any) error {
	var t rawTile
	return db.Each(ctx, q, func(r db.Row) error {
		if err := r.Scan(&t.epoch, &t.level, &t.number, &t.data); err != nil {
			return err
		}
		see(&t)
		return nil
	}, text, args...)
}

// eachLeafTile streams the tiles of leaves of an epoch in order.
func eachLeafTile(ctx context.Context, q db.Querier, epoch, from, to int64, see func(*rawTile)) error {
	return eachRawTile(ctx, q, see, "SELECT epoch, level, number, data FROM ledger_tile"+
		" WHERE epoch = ? AND level = 0 AND number >= ? AND number < ? ORDER BY number", epoch, from, to)
}

// eachUpperTile streams the tiles above them.
func eachUpperTile(ctx context.Context, q db.Querier, epoch int64, see func(*rawTile)) error {
	return eachRawTile(ctx, q, see, "SELECT epoch, level, number, data FROM ledger_tile WHERE epoch = ? AND level > 0 ORDER BY level, number", epoch)
}

// eachTile streams all tiles.
func eachTile(ctx context.Context, q db.Querier, see func(*rawTile)) error {
	return eachRawTile(ctx, q, see, "SELECT epoch, level, number, data FROM ledger_tile ORDER BY epoch, level, number")
}

// selectBody returns the body of a record by its id.
func selectBody(ctx context.Context, q db.Querier, id string) ([]byte, error) {
	return db.One(ctx, q, db.Scalar[[]byte], "SELECT body FROM ledger_record WHERE id = ?", id)
}

// ledgerTables are all tables of this package.
var ledgerTables = []string{"ledger_record", "ledger_tile", "ledger_head", "ledger_epoch"}

// eachFileFault asks SQLite itself whether the pages of our tables and their indexes agree; PostgreSQL checks its pages
// by itself as far as it was told to (data checksums).
func eachFileFault(ctx context.Context, tx *db.Tx, see func(table, fault string)) error {
	if tx.Engine() != db.SQLite {
		return nil
	}
	for _, table := range ledgerTables {
		err := db.Each(ctx, tx, func(r db.Row) error {
			var c cell
			if err := r.Scan(&c); err != nil {
				return err
			}
			if text := c.text(); text != "ok" {
				see(table, text)
			}
			return nil
		}, "PRAGMA integrity_check("+table+")")
		if err != nil {
			return err
		}
	}
	return nil
}
