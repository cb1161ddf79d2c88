package demo_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
	"github.com/amtsweg/amtsweg/services"
)

// mittelau is the made-up world with its portal, its guide and the pages where a move begins.
type mittelau struct {
	*world
	*testing.T
	portal    *demo.Portal
	world2    *demo.World
	landlords *register.Landlords
	editions  []*catalog.Edition
	begun     []lifeevent.Start
}

func (m *mittelau) Offers() []*catalog.Edition { return m.editions }

// Start keeps what a case would begin with, and uses the referral.
func (m *mittelau) Start(ctx context.Context, s lifeevent.Start) (string, error) {
	m.begun = append(m.begun, s)
	if s.Use == nil {
		return "/begonnen", nil
	}
	return "/begonnen", m.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.Use(ctx, tx, "case") })
}

// Resume leads back to it.
func (m *mittelau) Resume(context.Context, string, string) (string, error) { return "/begonnen", nil }

func newMittelau(t *testing.T, d *db.DB) *mittelau {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	g := newGround(t, d)
	must(d.Migrate(ctx, register.Migrations, lifeevent.Migrations))
	must(demo.Mark(ctx, d, g.towns))
	l, err := ledger.New(ctx, d, g.ring, ledger.Options{Name: "amtsweg.test/mittelau"})
	must(err)
	registers, err := register.New(ctx, d, g.ring, l)
	must(err)
	made, err := demo.BuildWorld(ctx, demo.WorldServices{DB: d, Authorities: g.towns, Registers: registers})
	must(err)
	life, err := lifeevent.New(ctx, d, g.ring, l, g.towns)
	must(err)
	m := &mittelau{T: t, world: &world{ground: g}, world2: made, landlords: registers.Landlords}
	logins, err := demo.NewLogin(ctx, demo.LoginOptions{DB: d, Keys: g.ring, Staff: g.staff, Authorities: g.towns, Cards: made.Cards})
	must(err)
	m.people, err = identity.New(ctx, identity.Options{DB: d, Keys: g.ring, EID: logins, PublicURL: home, Desk: demo.Desk})
	must(err)
	m.portal, err = demo.NewPortal(ctx, demo.PortalOptions{DB: d, Keys: g.ring, World: made, Authorities: g.towns, Landlords: registers.Landlords, Life: life})
	must(err)
	edition, problems := catalog.Load(services.Files, "residence-registration.yaml")
	if edition == nil {
		t.Fatal(problems)
	}
	m.editions = []*catalog.Edition{edition}
	m.serve(life, logins)
	return m
}

func (m *mittelau) serve(life *lifeevent.Service, logins *demo.Login) {
	m.Helper()
	texts := i18n.New()
	for _, add := range []func(*i18n.Bundle) error{identity.Texts, access.Texts, lifeevent.Texts, demo.Texts} {
		if err := add(texts); err != nil {
			m.Fatal(err)
		}
	}
	s := web.New(web.Options{DB: m.db, Clock: m.db.Clock(), Texts: texts, Layout: os.DirFS("../../web/templates"), Demo: true})
	account := func(c *web.Call) string { id, _ := identity.Actor(c.Session()); return string(id) }
	guide := &demo.Guide{World: m.world2, Login: logins, People: m.people, Portal: m.portal}
	pages := &lifeevent.Pages{
		Service: life, Offers: m, Starter: m, Towns: []authority.Key{demo.NewTown}, Step: identity.HighLevel, Account: account, Guest: guide.Guest,
		Person: func(c *web.Call) (lifeevent.Person, error) {
			a, err := m.people.Assertion(c.Context(), m.db, identity.AccountID(account(c)))
			return lifeevent.Person{Family: a.Family, Given: a.Given, Birth: a.Birth}, err
		},
		Confirm: func(ctx context.Context, c lifeevent.Confirmation) (string, error) {
			return m.landlords.Confirm(ctx, register.Confirmation{
				Authority: c.Authority, Source: register.ByLandlord,
				Provider: c.Provider, Owner: c.Owner, MovedIn: c.MovedIn, Home: c.Home, People: c.People,
			})
		},
	}
	pages.Routes(s)
	m.people.Routes(s)
	logins.Routes(s)
	demo.Templates(s)
	guide.Routes(s)
	if err := m.portal.Routes(s); err != nil {
		m.Fatal(err)
	}
	s.Handle("GET", "/begonnen", identity.HighLevel, func(c *web.Call) error { return c.Bytes("text/plain", []byte("begonnen")) })
	if err := s.Prepare(); err != nil {
		m.Fatal(err)
	}
	m.server = s
}

func (m *mittelau) tenancy(key string) demo.Tenancy {
	m.Helper()
	t, _, err := m.portal.Tenancy(key, worldDay)
	if err != nil {
		m.Fatal(err)
	}
	return t
}

// refer goes through the portal and returns where it led.
func (m *mittelau) refer(b *browser, key string, handing demo.Handing, letting demo.Letting) page {
	m.Helper()
	res, err := demo.Refer(m.Context(), b.Client, home, m.tenancy(key), handing, letting)
	return b.read(m.T, res, err)
}

func inMittelau(t *testing.T, tell func(m *mittelau)) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) { tell(newMittelau(t, d)) })
}

var factMark = regexp.MustCompile(`<dd>([A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4})</dd>`)

func TestThePortalHandsAFamilyOver(t *testing.T) {
	inMittelau(t, func(m *mittelau) {
		b := m.browser(m.T)
		if got := m.refer(b, "family", demo.HandedWell, demo.LetAsSaid); !strings.HasPrefix(got.path, "/anmelden?") || strings.Contains(got.body, "Wittkamp") {
			m.Fatalf("at %s %d", got.path, got.status)
		}
		b.open(m.T, "/demo?als=family")
		got := b.open(m.T, "/umzug/beginnen")
		mark := factMark.FindStringSubmatch(got.body)
		if got.status != http.StatusOK || mark == nil || !strings.Contains(got.body, "Sie kommen von Heimfinder") || !strings.Contains(got.body, "Lindenallee 12, 05417 Lindenfurt") {
			m.Fatalf("%d\n%s", got.status, got.body)
		}
		c, err := m.landlords.Confirmation(m.Context(), demo.NewTown, mark[1])
		if err != nil || strings.Join(c.People, "|") != "Jana Maria Wittkamp|Tobias Wittkamp|Mila Wittkamp|Ben Wittkamp" ||
			c.MovedIn != worldDay.AddDays(-3) || c.Home.String() != "Lindenallee 12, 05417 Lindenfurt" || c.Source != register.ByReferral {
			m.Errorf("confirmed %+v, %v", c, err)
		}
		if got := b.send(m.T, "/umzug/beginnen", url.Values{"uebergabe": {"ja"}}); got.path != "/begonnen" || len(m.begun) != 1 {
			m.Errorf("at %s, %d begun", got.path, len(m.begun))
		}
		if s := m.begun[0]; s.Portal != demo.PortalKey || !strings.Contains(string(s.Referral), mark[1]) || s.Authority != demo.NewTown {
			m.Errorf("begun with %+v", s)
		}
	})
}

func TestWhatTheTesterSpoilsIsRefused(t *testing.T) {
	inMittelau(t, func(m *mittelau) {
		for handing, want := range map[demo.Handing]int{demo.HandedExpired: http.StatusGone, demo.HandedForged: http.StatusForbidden} {
			b := m.browser(m.T)
			if got := m.refer(b, "mover", handing, demo.LetAsSaid); got.status != want || got.path != "/umzug/uebergabe" {
				m.Errorf("%s: %d at %s", handing, got.status, got.path)
			}
			b.open(m.T, "/demo?als=mover")
			if got := b.open(m.T, "/umzug/beginnen"); got.status != http.StatusOK || strings.Contains(got.body, "Heimfinder") {
				m.Errorf("%s: %d, it counts nevertheless", handing, got.status)
			}
		}
		b := m.browser(m.T)
		m.refer(b, "mover", demo.HandedOther, demo.LetAsSaid)
		b.open(m.T, "/demo?als=mover")
		if got := b.open(m.T, "/umzug/beginnen"); got.status != http.StatusForbidden || strings.Contains(got.body, "Mustermann") || strings.Contains(got.body, "Nordallee") {
			m.Errorf("for another person: %d\n%s", got.status, got.body)
		}
		if len(m.begun) != 0 {
			m.Errorf("%d cases", len(m.begun))
		}
	})
}

func TestTheLandlordMayDifferOrBeSilent(t *testing.T) {
	inMittelau(t, func(m *mittelau) {
		for letting, want := range map[demo.Letting]clock.Date{demo.LetOtherwise: worldDay.AddDays(-17), demo.LetNothing: {}} {
			b := m.browser(m.T)
			m.refer(b, "mover", demo.HandedWell, letting)
			b.open(m.T, "/demo?als=mover")
			got := b.open(m.T, "/umzug/beginnen")
			mark := factMark.FindStringSubmatch(got.body)
			if (mark == nil) != want.IsZero() {
				m.Errorf("%s: mark %v", letting, mark)
				continue
			}
			if mark == nil {
				if !strings.Contains(got.body, "Ist noch nicht da") {
					m.Error("nobody says that the mark is missing")
				}
				continue
			}
			if c, err := m.landlords.Confirmation(m.Context(), demo.NewTown, mark[1]); err != nil || c.MovedIn != want {
				m.Errorf("%s: %+v, %v", letting, c, err)
			}
		}
		if _, err := demo.Refer(m.Context(), m.browser(m.T).Client, home, m.tenancy("mover"), "perhaps", demo.LetAsSaid); err == nil { //nolint:bodyclose // there is no answer
			m.Error("a way of handing over that does not exist")
		}
		if _, err := demo.Refer(m.Context(), m.browser(m.T).Client, home, demo.Tenancy{}, demo.HandedWell, demo.LetAsSaid); err == nil { //nolint:bodyclose // there is no answer
			m.Error("nobody was handed over")
		}
	})
}

func TestALandlordOfTheWorldConfirmsOnThePage(t *testing.T) {
	inMittelau(t, func(m *mittelau) {
		for _, key := range []string{"family", "foreigner", "early", "late"} {
			tenancy := m.tenancy(key)
			mark, err := demo.ConfirmAsLandlord(m.Context(), m.browser(m.T).Client, home, tenancy)
			if err != nil {
				m.Errorf("%s: %v", key, err)
				continue
			}
			if c, err := m.landlords.Confirmation(m.Context(), demo.NewTown, mark); err != nil || c.MovedIn != tenancy.MovedIn || len(c.People) != len(tenancy.People) {
				m.Errorf("%s: %+v, %v", key, c, err)
			}
		}
		nowhere := m.tenancy("family")
		nowhere.Home = demo.UnknownHome()
		if mark, err := demo.ConfirmAsLandlord(m.Context(), m.browser(m.T).Client, home, nowhere); err == nil {
			m.Errorf("a house that is not there has the mark %s", mark)
		}
	})
}

func TestThePortalNamesOnlyWhoMovesAlong(t *testing.T) {
	inMittelau(t, func(m *mittelau) {
		if got := m.tenancy("blocked-spouse"); len(got.People) != 1 || got.People[0].Given != "Henrik" {
			m.Errorf("with Henrik move %+v", got.People)
		}
		if got := m.tenancy("stranger"); len(got.People) != 1 {
			m.Errorf("with a stranger move %+v", got.People)
		}
		b := m.browser(m.T)
		list := b.open(m.T, demo.PortalPath)
		if list.status != http.StatusOK || strings.Contains(list.body, "Offizielle Seite") || strings.Contains(list.body, "Solveig") {
			m.Errorf("the portal passes itself off as an authority, or tells too much: %d", list.status)
		}
		for _, want := range []string{"Das ist nicht die Seite einer Behörde", "Lindenallee 12", `href="/demo/portal/family"`} {
			if !strings.Contains(list.body, want) {
				m.Errorf("the list does not show %q", want)
			}
		}
		if got := b.open(m.T, demo.PortalPath+"/nobody"); got.status != http.StatusNotFound {
			m.Errorf("nobody's flat: %d", got.status)
		}
		for _, p := range m.world2.Personas() {
			if got := b.open(m.T, demo.PortalPath+"/"+p.Key); got.status != http.StatusOK || !strings.Contains(got.body, `value="`+p.Family+`"`) {
				m.Errorf("%s: %d", p.Key, got.status)
			}
		}
		bad := b.send(m.T, demo.PortalPath+"/uebergabe", url.Values{"vornamen": {"X"}, "personen": {"A\nB"}})
		if bad.status != http.StatusUnprocessableEntity || strings.Count(bad.body, `<li><a href="#`) != 4 {
			m.Errorf("an empty form: %d\n%s", bad.status, bad.body)
		}
	})
}

func TestTheGuideSaysWhoOneCanBe(t *testing.T) {
	inMittelau(t, func(m *mittelau) {
		b := m.browser(m.T)
		guide := b.open(m.T, "/")
		if !strings.Contains(guide.body, `<body class="aw-public`) {
			m.Error("the guide has the look of the desk")
		}
		for _, p := range m.world2.Personas() {
			if !strings.Contains(guide.body, `href="/demo?als=`+p.Key+`"`) || !strings.Contains(guide.body, p.Family) {
				m.Errorf("%s is missing", p.Key)
			}
		}
		for _, path := range []string{"/demo/portal", "/wohnungsgeber", "/demo/dienst?zurueck=%2Farbeitsplatz", "/demo/ausgang", "/umzug", "/leistungen"} {
			if !strings.Contains(guide.body, `href="`+path+`"`) {
				m.Errorf("no way to %s", path)
			}
		}
		for _, path := range []string{"/demo?als=nobody", "/demo?als=mover&stand=nowhere"} {
			if got := b.open(m.T, path); got.status != http.StatusNotFound {
				m.Errorf("%s: %d", path, got.status)
			}
		}
		if got := b.open(m.T, "/begonnen"); !strings.HasPrefix(got.path, "/anmelden") {
			m.Errorf("signed in nevertheless: %s", got.path)
		}
		if got := b.open(m.T, "/demo?als=owner&zurueck=//evil.example"); got.path != "/" || strings.Contains(got.body, "Willkommen in Mittelau") {
			m.Errorf("signed in, one stands at %s", got.path)
		}
		if got := b.open(m.T, "/demo?als=family&stand=portal"); got.path != "/umzug/beginnen" || !strings.Contains(got.body, "Sie kommen von Heimfinder") {
			m.Errorf("handed over, one stands at %s %d", got.path, got.status)
		}
		if got := b.open(m.T, "/demo?sprache=en"); !strings.Contains(got.body, "Welcome to Mittelau") || strings.Contains(got.body, "Zieht allein um") {
			m.Error("the guide speaks German only")
		}
	})
}

func TestALiveDatabaseHasNoPortal(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		g := newGround(t, d)
		if _, err := demo.NewPortal(t.Context(), demo.PortalOptions{DB: d, Keys: g.ring}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("opened: %v", err)
		}
		list, err := g.ring.List(t.Context())
		if err != nil || slices.ContainsFunc(list, func(i keys.Info) bool { return strings.HasPrefix(i.Owner, "portal:") }) {
			t.Errorf("it has the portal's key: %v, %v", list, err)
		}
	})
}
