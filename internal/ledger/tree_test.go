package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// grown is a tree of ours beside one that x/mod keeps.
type grown struct {
	edge   *edge
	tiles  map[place][]byte
	hashes []tlog.Hash // x/mod's storage
}

func (g *grown) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = g.hashes[at]
	}
	return out, nil
}

// add appends n leaves in one step, as the sequencer does.
func (g *grown) add(t interface{ Fatal(...any) }, n int) {
	e, err := newEdge(g.edge.size, g.tiles)
	if err != nil {
		t.Fatal(err)
	}
	g.tiles = maps.Clone(g.tiles)
	for range n {
		leaf := leafOf([]byte("salt"), fmt.Append(nil, e.size))
		more, err := tlog.StoredHashes(e.size, leaf[:], g)
		if err != nil {
			t.Fatal(err)
		}
		g.hashes = append(g.hashes, more...)
		e.add(hashLeaf(leaf[:]), func(p place, data []byte) { g.tiles[p] = bytes.Clone(data) })
	}
	for _, p := range border(e.size) {
		g.tiles[p] = bytes.Clone(e.tiles[p.level])
	}
	g.edge = e
}

func newGrown() *grown {
	return &grown{edge: &edge{scratch: make([]byte, 0, full)}, tiles: map[place][]byte{}}
}

func (g *grown) reader() tlog.HashReader {
	return reader(func(names []place) (map[place][]byte, error) { return g.tiles, nil })
}

func TestTheTreeIsTheOneOfRFC6962(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGrown()
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 700), 1, 5).Draw(t, "steps") {
			g.add(t, n)
			want, err := tlog.TreeHash(g.edge.size, g)
			if err != nil {
				t.Fatal(err)
			}
			if got := g.edge.root(); got != want {
				t.Fatalf("root of %d records: got %s, want %s", g.edge.size, got, want)
			}
		}
		if g.edge.size == 0 {
			return
		}
		n := rapid.Int64Range(0, g.edge.size-1).Draw(t, "record")
		leaf := leafOf([]byte("salt"), fmt.Append(nil, n))
		proof, err := tlog.ProveRecord(g.edge.size, n, g.reader())
		if err != nil {
			t.Fatal(err)
		}
		root := g.edge.root()
		if err := tlog.CheckRecord(proof, g.edge.size, root, n, tlog.RecordHash(leaf[:])); err != nil {
			t.Fatal(err)
		}
		other := leafOf([]byte("salt"), []byte("another"))
		if tlog.CheckRecord(proof, g.edge.size, root, n, tlog.RecordHash(other[:])) == nil {
			t.Fatal("another record passes with the same proof")
		}
		old := rapid.Int64Range(1, g.edge.size).Draw(t, "old size")
		before, err := tlog.TreeHash(old, g.reader())
		want, _ := tlog.TreeHash(old, g)
		if err != nil || before != want {
			t.Fatalf("root of the first %d: got %s (%v), want %s", old, before, err, want)
		}
	})
}

func TestLargeTreesHaveThreeLevelsOfTiles(t *testing.T) {
	g := newGrown()
	for range 3 {
		g.add(t, wide*wide/2)
	}
	g.add(t, 77)
	want, err := tlog.TreeHash(g.edge.size, g)
	if got := g.edge.root(); err != nil || got != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
	if len(g.tiles[place{2, 0}]) != tlog.HashSize || len(g.tiles[place{1, 0}]) != full {
		t.Error("the upper tiles are not where they belong")
	}
	again, err := newEdge(g.edge.size, g.tiles)
	if err != nil || again.root() != want {
		t.Errorf("the border read back gives another root: %v", err)
	}
	short := maps.Clone(g.tiles)
	short[place{0, g.edge.size / wide}] = short[place{0, g.edge.size / wide}][:32]
	if _, err := newEdge(g.edge.size, short); err == nil {
		t.Error("a tile that lacks hashes passes")
	}
}

func TestTilePathsAreThoseOfC2SP(t *testing.T) {
	for path, want := range map[string]struct {
		place
		w int
	}{
		"tile/0/000":           {place{0, 0}, 256},
		"tile/1/x001/067":      {place{1, 1067}, 256},
		"tile/0/x001/x234/067": {place{0, 1234067}, 256},
		"tile/2/000.p/3":       {place{2, 0}, 3},
	} {
		p, w, ok := parseTilePath(path)
		if !ok || p != want.place || w != want.w {
			t.Errorf("%s: got %v %d %v", path, p, w, ok)
		}
		if got := tilePath(want.place, want.w); got != path {
			t.Errorf("got %s, want %s", got, path)
		}
	}
	for _, path := range []string{"", "tile/", "tile/0/1", "tile/0/000.p/256", "tile/0/000.p/0", "tile/data/000", "tile/-1/000", "tile/64/000", "tile/0/../../etc", "tile/8/0/000"} {
		if p, w, ok := parseTilePath(path); ok {
			t.Errorf("%q passes as %v %d", path, p, w)
		}
	}
}

// entries draws entries with every kind of text.
func entries(t *rapid.T) Entry {
	text := rapid.String()
	return Entry{
		Kind: rapid.SampledFrom([]Kind{Access, Decision, Notice}).Draw(t, "kind"), Authority: text.Draw(t, "authority"), Unit: text.Draw(t, "unit"),
		Role: text.Draw(t, "role"), Actor: text.Draw(t, "actor"), OnBehalf: text.Draw(t, "on behalf"), Subject: Subject(text.Draw(t, "subject")),
		Reader: text.Draw(t, "reader"), Fields: rapid.SliceOf(text).Draw(t, "fields"), Purpose: text.Draw(t, "purpose"), Law: text.Draw(t, "law"),
		Basis: text.Draw(t, "basis"), Case: text.Draw(t, "case"), Reason: text.Draw(t, "reason"), Grant: text.Draw(t, "grant"),
		DeleteOn: clock.Date{Y: 2032, M: 1, D: 1}, More: rapid.MapOf(text, text).Draw(t, "more"),
	}
}

func TestABodyIsCanonicalAndReadBackWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := entries(t)
		now := time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "now")).UTC()
		prev := bytes.Repeat([]byte{7}, 32)
		id := newID(now)
		b, err := e.body(nil, id, now, link{3, prev})
		if err != nil {
			t.Fatal(err)
		}
		if err := canon.Check(b); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		got, err := ParseBody(b)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != id || !got.Time.Equal(now) || got.Kind != e.Kind || got.Authority != e.Authority || got.Subject != e.Subject ||
			got.Reason != e.Reason || len(got.Fields) != len(e.Fields) || !maps.Equal(got.More, e.More) || got.DeleteOn != e.DeleteOn {
			t.Fatalf("wrote %+v, read %+v", e, got)
		}
		m, err := scanMembers(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if !is(m.id, id) || !is(m.authority, e.Authority) || !is(m.caseID, e.Case) || !is(m.subject, string(e.Subject)) || !is(m.kind, e.Kind) {
			t.Fatalf("scanned %s wrongly", b)
		}
		if e.Subject != "" && (m.seq() != 3 || !bytes.Equal(m.prev(), prev)) {
			t.Fatalf("scanned the link of %s wrongly", b)
		}
	})
}

func FuzzScanMembers(f *testing.F) {
	e := Entry{Kind: Access, Authority: "lindenfurt", Subject: "p", Purpose: "a \"quoted\" \\ text", Law: "§ 23a (1) BMG", Fields: []string{"a", "b"}, More: map[string]string{"k": "v"}}
	b, _ := e.body(nil, "id", time.UnixMicro(1), link{1, nil})
	f.Add(b)
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte(`{"a":[[[[[[[[[[[1]]]]]]]]]]]}`))
	f.Add([]byte(`{"a":"\`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := scanMembers(b)
		if err != nil || canon.Check(b) != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("%q passes and is no object: %v", b, err)
		}
		for key, got := range map[string][]byte{"authority": m.authority, "case": m.caseID, "id": m.id, "time": m.time, "subject": m.subject, "subject_seq": m.subjectSeq} {
			if !bytes.Equal(got, want[key]) {
				t.Fatalf("%q: %s is %q, want %q", b, key, got, want[key])
			}
		}
	})
}

func TestAPersonsRecordsKeepTheirOrderWhenClocksDisagree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		next := map[string]int64{}
		batch := make([]waiting, 0, n)
		for range n {
			who := rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "who")
			next[who]++
			batch = append(batch, waiting{id: newID(time.UnixMicro(1)), time: rapid.Int64Range(1, 5).Draw(t, "time"), subject: who, seq: next[who]})
		}
		before := len(batch)
		seen := map[string]int64{}
		for _, w := range order(batch) {
			if w.subject == "" {
				continue
			}
			if w.seq != seen[w.subject]+1 {
				t.Fatalf("record %d of %s follows %d", w.seq, w.subject, seen[w.subject])
			}
			seen[w.subject] = w.seq
		}
		if delete(next, ""); len(batch) != before || !maps.Equal(seen, next) {
			t.Fatal("records were lost in sorting")
		}
	})
}
