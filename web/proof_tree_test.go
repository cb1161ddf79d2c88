package web_test

import (
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// treeVectors are the roots of a tree as it grew, consistency proofs between its sizes, and its tiles.
type treeVectors struct {
	Sizes  []int64             `json:"sizes"`
	Roots  map[int64][]byte    `json:"roots"`
	Proofs []consistencyVector `json:"proofs"`
	Tiles  map[string][]byte   `json:"tiles"` // the widest state of each, by its path without .p/W
}

type consistencyVector struct {
	From  int64    `json:"from"`
	To    int64    `json:"to"`
	Proof [][]byte `json:"proof"`
}

// treeOf makes the vectors for all pairs of sizes with x/mod's tlog, another implementation of RFC 6962.
func treeOf(t *testing.T, sizes []int64) treeVectors {
	t.Helper()
	v := treeVectors{sizes, map[int64][]byte{}, nil, nil}
	var stored hashes
	last := sizes[len(sizes)-1]
	for i := range last {
		add, err := tlog.StoredHashes(i, []byte{byte(i), byte(i >> 8), byte(i >> 16)}, stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, add...)
	}
	g := grown{t: t, stored: stored, size: last}
	for j, to := range sizes {
		root := g.root(to)
		v.Roots[to] = root[:]
		for _, from := range sizes[:j+1] {
			if from == 0 {
				continue // x/mod proves nothing of an empty tree
			}
			p, err := tlog.ProveTree(to, from, stored)
			if err != nil {
				t.Fatal(err)
			}
			c := consistencyVector{from, to, [][]byte{}}
			for _, h := range p {
				c.Proof = append(c.Proof, h[:])
			}
			v.Proofs = append(v.Proofs, c)
		}
	}
	v.Tiles = g.tiles()
	return v
}

func TestABrowserProvesThatATreeContinuesAnother(t *testing.T) {
	var all []int64
	for size := range int64(41) {
		all = append(all, size)
	}
	large := []int64{1, 128, 255, 256, 257, 300, 513, 4097, 65535, 65536, 65537, 66000}
	node(t, "islands/tree.test.mjs", written(t, treeOf(t, all)), written(t, treeOf(t, large)))
}
