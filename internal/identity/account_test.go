package identity_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

func TestOnlyACardAtLevelHighOpensAnAccount(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		for name, spoil := range map[string]struct {
			change func(*identity.Assertion)
			kind   fault.Kind
		}{
			"level substantial": {func(a *identity.Assertion) { a.Level = web.Substantial }, fault.Forbidden},
			"no level":          {func(a *identity.Assertion) { a.Level = web.None }, fault.Forbidden},
			"no family name":    {func(a *identity.Assertion) { a.Family = " " }, fault.Invalid},
			"no pseudonym":      {func(a *identity.Assertion) { a.Pseudonym = "" }, fault.Invalid},
			"no birthday":       {func(a *identity.Assertion) { a.Birth = clock.Date{} }, fault.Invalid},
			"born tomorrow":     {func(a *identity.Assertion) { a.Birth = clock.Date{Y: 2030, M: 3, D: 5} }, fault.Invalid},
			"a name of a book":  {func(a *identity.Assertion) { a.Given = strings.Repeat("Jana ", 100) }, fault.Invalid},
			"no text":           {func(a *identity.Assertion) { a.Given = "\xff" }, fault.Invalid},
		} {
			a := jana
			spoil.change(&a)
			if _, err := w.ByAssertion(t.Context(), a); fault.KindOf(err) != spoil.kind || err == nil {
				t.Errorf("%s: %v, want %v", name, err, spoil.kind)
			}
		}
		if n := w.count(t, "identity_account") + w.count(t, "identity_assertion"); n != 0 {
			t.Errorf("%d rows were kept of refused assertions", n)
		}
		account, err := w.ByAssertion(t.Context(), jana)
		if err != nil || !account.Opened.Equal(testkit.Clock.Now()) {
			t.Fatalf("the card opened no account: %v, %v", account, err)
		}
	})
}

func TestACardFindsItsAccountAgain(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		w := newTown(t, d)
		first, err := w.ByAssertion(t.Context(), jana)
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(400 * 24 * 3600e9)
		married := jana
		married.Family, married.Address = "Hoyer", ""
		again, err := w.ByAssertion(t.Context(), married)
		if err != nil || again.ID != first.ID || !again.Opened.Equal(first.Opened) || !again.Seen.Equal(c.Now()) {
			t.Errorf("the same card: %+v, %v, want account %s opened at %v", again, err, first.ID, first.Opened)
		}
		kept, err := w.Assertion(t.Context(), d, first.ID)
		if err != nil || kept.Name() != "Jana Maria Hoyer" || kept.Address != "" || !kept.Time.Equal(c.Now()) || kept.Level != web.High {
			t.Errorf("kept %+v, %v: not what the card says now", kept, err)
		}
		other, err := w.ByAssertion(t.Context(), tobias)
		if err != nil || other.ID == first.ID {
			t.Errorf("another card: account %s, %v", other.ID, err)
		}
		if _, err := w.Account(t.Context(), identity.AccountID(ident.New())); !fault.Is(err, fault.NotFound) {
			t.Errorf("an account that nobody has: %v", err)
		}
	})
}

func TestTwoFirstLoginsAtOnceOpenOneAccount(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		ids := make([]identity.AccountID, 8)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				a, err := w.ByAssertion(t.Context(), jana)
				if err != nil {
					t.Error(err)
				}
				ids[i] = a.ID
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("accounts %s and %s", ids[0], id)
			}
		}
		if n := w.count(t, "identity_account"); n != 1 {
			t.Errorf("%d accounts, want 1", n)
		}
	})
}

func TestAPersonSignsInByCardWithoutScripts(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		b := w.browser(t)
		asked := b.open(t, "/konto?a=1")
		want := "/anmelden?" + url.Values{"zurueck": {"/konto?a=1"}}.Encode()
		if asked.status != http.StatusSeeOther || asked.to != want {
			t.Fatalf("a stranger is sent to %d %q, want %q", asked.status, asked.to, want)
		}
		page := b.open(t, asked.to)
		if page.status != http.StatusOK || !strings.Contains(page.body, `href="/anmelden/eid?zurueck=%2Fkonto%3Fa%3D1"`) {
			t.Fatalf("the login page has no way to the card: %d\n%s", page.status, page.body)
		}
		if !strings.Contains(page.body, `<body class="aw-public`) {
			t.Error("the login page does not look like the citizen's side")
		}
		if !strings.Contains(page.body, `data-finish="/anmelden/passkey/fertig?zurueck=%2Fkonto%3Fa%3D1" hidden`) {
			t.Error("without scripts the passkey's button is hidden, with them it knows the way back")
		}
		if back := b.showCard(t, "/konto?a=1", jana); back.status != http.StatusSeeOther || back.to != "/konto?a=1" {
			t.Fatalf("after the card: %d to %q", back.status, back.to)
		}
		account := b.open(t, "/konto?a=1")
		says := []string{"Jana Maria Wittkamp", "14.\u00a0Juni\u00a01995", "Mühlgasse 7", "mit Ihrem Ausweis angemeldet", "Noch kein Passkey"}
		for _, want := range says {
			if !strings.Contains(account.body, want) {
				t.Errorf("the account page does not say %q", want)
			}
		}
		if got := b.open(t, "/umzug"); got.body != "umzug" {
			t.Errorf("level high is not reached: %d to %q", got.status, got.to)
		}
		if log := w.log.String(); strings.Contains(log, "Wittkamp") || strings.Contains(log, "p-jana") || !strings.Contains(log, "account:") {
			t.Errorf("the log has more or less than ids:\n%s", log)
		}
	})
}

func TestALoginEndsInTheBrowserInWhichItBegan(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		thief, victim := w.browser(t), w.browser(t)
		handle := w.cards.show(t, thief.open(t, "/anmelden/eid").to, tobias)
		if got := victim.open(t, identity.Return+"?h="+handle); got.status != http.StatusForbidden || victim.token(t) != "" {
			t.Errorf("a link signed the victim in to the sender's account: %d", got.status)
		}
		victim.open(t, "/anmelden/eid") // has begun a login of their own, which the link is not the end of
		handle = w.cards.show(t, thief.open(t, "/anmelden/eid").to, tobias)
		if got := victim.open(t, identity.Return+"?h="+handle); got.status != http.StatusForbidden || victim.token(t) != "" {
			t.Errorf("a link signed the victim in to the sender's account: %d", got.status)
		}
		if n := w.count(t, "identity_account"); n != 0 {
			t.Errorf("%d accounts were opened", n)
		}

		handle = w.cards.show(t, victim.open(t, "/anmelden/eid").to, jana)
		if got := victim.open(t, identity.Return+"?h="+handle); got.status != http.StatusSeeOther || got.to != "/konto/passkey?zurueck=%2F" {
			t.Errorf("the right end: %d %q", got.status, got.to)
		}
		if got := w.browser(t).open(t, identity.Return+"?h="+handle); got.status != http.StatusGone {
			t.Errorf("a handle used twice: %d", got.status)
		}
	})
}

func TestALoginSendsNobodyToAnotherSite(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		b := w.browser(t)
		b.showCard(t, "/", jana)
		device := newAuthenticator(t)
		if got := b.addPasskey(t, device, ""); got.status != http.StatusOK {
			t.Fatalf("no passkey: %d %s", got.status, got.body)
		}
		for _, evil := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/\tevil", "javascript:alert(1)", "konto"} {
			if got := w.browser(t).showCard(t, evil, jana); got.status != http.StatusSeeOther || got.to != "/" {
				t.Errorf("%q: the card leads to %d %q", evil, got.status, got.to)
			}
			if got := w.browser(t).touch(t, device, evil); got.status != http.StatusOK || strings.TrimSpace(got.body) != `{"next":"/"}` {
				t.Errorf("%q: the passkey leads to %d %s", evil, got.status, got.body)
			}
			page := w.browser(t).open(t, "/anmelden?"+url.Values{"zurueck": {evil}}.Encode())
			for _, want := range []string{`href="/anmelden/eid?zurueck=%2F"`, `data-finish="/anmelden/passkey/fertig?zurueck=%2F"`} {
				if !strings.Contains(page.body, want) {
					t.Errorf("%q: the login page does not have %s", evil, want)
				}
			}
		}
	})
}

func TestStaffAreSentToTheirOwnLogin(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		b := newTown(t, d).browser(t)
		if got := b.open(t, "/anmelden?zurueck=/arbeitsplatz"); got.to != "/dienst?zurueck=%2Farbeitsplatz" {
			t.Errorf("sent to %q", got.to)
		}
	})
}

func TestASessionOfStaffIsNoAccount(t *testing.T) {
	id := ident.New()
	for _, actor := range []string{"", "staff:" + id, id, "account:", "account:../" + id, "account:" + id + "x"} {
		if got, ok := identity.Actor(web.Session{Actor: actor, Level: web.High}); ok {
			t.Errorf("%q was taken for account %q", actor, got)
		}
	}
	if got, ok := identity.Actor(web.Session{Actor: identity.AccountID(id).Actor()}); !ok || string(got) != id {
		t.Errorf("an account's session: %q, %v", got, ok)
	}
}

func TestWithoutAnEIDServiceThePageSaysSo(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		w.EID = nil
		b := w.browser(t)
		if page := b.open(t, "/anmelden"); !strings.Contains(page.body, "kein Dienst für den Online-Ausweis") || strings.Contains(page.body, "/anmelden/eid") {
			t.Errorf("the page offers a card: %d", page.status)
		}
		for _, path := range []string{"/anmelden/eid", identity.Return + "?h=x"} {
			if got := b.open(t, path); got.status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", path, got.status)
			}
		}
	})
}

func TestAnAddressThatBrowsersCannotReachIsRefused(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		for _, bad := range []string{"", "localhost:8080", "ftp://town.example", "https://", "http://%zz"} {
			o := w.Options
			o.PublicURL = bad
			if _, err := identity.New(t.Context(), o); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}
