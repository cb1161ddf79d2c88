package ledger

import (
	"bytes"
	"cmp"
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

// walk goes along the leaves of one epoch's tree, a stretch of tiles at a time.
type walk struct {
	*verification
	tx     *db.Tx
	head   signedHead
	closed string // the checkpoint of the epoch before
	edge   *edge  // the tree as it grows from what was found
	upper  map[place][]byte

	stored [stretch][]byte         // the tiles of leaves in the database
	own    [stretch * full]byte    // the hashes that the records give
	met    [stretch * wide]meeting // the records themselves
	goners []gone
}

const stretch = 16 // tiles of leaves at a time: 4,096 records

// meeting is a record met at its position.
type meeting struct {
	id string
	at int64 // its column time
}

func (m meeting) time() time.Time {
	if m.at == 0 {
		return time.Time{}
	}
	return time.UnixMicro(m.at).UTC()
}

func (w *walk) run(ctx context.Context) error {
	for from := int64(0); from < w.head.Size; from += stretch * wide {
		to := min(w.head.Size, from+stretch*wide)
		if err := w.read(ctx, from, to); err != nil {
			return err
		}
		if err := w.erasures(ctx, w.tx, w.goners); err != nil {
			return err
		}
		if err := w.openings(ctx, w.tx); err != nil {
			return err
		}
		for i := int64(0); from+i*wide < to; i++ {
			if err := w.compare(ctx, from/wide+i, int(min(wide, to-from-i*wide)), int(i)); err != nil {
				return err
			}
		}
	}
	if err := w.above(ctx); err != nil {
		return err
	}
	if w.head.ok && w.edge.root() != w.head.Root && w.report.OK {
		w.report.add("ledger_head", "1", w.last, "records and tiles agree with each other, but not with the signed root: the whole tree was rewritten")
	}
	return nil
}

// read takes a stretch of tiles and records from the database.
func (w *walk) read(ctx context.Context, from, to int64) error {
	w.stored, w.goners = [stretch][]byte{}, w.goners[:0]
	clear(w.met[:])
	err := eachLeafTile(ctx, w.tx, w.head.epoch, from/wide, (to+wide-1)/wide, func(t *rawTile) {
		w.tiles++
		w.stored[t.number.n-from/wide] = bytes.Clone(t.data.raw())
	})
	if err != nil {
		return err
	}
	return w.row.eachPlaced(ctx, w.tx, w.head.epoch, from, to, func() { w.meet(w.row, int(w.row.position.n-from)) })
}

// meet checks a record by itself and keeps the hash it gives.
func (w *walk) meet(r *rawRecord, i int) {
	w.placed++
	if w.met[i].id != "" {
		w.report.add("ledger_record", r.id.text(), r.since(), "place %d is taken twice", r.position.n)
		return
	}
	what := r.check(w.o.MAC)
	if what != "" {
		w.report.add("ledger_record", r.id.text(), r.since(), "%s", what)
	} else if len(r.body.raw()) == 0 {
		w.goners = append(w.goners, gone{r.id.text(), r.subject.text(), r.caseID.text()})
	}
	w.persons.see(r)
	w.shade.see(r)
	h := hashLeaf(r.leaf.raw())
	copy(w.own[i*tlog.HashSize:], h[:])
	w.met[i] = meeting{cmp.Or(r.id.text(), "?"), r.time.n}
	if r.time.kind == 'n' && r.time.n > w.last.UnixMicro() {
		w.last = time.UnixMicro(r.time.n).UTC()
	}
	if r.position.n == 0 && w.closed != "" && restartOf(r.body.raw()) != w.closed {
		w.report.add("ledger_epoch", r.id.text(), r.since(), "the first record of epoch %d does not name the checkpoint of the epoch before", w.head.epoch)
	}
}

// compare holds a tile of leaves against its records. Where they differ, the tile above or the signed root tells which
// of them is right, and the tree goes on growing from that one.
func (w *walk) compare(ctx context.Context, number int64, n, i int) error {
	records, tile := w.own[i*full:i*full+n*tlog.HashSize], w.stored[i]
	met := w.met[i*wide : i*wide+n]
	whole := true
	for k := range met {
		whole = whole && met[k].id != ""
	}
	if whole && bytes.Equal(records, tile) {
		w.grow(number, tile)
		return nil
	}
	if len(tile) != n*tlog.HashSize {
		w.report.add("ledger_tile", tileRow(w.head.epoch, place{0, number}), w.newest(met), "the tile is missing or of the wrong length")
		tile = nil
	}
	mended := bytes.Clone(records)
	for k := range met {
		if met[k].id == "" && tile != nil {
			copy(mended[k*tlog.HashSize:], tile[k*tlog.HashSize:(k+1)*tlog.HashSize])
		}
	}
	tileFits, recordsFit, err := w.fits(ctx, number, tile, mended)
	if err != nil {
		return err
	}
	w.accuse(number, met, tile, mended, !recordsFit, !tileFits && tile != nil)
	if tile == nil || recordsFit && !tileFits {
		tile = mended
	}
	w.grow(number, tile)
	return nil
}

// accuse reports every place where record and tile differ or where there is no record; neighbours are named together.
func (w *walk) accuse(number int64, met []meeting, tile, mended []byte, record, leaf bool) {
	first := number * wide
	differ := func(k int) bool {
		return met[k].id != "" && tile != nil && !bytes.Equal(tile[k*tlog.HashSize:(k+1)*tlog.HashSize], mended[k*tlog.HashSize:(k+1)*tlog.HashSize])
	}
	runs(len(met), func(k int) bool { return met[k].id == "" }, func(from, to int) {
		row := placeRow(first+int64(from), first+int64(to))
		w.report.add("ledger_record", row, w.around(met, from), "the record at %s is gone", row)
	})
	if leaf {
		runs(len(met), differ, func(from, to int) {
			w.report.add("ledger_tile", tileRow(w.head.epoch, place{0, number}), w.around(met, from), "the hash of the record at %s was changed",
				placeRow(first+int64(from), first+int64(to)))
		})
	}
	for k, m := range met {
		if differ(k) && (record || !leaf) {
			w.report.add("ledger_record", m.id, m.time(), "it is not the record that was placed at %d", first+int64(k))
		}
	}
}

// runs calls see with the first and the last of all neighbours for which is holds.
func runs(n int, is func(int) bool, see func(from, to int)) {
	for from := 0; from < n; from++ {
		if !is(from) {
			continue
		}
		to := from
		for to+1 < n && is(to+1) {
			to++
		}
		see(from, to)
		from = to
	}
}

// around is the time of a record or, if it is missing, of its nearest neighbour.
func (w *walk) around(met []meeting, k int) time.Time {
	for d := range len(met) + 1 {
		if k-d >= 0 && k-d < len(met) && met[k-d].at != 0 {
			return met[k-d].time()
		}
		if k+d < len(met) && met[k+d].at != 0 {
			return met[k+d].time()
		}
	}
	return w.last
}

func (w *walk) newest(met []meeting) time.Time { return w.around(met, len(met)) }

// fits tells which of two versions of a tile the tree above it demands: the entry in the tile above if it is full, else
// the signed root.
func (w *walk) fits(ctx context.Context, number int64, a, b []byte) (bool, bool, error) {
	var want tlog.Hash
	var of func(data []byte) tlog.Hash
	if max(len(a), len(b)) == full {
		parent := place{1, number / wide}
		found, err := selectTiles(ctx, w.tx, w.head.epoch, []place{parent})
		if err != nil {
			return false, false, err
		}
		at := int(number % wide * tlog.HashSize)
		if len(found[parent]) < at+tlog.HashSize {
			return false, false, nil
		}
		want = tlog.Hash(found[parent][at:])
		of = func(data []byte) tlog.Hash { return hashAll(data, w.edge.scratch) }
	} else {
		if !w.head.ok {
			return false, false, nil
		}
		want = w.head.Root
		of = func(data []byte) tlog.Hash {
			e := edge{tiles: append([][]byte{data}, w.edge.tiles[min(1, len(w.edge.tiles)):]...), scratch: w.edge.scratch}
			return e.root()
		}
	}
	return len(a) > 0 && of(a) == want, len(b) > 0 && of(b) == want, nil
}

// grow adds a tile of leaves to the tree.
func (w *walk) grow(number int64, data []byte) {
	w.edge.addTile(bytes.Clone(data), func(p place, data []byte) { w.upper[p] = data })
}

// above compares the tiles above the leaves with those that the leaves give.
func (w *walk) above(ctx context.Context) error {
	for _, p := range border(w.edge.size) {
		if p.level > 0 {
			w.upper[p] = w.edge.tiles[p.level]
		}
	}
	err := eachUpperTile(ctx, w.tx, w.head.epoch, func(t *rawTile) {
		p := place{t.level.n, t.number.n}
		want, ok := w.upper[p]
		if !ok {
			return // strayTiles finds it
		}
		w.tiles++
		delete(w.upper, p)
		if !bytes.Equal(want, t.data.raw()) {
			w.report.add("ledger_tile", tileRow(w.head.epoch, p), w.last, "the tile is not the one that the leaves below it give")
		}
	})
	for p := range w.upper {
		w.report.add("ledger_tile", tileRow(w.head.epoch, p), w.last, "the tile is missing")
	}
	return err
}
