package identity_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// withPasskey is a town in which Jana has an account and a device with a passkey.
func withPasskey(t *testing.T, d *db.DB) (*town, *authenticator) {
	t.Helper()
	w, device := newTown(t, d), newAuthenticator(t)
	b := w.browser(t)
	b.showCard(t, "/", jana)
	if got := b.addPasskey(t, device, "Mein Telefon"); got.status != http.StatusOK || strings.TrimSpace(got.body) != `{"next":"/konto"}` {
		t.Fatalf("no passkey: %d %s", got.status, got.body)
	}
	if page := b.open(t, "/konto"); !strings.Contains(page.body, "Mein Telefon") || !strings.Contains(page.body, "noch nie benutzt") {
		t.Fatalf("the account does not list it:\n%s", page.body)
	}
	return w, device
}

func TestAPasskeySignsInAtLevelNormalAndNoHigher(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, device := withPasskey(t, d)
		b := w.browser(t)
		if got := b.touch(t, device, "/konto"); got.status != http.StatusOK || strings.TrimSpace(got.body) != `{"next":"/konto"}` {
			t.Fatalf("not signed in: %d %s", got.status, got.body)
		}
		if page := b.open(t, "/konto"); !strings.Contains(page.body, "mit einem Passkey angemeldet") || !strings.Contains(page.body, "zuletzt benutzt") {
			t.Errorf("the account page does not say how: %d\n%s", page.status, page.body)
		}
		asked := b.open(t, "/umzug")
		if want := "/anmelden?stufe=high&zurueck=%2Fumzug"; asked.status != http.StatusSeeOther || asked.to != want {
			t.Fatalf("level high: sent to %d %q, want %q", asked.status, asked.to, want)
		}
		if page := b.open(t, asked.to); !strings.Contains(page.body, "Bitte zeigen Sie noch Ihren Ausweis") || strings.Contains(page.body, "data-passkey=") {
			t.Error("the step-up does not ask for the card, or offers the passkey again")
		}
		if got := b.addPasskey(t, newAuthenticator(t), ""); got.status != http.StatusForbidden {
			t.Errorf("a passkey added another passkey: %d", got.status)
		}
		if n := w.count(t, "identity_passkey"); n != 1 {
			t.Errorf("%d passkeys, want 1", n)
		}

		before := b.token(t)
		if got := b.showCard(t, "/umzug", jana); got.to != "/umzug" {
			t.Fatalf("after the card: %d %q %s", got.status, got.to, got.body)
		}
		if b.token(t) == before || b.token(t) == "" {
			t.Error("the session kept its token at the step-up")
		}
		if got := b.open(t, "/umzug"); got.body != "umzug" {
			t.Errorf("level high is not reached: %d", got.status)
		}
		old := w.browser(t)
		at, err := url.Parse(home)
		if err != nil {
			t.Fatal(err)
		}
		old.client.Jar.SetCookies(at, []*http.Cookie{{Name: "aw_session", Value: before}})
		if got := old.open(t, "/konto"); got.status != http.StatusSeeOther {
			t.Errorf("the token from before the step-up still opens the account: %d", got.status)
		}
		if log := w.log.String(); strings.Contains(log, "Wittkamp") || strings.Contains(log, "Telefon") {
			t.Error("a name stands in the log")
		}
	})
}

func TestAStepUpIsForTheSamePerson(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, device := withPasskey(t, d)
		b := w.browser(t)
		b.touch(t, device, "/")
		before := b.token(t)
		if got := b.showCard(t, "/umzug", tobias); got.status != http.StatusConflict {
			t.Errorf("another person's card: %d %q", got.status, got.to)
		}
		if b.token(t) != before || w.count(t, "identity_account") != 1 {
			t.Error("another person's card changed the session or opened an account")
		}
		if got := b.open(t, "/umzug"); got.status != http.StatusSeeOther {
			t.Errorf("another person's card reached level high: %d", got.status)
		}
		if got := b.press(t, "/abmelden"); got.status != http.StatusSeeOther {
			t.Fatalf("no way out: %d", got.status)
		}
		if got := b.showCard(t, "/umzug", tobias); got.to != "/umzug" || w.count(t, "identity_account") != 2 {
			t.Errorf("after signing out the other person signs in: %d %q", got.status, got.to)
		}
	})
}

func TestAPasskeyIsOfferedOnceAndNeverInTheMiddleOfSomething(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		w := newTown(t, d)
		if got := w.browser(t).showCard(t, "/umzug", jana); got.to != "/umzug" {
			t.Errorf("on the way to the move: %q", got.to)
		}
		b := w.browser(t)
		offer := b.showCard(t, "/", tobias)
		if offer.to != "/konto/passkey?zurueck=%2F" {
			t.Fatalf("at the first login: %q", offer.to)
		}
		if page := b.open(t, offer.to); page.status != http.StatusOK || !strings.Contains(page.body, `href="/">Jetzt nicht`) ||
			!strings.Contains(page.body, `data-passkey="create" data-start="/konto/passkey/start" data-finish="/konto/passkey/fertig?zurueck=%2F" hidden`) {
			t.Errorf("the offer: %d\n%s", page.status, page.body)
		}
		c.Advance(time.Hour)
		if got := w.browser(t).showCard(t, "/", tobias); got.to != "/" {
			t.Errorf("at the next login: %q", got.to)
		}
	})
}

func TestAnUnknownPasskeyOpensNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		device := newAuthenticator(t)
		device.owner = []byte("somebody")
		b := w.browser(t)
		if got := b.touch(t, device, "/"); got.status != http.StatusForbidden || b.token(t) != "" {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := b.addPasskey(t, device, ""); got.status != http.StatusUnauthorized {
			t.Errorf("a passkey without an account: %d", got.status)
		}
		if n := w.count(t, "identity_account") + w.count(t, "identity_passkey") + w.count(t, "identity_attempt"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestAWrongAnswerSignsNobodyIn(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, device := withPasskey(t, d)
		good := *device
		for _, wrong := range []struct {
			name  string
			spoil func(*authenticator)
		}{
			{"signed by nobody", func(a *authenticator) { a.forged = true }},
			{"signed by another key", func(a *authenticator) { a.key = newAuthenticator(t).key }},
			{"for another site", func(a *authenticator) { a.origin = "http://localhost.evil.example:8080" }},
			{"for another party", func(a *authenticator) { a.site = "evil.example" }},
			{"to another challenge", func(a *authenticator) { a.challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }},
			{"to no challenge", func(a *authenticator) { a.challenge = "x" }},
			{"with nobody verified", func(a *authenticator) { a.unverified = true }},
			{"for another account", func(a *authenticator) { a.owner = []byte("somebody") }},
			{"for no account", func(a *authenticator) { a.owner = nil }},
			{"of an unknown passkey", func(a *authenticator) { a.id = newAuthenticator(t).id }},
		} {
			bad := good
			wrong.spoil(&bad)
			b := w.browser(t)
			got := b.touch(t, &bad, "/")
			if got.status != http.StatusForbidden || !strings.Contains(got.body, `"identity.error.passkey"`) || b.token(t) != "" {
				t.Errorf("an answer %s: %d %s", wrong.name, got.status, got.body)
			}
		}
		device.count = 4
		if got := w.browser(t).touch(t, device, "/"); got.status != http.StatusOK {
			t.Fatalf("the good answer: %d %s", got.status, got.body)
		}
		device.count = 4 // a copy of the device, from before that login
		if got := w.browser(t).touch(t, device, "/"); got.status != http.StatusForbidden || !strings.Contains(got.body, `"identity.error.passkey_copied"`) {
			t.Errorf("a copied passkey: %d %s", got.status, got.body)
		}
		b := w.browser(t)
		for _, junk := range []string{"", "{}", "[]", `{"credential":{}}`, `{"credential":null}`, `{"credential":{"id":"x"},"level":"high"}`} {
			if got := b.do(t, "POST", "/anmelden/passkey/fertig", "application/json", junk); got.status < 400 || got.status >= 500 {
				t.Errorf("%q: %d %s", junk, got.status, got.body)
			}
		}
		if b.token(t) != "" {
			t.Error("junk signed somebody in")
		}
	})
}

func TestAChallengeIsAnsweredOnceAndInTime(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		w, device := withPasskey(t, d)
		request, sealed, err := w.BeginLogin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(sealed) > 3500 {
			t.Errorf("the sealed ceremony has %d letters and fits in no cookie", len(sealed))
		}
		options := marshal(t, request)
		answers := [][]byte{device.get(t, options), device.get(t, options)}

		var all sync.WaitGroup
		signedIn := make(chan identity.Account, 8)
		for i := range 8 {
			all.Go(func() {
				if a, err := w.LogIn(t.Context(), sealed, "192.0.2.1", answers[i%2]); err == nil {
					signedIn <- a
				}
			})
		}
		all.Wait()
		if len(signedIn) != 1 {
			t.Errorf("one challenge signed in %d times", len(signedIn))
		}
		if _, err := w.LogIn(t.Context(), sealed, "192.0.2.2", device.get(t, options)); !fault.Is(err, fault.Gone) {
			t.Errorf("answered again: %v", err)
		}

		request, sealed, err = w.BeginLogin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(5 * time.Minute)
		if _, err := w.LogIn(t.Context(), sealed, "192.0.2.3", device.get(t, marshal(t, request))); !fault.Is(err, fault.Gone) {
			t.Errorf("answered after five minutes: %v", err)
		}
		if _, err := w.LogIn(t.Context(), "", "192.0.2.3", device.get(t, marshal(t, request))); !fault.Is(err, fault.Gone) {
			t.Errorf("answered without a ceremony: %v", err)
		}
	})
}

func TestACeremonyIsGoodForOneThingAndOneAccount(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, device := withPasskey(t, d)
		owner, err := w.ByAssertion(t.Context(), jana)
		if err != nil {
			t.Fatal(err)
		}
		other, err := w.ByAssertion(t.Context(), tobias)
		if err != nil {
			t.Fatal(err)
		}
		creation, adding, err := w.BeginPasskey(t.Context(), owner.ID)
		if err != nil {
			t.Fatal(err)
		}
		answer := newAuthenticator(t).create(t, marshal(t, creation))
		if _, err := w.AddPasskey(t.Context(), other.ID, adding, "", answer); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a passkey begun for one account, added to another: %v", err)
		}
		if _, err := w.LogIn(t.Context(), adding, "192.0.2.1", device.get(t, marshal(t, creation))); !fault.Is(err, fault.Gone) {
			t.Errorf("a login that was begun as something else: %v", err)
		}
		request, login, err := w.BeginLogin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.AddPasskey(t.Context(), owner.ID, login, "", newAuthenticator(t).create(t, withOwner(t, request, owner.ID))); !fault.Is(err, fault.Gone) {
			t.Errorf("a passkey added by a login's challenge: %v", err)
		}
		if _, err := w.AddPasskey(t.Context(), owner.ID, adding, "", answer); err != nil {
			t.Errorf("the right answer: %v", err)
		}
		if _, err := w.AddPasskey(t.Context(), owner.ID, adding, "", answer); !fault.Is(err, fault.Gone) {
			t.Errorf("the right answer twice: %v", err)
		}
		creation, adding, err = w.BeginPasskey(t.Context(), other.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.AddPasskey(t.Context(), other.ID, adding, "", device.create(t, marshal(t, creation))); !fault.Is(err, fault.Conflict) {
			t.Errorf("another account's passkey: %v", err)
		}
		unseen := newAuthenticator(t)
		unseen.unverified = true
		if _, err := w.AddPasskey(t.Context(), other.ID, adding, "", unseen.create(t, marshal(t, creation))); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a device that verified nobody: %v", err)
		}
		if _, err := w.AddPasskey(t.Context(), other.ID, adding, strings.Repeat("x", 61), answer); !fault.Is(err, fault.Invalid) {
			t.Errorf("a name of 61 letters: %v", err)
		}
	})
}

func TestAnAccountHasAtMostTwentyPasskeys(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, _ := withPasskey(t, d)
		b := w.browser(t)
		b.showCard(t, "/", jana)
		for range 19 {
			if got := b.addPasskey(t, newAuthenticator(t), ""); got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
		}
		if got := b.addPasskey(t, newAuthenticator(t), ""); got.status != http.StatusConflict {
			t.Errorf("the twenty-first: %d %s", got.status, got.body)
		}
		if page := b.open(t, "/konto"); strings.Contains(page.body, `href="/konto/passkey"`) {
			t.Error("the account page offers what it must refuse")
		}
	})
}

func TestAfterTenAttemptsInAnHourNobodyIsSignedIn(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		w, device := withPasskey(t, d)
		try := func(source string, forged bool) error {
			request, sealed, err := w.BeginLogin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			device.forged = forged
			_, err = w.LogIn(t.Context(), sealed, source, device.get(t, marshal(t, request)))
			return err
		}
		for i := range 10 {
			if err := try("2001:db8::"+string(rune('1'+i%9)), true); !fault.Is(err, fault.Forbidden) {
				t.Fatalf("attempt %d: %v", i+1, err)
			}
		}
		if err := try("2001:db8::ffff", false); !fault.Is(err, fault.Busy) {
			t.Errorf("the eleventh from the same network: %v", err)
		}
		if err := try("192.0.2.9", false); err != nil {
			t.Errorf("the person from elsewhere is locked out: %v", err)
		}
		c.Advance(time.Hour)
		if err := try("2001:db8::1", false); err != nil {
			t.Errorf("an hour later: %v", err)
		}
		if n := w.count(t, "identity_attempt"); n != 0 {
			t.Errorf("%d counts are kept after a login", n)
		}
	})
}

func TestAPasskeyIsRemovedByItsOwnerOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, device := withPasskey(t, d)
		owner, err := w.ByAssertion(t.Context(), jana)
		if err != nil {
			t.Fatal(err)
		}
		have, err := w.Passkeys(t.Context(), owner.ID)
		if err != nil || len(have) != 1 {
			t.Fatalf("%v, %v", have, err)
		}
		path := "/konto/passkey/" + have[0].ID + "/entfernen"
		if got := w.browser(t).press(t, path); got.status != http.StatusSeeOther || !strings.HasPrefix(got.to, "/anmelden?") {
			t.Errorf("a stranger: %d %q", got.status, got.to)
		}
		other := w.browser(t)
		other.showCard(t, "/", tobias)
		if got := other.press(t, path); got.status != http.StatusNotFound {
			t.Errorf("another account: %d", got.status)
		}
		b := w.browser(t)
		if got := b.touch(t, device, "/"); got.status != http.StatusOK {
			t.Fatalf("the passkey is gone: %d", got.status)
		}
		if got := b.press(t, path); got.to != "/konto" {
			t.Errorf("its owner: %d %q", got.status, got.to)
		}
		if got := w.browser(t).touch(t, device, "/"); got.status != http.StatusForbidden {
			t.Errorf("a removed passkey signs in: %d", got.status)
		}
	})
}

func TestSigningOutEverywhereEndsEverySession(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, device := withPasskey(t, d)
		phone, library, other := w.browser(t), w.browser(t), w.browser(t)
		phone.touch(t, device, "/")
		library.showCard(t, "/", jana)
		other.showCard(t, "/", tobias)
		if got := phone.press(t, "/konto/ueberall-abmelden"); got.to != "/" {
			t.Fatalf("%d %q", got.status, got.to)
		}
		for name, b := range map[string]*browser{"phone": phone, "library": library} {
			if got := b.open(t, "/konto"); got.status != http.StatusSeeOther {
				t.Errorf("still signed in at the %s: %d", name, got.status)
			}
		}
		if got := other.open(t, "/konto"); got.status != http.StatusOK {
			t.Errorf("another account was signed out too: %d", got.status)
		}
	})
}
