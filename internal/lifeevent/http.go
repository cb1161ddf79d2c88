package lifeevent

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

//go:embed templates/*.html
var templates embed.FS

// Offers says which services can be begun; procedure knows them.
type Offers interface {
	Offers() []*catalog.Edition
}

// Start is what a case begins with.
type Start struct {
	Account   string // as Pages.Account returns it
	Authority authority.Key
	Service   string
	Channel   string
	Referral  json.RawMessage // nil without one
	Portal    string          // which portal handed it over
	// Use must be called in the transaction that begins the case, and no case begins if it fails. It is nil without a
	// referral.
	Use func(ctx context.Context, tx *db.Tx, caseID string) error
}

// Starter begins cases; each method returns the path of the page on which the case goes on.
type Starter interface {
	Start(ctx context.Context, s Start) (path string, err error)
	Resume(ctx context.Context, account, caseID string) (path string, err error)
}

// Pages are the public pages of the services, the landlord's page and the start page.
type Pages struct {
	*Service
	Offers  Offers
	Starter Starter
	Towns   []authority.Key // the authorities that have adopted the services, in the order in which they are offered

	Step    web.Policy                              // who may begin a case: the level of trust the services need
	Account func(c *web.Call) string                // who is signed in
	Person  func(c *web.Call) (Person, error)       // what the card of who is signed in says
	Waiting func(c *web.Call) (Waiting, error)      // what waits for who is signed in; nil: nothing
	Guest   func(c *web.Call) (shown bool, _ error) // may answer the start page for who is not signed in; nil: never

	Confirm func(ctx context.Context, c Confirmation) (mark string, err error) // keeps a landlord's confirmation
}

// Handover is where portals post their signed statements, Begin where the person goes on from there.
const (
	Handover = "/umzug/uebergabe"
	Begin    = "/umzug/beginnen"
)

// handleKept is what the browser keeps of a referral (web.Call.Remember).
const handleKept = "uebergabe"

// Routes registers the pages.
func (p *Pages) Routes(w *web.Server) {
	w.Templates("lifeevent", templates)
	w.Handle("GET", "/", web.Public, p.home)
	w.Handle("GET", "/leistungen", web.Public, p.offers)
	for _, ed := range p.Offers.Offers() {
		o := offer{p, ed}
		w.Handle("GET", "/"+ed.Path, web.Public, o.page)
		w.Handle("GET", "/"+ed.Path+"/beginnen", p.Step, o.begin)
		w.Handle("POST", "/"+ed.Path+"/beginnen", p.Step, o.start)
	}
	w.Handle("POST", Handover, web.Public, p.receive, web.FromAnySite)
	w.Handle("GET", Handover, web.Public, p.aboutHandover)
	w.Handle("GET", landlordPath, web.Public, p.landlord)
	w.Handle("POST", landlordPath, web.Public, p.takeLandlord)
	w.Handle("GET", landlordPath+"/fertig", web.Public, p.landlordDone)
}

// office is a town to choose.
type office struct {
	Key         authority.Key
	Name, Short string
}

func (p *Pages) offices(ctx context.Context) ([]office, error) {
	list := make([]office, len(p.Towns))
	for i, key := range p.Towns {
		a, err := p.authorities.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		list[i] = office{key, a.Name, a.Short}
	}
	return list, nil
}

type offersPage struct {
	web.Page
	Query string
	Found []found
}

// found is one service of the list.
type found struct{ Icon, Title, Path, Text, Free string }

// icons of the services by their path.
var icons = map[string]string{"umzug": "house"}

// offers lists the services; with ?suche= those whose words begin with what was typed.
func (p *Pages) offers(c *web.Call) error {
	page := offersPage{Page: web.Page{Title: c.T("lifeevent.offers.title"), Nav: "/leistungen"}, Query: c.Query("suche")}
	for _, f := range p.all(c) {
		if matches(page.Query, f.Title, f.Text, f.Path) {
			page.Found = append(page.Found, f)
		}
	}
	return c.Render(http.StatusOK, "lifeevent/leistungen.html", page)
}

// all are the services of the definitions, and the landlord's page.
func (p *Pages) all(c *web.Call) []found {
	var list []found
	for _, ed := range p.Offers.Offers() {
		f := found{Icon: icons[ed.Path], Title: ed.Text(c.Lang(), "title"), Path: "/" + ed.Path, Text: ed.Text(c.Lang(), "summary")}
		if f.Icon == "" {
			f.Icon = "checklist"
		}
		if ed.Fee.None != "" {
			f.Free = c.T("lifeevent.offers.free")
		}
		list = append(list, f)
	}
	return append(list, found{
		Icon: "key", Title: c.T("lifeevent.landlord.title"), Path: landlordPath, Text: c.T("lifeevent.landlord.offer"),
		Free: c.T("lifeevent.offers.free"),
	})
}

// matches reports whether each typed word begins a word of the texts, or stands inside one from four letters on.
func matches(query string, texts ...string) bool {
	all := " " + strings.Join(strings.FieldsFunc(authority.Fold(strings.Join(texts, " ")), func(r rune) bool { return r == ' ' }), " ")
	for _, word := range strings.Fields(authority.Fold(query)) {
		if !strings.Contains(all, " "+word) && (len(word) < 4 || !strings.Contains(all, word)) {
			return false
		}
	}
	return true
}

// Waiting is what the start page shows a signed-in person: what they must act on first, and their cases.
type Waiting struct {
	Name  string     // whom to greet
	Act   []web.Item // worst first: a wrong access, open requests, answers that are due, unread letters
	Cases []web.Item // newest first
	Box   []web.Fact // figures about their data, each with its number
}

type homePage struct {
	web.Page
	Waiting
	SignedIn bool
	Greeting string
	Found    []found
	Often    []found
}

// home is the start page: what waits for a person, and what can be done here.
func (p *Pages) home(c *web.Call) error {
	page := homePage{Page: web.Page{Title: c.T("lifeevent.home.title"), Nav: "/"}, SignedIn: p.Account(c) != "", Found: p.all(c)}
	if !page.SignedIn && p.Guest != nil {
		if shown, err := p.Guest(c); shown || err != nil {
			return err
		}
	}
	if page.SignedIn && p.Waiting != nil {
		var err error
		if page.Waiting, err = p.Waiting(c); err != nil {
			return err
		}
	}
	page.Often = page.Found[:min(3, len(page.Found))]
	page.Greeting = c.T("lifeevent.home.lead")
	if page.Name != "" {
		page.Greeting = greeting(c, page.Name)
	}
	return c.Render(http.StatusOK, "lifeevent/start.html", page)
}

func greeting(c *web.Call, name string) string {
	switch hour := c.Now().In(berlin).Hour(); {
	case hour < 11:
		return c.T("lifeevent.home.morning", "Name", name)
	case hour < 18:
		return c.T("lifeevent.home.day", "Name", name)
	}
	return c.T("lifeevent.home.evening", "Name", name)
}

// takesReferrals reports whether a definition reads what portals hand over.
func takesReferrals(ed *catalog.Edition) bool {
	return slices.ContainsFunc(ed.Evidence, func(e catalog.Evidence) bool {
		return slices.ContainsFunc(e.From, func(s catalog.Source) bool { return s.Kind == "referral" })
	})
}
