package ledger

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// outside holds the pack against a checkpoint got elsewhere: of the same log, the pack's tree must continue it (RFC 6962
// consistency proof); what a restart says was lost needs not.
func (v *fileCheck) outside() {
	if v.o.Head == "" {
		return
	}
	name := nameOf(v.o.Head)
	head, err := OpenCheckpoint(v.o.Head, v.keyFor(name))
	if err != nil {
		v.report.add("given head", name, time.Time{}, "its signature does not hold with the pack's key: %v", err)
		return
	}
	if newest := v.epochs[len(v.epochs)-1].Key; !bytes.Equal(newest.Public, v.keyFor(name)) {
		v.report.add("given head", name, time.Time{}, "it is signed with another key than %s", newest.Name)
		return
	}
	at := slices.IndexFunc(v.heads, func(c Checkpoint) bool { return c.Name == name })
	switch {
	case at >= 0 && head.Size <= v.heads[at].Size:
		if what := v.continues(head, v.heads[at]); what != "" {
			v.report.add("given head", name, time.Time{}, "%s", what)
		}
	case v.admits(head):
		v.report.remark("the given head is of %d records of %s, and the log says that records among them were lost at a restore", head.Size, name)
	case at < 0:
		v.report.add("given head", name, time.Time{}, "the pack holds nothing of this log")
	case at < len(v.heads)-1:
		v.report.add("given head", name, time.Time{}, "it was signed for %d records; this epoch ended with %d, and the next does not say that so many were lost", head.Size, v.heads[at].Size)
	default:
		v.report.add("given head", name, time.Time{}, "it was signed for %d records, the pack ends at %d: get a newer pack to compare them; if that is as short, records were taken back", head.Size, v.heads[at].Size)
	}
}

// keyFor is the key that a checkpoint of a log must be signed with.
func (v *fileCheck) keyFor(name string) []byte {
	switch {
	case v.o.Public != nil:
		return v.o.Public
	case v.logs[name] != nil:
		return v.logs[name]
	}
	return v.epochs[len(v.epochs)-1].Key.Public // of an epoch that was lost as a whole
}

// continues says what is wrong if the first records of a tree are not those of an older one.
func (v *fileCheck) continues(head, now Checkpoint) string {
	switch {
	case head.Size == now.Size && head.Root == now.Root:
		return ""
	case head.Size == now.Size:
		return fmt.Sprintf("both are of %d records, but not of the same", now.Size)
	case head.Size == 0 && head.Root == newTree("").Root:
		return ""
	case v.trees[now.Name] == nil && v.o.Tile == nil:
		return fmt.Sprintf("it was signed for %d records and the pack is of %d; without tiles they cannot be compared", head.Size, now.Size)
	}
	proof, err := tlog.ProveTree(now.Size, head.Size, reader(v.fetch(now)))
	if err != nil {
		return fmt.Sprintf("it was signed for %d records, and the tiles to compare them could not be had: %v", head.Size, err)
	}
	if tlog.CheckTree(proof, now.Size, now.Root, head.Size, head.Root) != nil {
		return fmt.Sprintf("the first %d records are not those it was signed for", head.Size)
	}
	return ""
}

// fetch reads tiles of a tree: those of the pack, or else from where the log shows them.
func (v *fileCheck) fetch(now Checkpoint) func([]place) (map[place][]byte, error) {
	return func(names []place) (map[place][]byte, error) {
		if tiles := v.trees[now.Name]; tiles != nil {
			return tiles, nil
		}
		_, epoch := numberIn(now.Name)
		tiles := map[place][]byte{}
		for _, p := range names {
			w := min(wide, now.Size>>(height*p.level)-p.number*wide)
			b, err := v.o.Tile(fmt.Sprintf("epochs/%d/%s", epoch, tilePath(p, int(w))))
			if err != nil {
				return nil, err
			}
			tiles[p] = b
		}
		return tiles, nil
	}
}

// admits reports whether the first record of an epoch says that what lay behind an older state was lost.
func (v *fileCheck) admits(head Checkpoint) bool {
	_, then := numberIn(head.Name)
	for i, e := range v.epochs {
		b, ok := e.restart()
		text, _, signed := strings.Cut(b.More[moreLast], "\n\n")
		last, err := parseCheckpoint(text + "\n")
		if i == 0 || !ok || !signed || err != nil {
			continue
		}
		base, now := numberIn(e.Key.Name)
		_, before := numberIn(v.epochs[i-1].Key.Name)
		lastBase, known := numberIn(last.Name)
		if lastBase != base || nameIn(base, then) != head.Name || then < before || then >= now {
			continue
		}
		if known > then || known == then && (last.Size > head.Size || last.Size == head.Size && last.Root == head.Root) {
			return true
		}
	}
	return false
}
