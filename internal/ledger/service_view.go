package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Item is a record of a person as the person sees it. Position is -1 while it waits for its place in the tree. Of an
// erased record only its number and its place are left.
type Item struct {
	Body
	Leaf     []byte
	Epoch    int64
	Position int64
	Erased   bool
}

// Included reports whether the record is in the tree.
func (i Item) Included() bool { return i.Position >= 0 }

// OfSubject returns a person's records, newest first. before is the SubjectSeq of the last item of the page before, 0
// for the first page.
func (l *Ledger) OfSubject(ctx context.Context, q db.Querier, subject Subject, before int64, limit int) ([]Item, error) {
	if before <= 0 {
		before = 1 << 62
	}
	found, err := selectOfSubject(ctx, q, subject, before, limit)
	if err != nil {
		return nil, fmt.Errorf("records of a person: %w", err)
	}
	items := make([]Item, 0, len(found))
	for _, s := range found {
		item, err := s.item()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func (s stored) item() (Item, error) {
	item := Item{Leaf: s.leaf, Epoch: s.epoch, Position: s.position, Erased: len(s.body) == 0}
	if item.Erased {
		item.ID, item.Subject, item.SubjectSeq = s.id, Subject(s.subject), s.seq
		return item, nil
	}
	var err error
	item.Body, err = ParseBody(s.body)
	return item, err
}

// Proof shows that a record is in the tree of a checkpoint: with the body and its salt, anybody can compute the root.
type Proof struct {
	ID         string
	Index      int64
	Hashes     []tlog.Hash // RFC 6962 inclusion proof, leaf upwards
	Checkpoint string      // signed note
}

// Proof returns the proof of a record: kind NotFound for an unknown id, Unavailable while it waits for its place.
func (l *Ledger) Proof(ctx context.Context, id string) (p Proof, err error) {
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		s, err := selectByID(ctx, tx, id)
		if errors.Is(err, db.ErrNone) {
			return fault.New(fault.NotFound, "ledger.error.record")
		}
		if err != nil {
			return err
		}
		heads, err := l.heads(ctx, tx)
		if err != nil {
			return err
		}
		p, err = proofOf(ctx, tx, heads, s)
		return err
	})
	return p, err
}

// heads returns the heads of all epochs by their number.
func (l *Ledger) heads(ctx context.Context, q db.Querier) (map[int64]head, error) {
	now, err := selectHead(ctx, q, "")
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	old, err := selectEpochs(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("epochs: %w", err)
	}
	all := make(map[int64]head, 1+len(old))
	for _, h := range append(old, now) {
		all[h.epoch] = h
	}
	return all, nil
}

func proofOf(ctx context.Context, q db.Querier, heads map[int64]head, s stored) (Proof, error) {
	h, ok := heads[s.epoch]
	if s.position < 0 {
		return Proof{}, fault.New(fault.Unavailable, "ledger.error.waiting")
	}
	if !ok || s.position >= h.size {
		return Proof{}, fmt.Errorf("record %s lies outside the tree", s.id)
	}
	hashes, err := tlog.ProveRecord(h.size, s.position, tiles(ctx, q, s.epoch))
	if err != nil {
		return Proof{}, fmt.Errorf("proof of %s: %w", s.id, err)
	}
	return Proof{s.id, s.position, hashes, h.checkpoint}, nil
}

// Checkpoint returns the signed head, as the address /checkpoint answers it (C2SP tlog-tiles).
func (l *Ledger) Checkpoint(ctx context.Context) (string, error) {
	h, err := selectHead(ctx, l.db, "")
	if err != nil {
		return "", fmt.Errorf("head: %w", err)
	}
	return h.checkpoint, nil
}

// Tile returns a tile of the current tree by its C2SP path, such as "tile/0/x001/067" or "tile/1/000.p/3", or of the
// tree with a number, as "epochs/1/tile/0/000": kind NotFound if the path is none or the tree has no such tile yet.
func (l *Ledger) Tile(ctx context.Context, path string) ([]byte, error) {
	epoch, rest := epochPath(path)
	p, n, ok := parseTilePath(rest)
	if !ok {
		return nil, fault.New(fault.NotFound, "ledger.error.tile")
	}
	if epoch == 0 {
		h, err := selectHead(ctx, l.db, "")
		if err != nil {
			return nil, fmt.Errorf("head: %w", err)
		}
		epoch = h.epoch
	}
	found, err := selectTiles(ctx, l.db, epoch, []place{p})
	if err != nil {
		return nil, fmt.Errorf("tile %s: %w", path, err)
	}
	if len(found[p]) < n*tlog.HashSize {
		return nil, fault.New(fault.NotFound, "ledger.error.tile")
	}
	return found[p][:n*tlog.HashSize], nil
}
