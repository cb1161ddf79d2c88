package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Hiding keeps an access from the person it concerns until a day, under a law such as § 11 Abs. 2 Nr. 4 BMG.
type Hiding struct {
	Law   string
	Until clock.Date // the day on which the person sees it
}

// covert is what a hidden record says: when it is opened, a commitment to the access, and the access itself, sealed.
type covert struct {
	commitment []byte
	opens      clock.Date
	sealed     []byte
}

// opening is what a record says that brings a hidden access to light: the hidden record, when the access happened, and
// the nonce with which anybody can recompute the commitment.
type opening struct {
	record   string
	happened time.Time
	nonce    []byte
}

func (e *Entry) checkHiding() error {
	switch {
	case e.Hide == Hiding{}:
		return nil
	case e.Kind != Access || e.Subject == "" || e.Hide.Law == "" || e.Hide.Until.IsZero():
		return fault.New(fault.Internal, "ledger.error.hiding")
	}
	return nil
}

// plain writes the access that a hidden record commits to: the canonical bytes it would have had, without a place in the
// person's sequence and without the day of its deletion, which follows from its opening.
func (e Entry) plain(id string, happened time.Time) ([]byte, error) {
	e.Hide, e.opening, e.DeleteOn = Hiding{}, opening{}, clock.Date{}
	return e.body(nil, id, happened, link{})
}

// commit is the commitment to an access: SHA-256(nonce ‖ bytes).
func commit(nonce, plain []byte) []byte {
	sum := leafOf(nonce, plain)
	return sum[:]
}

// entry is what was known of a record when it was written.
func (b Body) entry() Entry {
	return Entry{
		Kind: b.Kind, Authority: b.Authority, Unit: b.Unit, Role: b.Role, Actor: b.Actor, OnBehalf: b.OnBehalf, Subject: b.Subject, Reader: b.Reader,
		Fields: b.Fields, Purpose: b.Purpose, Law: b.Law, Basis: b.Basis, Case: b.Case, Reason: b.Reason, Grant: b.Grant, More: b.More,
	}
}

// Opening reports whether the record brings an access to light that was hidden when it happened.
func (b Body) Opening() bool { return b.Opens != "" }

// commitment recomputes what the hidden record that this one opens must have committed to.
func (b Body) commitment() ([]byte, error) {
	plain, err := b.entry().plain(b.Opens, b.Happened)
	if err != nil {
		return nil, err
	}
	return commit(b.Nonce, plain), nil
}

// opens checks a record that opens a hidden one against it. Nothing means all is well.
func (b Body) opens(hidden Body) string {
	sum, err := b.commitment()
	switch {
	case hidden.Kind != Hidden || hidden.ID != b.Opens:
		return "it opens a record that is no hidden access"
	case err != nil || len(hidden.Commitment) != sha256.Size || string(sum) != string(hidden.Commitment):
		return "it is not the access that the hidden record " + b.Opens + " committed to"
	case clock.DateOf(b.Time).Before(hidden.OpensOn):
		return "it was opened on " + clock.DateOf(b.Time).String() + ", before its day, " + hidden.OpensOn.String()
	case b.Authority != hidden.Authority:
		return "another authority hid the access"
	}
	return ""
}

// Quarter is how many accesses were hidden in a quarter when they happened, whether or not they have been opened since.
type Quarter struct {
	Year, Quarter int
	Hidden        int
	Few           bool // fewer than FewestHidden: Hidden is then not told
}

// FewestHidden is the smallest number of hidden accesses that is told to the public.
const FewestHidden = 10

const quarters = 4 // as many as are still complete when the first bodies of a year are erased

// lastQuarters returns the complete quarters before a day, newest first.
func lastQuarters(today clock.Date) []Quarter {
	out := make([]Quarter, quarters)
	year, quarter := today.Y, (today.M-1)/3+1
	for i := range out {
		if quarter--; quarter == 0 {
			year, quarter = year-1, 4
		}
		out[i] = Quarter{Year: year, Quarter: quarter}
	}
	return out
}

func (q Quarter) from() time.Time { return q.first().Start() }
func (q Quarter) to() time.Time   { return q.first().AddMonths(3).Start() }

func (q Quarter) first() clock.Date { return clock.Date{Y: q.Year, M: 3*q.Quarter - 2, D: 1} }

func (w *writer) bytes(name string, value []byte) {
	if len(value) == 0 {
		return
	}
	w.key(name)
	w.b = append(w.b, '"')
	w.b = base64.StdEncoding.AppendEncode(w.b, value)
	w.b = append(w.b, '"')
}

func (w *writer) moment(name string, t time.Time) {
	w.key(name)
	w.b = append(t.UTC().AppendFormat(append(w.b, '"'), stamp), '"')
}
