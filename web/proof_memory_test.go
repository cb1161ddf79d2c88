package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
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

// seen is what a browser remembers.
type seen struct {
	Name string `json:"name"`
	Key  []byte `json:"key"`
	Size int    `json:"size"`
	Seq  int    `json:"seq"`
	Leaf []byte `json:"leaf"`
}

type seenVector struct {
	vector
	Person string `json:"person"`
	Before *seen  `json:"before"`
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

// after is a log that begins anew, after a restore, with records that continue the person's others.
func after(t *testing.T, e evidence) pack {
	t.Helper()
	return pack{evidence: small(t, string(next(e, len(e.Records)+1).Body)), Earlier: []evidence{e}}
}

// memory is what was seen of the first n records.
func memory(e evidence, n int) *seen {
	return &seen{e.Key.Name, e.Key.Public, int(e.Records[n-1].Index) + 1, n, leafOf(e.Records[n-1])}
}

func memories(t *testing.T) []seenVector {
	t.Helper()
	good := plant(t, 30)
	other := plant(t, 30)
	remember := func(change func(*seen)) *seen {
		s := memory(good, 5)
		change(s)
		return s
	}
	wrong := without(good, 2)
	wrong.Erased[0].Leaf = make([]byte, 32)
	number := without(good, 2)
	number.Erased[0].Seq = 9
	gap := pack{evidence: good, Waiting: []record{next(good, 12)}}
	renewed := after(t, good)
	broken := after(t, good)
	broken.Earlier = []evidence{spoilt(t, good, func(e *evidence) { e.Records[0].Salt[0] ^= 1 })}
	earlierLog := memory(good, 10)
	earlierLog.Name += "/earlier" // a log that begins anew has a new name
	empty := spoilt(t, good, func(e *evidence) { e.Records = []record{} })
	short := spoilt(t, good, func(e *evidence) { e.Records = e.Records[:4] })
	return []seenVector{
		{vector{"a record was erased by law", without(good, 2), want{Whole: true}}, "", nil},
		{vector{"the first and the last were erased", without(good, 0, 9), want{Whole: true}}, "", nil},
		{vector{"an erased record with another leaf", wrong, want{Fault: "inclusion", Record: "r6"}}, "", nil},
		{vector{"an erased record with another number", number, want{Fault: "gap", Record: "r9"}}, "", nil},
		{vector{"a record waits for its place", pack{evidence: good, Waiting: []record{next(good, 11)}}, want{Whole: true}}, "person", nil},
		{vector{"a waiting record that leaves one out", gap, want{Fault: "gap", Record: "next"}}, "", nil},
		{vector{"a log that began anew", renewed, want{Whole: true}}, "", nil},
		{vector{"a spoilt record before the log began anew", broken, want{Fault: "inclusion", Record: "r0"}}, "", nil},
		{vector{"nothing is remembered yet", good, want{Whole: true}}, "person", nil},
		{vector{"all that was seen is there", good, want{Whole: true}}, "person", memory(good, 5)},
		{vector{"what was seen was erased by law since", without(good, 4), want{Whole: true}}, "person", memory(good, 5)},
		{vector{"what was seen before the log began anew", renewed, want{Whole: true}}, "person", earlierLog},
		{vector{"the person had no records yet", good, want{Whole: true}}, "person", remember(func(s *seen) { s.Seq, s.Leaf, s.Size = 0, nil, 0 })},
		{vector{"what was seen is gone", short, want{Fault: "vanished"}}, "person", memory(good, 5)},
		{vector{"all of the person's records are gone", empty, want{Fault: "vanished"}}, "person", memory(good, 1)},
		{vector{"what was seen is another one now", good, want{Fault: "vanished"}}, "person", remember(func(s *seen) { s.Leaf = make([]byte, 32) })},
		{vector{"the tree has become smaller", good, want{Fault: "vanished"}}, "person", remember(func(s *seen) { s.Size = 31 })},
		{vector{"another log under the same name", other, want{Fault: "key"}}, "person", memory(good, 5)},
	}
}

// allVectors are what the browser's check is held to, as JSON.
func allVectors(t *testing.T) []byte {
	t.Helper()
	var all []any
	for _, v := range vectors(t) {
		all = append(all, v)
	}
	for _, v := range memories(t) {
		all = append(all, v)
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
