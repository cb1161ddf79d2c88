package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

// seeded is a key that is the same in every run.
type seeded struct{ ed25519.PrivateKey }

func seed(b byte) seeded {
	return seeded{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))}
}

func (s seeded) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.PrivateKey, msg), nil }
func (s seeded) Public() []byte                  { return s.PrivateKey.Public().(ed25519.PublicKey) }
func (s seeded) Publics() [][]byte               { return [][]byte{s.Public()} }
func (s seeded) ID() string                      { return "seeded" }
func (s seeded) Verify(msg, sig []byte) bool     { return ed25519.Verify(s.Public(), msg, sig) }

const vectorLog = "amtsweg.example/lindenfurt"

// planted is a pack for one person out of a tree of size records, every third of which is the person's; erased says
// which of them have lost their bodies.
func planted(t testing.TB, key seeded, size int, erased ...int) Pack {
	t.Helper()
	g := newGrown()
	g.edge = &edge{scratch: make([]byte, 0, full)}
	now := time.Date(2030, 3, 4, 8, 0, 0, 0, time.UTC)
	at := link{}
	p := Pack{Key: PackKey{vectorLog, key.Public()}, Records: []PackRecord{}}
	e := &edge{scratch: make([]byte, 0, full)}
	var stored []tlog.Hash
	for i := range size {
		now = now.Add(7 * time.Second)
		entry := Entry{
			Kind: Access, Authority: "ellerbrueck", Unit: "Bürgeramt", Reader: "lindenfurt", Fields: []string{"family", "given"},
			Purpose: "Anmeldung der Wohnung", Law: "§ 23a (1) BMG", Basis: "request", Case: fmt.Sprintf("LF-2030-%04d", i),
			Reason: "Lindenfurt holt Ihre Angaben für den „Meldeschein“.\n", DeleteOn: clock.Date{Y: 2032, M: 1, D: 1},
		}
		mine := i%3 == 0
		here := link{}
		if mine {
			at.seq++
			entry.Subject, here = "person", at
		}
		if mine && i+3 >= size && len(erased) > 0 { // the person's last record accounts for the erased ones
			entry.Kind, entry.inner, entry.DeleteOn = Erasure, true, clock.Date{Y: 2030, M: 3, D: 4}
			for _, seq := range erased {
				entry.erases = append(entry.erases, fmt.Sprintf("record%020d", 3*(seq-1)))
			}
		}
		id := fmt.Sprintf("record%020d", i)
		body, err := entry.body(nil, id, now, here)
		if err != nil {
			t.Fatal(err)
		}
		salt := bytes.Repeat([]byte{byte(i)}, saltSize)
		leaf := leafOf(salt, body)
		more, err := tlog.StoredHashes(int64(i), leaf[:], hashList(stored))
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		e.add(hashLeaf(leaf[:]), func(place, []byte) {})
		if !mine {
			continue
		}
		at.prev = leaf[:]
		if slices.Contains(erased, int(at.seq)) {
			p.Erased = append(p.Erased, ErasedRecord{ID: id, Leaf: leaf[:], Subject: "person", SubjectSeq: at.seq, Erasure: fmt.Sprintf("record%020d", (size-1)/3*3), Index: int64(i)})
			continue
		}
		p.Records = append(p.Records, PackRecord{ID: id, Body: body, Salt: salt, Index: int64(i)})
	}
	prove := func(i int64) [][]byte {
		proof, err := tlog.ProveRecord(int64(size), i, hashList(stored))
		if err != nil {
			t.Fatal(err)
		}
		return proofBytes(proof)
	}
	for i := range p.Records {
		p.Records[i].Proof = prove(p.Records[i].Index)
	}
	for i := range p.Erased {
		p.Erased[i].Proof = prove(p.Erased[i].Index)
	}
	signed, err := Checkpoint{vectorLog, int64(size), e.root()}.sign(key)
	if err != nil {
		t.Fatal(err)
	}
	p.Checkpoint = signed
	return p
}

type hashList []tlog.Hash

func (h hashList) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = h[n]
	}
	return out, nil
}

// vector is a pack and what a check of it must say: no fault, or which and at which record.
type vector struct {
	Name     string `json:"name"`
	Evidence Pack   `json:"evidence"`
	Want     struct {
		Fault  string `json:"fault"`
		Record string `json:"record"`
		Whole  bool   `json:"whole"`
	} `json:"want"`
}

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	key, stranger := seed(1), seed(2)
	add := func(name, fault, record string, whole bool, p Pack) {
		v := vector{Name: name, Evidence: p}
		v.Want.Fault, v.Want.Record, v.Want.Whole = fault, record, whole
		all = append(all, v)
	}
	for _, n := range []int{1, 2, 3, 5, 8, 31, 256, 257, 300} {
		p := planted(t, key, n)
		if n > 31 { // the files stay small: the first and the last of the person's records are proof enough
			p.Records = p.Records[len(p.Records)-2:]
		}
		add(fmt.Sprintf("a tree of %d records", n), "", "", n <= 31, p)
	}
	spoilt := func(name, fault, record string, change func(*Pack)) {
		p := planted(t, key, 20)
		change(&p)
		add(name, fault, record, fault == "", p)
	}
	id := func(n int) string { return fmt.Sprintf("record%020d", n) }
	spoilt("a word was changed", "inclusion", id(6), func(p *Pack) {
		p.Records[2].Body = bytes.Replace(p.Records[2].Body, []byte("Meldeschein"), []byte("Mahnbescheid"), 1)
	})
	spoilt("a salt was changed", "inclusion", id(0), func(p *Pack) { p.Records[0].Salt[31] ^= 1 })
	spoilt("another place is claimed", "inclusion", id(3), func(p *Pack) { p.Records[1].Index++ })
	spoilt("a place outside the tree", "inclusion", id(3), func(p *Pack) { p.Records[1].Index = 20 })
	spoilt("a hash of the proof was changed", "inclusion", id(3), func(p *Pack) { p.Records[1].Proof[2][0] ^= 1 })
	spoilt("a hash of the proof is missing", "inclusion", id(3), func(p *Pack) { p.Records[1].Proof = p.Records[1].Proof[:2] })
	spoilt("a record was left out", "gap", id(9), func(p *Pack) { p.Records = slices.Delete(p.Records, 2, 3) })
	spoilt("the older records are on another page", "", "", func(p *Pack) { p.Records = p.Records[3:] })
	all[len(all)-1].Want.Whole = false
	spoilt("the checkpoint is another key's", "signature", "", func(p *Pack) { p.Checkpoint = planted(t, stranger, 20).Checkpoint })
	spoilt("the checkpoint names more records", "signature", "", func(p *Pack) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n20\n", "\n21\n", 1) })
	spoilt("the key is of another log", "signature", "", func(p *Pack) { p.Key.Name = "amtsweg.example/ellerbrueck" })
	add("bodies erased by law leave no gap", "", "", true, planted(t, key, 20, 1, 3, 4))
	forged := planted(t, key, 20, 3)
	forged.Erased[0].Leaf[0] ^= 1
	add("an erased record that was never there", "inclusion", id(6), false, forged)
	old := planted(t, key, 20)
	add("the log began anew after a restore", "", "", true, renewed(t, key, old, old.Checkpoint))
	add("the log began anew and names another end", "restart", "", false, renewed(t, key, old, planted(t, key, 19).Checkpoint))
	alone := renewed(t, key, old, old.Checkpoint)
	alone.Earlier = nil
	add("the log began anew and hides what was before", "restart", "", false, alone)
	return all
}

// renewed is a pack of the second epoch, which says that it goes on from the checkpoint closed; it has no other record yet.
func renewed(t testing.TB, key seeded, old Pack, closed string) Pack {
	t.Helper()
	entry := Entry{
		Kind: Restarted, Authority: "node", Purpose: "Neubeginn nach Wiederherstellung", Reason: "Übung",
		More: map[string]string{moreClosed: closed, moreLast: old.Checkpoint}, inner: true,
	}
	body, err := entry.body(nil, "restart", time.Date(2030, 3, 5, 8, 0, 0, 0, time.UTC), link{})
	if err != nil {
		t.Fatal(err)
	}
	first := PackRecord{ID: "restart", Body: body, Salt: bytes.Repeat([]byte{7}, saltSize), Proof: [][]byte{}}
	name := nameIn(vectorLog, 2)
	signed, err := Checkpoint{name, 1, hashLeaf(first.leaf())}.sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return Pack{Checkpoint: signed, Key: PackKey{name, key.Public()}, Records: []PackRecord{first}, Earlier: []Pack{old}}
}

func TestAMissingBodyNeedsItsErasure(t *testing.T) {
	p := planted(t, seed(1), 20, 1, 3, 4)
	r := newReport()
	if p.check(r); !r.OK {
		t.Fatalf("got %+v", r.Problems)
	}
	p.Erased[1].Erasure = p.Records[0].ID
	r = newReport()
	if p.check(r); r.OK || r.Problems[0].Row != p.Erased[1].ID {
		t.Errorf("a body was taken out without a record of erasure: %+v", r.Problems)
	}
}

func TestAnEpochOfAnotherKeyDoesNotFollowAKeptCheckpoint(t *testing.T) {
	old := planted(t, seed(1), 20)
	for key, want := range map[byte]bool{1: true, 2: false} {
		b, err := json.Marshal(renewed(t, seed(key), old, old.Checkpoint))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := VerifyBytes(b, FileOptions{Head: old.Checkpoint}); err != nil || r.OK != want {
			t.Errorf("an epoch of key %d: %+v, %v", key, r, err)
		}
	}
}

func TestVectorsForTheBrowser(t *testing.T) {
	const file = "testdata/vectors.json"
	all := vectors(t)
	got, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("testdata/vectors.json is not what this program makes; if that is meant, go test -update")
	}
	for _, v := range all {
		b, err := json.Marshal(v.Evidence)
		if err != nil {
			t.Fatal(err)
		}
		r, err := VerifyBytes(b, FileOptions{})
		if err != nil || r.OK != (v.Want.Fault == "" && v.Want.Whole) { // a pack that is not whole is a page, and no pack
			t.Errorf("%s: %+v, %v", v.Name, r, err)
			continue
		}
		if v.Want.Record != "" && !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Row == v.Want.Record }) {
			t.Errorf("%s: record %s is not named in %+v", v.Name, v.Want.Record, r.Problems)
		}
	}
}

func TestAStrangerRecomputesAReceipt(t *testing.T) {
	l := &Ledger{key: seed(1)}
	name := vectorLog
	l.origin.Store(&name)
	rec := Recorded{ID: "r", Leaf: leafOf([]byte("s"), []byte("b")), Time: time.Date(2030, 3, 4, 8, 0, 0, 1000, time.UTC)}
	signed, err := l.Receipt(rec)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(signed, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"commitment":"` + base64.StdEncoding.EncodeToString(rec.Leaf[:]) +
		`","include_by":"2030-03-04T08:01:00.000001Z","log":"amtsweg.example/lindenfurt","record":"r","time":"2030-03-04T08:00:00.000001Z"}`
	if string(payload) != want {
		t.Errorf("got  %s\nwant %s", payload, want)
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !ed25519.Verify(l.key.Public(), []byte(parts[0]+"."+parts[1]), sig) {
		t.Errorf("the bare signature does not hold: %v", err)
	}
}

func FuzzVerifyBytes(f *testing.F) {
	p := planted(f, seed(1), 5, 1)
	b, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"checkpoint":"x","records":[{}],"erased":[{}],"earlier":[{}],"key":{}}`))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := VerifyBytes(b, FileOptions{Head: p.Checkpoint})
		if err != nil || !r.OK {
			return
		}
		var got Pack
		if json.Unmarshal(b, &got) != nil || got.Checkpoint != p.Checkpoint || !bytes.Equal(got.Key.Public, p.Key.Public) {
			t.Fatalf("a pack of another tree passes: %s", b)
		}
	})
}
