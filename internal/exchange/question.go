package exchange

import (
	"errors"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Question asks a register of another authority for evidence about one person.
type Question struct {
	Case     string
	Reader   authority.Key // who asks
	Unit     string
	Role     string
	Actor    string // account or staff member who acts, as the ledger names them
	OnBehalf string
	Holder   authority.Key // whose register it is
	Register string
	Subject  ledger.Subject
	Evidence string
	Fields   []string
	With     map[string]string // what the register looks it up by, beside the person: a reference mark
	// UnlessBlocked leaves out a person with an information block, without a hint that somebody is missing.
	UnlessBlocked bool
	Purpose       string
	Law           string // with consent it may be empty
	Reason        string // why, in plain words for the person
	Basis         consent.Basis
	Grant         string // on request and on consent
	WantHash      string // if set, the values must still be these
	// Hide keeps the access from the person until a day, where the register's own list lets the reader: by law only.
	Hide ledger.Hiding
}

// Answer is what a register told. Values are not kept here; Statement is the holder's signature over their hash.
type Answer struct {
	ID        string
	Holder    authority.Key
	Register  string
	Reader    authority.Key
	Evidence  string
	Case      string
	Subject   ledger.Subject
	Values    register.Values
	Hash      string // of Values
	Version   int    // of the record in the register
	At        time.Time
	Record    string // id of the access in the holder's ledger
	Statement string // compact JWS; empty for a preview and a view
	Receipt   string // the holder's promise that the access is in its ledger
}

// HashOf returns the hash of some of the values: what a person releases when not everything is ticked.
func (a Answer) HashOf(fields []string) (string, error) { return pick(a.Values, fields).Hash() }

func pick(v register.Values, fields []string) register.Values {
	out := make(register.Values, len(fields))
	for _, f := range fields {
		if raw, ok := v[f]; ok {
			out[f] = raw
		}
	}
	return out
}

// door is a way through the gate.
type door int

const (
	doorFetch   door = iota // another authority pulls
	doorView                // the register's own staff
	doorPreview             // the person reads their own data
)

// consentLaw is what a consent rests on.
const consentLaw = "Art. 6 Abs. 1 Buchst. a DSGVO"

// law returns what an access on this question rests on.
func (q Question) law() string {
	if q.Law == "" && q.Basis == consent.ByConsent {
		return consentLaw
	}
	return q.Law
}

// decide is the policy: the only place that says yes. entitled is what the register's own list says about the reader
// (nil means yes); g is the grant the question names, zero if it names none.
func decide(d door, q Question, entitled error, g consent.Grant, now time.Time) error {
	if q.Subject == "" || q.Holder == "" || q.Register == "" || q.Evidence == "" || len(q.Fields) == 0 || q.Purpose == "" || q.law() == "" {
		return fault.New(fault.Invalid, "exchange.error.incomplete")
	}
	if q.Hide != (ledger.Hiding{}) && (d != doorFetch || q.Basis != consent.ByLaw) {
		return fault.New(fault.Forbidden, "exchange.error.hidden")
	}
	switch d {
	case doorPreview:
		return decidePreview(q)
	case doorView:
		return decideView(q)
	case doorFetch:
		return decideFetch(q, entitled, g, now)
	}
	return errors.New("exchange: no such door")
}

// decidePreview lets people read what is kept about them; that they may act for the person has been made sure before.
func decidePreview(q Question) error {
	if q.Actor == "" || q.Reader != "" || q.Grant != "" {
		return fault.New(fault.Forbidden, "exchange.error.preview")
	}
	return nil
}

// decideView lets staff look into their own register, for a case or with a reason.
func decideView(q Question) error {
	switch {
	case q.Actor == "" || q.Unit == "" || q.Reader != q.Holder:
		return fault.New(fault.Forbidden, "exchange.error.view")
	case q.Case == "" && q.Reason == "":
		return fault.New(fault.Invalid, "exchange.error.reason")
	}
	return nil
}

func decideFetch(q Question, entitled error, g consent.Grant, now time.Time) error {
	if q.Reader == "" || q.Case == "" || !q.Basis.Valid() {
		return fault.New(fault.Invalid, "exchange.error.incomplete")
	}
	if q.Basis != consent.ByConsent && entitled != nil {
		return entitled
	}
	if q.Basis == consent.ByLaw {
		return nil
	}
	switch {
	case g.ID == "" || g.ID != q.Grant || !matches(g, q):
		return fault.New(fault.Forbidden, "exchange.error.no_grant")
	case !g.Running(now):
		return fault.New(fault.Gone, "exchange.error.grant_ended")
	}
	return nil
}

// matches reports whether a grant was given for this question and no other.
func matches(g consent.Grant, q Question) bool {
	return g.Basis == q.Basis && g.Subject == q.Subject && g.Reader == q.Reader && g.Holder == q.Holder && g.Register == q.Register &&
		g.Evidence == q.Evidence && g.Case == q.Case && g.Law == q.Law && g.Covers(q.Fields)
}

// unchanged compares what the register holds now with what the person saw. full are the values of all fields of the
// grant, or of the question if there is none.
func unchanged(q Question, g consent.Grant, full register.Values) error {
	if g.ID != "" {
		hash, err := pick(full, g.Fields).Hash()
		if err != nil {
			return err
		}
		if hash != g.ValuesHash {
			return fault.New(fault.Conflict, "exchange.error.values_changed")
		}
	}
	if q.WantHash == "" {
		return nil
	}
	hash, err := pick(full, q.Fields).Hash()
	if err == nil && hash != q.WantHash {
		err = fault.New(fault.Conflict, "exchange.error.values_changed")
	}
	return err
}

// entry is the access as the ledger keeps it.
func (q Question) entry(d door, now time.Time) ledger.Entry {
	more := map[string]string{"evidence": q.Evidence, "register": q.Register}
	reader := string(q.Reader)
	if d == doorPreview {
		more["door"], reader = "preview", q.Actor
	}
	if d == doorView {
		more["door"] = "view"
	}
	return ledger.Entry{
		Kind: ledger.Access, Authority: string(q.Holder), Unit: q.Unit, Role: q.Role, Actor: q.Actor, OnBehalf: q.OnBehalf, Subject: q.Subject,
		Reader: reader, Fields: q.Fields, Purpose: q.Purpose, Law: q.law(), Basis: string(q.Basis), Case: q.Case, Reason: q.Reason,
		Grant: q.Grant, DeleteOn: ledger.RetrievalLog(now), More: more, Hide: q.Hide,
	}
}
