package cockpit

import (
	"embed"
	"net/http"
	"net/url"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/mandate"
)

//go:embed templates/*.html
var templates embed.FS

const (
	grantsPath   = "/freigaben"
	runningPath  = grantsPath + "/laufend"
	endedPath    = grantsPath + "/beendet"
	accessesPath = "/zugriffe"
	proofPath    = accessesPath + "/nachpruefen"
	familyPath   = accessesPath + "/familie"
	hiddenPath   = accessesPath + "/verdeckt"
	jsonPath     = accessesPath + "/nachweis.json"
	zipPath      = accessesPath + "/nachweis.zip"

	perPage = 20
)

// Routes registers the pages.
func (s *Service) Routes(w *web.Server) {
	w.Templates("cockpit", templates)
	w.Handle("GET", grantsPath, s.Policy, s.asked)
	w.Handle("GET", runningPath, s.Policy, s.running)
	w.Handle("GET", endedPath, s.Policy, s.ended)
	w.Handle("POST", grantsPath+"/{grant}/beenden", s.Policy, s.revoke)
	w.Handle("POST", grantsPath+"/{request}/ablehnen", s.Policy, s.refuse)
	w.Handle("GET", accessesPath, s.Policy, s.showAccesses)
	w.Handle("GET", familyPath, s.Policy, s.family)
	w.Handle("GET", hiddenPath, web.Public, s.hidden)
	w.Handle("GET", proofPath, s.Policy, s.proof)
	w.Handle("GET", jsonPath, s.Policy, s.evidence)
	w.Handle("GET", zipPath, s.Policy, s.evidenceZip)
}

// account returns who is signed in; staff are nobody here.
func (s *Service) account(c *web.Call) (mandate.Account, error) {
	account, ok := s.Account(c)
	if !ok {
		return "", fault.New(fault.Forbidden, "cockpit.error.citizens")
	}
	return account, nil
}

// viewOf reads whose data a page is about: ?fuer= a child, else oneself.
func (s *Service) viewOf(c *web.Call) (View, error) {
	account, err := s.account(c)
	if err != nil {
		return View{}, err
	}
	return s.view(c.Context(), account, ledger.Subject(c.Query("fuer")))
}

// link makes the address of a page about the same person. pairs are names and values; empty ones are left out.
func (v View) link(path string, pairs ...string) string {
	q := url.Values{}
	if v.Child {
		q.Set("fuer", string(v.Subject))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// For is what all pages say about whose data they show.
type For struct {
	Child   string // her name, empty on one's own pages
	Subject string // for forms; empty on one's own pages
	Family  string // where to choose somebody else
	Mine    string // back to one's own page
}

func (v View) who(c *web.Call, path string) For {
	f := For{Family: familyPath, Mine: path}
	if v.Child {
		f.Child, f.Subject = v.Name, string(v.Subject)
		if f.Child == "" {
			f.Child = c.T("cockpit.for.some_child")
		}
	}
	return f
}

// grantsPage is one of three segments: what is asked, what runs, what has ended.
type grantsPage struct {
	web.Page
	For
	Tabs    web.Tabs
	Asked   []askedCard
	Running []grantCard
	Ended   []web.Item
	Empty   web.Empty
	None    bool
	Pager   web.Pager
	ByLaw   []web.ByLaw
}

type askedCard struct {
	ID, Office, Title            string
	Chip                         web.Chip
	Facts                        []web.Fact
	Fields                       []string
	Left                         string
	Answer                       string // page of the case where the values are read and released; empty: somebody else was asked
	Without, RefusePath, Subject string
}

type grantCard struct {
	ID, Office, Title string
	Fields            []string
	Facts             []web.Fact
	Count             web.Count
	End               string // where to end it
}

// segment is what the three pages have in common.
func (s *Service) segment(c *web.Call, path string, f consent.Filter) (View, grantsPage, []consent.Item, error) {
	v, err := s.viewOf(c)
	if err != nil {
		return v, grantsPage{}, nil, err
	}
	items, older, err := s.list(c.Context(), v, f, c.Query("vor"), perPage)
	if err != nil {
		return v, grantsPage{}, nil, err
	}
	p := grantsPage{Page: web.Page{Title: c.T("cockpit.grants.title"), Nav: grantsPath}, For: v.who(c, grantsPath), None: len(items) == 0}
	if older != "" {
		p.Pager.Older = v.link(path, "vor", older)
	}
	if c.Query("vor") != "" {
		p.Pager.Newer = v.link(path)
	}
	p.Tabs, err = s.tabs(c, v, path)
	return v, p, items, err
}

// tabs lead to the three segments, with how much waits in the first two.
func (s *Service) tabs(c *web.Call, v View, current string) (web.Tabs, error) {
	asked, _, err := s.list(c.Context(), v, consent.ShowAsked, "", most)
	if err != nil {
		return web.Tabs{}, err
	}
	running, _, err := s.list(c.Context(), v, consent.ShowRunning, "", most)
	if err != nil {
		return web.Tabs{}, err
	}
	tab := func(path, text string, count int) web.Tab {
		return web.Tab{Text: text, Path: v.link(path), Current: path == current, Count: count}
	}
	return web.Tabs{Label: c.T("cockpit.grants.title"), Tabs: []web.Tab{
		tab(grantsPath, c.T("cockpit.grants.asked"), len(asked)),
		tab(runningPath, c.T("cockpit.grants.running"), len(running)),
		tab(endedPath, c.T("cockpit.grants.ended"), 0),
	}}, nil
}

func (s *Service) asked(c *web.Call) error {
	v, p, items, err := s.segment(c, grantsPath, consent.ShowAsked)
	if err != nil {
		return err
	}
	newest, _, err := s.newest(c.Context(), v)
	if err != nil {
		return err
	}
	law := opened(newest, v.actor(), 5)
	w, err := s.words(c, v, items, law)
	if err != nil {
		return err
	}
	for _, i := range items {
		p.Asked = append(p.Asked, w.askedCard(i.Request))
	}
	for _, i := range law {
		p.ByLaw = append(p.ByLaw, w.byLaw(i))
	}
	p.Empty = web.Empty{
		Icon: "shield", Title: c.T("cockpit.grants.nothing_asked"), Text: c.T("cockpit.grants.nothing_asked_text"),
		Action: web.Link{Path: v.link(runningPath), Text: c.T("cockpit.grants.to_running")},
	}
	return c.Render(http.StatusOK, "cockpit/freigaben.html", p)
}

func (s *Service) running(c *web.Call) error {
	v, p, items, err := s.segment(c, runningPath, consent.ShowRunning)
	if err != nil {
		return err
	}
	newest, whole, err := s.newest(c.Context(), v)
	if err != nil {
		return err
	}
	w, err := s.words(c, v, items, nil)
	if err != nil {
		return err
	}
	for _, i := range items {
		p.Running = append(p.Running, w.grantCard(i.Grant, newest, whole))
	}
	p.Empty = web.Empty{
		Icon: "shield", Title: c.T("cockpit.grants.nothing_runs"), Text: c.T("cockpit.grants.nothing_runs_text"),
		Action: web.Link{Path: v.link(accessesPath), Text: c.T("cockpit.grants.to_accesses")},
	}
	return c.Render(http.StatusOK, "cockpit/freigaben-laufend.html", p)
}

func (s *Service) ended(c *web.Call) error {
	v, p, items, err := s.segment(c, endedPath, consent.ShowEnded)
	if err != nil {
		return err
	}
	w, err := s.words(c, v, items, nil)
	if err != nil {
		return err
	}
	for _, i := range items {
		p.Ended = append(p.Ended, w.endedItem(i.Grant))
	}
	p.Empty = web.Empty{Icon: "clock", Title: c.T("cockpit.grants.nothing_ended"), Text: c.T("cockpit.grants.nothing_ended_text")}
	return c.Render(http.StatusOK, "cockpit/freigaben-beendet.html", p)
}

// target reads account and person of a form.
func (s *Service) target(c *web.Call) (View, error) {
	f, err := c.Form()
	if err != nil {
		return View{}, err
	}
	account, err := s.account(c)
	return View{Account: account, Subject: ledger.Subject(f.Text("fuer"))}, err
}

// back is the page a form stood on.
func (v View) back(path string) string {
	if v.Subject == "" {
		return path
	}
	return path + "?" + url.Values{"fuer": {string(v.Subject)}}.Encode()
}

func (s *Service) revoke(c *web.Call) error {
	v, err := s.target(c)
	if err != nil {
		return err
	}
	if err := s.Revoke(c.Context(), v.Account, v.Subject, c.Param("grant")); err != nil {
		return err
	}
	c.Flash("cockpit.grants.revoked")
	return c.Redirect(v.back(runningPath))
}

func (s *Service) refuse(c *web.Call) error {
	v, err := s.target(c)
	if err != nil {
		return err
	}
	if err := s.Refuse(c.Context(), v.Account, c.Param("request")); err != nil {
		return err
	}
	c.Flash("cockpit.grants.refused")
	return c.Redirect(v.back(grantsPath))
}

// familyPage lets parents choose a child.
type familyPage struct {
	web.Page
	Children []childRow
}

type childRow struct{ Name, Born, Accesses, Grants string }

func (s *Service) family(c *web.Call) error {
	account, err := s.account(c)
	if err != nil {
		return err
	}
	children, err := s.children(c.Context(), account)
	if err != nil {
		return err
	}
	page := familyPage{Page: web.Page{Title: c.T("cockpit.family.title"), Nav: accessesPath}}
	for _, p := range children {
		v := View{Subject: p.Subject, Child: true}
		page.Children = append(page.Children, childRow{
			Name: p.Name(), Born: i18n.Day(c.Lang(), p.Birth), Accesses: v.link(accessesPath), Grants: v.link(grantsPath),
		})
	}
	return c.Render(http.StatusOK, "cockpit/familie.html", page)
}

// upperFirst lets a span such as "noch 2 Tage" begin a line.
func upperFirst(s string) string {
	for i := range s {
		if i > 0 {
			return strings.ToUpper(s[:i]) + s[i:]
		}
	}
	return strings.ToUpper(s)
}
