package identity

import (
	"embed"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed locale/*.json
var locale embed.FS

// Texts adds the module's texts.
func Texts(b *i18n.Bundle) error { return b.Add("identity", locale) }

// What a browser keeps for a running login (web.Call.Remember).
const (
	eidKept     = "eid"     // state and way back of an eID login
	passkeyKept = "passkey" // the sealed ceremony

	eidTime = 15 * time.Minute // to find the card and type its number
)

// Routes registers the pages of login and account.
func (s *Service) Routes(w *web.Server) {
	w.Templates("identity", templates)
	w.Handle("GET", web.Login, web.Public, s.loginPage)
	w.Handle("GET", "/anmelden/eid", web.Public, s.beginEID)
	w.Handle("GET", Return, web.Public, s.finishEID)
	w.Handle("POST", "/anmelden/passkey/start", web.Public, s.startLogin)
	w.Handle("POST", "/anmelden/passkey/fertig", web.Public, s.finishLogin)
	w.Handle("GET", "/konto", SignedIn, s.accountPage)
	w.Handle("GET", "/konto/passkey", HighLevel, s.passkeyPage)
	w.Handle("POST", "/konto/passkey/start", HighLevel, s.startPasskey)
	w.Handle("POST", "/konto/passkey/fertig", HighLevel, s.finishPasskey)
	w.Handle("POST", "/konto/passkey/{passkey}/entfernen", SignedIn, s.removePasskey)
	w.Handle("POST", "/konto/ueberall-abmelden", SignedIn, s.signOutEverywhere)
}

// Who tells the layout who sits at the screen: the name on their card. It is for web.Server.Who, for citizens' sessions,
// and reads no register.
func (s *Service) Who(c *web.Call) (web.Acting, error) {
	id, citizen := Actor(c.Session())
	if !citizen {
		return web.Acting{}, nil
	}
	a, err := s.Assertion(c.Context(), s.DB, id)
	return web.Acting{Name: a.Name()}, err
}

type loginPage struct {
	web.Page
	StepUp  bool   // signed in by passkey; this page needs the card
	Already bool   // signed in as surely as anybody can be
	Card    string // where to show the card; empty if no eID service is connected
	Finish  string // where the island sends the passkey's answer
	Office  string // where staff sign in
}

// loginPage lets people choose card or passkey. Who wants to the office pages goes on to the staff's login.
func (s *Service) loginPage(c *web.Call) error {
	back := c.Back("/")
	if s.Desk != "" && officePage(back) {
		return c.Redirect(s.Desk + "?" + goOn(back))
	}
	_, citizen := Actor(c.Session())
	p := loginPage{
		Page:    web.Page{Title: c.T("identity.login.title"), Scripts: []string{"passkey.js"}},
		StepUp:  citizen && c.Session().Level < web.High,
		Already: citizen && c.Session().Level >= web.High,
		Finish:  "/anmelden/passkey/fertig?" + goOn(back),
		Office:  s.Desk,
	}
	if p.StepUp {
		p.Title = c.T("identity.step_up.title")
	}
	if s.EID != nil {
		p.Card = "/anmelden/eid?" + goOn(back)
	}
	return c.Render(http.StatusOK, "identity/anmelden.html", p)
}

func officePage(path string) bool {
	return strings.HasPrefix(path, "/arbeitsplatz") || strings.HasPrefix(path, "/verwaltung")
}

func goOn(back string) string { return url.Values{"zurueck": {back}}.Encode() }

// beginEID sends the browser to the eID service, which may be another site.
func (s *Service) beginEID(c *web.Call) error {
	if s.EID == nil {
		return fault.New(fault.Unavailable, "identity.error.no_eid")
	}
	state := ident.Token()
	location, err := s.EID.Begin(c.Context(), state)
	if err != nil {
		return err
	}
	c.Remember(eidKept, state+"."+base64.RawURLEncoding.EncodeToString([]byte(c.Back("/"))), eidTime)
	http.Redirect(c.W, c.R, location, http.StatusSeeOther)
	return nil
}

// finishEID signs in who comes back from the eID service. Only the browser that began the login may finish it, so that
// nobody is signed in to another person's account by a link.
func (s *Service) finishEID(c *web.Call) error {
	if s.EID == nil {
		return fault.New(fault.Unavailable, "identity.error.no_eid")
	}
	begun, carried, _ := strings.Cut(c.Recall(eidKept), ".")
	a, state, err := s.EID.Finish(c.Context(), c.Query("h"))
	if err != nil {
		return err
	}
	if begun == "" || state != begun {
		return fault.New(fault.Forbidden, "identity.error.other_browser")
	}
	account, err := s.Identify(c.Context(), c.Session(), a)
	if err != nil {
		return err
	}
	if err := c.SignIn(account.ID.Actor(), a.Level); err != nil {
		return err
	}
	back, err := base64.RawURLEncoding.DecodeString(carried)
	if err != nil || string(back) == "/" {
		return s.welcome(c, account)
	}
	return c.Redirect(string(back))
}

// welcome offers a passkey to somebody whose account was just opened and who is on the way to nothing else.
func (s *Service) welcome(c *web.Call, account Account) error {
	passkeys, err := s.Passkeys(c.Context(), account.ID)
	if err != nil {
		return err
	}
	if account.Opened.Equal(account.Seen) && len(passkeys) == 0 {
		return c.Redirect("/konto/passkey?" + goOn("/"))
	}
	return c.Redirect("/")
}

// startLogin answers with what navigator.credentials.get needs.
func (s *Service) startLogin(c *web.Call) error {
	request, sealed, err := s.BeginLogin(c.Context())
	if err != nil {
		return err
	}
	c.Remember(passkeyKept, sealed, ceremonyTime)
	return c.JSON(http.StatusOK, request)
}

// passkeyAnswer is what the island sends: the browser's credential as its toJSON writes it, and a name for a new one.
type passkeyAnswer struct {
	Credential json.RawMessage `json:"credential"`
	Name       string          `json:"name,omitempty"`
}

// next tells the island which page to open.
type next struct {
	Next string `json:"next"`
}

// finishLogin signs in by passkey, at level normal.
func (s *Service) finishLogin(c *web.Call) error {
	var answer passkeyAnswer
	if err := c.Decode(&answer); err != nil {
		return err
	}
	account, err := s.LogIn(c.Context(), c.Recall(passkeyKept), source(c.R), answer.Credential)
	if err != nil {
		return err
	}
	c.Forget(passkeyKept)
	if err := c.SignIn(account.ID.Actor(), web.Normal); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, next{c.Back("/")})
}

// source is the address the request comes from.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

type accountPage struct {
	web.Page
	Assertion Assertion
	Opened    time.Time
	High      bool
	Passkeys  []Passkey
	May       bool // another passkey fits
}

func (s *Service) accountPage(c *web.Call) error {
	id, _ := Actor(c.Session())
	account, err := s.Account(c.Context(), id)
	if err != nil {
		return err
	}
	assertion, err := s.Assertion(c.Context(), s.DB, id)
	if err != nil {
		return err
	}
	passkeys, err := s.Passkeys(c.Context(), id)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "identity/konto.html", accountPage{
		Page:      web.Page{Title: c.T("identity.account.title"), Nav: "/konto"},
		Assertion: assertion,
		Opened:    account.Opened,
		High:      c.Session().Level >= web.High,
		Passkeys:  passkeys,
		May:       len(passkeys) < maxPasskeys,
	})
}

type passkeyPage struct {
	web.Page
	Name   web.Field
	Finish string
	Back   string
}

// passkeyPage offers a passkey for the next login.
func (s *Service) passkeyPage(c *web.Call) error {
	back := c.Back("/konto")
	return c.Render(http.StatusOK, "identity/konto-passkey.html", passkeyPage{
		Page: web.Page{Title: c.T("identity.passkey.title"), Nav: "/konto", Scripts: []string{"passkey.js"}},
		Name: web.Field{
			Kind: web.TextField, Name: "name", Label: c.T("identity.passkey.name"), Hint: c.T("identity.passkey.name_hint"),
			Optional: true, Autocomplete: "off",
		},
		Finish: "/konto/passkey/fertig?" + goOn(back),
		Back:   back,
	})
}

// startPasskey answers with what navigator.credentials.create needs.
func (s *Service) startPasskey(c *web.Call) error {
	id, _ := Actor(c.Session())
	creation, sealed, err := s.BeginPasskey(c.Context(), id)
	if err != nil {
		return err
	}
	c.Remember(passkeyKept, sealed, ceremonyTime)
	return c.JSON(http.StatusOK, creation)
}

func (s *Service) finishPasskey(c *web.Call) error {
	id, _ := Actor(c.Session())
	var answer passkeyAnswer
	if err := c.Decode(&answer); err != nil {
		return err
	}
	if answer.Name == "" {
		answer.Name = c.T("identity.passkey.default")
	}
	if _, err := s.AddPasskey(c.Context(), id, c.Recall(passkeyKept), answer.Name, answer.Credential); err != nil {
		return err
	}
	c.Forget(passkeyKept)
	c.Flash("identity.passkey.added")
	return c.JSON(http.StatusOK, next{c.Back("/konto")})
}

func (s *Service) removePasskey(c *web.Call) error {
	id, _ := Actor(c.Session())
	if err := s.RemovePasskey(c.Context(), id, c.Param("passkey")); err != nil {
		return err
	}
	c.Flash("identity.passkey.removed")
	return c.Redirect("/konto")
}

func (s *Service) signOutEverywhere(c *web.Call) error {
	id, _ := Actor(c.Session())
	if err := s.SignOutEverywhere(c.Context(), id); err != nil {
		return err
	}
	if err := c.SignOut(); err != nil {
		return err
	}
	c.Flash("identity.account.signed_out")
	return c.Redirect("/")
}
