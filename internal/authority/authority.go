package authority

import (
	"regexp"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Key names an authority in every table, key set and message: small letters, digits and hyphens, never changed.
type Key string

// Kind says what sort of authority it is.
type Kind string

// The kinds of authorities.
const (
	Town         Kind = "town"         // Gemeinde
	County       Kind = "county"       // Kreis
	Federal      Kind = "federal"      // Bundesbehörde
	Insurance    Kind = "insurance"    // Träger der Sozialversicherung
	Church       Kind = "church"       // öffentlich-rechtliche Religionsgesellschaft; its key is the sign in the register
	Broadcasting Kind = "broadcasting" // Beitragsservice
)

var kinds = map[Kind]bool{Town: true, County: true, Federal: true, Insurance: true, Church: true, Broadcasting: true}

// Authority (Behörde) holds data of its own, strictly separated from all others.
type Authority struct {
	Key     Key
	Name    string // as it stands on letters: "Stadt Lindenfurt"
	Short   string // as people say it: "Lindenfurt"
	Kind    Kind
	State   string // key of the state whose law and calendar apply
	Address Address
	Contact string // where people can ask: an e-mail address or a telephone number
}

// Unit (Amt) is an office inside an authority. Duties are the roles that procedures give to it, such as "registry".
type Unit struct {
	Key    string
	Name   string
	Duties []string
}

// Competence says who keeps a register for the people of an area.
type Competence struct {
	Register    string // "residents", "vehicles"
	Area        Key    // the town whose area it is
	Responsible Key
}

// House is one entry of the address directory: an address and the town it lies in.
type House struct {
	Address
	Area Key
}

// Opening is all it takes to make an authority live.
type Opening struct {
	Authority   Authority
	Units       []Unit
	Competences []Competence
	Addresses   []Address // of its own area
	Reason      string    // why it is added, for the ledger
}

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// check refuses an opening that cannot be right, so that nothing half of it is stored.
func (o Opening) check() error {
	a := o.Authority
	if !keyForm.MatchString(string(a.Key)) || a.Key == "node" { // "node" owns the installation's own keys
		return fault.New(fault.Invalid, "authority.error.key", "Key", string(a.Key))
	}
	if a.Name == "" || a.Short == "" || a.State == "" || !kinds[a.Kind] {
		return fault.New(fault.Invalid, "authority.error.incomplete", "Key", string(a.Key))
	}
	duties := map[string]bool{}
	for _, u := range o.Units {
		if !keyForm.MatchString(u.Key) || u.Name == "" {
			return fault.New(fault.Invalid, "authority.error.unit", "Key", string(a.Key))
		}
		for _, d := range u.Duties {
			if duties[d] { // two offices for one duty: nobody would know whose the case is
				return fault.New(fault.Invalid, "authority.error.duty_twice", "Key", string(a.Key), "Duty", d)
			}
			duties[d] = true
		}
	}
	for _, c := range o.Competences {
		if c.Register == "" || c.Area == "" || c.Responsible == "" {
			return fault.New(fault.Invalid, "authority.error.incomplete", "Key", string(a.Key))
		}
	}
	for _, at := range o.Addresses {
		if k := at.key(); k.street == "" || k.house == "" || len(k.postcode) != 5 || k.town == "" {
			return fault.New(fault.Invalid, "authority.error.address")
		}
	}
	return nil
}
