package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// pack is the evidence with all that may stand beside the records.
type pack struct {
	evidence
	Erased  []erased   `json:"erased,omitempty"`
	Waiting []record   `json:"waiting,omitempty"`
	Earlier []evidence `json:"earlier,omitempty"`
}

type erased struct {
	ID      string   `json:"id"`
	Leaf    []byte   `json:"leaf_b64"`
	Subject string   `json:"subject"`
	Seq     int      `json:"subject_seq"`
	Index   int64    `json:"index"`
	Proof   [][]byte `json:"proof"`
}

// seen is what a browser remembers of a person, kept what it remembers of a log.
type seen struct {
	Name string `json:"name"`
	Key  []byte `json:"key"`
	Size int64  `json:"size"`
	Seq  int    `json:"seq"`
	Leaf []byte `json:"leaf"`
}

type kept struct {
	Name       string `json:"name"`
	Key        []byte `json:"key"`
	Checkpoint string `json:"checkpoint"`
}

// past is what a browser has when it checks: its memory, and the tiles it can get, by their path below /epochs/.
type past struct {
	Seen  *seen             `json:"seen,omitempty"`
	Kept  []kept            `json:"kept"`
	Tiles map[string][]byte `json:"tiles"`
}

type pastVector struct {
	vector
	Person string `json:"person"`
	Past   *past  `json:"past,omitempty"`
}

func leafOf(r record) []byte {
	sum := sha256.Sum256(slices.Concat(r.Salt, r.Body))
	return sum[:]
}

// without erases the bodies of some of the person's records.
func without(e evidence, at ...int) pack {
	p := pack{evidence: e}
	p.Records = nil
	for i, r := range e.Records {
		if slices.Contains(at, i) {
			p.Erased = append(p.Erased, erased{r.ID, leafOf(r), "person", i + 1, r.Index, r.Proof})
		} else {
			p.Records = append(p.Records, r)
		}
	}
	return p
}

// next is a record that continues the person's others.
func next(e evidence, seq int) record {
	r := record{ID: "next", Salt: make([]byte, 32), Index: -1, Proof: [][]byte{}}
	prev := base64.StdEncoding.EncodeToString(leafOf(e.Records[len(e.Records)-1]))
	r.Body = []byte(fmt.Sprintf(`{"subject":"person","subject_seq":%d,"subject_prev":"%s"}`, seq, prev))
	return r
}

// restart begins the next epoch of a log after its first size records: what came later is lost. last is the checkpoint
// that the first record says was the last one known.
func (g *grown) restart(number int, size int64, last string) (*grown, evidence) {
	g.t.Helper()
	old := g.at(size)
	n := &grown{t: g.t, name: fmt.Sprintf("%s/%d", logName, number), key: g.key, seq: len(old.Records)}
	if n.seq > 0 {
		n.prev = leafOf(old.Records[n.seq-1])
	}
	n.add(record{ID: "restart", Salt: make([]byte, 32), Body: restartBody(g.t, old.Checkpoint, last)}, true)
	n.grow(5)
	return n, old
}

func restartBody(t *testing.T, closed, last string) []byte {
	t.Helper()
	more := map[string]string{"closed": closed}
	if last != "" {
		more["last"] = last
	}
	b, err := json.Marshal(map[string]any{"kind": "restart", "more": more})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// memory is what a browser remembers that checked when the log had size records, and the tiles it can get now.
func (g *grown) memory(size int64, now ...*grown) *past {
	g.t.Helper()
	e := g.at(size)
	s := &seen{Name: g.name, Key: e.Key.Public, Size: size}
	for _, r := range e.Records {
		var says struct {
			Seq int `json:"subject_seq"`
		}
		if err := json.Unmarshal(r.Body, &says); err != nil {
			g.t.Fatal(err)
		}
		if says.Seq > 0 {
			s.Seq, s.Leaf = says.Seq, leafOf(r)
		}
	}
	p := &past{s, []kept{{g.name, e.Key.Public, e.Checkpoint}}, map[string][]byte{}}
	for i, log := range now {
		for path, data := range log.tiles() {
			p.Tiles[fmt.Sprintf("%d/%s", i+1, path)] = data
		}
	}
	return p
}

// tiles are those of the tree as it is now, each in its widest state, by their path without .p/W.
func (g *grown) tiles() map[string][]byte {
	g.t.Helper()
	out := map[string][]byte{}
	for _, tile := range tlog.NewTiles(8, 0, g.size) {
		data, err := tlog.ReadTileData(tile, g.stored)
		if err != nil {
			g.t.Fatal(err)
		}
		tile.W = 256
		out["tile/"+strings.TrimPrefix(tile.Path(), "tile/8/")] = data
	}
	return out
}

// but returns a copy, changed.
func (p *past) but(change func(*past)) *past {
	c := *p
	s := *p.Seen
	c.Seen, c.Kept = &s, slices.Clone(p.Kept)
	change(&c)
	return &c
}

func memories(t *testing.T) []pastVector {
	t.Helper()
	log := begin(t, logName).grow(30)
	good := log.at(30)
	other := begin(t, logName).grow(40)
	fork := &grown{t: t, name: logName, key: log.key}
	fork.grow(40)
	elsewhere := begin(t, "amtsweg.example/ellerbrueck").grow(40)

	wrong := without(good, 2)
	wrong.Erased[0].Leaf = make([]byte, 32)
	number := without(good, 2)
	number.Erased[0].Seq = 9
	gap := pack{evidence: good, Waiting: []record{next(good, 12)}}
	empty := spoilt(t, good, func(e *evidence) { e.Records = []record{} })
	short := spoilt(t, good, func(e *evidence) { e.Records = e.Records[:4] })

	sound, closed := log.restart(2, 30, "")
	anew := pack{evidence: sound.at(6), Earlier: []evidence{closed}}
	broken := anew
	broken.Earlier = []evidence{spoilt(t, closed, func(e *evidence) { e.Records[0].Salt[0] ^= 1 })}
	alone := anew
	alone.Earlier = nil
	unnamed := pack{evidence: sound.at(6), Earlier: []evidence{log.at(29)}}
	silent := anew
	silent.Records = anew.Records[1:]
	twice := pack{evidence: good, Earlier: []evidence{good}}

	lossy, cut := log.restart(2, 20, log.checkpoint(30))
	lost := pack{evidence: lossy.at(6), Earlier: []evidence{cut}}
	less, _ := log.restart(2, 20, log.checkpoint(24))
	admitsLess := pack{evidence: less.at(6), Earlier: []evidence{cut}}
	hushed, _ := log.restart(2, 20, "")
	admitsNothing := pack{evidence: hushed.at(6), Earlier: []evidence{cut}}
	// The epochs 1 and 2 were lost together: a backup of the first one was restored, and the third goes on from it.
	third, _ := log.restart(3, 20, sound.checkpoint(6))
	skipped := pack{evidence: third.at(6), Earlier: []evidence{cut}}

	whole := func(since string) want { return want{Whole: true, Since: since} }
	bad := func(fault string) want { return want{Fault: fault} }
	return []pastVector{
		{vector{"a record was erased by law", without(good, 2), whole("")}, "", nil},
		{vector{"the first and the last were erased", without(good, 0, 9), whole("")}, "", nil},
		{vector{"an erased record with another leaf", wrong, want{Fault: "inclusion", Record: "r6"}}, "", nil},
		{vector{"an erased record with another number", number, want{Fault: "gap", Record: "r9"}}, "", nil},
		{vector{"a record waits for its place", pack{evidence: good, Waiting: []record{next(good, 11)}}, whole("first")}, "person", nil},
		{vector{"a waiting record that leaves one out", gap, want{Fault: "gap", Record: "next"}}, "", nil},

		{vector{"a log that began anew", anew, whole("")}, "", nil},
		{vector{"a spoilt record before the log began anew", broken, want{Fault: "inclusion", Record: "r0"}}, "", nil},
		{vector{"a log that began anew and hides the one before", alone, bad("restart")}, "", nil},
		{vector{"a log that began anew and names another end", unnamed, bad("restart")}, "", nil},
		{vector{"a log that began anew without a record of it", silent, bad("restart")}, "", nil},
		{vector{"an epoch that is there twice", twice, bad("restart")}, "", nil},

		{vector{"nothing is remembered yet", good, whole("first")}, "person", &past{Kept: []kept{}}},
		{vector{"the log goes on", good, whole("again")}, "person", log.memory(13, log)},
		{vector{"the log has not changed", good, whole("again")}, "person", log.memory(30)},
		{vector{"what was seen was erased by law since", without(good, 4), whole("again")}, "person", log.memory(13, log)},
		{vector{"nobody had a record yet", good, whole("again")}, "person", log.memory(0)},
		{vector{"somebody else in this browser saw the log", good, whole("first")}, "person", log.memory(13, log).but(func(p *past) { p.Seen = nil })},
		{vector{"of the log nothing is remembered", good, whole("first")}, "person", log.memory(13).but(func(p *past) { p.Kept = nil })},
		{vector{"the log remembered is older than the person's record", good, whole("first")}, "person", log.memory(13, log).but(func(p *past) { p.Kept = log.memory(9).Kept })},
		{vector{"the memory of the log is spoilt", good, whole("first")}, "person", log.memory(13).but(func(p *past) { p.Kept[0].Checkpoint = fork.checkpoint(13)[:40] })},
		{vector{"another log of the same browser", good, whole("again")}, "person", log.memory(13, log).but(func(p *past) { p.Kept = append(p.Kept, elsewhere.memory(40).Kept...) })},

		{vector{"the person's newest record is gone", short, bad("vanished")}, "person", log.memory(13, log)},
		{vector{"all of the person's records are gone", empty, bad("vanished")}, "person", log.memory(1, log)},
		{vector{"the person's newest record is another one", good, bad("vanished")}, "person", log.memory(13, log).but(func(p *past) { p.Seen.Leaf = make([]byte, 32) })},
		{vector{"the log was rolled back", log.at(12), bad("shorter")}, "person", log.memory(13, log)},
		{vector{"the log was rolled back, as somebody else saw it", log.at(12), bad("shorter")}, "person", log.memory(13, log).but(func(p *past) { p.Seen = nil })},
		{vector{"the log was forked, of the same size", fork.at(30), bad("forked")}, "person", log.memory(30, fork).but(func(p *past) { p.Seen = nil })},
		{vector{"the log was forked and grew", fork.at(40), bad("forked")}, "person", log.memory(30, fork).but(func(p *past) { p.Seen = nil })},
		{vector{"the log was forked and shows other tiles", fork.at(40), bad("forked")}, "person", log.memory(30, other).but(func(p *past) { p.Seen = nil })},
		{vector{"the log was forked after the person's record", good, bad("forked")}, "person", log.memory(13, log).but(func(p *past) { p.Kept = fork.memory(13).Kept })},
		{vector{"the tiles could not be had", good, bad("uncompared")}, "person", log.memory(13)},
		{vector{"another key under the same name", other.at(30), bad("key")}, "person", log.memory(13, log)},
		{vector{"another log", elsewhere.at(30), bad("log")}, "person", log.memory(13, log)},

		{vector{"it began anew since", anew, whole("restarted")}, "person", log.memory(13, log, sound)},
		{vector{"it began anew since, at the same size", anew, whole("restarted")}, "person", log.memory(30, log, sound)},
		{vector{"it began anew before", anew, whole("again")}, "person", sound.memory(4, log, sound)},
		{vector{"it began anew from a fork", anew, bad("forked")}, "person", log.memory(13, fork, sound).but(func(p *past) { p.Kept = fork.memory(13).Kept })},
		{vector{"it began anew and the backup is newer than the last check", lost, whole("restarted")}, "person", log.memory(13, log, lossy)},
		{vector{"it says that others' records were lost", lost, whole("loss")}, "person", log.memory(21)},
		{vector{"it says that the person's records were lost", lost, bad("lost")}, "person", log.memory(22)},
		{vector{"it says that all was lost that was known", lost, bad("lost")}, "person", log.memory(30)},
		{vector{"it says that less was lost than was seen", admitsLess, bad("shorter")}, "person", log.memory(25)},
		{vector{"it does not say that anything was lost", admitsNothing, bad("shorter")}, "person", log.memory(21)},
		{vector{"it says that another state was the last one", lost, bad("shorter")}, "person", log.memory(30).but(func(p *past) { p.Seen, p.Kept = nil, fork.memory(30).Kept })},
		{vector{"a whole epoch was lost, and the person's records in it", skipped, bad("lost")}, "person", sound.memory(5)},
		{vector{"a whole epoch was lost, seen by somebody else", skipped, whole("loss")}, "person", sound.memory(5).but(func(p *past) { p.Seen = nil })},
		{vector{"a database of before the log began anew", log.at(30), bad("shorter")}, "person", sound.memory(4)},
	}
}
