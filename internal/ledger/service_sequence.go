package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const (
	batchMost = 1024        // records of one step: other writers wait for its transaction
	pace      = time.Second // a step at least this often
)

// errBroken marks findings after which nothing may be added to the tree.
var errBroken = errors.New("the tree is broken")

// poke wakes the sequencer. It never waits.
func (l *Ledger) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run sequences until ctx ends: soon after a record was written, but no more than twice a second, and every second in
// case another instance wrote one.
func (l *Ledger) Run(ctx context.Context) error {
	tick := time.NewTimer(pace)
	defer tick.Stop()
	for turn := 1; ; turn++ {
		l.drain(ctx)
		if turn%int(Promise/pace) == 0 {
			l.alarm(ctx)
		}
		if !rest(ctx, tick, nil) || !rest(ctx, tick, l.wake) {
			return nil
		}
	}
}

// drain sequences until nothing waits.
func (l *Ledger) drain(ctx context.Context) {
	for {
		n, err := l.Sequence(ctx)
		if err != nil && ctx.Err() == nil {
			l.log.ErrorContext(ctx, "ledger sequencer", "error", err.Error())
		}
		if err != nil || n < batchMost {
			return
		}
	}
}

// rest waits for half a pace or for wake. It reports false when ctx has ended.
func rest(ctx context.Context, tick *time.Timer, wake <-chan struct{}) bool {
	tick.Reset(pace / 2)
	select {
	case <-ctx.Done():
		return false
	case <-tick.C:
	case <-wake:
	}
	return true
}

// alarm tells the operator of promises that are not kept.
func (l *Ledger) alarm(ctx context.Context) {
	late, err := l.Overdue(ctx)
	if err == nil && late.Records > 0 {
		l.log.ErrorContext(ctx, "ledger promise missed", "records", late.Records, "oldest", late.Oldest)
	}
}

// Backlog says how many records wait, and since when the oldest does.
type Backlog struct {
	Records int64
	Oldest  time.Time
}

// Overdue returns the records that should be in the tree by their promise and are not.
func (l *Ledger) Overdue(ctx context.Context) (Backlog, error) {
	return selectOverdue(ctx, l.db, l.db.Clock().Now().Add(-Promise))
}

// Sequence does one step: it takes records that wait, gives them their positions, and signs the new head, all in one
// transaction. After it the head lies in HeadFile too. It returns how many records it placed. Another instance doing
// the same waits for the lock on the head and finds nothing left.
func (l *Ledger) Sequence(ctx context.Context) (int, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	if err := l.Health(); err != nil {
		return 0, err
	}
	var placed int
	var now head
	err := l.db.DoLocked(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		placed, now, err = l.step(ctx, tx)
		return err
	})
	if errors.Is(err, errBroken) {
		l.refuse(ctx, err)
	}
	if err != nil {
		return 0, fmt.Errorf("sequence: %w", err)
	}
	return placed, l.file(now.checkpoint)
}

func (l *Ledger) step(ctx context.Context, tx *db.Tx) (int, head, error) {
	h, err := selectHead(ctx, tx, tx.ForUpdate())
	if err != nil {
		if errors.Is(err, db.ErrNone) {
			err = fmt.Errorf("%w: its head is gone", errBroken)
		}
		return 0, h, err
	}
	batch, err := selectWaiting(ctx, tx, batchMost)
	if err != nil {
		return 0, h, err
	}
	if len(batch) == 0 && signedNow(h.checkpoint, nameIn(l.opts.Name, h.epoch), l.key) {
		return 0, h, nil
	}
	h, err = l.grow(ctx, tx, h, order(batch))
	return len(batch), h, err
}

// order brings a batch into the order of time, with a person's records in the order of their numbers even where two
// clocks disagreed.
func order(batch []waiting) []waiting {
	slices.SortFunc(batch, func(a, b waiting) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.seq, b.seq), cmp.Compare(a.id, b.id))
	})
	slots := make(map[string][]int)
	for i, w := range batch {
		if w.subject != "" {
			slots[w.subject] = append(slots[w.subject], i)
		}
	}
	for _, at := range slots {
		if slices.IsSortedFunc(at, func(a, b int) int { return cmp.Compare(batch[a].seq, batch[b].seq) }) {
			continue
		}
		own := make([]waiting, len(at))
		for i, slot := range at {
			own[i] = batch[slot]
		}
		slices.SortFunc(own, func(a, b waiting) int { return cmp.Compare(a.seq, b.seq) })
		for i, slot := range at {
			batch[slot] = own[i]
		}
	}
	return batch
}

// grow appends the batch to the tree: positions, tiles, and a head that is signed before anyone can see it.
func (l *Ledger) grow(ctx context.Context, tx *db.Tx, h head, batch []waiting) (head, error) {
	e, err := l.border(ctx, tx, h)
	if err != nil {
		return h, err
	}
	if err := updatePositions(ctx, tx, h.epoch, h.size, batch); err != nil {
		return h, fmt.Errorf("positions: %w", err)
	}
	var fail error
	write := func(p place, data []byte) {
		if fail == nil {
			fail = upsertTile(ctx, tx, h.epoch, p, data)
		}
	}
	for _, w := range batch {
		if err := ours(l.mac, w.leaf, w.mark); err != nil {
			return h, fmt.Errorf("%w: record %s, waiting since %s: %w", errBroken, w.id, time.UnixMicro(w.time).UTC().Format(stamp), err)
		}
		e.add(hashLeaf(w.leaf), write)
	}
	if len(batch) > 0 {
		for _, p := range border(e.size) {
			write(p, e.tiles[p.level])
		}
	}
	if fail != nil {
		return h, fmt.Errorf("tiles: %w", fail)
	}
	c := Checkpoint{Name: nameIn(l.opts.Name, h.epoch), Size: e.size, Root: e.root()}
	signed, err := c.sign(l.key)
	if err != nil {
		return h, err
	}
	h = head{h.epoch, c.Size, c.Root[:], signed}
	return h, updateHead(ctx, tx, h)
}

// border reads the unfinished tiles of the tree and checks that they, the head and its signature belong together.
func (l *Ledger) border(ctx context.Context, q db.Querier, h head) (*edge, error) {
	c, err := openOwn(h.checkpoint, l.key)
	if err != nil {
		return nil, fmt.Errorf("%w: head: %w", errBroken, err)
	}
	if c.Name != nameIn(l.opts.Name, h.epoch) || c.Size != h.size || !bytes.Equal(c.Root[:], h.root) {
		return nil, fmt.Errorf("%w: the head is not the one that was signed", errBroken)
	}
	found, err := selectTiles(ctx, q, h.epoch, border(h.size))
	if err != nil {
		return nil, err
	}
	e, err := newEdge(h.size, found)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if e.root() != c.Root {
		return nil, fmt.Errorf("%w: the last tiles do not give the signed root", errBroken)
	}
	return e, nil
}

// readHead reads the signed head outside the database; empty if there is none.
func readHead(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("head file: %w", err)
	}
	return string(text), nil
}

// rolledBack compares the head with the one outside the database: a database of last night is older than it.
func (l *Ledger) rolledBack(ctx context.Context, h head, filed string) error {
	if filed == "" {
		return nil
	}
	c, err := openOwn(filed, l.key)
	switch {
	case err != nil && l.stranger(filed):
		return fault.Wrap(fault.Invalid, "ledger.error.other_head", err, "File", l.opts.HeadFile)
	case err != nil:
		return fmt.Errorf("%w: %s: %w", errBroken, l.opts.HeadFile, err)
	}
	return l.descends(ctx, l.db, h, c)
}

// stranger reports whether a checkpoint names a key that this ledger never had.
func (l *Ledger) stranger(signed string) bool {
	name := nameOf(signed)
	hash, ok := namedKey(signed, name)
	return ok && !slices.ContainsFunc(l.key.Publics(), func(public []byte) bool { return noteHash(name, public) == hash })
}

// descends checks that the tree of h continues the checkpoint c.
func (l *Ledger) descends(ctx context.Context, q db.Querier, h head, c Checkpoint) error {
	epochs, err := selectEpochs(ctx, q)
	if err != nil {
		return err
	}
	for _, old := range append(epochs, h) {
		if c.Name != nameIn(l.opts.Name, old.epoch) {
			continue
		}
		if c.Size > old.size {
			return fmt.Errorf("%w: the database ends at record %d, but a head of %d records was signed", errBroken, old.size, c.Size)
		}
		root, err := tlog.TreeHash(c.Size, tiles(ctx, q, old.epoch))
		if err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
		if root != c.Root {
			return fmt.Errorf("%w: the first %d records are not those that were signed", errBroken, c.Size)
		}
		return nil
	}
	return fmt.Errorf("%w: a head of the log %q was signed, which this database does not know", errBroken, c.Name)
}

// file puts the checkpoint into HeadFile: written beside it, made durable, then exchanged in one go.
func (l *Ledger) file(checkpoint string) error {
	if l.opts.HeadFile == "" || checkpoint == l.filed {
		return nil
	}
	if err := replace(l.opts.HeadFile, []byte(checkpoint)); err != nil {
		return fmt.Errorf("head file: %w", err)
	}
	l.filed = checkpoint
	return nil
}

func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
