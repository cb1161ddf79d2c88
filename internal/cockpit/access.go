package cockpit

import (
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Group is a kind of entries that a person can ask for by itself.
type Group string

// The groups, as they stand in the page's address.
const (
	Everything Group = ""
	Offices    Group = "stellen"      // offices read something
	Answers    Group = "freigaben"    // released, refused, taken back
	Told       Group = "mitteilungen" // notices and their acknowledgements
	Decided    Group = "bescheide"    // decisions and deliveries
	Own        Group = "selbst"       // the person looked
)

// groups are all of them, in the order of the page.
var groups = []Group{Everything, Offices, Answers, Told, Decided, Own}

// parseGroup reads a group from an address; what is none means everything.
func parseGroup(s string) Group {
	for _, g := range groups {
		if string(g) == s {
			return g
		}
	}
	return Everything
}

// groupOf sorts an entry for the account that reads the page.
func groupOf(i ledger.Item, me string) Group {
	switch i.Kind {
	case ledger.Release, ledger.Refusal, ledger.Revocation:
		return Answers
	case ledger.Notice, ledger.Acknowledgement:
		return Told
	case ledger.Decision, ledger.Delivery:
		return Decided
	case ledger.Access:
		if whoLooked(i, me) != anOffice {
			return Own
		}
		return Offices
	case ledger.Login:
		return Own
	}
	return Everything
}

// looker says on which side of the counter somebody stands.
type looker int

const (
	anOffice looker = iota
	yourself
	yourFamily // another account, acting for the person in the family's form or as a parent
)

// isAccount reports whether an actor of the ledger is a citizen's account.
func isAccount(actor string) bool { return strings.HasPrefix(actor, "account:") }

// whoLooked says who read, answered or logged in. At an access, an account without an office as reader looks for itself.
func whoLooked(i ledger.Item, me string) looker {
	office := i.Kind == ledger.Access && i.Reader != "" && !isAccount(i.Reader)
	switch {
	case office || !isAccount(i.Actor):
		return anOffice
	case i.Actor == me:
		return yourself
	}
	return yourFamily
}

// cannotRefuse reports whether an entry rests on a law that leaves the person no choice.
func cannotRefuse(i ledger.Item, me string) bool {
	g := groupOf(i, me)
	return i.Basis == string(consent.ByLaw) && i.Law != "" && (g == Offices || g == Told)
}

// Standing is what can be said of an entry's place in the ledger.
type Standing int

// The standings.
const (
	Placed  Standing = iota // it has a place in the tree
	Waits                   // it is written and gets its place within ledger.Promise
	Overdue                 // the promise was not kept
	Blank                   // its body was erased by law; its place is still there
)

func standing(i ledger.Item, now time.Time) Standing {
	switch {
	case i.Erased:
		return Blank
	case i.Included():
		return Placed
	case now.Sub(i.Time) > ledger.Promise:
		return Overdue
	}
	return Waits
}

// usage is how often a grant was used, as far as can be said.
type usage struct {
	times int
	last  time.Time
	known bool // all entries since the grant was given were looked through
}

// usageOf counts the accesses on a grant among the newest entries of its person. whole says that there are no older ones.
func usageOf(g consent.Grant, newest []ledger.Item, whole bool) (u usage) {
	u.known = whole || len(newest) > 0 && newest[len(newest)-1].Time.Before(g.GrantedAt)
	for _, i := range newest {
		if i.Kind != ledger.Access || i.Grant != g.ID {
			continue
		}
		if u.times++; i.Time.After(u.last) {
			u.last = i.Time
		}
	}
	return u
}

// opened are the laws under which somebody got data lately: the newest entry of each reader, purpose and law.
func opened(newest []ledger.Item, me string, most int) (list []ledger.Item) {
	seen := map[[3]string]bool{}
	for _, i := range newest {
		key := [3]string{i.Reader, i.Purpose, i.Law}
		if i.Kind == ledger.Acknowledgement || !cannotRefuse(i, me) || seen[key] {
			continue
		}
		if seen[key] = true; len(list) < most {
			list = append(list, i)
		}
	}
	return list
}
