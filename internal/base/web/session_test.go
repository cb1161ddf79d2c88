package web_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// story runs with a fresh house on both engines.
func story(t *testing.T, tell func(t *testing.T, h *house, d *db.DB)) {
	t.Helper()
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		if err := d.Migrate(context.Background(), web.Migrations); err != nil {
			t.Fatal(err)
		}
		h := build(t, withDB(d, c))
		h.clock = c
		tell(t, h, d)
	})
}

func signIn(h *house, level string, how ...visit) reply {
	h.t.Helper()
	in := h.post("/anmelden", url.Values{"actor": {"a:jana"}, "level": {level}, "zurueck": {"/postfach"}}, how...)
	if in.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("sign in: %d %s", in.StatusCode, in.Body)
	}
	return in
}

func rows(t *testing.T, d *db.DB) int {
	t.Helper()
	n, err := db.One(context.Background(), d, db.Scalar[int], "SELECT COUNT(*) FROM web_session")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func sessionOf(r reply) *http.Cookie {
	for _, c := range r.Cookies() {
		if c.Name == "aw_session" || c.Name == "__Host-aw_session" {
			return c
		}
	}
	return nil
}

func TestAPersonSignsInAndOut(t *testing.T) {
	t.Parallel()
	story(t, func(t *testing.T, h *house, d *db.DB) {
		sent := h.get("/postfach?x=1")
		sent.sees(t, http.StatusSeeOther)
		if got := sent.Header.Get("Location"); got != "/anmelden?zurueck=%2Fpostfach%3Fx%3D1" {
			t.Errorf("a stranger is sent to %q", got)
		}
		in := signIn(h, "normal")
		if got := in.Header.Get("Location"); got != "/postfach" {
			t.Errorf("after signing in the way leads to %q", got)
		}
		cookie := sessionOf(in)
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || len(cookie.Value) != 52 || cookie.MaxAge != 0 {
			t.Errorf("the cookie is too open: %v", cookie)
		}
		h.get("/postfach", cookies(in.Cookies())).sees(t, http.StatusOK, "Abmelden")
		out := h.post("/abmelden", nil, cookies(in.Cookies()))
		out.sees(t, http.StatusSeeOther)
		h.get("/postfach", cookies(in.Cookies())).sees(t, http.StatusSeeOther)
		if got := rows(t, d); got != 0 {
			t.Errorf("%d sessions are left after signing out", got)
		}
	})
}

func TestAHigherLevelNeedsItAndGivesANewToken(t *testing.T) {
	t.Parallel()
	story(t, func(t *testing.T, h *house, d *db.DB) {
		first := signIn(h, "normal")
		sent := h.get("/freigaben", cookies(first.Cookies()))
		sent.sees(t, http.StatusSeeOther)
		if got := sent.Header.Get("Location"); got != "/anmelden?stufe=high&zurueck=%2Ffreigaben" {
			t.Errorf("a step-up leads to %q", got)
		}
		second := signIn(h, "high", cookies(first.Cookies()))
		if sessionOf(first).Value == sessionOf(second).Value {
			t.Error("the token stayed the same when the level changed")
		}
		h.get("/freigaben", cookies(second.Cookies())).sees(t, http.StatusOK)
		h.get("/postfach", cookies(first.Cookies())).sees(t, http.StatusSeeOther)
		if got := rows(t, d); got != 1 {
			t.Errorf("%d sessions, want only the new one", got)
		}
	})
}

func TestTheDatabaseHoldsNoTokenAnybodyCouldUse(t *testing.T) {
	t.Parallel()
	story(t, func(t *testing.T, h *house, d *db.DB) {
		in := signIn(h, "normal")
		kept, err := db.One(context.Background(), d, db.Scalar[[]byte], "SELECT token FROM web_session")
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) != 32 || string(kept) == sessionOf(in).Value {
			t.Errorf("the database keeps %d bytes, want a SHA-256", len(kept))
		}
		for _, forged := range []string{hex.EncodeToString(kept)[:52], sessionOf(in).Value + "x", "", sessionOf(in).Value[:51]} {
			h.get("/postfach", cookies([]*http.Cookie{{Name: "aw_session", Value: forged}})).sees(t, http.StatusSeeOther)
		}
	})
}

func TestASessionEndsAfterRestAndAfterADay(t *testing.T) {
	t.Parallel()
	story(t, func(t *testing.T, h *house, d *db.DB) {
		rested := signIn(h, "normal")
		h.clock.Advance(29 * minute)
		h.get("/postfach", cookies(rested.Cookies())).sees(t, http.StatusOK)
		h.clock.Advance(29 * minute)
		h.get("/postfach", cookies(rested.Cookies())).sees(t, http.StatusOK) // reading keeps it alive
		h.clock.Advance(30 * minute)
		h.get("/postfach", cookies(rested.Cookies())).sees(t, http.StatusSeeOther)

		busy := signIn(h, "normal")
		for range 36 { // every 20 minutes for 12 hours
			h.clock.Advance(20 * minute)
			last := h.get("/postfach", cookies(busy.Cookies()))
			if last.StatusCode != http.StatusOK && h.clock.Now().Before(clock.At("2030-03-04 22:28").Now()) {
				t.Fatalf("ended too early, at %s", h.clock.Now())
			}
		}
		h.get("/postfach", cookies(busy.Cookies())).sees(t, http.StatusSeeOther)
	})
}

func TestReadingAPageWritesNothingAndTheLastUseIsKeptLater(t *testing.T) {
	t.Parallel()
	story(t, func(t *testing.T, h *house, d *db.DB) {
		in := signIn(h, "normal")
		seen := func() (at time.Time) {
			t.Helper()
			at, err := db.One(context.Background(), d, func(r db.Row) (at time.Time, err error) {
				return at, r.Scan(db.Time(&at))
			}, "SELECT seen FROM web_session")
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		begun := seen()
		h.clock.Advance(20 * minute)
		h.get("/postfach", cookies(in.Cookies())).sees(t, http.StatusOK)
		if got := seen(); !got.Equal(begun) {
			t.Errorf("reading a page moved the row to %s", got)
		}
		if err := h.FlushSessions(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got, want := seen(), begun.Add(20*minute); !got.Equal(want) {
			t.Errorf("last use %s, want %s", got, want)
		}

		other := build(t, withDB(d, h.clock)) // another instance knows it now
		h.clock.Advance(29 * minute)
		other.get("/postfach", cookies(in.Cookies())).sees(t, http.StatusOK)

		h.clock.Advance(13 * 60 * minute)
		if err := h.FlushSessions(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := rows(t, d); got != 0 {
			t.Errorf("%d ended sessions are still kept", got)
		}
	})
}

func TestAllSessionsOfAPersonCanBeEnded(t *testing.T) {
	t.Parallel()
	story(t, func(t *testing.T, h *house, d *db.DB) {
		phone, desk := signIn(h, "normal"), signIn(h, "high")
		err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error { return web.EndSessions(ctx, tx, "a:jana") })
		if err != nil {
			t.Fatal(err)
		}
		h.get("/postfach", cookies(phone.Cookies())).sees(t, http.StatusSeeOther)
		h.get("/postfach", cookies(desk.Cookies())).sees(t, http.StatusSeeOther)
	})
}

func TestOverHTTPSTheCookieBelongsToThisHostAlone(t *testing.T) {
	t.Parallel()
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		if err := d.Migrate(context.Background(), web.Migrations); err != nil {
			t.Fatal(err)
		}
		h := build(t, func(o *web.Options) { o.DB, o.Clock, o.Secure = d, c, true })
		in := signIn(h, "normal")
		cookie := sessionOf(in)
		if cookie.Name != "__Host-aw_session" || !cookie.Secure || cookie.Domain != "" {
			t.Errorf("cookie %v", cookie)
		}
		if in.Header.Get("Strict-Transport-Security") == "" {
			t.Error("HTTPS is not asked for next time")
		}
		h.get("/postfach", cookies(in.Cookies())).sees(t, http.StatusOK)
		plain := *cookie
		plain.Name = "aw_session"
		h.get("/postfach", cookies([]*http.Cookie{&plain})).sees(t, http.StatusSeeOther)
	})
}

func TestTheHeaderSaysWhoActsAndAnErrorPageAsksNobody(t *testing.T) {
	t.Parallel()
	story(t, func(t *testing.T, h *house, _ *db.DB) {
		asked := 0
		h.Who(func(c *web.Call) (web.Acting, error) {
			asked++
			return web.Acting{Name: "Jana Wittkamp", For: "Mila Wittkamp", Ground: "Ihre Tochter", Unread: 2, Path: "/vertretung"}, nil
		})
		in := signIn(h, "normal")
		h.get("/postfach", cookies(in.Cookies())).sees(t, http.StatusOK, "Jana Wittkamp", "Sie handeln für <strong>Mila Wittkamp</strong>, Ihre Tochter", ", 2 ungelesen")
		h.Handle("GET", "/kaputt", signedIn, func(*web.Call) error { return errors.New("the database is gone") })
		before := asked
		broken := h.get("/kaputt", cookies(in.Cookies()))
		broken.sees(t, http.StatusInternalServerError, "Das hat nicht geklappt", "Postfach")
		broken.never(t, "Anmelden", "Mila")
		if asked != before {
			t.Error("the error page asked who acts")
		}
		h.get("/umzug").never(t, "Jana Wittkamp", "Postfach")
	})
}
