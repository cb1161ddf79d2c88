package mandate

import (
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Relation is what a person is to the owner of an account.
type Relation string

// The relations.
const (
	Self   Relation = "self"
	Spouse Relation = "spouse" // Ehegatte oder Lebenspartner
	Child  Relation = "child"  // eigenes minderjähriges Kind
)

// Scope is what may be done for a person.
type Scope string

// The scopes.
const (
	Everything   Scope = "everything"   // see and do all the person could
	Registration Scope = "registration" // register the person's move in the family's form, nothing else
)

// scope returns what a relation allows.
func (r Relation) scope() Scope {
	if r == Spouse {
		return Registration
	}
	return Everything
}

// Account names a citizen's account; it is identity's, for modules that know people only through their mandates.
type Account = identity.AccountID

// Person is somebody for whom an account may act.
type Person struct {
	Subject  ledger.Subject
	Relation Relation
	Family   string
	Given    string // all given names
	Birth    clock.Date
	Allowed  Scope
}

// Name returns given and family name as one.
func (p Person) Name() string { return strings.TrimSpace(p.Given + " " + p.Family) }

// Acting tells the layout that self sits at the screen and acts for p.
func Acting(c *web.Call, self, p Person) web.Acting {
	acting := web.Acting{Name: self.Name()}
	switch p.Relation {
	case Child:
		acting.For, acting.Ground = p.Name(), c.T("mandate.ground.child", "Day", i18n.Day(c.Lang(), p.Birth))
	case Spouse:
		acting.For, acting.Ground = p.Name(), c.T("mandate.ground.spouse")
	}
	return acting
}
