package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// VerifyOptions say what a database is checked against.
type VerifyOptions struct {
	Key      keys.Signer // the node's ledger key; older keys of the set count too
	MAC      keys.MAC    // the key that marks the node's own records; nil: an inserted record that waits is not recognised
	Public   []byte      // instead of Key: the raw public key
	NoPages  bool        // do not have SQLite compare its indexes with its tables, which takes as long as all the rest
	HeadFile string      // the signed head outside the database
	Head     string      // a signed checkpoint got elsewhere, from a witness or an older evidence pack
	Name     string      // of the log; empty: whatever the head says
}

// Verify checks the whole ledger of this node, and what it finds makes the node stop writing.
func (l *Ledger) Verify(ctx context.Context) (Report, error) {
	r, err := Verify(ctx, l.db, VerifyOptions{Key: l.key, MAC: l.mac, HeadFile: l.opts.HeadFile, Name: l.opts.Name, NoPages: true})
	if err == nil && !r.OK {
		p := r.Problems[0]
		l.refuse(ctx, fmt.Errorf("%w: %s %s: %s", errBroken, p.Table, p.Row, p.What))
	}
	return r, err
}

// Verify reads every ledger table of a database in full, in one unchanging view and with bounded memory: every body
// against its leaf, every column against its body, every leaf against the tree, the tree against the signed head, every
// person's chain, and every missing body against its record of erasure.
func Verify(ctx context.Context, d *db.DB, o VerifyOptions) (Report, error) {
	return newVerification(o).verify(ctx, d)
}

func newVerification(o VerifyOptions) *verification {
	report := newReport()
	return &verification{o: o, report: report, row: newRawRecord(), persons: newPersons(report), shade: shade{days: map[string]clock.Date{}}}
}

func (v *verification) verify(ctx context.Context, d *db.DB) (Report, error) {
	var err error
	if v.filed, err = readHead(v.o.HeadFile); err != nil { // before the view is taken: it is never ahead of it
		return Report{}, fmt.Errorf("verify ledger: %w", err)
	}
	if err := d.Read(ctx, v.run); err != nil {
		return Report{}, fmt.Errorf("verify ledger: %w", err)
	}
	for i, p := range v.report.Problems {
		if p.Time.IsZero() && (p.Table == "ledger_head" || p.Table == "ledger_epoch") {
			v.report.Problems[i].Time = v.last // a head is as old as its newest record
		}
	}
	v.remarks()
	return v.report.done(), nil
}

// verification is one run over a database.
type verification struct {
	o       VerifyOptions
	report  *Report
	row     *rawRecord
	persons *persons
	shade   shade
	heads   []signedHead // by epoch, as far as they could be read
	filed   string       // what HeadFile held before the view was taken
	last    time.Time    // of the newest record in the tree
	placed  int64        // records found in trees
	tiles   int64        // tiles found in trees
}

// signedHead is the head of an epoch with what its signature says. A head that cannot be believed has ok unset.
type signedHead struct {
	epoch      int64
	checkpoint string
	Checkpoint
	ok bool
}

func (v *verification) run(ctx context.Context, tx *db.Tx) error {
	steps := []func(context.Context, *db.Tx) error{
		v.readHeads, v.trees, v.waiting, v.chains, v.strays, v.strayTiles, v.file, v.outside,
	}
	for _, step := range steps {
		if err := step(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// readHeads checks signatures and columns of the heads: one per epoch, ascending, all of one log.
func (v *verification) readHeads(ctx context.Context, tx *db.Tx) error {
	now, old, err := selectRawHeads(ctx, tx)
	if err != nil {
		return err
	}
	n, err := countRecords(ctx, tx)
	if err != nil {
		return err
	}
	for _, h := range old {
		v.head("ledger_epoch", h, n)
	}
	if len(now) == 0 {
		v.report.add("ledger_head", "1", time.Time{}, "the head is missing")
		epoch, size, err := selectEnd(ctx, tx)
		if err != nil {
			return err
		}
		if v.sizeOf(epoch) == 0 {
			v.heads = append(v.heads, signedHead{epoch: epoch, Checkpoint: Checkpoint{Size: min(size, n)}})
		}
	}
	for _, h := range now {
		v.head("ledger_head", h, n)
	}
	return nil
}

// head believes only what is signed, the number of the epoch too, which is part of the log's name. Of a head whose
// signature does not hold it takes the size as far as there are records, so that the rest can be looked at all the same.
func (v *verification) head(table string, h rawHead, records int64) {
	row, text := fmt.Sprint(h.epoch.n), h.checkpoint.text()
	c, err := v.open(text)
	if err != nil {
		v.report.add(table, row, time.Time{}, "the signature of the checkpoint does not hold: %v", err)
		v.heads = append(v.heads, signedHead{epoch: h.epoch.n, checkpoint: text, Checkpoint: Checkpoint{Size: min(h.size.n, records)}})
		return
	}
	if v.o.Name == "" {
		v.o.Name = baseOf(c.Name, h.epoch.n)
	}
	v.report.Name = c.Name
	epoch, known := epochIn(v.o.Name, c.Name)
	switch {
	case !known || epoch != h.epoch.n || h.epoch.kind != 'n':
		v.report.add(table, row, time.Time{}, "epoch %s has the checkpoint of the log %q", row, c.Name)
	case c.Size != h.size.n || h.size.kind != 'n' || !bytes.Equal(c.Root[:], h.root.raw()):
		v.report.add(table, row, time.Time{}, "size or root are not those that were signed")
	}
	if slices.ContainsFunc(v.heads, func(before signedHead) bool { return before.epoch >= epoch }) {
		v.report.add(table, row, time.Time{}, "epoch %d is there already", epoch)
		return
	}
	v.heads = append(v.heads, signedHead{epoch, text, c, true})
}

// sizeOf is the size of an epoch's tree; 0 if there is no such epoch.
func (v *verification) sizeOf(epoch int64) int64 {
	for _, h := range v.heads {
		if h.epoch == epoch {
			return h.Size
		}
	}
	return 0
}

func (v *verification) open(text string) (Checkpoint, error) {
	switch {
	case v.o.Key != nil:
		return openOwn(text, v.o.Key)
	case v.o.Public != nil:
		return OpenCheckpoint(text, v.o.Public)
	}
	return Checkpoint{}, errors.New("there is no key to check it with")
}

// trees checks the records and tiles of every epoch.
func (v *verification) trees(ctx context.Context, tx *db.Tx) error {
	for i, h := range v.heads {
		w := &walk{verification: v, tx: tx, head: h, edge: &edge{scratch: make([]byte, 0, full)}, upper: map[place][]byte{}}
		if i > 0 {
			w.closed = v.heads[i-1].checkpoint
		}
		if err := w.run(ctx); err != nil {
			return err
		}
		v.report.Size += max(0, h.Size)
	}
	return nil
}

// erasures looks up the records that account for missing bodies.
func (v *verification) erasures(ctx context.Context, tx *db.Tx, list []gone) error {
	var known string
	var body []byte
	for _, g := range list {
		v.report.Erased++
		if g.erasure != known || body == nil {
			var err error
			if body, err = selectBody(ctx, tx, g.erasure); err != nil && !errors.Is(err, db.ErrNone) {
				return err
			}
			known = g.erasure
		}
		if what := g.covers(body); what != "" {
			v.report.add("ledger_record", g.id, time.Time{}, "%s", what)
		}
	}
	return nil
}

// waiting checks the records that have no position.
func (v *verification) waiting(ctx context.Context, tx *db.Tx) error {
	err := v.row.eachWaiting(ctx, tx, func() {
		v.report.Waiting++
		if what := v.row.check(v.o.MAC); what != "" {
			v.report.add("ledger_record", v.row.id.text(), v.row.since(), "%s", what)
		}
		if v.row.epoch.n != 0 || v.row.epoch.kind != 'n' || len(v.row.body.raw()) == 0 {
			v.report.add("ledger_record", v.row.id.text(), v.row.since(), "it has lost its position")
		}
		v.persons.see(v.row)
		v.shade.see(v.row)
	})
	if err != nil {
		return err
	}
	return v.openings(ctx, tx)
}

// chains checks the sequences of persons that one pass could not hold.
func (v *verification) chains(ctx context.Context, tx *db.Tx) error {
	if !v.persons.more {
		return nil
	}
	l := late{persons: v.persons}
	return v.row.eachLinked(ctx, tx, func() { l.see(v.row) })
}

// strays finds records that claim a place outside the trees.
func (v *verification) strays(ctx context.Context, tx *db.Tx) error {
	n, err := countRecords(ctx, tx)
	if err != nil || n == v.placed+v.report.Waiting {
		return err
	}
	see := func() {
		v.report.add("ledger_record", v.row.id.text(), v.row.since(), "it claims place %d in epoch %d, which the signed tree does not have",
			v.row.position.n, v.row.epoch.n)
	}
	for _, h := range v.heads {
		if err := v.row.eachStray(ctx, tx, h.epoch, h.Size, see); err != nil {
			return err
		}
	}
	return v.row.eachPlacedAnywhere(ctx, tx, func() {
		if !slices.ContainsFunc(v.heads, func(h signedHead) bool { return h.epoch == v.row.epoch.n }) {
			see()
		}
	})
}

// strayTiles finds tiles that belong to no tree.
func (v *verification) strayTiles(ctx context.Context, tx *db.Tx) error {
	n, err := countTiles(ctx, tx)
	if err != nil || n == v.tiles {
		return err
	}
	return eachTile(ctx, tx, func(t *rawTile) {
		if !belongs(v.sizeOf(t.epoch.n), place{t.level.n, t.number.n}) {
			v.report.add("ledger_tile", tileRow(t.epoch.n, place{t.level.n, t.number.n}), v.last, "the tree has no such tile")
		}
	})
}

// belongs reports whether a tree of this size has the tile.
func belongs(size int64, p place) bool {
	if p.level < 0 || p.level > 7 || p.number < 0 {
		return false
	}
	return size>>(height*p.level) > p.number*wide
}

func tileRow(epoch int64, p place) string { return fmt.Sprintf("%d/%d/%d", epoch, p.level, p.number) }

// file asks SQLite about its pages.
func (v *verification) file(ctx context.Context, tx *db.Tx) error {
	if v.o.NoPages {
		return nil
	}
	return eachFileFault(ctx, tx, func(table, fault string) { v.report.add(table, "file", time.Time{}, "%s", fault) })
}

// outside compares the tree with the heads that lie outside the database.
func (v *verification) outside(ctx context.Context, tx *db.Tx) error {
	if v.o.HeadFile != "" && v.filed == "" && v.report.Size > 0 {
		v.report.add("head file", v.o.HeadFile, v.last, "the signed head outside the database is missing")
	}
	if v.filed != "" {
		if err := v.descends(ctx, tx, "head file", v.filed); err != nil {
			return err
		}
	}
	if v.o.Head != "" {
		return v.descends(ctx, tx, "given head", v.o.Head)
	}
	return nil
}

// descends checks that the tree continues a checkpoint that was signed at another time.
func (v *verification) descends(ctx context.Context, tx *db.Tx, which, signed string) error {
	c, err := v.open(signed)
	if err != nil {
		v.report.add(which, "", v.last, "its signature does not hold: %v", err)
		return nil
	}
	for _, h := range v.heads {
		if !h.ok || h.Name != c.Name {
			continue
		}
		if c.Size > h.Size {
			v.report.add(which, c.Name, v.last, "it was signed for %d records, the database ends at %d: the database is older", c.Size, h.Size)
			return nil
		}
		root, err := tlog.TreeHash(c.Size, tiles(ctx, tx, h.epoch))
		if err != nil || root != c.Root {
			v.report.add(which, c.Name, v.last, "the first %d records are not those it was signed for", c.Size)
			return nil //nolint:nilerr // a tile that cannot be read is reported as such
		}
		if c.Size < h.Size {
			v.report.remark("the %s was signed for %d records, the database has %d: the %s is older, and the database continues it", which, c.Size, h.Size, which)
		}
		return nil
	}
	v.report.add(which, c.Name, v.last, "the database does not know this log")
	return nil
}

// remarks says what this check cannot know.
func (v *verification) remarks() {
	if v.o.HeadFile == "" && v.o.Head == "" {
		v.report.remark("no head outside the database was given: a database of last night would not be noticed")
	} else {
		v.report.remark("had the database and the head outside it both been replaced by those of last night, only a witness could tell")
	}
	if v.o.MAC == nil {
		v.report.remark("the node's key was not given: a waiting record slipped in from outside would not be noticed")
	}
	if n := v.shade.late(v.last); n > 0 {
		v.report.remark("%d hidden accesses should have been opened to their persons by now", n)
	}
	if v.report.Waiting > 0 {
		v.report.remark("records that wait for their place are held by the persons' chains and by receipts only")
	}
}
