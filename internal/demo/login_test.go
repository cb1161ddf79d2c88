package demo_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

const home = "http://localhost:8080"

// ground is an installation without any demo: database, keys, authorities, staff.
type ground struct {
	db    *db.DB
	ring  *keys.Ring
	towns *authority.Service
	staff *access.Service
}

func newGround(t *testing.T, d *db.DB) ground {
	t.Helper()
	ctx := t.Context()
	err := d.Migrate(ctx, web.Migrations, keys.Migrations, ledger.Migrations, authority.Migrations, identity.Migrations,
		access.Migrations, demo.Migrations)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(ctx, d, ring, ledger.Options{Name: "amtsweg.test/mittelau"})
	if err != nil {
		t.Fatal(err)
	}
	towns := authority.New(d, l)
	return ground{d, ring, towns, access.New(d, l, towns)}
}

func (g ground) logins(ctx context.Context) (*demo.Login, error) {
	return demo.NewLogin(ctx, demo.LoginOptions{
		DB: g.db, Keys: g.ring, Staff: g.staff, Authorities: g.towns,
		Cards: func(context.Context) ([]demo.Card, error) {
			return []demo.Card{{
				Key: "mover", Family: "Wittkamp", Given: "Jana Maria", Birth: clock.Date{Y: 1995, M: 6, D: 14},
				Address: authority.Address{Street: "Mühlgasse", House: "7", Postcode: "05233", Town: "Ellerbrück"},
				Try:     map[string]string{"de": "Zieht mit der Familie um.", "en": "Moves with her family."},
			}}, nil
		},
	})
}

// open lets the town live.
func (g ground) open(t *testing.T) {
	t.Helper()
	err := g.towns.Add(t.Context(), authority.Opening{
		Authority: authority.Authority{Key: "lindenfurt", Name: "Stadt Lindenfurt", Short: "Lindenfurt", Kind: authority.Town, State: "mittelau"},
		Units:     []authority.Unit{{Key: "buergeramt", Name: "Bürgeramt", Duties: []string{"registry"}}},
		Reason:    "test",
	})
	if err != nil {
		t.Fatal(err)
	}
}

// world is a demo world in a browser's reach.
type world struct {
	ground
	server  *web.Server
	people  *identity.Service
	staffed []access.Staff
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	g := newGround(t, d)
	if err := demo.Mark(t.Context(), d, g.towns); err != nil {
		t.Fatal(err)
	}
	g.open(t)
	people, err := g.staff.Appoint(t.Context(), "node", "test",
		access.Staff{Authority: "lindenfurt", Unit: "buergeramt", Name: "Sabine Krohn", Roles: []access.Role{access.ClerkRole}})
	if err != nil {
		t.Fatal(err)
	}
	logins, err := g.logins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids, err := identity.New(t.Context(), identity.Options{DB: d, Keys: g.ring, EID: logins, PublicURL: home, Desk: demo.Desk})
	if err != nil {
		t.Fatal(err)
	}
	texts := i18n.New()
	for _, add := range []func(*i18n.Bundle) error{identity.Texts, access.Texts, demo.Texts} {
		if err := add(texts); err != nil {
			t.Fatal(err)
		}
	}
	s := web.New(web.Options{DB: d, Clock: d.Clock(), Texts: texts, Layout: os.DirFS("../../web/templates"), Demo: true})
	ids.Routes(s)
	logins.Routes(s)
	demo.Templates(s)
	s.Handle("GET", "/umzug", identity.HighLevel, func(c *web.Call) error { return c.Bytes("text/plain", []byte(c.Session().Actor)) })
	s.Handle("GET", "/arbeitsplatz", g.staff.Clerk(), func(c *web.Call) error {
		return c.Bytes("text/plain", []byte(access.Of(c).Authority))
	})
	return &world{ground: g, server: s, people: ids, staffed: people}
}

// browser follows redirects and runs no script.
type browser struct{ *http.Client }

func (w *world) browser(t *testing.T) *browser {
	t.Helper()
	return &browser{testkit.Browser(t, w.server, nil)}
}

type page struct {
	status int
	path   string
	body   string
}

func (b *browser) read(t *testing.T, res *http.Response, err error) page {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{res.StatusCode, res.Request.URL.RequestURI(), string(text)}
}

func (b *browser) open(t *testing.T, path string) page {
	t.Helper()
	res, err := b.Get(home + path)
	return b.read(t, res, err)
}

func (b *browser) send(t *testing.T, path string, form url.Values) page {
	t.Helper()
	res, err := b.PostForm(home+path, form)
	return b.read(t, res, err)
}

var hidden = regexp.MustCompile(`name="state" value="([^"]*)"`)

// stateOf reads the hidden field of the simulator's page.
func stateOf(t *testing.T, p page) string {
	t.Helper()
	m := hidden.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("no form on %s: %d\n%s", p.path, p.status, p.body)
	}
	return m[1]
}

func TestSomebodySignsInWithAMadeUpCardAndWithoutScripts(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		b := w.browser(t)
		login := b.open(t, "/umzug")
		if !strings.HasPrefix(login.path, "/anmelden?") || !strings.Contains(login.body, "ausgedachte Person") {
			t.Fatalf("a stranger stands at %s", login.path)
		}
		simulator := b.open(t, "/anmelden/eid?zurueck=%2Fumzug")
		for _, want := range []string{"Das ist ein Simulator.", "Jana Maria Wittkamp", "14.\u00a0Juni\u00a01995", "Mühlgasse 7, 05233 Ellerbrück", "Zieht mit der Familie um."} {
			if !strings.Contains(simulator.body, want) {
				t.Errorf("the simulator does not show %q", want)
			}
		}
		in := b.send(t, "/demo/eid", url.Values{"state": {stateOf(t, simulator)}, "person": {"mover"}})
		if in.path != "/umzug" || !strings.HasPrefix(in.body, "account:") {
			t.Fatalf("after the card: %s %d %s", in.path, in.status, in.body)
		}

		again := w.browser(t)
		typed := url.Values{
			"state": {stateOf(t, again.open(t, "/demo/eid?zurueck=/umzug"))}, "vornamen": {"JANA  MARIA"}, "familienname": {"Wittkamp"}, "geburtstag": {"14.6.1995"},
		}
		if got := again.send(t, "/demo/eid", typed); got.path != "/umzug" || got.body != in.body {
			t.Errorf("the same person with a card of their own: %s %q, want the account %q", got.path, got.body, in.body)
		}
		other := w.browser(t)
		typed.Set("state", stateOf(t, other.open(t, "/demo/eid?zurueck=/umzug")))
		typed.Set("geburtstag", "15.6.1995")
		if got := other.send(t, "/demo/eid", typed); got.path != "/umzug" || got.body == in.body {
			t.Errorf("somebody born a day later: %s %q", got.path, got.body)
		}
	})
}

func TestACardThatCannotBeIsWrittenAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		b := w.browser(t)
		state := stateOf(t, b.open(t, "/demo/eid"))
		got := b.send(t, "/demo/eid", url.Values{
			"state": {state}, "vornamen": {"Jana"}, "familienname": {" "}, "geburtstag": {"30.2.1995"}, "anschrift": {"irgendwo"},
		})
		if got.status != http.StatusUnprocessableEntity || stateOf(t, got) != state {
			t.Fatalf("%d\n%s", got.status, got.body)
		}
		for _, want := range []string{`href="#familienname"`, `href="#geburtstag"`, `href="#anschrift"`, `value="Jana"`, `value="30.2.1995"`, "<title>Fehler"} {
			if !strings.Contains(got.body, want) {
				t.Errorf("the page does not have %s", want)
			}
		}
		if got := b.send(t, "/demo/eid", url.Values{"state": {state}, "person": {"nobody"}}); got.status != http.StatusNotFound {
			t.Errorf("somebody who is not in the list: %d", got.status)
		}
		if got := b.send(t, "/demo/eid", url.Values{"state": {"guessed"}, "person": {"mover"}}); got.status != http.StatusForbidden {
			t.Errorf("a login that nobody began: %d", got.status)
		}
		if got := b.open(t, "/umzug"); !strings.HasPrefix(got.path, "/anmelden") {
			t.Errorf("signed in nevertheless: %s", got.path)
		}
	})
}

func TestAHandleIsGoodOnceAndForFiveMinutes(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		w := newWorld(t, d)
		handle := func() string {
			b := w.browser(t)
			state := stateOf(t, b.open(t, "/demo/eid"))
			b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			res, err := b.PostForm(home+"/demo/eid", url.Values{"state": {state}, "person": {"mover"}})
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			to, err := res.Location()
			if err != nil {
				t.Fatal(err)
			}
			return to.Query().Get("h")
		}
		eid := w.people.EID
		h := handle()
		if a, _, err := eid.Finish(t.Context(), h); err != nil || a.Name() != "Jana Maria Wittkamp" || a.Level != web.High {
			t.Errorf("the first time: %+v, %v", a, err)
		}
		if _, _, err := eid.Finish(t.Context(), h); !fault.Is(err, fault.Gone) {
			t.Errorf("the second time: %v", err)
		}
		h = handle()
		c.Advance(5 * time.Minute)
		if _, _, err := eid.Finish(t.Context(), h); !fault.Is(err, fault.Gone) {
			t.Errorf("after five minutes: %v", err)
		}
		if _, _, err := eid.Finish(t.Context(), ""); !fault.Is(err, fault.Gone) {
			t.Errorf("without a handle: %v", err)
		}
	})
}

func TestAClerkSignsInToTheirOffice(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		b := w.browser(t)
		list := b.open(t, "/arbeitsplatz")
		if list.path != "/demo/dienst?zurueck=%2Farbeitsplatz" || !strings.Contains(list.body, "Stadt Lindenfurt") ||
			!strings.Contains(list.body, "Bürgeramt, Sachbearbeitung") || !strings.Contains(list.body, "nur in dieser Vorführung") {
			t.Fatalf("at %s: %d\n%s", list.path, list.status, list.body)
		}
		if got := b.send(t, demo.Desk, url.Values{"person": {"nobody"}}); got.status != http.StatusNotFound {
			t.Errorf("somebody who does not work here: %d", got.status)
		}
		if got := b.send(t, demo.Desk+"?zurueck=//evil.example", url.Values{"person": {string(w.staffed[0].ID)}}); got.path != "/arbeitsplatz" || got.body != "lindenfurt" {
			t.Errorf("the clerk stands at %s: %d %s", got.path, got.status, got.body)
		}
		if got := b.open(t, "/umzug"); !strings.HasPrefix(got.path, "/anmelden") {
			t.Errorf("a clerk's session opens a citizen's page: %s %d", got.path, got.status)
		}
	})
}

func TestALiveDatabaseHasNoDemoLogins(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		g := newGround(t, d)
		if _, err := g.logins(t.Context()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an unmarked database: %v", err)
		}
		g.open(t)
		if err := demo.Mark(t.Context(), d, g.towns); !fault.Is(err, fault.Conflict) {
			t.Errorf("a living database became a demonstration: %v", err)
		}
		if is, err := demo.Marked(t.Context(), d); err != nil || is {
			t.Errorf("marked: %v, %v", is, err)
		}
		if _, err := g.logins(t.Context()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a living database has a simulator: %v", err)
		}
	})
}

func TestAMarkStaysWhenTheWorldIsBuilt(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if err := demo.Mark(t.Context(), d, w.towns); err != nil {
			t.Errorf("marking again at the next start: %v", err)
		}
		if _, err := w.logins(t.Context()); err != nil {
			t.Errorf("the next start: %v", err)
		}
	})
}
