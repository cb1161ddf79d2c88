package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// check compares a record's bytes with its leaf and its columns with its bytes. The findings are joined; nothing means
// all is well. mac is for records that wait; those in the tree have no mark any more.
func (r *rawRecord) check(mac keys.MAC) string {
	body := r.body.raw()
	r.members = members{}
	if len(body) == 0 {
		return r.checkErased()
	}
	var found []string
	if sum := leafOf(r.salt.raw(), body); !bytes.Equal(sum[:], r.leaf.raw()) {
		found = append(found, errLeaf.Error())
	}
	if what := r.checkMark(mac); what != "" {
		found = append(found, what)
	}
	m, err := scanMembers(body)
	if err != nil {
		return strings.Join(append(found, "its body cannot be read"), "; ")
	}
	r.members = m
	found = append(found, r.differences(&m)...)
	return strings.Join(found, "; ")
}

func (r *rawRecord) checkMark(mac keys.MAC) string {
	if r.position.kind == 'n' {
		if len(r.mark.raw()) > 0 {
			return "column mark is not empty"
		}
		return ""
	}
	if mac == nil {
		return ""
	}
	if err := ours(mac, r.leaf.raw(), r.mark.raw()); err != nil {
		return err.Error()
	}
	return ""
}

// differences names the columns that do not say what the body says.
func (r *rawRecord) differences(m *members) (found []string) {
	for _, c := range [...]struct {
		name string
		col  *cell
		raw  []byte
	}{
		{"id", &r.id, m.id},
		{"kind", &r.kind, m.kind},
		{"authority", &r.authority, m.authority},
		{"case_id", &r.caseID, m.caseID},
		{"subject", &r.subject, m.subject},
		{"delete_on", &r.deleteOn, m.deleteOn},
	} {
		if c.col.kind != 's' || !is(c.raw, c.col.s) {
			found = append(found, differs(c.name))
		}
	}
	if r.seq.kind != 'n' || r.seq.n != m.seq() {
		found = append(found, differs("subject_seq"))
	}
	var room [32]byte
	if r.time.kind != 'n' || len(m.time) < 2 || !bytes.Equal(m.time[1:len(m.time)-1], time.UnixMicro(r.time.n).UTC().AppendFormat(room[:0], stamp)) {
		found = append(found, differs("time"))
	}
	return found
}

func differs(column string) string { return "column " + column + " does not say what its body says" }

// checkErased makes sure that an erased record keeps nothing but its number, its place and the name of its erasure.
func (r *rawRecord) checkErased() string {
	if r.kind.text() != erased {
		return "its body is missing, and nothing says that it was erased by law"
	}
	if len(r.salt.raw()) > 0 || len(r.mark.raw()) > 0 || r.authority.text() != "" || r.deleteOn.text() != "" || r.time.n != 0 || r.time.kind != 'n' || r.subject.kind != 's' {
		return "it was erased but columns are left"
	}
	return ""
}

// erased marks a record whose body was erased; its case_id then holds the id of the record of erasure.
const erased = "erased"

// since is the moment of the record: from its body if that can be read, else from the column.
func (r *rawRecord) since() time.Time {
	if m, err := scanMembers(r.body.raw()); err == nil && len(m.time) > 2 {
		if t, err := time.Parse(stamp, string(m.time[1:len(m.time)-1])); err == nil {
			return t
		}
	}
	if r.time.kind == 'n' && r.time.n != 0 {
		return time.UnixMicro(r.time.n).UTC()
	}
	return time.Time{}
}

// gone is an erased record whose erasure must be looked up.
type gone struct {
	id, subject, erasure string
}

// covers checks that a record of erasure accounts for a missing body: it names it, the law and the day it was due.
func (g gone) covers(body []byte) string {
	b, err := ParseBody(body)
	switch {
	case err != nil || b.Kind != Erasure || !slices.Contains(b.Erases, g.id) || string(b.Subject) != g.subject:
		return "its body is missing, and the record it names does not account for it"
	case b.Law == "" || b.DeleteOn.IsZero():
		return "its body was erased without law or due date"
	case clock.DateOf(b.Time).Before(b.DeleteOn):
		return fmt.Sprintf("its body was erased on %s, before it was due on %s", clock.DateOf(b.Time), b.DeleteOn)
	}
	return ""
}

// restartOf reads from the first leaf of an epoch which checkpoint it closed.
func restartOf(body []byte) string {
	var b struct {
		Kind Kind              `json:"kind"`
		More map[string]string `json:"more"`
	}
	if json.Unmarshal(body, &b) != nil || b.Kind != Restarted {
		return ""
	}
	return b.More[moreClosed]
}
