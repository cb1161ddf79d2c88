package access_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// town hall with clerks, and another town beside it.
type offices struct {
	*access.Service
	db                                    *db.DB
	ledger                                *ledger.Ledger
	sabine, olaf, cashier, machines, away access.Staff
}

func open(t *testing.T, d *db.DB) *offices {
	t.Helper()
	ctx := t.Context()
	if err := d.Migrate(ctx, web.Migrations, keys.Migrations, ledger.Migrations, authority.Migrations, access.Migrations); err != nil {
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
	for _, key := range []authority.Key{"lindenfurt", "ellerbrueck"} {
		err := towns.Add(ctx, authority.Opening{
			Authority: authority.Authority{Key: key, Name: "Stadt " + string(key), Short: string(key), Kind: authority.Town, State: "mittelau"},
			Units: []authority.Unit{
				{Key: "buergeramt", Name: "Bürgeramt", Duties: []string{"registry"}}, {Key: "kasse", Name: "Stadtkasse"},
			},
			Reason: "test",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	o := &offices{Service: access.New(d, l, towns), db: d, ledger: l}
	people, err := o.Appoint(ctx, "node", "Aufbau der Demo-Welt",
		access.Staff{Authority: "lindenfurt", Unit: "buergeramt", Name: "Sabine Krohn", Roles: []access.Role{access.ClerkRole}},
		access.Staff{Authority: "lindenfurt", Unit: "buergeramt", Name: "Olaf Tamm", Roles: []access.Role{access.ClerkRole}},
		access.Staff{Authority: "lindenfurt", Unit: "kasse", Name: "Meike Jürs", Roles: []access.Role{access.ClerkRole, access.PrivacyRole}},
		access.Staff{Authority: "lindenfurt", Unit: "kasse", Name: "Ivo Blum", Roles: []access.Role{access.OperatorRole}},
		access.Staff{Authority: "ellerbrueck", Unit: "buergeramt", Name: "Rika Voss", Roles: []access.Role{access.ClerkRole}},
	)
	if err != nil {
		t.Fatal(err)
	}
	o.sabine, o.olaf, o.cashier, o.machines, o.away = people[0], people[1], people[2], people[3], people[4]
	return o
}

func (o *offices) today(t *testing.T, id access.StaffID) access.Staff {
	t.Helper()
	p, err := o.Staff(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAClerkActsInTheirOwnUnitOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		o := open(t, d)
		sabine := o.today(t, o.sabine.ID)
		if got, err := sabine.As("lindenfurt", "buergeramt", access.ClerkRole); err != nil || got.Unit != "buergeramt" || got.For != "" {
			t.Errorf("her own unit: %+v, %v", got, err)
		}
		if _, err := sabine.As("lindenfurt", "kasse", access.ClerkRole); !fault.Is(err, fault.Forbidden) {
			t.Errorf("another unit: %v", err)
		}
		if _, err := sabine.As("lindenfurt", "buergeramt", access.PrivacyRole); !fault.Is(err, fault.Forbidden) {
			t.Errorf("another role: %v", err)
		}
		_, foreign := sabine.As("ellerbrueck", "buergeramt", access.ClerkRole)
		_, missing := sabine.As("nirgends", "buergeramt", access.ClerkRole)
		if !fault.Is(foreign, fault.NotFound) || foreign.Error() != missing.Error() {
			t.Errorf("another town (%v) does not answer like one that does not exist (%v)", foreign, missing)
		}
		if _, err := (access.Staff{}).As("lindenfurt", "buergeramt", access.ClerkRole); !fault.Is(err, fault.NotFound) {
			t.Errorf("nobody may act: %v", err)
		}
		if _, err := (access.Staff{}).As("", "", ""); err == nil {
			t.Error("nobody may act for nobody")
		}
	})
}

func TestADeputyHasTheDutiesOfTheDaysNamedAndNoMore(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		o := open(t, d)
		ctx := t.Context()
		first, last := clock.Date{Y: 2030, M: 3, D: 5}, clock.Date{Y: 2030, M: 3, D: 6}
		if err := o.Deputize(ctx, o.sabine.ID.Actor(), "Urlaub", o.cashier.ID, o.sabine.ID, first, last); err != nil {
			t.Fatal(err)
		}
		if err := o.Deputize(ctx, o.sabine.ID.Actor(), "Urlaub", o.sabine.ID, o.olaf.ID, first, last); err != nil {
			t.Fatal(err)
		}
		as := func(p access.Staff) (access.Duty, error) {
			return o.today(t, p.ID).As("lindenfurt", "kasse", access.ClerkRole)
		}
		if _, err := as(o.sabine); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the day before: %v", err)
		}
		c.Set(time.Date(2030, 3, 5, 0, 0, 0, 0, clock.Berlin))
		if got, err := as(o.sabine); err != nil || got.For != o.cashier.ID {
			t.Errorf("on the first day: %+v, %v", got, err)
		}
		if units := o.today(t, o.sabine.ID).Units("lindenfurt", access.ClerkRole); strings.Join(units, " ") != "buergeramt kasse" {
			t.Errorf("she sees the units %v", units)
		}
		if _, err := as(o.olaf); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the deputy of a deputy: %v", err)
		}
		c.Set(time.Date(2030, 3, 6, 23, 59, 0, 0, clock.Berlin))
		if _, err := as(o.sabine); err != nil {
			t.Errorf("on the last evening: %v", err)
		}
		c.Set(time.Date(2030, 3, 7, 0, 0, 0, 0, clock.Berlin))
		if _, err := as(o.sabine); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the day after: %v", err)
		}

		for name, bad := range map[string]struct{ absent, stands access.StaffID }{
			"oneself":         {o.sabine.ID, o.sabine.ID},
			"another town":    {o.away.ID, o.sabine.ID},
			"an operator":     {o.machines.ID, o.sabine.ID},
			"somebody unseen": {access.StaffID(ident.New()), o.sabine.ID},
		} {
			if err := o.Deputize(ctx, "node", "x", bad.absent, bad.stands, first, last); err == nil {
				t.Errorf("a deputy for %s was named", name)
			}
		}
		if err := o.Deputize(ctx, "node", "x", o.cashier.ID, o.olaf.ID, last, first); !fault.Is(err, fault.Invalid) {
			t.Errorf("from the last day to the first: %v", err)
		}
	})
}

func TestWhoeverIsDismissedIsOutAtOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		o := open(t, d)
		b := o.desk(t)
		b.signIn(o.sabine.ID.Actor())
		if got := b.open("/arbeitsplatz"); got != http.StatusOK {
			t.Fatalf("the clerk is not let in: %d", got)
		}
		if err := o.Deputize(t.Context(), "node", "x", o.sabine.ID, o.olaf.ID, clock.Date{Y: 2030, M: 3, D: 4}, clock.Date{Y: 2030, M: 3, D: 4}); err != nil {
			t.Fatal(err)
		}
		if err := o.Dismiss(t.Context(), "node", "Ruhestand", o.sabine.ID); err != nil {
			t.Fatal(err)
		}
		if got := b.open("/arbeitsplatz"); got != http.StatusUnauthorized {
			t.Errorf("after the dismissal: %d", got)
		}
		b.signIn(o.sabine.ID.Actor()) // even with a new session
		if got := b.open("/arbeitsplatz"); got != http.StatusUnauthorized {
			t.Errorf("after the dismissal, signed in again: %d", got)
		}
		if got := o.today(t, o.olaf.ID).StandsIn; len(got) != 0 {
			t.Errorf("somebody stands in for who has left: %v", got)
		}
		if err := o.Dismiss(t.Context(), "node", "x", o.sabine.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("dismissed twice: %v", err)
		}
		list, err := o.List(t.Context(), "lindenfurt")
		if err != nil || len(list) != 3 {
			t.Errorf("%d people work in Lindenfurt, %v", len(list), err)
		}
		if n, err := o.ledger.Sequence(t.Context()); err != nil || n < 9 { // two towns, five people, a deputy, a dismissal
			t.Errorf("the ledger has %d records of it, %v", n, err)
		}
	})
}

func TestOnlyARoleOpensItsPages(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		o := open(t, d)
		const none, sent, no, in = "", http.StatusUnauthorized, http.StatusForbidden, http.StatusOK
		for _, who := range []struct {
			name, actor           string
			desk, privacy, engine int
		}{
			{"nobody", none, sent, sent, sent},
			{"a citizen", "account:" + ident.New(), sent, sent, sent},
			{"an unknown person", "staff:" + ident.New(), sent, sent, sent},
			{"a clerk", o.sabine.ID.Actor(), in, no, no},
			{"a clerk who is data-protection officer too", o.cashier.ID.Actor(), in, in, no},
			{"the operator", o.machines.ID.Actor(), no, no, in},
		} {
			b := o.desk(t)
			b.signIn(who.actor)
			if got := [3]int{b.open("/arbeitsplatz"), b.open("/datenschutz"), b.open("/verwaltung")}; got != [3]int{who.desk, who.privacy, who.engine} {
				t.Errorf("%s: %v, want %v", who.name, got, [3]int{who.desk, who.privacy, who.engine})
			}
		}
		b := o.desk(t)
		b.signIn(o.cashier.ID.Actor())
		b.open("/arbeitsplatz")
		if want := "Meike Jürs, Stadtkasse, Sachbearbeitung, kasse"; b.body != want {
			t.Errorf("the page knows %q, want %q", b.body, want)
		}
	})
}

func TestNobodyIsAppointedToWhatDoesNotExist(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		o := open(t, d)
		good := access.Staff{Authority: "lindenfurt", Unit: "buergeramt", Name: "Neu Neumann", Roles: []access.Role{access.ClerkRole}}
		for name, spoil := range map[string]func(*access.Staff){
			"town": func(s *access.Staff) { s.Authority = "nirgends" },
			"unit": func(s *access.Staff) { s.Unit = "sternwarte" },
			"name": func(s *access.Staff) { s.Name = " " },
			"role": func(s *access.Staff) { s.Roles = []access.Role{"king"} },
			"work": func(s *access.Staff) { s.Roles = nil },
		} {
			bad := good
			spoil(&bad)
			if _, err := o.Appoint(t.Context(), "node", "x", good, bad); err == nil {
				t.Errorf("without a %s that exists", name)
			}
		}
		if all, err := o.All(t.Context()); err != nil || len(all) != 5 {
			t.Errorf("%d people, %v: a refused appointment left somebody behind", len(all), err)
		}
	})
}

// desk is the office pages as a program sees them.
type desk struct {
	t       *testing.T
	server  *web.Server
	cookies []*http.Cookie
	body    string
}

func (o *offices) desk(t *testing.T) *desk {
	t.Helper()
	texts := i18n.New()
	if err := access.Texts(texts); err != nil {
		t.Fatal(err)
	}
	s := web.New(web.Options{DB: o.db, Clock: o.db.Clock(), Texts: texts})
	page := func(c *web.Call) error {
		acting, err := o.Who(c)
		if err != nil {
			return err
		}
		return c.Bytes("text/plain", []byte(acting.Name+", "+acting.Role+", "+access.Of(c).Unit))
	}
	s.Handle("GET", "/arbeitsplatz", o.Clerk(), page)
	s.Handle("GET", "/datenschutz", o.Privacy(), page)
	s.Handle("GET", "/verwaltung", o.Operator(), page)
	s.Handle("POST", "/dienst", web.Public, func(c *web.Call) error { return c.SignIn(c.Query("als"), web.Substantial) })
	return &desk{t: t, server: s}
}

// call returns the status and keeps body and cookies.
func (b *desk) call(method, path string) int {
	b.t.Helper()
	r := httptest.NewRequestWithContext(context.WithoutCancel(b.t.Context()), method, path, nil)
	r.Header.Set("Accept", "application/json")
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	b.body = w.Body.String()
	res := w.Result()
	defer res.Body.Close()
	if set := res.Cookies(); len(set) > 0 {
		b.cookies = set
	}
	return res.StatusCode
}

func (b *desk) signIn(actor string) {
	b.t.Helper()
	if actor != "" {
		b.call("POST", "/dienst?als="+actor)
	}
}

func (b *desk) open(path string) int { return b.call("GET", path) }
