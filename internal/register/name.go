package register

import (
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

const callNameMark = " (Rufname "

// MarkCallName writes given names with the one in use marked (DSMeld 0302); a single name needs no mark.
func MarkCallName(given, inUse string) string {
	if inUse == "" || inUse == given {
		return given
	}
	return given + callNameMark + inUse + ")"
}

// CallName returns the given name in use: the marked one, else the first.
func CallName(given string) string {
	all, marked, found := strings.Cut(given, callNameMark)
	if found {
		return strings.TrimSuffix(marked, ")")
	}
	first, _, _ := strings.Cut(all, " ")
	return first
}

// AllNames returns the given names without the mark, as an identity card writes them.
func AllNames(given string) string {
	all, _, _ := strings.Cut(given, callNameMark)
	return all
}

// Identity is what names a person to a register: § 4 Abs. 1 BMeldDigiV. Home may be zero where the means of
// identification carries none.
type Identity struct {
	Family, Given string
	Birth         clock.Date
	Home          authority.Address
}

// nameKey is an identity as registers compare it: by folded names and the day of birth.
type nameKey struct{ family, given, birth string }

func (i Identity) key() nameKey {
	return nameKey{authority.Fold(i.Family), authority.Fold(AllNames(i.Given)), i.Birth.String()}
}

func (r Resident) identity() Identity {
	return Identity{Family: r.FamilyName, Given: r.GivenNames, Birth: r.Birth.Date}
}

func (r Relative) identity() Identity {
	return Identity{Family: r.FamilyName, Given: r.GivenNames, Birth: r.BirthDate}
}

// complete reports whether there is enough to look for. Some people have one name only.
func (k nameKey) complete() bool { return k.family != "" && k.birth != "" }
