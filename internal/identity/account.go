package identity

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

// AccountID names an account; it is random and says nothing about the person.
type AccountID string

// actorPrefix tells a citizen's session from a staff member's.
const actorPrefix = "account:"

// Actor returns how sessions, grants and the ledger name the account: "account:ID".
func (id AccountID) Actor() string { return actorPrefix + string(id) }

// Actor returns the account behind a session, and false if nobody or somebody else than a citizen is signed in.
func Actor(s web.Session) (AccountID, bool) {
	id, citizen := strings.CutPrefix(s.Actor, actorPrefix)
	if !citizen || !ident.Valid(id) {
		return "", false
	}
	return AccountID(id), true
}

// Account is a citizen's account (Bürgerkonto).
type Account struct {
	ID     AccountID
	Opened time.Time
	Seen   time.Time // last login
}

// Assertion is what an eID service says about a person: the data as they stand on the card (§ 8 Abs. 1 OZG).
type Assertion struct {
	Family    string
	Given     string // empty for a person with one name only
	Birth     clock.Date
	Address   string    // as on the card, for example "Mühlgasse 7, 05233 Ellerbrück"; empty if the card has none
	Pseudonym string    // the same for the same person and this service, unknown to any other service
	Level     web.Level // what the eID service vouches for
	Time      time.Time // when it was asserted; set when it is kept
}

// Name returns given and family name as one.
func (a Assertion) Name() string { return strings.TrimSpace(a.Given + " " + a.Family) }

// longest is the most characters a name or address of a card may have here.
const longest = 200

// Check refuses an assertion that cannot open an account: below level high, or without what tells people apart.
// today is the day in Berlin.
func (a Assertion) Check(today clock.Date) error {
	if a.Level < web.High {
		return fault.New(fault.Forbidden, "identity.error.level")
	}
	for _, text := range []string{a.Family, a.Given, a.Address, a.Pseudonym} {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > longest {
			return fault.New(fault.Invalid, "identity.error.card")
		}
	}
	if strings.TrimSpace(a.Family) == "" || a.Pseudonym == "" || a.Birth.IsZero() || a.Birth.After(today) {
		return fault.New(fault.Invalid, "identity.error.card")
	}
	return nil
}
