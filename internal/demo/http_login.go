package demo

import (
	"embed"
	"net/http"
	"net/url"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
)

//go:embed templates/*.html
var templates embed.FS

// Desk is where staff sign in to a demo world.
const Desk = "/demo/dienst"

// Routes registers the pages of the demo logins. The package's templates must be registered beside them.
func (l *Login) Routes(w *web.Server) {
	w.Handle("GET", eidPath, web.Public, l.eidPage)
	w.Handle("POST", eidPath, web.Public, l.showCard)
	w.Handle("GET", Desk, web.Public, l.deskPage)
	w.Handle("POST", Desk, web.Public, l.signInStaff)
}

// Templates registers the package's pages.
func Templates(w *web.Server) { w.Templates("demo", templates) }

type eidPage struct {
	web.Page
	State  string
	Cards  []cardRow
	Fields []web.Field
}

type cardRow struct {
	Card
	Text string
}

// eidPage lets one choose a card, or write one. Whoever comes without having begun a login begins it first.
func (l *Login) eidPage(c *web.Call) error {
	state := c.Query("state")
	if state == "" {
		return c.Redirect("/anmelden/eid?" + url.Values{"zurueck": {c.Back("/")}}.Encode())
	}
	return l.renderEID(c, http.StatusOK, state, nil)
}

func (l *Login) renderEID(c *web.Call, status int, state string, f *web.Form) error {
	cards, err := l.Cards(c.Context())
	if err != nil {
		return err
	}
	p := eidPage{Page: web.Page{Title: c.T("demo.eid.title"), Form: f, Bare: true}, State: state}
	for _, card := range cards {
		p.Cards = append(p.Cards, cardRow{card, card.Try[c.Lang()]})
	}
	p.Fields = f.Fill(
		web.Field{Kind: web.TextField, Name: "vornamen", Label: c.T("demo.eid.given"), Autocomplete: "off"},
		web.Field{Kind: web.TextField, Name: "familienname", Label: c.T("demo.eid.family"), Autocomplete: "off"},
		web.Field{Kind: web.DateField, Name: "geburtstag", Label: c.T("demo.eid.birth"), Autocomplete: "off"},
		web.Field{
			Kind: web.TextField, Name: "anschrift", Label: c.T("demo.eid.address"), Hint: c.T("demo.eid.address_hint"),
			Optional: true, Autocomplete: "off",
		},
	)
	return c.Render(status, "demo/eid.html", p)
}

// showCard sends the browser back to the login with a handle for the card.
func (l *Login) showCard(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	var card Card
	if key := f.Text("person"); key != "" {
		if card, err = l.card(c.Context(), key); err != nil {
			return err
		}
	} else if card = written(f, c.Today()); f.Failed() {
		return l.renderEID(c, http.StatusUnprocessableEntity, f.Text("state"), f)
	}
	handle, err := l.show(c.Context(), card, f.Text("state"))
	if err != nil {
		return err
	}
	return c.Redirect(identity.Return + "?" + url.Values{"h": {handle}}.Encode())
}

// written reads a card that somebody made up.
func written(f *web.Form, today clock.Date) Card {
	card := Card{Family: f.Text("familienname"), Given: f.Text("vornamen")}
	if card.Given == "" {
		f.Fail("vornamen", "demo.eid.no_given")
	}
	if card.Family == "" {
		f.Fail("familienname", "demo.eid.no_family")
	}
	born, ok := f.Date("geburtstag")
	if !ok || born.After(today) {
		f.Fail("geburtstag", "demo.eid.no_birth")
	}
	card.Birth = born
	if text := f.Text("anschrift"); text != "" {
		at, err := authority.ParseAddress(text)
		if err != nil {
			f.Fail("anschrift", "demo.eid.no_address")
		}
		card.Address = at
	}
	return card
}

type deskPage struct {
	web.Page
	Back   string
	Groups []deskGroup
}

// deskGroup is the staff of one authority.
type deskGroup struct {
	Name string
	Rows []deskRow
}

type deskRow struct{ ID, Name, What string }

// deskPage lists who works where.
func (l *Login) deskPage(c *web.Call) error {
	staff, err := l.Staff.All(c.Context())
	if err != nil {
		return err
	}
	p := deskPage{Page: web.Page{Title: c.T("demo.desk.title"), Bare: true}, Back: c.Back("")}
	var last authority.Key
	for _, s := range staff {
		if s.Authority != last {
			a, err := l.Authorities.Get(c.Context(), s.Authority)
			if err != nil {
				return err
			}
			p.Groups, last = append(p.Groups, deskGroup{Name: a.Name}), s.Authority
		}
		what, err := l.what(c, s)
		if err != nil {
			return err
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Rows = append(g.Rows, deskRow{ID: string(s.ID), Name: s.Name, What: what})
	}
	return c.Render(http.StatusOK, "demo/dienst.html", p)
}

// what names unit and roles of a person.
func (l *Login) what(c *web.Call, s access.Staff) (string, error) {
	units, err := l.Authorities.Units(c.Context(), s.Authority)
	if err != nil {
		return "", err
	}
	text := s.Unit
	for _, u := range units {
		if u.Key == s.Unit {
			text = u.Name
		}
	}
	for _, r := range s.Roles {
		text += ", " + c.T(access.RoleText(r))
	}
	return text, nil
}

// signInStaff begins a session of a person who works here.
func (l *Login) signInStaff(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	s, err := l.Staff.Staff(c.Context(), access.StaffID(f.Text("person")))
	if err != nil {
		return err
	}
	if err := c.SignIn(s.ID.Actor(), web.Substantial); err != nil {
		return err
	}
	if s.Has(access.ClerkRole) {
		return c.Redirect(c.Back("/arbeitsplatz"))
	}
	return c.Redirect(c.Back("/"))
}
