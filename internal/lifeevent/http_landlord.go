package lifeevent

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

const (
	landlordPath = "/wohnungsgeber"
	markKept     = "merkmal" // what the browser keeps of a confirmation, until its page is closed
	markTime     = 30 * time.Minute
)

type landlordPage struct {
	web.Page
	Fields []web.Field
}

func (p *Pages) landlord(c *web.Call) error {
	return p.landlordForm(c, http.StatusOK, nil)
}

func (p *Pages) landlordForm(c *web.Call, status int, f *web.Form) error {
	return c.Render(status, "lifeevent/wohnungsgeber.html", landlordPage{
		Page: web.Page{Title: c.T("lifeevent.landlord.title"), Nav: "/leistungen", Form: f},
		Fields: f.Fill(
			web.Field{Kind: web.TextField, Name: "name", Label: c.T("lifeevent.landlord.name"), Hint: c.T("lifeevent.landlord.name_hint"), Autocomplete: "organization"},
			plainAddress(c, "sitz", c.T("lifeevent.landlord.seat"), true),
			web.Field{Kind: web.TextField, Name: "eigentuemer", Label: c.T("lifeevent.landlord.owner"), Hint: c.T("lifeevent.landlord.owner_hint"), Optional: true},
			web.Field{Kind: web.DateField, Name: "einzug", Label: c.T("lifeevent.landlord.moved_in")},
			plainAddress(c, "wohnung", c.T("lifeevent.landlord.home"), false),
			web.Field{Kind: web.LinesField, Name: "personen", Label: c.T("lifeevent.landlord.people"), Hint: c.T("lifeevent.landlord.people_hint")},
			web.Field{Kind: web.TickField, Name: "berechtigt", Label: c.T("lifeevent.landlord.entitled"), Hint: c.T("lifeevent.landlord.entitled_hint")},
		),
	})
}

// plainAddress asks for an address; only one's own may be filled in by the browser.
func plainAddress(c *web.Call, name, label string, own bool) web.Field {
	field := c.Address(name, label, "", "", "", "")
	if !own {
		for i := range field.Parts {
			field.Parts[i].Autocomplete = "off"
		}
	}
	return field
}

// takeLandlord keeps a confirmation. What lacks an item, or names a house that is not there, is asked again.
func (p *Pages) takeLandlord(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	confirmation, err := p.confirmation(c, f)
	if err != nil {
		return err
	}
	if f.Failed() {
		return p.landlordForm(c, http.StatusUnprocessableEntity, f)
	}
	mark, err := p.Confirm(c.Context(), confirmation)
	if err != nil {
		return err
	}
	c.Remember(markKept, given{mark, confirmation.Home, confirmation.MovedIn}.carried(), markTime)
	return c.Redirect(landlordPath + "/fertig")
}

// confirmation reads the form; what is wrong stands in it afterwards.
func (p *Pages) confirmation(c *web.Call, f *web.Form) (Confirmation, error) {
	out := Confirmation{Owner: f.Text("eigentuemer"), People: people(f.Lines("personen"))}
	name := f.Text("name")
	if !isName(name) {
		f.Fail("name", "lifeevent.landlord.no_name")
	}
	seat, ok := typedAddress(f, "sitz")
	if !ok {
		f.Fail("sitz", "lifeevent.landlord.no_seat")
	}
	out.Provider = name + ", " + seat.String()
	if out.Owner != "" && !isName(out.Owner) {
		f.Fail("eigentuemer", "lifeevent.landlord.no_owner")
	}
	if out.MovedIn, ok = f.Date("einzug"); !ok {
		f.Fail("einzug", "lifeevent.landlord.no_day")
	} else if out.MovedIn.After(c.Today().AddMonths(12)) || out.MovedIn.Y < 1900 {
		f.Fail("einzug", "lifeevent.landlord.odd_day")
	}
	if err := p.home19(c, f, &out); err != nil {
		return out, err
	}
	if len(out.People) == 0 || len(out.People) > mostPeople || slices.ContainsFunc(out.People, func(s string) bool { return !isName(s) }) {
		f.Fail("personen", "lifeevent.landlord.no_people", "Max", mostPeople)
	}
	if !f.Ticked("berechtigt") {
		f.Fail("berechtigt", "lifeevent.landlord.not_entitled")
	}
	return out, nil
}

// home19 reads the home (§ 19 Abs. 3 Nr. 3 BMG). It must be a house that the directory knows, in a town that takes
// confirmations here.
func (p *Pages) home19(c *web.Call, f *web.Form, out *Confirmation) error {
	home, ok := typedAddress(f, "wohnung")
	if !ok {
		f.Fail("wohnung", "lifeevent.landlord.no_home")
		return nil
	}
	canonical, known, err := p.authorities.Canonical(c.Context(), home)
	if err != nil {
		return err
	}
	key, err := p.authorities.ResponsibleFor(c.Context(), residents, canonical)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	switch {
	case err != nil || !slices.Contains(p.Towns, key):
		f.Fail("wohnung", "lifeevent.landlord.elsewhere")
	case !known:
		f.Fail("wohnung", "lifeevent.landlord.unknown_house", "House", home.House, "Street", home.Street)
	}
	out.Home, out.Authority = canonical, key
	return nil
}

func typedAddress(f *web.Form, name string) (authority.Address, bool) {
	a := authority.Address{Street: f.Text(name + "_street"), House: f.Text(name + "_house"), Postcode: f.Text(name + "_postcode"), Town: f.Text(name + "_town")}
	parsed, err := authority.ParseAddress(a.String())
	return a, err == nil && parsed == a
}

// people reads one name a line.
func people(lines string) []string {
	var list []string
	for name := range strings.SplitSeq(lines, "\n") {
		if name = line(name); name != "" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

func isName(s string) bool {
	return utf8.RuneCountInString(s) <= longestText && strings.ContainsFunc(s, unicode.IsLetter)
}

// given is what the landlord gets: the mark, and for which home and day.
type given struct {
	Mark    string            `json:"mark"`
	Home    authority.Address `json:"home"`
	MovedIn clock.Date        `json:"moved_in"`
}

// carried is how the browser keeps it: the mark is nowhere in our database.
func (g given) carried() string {
	raw, err := json.Marshal(g)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func carriedMark(s string) (g given, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	return g, err == nil && json.Unmarshal(raw, &g) == nil && markForm.MatchString(g.Mark)
}

type landlordDonePage struct {
	web.Page
	given
}

// landlordDone shows the mark as long as the browser keeps it: on reload and in the other language too.
func (p *Pages) landlordDone(c *web.Call) error {
	g, ok := carriedMark(c.Recall(markKept))
	if !ok {
		return c.Redirect(landlordPath)
	}
	return c.Render(http.StatusOK, "lifeevent/wohnungsgeber-fertig.html", landlordDonePage{
		Page: web.Page{Title: c.T("lifeevent.landlord.done"), Nav: "/leistungen"}, given: g,
	})
}
