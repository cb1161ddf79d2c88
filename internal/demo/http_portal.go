package demo

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
)

//go:embed portal/templates/*.html
var portalTemplates embed.FS

// PortalPath is where the portal lives in a demonstration.
const PortalPath = "/demo/portal"

const handPath = PortalPath + "/uebergabe"

// Routes registers the portal's pages with their own look: they are no authority's.
func (p *Portal) Routes(w *web.Server) error {
	pages, err := fs.Sub(portalTemplates, "portal")
	if err != nil {
		return err
	}
	w.Templates("portal", pages)
	w.Handle("GET", PortalPath, web.Public, p.list)
	w.Handle("GET", PortalPath+"/{person}", web.Public, p.flat)
	w.Handle("GET", handPath, web.Public, func(c *web.Call) error { return c.Redirect(PortalPath) })
	w.Handle("POST", handPath, web.Public, p.hand)
	return nil
}

var portalSite = web.Site{Name: PortalName}

type portalListPage struct {
	web.Page
	Flats []flatRow
}

type flatRow struct {
	Key, Name, Landlord, Try string
	Home                     authority.Address
	MovedIn                  clock.Date
}

// list shows the flats that the personas have rented.
func (p *Portal) list(c *web.Call) error {
	page := portalListPage{Page: web.Page{Title: c.T("demo.portal.title"), Site: portalSite, Bare: true}}
	for _, who := range p.World.Personas() {
		page.Flats = append(page.Flats, flatRow{
			Key: who.Key, Name: who.Card.Given + " " + who.Card.Family, Landlord: LandlordOf(who.NewHome).Name, Try: who.Try[c.Lang()],
			Home: who.NewHome, MovedIn: who.MovedIn(c.Today()),
		})
	}
	return c.Render(http.StatusOK, "portal/liste.html", page)
}

type flatPage struct {
	web.Page
	Home     authority.Address
	Landlord Landlord
	Fields   []web.Field
	Try      []web.Field // for testers
}

// flat shows one tenancy and what of it may be handed over. Everything may be changed: it is for trying.
func (p *Portal) flat(c *web.Call) error {
	t, _, err := p.Tenancy(c.Param("person"), c.Today())
	if err != nil {
		return err
	}
	return p.showFlat(c, http.StatusOK, t, nil)
}

func (p *Portal) showFlat(c *web.Call, status int, t Tenancy, f *web.Form) error {
	page := flatPage{Page: web.Page{Title: t.Home.String(), Site: portalSite, Bare: true, Form: f}, Home: t.Home, Landlord: LandlordOf(t.Home)}
	if t.Home.IsZero() {
		page.Title = c.T("demo.portal.title")
	}
	var who Given
	if len(t.People) > 0 {
		who = t.People[0]
	}
	page.Fields = f.Fill(
		web.Field{Kind: web.TextField, Name: "vornamen", Label: c.T("demo.eid.given"), Value: who.Given, Autocomplete: "off"},
		web.Field{Kind: web.TextField, Name: "familienname", Label: c.T("demo.eid.family"), Value: who.Family, Autocomplete: "off"},
		web.Field{Kind: web.DateField, Name: "geburtstag", Label: c.T("demo.eid.birth"), Value: typed(who.Birth), Autocomplete: "off"},
		c.Address("wohnung", c.T("demo.portal.home"), t.Home.Street, t.Home.House, t.Home.Postcode, t.Home.Town),
		web.Field{Kind: web.DateField, Name: "einzug", Label: c.T("demo.portal.moved_in"), Value: typed(t.MovedIn), Autocomplete: "off"},
		web.Field{Kind: web.LinesField, Name: "personen", Label: c.T("demo.portal.people"), Hint: c.T("demo.portal.people_hint"), Value: names(t.People)},
	)
	page.Try = f.Fill(
		web.Field{Kind: web.ChoiceField, Name: "art", Label: c.T("demo.portal.handing"), Choices: choices(c, "demo.portal.handing_", HandedWell, HandedExpired, HandedForged, HandedOther)},
		web.Field{Kind: web.ChoiceField, Name: "vermieter", Label: c.T("demo.portal.letting"), Choices: choices(c, "demo.portal.letting_", LetAsSaid, LetOtherwise, LetNothing)},
	)
	return c.Render(status, "portal/wohnung.html", page)
}

//locale:prefix demo.portal.handing_
//locale:prefix demo.portal.letting_

func choices[T ~string](c *web.Call, prefix string, values ...T) []web.Choice {
	list := make([]web.Choice, len(values))
	for i, v := range values {
		list[i] = web.Choice{Value: string(v), Label: c.T(prefix + string(v)), Picked: i == 0}
	}
	return list
}

func names(people []Given) string {
	var list []string
	for _, g := range people {
		list = append(list, strings.TrimSpace(g.Given+" "+g.Family))
	}
	return strings.Join(list, "\n")
}

// typed is a day as people type it.
func typed(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", d.D, d.M, d.Y)
}

type handedPage struct {
	web.Page
	Statement string
	Action    string
	Claims    lifeevent.Claims
	Home      string
	Name      string
	Note      string // how it was spoilt
}

// hand lets the landlord confirm, signs, and shows what will be handed over: the person's own click sends it.
func (p *Portal) hand(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	t := tenancyOf(f)
	handing, letting := Handing(f.Text("art")), Letting(f.Text("vermieter"))
	if f.Failed() {
		return p.showFlat(c, http.StatusUnprocessableEntity, t, f)
	}
	if handing == "" {
		handing = HandedWell
	}
	if letting == "" {
		letting = LetAsSaid
	}
	statement, claims, err := p.HandOver(c.Context(), t, handing, letting)
	if err != nil {
		return err
	}
	page := handedPage{
		Page: web.Page{Title: c.T("demo.portal.hand"), Site: portalSite, Bare: true}, Statement: statement, Action: lifeevent.Handover,
		Claims: claims, Home: t.Home.String(), Name: strings.TrimSpace(claims.Given + " " + claims.Family),
	}
	if handing != HandedWell {
		page.Note = c.T("demo.portal.handing_" + string(handing))
	}
	return c.Render(http.StatusOK, "portal/uebergabe.html", page)
}

// tenancyOf reads the form. The town checks what it gets; here only what cannot be signed at all is refused.
func tenancyOf(f *web.Form) Tenancy {
	who := Given{Family: f.Text("familienname"), Given: f.Text("vornamen")}
	if who.Family == "" {
		f.Fail("familienname", "demo.eid.no_family")
	}
	var ok bool
	if who.Birth, ok = f.Date("geburtstag"); !ok {
		f.Fail("geburtstag", "demo.eid.no_birth")
	}
	t := Tenancy{People: []Given{who}, Home: authority.Address{
		Street: f.Text("wohnung_street"), House: f.Text("wohnung_house"), Postcode: f.Text("wohnung_postcode"), Town: f.Text("wohnung_town"),
	}}
	if _, err := authority.ParseAddress(t.Home.String()); err != nil {
		f.Fail("wohnung", "demo.eid.no_address")
	}
	if t.MovedIn, ok = f.Date("einzug"); !ok {
		f.Fail("einzug", "demo.portal.no_day")
	}
	for name := range strings.SplitSeq(f.Lines("personen"), "\n") {
		name = strings.Join(strings.Fields(name), " ")
		if name != "" && name != strings.TrimSpace(who.Given+" "+who.Family) && len(t.People) < 20 {
			t.People = append(t.People, Given{Family: name})
		}
	}
	return t
}
