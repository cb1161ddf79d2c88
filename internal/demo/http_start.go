package demo

import (
	"net/http"
	"net/url"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
)

// GuidePath is where a demonstration says who one can be and what to try. With ?als=KEY one is signed in as that persona,
// with &stand=NAME in that state.
const GuidePath = "/demo"

// A Stand brings a persona, who has just been signed in, into a state of the story and returns the page to look at.
type Stand func(c *web.Call, p Persona, account identity.AccountID) (path string, err error)

// Guide is the start page of a demonstration.
type Guide struct {
	World  *World
	Login  *Login
	People *identity.Service
	Portal *Portal
	Stands map[string]Stand // states beside "portal", by their word in ?stand=
}

// StandPortal is the state in which the portal has handed the persona over.
const StandPortal = "portal"

// Routes registers the guide. Guest belongs to lifeevent.Pages, for the start page of who is not signed in.
func (g *Guide) Routes(w *web.Server) { w.Handle("GET", GuidePath, web.Public, g.guide) }

// Guest shows the guide in place of the start page.
func (g *Guide) Guest(c *web.Call) (bool, error) { return true, g.show(c) }

func (g *Guide) guide(c *web.Call) error {
	if key := c.Query("als"); key != "" {
		return g.become(c, key, c.Query("stand"))
	}
	return g.show(c)
}

type guidePage struct {
	web.Page
	People []guideRow
	Office string // where staff sign in
	Portal string
	Outbox string
}

type guideRow struct {
	Key, Name, Text, Home string
	Birth                 clock.Date
}

func (g *Guide) show(c *web.Call) error {
	page := guidePage{
		Page: web.Page{Title: c.T("demo.start.title"), Nav: "/"}, Office: Desk + "?" + url.Values{"zurueck": {"/arbeitsplatz"}}.Encode(),
		Portal: PortalPath, Outbox: OutboxPath,
	}
	for _, p := range g.World.Personas() {
		page.People = append(page.People, guideRow{Key: p.Key, Name: p.Card.Given + " " + p.Card.Family, Birth: p.Birth, Text: p.Try[c.Lang()], Home: p.NewHome.String()})
	}
	return c.Render(http.StatusOK, "demo/start.html", page)
}

// become signs somebody in as a persona, as if they had shown the card.
func (g *Guide) become(c *web.Call, key, stand string) error {
	p, err := g.World.Persona(key)
	if err != nil {
		return err
	}
	enter, known := g.Stands[stand]
	if stand == StandPortal {
		enter, known = g.handedOver, true
	}
	if stand != "" && !known {
		return fault.New(fault.NotFound, "demo.error.stand")
	}
	a, err := g.Login.Assert(p.Card)
	if err != nil {
		return err
	}
	account, err := g.People.ByAssertion(c.Context(), a)
	if err != nil {
		return err
	}
	if err := c.SignIn(account.ID.Actor(), a.Level); err != nil {
		return err
	}
	if stand == "" {
		return c.Redirect(c.Back("/"))
	}
	path, err := enter(c, p, account.ID)
	if err != nil {
		return err
	}
	return c.Redirect(path)
}

// handedOver lets the portal hand the persona over.
func (g *Guide) handedOver(c *web.Call, p Persona, _ identity.AccountID) (string, error) {
	t, _, err := g.Portal.Tenancy(p.Key, c.Today())
	if err != nil {
		return "", err
	}
	statement, _, err := g.Portal.HandOver(c.Context(), t, HandedWell, LetAsSaid)
	if err != nil {
		return "", err
	}
	handle, err := g.Portal.Life.Receive(c.Context(), statement)
	if err != nil {
		return "", err
	}
	lifeevent.Carry(c, handle)
	return lifeevent.Begin, nil
}
