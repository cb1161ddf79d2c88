package lifeevent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// StatementType is the type a portal writes into the header of its signed statement.
const StatementType = "amtsweg-referral"

const (
	maxLife      = 15 * time.Minute // a statement may live
	skew         = time.Minute      // a portal's clock may be ahead
	handleLife   = time.Hour        // from its receipt to the start of the case
	maxStatement = 8 << 10          // bytes
	longestText  = 200              // characters of a name or a street
)

// Person is who somebody is by their identity card.
type Person struct {
	Family, Given string
	Birth         clock.Date
}

// Name returns given and family name as one.
func (p Person) Name() string { return strings.TrimSpace(p.Given + " " + p.Family) }

// Is reports whether both are the same person, as registers compare: by folded names and the day of birth.
func (p Person) Is(other Person) bool {
	return !p.Birth.IsZero() && p.Birth == other.Birth && authority.Fold(p.Family) == authority.Fold(other.Family) &&
		authority.Fold(p.Given) == authority.Fold(other.Given)
}

// Referral (Übergabe) is what a portal hands over about one move.
type Referral struct {
	Portal  string
	Person  Person
	Home    authority.Address
	MovedIn clock.Date
	Mark    string // the landlord's reference mark; empty if the landlord has not confirmed yet
	Signed  time.Time

	Authority authority.Key // whose the home is
	Verified  bool          // the directory of addresses knows the house
}

// Values returns the referral as the evidence "handed_over" of a definition: who the person is stays out, that is
// known from the card.
func (r Referral) Values() (json.RawMessage, error) {
	type home struct {
		Street   string `json:"street"`
		House    string `json:"house"`
		Postcode string `json:"postcode"`
		Town     string `json:"town"`
		Verified bool   `json:"verified"`
	}
	type handedOver struct {
		Mark    string     `json:"mark,omitempty"`
		Home    home       `json:"home"`
		MovedIn clock.Date `json:"moved_in"`
	}
	a := r.Home
	raw, err := json.Marshal(map[string]handedOver{
		"handed_over": {Mark: r.Mark, Home: home{a.Street, a.House, a.Postcode, a.Town, r.Verified}, MovedIn: r.MovedIn},
	})
	if err != nil {
		return nil, fmt.Errorf("values of a referral: %w", err)
	}
	return raw, nil
}

// Claims are what a portal signs, and nothing else: a member that is not listed here would be handed over without being
// shown to the person. Issued and Expires are seconds since 1970.
type Claims struct {
	Portal  string     `json:"iss"`
	ID      string     `json:"jti"`
	Issued  int64      `json:"iat"`
	Expires int64      `json:"exp"`
	Given   string     `json:"given"`
	Family  string     `json:"family"`
	Birth   clock.Date `json:"birth"`
	Home    ClaimHome  `json:"home"`
	MovedIn clock.Date `json:"moved_in"`
	Mark    string     `json:"mark,omitempty"`
}

// ClaimHome is the new home in a portal's statement.
type ClaimHome struct {
	Street   string `json:"street"`
	House    string `json:"house"`
	Postcode string `json:"postcode"`
	Town     string `json:"town"`
}

var (
	errForged    = fault.New(fault.Forbidden, "lifeevent.error.forged")
	errMalformed = fault.New(fault.Invalid, "lifeevent.error.malformed")
	errExpired   = fault.New(fault.Gone, "lifeevent.error.expired")
	errUsed      = fault.New(fault.Conflict, "lifeevent.error.used")
	errHandle    = fault.New(fault.Gone, "lifeevent.error.handle")
)

var (
	idForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
	markForm = regexp.MustCompile(`^[A-Za-z0-9 -]{4,40}$`)
)

// parse reads the payload of a statement whose signature is good. signer is the portal whose key it was; now decides
// what has expired.
func parse(payload []byte, signer string, now time.Time) (Referral, string, error) {
	var c Claims
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if !utf8.Valid(payload) || d.Decode(&c) != nil {
		return Referral{}, "", errMalformed
	}
	if _, err := d.Token(); err != io.EOF {
		return Referral{}, "", errMalformed
	}
	if c.Portal != signer {
		return Referral{}, "", errForged
	}
	if err := c.checkTimes(now); err != nil {
		return Referral{}, "", err
	}
	return c.referral(clock.DateOf(now))
}

func (c Claims) checkTimes(now time.Time) error {
	const eternity = 1 << 40 // seconds: far beyond any clock, far below an overflow
	if c.Issued <= 0 || c.Issued > eternity || c.Expires <= c.Issued || c.Expires > eternity {
		return errMalformed
	}
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	if expires.Sub(issued) > maxLife || issued.After(now.Add(skew)) {
		return errMalformed
	}
	if !now.Before(expires) {
		return errExpired
	}
	return nil
}

// referral checks the fields. A day on which nobody moves is left to the case: it asks the person.
func (c Claims) referral(today clock.Date) (Referral, string, error) {
	r := Referral{
		Portal: c.Portal, Person: Person{Family: line(c.Family), Given: line(c.Given), Birth: c.Birth}, MovedIn: c.MovedIn, Mark: line(c.Mark),
		Home:   authority.Address{Street: line(c.Home.Street), House: line(c.Home.House), Postcode: line(c.Home.Postcode), Town: line(c.Home.Town)},
		Signed: time.Unix(c.Issued, 0).UTC(),
	}
	for _, text := range []string{c.Family, c.Given, c.Home.Street, c.Home.House, c.Home.Postcode, c.Home.Town, c.Mark} {
		if utf8.RuneCountInString(text) > longestText || strings.ContainsFunc(text, unprintable) {
			return Referral{}, "", errMalformed
		}
	}
	same, err := authority.ParseAddress(r.Home.String())
	switch {
	case !idForm.MatchString(c.ID), r.Mark != "" && !markForm.MatchString(r.Mark),
		authority.Fold(r.Person.Family) == "",
		r.Person.Birth.IsZero(), r.Person.Birth.After(today), r.Person.Birth.Y < 1880,
		err != nil, same != r.Home,
		r.MovedIn.IsZero(), r.MovedIn.Y < 1880, r.MovedIn.Y > today.Y+10:
		return Referral{}, "", errMalformed
	}
	return r, c.ID, nil
}

// line brings a text into the form in which everything typed here is kept: composed letters, single spaces.
func line(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// unprintable finds control characters and marks that turn the reading direction round.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
}
