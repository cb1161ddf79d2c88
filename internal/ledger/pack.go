package ledger

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Pack is the evidence for a person's records in one tree: with it alone, a browser or a stranger's program can check
// the signature, that every record is in the tree, and that none of them is missing. docs/evidence.md says how.
type Pack struct {
	Checkpoint string         `json:"checkpoint"`
	Key        PackKey        `json:"key"`
	Records    []PackRecord   `json:"records"`
	Erased     []ErasedRecord `json:"erased,omitempty"`
	Waiting    []PackRecord   `json:"waiting,omitempty"` // have no place yet: without index and proof
	Earlier    []Pack         `json:"earlier,omitempty"` // epochs before the last restore
}

// PackKey is the log's raw Ed25519 key.
type PackKey struct {
	Name   string `json:"name"`
	Public []byte `json:"public_key_b64"`
}

// PackRecord is a record with its proof: hashes from the leaf upwards.
type PackRecord struct {
	ID    string   `json:"id"`
	Body  []byte   `json:"body_b64"`
	Salt  []byte   `json:"salt_b64"`
	Index int64    `json:"index"`
	Proof [][]byte `json:"proof"`
}

// leaf is the record's leaf data.
func (r PackRecord) leaf() []byte {
	sum := leafOf(r.Salt, r.Body)
	return sum[:]
}

// ErasedRecord is what is left of a record whose body was erased by law: enough to show that it was there.
type ErasedRecord struct {
	ID         string   `json:"id"`
	Leaf       []byte   `json:"leaf_b64"`
	Subject    Subject  `json:"subject,omitempty"`
	SubjectSeq int64    `json:"subject_seq,omitempty"`
	Erasure    string   `json:"erasure"` // id of the record of erasure
	Index      int64    `json:"index"`
	Proof      [][]byte `json:"proof"`
}

// packKeys is keys.json of an evidence folder.
type packKeys struct {
	Ledger      PackKey                 `json:"ledger"`
	Authorities map[string]authorityKey `json:"authorities"`
}

type authorityKey struct {
	Public []byte `json:"public_key_b64"`
}

func proofBytes(p tlog.RecordProof) [][]byte {
	out := make([][]byte, len(p))
	for i := range p {
		out[i] = p[i][:]
	}
	return out
}

// included checks an inclusion proof.
func included(c Checkpoint, leaf []byte, index int64, proof [][]byte) error {
	p := make(tlog.RecordProof, len(proof))
	for i, h := range proof {
		if len(h) != tlog.HashSize {
			return fmt.Errorf("hash %d of the proof has %d bytes", i, len(h))
		}
		p[i] = tlog.Hash(h)
	}
	if index < 0 || index >= c.Size {
		return fmt.Errorf("place %d lies outside the tree of %d records", index, c.Size)
	}
	if err := tlog.CheckRecord(p, c.Size, c.Root, index, hashLeaf(leaf)); err != nil {
		return fmt.Errorf("it is not at place %d of the tree, or was changed", index)
	}
	return nil
}

// put writes a file of an evidence folder.
type put func(name string, content []byte) error

func putJSON(to put, name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return to(name, append(b, '\n'))
}

// files writes the pack as an evidence folder. Earlier epochs lie in folders of their own.
func (p Pack) files(to put, folder string, authorities map[string][]byte) error {
	if err := putHead(to, folder, p.Checkpoint, p.Key, authorities); err != nil {
		return err
	}
	if err := p.records(to, folder); err != nil {
		return err
	}
	for i, e := range p.Earlier {
		if err := e.files(to, path.Join("epochs", strconv.Itoa(i+1)), authorities); err != nil {
			return err
		}
	}
	return nil
}

// records writes a file per record, named by its place; those that wait have only their id.
func (p Pack) records(to put, folder string) error {
	for _, r := range p.Records {
		if err := putJSON(to, path.Join(folder, "records", strconv.FormatInt(r.Index, 10)+".json"), r); err != nil {
			return err
		}
	}
	for _, r := range p.Erased {
		if err := putJSON(to, path.Join(folder, "erased", strconv.FormatInt(r.Index, 10)+".json"), r); err != nil {
			return err
		}
	}
	for _, r := range p.Waiting {
		if err := putJSON(to, path.Join(folder, "waiting", r.ID+".json"), r); err != nil {
			return err
		}
	}
	return nil
}

func putHead(to put, folder, checkpoint string, key PackKey, authorities map[string][]byte) error {
	all := packKeys{key, map[string]authorityKey{}}
	for name, public := range authorities {
		all.Authorities[name] = authorityKey{public}
	}
	if err := putJSON(to, path.Join(folder, "keys.json"), all); err != nil {
		return err
	}
	return to(path.Join(folder, "checkpoint"), []byte(checkpoint))
}

// check verifies the pack, earlier epochs first, and adds what it finds to the report. It returns the checkpoints whose
// signature holds.
func (p Pack) check(r *Report) []Checkpoint {
	persons := links{}
	var heads []Checkpoint
	epochs := append(slices.Clone(p.Earlier), p)
	for i, e := range epochs {
		if c, ok := e.checkEpoch(r, i, persons); ok {
			heads = append(heads, c)
		}
		if what := e.begins(epochs[:i]); what != "" {
			r.add("epochs", e.Key.Name, time.Time{}, "%s", what)
		}
	}
	for _, w := range p.Waiting {
		r.Waiting++
		b, err := ParseBody(w.Body)
		if m, bad := scanMembers(w.Body); err != nil || bad != nil || !is(m.id, w.ID) {
			r.add("waiting", w.ID, time.Time{}, "its body cannot be read")
			continue
		}
		// They have no place yet: their numbers are their order, whatever the order of the files.
		persons.add(string(b.Subject), linked{id: w.ID, seq: b.SubjectSeq, prev: b.Prev, leaf: w.leaf(), at: b.Time, epoch: math.MaxInt, index: b.SubjectSeq})
	}
	persons.check(r)
	p.checkErasures(r)
	p.checkOpenings(r)
	return heads
}

// checkOpenings holds every record that opens a hidden access against the hidden record, which lies in the pack unless it
// was erased since.
func (p Pack) checkOpenings(r *Report) {
	hidden, openers := map[string]Body{}, []Body{}
	for _, e := range append(slices.Clone(p.Earlier), p) {
		for _, rec := range slices.Concat(e.Records, e.Waiting) {
			b, err := ParseBody(rec.Body)
			switch {
			case err != nil: // checkRecord says so
			case b.Kind == Hidden:
				hidden[b.ID] = b
			case b.Opening():
				openers = append(openers, b)
			}
		}
	}
	for _, b := range openers {
		h, there := hidden[b.Opens]
		if !there {
			r.remark("record %s opens the hidden access %s, whose record was erased and is not in the pack", b.ID, b.Opens)
			continue
		}
		if what := b.opens(h); what != "" {
			r.add("records", b.ID, b.Time, "%s", what)
		}
	}
}

// checkErasures looks for the record of erasure of every erased one, in whichever epoch it lies.
func (p Pack) checkErasures(r *Report) {
	bodies := map[string][]byte{}
	epochs := append(slices.Clone(p.Earlier), p)
	for _, e := range epochs {
		for _, rec := range slices.Concat(e.Records, e.Waiting) {
			bodies[rec.ID] = rec.Body
		}
	}
	for _, e := range epochs {
		for _, g := range e.Erased {
			if what := (gone{g.ID, string(g.Subject), g.Erasure}).covers(bodies[g.Erasure]); what != "" {
				r.add("erased", g.ID, time.Time{}, "%s", what)
			}
		}
	}
}

// checkEpoch verifies signature and proofs of one tree.
func (p Pack) checkEpoch(r *Report, epoch int, persons links) (Checkpoint, bool) {
	c, err := OpenCheckpoint(p.Checkpoint, p.Key.Public)
	if err != nil {
		r.add("checkpoint", p.Key.Name, time.Time{}, "its signature does not hold: %v", err)
		return c, false
	}
	if c.Name != p.Key.Name {
		r.add("checkpoint", c.Name, time.Time{}, "the key is one of %q", p.Key.Name)
	}
	r.Name = c.Name
	r.Size += c.Size
	for _, rec := range p.Records {
		p.checkRecord(r, c, rec, epoch, persons)
	}
	for _, e := range p.Erased {
		r.Erased++
		if err := included(c, e.Leaf, e.Index, e.Proof); err != nil {
			r.add("erased", e.ID, time.Time{}, "%v", err)
		}
		persons.add(string(e.Subject), linked{id: e.ID, seq: e.SubjectSeq, leaf: e.Leaf, epoch: epoch, index: e.Index, blank: true})
	}
	return c, true
}

// restart is the first record of an epoch after a restore; ok is false if the pack has none.
func (p Pack) restart() (b Body, ok bool) {
	for _, rec := range p.Records {
		if b, err := ParseBody(rec.Body); err == nil && rec.Index == 0 && b.Kind == Restarted {
			return b, true
		}
	}
	return b, false
}

// begins says what is wrong with the beginning of an epoch: the first one has no number in its name, every later one a
// larger number than the one before it, and a first record that names the checkpoint with which that one ended.
func (p Pack) begins(before []Pack) string {
	if len(before) == 0 {
		if base, n := numberIn(p.Key.Name); n != 1 {
			return fmt.Sprintf("the epochs of %s before it are missing", base)
		}
		return ""
	}
	last := before[len(before)-1]
	base, n := numberIn(p.Key.Name)
	of, m := numberIn(last.Key.Name)
	if base != of || n <= m {
		return fmt.Sprintf("it does not follow %s", last.Key.Name)
	}
	if b, ok := p.restart(); !ok || b.More[moreClosed] != last.Checkpoint {
		return fmt.Sprintf("its first record does not name the checkpoint with which %s ended", last.Key.Name)
	}
	return ""
}

func (p Pack) checkRecord(r *Report, c Checkpoint, rec PackRecord, epoch int, persons links) {
	b, err := ParseBody(rec.Body)
	if err != nil {
		r.add("records", rec.ID, time.Time{}, "its body cannot be read")
		return
	}
	leaf := rec.leaf()
	if err := included(c, leaf, rec.Index, rec.Proof); err != nil {
		r.add("records", rec.ID, b.Time, "%v", err)
	}
	if m, err := scanMembers(rec.Body); err != nil || rec.ID != "" && !is(m.id, rec.ID) {
		r.add("records", rec.ID, b.Time, "its body is that of record %q", b.ID)
	}
	persons.add(string(b.Subject), linked{id: b.ID, seq: b.SubjectSeq, prev: b.Prev, leaf: leaf, at: b.Time, epoch: epoch, index: rec.Index})
}
