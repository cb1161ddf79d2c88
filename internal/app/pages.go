package app

import (
	"context"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/cockpit"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/desk"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
	"github.com/amtsweg/amtsweg/internal/mandate"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/register"
	assets "github.com/amtsweg/amtsweg/web"
)

// pages wires the web server: every route with its policy.
func (n *Node) pages(ctx context.Context) error {
	site, err := n.site(ctx)
	if err != nil {
		return err
	}
	n.Web = web.New(web.Options{
		DB: n.DB, Clock: n.Clock, Log: n.Log, Texts: n.Texts, Assets: assets.Dist(), Layout: assets.Layout(), Site: site, Demo: n.Options.Demo,
		Secure: strings.HasPrefix(n.Base, "https://"), Ready: n.ready, Idle: n.Config.SessionIdle, Absolute: n.Config.SessionMax,
	})
	n.Web.Who(func(c *web.Call) (web.Acting, error) {
		if strings.HasPrefix(c.Session().Actor, "staff:") {
			return n.Access.Who(c)
		}
		return n.Identity.Who(c)
	})
	n.Identity.Routes(n.Web)
	n.Ledger.Routes(n.Web)
	n.Letters.Routes(n.Web)
	n.Delivery.Routes(n.Web)
	cases := n.casePages()
	cases.Routes(n.Web)
	n.Cockpit = cockpit.New(n.cockpitOptions())
	n.Cockpit.Routes(n.Web)
	start, err := n.startPages(ctx, cases)
	if err != nil {
		return err
	}
	(&desk.Pages{Service: n.Procedure, Clerk: n.Access.Clerk()}).Routes(n.Web)
	if err := n.demoPages(ctx, start); err != nil {
		return err
	}
	start.Routes(n.Web)
	return nil
}

func (n *Node) site(ctx context.Context) (web.Site, error) {
	if !n.Options.Demo {
		return web.Site{Name: "Amtsweg"}, nil
	}
	town, err := n.Authorities.Get(ctx, demo.NewTown)
	return web.Site{Name: town.Short, Office: town.Name, Address: town.Address.String()}, err
}

// actorOf is the account that is signed in; staff have none.
func actorOf(c *web.Call) string {
	if id, is := identity.Actor(c.Session()); is {
		return id.Actor()
	}
	return ""
}

// casePages are the citizen's pages of a case.
func (n *Node) casePages() *procedure.Pages {
	return &procedure.Pages{Service: n.Procedure, Step: identity.HighLevel, Look: identity.SignedIn, Account: actorOf, Who: n.nameOf}
}

// nameOf is what people call an authority.
func (n *Node) nameOf(key string) string {
	a, err := n.Authorities.Get(context.Background(), authority.Key(key))
	if err != nil {
		return key
	}
	return a.Name
}

func (n *Node) cockpitOptions() cockpit.Options {
	return cockpit.Options{
		DB: n.DB, Consent: n.Consent, Ledger: n.Ledger, Mandate: n.Mandates, Authorities: n.Authorities, Base: n.Base, Policy: identity.SignedIn,
		Account: func(c *web.Call) (mandate.Account, bool) { return identity.Actor(c.Session()) },
		Cases: func(ctx context.Context, account mandate.Account, ids []string) (map[string]cockpit.CaseRef, error) {
			found, err := n.Procedure.Refs(ctx, account.Actor(), ids)
			out := make(map[string]cockpit.CaseRef, len(found))
			for id, c := range found {
				out[id] = cockpit.CaseRef{Number: c.Number, Path: n.Procedure.PathOf(c)}
			}
			return out, err
		},
		Texts: n.Texts, Translate: n.translate,
		Keys: n.publicKeys, Sources: []ledger.Source{n.Consent.Evidence, n.Delivery.Evidence},
	}
}

// translate gives a sentence of one of the definitions in another language.
func (n *Node) translate(lang, german string) (string, bool) {
	for _, ed := range n.Procedure.Editions {
		if t, ok := ed.Translate(lang, german); ok {
			return t, true
		}
	}
	return "", false
}

// publicKeys are the keys with which the authorities sign answers, notices and letters, and the node signs grants, because
// there the person's account is at home.
func (n *Node) publicKeys(ctx context.Context) (map[string][]byte, error) {
	list, err := n.Authorities.List(ctx)
	if err != nil {
		return nil, err
	}
	owners := []string{keys.Node}
	for _, a := range list {
		owners = append(owners, string(a.Key))
	}
	out := make(map[string][]byte, len(owners))
	for _, owner := range owners {
		signer, err := n.Keys.Signer(ctx, owner, exchange.SignPurpose)
		if err != nil {
			return nil, err
		}
		out[owner] = signer.Public()
	}
	return out, nil
}

// starter begins cases for the pages of life events.
type starter struct{ *procedure.Service }

func (s starter) Start(ctx context.Context, st lifeevent.Start) (string, error) {
	c, err := s.Service.Start(ctx, procedure.Start{
		Service: st.Service, Authority: st.Authority, Account: st.Account, Channel: st.Channel, Referral: st.Referral, Portal: st.Portal, Use: st.Use,
	})
	return s.PathOf(c), err
}

func (s starter) Resume(ctx context.Context, account, id string) (string, error) {
	c, err := s.Case(ctx, account, id)
	return s.PathOf(c), err
}

func (n *Node) startPages(ctx context.Context, cases *procedure.Pages) (*lifeevent.Pages, error) {
	towns, err := n.towns(ctx)
	if err != nil {
		return nil, err
	}
	p := &lifeevent.Pages{
		Service: n.LifeEvents, Offers: n.Procedure, Starter: starter{n.Procedure}, Towns: towns, Step: identity.HighLevel, Account: actorOf,
		Person: n.person, Waiting: n.waiting(cases),
		Confirm: func(ctx context.Context, c lifeevent.Confirmation) (string, error) {
			return n.Registers.Landlords.Confirm(ctx, register.Confirmation{
				Authority: c.Authority, Source: register.ByLandlord, Provider: c.Provider, Owner: c.Owner, MovedIn: c.MovedIn, Home: c.Home, People: c.People,
			})
		},
	}
	return p, nil
}

// towns are the authorities that keep a register of residents: those whose case a move can be.
func (n *Node) towns(ctx context.Context) ([]authority.Key, error) {
	list, err := n.Authorities.List(ctx)
	var out []authority.Key
	for _, a := range list {
		if a.Kind == authority.Town {
			out = append(out, a.Key)
		}
	}
	if n.Options.Demo { // the town whose pages these are comes first
		out = append([]authority.Key{demo.NewTown}, without(out, demo.NewTown)...)
	}
	return out, err
}

func without(list []authority.Key, key authority.Key) []authority.Key {
	var out []authority.Key
	for _, k := range list {
		if k != key {
			out = append(out, k)
		}
	}
	return out
}

// person is what the card of who is signed in says.
func (n *Node) person(c *web.Call) (lifeevent.Person, error) {
	a, err := n.Identity.Assertion(c.Context(), n.DB, accountID(actorOf(c)))
	return lifeevent.Person{Family: a.Family, Given: a.Given, Birth: a.Birth}, err
}

// waiting is what the start page shows to who is signed in.
func (n *Node) waiting(cases *procedure.Pages) func(c *web.Call) (lifeevent.Waiting, error) {
	return func(c *web.Call) (lifeevent.Waiting, error) {
		a, err := n.Identity.Assertion(c.Context(), n.DB, accountID(actorOf(c)))
		if err != nil {
			return lifeevent.Waiting{}, err
		}
		w := lifeevent.Waiting{Name: a.Given + " " + a.Family}
		list, err := n.Procedure.CasesOf(c.Context(), actorOf(c), c.Now().AddDate(0, 0, 1), 5)
		if err != nil {
			return w, err
		}
		for _, cs := range list {
			item := cases.Item(c, cs)
			w.Cases = append(w.Cases, item)
			if cs.Wait.OfApplicant() {
				item.Path = n.Procedure.PathOf(cs)
				w.Act = append(w.Act, item)
			}
		}
		return w, nil
	}
}

// demoPages are the pages of a demonstration: logins, portal, outbox and the guide, which also stands in for the start
// page of whoever is not signed in.
func (n *Node) demoPages(ctx context.Context, start *lifeevent.Pages) error {
	if !n.Options.Demo {
		return nil
	}
	demo.Templates(n.Web)
	n.logins.Routes(n.Web)
	outbox, err := demo.NewOutbox(ctx, n.DB, n.mails, n.Delivery)
	if err != nil {
		return err
	}
	outbox.Routes(n.Web)
	portal, err := demo.NewPortal(ctx, demo.PortalOptions{
		DB: n.DB, Keys: n.Keys, World: n.World, Authorities: n.Authorities, Landlords: n.Registers.Landlords, Life: n.LifeEvents,
	})
	if err != nil {
		return err
	}
	if err := portal.Routes(n.Web); err != nil {
		return err
	}
	guide := &demo.Guide{World: n.World, Login: n.logins, People: n.Identity, Portal: portal, Stands: n.demoStands()}
	guide.Routes(n.Web)
	start.Guest = guide.Guest
	return nil
}
