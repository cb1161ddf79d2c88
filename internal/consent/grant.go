package consent

import (
	"slices"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Basis (Rechtsgrund) is why an access is lawful. There are these three and no more.
type Basis string

// The three bases for an access.
const (
	ByLaw     Basis = "law"     // the law orders it: shown, no tick
	ByRequest Basis = "request" // the law lets an authority fetch because the person asks for it
	ByConsent Basis = "consent" // extras, revocable at any time
)

// Valid reports whether b is one of the three.
func (b Basis) Valid() bool { return b == ByLaw || b == ByRequest || b == ByConsent }

// Asked reports whether the person is asked: on request and on consent.
func (b Basis) Asked() bool { return b == ByRequest || b == ByConsent }

// Request (Freigabeanfrage) asks a person to release evidence about Subject that Holder keeps, to Reader.
type Request struct {
	ID       string
	Subject  ledger.Subject // whose data
	Account  string         // who acts
	OnBehalf string         // the mandate under which the account acts; empty for oneself
	Reader   authority.Key  // who wants to read
	Unit     string         // its office
	Register string         // where the data lie
	Holder   authority.Key  // whose register it is
	Evidence string         // which kind of evidence
	Title    string         // its name in plain words
	Purpose  string         // what for, in plain words
	Law      string         // what lets the reader fetch; empty only with consent
	Basis    Basis
	Case     string
	Fields   []string
	Whole    bool // all or nothing, where the law fixes the list
	Asked    time.Time
	Until    time.Time // last moment: the question and what is released end here
}

// End says how a grant ended.
type End string

// How a grant ends.
const (
	Expired   End = "expired"    // its time was over
	Revoked   End = "revoked"    // the person took it back
	CaseEnded End = "case_ended" // the case it was for is closed
	Replaced  End = "replaced"   // the person released newer values of the same evidence
)

// Grant (Freigabe) is what a person released. Its own ID, Fields and Until stand before those of the request.
type Grant struct {
	ID string
	Request
	RequestID  string
	Fields     []string // the ticked ones
	ValuesHash string   // of the values the person saw: hex SHA-256
	GrantedAt  time.Time
	Until      time.Time
	EndedAt    time.Time // zero while nobody has ended it
	EndedHow   End
}

// Running reports whether the grant lets anything pass now. At its last moment it is over.
func (g Grant) Running(now time.Time) bool {
	return g.ID != "" && g.EndedAt.IsZero() && now.Before(g.Until)
}

// Ended returns when and how the grant ended, even if nobody has marked it yet. The End is empty while it runs.
func (g Grant) Ended(now time.Time) (time.Time, End) {
	if !g.EndedAt.IsZero() {
		return g.EndedAt, g.EndedHow
	}
	if !now.Before(g.Until) {
		return g.Until, Expired
	}
	return time.Time{}, ""
}

// Covers reports whether every one of the fields was ticked. No field at all is not covered.
func (g Grant) Covers(fields []string) bool {
	return len(fields) > 0 && !slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(g.Fields, f) })
}

// check refuses a request that cannot be right.
func (r Request) check(now time.Time) error {
	switch {
	case !r.Basis.Asked():
		return fault.New(fault.Invalid, "consent.error.basis") // the law leaves no choice, so there is nothing to tick
	case r.Subject == "" || r.Account == "" || r.Reader == "" || r.Holder == "" || r.Evidence == "" || r.Case == "",
		r.Title == "" || r.Purpose == "" || len(r.Fields) == 0,
		r.Basis == ByRequest && r.Law == "":
		return fault.New(fault.Invalid, "consent.error.incomplete")
	case r.Basis == ByConsent && r.Whole:
		return fault.New(fault.Invalid, "consent.error.bundled") // never bundled: a tick for each item
	case !now.Before(r.Until):
		return fault.New(fault.Gone, "consent.error.expired")
	}
	return nil
}

// release makes the grant for what was ticked of r, or says why it cannot be.
func (r Request) release(fields []string, hash string, now time.Time) (Grant, error) {
	ticked := make([]string, 0, len(fields))
	for _, f := range r.Fields { // in the order of the question, each once
		if slices.Contains(fields, f) {
			ticked = append(ticked, f)
		}
	}
	switch {
	case !now.Before(r.Until):
		return Grant{}, fault.New(fault.Gone, "consent.error.expired")
	case len(ticked) == 0:
		return Grant{}, fault.New(fault.Invalid, "consent.error.nothing")
	case slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(r.Fields, f) }):
		return Grant{}, fault.New(fault.Invalid, "consent.error.field") // never more than was asked
	case r.Whole && len(ticked) != len(r.Fields):
		return Grant{}, fault.New(fault.Invalid, "consent.error.whole")
	case len(hash) != 64:
		return Grant{}, fault.New(fault.Invalid, "consent.error.unseen") // nobody releases what they have not seen
	}
	return Grant{Request: r, RequestID: r.ID, Fields: ticked, ValuesHash: hash, GrantedAt: now, Until: r.Until}, nil
}
