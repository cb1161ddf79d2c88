package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

func (w *town) packOf(who ledger.Subject) ledger.Pack {
	w.t.Helper()
	p, err := w.PackOf(w.t.Context(), who)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// check verifies a pack as a stranger does who got it as JSON.
func check(t *testing.T, p ledger.Pack, o ledger.FileOptions) ledger.Report {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ledger.VerifyBytes(b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAPersonsEvidence(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.busy()
		p := w.packOf("person 4")
		if len(p.Erased) != 2 || len(p.Waiting) != 0 || len(p.Records) != 112 || p.Key.Name != w.Name() {
			t.Fatalf("%d records, %d erased, %d waiting", len(p.Records), len(p.Erased), len(p.Waiting))
		}
		head, err := os.ReadFile(w.head)
		if err != nil {
			t.Fatal(err)
		}
		o := ledger.FileOptions{Public: w.Public(), Head: string(head)}
		if r := check(t, p, o); !r.OK || r.Persons != 1 || r.Erased != 2 {
			t.Errorf("got %+v", r)
		}
		if p := w.packOf("person 1"); len(p.Waiting) != 1 || !check(t, p, o).OK {
			t.Errorf("a record that waits: %+v", p.Waiting)
		}
		for _, r := range p.Records {
			if bytes.Contains(r.Body, []byte(`"person 3"`)) {
				t.Error("the pack tells of somebody else")
			}
		}
		if p := w.packOf("nobody known"); len(p.Records) != 0 || !check(t, p, o).OK {
			t.Errorf("got %+v", p)
		}
		if _, err := w.PackOf(t.Context(), ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("records that concern nobody were handed out: %v", err)
		}

		left := w.packOf("person 4")
		left.Erased = left.Erased[:1]
		if r := check(t, left, o); r.OK {
			t.Error("an erased record was left out and nobody minds")
		}
		swapped := w.packOf("person 4")
		swapped.Records[5].Body, swapped.Records[6].Body = swapped.Records[6].Body, swapped.Records[5].Body
		if r := check(t, swapped, o); r.OK || r.Problems[0].Time.IsZero() {
			t.Errorf("got %+v", r)
		}
		if r := check(t, p, ledger.FileOptions{Public: make([]byte, 32)}); r.OK {
			t.Error("the pack passes with another node's key")
		}

		w.sequence()
		newer, err := w.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r := check(t, p, ledger.FileOptions{Head: newer}); r.OK || !strings.Contains(r.Problems[0].What, "get a newer pack") {
			t.Errorf("a newer head: %+v", r)
		}
		if r := check(t, w.packOf("person 4"), ledger.FileOptions{Head: string(head)}); r.OK || !strings.Contains(r.Problems[0].What, "without tiles") {
			t.Errorf("an older head: %+v", r)
		}
	})
}

func TestEvidenceSpansARestart(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"), access("mover"))
		w.sequence()
		if err := w.Restart(t.Context(), "", "Übung"); err != nil {
			t.Fatal(err)
		}
		w.record(access("mover"))
		w.sequence()
		p := w.packOf("mover")
		if len(p.Records) != 2 || len(p.Earlier) != 1 || len(p.Earlier[0].Records) != 2 {
			t.Fatalf("%d records, %d earlier epochs", len(p.Records), len(p.Earlier))
		}
		if b, err := ledger.ParseBody(p.Records[0].Body); err != nil || b.Kind != ledger.Restarted || b.Subject != "" || b.More["closed"] != p.Earlier[0].Checkpoint {
			t.Errorf("the first record of the new epoch is %+v, %v", b, err)
		}
		if r := check(t, p, ledger.FileOptions{Public: w.Public()}); !r.OK || len(r.Problems) != 0 {
			t.Errorf("got %+v", r)
		}
		if p := w.packOf("nobody known"); len(p.Records) != 1 || len(p.Earlier) != 1 || !check(t, p, ledger.FileOptions{}).OK {
			t.Errorf("whoever has no records cannot follow the log: %+v", p)
		}
		spoil := func(what string, change func(*ledger.Pack)) {
			t.Helper()
			p := w.packOf("mover")
			change(&p)
			if r := check(t, p, ledger.FileOptions{}); r.OK {
				t.Errorf("%s and nobody minds", what)
			}
		}
		spoil("a record of the closed epoch was left out", func(p *ledger.Pack) { p.Earlier[0].Records = p.Earlier[0].Records[:1] })
		spoil("the record of the restart was left out", func(p *ledger.Pack) { p.Records = p.Records[1:] })
		spoil("the closed epoch was left out", func(p *ledger.Pack) { p.Earlier = nil })
		spoil("the epochs were exchanged", func(p *ledger.Pack) {
			old := p.Earlier[0]
			p.Earlier = nil
			old.Earlier = []ledger.Pack{*p}
			*p = old
		})
		dir := t.TempDir()
		if err := w.WritePack(t.Context(), dir, nil); err != nil {
			t.Fatal(err)
		}
		if r, err := ledger.VerifyFile(dir, ledger.FileOptions{}); err != nil || !r.OK || r.Size != 4 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestAKeptCheckpointIsFollowed(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		kept := func() string {
			t.Helper()
			head, err := w.Checkpoint(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return head
		}
		tile := func(path string) ([]byte, error) { return w.Tile(t.Context(), path) }
		verdict := func(head, want string, o ledger.FileOptions) {
			t.Helper()
			o.Head = head
			r := check(t, w.packOf("mover"), o)
			said := strings.Join(r.Remarks, "\n")
			for _, p := range r.Problems {
				said += "\n" + p.What
			}
			if r.OK != (want == "" || strings.HasPrefix(want, "the log says")) || !strings.Contains(said, want) {
				t.Errorf("got %v, %s, want %q", r.OK, said, want)
			}
		}
		empty := kept()
		w.record(access("mover"), access("child"))
		w.sequence()
		evening := kept()
		w.keep()
		w.record(access("mover"))
		w.sequence()
		night := kept()
		w.record(access("mover"), access("child"))
		w.sequence()
		morning := kept()

		verdict(morning, "", ledger.FileOptions{})
		verdict(empty, "", ledger.FileOptions{})
		verdict(evening, "", ledger.FileOptions{Tile: tile})
		verdict(evening, "without tiles they cannot be compared", ledger.FileOptions{})
		verdict(evening, "could not be had", ledger.FileOptions{Tile: func(string) ([]byte, error) { return nil, fault.New(fault.NotFound, "ledger.error.tile") }})
		verdict(evening, "could not be had", ledger.FileOptions{Tile: func(string) ([]byte, error) { return nil, nil }})
		verdict(evening, "are not those it was signed for", ledger.FileOptions{Tile: func(path string) ([]byte, error) {
			b, err := w.Tile(t.Context(), path)
			b = bytes.Clone(b)
			b[len(b)-1] ^= 1
			return b, err
		}})
		verdict(strings.Replace(evening, "\n2\n", "\n3\n", 1), "its signature does not hold", ledger.FileOptions{Tile: tile})

		w.restore()
		w.Ledger = w.open()
		verdict(morning, "records were taken back", ledger.FileOptions{})
		if err := w.Restart(t.Context(), night, "Plattenschaden"); err != nil {
			t.Fatal(err)
		}
		w.record(access("mover"))
		w.sequence()
		verdict(evening, "", ledger.FileOptions{})
		verdict(night, "the log says that records among them were lost", ledger.FileOptions{})
		verdict(morning, "does not say that so many were lost", ledger.FileOptions{})
		verdict(kept(), "", ledger.FileOptions{})
		verdict(empty, "", ledger.FileOptions{Tile: tile})
	})
}

// beside adds what other modules lay beside the ledger's part.
func (w *town) beside(rec ledger.Recorded) (map[string][]byte, ledger.Source) {
	w.t.Helper()
	seal, err := w.ring.Signer(w.t.Context(), "lindenfurt", "letter")
	if err != nil {
		w.t.Fatal(err)
	}
	receipt, err := w.Receipt(rec)
	if err != nil {
		w.t.Fatal(err)
	}
	html := []byte("<p>Sie sind angemeldet.</p>")
	sum := sha256.Sum256(html)
	data := fmt.Appendf(nil, `{"authority":"lindenfurt","html_sha256":%q}`, hex.EncodeToString(sum[:]))
	sig, err := seal.Sign(data)
	if err != nil {
		w.t.Fatal(err)
	}
	return map[string][]byte{"lindenfurt": seal.Public()}, func(_ context.Context, _ ledger.Subject, put func(string, []byte) error) error {
		for name, content := range map[string][]byte{
			"receipts/r.jws": []byte(receipt), "grants/g.jws": w.statement("amtsweg-grant", "g"), "answers/a.jws": w.statement("amtsweg-answer", "a"),
			"notices/n.jws": w.statement("amtsweg-notice", "n"), "acknowledgements/n.jws": w.statement("amtsweg-acknowledgement", "n"),
			"letters/l.html": html, "letters/l.json": data, "letters/l.sig": []byte(base64.StdEncoding.EncodeToString(sig)),
		} {
			if err := put(name, content); err != nil {
				return err
			}
		}
		return nil
	}
}

// statement is one that lindenfurt signs.
func (w *town) statement(typ, id string) []byte {
	w.t.Helper()
	seal, err := w.ring.Signer(w.t.Context(), "lindenfurt", "letter")
	if err != nil {
		w.t.Fatal(err)
	}
	said := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":"EdDSA","kid":"lindenfurt","typ":%q}`, typ)) + "." +
		base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"id":%q}`, id))
	signature, err := seal.Sign([]byte(said))
	if err != nil {
		w.t.Fatal(err)
	}
	return []byte(said + "." + base64.RawURLEncoding.EncodeToString(signature))
}

func TestAnEvidenceFolderIsRecomputed(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"))
		w.sequence()
		early, err := w.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.busy()
		rec := w.record(access("mover"))[0]
		w.sequence()
		w.record(access("mover"))
		keys, source := w.beside(rec)
		dir := t.TempDir()
		if err := w.WritePack(t.Context(), dir, keys, source); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"checkpoint", "keys.json", "tile/0/000", "tile/0/001", "tile/0/002.p/46", "tile/1/000.p/2", "records/0.json", "records/557.json", "erased/1.json"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%v", err)
			}
		}
		r, err := ledger.VerifyFile(dir, ledger.FileOptions{Public: w.Public(), Head: early})
		if err != nil || !r.OK || r.Size != 558 || r.Waiting != 1 || r.Erased != 2 {
			t.Fatalf("got %+v, %v", r, err)
		}
		spoil := func(name string, change func([]byte) []byte) {
			t.Helper()
			full := filepath.Join(dir, name)
			was, err := os.ReadFile(full)
			if err != nil {
				t.Fatal(err)
			}
			if now := change(slices.Clone(was)); now == nil {
				err = os.Remove(full)
			} else {
				err = os.WriteFile(full, now, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if r, err := ledger.VerifyFile(dir, ledger.FileOptions{Public: w.Public(), Head: early}); err == nil && r.OK {
				t.Errorf("%s was changed and nobody minds", name)
			}
			if err := os.WriteFile(full, was, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		bend := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
		gone := func([]byte) []byte { return nil }
		for _, name := range []string{
			"checkpoint", "keys.json", "tile/0/000", "tile/0/002.p/46", "tile/1/000.p/2", "records/4.json", "erased/1.json", "receipts/r.jws", "grants/g.jws",
			"answers/a.jws", "notices/n.jws", "acknowledgements/n.jws", "letters/l.html", "letters/l.json", "letters/l.sig",
		} {
			spoil(name, bend)
		}
		for _, name := range []string{"grants/g.jws", "answers/a.jws", "notices/n.jws", "acknowledgements/n.jws"} {
			spoil(name, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }) // bits that carry nothing
			spoil(name, func([]byte) []byte { return w.statement("amtsweg-grant", "another") })
		}
		for _, name := range []string{"checkpoint", "keys.json", "tile/0/001", "records/7.json", "erased/1.json", "letters/l.html", "letters/l.json", "letters/l.sig"} {
			spoil(name, gone)
		}
		if r, err := ledger.VerifyFile(dir, ledger.FileOptions{Head: strings.Replace(early, "lindenfurt", "ellerbrueck", 1)}); err != nil || r.OK {
			t.Errorf("a head of another log: %+v, %v", r, err)
		}
	})
}

func TestEvidenceAsAZip(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		rec := w.record(access("mover"), access("other"), access("mover"))
		w.sequence()
		keys, source := w.beside(rec[0])
		var b bytes.Buffer
		if err := w.Zip(t.Context(), "mover", &b, keys, source); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "nachweis.zip")
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := ledger.VerifyFile(file, ledger.FileOptions{Public: w.Public()})
		if err != nil || !r.OK || r.Persons != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
		for _, junk := range []string{"", "{}", "[]", "hello", "PK\x03\x04"} {
			if _, err := ledger.VerifyBytes([]byte(junk), ledger.FileOptions{}); err == nil {
				t.Errorf("%q passes for evidence", junk)
			}
		}
		if _, err := ledger.VerifyFile(filepath.Join(t.TempDir(), "none"), ledger.FileOptions{}); err == nil {
			t.Error("a file that is not there passes")
		}
	})
}

func TestAProofIsTheSameInTheCockpitAndInThePack(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.busy()
		p := w.packOf("person 2")
		for _, r := range p.Records[:20] {
			one, err := w.Proof(t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			if one.Index != r.Index || one.Checkpoint != p.Checkpoint || len(one.Hashes) != len(r.Proof) {
				t.Fatalf("got %+v, want %+v", one, r)
			}
			for i := range one.Hashes {
				if !bytes.Equal(one.Hashes[i][:], r.Proof[i]) {
					t.Fatalf("hash %d of %s differs", i, r.ID)
				}
			}
		}
	})
}
