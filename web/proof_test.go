package web_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const logName = "amtsweg.example/lindenfurt"

type record struct {
	ID    string   `json:"id"`
	Body  []byte   `json:"body_b64"`
	Salt  []byte   `json:"salt_b64"`
	Index int64    `json:"index"`
	Proof [][]byte `json:"proof"`
}

type evidence struct {
	Checkpoint string `json:"checkpoint"`
	Key        struct {
		Name   string `json:"name"`
		Public []byte `json:"public_key_b64"`
	} `json:"key"`
	Records []record `json:"records"`
}

type want struct {
	Fault  string `json:"fault"`
	Record string `json:"record"`
	Whole  bool   `json:"whole"`
	Since  string `json:"since,omitempty"`
}

type vector struct {
	Name     string `json:"name"`
	Evidence any    `json:"evidence"`
	Want     want   `json:"want"`
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = h[n]
	}
	return out, nil
}

// grown is a log that grows in a test. own are the records that a person's pack shows.
type grown struct {
	t      *testing.T
	name   string
	key    ed25519.PrivateKey
	stored hashes
	size   int64
	own    []record
	seq    int    // of the person's newest record
	prev   []byte // its leaf data
}

func begin(t *testing.T, name string) *grown {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &grown{t: t, name: name, key: key}
}

// add appends a record.
func (g *grown) add(r record, own bool) {
	g.t.Helper()
	r.Index = g.size
	leaf := leafOf(r)
	add, err := tlog.StoredHashes(g.size, leaf, g.stored)
	if err != nil {
		g.t.Fatal(err)
	}
	g.stored = append(g.stored, add...)
	g.size++
	if own {
		g.own = append(g.own, r)
	}
}

// grow appends records, of which every third is about one person.
func (g *grown) grow(n int) *grown {
	g.t.Helper()
	for range n {
		r := record{ID: fmt.Sprintf("r%d", g.size), Salt: make([]byte, 32)}
		_, _ = rand.Read(r.Salt)
		body := map[string]any{"kind": "access", "purpose": "Umzug für „Ärzte“"}
		own := g.size%3 == 0
		if own {
			g.seq++
			body["subject"], body["subject_seq"] = "person", g.seq
			if g.prev != nil {
				body["subject_prev"] = g.prev
			}
		}
		var err error
		if r.Body, err = json.Marshal(body); err != nil {
			g.t.Fatal(err)
		}
		if own {
			g.prev = leafOf(r)
		}
		g.add(r, own)
	}
	return g
}

// signer signs as the log does, under whatever name.
func (g *grown) signer() note.Signer {
	g.t.Helper()
	named, err := note.NewEd25519VerifierKey(g.name, g.key.Public().(ed25519.PublicKey))
	if err != nil {
		g.t.Fatal(err)
	}
	secret := base64.StdEncoding.EncodeToString(append([]byte{1}, g.key.Seed()...))
	s, err := note.NewSigner("PRIVATE+KEY+" + g.name + "+" + strings.SplitN(named, "+", 3)[1] + "+" + secret)
	if err != nil {
		g.t.Fatal(err)
	}
	return s
}

// root is the root of the first size records.
func (g *grown) root(size int64) tlog.Hash {
	g.t.Helper()
	root, err := tlog.TreeHash(size, g.stored)
	if err != nil {
		g.t.Fatal(err)
	}
	return root
}

func (g *grown) checkpoint(size int64) string {
	g.t.Helper()
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", g.name, size, g.root(size))}, g.signer())
	if err != nil {
		g.t.Fatal(err)
	}
	return string(signed)
}

// at is the evidence when the log had size records.
func (g *grown) at(size int64) (e evidence) {
	g.t.Helper()
	e.Checkpoint, e.Records = g.checkpoint(size), []record{}
	e.Key.Name, e.Key.Public = g.name, g.key.Public().(ed25519.PublicKey)
	for _, r := range g.own {
		if r.Index >= size {
			break
		}
		p, err := tlog.ProveRecord(size, r.Index, g.stored)
		if err != nil {
			g.t.Fatal(err)
		}
		r.Proof = [][]byte{}
		for _, h := range p {
			r.Proof = append(r.Proof, h[:])
		}
		e.Records = append(e.Records, r)
	}
	return e
}

// plant is the evidence of a new log with size records.
func plant(t *testing.T, size int) evidence {
	t.Helper()
	return begin(t, logName).grow(size).at(int64(size))
}

// spoilt returns a copy of the evidence, changed.
func spoilt(t *testing.T, e evidence, change func(*evidence)) evidence {
	t.Helper()
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var c evidence
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	change(&c)
	return c
}

func vectors(t *testing.T) []vector {
	t.Helper()
	var all []vector
	for _, size := range []int{1, 2, 3, 4, 7, 8, 9, 64, 100} {
		all = append(all, vector{fmt.Sprintf("a tree of %d records is right", size), plant(t, size), want{Whole: true}})
	}
	good := plant(t, 30)
	other := plant(t, 30)
	bad := func(name, fault, id string, change func(*evidence)) {
		all = append(all, vector{name, spoilt(t, good, change), want{Fault: fault, Record: id}})
	}
	bad("a word in a record was changed", "inclusion", "r9", func(e *evidence) {
		e.Records[3].Body = bytes.Replace(e.Records[3].Body, []byte("Umzug"), []byte("Umzüg"), 1)
	})
	bad("a salt was changed", "inclusion", "r0", func(e *evidence) { e.Records[0].Salt[0] ^= 1 })
	bad("a record claims another place", "inclusion", "r6", func(e *evidence) { e.Records[2].Index = 7 })
	bad("a place outside the tree", "inclusion", "r6", func(e *evidence) { e.Records[2].Index = 30 })
	bad("a place that is no number of a record", "inclusion", "r6", func(e *evidence) { e.Records[2].Index = -1 })
	bad("a proof with a changed hash", "inclusion", "r3", func(e *evidence) { e.Records[1].Proof[0][5] ^= 1 })
	bad("a proof with a hash too few", "inclusion", "r3", func(e *evidence) { e.Records[1].Proof = e.Records[1].Proof[1:] })
	bad("a proof with a hash too many", "inclusion", "r3", func(e *evidence) { e.Records[1].Proof = append(e.Records[1].Proof, make([]byte, 32)) })
	bad("a proof with a short hash", "inclusion", "r3", func(e *evidence) { e.Records[1].Proof[0] = e.Records[1].Proof[0][:31] })
	bad("the records of another log", "inclusion", "r0", func(e *evidence) { e.Records = other.Records })
	bad("the checkpoint of another key", "signature", "", func(e *evidence) { e.Checkpoint = other.Checkpoint })
	bad("a checkpoint with a larger size", "signature", "", func(e *evidence) { e.Checkpoint = strings.Replace(e.Checkpoint, "\n30\n", "\n31\n", 1) })
	bad("a checkpoint of another name", "signature", "", func(e *evidence) { e.Key.Name = "amtsweg.example/ellerbrueck" })
	bad("a checkpoint without a signature", "signature", "", func(e *evidence) { e.Checkpoint = e.Checkpoint[:strings.Index(e.Checkpoint, "\n\n")+2] })
	bad("no checkpoint", "signature", "", func(e *evidence) { e.Checkpoint = "" })
	bad("a record was left out", "gap", "r12", func(e *evidence) { e.Records = slices.Delete(e.Records, 3, 4) })
	bad("a key of the wrong length", "document", "", func(e *evidence) { e.Key.Public = e.Key.Public[:31] })
	all = append(all,
		vector{"the first records are on another page", spoilt(t, good, func(e *evidence) { e.Records = e.Records[4:] }), want{Whole: false}},
		vector{"records in another order are sorted", spoilt(t, good, func(e *evidence) { slices.Reverse(e.Records) }), want{Whole: true}},
		vector{"no records", spoilt(t, good, func(e *evidence) { e.Records = []record{} }), want{Whole: true}},
		vector{"a body that is no JSON", notJSON(t), want{Fault: "document"}},
		vector{"a chain that does not hold", forgedChain(t), want{Fault: "order", Record: "b"}},
		vector{"not the document at all", map[string]any{"checkpoint": 1}, want{Fault: "document"}},
	)
	return all
}

// small makes a rightly signed log of the given bodies.
func small(t *testing.T, bodies ...string) evidence {
	t.Helper()
	g := begin(t, logName)
	for i, body := range bodies {
		g.add(record{ID: string(rune('a' + i)), Salt: make([]byte, 32), Body: []byte(body)}, true)
	}
	return g.at(g.size)
}

func notJSON(t *testing.T) evidence { return small(t, `{"subject":`) }

func forgedChain(t *testing.T) evidence {
	return small(t, `{"subject":"p","subject_seq":1}`,
		`{"subject":"p","subject_seq":2,"subject_prev":"`+base64.StdEncoding.EncodeToString(make([]byte, 32))+`"}`)
}

// node runs a file of tests in JavaScript with the check as browsers get it.
func node(t *testing.T, file string, vectors ...string) {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the check of the browser cannot run here")
	}
	module := filepath.Join(t.TempDir(), "check.mjs")
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{"islands/_check.ts"}, Outfile: module, Bundle: true, Write: true, Format: api.FormatESModule, Target: api.ES2022,
	})
	if len(built.Errors) > 0 {
		t.Fatal(built.Errors[0].Text)
	}
	for _, v := range vectors {
		run := exec.CommandContext(t.Context(), program, "--test", file)
		run.Env = append(os.Environ(), "CHECK_MODULE="+module, "CHECK_VECTORS="+v)
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", v, err, out)
		}
	}
}

// written puts vectors into a file.
func written(t *testing.T, vectors any) string {
	t.Helper()
	b, err := json.Marshal(vectors)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "vectors.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestABrowserFindsEveryFaultInTheEvidence(t *testing.T) {
	var all []any
	for _, v := range vectors(t) {
		all = append(all, v)
	}
	for _, v := range memories(t) {
		all = append(all, v)
	}
	node(t, "islands/check.test.mjs", written(t, all), "../internal/ledger/testdata/vectors.json") // the ledger's own too
}
