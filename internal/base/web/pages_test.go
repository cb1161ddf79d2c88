package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/web"
)

func TestAPageIsDressedInTheLayoutAndNothingInItIsScript(t *testing.T) {
	h := build(t, func(o *web.Options) { o.Demo = true })
	page := h.get("/")
	page.sees(t, http.StatusOK, `<html lang="de">`, "<title>Wohin ziehen Sie? – Lindenfurt</title>", "Offizielle Seite: Stadt Lindenfurt",
		"Vorführung: alle Personen sind erfunden", "Vorname: &lt;Jana&gt;", `href="tel:115"`, "Ein Mensch soll helfen", `aria-current="page"`)
	page.never(t, "<Jana>", "<script", " style=", "onclick", "/impressum", "/leistungen", "Postfach")
	for name, want := range map[string]string{
		"Cache-Control":          "no-store",
		"Content-Language":       "de",
		"X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := page.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	build(t, nil).get("/").never(t, "Vorführung")
}

func TestARefusedFormShowsTheErrorsFirstAndWhatWasTyped(t *testing.T) {
	h := build(t, nil)
	page := h.post("/umzug", url.Values{"given": {"  "}, "day": {`31.2.2030"`}})
	page.sees(t, http.StatusUnprocessableEntity, "<title>Fehler: Wohin ziehen Sie?", "Hier fehlt noch etwas", `href="#given"`, `id="given"`,
		"Bitte geben Sie Ihren Vornamen an.", `aria-invalid="true"`, `value="31.2.2030&#34;"`, "Den Tag 31.2.2030&#34; gibt es nicht.")
	if first, h1 := strings.Index(page.Body, `role="alert"`), strings.Index(page.Body, "<h1"); first > h1 {
		t.Error("the error summary stands after the title")
	}
}

func TestAnAcceptedFormLeadsToAPageThatSaysSoOnce(t *testing.T) {
	h := build(t, nil)
	sent := h.post("/umzug", url.Values{"given": {"Jana"}, "day": {"1.3.2030"}})
	sent.sees(t, http.StatusSeeOther)
	if got := sent.Header.Get("Location"); got != "/umzug" {
		t.Errorf("leads to %q", got)
	}
	next := h.get("/umzug", cookies(sent.Cookies()))
	next.sees(t, http.StatusOK, "Gespeichert: Umzug")
	h.get("/umzug", cookies(next.Cookies())).never(t, "Gespeichert")
	h.get("/umzug", header("Cookie", "aw_hinweis=Sie haben gewonnen")).never(t, "gewonnen")
}

func TestThePersonChoosesTheLanguage(t *testing.T) {
	h := build(t, nil)
	h.get("/umzug", header("Accept-Language", "fr, en;q=0.8, de;q=0.5")).sees(t, http.StatusOK, `<html lang="en">`, "Where are you moving?")
	h.get("/umzug", header("Accept-Language", "tr")).sees(t, http.StatusOK, `<html lang="de">`)
	h.get("/umzug", header("Accept-Language", "de-AT")).sees(t, http.StatusOK, `<html lang="de">`)
	chosen := h.get("/umzug?sprache=en&x=1")
	chosen.sees(t, http.StatusOK, `<html lang="en">`, `href="/umzug?sprache=de&amp;x=1"`)
	h.get("/umzug", cookies(chosen.Cookies()), header("Accept-Language", "de")).sees(t, http.StatusOK, `<html lang="en">`)
	h.get("/umzug?sprache=xx").sees(t, http.StatusOK, `<html lang="de">`)
}

func TestThePersonChoosesLightOrDark(t *testing.T) {
	h := build(t, nil)
	h.get("/darstellung").sees(t, http.StatusOK, "So wie mein Gerät", "Immer dunkel")
	saved := h.post("/darstellung", url.Values{"farbe": {"dark"}, "zurueck": {"//evil.example"}})
	if got := saved.Header.Get("Location"); got != "/" {
		t.Errorf("leads to %q, want / because the wish is another site", got)
	}
	h.get("/", cookies(saved.Cookies())).sees(t, http.StatusOK, `data-kern-theme="dark"`)
	h.get("/", header("Cookie", `aw_farbe="><script>`)).never(t, "data-kern-theme", "script")
}
