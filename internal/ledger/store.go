package ledger

import (
	"context"
	"embed"
	"errors"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Module: "ledger", Files: files}

// texts holds a statement's text per number of its rows, so that the same texts come again and stay prepared.
type texts []string

func repeat(most int, text func(n int) string) texts {
	all := make(texts, most+1)
	for n := 1; n <= most; n++ {
		all[n] = text(n)
	}
	return all
}

const mostRows = 16 // records of one insert

var insertTexts = repeat(mostRows, func(n int) string {
	return "INSERT INTO ledger_record (id, time, kind, authority, case_id, subject, subject_seq, delete_on, leaf, salt, mark, body) VALUES " + db.Marks(n, 12)
})

func insertRecords(ctx context.Context, tx *db.Tx, n int, args []any) error {
	return tx.Later(ctx, insertTexts[n], args...)
}

const lastText = "SELECT subject, subject_seq, leaf FROM ledger_record WHERE subject = ? AND subject <> '' ORDER BY subject_seq DESC LIMIT 1"

var lastTexts = repeat(mostRows, func(n int) string {
	if n == 1 {
		return lastText
	}
	return strings.TrimSuffix(strings.Repeat("SELECT * FROM ("+lastText+") AS p UNION ALL ", n), " UNION ALL ")
})

// last is a person's newest record.
type last struct {
	subject Subject
	link
}

func scanLast(r db.Row) (l last, err error) {
	err = r.Scan(&l.subject, &l.seq, &l.prev)
	return l, err
}

// selectLast finds the newest record of each person: one look into the index per person, one query for all.
func selectLast(ctx context.Context, tx *db.Tx, subjects []any) ([]last, error) {
	return db.All(ctx, tx, scanLast, lastTexts[len(subjects)], subjects...)
}

// head is the current state of the tree.
type head struct {
	epoch      int64
	size       int64
	root       []byte
	checkpoint string
}

func scanHead(r db.Row) (h head, err error) {
	err = r.Scan(&h.epoch, &h.size, &h.root, &h.checkpoint)
	return h, err
}

func selectHead(ctx context.Context, q db.Querier, lock string) (head, error) {
	return db.One(ctx, q, scanHead, "SELECT epoch, size, root, checkpoint FROM ledger_head WHERE one = 1"+lock)
}

func insertHead(ctx context.Context, tx *db.Tx, h head) error {
	return tx.Later(ctx, "INSERT INTO ledger_head (one, epoch, size, root, checkpoint) VALUES (1,?,?,?,?) ON CONFLICT (one) DO NOTHING",
		h.epoch, h.size, h.root, h.checkpoint)
}

func updateHead(ctx context.Context, tx *db.Tx, h head) error {
	return tx.Expect(ctx, 1, errors.New("ledger: the head is gone"),
		"UPDATE ledger_head SET epoch = ?, size = ?, root = ?, checkpoint = ? WHERE one = 1", h.epoch, h.size, h.root, h.checkpoint)
}

func insertEpoch(ctx context.Context, tx *db.Tx, h head) error {
	return tx.Later(ctx, "INSERT INTO ledger_epoch (epoch, size, root, checkpoint) VALUES (?,?,?,?)",
		h.epoch, h.size, h.root, h.checkpoint)
}

// selectEpochs returns the last heads of the epochs before the current one.
func selectEpochs(ctx context.Context, q db.Querier) ([]head, error) {
	return db.All(ctx, q, scanHead, "SELECT epoch, size, root, checkpoint FROM ledger_epoch ORDER BY epoch")
}

// waiting is a record that has no position yet.
type waiting struct {
	id      string
	time    int64
	subject string
	seq     int64
	leaf    []byte
	mark    []byte
}

func scanWaiting(r db.Row) (w waiting, err error) {
	err = r.Scan(&w.id, &w.time, &w.subject, &w.seq, &w.leaf, &w.mark)
	return w, err
}

// selectWaiting takes low numbers first, so that a person's earlier record is never left behind by the limit.
func selectWaiting(ctx context.Context, tx *db.Tx, limit int) ([]waiting, error) {
	return db.All(ctx, tx, scanWaiting, "SELECT id, time, subject, subject_seq, leaf, mark FROM ledger_record WHERE position IS NULL"+
		" ORDER BY subject_seq, time LIMIT ?", limit)
}

func selectOneWaiting(ctx context.Context, tx *db.Tx, id string) ([]waiting, error) {
	return db.All(ctx, tx, scanWaiting, "SELECT id, time, subject, subject_seq, leaf, mark FROM ledger_record WHERE id = ? AND position IS NULL", id)
}

// placing are the sizes in which positions are written, largest first.
var placing = []int{128, 16, 1}

var errPlaces = errors.New("ledger: not all positions were written")

func placeText(n int) string {
	rows := "(CAST(? AS TEXT), CAST(? AS BIGINT))" + strings.Repeat(", (?, ?)", n-1)
	return "WITH v(id, position) AS (VALUES " + rows + ") UPDATE ledger_record SET epoch = ?, position = v.position, mark = ?" +
		" FROM v WHERE ledger_record.id = v.id AND ledger_record.position IS NULL"
}

var placeTexts = map[int]string{128: placeText(128), 16: placeText(16), 1: placeText(1)}

// updatePositions gives the records their positions, from first upwards, and takes their marks.
func updatePositions(ctx context.Context, tx *db.Tx, epoch, first int64, batch []waiting) error {
	for _, size := range placing {
		for ; len(batch) >= size; batch = batch[size:] {
			args := make([]any, 0, 2*size+2)
			for _, w := range batch[:size] {
				args = append(args, w.id, first)
				first++
			}
			if err := tx.Expect(ctx, size, errPlaces, placeTexts[size], append(args, epoch, []byte{})...); err != nil {
				return err
			}
		}
	}
	return nil
}

func upsertTile(ctx context.Context, tx *db.Tx, epoch int64, p place, data []byte) error {
	return tx.Later(ctx, "INSERT INTO ledger_tile (epoch, level, number, data) VALUES (?,?,?,?)"+
		" ON CONFLICT (epoch, level, number) DO UPDATE SET data = excluded.data", epoch, p.level, p.number, data)
}

type tile struct {
	place
	data []byte
}

func scanTile(r db.Row) (t tile, err error) {
	err = r.Scan(&t.level, &t.number, &t.data)
	return t, err
}

const mostTiles = 24 // a proof in a tree of 2^64 records needs fewer

var tileTexts = repeat(mostTiles, func(n int) string {
	return "SELECT level, number, data FROM ledger_tile WHERE epoch = ? AND (" +
		strings.TrimSuffix(strings.Repeat("level = ? AND number = ? OR ", n), " OR ") + ")"
})

// selectTiles reads the named tiles; what is missing is missing in the answer.
func selectTiles(ctx context.Context, q db.Querier, epoch int64, names []place) (map[place][]byte, error) {
	out := make(map[place][]byte, len(names))
	for len(names) > 0 {
		n := min(len(names), mostTiles)
		args := append(make([]any, 0, 2*n+1), epoch)
		for _, p := range names[:n] {
			args = append(args, p.level, p.number)
		}
		found, err := db.All(ctx, q, scanTile, tileTexts[n], args...)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			out[t.place] = t.data
		}
		names = names[n:]
	}
	return out, nil
}

// tiles reads hashes of a tree from the database.
func tiles(ctx context.Context, q db.Querier, epoch int64) tlog.HashReader {
	return reader(func(names []place) (map[place][]byte, error) { return selectTiles(ctx, q, epoch, names) })
}

// selectOverdue counts records that wait since before the given moment, and says since when the oldest does.
func selectOverdue(ctx context.Context, q db.Querier, before time.Time) (Backlog, error) {
	return db.One(ctx, q, func(r db.Row) (b Backlog, err error) {
		err = r.Scan(&b.Records, db.Time(&b.Oldest))
		return b, err
	}, "SELECT COUNT(*), COALESCE(MIN(time), 0) FROM ledger_record WHERE position IS NULL AND time < ?", before)
}

// countHidden counts the hidden accesses of a span.
func countHidden(ctx context.Context, q db.Querier, from, to time.Time) (int, error) {
	return db.One(ctx, q, db.Scalar[int], "SELECT COUNT(*) FROM ledger_record WHERE kind = 'hidden' AND time >= ? AND time < ?", from, to)
}

// selectDue returns records in the tree whose body must go.
func selectDue(ctx context.Context, tx *db.Tx, today clock.Date, limit int) ([]stored, error) {
	return db.All(ctx, tx, scanStored, selectStored+" WHERE delete_on <> '' AND delete_on <= ? AND position IS NOT NULL AND kind <> ?"+
		" ORDER BY delete_on LIMIT ?", today, Erasure, limit)
}

// selectErasable returns those of the named records that are in the tree and have a body.
func selectErasable(ctx context.Context, tx *db.Tx, ids []string) ([]stored, error) {
	return db.All(ctx, tx, scanStored, selectStored+" WHERE id IN "+db.In(len(ids))+" AND position IS NOT NULL AND kind NOT IN (?, ?) ORDER BY id",
		append(anys(ids), Erasure, erased)...)
}

// selectWithBody returns those of the named records that have a body.
func selectWithBody(ctx context.Context, q db.Querier, ids []string) ([]stored, error) {
	return db.All(ctx, q, scanStored, selectStored+" WHERE id IN "+db.In(len(ids))+" AND kind <> ? ORDER BY id", append(anys(ids), erased)...)
}

// blank takes everything out of rows but number and place, and names the record of erasure.
func blank(ctx context.Context, tx *db.Tx, erasure string, ids []string) error {
	return tx.Later(ctx, "UPDATE ledger_record SET time = 0, kind = ?, authority = '', case_id = ?, delete_on = '', salt = ?, body = ? WHERE id IN "+
		db.In(len(ids)), append([]any{erased, erasure, []byte{}, []byte{}}, anys(ids)...)...)
}

func anys(ids []string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// stored is a record as its row holds it.
type stored struct {
	id       string
	subject  string
	seq      int64
	leaf     []byte
	salt     []byte
	body     []byte
	epoch    int64
	position int64  // -1 while it waits
	erasure  string // of an erased record: the id of the record of erasure, which then stands in case_id
}

func scanStored(r db.Row) (s stored, err error) {
	err = r.Scan(&s.id, &s.subject, &s.seq, &s.leaf, &s.salt, &s.body, &s.epoch, &s.position, &s.erasure)
	if len(s.body) > 0 {
		s.erasure = ""
	}
	return s, err
}

const selectStored = "SELECT id, subject, subject_seq, leaf, salt, body, epoch, COALESCE(position, -1), case_id FROM ledger_record"

func selectOfSubject(ctx context.Context, q db.Querier, subject Subject, before int64, limit int) ([]stored, error) {
	return db.All(ctx, q, scanStored, selectStored+" WHERE subject = ? AND subject <> '' AND subject_seq < ? ORDER BY subject_seq DESC LIMIT ?",
		string(subject), before, limit)
}

// selectChain returns a person's records upwards from a number.
func selectChain(ctx context.Context, q db.Querier, subject Subject, after int64, limit int) ([]stored, error) {
	return db.All(ctx, q, scanStored, selectStored+" WHERE subject = ? AND subject <> '' AND subject_seq > ? ORDER BY subject_seq LIMIT ?",
		string(subject), after, limit)
}

// selectStretch returns the records of an epoch from one position to below another.
func selectStretch(ctx context.Context, q db.Querier, epoch, from, to int64) ([]stored, error) {
	return db.All(ctx, q, scanStored, selectStored+" WHERE epoch = ? AND position >= ? AND position < ? AND position IS NOT NULL ORDER BY position",
		epoch, from, to)
}

// eachStoredWaiting streams the records that have no place yet.
func eachStoredWaiting(ctx context.Context, q db.Querier, see func(stored) error) error {
	return db.Each(ctx, q, func(r db.Row) error {
		s, err := scanStored(r)
		if err != nil {
			return err
		}
		return see(s)
	}, selectStored+" WHERE position IS NULL ORDER BY subject_seq, time, id")
}

func selectByID(ctx context.Context, q db.Querier, id string) (stored, error) {
	return db.One(ctx, q, scanStored, selectStored+" WHERE id = ?", id)
}
