package register

import (
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// Resident is what a register of residents passes on about one person: the 20 groups of § 9 Abs. 1 BMeldDigiV in their
// order. The JSON names are the field names of the evidence in the procedure definitions.
type Resident struct {
	FamilyName      string       `json:"family_name" class:"personal"`
	FormerNames     FormerNames  `json:"former_names,omitzero" class:"personal"`
	GivenNames      string       `json:"given_names" class:"personal"` // all of them, the one in use marked: "Jana Maria (Rufname Jana)"
	Doctorate       string       `json:"doctorate,omitempty" class:"personal"`
	OtherName       string       `json:"other_name,omitempty" class:"personal"`
	Birth           Birth        `json:"birth" class:"personal"`
	Sex             string       `json:"sex" class:"personal"`
	TaxID           string       `json:"tax_id" class:"personal"`
	Representative  []Relative   `json:"representative,omitempty" class:"personal" from:"kin"`
	Nationalities   []string     `json:"nationalities" class:"personal"` // two letters each
	Religion        string       `json:"religion,omitempty" class:"sensitive"`
	Homes           []Home       `json:"homes" class:"personal"`
	MovedIn         clock.Date   `json:"moved_in" class:"personal"`
	FamilyStatus    FamilyStatus `json:"family_status" class:"personal"`
	Spouse          *Relative    `json:"spouse,omitempty" class:"personal" from:"kin"`
	Children        []Relative   `json:"children,omitempty" class:"personal" from:"kin"`
	Documents       []Document   `json:"documents" class:"sensitive"`
	Blocks          Blocks       `json:"blocks,omitzero" class:"sensitive"`
	AZRNumber       string       `json:"azr_number,omitempty" class:"personal"`
	PassportRefusal bool         `json:"passport_refusal" class:"sensitive"`
}

// FormerNames are the name at birth and any other name a person once bore.
type FormerNames struct {
	BirthName string `json:"birth_name,omitempty"`
	Earlier   string `json:"earlier,omitempty"`
}

// Birth is when and where a person was born; Country only if it was not Germany.
type Birth struct {
	Date    clock.Date `json:"date"`
	Place   string     `json:"place"`
	Country string     `json:"country,omitempty"`
}

// HomeKind says what a home is to the person (DSMeld 1213).
type HomeKind string

// The kinds of homes.
const (
	Sole      HomeKind = "sole"      // alleinige Wohnung
	Main      HomeKind = "main"      // Hauptwohnung
	Secondary HomeKind = "secondary" // Nebenwohnung
)

// Home is an address at which a person is registered.
type Home struct {
	Address authority.Address `json:"address"`
	Kind    HomeKind          `json:"kind"`
}

// FamilyStatus is the family status; day, place and country only of a marriage or partnership.
type FamilyStatus struct {
	Status  string     `json:"status"`
	Date    clock.Date `json:"date,omitzero"`
	Place   string     `json:"place,omitempty"`
	Country string     `json:"country,omitempty"`
}

// Relative is what a register keeps about a spouse, a minor child or a legal representative (§ 3 Abs. 1 Nr. 9, 15, 16
// BMG). Homes is filled for a spouse, Home for a child and a representative, BirthName only for a spouse.
type Relative struct {
	FamilyName string              `json:"family_name"`
	GivenNames string              `json:"given_names"`
	BirthName  string              `json:"birth_name,omitempty"`
	Doctorate  string              `json:"doctorate,omitempty"`
	BirthDate  clock.Date          `json:"birth_date"`
	Sex        string              `json:"sex"`
	Homes      []authority.Address `json:"homes,omitempty"`
	Home       authority.Address   `json:"home,omitzero"`
	TaxID      string              `json:"tax_id"`
}

// Document is an identity document: identity card, passport, eID card.
type Document struct {
	Issuer     string     `json:"issuer"`
	Issued     clock.Date `json:"issued,omitzero"`
	ValidUntil clock.Date `json:"valid_until"`
	Serial     string     `json:"serial"`
}

// kept is what the register keeps about a person beyond the 20 groups; it is never evidence.
type kept struct {
	RegisteredOn clock.Date        `json:"registered_on,omitzero" class:"personal"`
	MovedOut     clock.Date        `json:"moved_out,omitzero" class:"personal"`
	Forward      authority.Address `json:"forward,omitzero" class:"personal"`  // where the person went (§ 3 Abs. 1 Nr. 12 BMG)
	Previous     authority.Address `json:"previous,omitzero" class:"personal"` // where the person came from
	Objections   []string          `json:"objections,omitempty" class:"personal"`
}

// The words of a block that hides a person from relatives' evidence.
const (
	blockInformation = "§ 51 BMG" // Auskunftssperre
	blockShelter     = "§ 52 BMG" // bedingter Sperrvermerk
)

// Blocks are what keeps the register from telling: information blocks, and objections to single transmissions.
type Blocks struct {
	Information  []Block `json:"information,omitempty"`
	Transmission []Block `json:"transmission,omitempty"`
}

// Block is an information or transmission block: the law it rests on and its last day (zero: until lifted). As evidence
// it is one line of text, "§ 51 BMG bis 2031-03-04".
type Block struct {
	Law   string
	Until clock.Date
}

// InformationBlock returns the block of § 51 BMG that was entered on a day: two years (§ 51 Abs. 4 BMG).
func InformationBlock(entered clock.Date) Block {
	return Block{Law: blockInformation, Until: entered.AddMonths(24)}
}

// ShelterBlock returns the block of § 52 BMG, which has no end of its own.
func ShelterBlock() Block { return Block{Law: blockShelter} }

// Hides reports whether the block keeps a person out of relatives' evidence on that day.
func (b Block) Hides(today clock.Date) bool {
	return (b.Law == blockInformation || b.Law == blockShelter) && (b.Until.IsZero() || !b.Until.Before(today))
}

// MarshalText writes "§ 51 BMG bis 2031-03-04".
func (b Block) MarshalText() ([]byte, error) {
	if b.Until.IsZero() {
		return []byte(b.Law), nil
	}
	return []byte(b.Law + " bis " + b.Until.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (b *Block) UnmarshalText(text []byte) error {
	law, day, found := strings.Cut(string(text), " bis ")
	*b = Block{Law: law}
	if !found {
		return nil
	}
	return b.Until.UnmarshalText([]byte(day))
}

// Name returns the person's everyday name, "Jana Wittkamp".
func (r Resident) Name() string { return CallName(r.GivenNames) + " " + r.FamilyName }

// hidden reports whether a block keeps the person out of relatives' evidence.
func (r Resident) hidden(today clock.Date) bool {
	for _, b := range r.Blocks.Information {
		if b.Hides(today) {
			return true
		}
	}
	return false
}

// age returns the completed years of life on a day; a child is of age from its 18th birthday on (§ 187 Abs. 2 BGB).
func age(born, today clock.Date) int {
	years := today.Y - born.Y
	if today.M < born.M || (today.M == born.M && today.D < born.D) {
		years--
	}
	return years
}

// minor reports whether somebody born on that day is under 18.
func minor(born, today clock.Date) bool { return age(born, today) < 18 }

// mainHome returns the sole or main home, or the zero Address.
func (r Resident) mainHome() authority.Address {
	for _, h := range r.Homes {
		if h.Kind != Secondary {
			return h.Address
		}
	}
	return authority.Address{}
}

// as returns what another person's record may say about r in the given relation.
func (r Resident) as(k Kin, forward authority.Address) Relative {
	rel := Relative{
		FamilyName: r.FamilyName, GivenNames: r.GivenNames, Doctorate: r.Doctorate, BirthDate: r.Birth.Date, Sex: r.Sex, TaxID: r.TaxID,
	}
	if k == Spouse {
		rel.BirthName = r.FormerNames.BirthName
		for _, h := range r.Homes {
			rel.Homes = append(rel.Homes, h.Address)
		}
		if !forward.IsZero() {
			rel.Homes = []authority.Address{forward}
		}
		return rel
	}
	if k == Child {
		rel.Doctorate = "" // not among the items of § 3 Abs. 1 Nr. 16 BMG
	}
	rel.Home = r.mainHome()
	if !forward.IsZero() {
		rel.Home = forward
	}
	return rel
}
