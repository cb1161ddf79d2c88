package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Subject is the person a record concerns: a random id per person and node, handed out by the resolver; never a root,
// an area id or a name.
type Subject string

// Kind says what was done.
type Kind = string

// The kinds of records.
const (
	Access          Kind = "access"          // somebody read data of the person (Zugriff)
	Release         Kind = "release"         // the person released data (Freigabe)
	Refusal         Kind = "refusal"         // an access or a release was refused (Ablehnung)
	Revocation      Kind = "revocation"      // a release was taken back (Widerruf)
	Decision        Kind = "decision"        // an authority decided (Entscheidung)
	Delivery        Kind = "delivery"        // something was delivered to the person (Zustellung)
	Notice          Kind = "notice"          // an authority was told by law (Änderungsmitteilung)
	Acknowledgement Kind = "acknowledgement" // it answered that it has the notice (Quittung)
	Login           Kind = "login"           // the person logged in (Anmeldung)
	Hidden          Kind = "hidden"          // an access that its person sees on a later day (verdeckter Zugriff)
	Erasure         Kind = "erasure"         // bodies of records were erased on their day (Löschung)
	Configuration   Kind = "configuration"   // a setting changed (Einstellung)
	Restarted       Kind = "restart"         // first leaf of a new epoch, after a restore (Neubeginn)
)

// Entry is what the caller knows of a record. Who did it (Authority, Unit, Role; Actor is an opaque id, OnBehalf the
// one represented), about whom (Subject, empty if no person is concerned), for which Reader, which Fields, and why:
// Purpose, Law, Basis (law, request or consent), Case and the plain-language Reason of the definition's template.
// DeleteOn is the day from which the body must go; the zero day means: when its file goes. Hide keeps an access from its
// person for a while.
type Entry struct {
	Kind      Kind
	Authority string
	Unit      string
	Role      string
	Actor     string
	OnBehalf  string
	Subject   Subject
	Reader    string
	Fields    []string
	Purpose   string
	Law       string
	Basis     string
	Case      string
	Reason    string
	Grant     string
	DeleteOn  clock.Date
	More      map[string]string
	Hide      Hiding

	inner   bool     // erasures, restarts and hidden records are written by this package only
	erases  []string // ids of erased records
	covert  covert   // of a hidden record
	opening opening  // of a record that opens a hidden one
}

// check refuses what must never be recorded: an act without an author, an access without purpose and law.
func (e *Entry) check() error {
	switch {
	case e.Kind == "" || e.Authority == "":
		return fault.New(fault.Internal, "ledger.error.author")
	case e.Kind == Access && (e.Purpose == "" || e.Law == ""):
		return fault.New(fault.Internal, "ledger.error.reason")
	case (e.Kind == Erasure || e.Kind == Restarted || e.Kind == Hidden) && !e.inner:
		return fault.New(fault.Internal, "ledger.error.kind")
	}
	return e.checkHiding()
}

// Recorded is the proof of writing: the leaf commits to the body without showing it.
type Recorded struct {
	ID   string
	Leaf [32]byte
	Time time.Time
}

// link is a record's place among the records of its person: number and the leaf before it.
type link struct {
	seq  int64
	prev []byte // empty at 1
}

// stamp is the form of moments in a body: UTC with microseconds, always of one length.
const stamp = "2006-01-02T15:04:05.000000Z"

// body writes the canonical bytes of a record (RFC 8785): its keys stand in the order of their code units. The keys
// from authority to unit that INTERFACES promises are always there, the others where they say something.
func (e *Entry) body(dst []byte, id string, now time.Time, at link) ([]byte, error) {
	w := writer{b: append(dst, '{')}
	w.text("actor", e.Actor, false)
	w.text("authority", e.Authority, true)
	w.text("basis", e.Basis, false)
	w.text("case", e.Case, true)
	w.bytes("commitment", e.covert.commitment)
	if !e.DeleteOn.IsZero() {
		w.text("delete_on", e.DeleteOn.String(), true)
	}
	w.list("erases", e.erases)
	w.list("fields", e.Fields)
	w.text("grant", e.Grant, false)
	if e.opening.record != "" {
		w.moment("happened", e.opening.happened)
	}
	w.text("id", id, true)
	w.text("kind", e.Kind, true)
	w.text("law", e.Law, true)
	if len(e.More) > 0 {
		w.key("more")
		w.keep(canon.Append(w.b, e.More))
	}
	w.bytes("nonce", e.opening.nonce)
	w.text("on_behalf", e.OnBehalf, false)
	w.text("opens", e.opening.record, false)
	w.text("opens_on", e.covert.opens.String(), false)
	w.text("purpose", e.Purpose, true)
	w.text("reader", e.Reader, false)
	w.text("reason", e.Reason, false)
	w.text("role", e.Role, false)
	w.bytes("sealed", e.covert.sealed)
	if e.Subject != "" {
		w.text("subject", string(e.Subject), true)
		w.key("subject_prev")
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, at.prev)
		w.b = append(w.b, '"')
		w.key("subject_seq")
		w.b = strconv.AppendInt(w.b, at.seq, 10)
	}
	w.moment("time", now)
	w.text("unit", e.Unit, true)
	return append(w.b, '}'), w.err
}

// writer writes members of an object.
type writer struct {
	b   []byte
	err error
}

func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *writer) keep(b []byte, err error) {
	if err != nil {
		w.err = fault.Wrap(fault.Invalid, "ledger.error.text", err)
		return
	}
	w.b = b
}

func (w *writer) text(name, value string, always bool) {
	if value == "" && !always {
		return
	}
	w.key(name)
	w.keep(canon.AppendString(w.b, value))
}

func (w *writer) list(name string, values []string) {
	if len(values) == 0 {
		return
	}
	w.key(name)
	w.keep(canon.Append(w.b, values))
}

// leafOf is the leaf data of a record: SHA-256(salt ‖ body). The salt keeps a leaf from being guessed.
func leafOf(salt, body []byte) [32]byte {
	var room [1024]byte
	return sha256.Sum256(append(append(room[:0], salt...), body...))
}

var letters = base32.NewEncoding("23456789abcdefghijkmnpqrstuvwxyz").WithPadding(base32.NoPadding)

// newID returns an id that sorts by time, so that an index grows at its end: 48 bits of milliseconds, 80 random bits.
func newID(now time.Time) string {
	var b [16]byte
	rand.Read(b[6:]) // never fails, see crypto/rand
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli())) //nolint:gosec // moments after 1970
	copy(b[:6], ms[2:])
	return letters.EncodeToString(b[:])
}
