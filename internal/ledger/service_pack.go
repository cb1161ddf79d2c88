package ledger

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Source adds another module's files to an evidence pack, such as "grants/ID.jws" or "letters/ID.html". An empty
// subject means everybody's.
type Source func(ctx context.Context, subject Subject, put func(name string, content []byte) error) error

// PackOf returns the evidence for all records of a person, and of each epoch after a restore the first record, which
// names the checkpoint it went on from: whoever kept a checkpoint of an earlier epoch can follow it.
func (l *Ledger) PackOf(ctx context.Context, subject Subject) (p Pack, err error) {
	if subject == "" {
		return p, fault.New(fault.NotFound, "ledger.error.record")
	}
	err = l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		heads, err := l.heads(ctx, tx)
		if err != nil {
			return err
		}
		b := newPacker(l, tx, heads)
		if err := b.restarts(ctx); err != nil {
			return err
		}
		for after := int64(0); ; {
			found, err := selectChain(ctx, tx, subject, after, page)
			if err != nil {
				return err
			}
			for _, s := range found {
				if err := b.add(ctx, s); err != nil {
					return err
				}
				after = s.seq
			}
			if err := b.addHidden(ctx, found); err != nil {
				return err
			}
			if len(found) < page {
				break
			}
		}
		p = b.pack()
		return nil
	})
	if err != nil {
		return Pack{}, fmt.Errorf("evidence of a person: %w", err)
	}
	return p, nil
}

const page = 500

// packer collects records by epoch and proves each; tiles are read once.
type packer struct {
	ledger *Ledger
	tx     *db.Tx
	heads  map[int64]head
	packs  map[int64]*Pack
	cache  map[int64]map[place][]byte
	waits  []PackRecord
}

func newPacker(l *Ledger, tx *db.Tx, heads map[int64]head) *packer {
	return &packer{l, tx, heads, map[int64]*Pack{}, map[int64]map[place][]byte{}, nil}
}

func (b *packer) add(ctx context.Context, s stored) error {
	if s.position < 0 {
		b.waits = append(b.waits, waitingRecord(s))
		return nil
	}
	h, ok := b.heads[s.epoch]
	if !ok || s.position >= h.size {
		return fmt.Errorf("record %s lies outside the tree", s.id)
	}
	proof, err := tlog.ProveRecord(h.size, s.position, b.tiles(ctx, s.epoch))
	if err != nil {
		return fmt.Errorf("proof of %s: %w", s.id, err)
	}
	p := b.packs[s.epoch]
	if p == nil {
		p = &Pack{}
		b.packs[s.epoch] = p
	}
	if len(s.body) == 0 {
		p.Erased = append(p.Erased, ErasedRecord{s.id, s.leaf, Subject(s.subject), s.seq, s.erasure, s.position, proofBytes(proof)})
		return nil
	}
	p.Records = append(p.Records, PackRecord{s.id, s.body, s.salt, s.position, proofBytes(proof)})
	return nil
}

// restarts adds the first record of every epoch after the first.
func (b *packer) restarts(ctx context.Context) error {
	for epoch := range b.heads {
		if epoch == 1 {
			continue
		}
		found, err := selectStretch(ctx, b.tx, epoch, 0, 1)
		if err != nil {
			return err
		}
		for _, s := range found {
			if err := b.add(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// addHidden adds the hidden records that some of the person's records have opened: with them the commitments can be checked.
func (b *packer) addHidden(ctx context.Context, found []stored) error {
	var ids []string
	for _, s := range found {
		if m, err := scanMembers(s.body); err == nil && len(m.opens) > 2 {
			ids = append(ids, string(m.opens[1:len(m.opens)-1]))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	hidden, err := selectWithBody(ctx, b.tx, ids)
	if err != nil {
		return err
	}
	for _, s := range hidden {
		if err := b.add(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

const cached = 512 // tiles, 4 MiB

// tiles reads hashes of an epoch's tree and keeps the tiles for the next proof.
func (b *packer) tiles(ctx context.Context, epoch int64) tlog.HashReader {
	return reader(func(names []place) (map[place][]byte, error) {
		have := b.cache[epoch]
		if have == nil || len(have) > cached {
			have = map[place][]byte{}
			b.cache[epoch] = have
		}
		lack := slices.DeleteFunc(slices.Clone(names), func(p place) bool { return have[p] != nil })
		found, err := selectTiles(ctx, b.tx, epoch, lack)
		for p, data := range found {
			have[p] = data
		}
		return have, err
	})
}

// pack returns the pack of the current epoch with those of earlier epochs in it, oldest first.
func (b *packer) pack() (out Pack) {
	epochs := make([]int64, 0, len(b.heads))
	for epoch := range b.heads {
		epochs = append(epochs, epoch)
	}
	slices.Sort(epochs)
	for i, epoch := range epochs {
		p := b.packs[epoch]
		if p == nil {
			p = &Pack{}
		}
		if p.Records == nil {
			p.Records = []PackRecord{}
		}
		p.Checkpoint, p.Key = b.heads[epoch].checkpoint, b.ledger.keyOf(b.heads[epoch].checkpoint)
		if i < len(epochs)-1 {
			out.Earlier = append(out.Earlier, *p)
			continue
		}
		earlier := out.Earlier
		out = *p
		out.Earlier, out.Waiting = earlier, b.waits
	}
	return out
}

// keyOf names the public key that a checkpoint of this node was signed with.
func (l *Ledger) keyOf(checkpoint string) PackKey {
	name := nameOf(checkpoint)
	hash, _ := namedKey(checkpoint, name)
	for _, public := range l.key.Publics() {
		if noteHash(name, public) == hash {
			return PackKey{name, public}
		}
	}
	return PackKey{name, l.key.Public()}
}

// Zip writes a person's evidence as a zip of the evidence folder: the ledger's part, then what the sources add.
// authorities are the raw public keys by authority.
func (l *Ledger) Zip(ctx context.Context, subject Subject, w io.Writer, authorities map[string][]byte, more ...Source) error {
	p, err := l.PackOf(ctx, subject)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	to := func(name string, content []byte) error {
		f, err := z.Create(name)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return err
	}
	if err := p.files(to, "", authorities); err != nil {
		return fmt.Errorf("evidence zip: %w", err)
	}
	for _, add := range more {
		if err := add(ctx, subject, to); err != nil {
			return fmt.Errorf("evidence zip: %w", err)
		}
	}
	return z.Close()
}

// WritePack writes the evidence of the whole ledger into a folder: checkpoint, tiles, keys.json and a file per record,
// earlier epochs below epochs/, then what the sources add. Somebody else's program can recompute all of it.
func (l *Ledger) WritePack(ctx context.Context, dir string, authorities map[string][]byte, more ...Source) error {
	to := func(name string, content []byte) error {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
			return err
		}
		return os.WriteFile(full, content, 0o640)
	}
	err := l.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error { return l.writeAll(ctx, tx, to, authorities) })
	for _, add := range more {
		if err == nil {
			err = add(ctx, "", to)
		}
	}
	if err != nil {
		return fmt.Errorf("evidence folder %s: %w", dir, err)
	}
	return nil
}

func (l *Ledger) writeAll(ctx context.Context, tx *db.Tx, to put, authorities map[string][]byte) error {
	old, err := selectEpochs(ctx, tx)
	if err != nil {
		return err
	}
	now, err := selectHead(ctx, tx, "")
	if err != nil {
		return err
	}
	for _, h := range append(old, now) {
		folder := ""
		if h.epoch != now.epoch {
			folder = path.Join("epochs", strconv.FormatInt(h.epoch, 10))
		}
		if err := l.writeEpoch(ctx, tx, to, folder, h, authorities); err != nil {
			return err
		}
	}
	return eachStoredWaiting(ctx, tx, func(s stored) error {
		return Pack{Waiting: []PackRecord{waitingRecord(s)}}.records(to, "")
	})
}

func waitingRecord(s stored) PackRecord {
	return PackRecord{ID: s.id, Body: s.body, Salt: s.salt, Index: -1, Proof: [][]byte{}}
}

func (l *Ledger) writeEpoch(ctx context.Context, tx *db.Tx, to put, folder string, h head, authorities map[string][]byte) error {
	if err := putHead(to, folder, h.checkpoint, l.keyOf(h.checkpoint), authorities); err != nil {
		return err
	}
	if err := l.writeTiles(ctx, tx, to, folder, h); err != nil {
		return err
	}
	b := newPacker(l, tx, map[int64]head{h.epoch: h})
	for from := int64(0); from < h.size; from += page {
		found, err := selectStretch(ctx, tx, h.epoch, from, min(h.size, from+page))
		if err != nil {
			return err
		}
		for _, s := range found {
			if err := b.add(ctx, s); err != nil {
				return err
			}
		}
		if p := b.packs[h.epoch]; p != nil {
			if err := p.records(to, folder); err != nil {
				return err
			}
			delete(b.packs, h.epoch)
		}
	}
	return nil
}

// writeTiles writes every tile under its C2SP path.
func (l *Ledger) writeTiles(ctx context.Context, tx *db.Tx, to put, folder string, h head) error {
	for level := 0; h.size>>(height*level) > 0; level++ {
		n := h.size >> (height * level)
		for first := int64(0); first*wide < n; first += mostTiles {
			var names []place
			for k := first; k < first+mostTiles && k*wide < n; k++ {
				names = append(names, place{int64(level), k})
			}
			found, err := selectTiles(ctx, tx, h.epoch, names)
			if err != nil {
				return err
			}
			for _, p := range names {
				w := int(min(wide, n-p.number*wide))
				if len(found[p]) != w*tlog.HashSize {
					return errors.Join(errBroken, errTile)
				}
				if err := to(path.Join(folder, tilePath(p, w)), found[p]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
