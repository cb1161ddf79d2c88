package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
	"github.com/amtsweg/amtsweg/internal/register"
)

// The property portal of the made-up world.
const (
	PortalKey  = "heimfinder"
	PortalName = "Heimfinder"
)

// Handing says how the portal hands somebody over: as it should, or in one of the ways in which it must not work.
type Handing string

// The ways.
const (
	HandedWell    Handing = "valid"
	HandedExpired Handing = "expired" // the statement is older than it may be
	HandedForged  Handing = "forged"  // somebody else signed in the portal's name
	HandedOther   Handing = "other"   // it names another person
)

// Letting says what the landlord confirms through the portal.
type Letting string

// The ways.
const (
	LetAsSaid    Letting = "match"
	LetOtherwise Letting = "mismatch" // another day
	LetNothing   Letting = "none"     // nothing yet, so there is no reference mark
)

// Tenancy is what the portal knows about one move. The first of the people is the one who is handed over.
type Tenancy struct {
	People  []Given
	Home    authority.Address
	MovedIn clock.Date
}

// PortalOptions are what the portal stands on.
type PortalOptions struct {
	DB          *db.DB
	Keys        *keys.Ring
	World       *World
	Authorities *authority.Service
	Landlords   *register.Landlords
	Life        *lifeevent.Service
}

// Portal is Heimfinder, the property portal of the made-up world: a site of its own in all but its address. Landlords
// confirm through it, and it signs what it hands over with a key of its own.
type Portal struct {
	PortalOptions
	signer keys.Signer
}

// NewPortal opens the portal of a demo database and registers it; for any other database it is Forbidden. It makes the
// portal's key if there is none, so it must not be called inside db.Do.
func NewPortal(ctx context.Context, o PortalOptions) (*Portal, error) {
	is, err := Marked(ctx, o.DB)
	if err != nil {
		return nil, err
	}
	if !is {
		return nil, fault.New(fault.Forbidden, "demo.error.not_demo")
	}
	signer, err := o.Keys.Signer(ctx, "portal:"+PortalKey, "referral")
	if err != nil {
		return nil, fmt.Errorf("key of the portal: %w", err)
	}
	err = o.Life.RegisterPortal(ctx, lifeevent.Portal{Key: PortalKey, Name: PortalName, Public: signer.Public()}, "Vorführung: ein ausgedachtes Wohnungsportal")
	return &Portal{o, signer}, err
}

// Tenancy returns the move that a persona means to make, with those who live with them.
func (p *Portal) Tenancy(key string, today clock.Date) (Tenancy, Persona, error) {
	who, err := p.World.Persona(key)
	if err != nil {
		return Tenancy{}, Persona{}, err
	}
	t := Tenancy{People: []Given{{who.Family, who.Given, who.Birth}}, Home: who.NewHome, MovedIn: who.MovedIn(today)}
	me := who.Resident()
	for _, r := range who.Household.People() {
		if len(r.Homes) > 0 && len(me.Homes) > 0 && r.Homes[0].Address == me.Homes[0].Address && r.Birth.Date != me.Birth.Date {
			t.People = append(t.People, Given{r.FamilyName, register.AllNames(r.GivenNames), r.Birth.Date})
		}
	}
	return t, who, nil
}

// HandOver lets the landlord confirm, as letting says, and returns what the portal signs, as handing says.
func (p *Portal) HandOver(ctx context.Context, t Tenancy, handing Handing, letting Letting) (string, lifeevent.Claims, error) {
	if len(t.People) == 0 {
		return "", lifeevent.Claims{}, fault.New(fault.Invalid, "demo.error.tenancy")
	}
	mark, err := p.confirm(ctx, t, letting)
	if err != nil {
		return "", lifeevent.Claims{}, err
	}
	c := p.claims(t, mark)
	signer := jws.Signer(p.signer)
	switch handing {
	case HandedWell:
	case HandedExpired:
		c.Issued, c.Expires = c.Issued-3600, c.Expires-3600
	case HandedForged:
		signer, err = forger()
	case HandedOther:
		c.Given, c.Family, c.Birth = "Erika", "Mustermann", clock.Date{Y: 1984, M: 8, D: 12}
	default:
		err = fault.New(fault.Invalid, "demo.error.tenancy")
	}
	if err != nil {
		return "", c, err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", c, fmt.Errorf("statement of the portal: %w", err)
	}
	statement, err := jws.Sign(signer, PortalKey, lifeevent.StatementType, payload)
	return statement, c, err
}

func (p *Portal) claims(t Tenancy, mark string) lifeevent.Claims {
	now, who := p.DB.Clock().Now(), t.People[0]
	return lifeevent.Claims{
		Portal: PortalKey, ID: ident.New(), Issued: now.Unix(), Expires: now.Add(10 * time.Minute).Unix(),
		Given: who.Given, Family: who.Family, Birth: who.Birth, Mark: mark, MovedIn: t.MovedIn,
		Home: lifeevent.ClaimHome{Street: t.Home.Street, House: t.Home.House, Postcode: t.Home.Postcode, Town: t.Home.Town},
	}
}

// confirm lets the landlord of the home confirm to the town, and returns the reference mark.
func (p *Portal) confirm(ctx context.Context, t Tenancy, letting Letting) (string, error) {
	switch letting {
	case LetAsSaid, LetOtherwise:
	case LetNothing:
		return "", nil
	default:
		return "", fault.New(fault.Invalid, "demo.error.tenancy")
	}
	town, err := p.Authorities.ResponsibleFor(ctx, register.Residents, t.Home)
	if fault.Is(err, fault.NotFound) {
		return "", nil // no town to confirm to; the town's own page will say so
	}
	if err != nil {
		return "", err
	}
	landlord := LandlordOf(t.Home)
	c := register.Confirmation{Authority: town, Source: register.ByReferral, Provider: landlord.Provider(), Owner: landlord.Owner, MovedIn: t.MovedIn, Home: t.Home}
	for _, g := range t.People {
		c.People = append(c.People, strings.TrimSpace(g.Given+" "+g.Family))
	}
	if letting == LetOtherwise {
		c.MovedIn = c.MovedIn.AddDays(-14)
	}
	return p.Landlords.Confirm(ctx, c)
}

// imitation signs with a key that belongs to nobody.
type imitation struct{ private ed25519.PrivateKey }

func forger() (jws.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key of a forger: %w", err)
	}
	return imitation{private}, nil
}

func (i imitation) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(i.private, msg), nil }
func (i imitation) Public() []byte                  { return i.private.Public().(ed25519.PublicKey) }
