package web

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// Page is what every page struct embeds. The handler fills in the upper part, Render the frame.
type Page struct {
	Title   string   // for the browser's tab; the h1 is the template's own
	Nav     string   // path of the menu entry this page belongs to
	Desk    bool     // the dense look for people who work here
	Site    Site     // another office than the server's
	Acting  Acting   // default: what the function given to Who says
	Journey Journey  // steps under the header
	Form    *Form    // with its errors, when a form is shown again
	Scripts []string // islands this page may use: "passkey.js"
	Bare    bool     // no menu: inside a journey

	Frame Frame
}

// Acting says who sits at the screen and for whom they act.
type Acting struct {
	Name    string         // "Jana Wittkamp"
	Role    string         // at the desk: unit and role
	For     string         // whom they act for; empty: themselves
	Ground  string         // "Ihre Tochter, 9 Jahre. Grundlage: gemeinsames Sorgerecht."
	Choices []ActingChoice // whom they may act for, themselves first
	Path    string         // where the choice is posted, as field "fuer"
	Unread  int            // mailbox
	Asked   int            // open requests for data
}

// ActingChoice is a person for whom somebody may act.
type ActingChoice struct {
	Value, Name, Sub string
	Current          bool
}

// Journey is a way of several pages.
type Journey struct {
	Label string // "Schritte beim Umzug"
	Steps []Step
	Later string // path of "Später weitermachen"
}

// Step is one page of a journey; a done step with a path is a link.
type Step struct {
	Name, Path string
	Done, Now  bool
}

// Position returns the number of the present step, from 1; 0 if there is none.
func (j Journey) Position() int {
	for i, s := range j.Steps {
		if s.Now {
			return i + 1
		}
	}
	return 0
}

// Current returns the name of the present step.
func (j Journey) Current() string {
	for _, s := range j.Steps {
		if s.Now {
			return s.Name
		}
	}
	return ""
}

// Frame is what the layout shows around a page.
type Frame struct {
	Lang     string
	Theme    string // light, dark or empty: as the system
	Demo     bool
	SignedIn bool
	SignIn   string // path of the log-in, empty when there is none
	SignOut  string // path of the log-out
	Flash    string
	Request  string // the request's number
	Home     string
	Here     string // this page's address: where its form goes, without the fragment that a browser would add
	Nav      []NavLink
	Account  []NavLink // of the menu of who is signed in
	Langs    []LangLink
	Foot     []FootGroup
}

// NavLink is an entry of the main menu.
type NavLink struct {
	Path, Text, Icon string
	Current          bool
	Count            int
	CountText        string // for screen readers: "2 ungelesen"
}

// LangLink leads to this page in another language.
type LangLink struct{ Lang, Name, Path string }

// FootGroup is a column of the footer.
type FootGroup struct {
	Title string
	Links []FootLink
}

// FootLink is a link of the footer. Its path is one of our own table, so a telephone number may stand there.
type FootLink struct {
	Path template.URL
	Text string
}

type entry struct {
	path, key, icon string
	signedIn        bool
}

// The menus list what may exist; only what is registered is shown, so that no link leads nowhere.
var (
	citizenMenu = []entry{
		{"/", "web.nav.start", "home", false},
		{"/leistungen", "web.nav.services", "checklist", false},
		{"/vorgaenge", "web.nav.cases", "folder", true},
		{"/postfach", "web.nav.mailbox", "mail", true},
		{"/freigaben", "web.nav.grants", "shield", true},
		{"/zugriffe", "web.nav.accesses", "visibility", true},
	}
	deskMenu = []entry{
		{"/arbeitsplatz", "web.nav.desk", "checklist", true},
	}
	accountMenu = []entry{
		{"/konto", "web.nav.account", "account-circle", true},
		{"/vorgaenge", "web.nav.cases", "folder", true},
	}
	footer = []struct {
		title string
		links []entry
	}{
		{"web.foot.help", []entry{{"tel:115", "web.foot.phone", "", false}, {"/hilfe", "web.foot.human", "", false}}},
		{"web.foot.site", []entry{{"/darstellung", "web.foot.theme", "", false}, {"/barrierefreiheit", "web.foot.access", "", false}}},
		{"web.foot.law", []entry{{"/datenschutz", "web.foot.privacy", "", false}, {"/impressum", "web.foot.imprint", "", false}, {"/nachpruefen", "web.foot.proof", "", false}}},
	}
)

// dress fills in the frame.
func (c *Call) dress(p *Page) error {
	s := c.server
	if p.Site == (Site{}) {
		p.Site = s.Site
	}
	if p.Form.Failed() {
		p.Title = c.T("web.layout.error", "Title", p.Title)
	}
	signedIn := c.session.Actor != ""
	if signedIn && !c.failing && p.Acting.Name == "" && s.who != nil {
		acting, err := s.who(c)
		if err != nil {
			return err
		}
		p.Acting = acting
	}
	p.Frame = Frame{
		Lang: c.lang, Theme: c.theme(), Demo: s.Demo, SignedIn: signedIn && !c.failing, Request: c.id,
		Flash: c.takeFlash(), SignOut: signOutPath, Home: "/", Here: c.R.URL.RequestURI(), Langs: c.langLinks(), Foot: c.foot(),
	}
	if !signedIn && s.has(Login) {
		p.Frame.SignIn = Login
	}
	menu := citizenMenu
	if p.Desk {
		menu, p.Frame.Home = deskMenu, "/arbeitsplatz"
	}
	if p.Frame.SignedIn && p.Acting.Role == "" { // who works here has no citizen's account
		p.Frame.Account = c.menu(accountMenu, p)
	}
	if !p.Bare {
		p.Frame.Nav = c.menu(menu, p)
	}
	return nil
}

func (c *Call) menu(entries []entry, p *Page) []NavLink {
	var links []NavLink
	for _, e := range entries {
		if !c.server.has(e.path) || e.signedIn && c.session.Actor == "" {
			continue
		}
		link := NavLink{Path: e.path, Text: c.T(e.key), Icon: e.icon, Current: e.path == p.Nav}
		switch e.path {
		case "/postfach":
			link.Count = p.Acting.Unread
			link.CountText = c.T("web.nav.unread", "Count", link.Count)
		case "/freigaben":
			link.Count = p.Acting.Asked
			link.CountText = c.T("web.nav.asked", "Count", link.Count)
		}
		links = append(links, link)
	}
	return links
}

func (c *Call) foot() []FootGroup {
	var groups []FootGroup
	for _, g := range footer {
		group := FootGroup{Title: c.T(g.title)}
		for _, e := range g.links {
			if strings.HasPrefix(e.path, "/") && !c.server.has(e.path) {
				continue
			}
			group.Links = append(group.Links, FootLink{Path: template.URL(e.path), Text: c.T(e.key)}) //nolint:gosec // from the table above
		}
		if len(group.Links) > 0 {
			groups = append(groups, group)
		}
	}
	return groups
}

var langNames = map[string]string{"de": "Deutsch", "en": "English"}

// langLinks leads to the same page, with the same query, in the other languages. After a POST that is the page the
// form stands on.
func (c *Call) langLinks() []LangLink {
	var links []LangLink
	for _, lang := range i18n.Languages {
		if lang == c.lang {
			continue
		}
		q := url.Values{}
		if c.R.Method == http.MethodGet {
			q = c.R.URL.Query()
		}
		q.Set("sprache", lang)
		links = append(links, LangLink{lang, langNames[lang], c.R.URL.EscapedPath() + "?" + q.Encode()})
	}
	return links
}

func (c *Call) theme() string {
	switch t := c.server.cookie(c.R, themeCookie); t {
	case "light", "dark":
		return t
	}
	return ""
}

// takeFlash reads the text kept for this page. Only a key of our own texts is ever shown.
func (c *Call) takeFlash() string {
	key := c.server.cookie(c.R, flashCookie)
	if key == "" {
		return ""
	}
	c.server.dropCookie(c.W, flashCookie)
	if !c.server.Texts.Has(key) {
		return ""
	}
	return c.T(key)
}
