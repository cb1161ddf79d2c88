package lifeevent

import (
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// Confirmation is what a landlord confirms: the four items of § 19 Abs. 3 BMG, and which authority it is for.
type Confirmation struct {
	Authority authority.Key
	Provider  string // name and address of the landlord
	Owner     string // if somebody else owns the home
	MovedIn   clock.Date
	Home      authority.Address
	People    []string
}

// mostPeople is how many people one confirmation may name.
const mostPeople = 20
