package app_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/app"
)

// stranger checks an evidence folder as docs/evidence.md says, with Ed25519, SHA-256, base64 and JSON alone: nothing of
// ours, so that a mistake of ours is not made twice.
type stranger struct {
	files   map[string][]byte
	log     string
	key     ed25519.PublicKey
	keys    map[string]ed25519.PublicKey
	size    int
	root    []byte
	leaves  [][]byte          // leaf data by place
	records map[string][]byte // leaf data by id
	kinds   map[string]int    // records by kind
	chains  map[string][]link
}

type link struct {
	seq        int
	prev, leaf []byte
}

var (
	b64     = base64.StdEncoding.Strict()
	b64url  = base64.RawURLEncoding.Strict()
	errSeal = errors.New("the signature does not hold")
)

func recompute(files map[string][]byte) (*stranger, error) {
	s := &stranger{files: files, keys: map[string]ed25519.PublicKey{}, records: map[string][]byte{}, kinds: map[string]int{}, chains: map[string][]link{}}
	for _, step := range []func() error{s.readKeys, s.checkpoint, s.everyRecord, s.tree, s.tiles, s.persons, s.statements, s.letters} {
		if err := step(); err != nil {
			return s, err
		}
	}
	return s, nil
}

// strict reads JSON without unknown members and without anything behind it.
func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if rest := b[d.InputOffset():]; strings.Trim(string(rest), "\n") != "" {
		return fmt.Errorf("there is something behind the JSON: %q", rest)
	}
	return nil
}

type publicKey struct {
	Name   string `json:"name"`
	Public string `json:"public_key_b64"`
}

func (k publicKey) raw() (ed25519.PublicKey, error) {
	b, err := b64.DecodeString(k.Public)
	if err == nil && len(b) != ed25519.PublicKeySize {
		err = fmt.Errorf("a key of %d bytes", len(b))
	}
	return b, err
}

func (s *stranger) readKeys() error {
	var all struct {
		Ledger      publicKey            `json:"ledger"`
		Authorities map[string]publicKey `json:"authorities"`
	}
	if err := strict(s.files["keys.json"], &all); err != nil {
		return fmt.Errorf("keys.json: %w", err)
	}
	var err error
	if s.log, s.key, err = nameAndKey(all.Ledger); err != nil {
		return fmt.Errorf("keys.json: %w", err)
	}
	for name, k := range all.Authorities {
		if s.keys[name], err = k.raw(); err != nil {
			return fmt.Errorf("keys.json, %s: %w", name, err)
		}
	}
	return nil
}

func nameAndKey(k publicKey) (string, ed25519.PublicKey, error) {
	raw, err := k.raw()
	return k.Name, raw, err
}

// checkpoint checks the signed note: three lines, an empty one, and the signature.
func (s *stranger) checkpoint() error {
	text, signature, found := strings.Cut(string(s.files["checkpoint"]), "\n\n")
	lines := strings.Split(text, "\n")
	if !found || len(lines) != 3 || lines[0] != s.log {
		return fmt.Errorf("checkpoint: %q", text)
	}
	encoded, ok := strings.CutPrefix(signature, "— "+s.log+" ")
	raw, err := b64.DecodeString(strings.TrimSuffix(encoded, "\n"))
	if !ok || err != nil || !strings.HasSuffix(encoded, "\n") || len(raw) != 4+ed25519.SignatureSize {
		return fmt.Errorf("checkpoint: signature line %q: %w", signature, errSeal)
	}
	hash := sha256.Sum256(append([]byte(s.log+"\n\x01"), s.key...))
	if !bytes.Equal(raw[:4], hash[:4]) || !ed25519.Verify(s.key, []byte(text+"\n"), raw[4:]) {
		return fmt.Errorf("checkpoint: %w", errSeal)
	}
	if s.size, err = strconv.Atoi(lines[1]); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	s.root, err = b64.DecodeString(lines[2])
	return err
}

func leafHash(data []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, data...))
	return sum[:]
}

func nodeHash(left, right []byte) []byte {
	sum := sha256.Sum256(slices.Concat([]byte{1}, left, right))
	return sum[:]
}

func (s *stranger) everyRecord() error {
	for i := range s.size {
		if err := s.record(i); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
	}
	n := 0
	for name := range s.files {
		if strings.HasPrefix(name, "records/") {
			n++
		}
	}
	if n != s.size {
		return fmt.Errorf("%d records for a tree of %d", n, s.size)
	}
	return nil
}

func (s *stranger) record(i int) error {
	var r struct {
		ID    string   `json:"id"`
		Body  string   `json:"body_b64"`
		Salt  string   `json:"salt_b64"`
		Index *int     `json:"index"`
		Proof []string `json:"proof"`
	}
	if err := strict(s.files[fmt.Sprintf("records/%d.json", i)], &r); err != nil {
		return err
	}
	body, err1 := b64.DecodeString(r.Body)
	salt, err2 := b64.DecodeString(r.Salt)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if r.Index == nil || *r.Index != i || len(salt) != 32 {
		return errors.New("it names another place, or its salt is short")
	}
	sum := sha256.Sum256(append(salt, body...))
	leaf := sum[:]
	if err := s.included(leafHash(leaf), i, r.Proof); err != nil {
		return err
	}
	s.leaves = append(s.leaves, leaf)
	return s.body(r.ID, body, leaf)
}

func (s *stranger) body(id string, body, leaf []byte) error {
	var b map[string]any
	if err := json.Unmarshal(body, &b); err != nil {
		return err
	}
	for _, name := range []string{"time", "kind", "authority", "unit", "purpose", "law", "case"} {
		if _, is := b[name].(string); !is {
			return fmt.Errorf("its body lacks %s", name)
		}
	}
	if b["id"] != id || s.records[id] != nil {
		return errors.New("its id is not that of its body, or another's")
	}
	s.records[id] = leaf
	s.kinds[b["kind"].(string)]++
	subject, is := b["subject"].(string)
	if !is {
		return nil
	}
	seq, _ := b["subject_seq"].(float64)
	text, _ := b["subject_prev"].(string)
	prev, err := b64.DecodeString(text)
	s.chains[subject] = append(s.chains[subject], link{int(seq), prev, leaf})
	return err
}

// included climbs from a leaf to the root (RFC 9162, 2.1.3.2).
func (s *stranger) included(hash []byte, index int, proof []string) error {
	fn, sn, r := index, s.size-1, hash
	for _, p := range proof {
		sibling, err := b64.DecodeString(p)
		if err != nil || len(sibling) != 32 || sn == 0 {
			return errors.New("its proof does not fit")
		}
		if fn&1 == 1 || fn == sn {
			r = nodeHash(sibling, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = nodeHash(r, sibling)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 || !bytes.Equal(r, s.root) {
		return errors.New("it does not lead to the root")
	}
	return nil
}

// tree computes the root from all leaves (RFC 6962, 2.1).
func (s *stranger) tree() error {
	if got := treeOf(s.leaves); !bytes.Equal(got, s.root) {
		return fmt.Errorf("the root is %x, the checkpoint says %x", got, s.root)
	}
	return nil
}

func treeOf(leaves [][]byte) []byte {
	switch n := len(leaves); n {
	case 0:
		sum := sha256.Sum256(nil)
		return sum[:]
	case 1:
		return leafHash(leaves[0])
	default:
		k := 1 << (bits.Len(uint(n-1)) - 1)
		return nodeHash(treeOf(leaves[:k]), treeOf(leaves[k:]))
	}
}

// tiles compares every tile of the lowest two levels with the hashes it must hold, and wants no other.
func (s *stranger) tiles() error {
	want := map[string][]byte{}
	hashes := make([][]byte, len(s.leaves))
	for i, leaf := range s.leaves {
		hashes[i] = leafHash(leaf)
	}
	for level := 0; len(hashes) > 0; level++ {
		var above [][]byte
		for n := 0; n*256 < len(hashes); n++ {
			tile := hashes[n*256 : min((n+1)*256, len(hashes))]
			name := fmt.Sprintf("tile/%d/%03d", level, n)
			if len(tile) < 256 {
				name += fmt.Sprintf(".p/%d", len(tile))
			} else {
				above = append(above, perfect(tile))
			}
			want[name] = slices.Concat(tile...)
		}
		hashes = above
	}
	for name, content := range s.files {
		if strings.HasPrefix(name, "tile/") && !bytes.Equal(want[name], content) {
			return fmt.Errorf("%s is not the tile of these records", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		return fmt.Errorf("%d tiles are missing", len(want))
	}
	return nil
}

func perfect(hashes [][]byte) []byte {
	if len(hashes) == 1 {
		return hashes[0]
	}
	return nodeHash(perfect(hashes[:len(hashes)/2]), perfect(hashes[len(hashes)/2:]))
}

func (s *stranger) persons() error {
	for subject, chain := range s.chains {
		var prev []byte
		for i, l := range chain { // in the order of their places
			if l.seq != i+1 || !bytes.Equal(l.prev, prev) {
				return fmt.Errorf("the records of %s have a gap at %d", subject, i+1)
			}
			prev = l.leaf
		}
	}
	return nil
}

// statements checks every compact JWS: who signed it says kid, what it is says typ.
func (s *stranger) statements() error {
	types := map[string]string{
		"grants": "amtsweg-grant", "answers": "amtsweg-answer", "notices": "amtsweg-notice", "acknowledgements": "amtsweg-acknowledgement", "receipts": "amtsweg-receipt",
	}
	for name, content := range s.files {
		folder, file, _ := strings.Cut(name, "/")
		if types[folder] == "" {
			continue
		}
		if err := s.statement(types[folder], strings.TrimSuffix(file, ".jws"), string(content)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *stranger) statement(typ, id, jws string) error {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return errors.New("it is no compact JWS")
	}
	head, err1 := b64url.DecodeString(parts[0])
	payload, err2 := b64url.DecodeString(parts[1])
	signature, err3 := b64url.DecodeString(parts[2])
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	var h struct{ Alg, Kid, Typ string }
	if err := json.Unmarshal(head, &h); err != nil {
		return err
	}
	key := s.keys[h.Kid]
	if typ == "amtsweg-receipt" {
		key = s.key
	}
	if h.Alg != "EdDSA" || h.Typ != typ || len(key) == 0 || !ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature) {
		return fmt.Errorf("%q signed %q: %w", h.Kid, h.Typ, errSeal)
	}
	return s.says(typ, id, h.Kid, payload)
}

// says compares what a statement says with its name, its signer and the ledger.
func (s *stranger) says(typ, id, signer string, payload []byte) error {
	var p struct{ ID, Type, Authority, Issuer, Record, Commitment, Log string }
	if err := json.Unmarshal(payload, &p); err != nil {
		return err
	}
	switch typ {
	case "amtsweg-receipt":
		if p.Log != s.log || s.records[p.Record] == nil || b64.EncodeToString(s.records[p.Record]) != p.Commitment {
			return errors.New("the promised record is not in the tree")
		}
		return nil
	case "amtsweg-grant":
		p.Authority = p.Issuer
	case "amtsweg-answer":
		if s.records[p.Record] == nil {
			return errors.New("the ledger does not have this access")
		}
	}
	if p.ID != id || p.Type != typ || p.Authority != signer {
		return fmt.Errorf("it says %s %s of %s", p.Type, p.ID, p.Authority)
	}
	return nil
}

func (s *stranger) letters() error {
	for name, data := range s.files {
		stem, isData := strings.CutSuffix(name, ".json")
		if !strings.HasPrefix(name, "letters/") || !isData {
			continue
		}
		var d struct {
			ID, Authority string
			HTML          string `json:"html_sha256"`
		}
		if err := json.Unmarshal(data, &d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		signature, err := b64.DecodeString(string(s.files[stem+".sig"]))
		if err != nil || len(s.keys[d.Authority]) == 0 || !ed25519.Verify(s.keys[d.Authority], data, signature) {
			return fmt.Errorf("%s: %w", name, errSeal)
		}
		sum := sha256.Sum256(s.files[stem+".html"])
		if d.HTML != hex.EncodeToString(sum[:]) || stem != "letters/"+d.ID {
			return fmt.Errorf("%s: it is another letter", name)
		}
	}
	return nil
}

func filesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = os.ReadFile(filepath.Join(dir, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAStrangerRecomputesTheEvidence(t *testing.T) {
	var some []expected
	for _, e := range stories {
		if slices.Contains([]string{"nothing typed", "church", "code", "early", "forged", "refuses"}, e.id) {
			some = append(some, e)
		}
	}
	onBothEngines(t, func(t *testing.T, where []string) {
		dir := filepath.Join(t.TempDir(), "evidence")
		s := tellIn(t, file(some), where, "--evidence", dir)
		s.sums()
		files := filesOf(t, dir)
		found, err := recompute(files)
		if err != nil {
			t.Fatal(err)
		}
		s.adds(found)
		s.flips(files)
		var out, errs bytes.Buffer
		if code := app.Main([]string{"ledger", "verify", dir}, nil, &out, &errs); code != 0 {
			t.Errorf("our own check ended with %d: %s%s", code, out.String(), errs.String())
		}
		again := tellIn(t, stories[1].line(1), where, "--evidence", dir)
		if again.code != 2 || len(again.acked) != 0 {
			t.Errorf("somebody else's evidence was written into: %d %s", again.code, again.stderr)
		}
	})
}

// adds compares the sums of the story with what the folder holds.
func (s told) adds(found *stranger) {
	s.Helper()
	count := map[string]int{}
	for name := range found.files {
		folder, _, _ := strings.Cut(name, "/")
		count[folder]++
	}
	if found.size != int(s.sum.Ledger.Size) || found.kinds["access"] != s.sum.Accesses || count["answers"] != s.sum.Fetches || count["receipts"] != s.sum.Fetches {
		s.Errorf("the folder holds %d records, %d accesses, %v; the sum says %+v", found.size, found.kinds["access"], count, s.sum)
	}
	notices, letters := 0, 0
	for _, r := range s.results {
		notices, letters = notices+len(r.Notices), letters+r.Certificates
	}
	if count["notices"] != notices || count["acknowledgements"] != notices || count["letters"] != 3*letters || letters == 0 || count["grants"] == 0 {
		s.Errorf("%d notices and %d letters, the folder holds %v", notices, letters, count)
	}
}

// flips turns one bit of every file, one at a time; a stranger must see each.
func (s told) flips(files map[string][]byte) {
	s.Helper()
	for name, content := range files {
		sum := sha256.Sum256([]byte(name))
		at := int(binary.BigEndian.Uint32(sum[:])) % len(content)
		if name == "keys.json" { // the key of the log; an authority that signed nothing could be called anything
			at = bytes.Index(content, []byte(`"public_key_b64": "`)) + 25
		}
		before := content[at]
		content[at] ^= 1
		if _, err := recompute(files); err == nil {
			s.Errorf("nobody sees a bit flipped at %d of %s: %q became %q", at, name, before, content[at])
		}
		content[at] = before
	}
}
