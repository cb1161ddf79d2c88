package web_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
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

// plant grows a tree of size leaves in which every third record is about one person, and returns the evidence for them.
func plant(t *testing.T, size int64) evidence {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, logName)
	if err != nil {
		t.Fatal(err)
	}
	var stored hashes
	var own []record
	var prev []byte
	for i := range size {
		r := record{ID: fmt.Sprintf("r%d", i), Salt: make([]byte, 32), Index: i}
		_, _ = rand.Read(r.Salt)
		body := map[string]any{"kind": "access", "purpose": "Umzug für „Ärzte“"}
		if i%3 == 0 {
			body["subject"], body["subject_seq"] = "person", len(own)+1
			if prev != nil {
				body["subject_prev"] = prev
			}
		}
		r.Body, err = json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		leaf := sha256.Sum256(slices.Concat(r.Salt, r.Body))
		add, err := tlog.StoredHashes(i, leaf[:], stored)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, add...)
		if i%3 == 0 {
			own, prev = append(own, r), leaf[:]
		}
	}
	return prove(t, size, stored, own, secret, public)
}

func prove(t *testing.T, size int64, stored hashes, own []record, secret, public string) (e evidence) {
	t.Helper()
	root, err := tlog.TreeHash(size, stored)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range own {
		p, err := tlog.ProveRecord(size, r.Index, stored)
		if err != nil {
			t.Fatal(err)
		}
		own[i].Proof = [][]byte{}
		for _, h := range p {
			own[i].Proof = append(own[i].Proof, h[:])
		}
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", logName, size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.SplitN(public, "+", 3)[2])
	if err != nil {
		t.Fatal(err)
	}
	e.Checkpoint, e.Records = string(signed), own
	e.Key.Name, e.Key.Public = logName, key[1:] // the first byte says Ed25519
	return e
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
	for _, size := range []int64{1, 2, 3, 4, 7, 8, 9, 64, 100} {
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
	secret, public, err := note.GenerateKey(rand.Reader, logName)
	if err != nil {
		t.Fatal(err)
	}
	var stored hashes
	var own []record
	for i, body := range bodies {
		r := record{ID: string(rune('a' + i)), Salt: make([]byte, 32), Body: []byte(body), Index: int64(i)}
		leaf := sha256.Sum256(slices.Concat(r.Salt, r.Body))
		add, err := tlog.StoredHashes(int64(i), leaf[:], stored)
		if err != nil {
			t.Fatal(err)
		}
		stored, own = append(stored, add...), append(own, r)
	}
	return prove(t, int64(len(bodies)), stored, own, secret, public)
}

func notJSON(t *testing.T) evidence { return small(t, `{"subject":`) }

func forgedChain(t *testing.T) evidence {
	return small(t, `{"subject":"p","subject_seq":1}`,
		`{"subject":"p","subject_seq":2,"subject_prev":"`+base64.StdEncoding.EncodeToString(make([]byte, 32))+`"}`)
}

func TestABrowserFindsEveryFaultInTheEvidence(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the check of the browser cannot run here")
	}
	dir := t.TempDir()
	module := filepath.Join(dir, "check.mjs")
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{"islands/_check.ts"}, Outfile: module, Bundle: true, Write: true, Format: api.FormatESModule, Target: api.ES2022,
	})
	if len(built.Errors) > 0 {
		t.Fatal(built.Errors[0].Text)
	}
	file := filepath.Join(dir, "vectors.json")
	if err := os.WriteFile(file, allVectors(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, vectors := range []string{file, "../internal/ledger/testdata/vectors.json"} { // the ledger's own too
		run := exec.CommandContext(t.Context(), node, "--test", "islands/check.test.mjs")
		run.Env = append(os.Environ(), "CHECK_MODULE="+module, "CHECK_VECTORS="+vectors)
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", vectors, err, out)
		}
	}
}
