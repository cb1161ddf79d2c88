package delivery

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
)

//go:embed templates/*.html
var templates embed.FS

const (
	mailboxPath = "/postfach"
	pageSize    = 20
)

// Routes registers the mailbox and the letters in it.
func (s *Service) Routes(w *web.Server) {
	w.Templates("delivery", templates)
	w.Handle("GET", mailboxPath, identity.SignedIn, s.mailbox)
	w.Handle("POST", mailboxPath+"/adresse", identity.SignedIn, s.saveAddress)
	w.Handle("GET", mailboxPath+"/{message}", identity.SignedIn, s.showMessage)
	w.Handle("GET", "/brief/{letter}", identity.SignedIn, s.original)
	w.Handle("GET", "/brief/{letter}/{file}", identity.SignedIn, s.file)
}

type mailboxPage struct {
	web.Page
	Groups []group
	Older  string // cursor of the next page
	First  bool
	Tells  bool // this installation sends e-mail
	Email  web.Field
}

type group struct {
	ID, Title string
	Rows      []row
}

type row struct {
	ID, From, Title, Text, When string
	New                         bool
	Chip                        chip
}

// chip is the little sign beside a message; empty for a plain notice.
type chip struct{ Class, Icon, Text string }

func (k Kind) chip(c *web.Call) chip {
	switch k {
	case Decision:
		return chip{"work", "seal", c.T("delivery.kind.decision")}
	case Certificate:
		return chip{"work", "seal", c.T("delivery.kind.certificate")}
	case Question:
		return chip{"you", "talk", c.T("delivery.kind.question")}
	}
	return chip{}
}

func (s *Service) mailbox(c *web.Call) error { return s.showMailbox(c, http.StatusOK, nil) }

func (s *Service) showMailbox(c *web.Call, status int, f *web.Form) error {
	account, _ := identity.Actor(c.Session())
	before, err := ParseCursor(c.Query("vor"))
	if err != nil {
		return err
	}
	items, older, err := s.List(c.Context(), account, before, pageSize)
	if err != nil {
		return err
	}
	address, err := s.Address(c.Context(), account)
	if err != nil {
		return err
	}
	groups, err := s.groups(c, items)
	if err != nil {
		return err
	}
	email := web.Field{
		Kind: web.EmailField, Name: "email", Label: c.T("delivery.mailbox.email"), Hint: c.T("delivery.mailbox.email_hint"),
		Value: address, Optional: true, Autocomplete: "email",
	}
	return c.Render(status, "delivery/postfach.html", mailboxPage{
		Page:   web.Page{Title: c.T("delivery.mailbox.title"), Nav: mailboxPath, Form: f},
		Groups: groups, Older: older.String(), First: before == Cursor{}, Tells: s.Mail.Sends(), Email: f.Fill(email)[0],
	})
}

// groups puts what came today apart from what came before.
func (s *Service) groups(c *web.Call, items []Item) ([]group, error) {
	today, before := group{ID: "heute", Title: c.T("delivery.mailbox.today")}, group{ID: "frueher", Title: c.T("delivery.mailbox.before")}
	for _, m := range items {
		from, err := s.from(c.Context(), m)
		if err != nil {
			return nil, err
		}
		r := row{ID: m.ID, From: from, Title: m.Title, Text: m.Brief[0], New: m.Read.IsZero(), Chip: m.Kind.chip(c)}
		if day := clock.DateOf(m.Created); day == c.Today() {
			r.When = i18n.Time(c.Lang(), m.Created)
			today.Rows = append(today.Rows, r)
		} else {
			r.When = i18n.Day(c.Lang(), day)
			before.Rows = append(before.Rows, r)
		}
	}
	var groups []group
	for _, g := range []group{today, before} {
		if len(g.Rows) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// from names the sender as people do: "Bürgeramt Lindenfurt".
func (s *Service) from(ctx context.Context, m Item) (string, error) {
	a, err := s.Authorities.Get(ctx, m.Authority)
	if err != nil {
		return "", err
	}
	if strings.Contains(m.Unit, a.Short) {
		return m.Unit, nil
	}
	return m.Unit + " " + a.Short, nil
}

func (s *Service) saveAddress(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	account, _ := identity.Actor(c.Session())
	if err := s.SetAddress(c.Context(), account, f.Text("email"), c.Lang()); err != nil {
		if !f.Take(err) {
			return err
		}
		return s.showMailbox(c, http.StatusUnprocessableEntity, f)
	}
	c.Flash("delivery.mailbox.email_saved")
	return c.Redirect(mailboxPath)
}

type messagePage struct {
	web.Page
	Message Item
	From    string
	Office  string // the authority's full name
	Kind    string
	Papers  []paper
	Genuine bool // every seal holds
	Checked time.Time
	Left    time.Duration // until the end of Message.Due
}

// paper is a letter on its message's page: the article of the sealed original, byte for byte.
type paper struct {
	ID      string
	Number  int
	Genuine bool
	Body    template.HTML
}

func (s *Service) showMessage(c *web.Call) error {
	account, _ := identity.Actor(c.Session())
	m, err := s.Open(c.Context(), account, c.Param("message"))
	if err != nil {
		return err
	}
	a, err := s.Authorities.Get(c.Context(), m.Authority)
	if err != nil {
		return err
	}
	from, err := s.from(c.Context(), m)
	if err != nil {
		return err
	}
	papers, genuine, err := s.papers(c.Context(), account, m)
	if err != nil {
		return err
	}
	p := messagePage{
		Page:    web.Page{Title: m.Title, Nav: mailboxPath},
		Message: m, From: from, Office: a.Name, Kind: c.T("delivery.kind.notice"), Papers: papers, Genuine: genuine, Checked: c.Now(),
	}
	if sign := m.Kind.chip(c); m.Kind != Question && sign.Text != "" {
		p.Kind = sign.Text
	}
	if !m.Due.IsZero() {
		p.Left = m.Due.AddDays(1).Start().Sub(c.Now())
	}
	return c.Render(http.StatusOK, "delivery/postfach-brief.html", p)
}

// papers reads the letters of a message and checks every seal. Only a letter whose seal holds is shown.
func (s *Service) papers(ctx context.Context, account identity.AccountID, m Item) (all []paper, genuine bool, err error) {
	genuine = true
	for i, id := range m.Letters {
		l, err := s.Letter(ctx, account, id)
		if err != nil {
			return nil, false, err
		}
		p := paper{ID: id, Number: i + 1, Genuine: l.Genuine}
		if l.Genuine {
			p.Body = template.HTML(s.Letters.Article(l.HTML)) //nolint:gosec // our own sealed document, checked a line ago
		}
		genuine = genuine && l.Genuine
		all = append(all, p)
	}
	return all, genuine, nil
}

// genuine returns a letter of the person's mailbox, or refuses one whose seal does not hold.
func (s *Service) genuine(c *web.Call) (Paper, error) {
	account, _ := identity.Actor(c.Session())
	l, err := s.Letter(c.Context(), account, c.Param("letter"))
	if err == nil && !l.Genuine {
		err = fault.New(fault.Conflict, "delivery.error.seal")
	}
	return l, err
}

// original shows the electronic original as it was sealed.
func (s *Service) original(c *web.Call) error {
	l, err := s.genuine(c)
	if err != nil {
		return err
	}
	return c.Bytes("text/html; charset=utf-8", l.HTML)
}

// file hands out one of the letter's three files, or a print copy made now.
func (s *Service) file(c *web.Call) error {
	l, err := s.genuine(c)
	if err != nil {
		return err
	}
	switch c.Param("file") {
	case "urschrift.html":
		return c.Download("text/html; charset=utf-8", l.ID+".html", l.HTML)
	case "angaben.json":
		return c.Download("application/json", l.ID+".json", l.Data)
	case "siegel.sig":
		return c.Download("text/plain; charset=utf-8", l.ID+".sig", l.Sig)
	case "druck.pdf":
		pdf, err := s.Letters.Print(l.Data)
		if err != nil {
			return err
		}
		return c.Download("application/pdf", l.ID+".pdf", pdf)
	}
	return fault.New(fault.NotFound, "delivery.error.none")
}
