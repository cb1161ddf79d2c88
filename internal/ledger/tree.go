package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles have height 8 (C2SP tlog-tiles): up to 256 hashes, 8 KiB. Only the widest state of a tile is kept, because a
// narrower one is its beginning.
const (
	height = 8
	wide   = 1 << height
	full   = wide * tlog.HashSize
)

// place names a tile of one tree.
type place struct{ level, number int64 }

var errTile = errors.New("ledger: a tile has not the length its tree demands")

// hashLeaf is the RFC 6962 hash of a leaf: SHA-256(0x00 ‖ leaf data).
func hashLeaf(leaf []byte) tlog.Hash {
	if len(leaf) != sha256.Size {
		return tlog.RecordHash(leaf)
	}
	var b [1 + sha256.Size]byte
	copy(b[1:], leaf)
	return sha256.Sum256(b[:])
}

func hashNode(left, right []byte) tlog.Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left)
	copy(b[1+sha256.Size:], right)
	return sha256.Sum256(b[:])
}

// hashAll is the root over a power of two of hashes. It works in scratch, which must be as long as data.
func hashAll(data, scratch []byte) tlog.Hash {
	scratch = append(scratch[:0], data...)
	for n := len(scratch); n > tlog.HashSize; n /= 2 {
		for i := 0; i < n; i += 2 * tlog.HashSize {
			h := hashNode(scratch[i:i+tlog.HashSize], scratch[i+tlog.HashSize:i+2*tlog.HashSize])
			copy(scratch[i/2:], h[:])
		}
	}
	return tlog.Hash(scratch[:tlog.HashSize])
}

// edge is the right border of a tree: of each level the tile that is not full yet. It is all that appending needs.
type edge struct {
	size    int64
	tiles   [][]byte // by level; nil or shorter than full
	scratch []byte
}

// width is how many hashes the unfinished tile of a level holds in a tree of this size.
func width(size int64, level int) int { return int(size >> (height * level) % wide) }

// border lists the unfinished tiles of a tree.
func border(size int64) (out []place) {
	for level := 0; size>>(height*level) > 0; level++ {
		if width(size, level) > 0 {
			out = append(out, place{int64(level), size >> (height * level) / wide})
		}
	}
	return out
}

// newEdge takes the border's tiles as found in the database.
func newEdge(size int64, tiles map[place][]byte) (*edge, error) {
	e := &edge{size: size, scratch: make([]byte, 0, full)}
	for _, p := range border(size) {
		data := tiles[p]
		if len(data) != width(size, int(p.level))*tlog.HashSize {
			return nil, fmt.Errorf("%w: tile %d/%d holds %d bytes", errTile, p.level, p.number, len(data))
		}
		for len(e.tiles) <= int(p.level) {
			e.tiles = append(e.tiles, nil)
		}
		e.tiles[p.level] = data
	}
	return e, nil
}

// add appends a leaf hash. done is called with every tile that is full now; the tile is then the callee's.
func (e *edge) add(h tlog.Hash, done func(place, []byte)) {
	e.push(0, h, done)
	e.size++
}

// addTile appends the leaf hashes of a tile that follows full ones.
func (e *edge) addTile(data []byte, done func(place, []byte)) {
	if len(data) == full {
		e.push(1, hashAll(data, e.scratch), done)
	} else if len(e.tiles) == 0 {
		e.tiles = append(e.tiles, data)
	} else {
		e.tiles[0] = data
	}
	e.size += int64(len(data) / tlog.HashSize)
}

// push appends a hash to a level, and the hash of every tile that is full with it to the level above.
func (e *edge) push(level int, h tlog.Hash, done func(place, []byte)) {
	for ; ; level++ {
		for len(e.tiles) <= level {
			e.tiles = append(e.tiles, nil)
		}
		if e.tiles[level] == nil {
			e.tiles[level] = make([]byte, 0, full)
		}
		e.tiles[level] = append(e.tiles[level], h[:]...)
		if len(e.tiles[level]) < full {
			return
		}
		done(place{int64(level), e.size >> (height * level) / wide}, e.tiles[level])
		h = hashAll(e.tiles[level], e.scratch)
		e.tiles[level] = nil
	}
}

// root is the RFC 6962 hash of the tree: its complete subtrees, smallest first, folded into the larger ones.
func (e *edge) root() tlog.Hash {
	var acc tlog.Hash
	some := false
	for level := range e.tiles {
		data := e.tiles[level]
		for bit := 1; bit < wide; bit <<= 1 {
			n := len(data) / tlog.HashSize
			if n&bit == 0 {
				continue
			}
			sub := hashAll(data[(n-bit)*tlog.HashSize:], e.scratch)
			data = data[:(n-bit)*tlog.HashSize]
			if some {
				sub = hashNode(sub[:], acc[:])
			}
			acc, some = sub, true
		}
	}
	if !some {
		return sha256.Sum256(nil)
	}
	return acc
}

// tilesOf lists the tiles that hold the given hashes of a tree, each once, and indexes says which they are.
func tilesOf(indexes []int64) (out []place) {
	seen := map[place]bool{}
	for _, i := range indexes {
		t := tlog.TileForIndex(height, i)
		p := place{int64(t.L), t.N}
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// reader reads hashes from tiles; fetch gets those it names, in one go.
func reader(fetch func([]place) (map[place][]byte, error)) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		tiles, err := fetch(tilesOf(indexes))
		if err != nil {
			return nil, err
		}
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			t := tlog.TileForIndex(height, index)
			data := tiles[place{int64(t.L), t.N}]
			if len(data) < t.W*tlog.HashSize {
				return nil, fmt.Errorf("%w: tile %d/%d holds %d bytes", errTile, t.L, t.N, len(data))
			}
			if out[i], err = tlog.HashFromTile(t, data, index); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// tilePath is where C2SP tlog-tiles puts the first w hashes of a tile: x/mod's path without its height.
func tilePath(p place, w int) string {
	t := tlog.Tile{H: height, L: int(p.level), N: p.number, W: w}
	return "tile/" + strings.TrimPrefix(t.Path(), "tile/8/")
}

func parseTilePath(path string) (p place, w int, ok bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return p, 0, false
	}
	t, err := tlog.ParseTilePath("tile/8/" + rest)
	if err != nil || t.L < 0 || t.L > 63 || t.N < 0 {
		return p, 0, false
	}
	return place{int64(t.L), t.N}, t.W, true
}

// epochPath takes the number of the epoch off a path such as "epochs/2/tile/0/000"; 0 if it names none.
func epochPath(path string) (epoch int64, rest string) {
	below, ok := strings.CutPrefix(path, "epochs/")
	number, rest, _ := strings.Cut(below, "/")
	epoch, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || epoch < 1 || strconv.FormatInt(epoch, 10) != number {
		return 0, path
	}
	return epoch, rest
}

// placeRow names places in a tree, where there may be no record to name.
func placeRow(from, to int64) string {
	if from == to {
		return "place " + strconv.FormatInt(from, 10)
	}
	return "places " + strconv.FormatInt(from, 10) + " to " + strconv.FormatInt(to, 10)
}
