package access

import (
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

// StaffID names a person who works for an authority; it is random.
type StaffID string

// Role is what somebody may do in a unit.
type Role string

// The roles there are.
const (
	ClerkRole    Role = "clerk"    // Sachbearbeitung: works on cases
	PrivacyRole  Role = "privacy"  // Datenschutzbeauftragte: sees records of processing, never decides
	OperatorRole Role = "operator" // Betrieb: keeps the machines, sees no case
)

var roles = []Role{ClerkRole, PrivacyRole, OperatorRole}

const actorPrefix = "staff:"

// Actor returns how sessions and the ledger name the person: "staff:ID".
func (id StaffID) Actor() string { return actorPrefix + string(id) }

// Actor returns the staff member behind a session, and false if nobody or somebody else is signed in.
func Actor(s web.Session) (StaffID, bool) {
	id, staff := strings.CutPrefix(s.Actor, actorPrefix)
	if !staff || !ident.Valid(id) {
		return "", false
	}
	return StaffID(id), true
}

// Staff is a person who works in a unit of an authority.
type Staff struct {
	ID        StaffID
	Authority authority.Key
	Unit      string // key of the unit
	Name      string // for decision letters only
	Roles     []Role
	StandsIn  []Duty // duties of absent colleagues, on the day the person was read
}

// Duty is a role in a unit of an authority: what somebody acts as. For names the absent colleague when a deputy acts.
type Duty struct {
	Authority authority.Key
	Unit      string
	Role      Role
	For       StaffID
}

// Duties returns everything the person may act as: their own roles first, then those they stand in for.
func (s Staff) Duties() []Duty {
	duties := make([]Duty, 0, len(s.Roles)+len(s.StandsIn))
	for _, r := range s.Roles {
		duties = append(duties, Duty{Authority: s.Authority, Unit: s.Unit, Role: r})
	}
	return append(duties, s.StandsIn...)
}

// Has reports whether the person may act in a role anywhere.
func (s Staff) Has(r Role) bool {
	return slices.ContainsFunc(s.Duties(), func(d Duty) bool { return d.Role == r })
}

// Units returns the units of an authority in which the person may act in a role, their own first.
func (s Staff) Units(key authority.Key, r Role) []string {
	var units []string
	for _, d := range s.Duties() {
		if d.Authority == key && d.Role == r && !slices.Contains(units, d.Unit) {
			units = append(units, d.Unit)
		}
	}
	return units
}

// As returns the duty in which the person may act for a unit of an authority. What belongs to an authority they do not
// work for is NotFound, exactly as if it did not exist; in their own authority a missing role is Forbidden.
func (s Staff) As(key authority.Key, unit string, r Role) (Duty, error) {
	known := false
	for _, d := range s.Duties() {
		if d.Authority != key {
			continue
		}
		if d.Unit == unit && d.Role == r {
			return d, nil
		}
		known = true
	}
	if !known {
		return Duty{}, fault.New(fault.NotFound, "access.error.not_found")
	}
	return Duty{}, fault.New(fault.Forbidden, "access.error.role")
}

// check refuses a person who could not act, or not be named on a letter.
func (s Staff) check() error {
	if s.Authority == "" || s.Unit == "" || strings.TrimSpace(s.Name) == "" || len(s.Roles) == 0 {
		return fault.New(fault.Invalid, "access.error.staff")
	}
	for _, r := range s.Roles {
		if !slices.Contains(roles, r) {
			return fault.New(fault.Invalid, "access.error.staff")
		}
	}
	return nil
}

// deputy says who stands in for whom, from the first day to the last.
type deputy struct {
	absent, stands StaffID
	first, last    clock.Date
}

// check refuses what is no deputyship: for oneself, across authorities, without days, for an operator.
func (d deputy) check(absent, stands Staff) error {
	switch {
	case absent.ID == stands.ID,
		absent.Authority != stands.Authority,
		d.first.IsZero() || d.last.Before(d.first),
		slices.Contains(absent.Roles, OperatorRole):
		return fault.New(fault.Invalid, "access.error.deputy")
	}
	return nil
}

// handOver returns what a deputy takes over from an absent colleague.
func (s Staff) handOver() []Duty {
	var duties []Duty
	for _, r := range s.Roles {
		if r != OperatorRole {
			duties = append(duties, Duty{Authority: s.Authority, Unit: s.Unit, Role: r, For: s.ID})
		}
	}
	return duties
}
