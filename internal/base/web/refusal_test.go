package web_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

func TestEveryKindOfFaultHasItsAnswer(t *testing.T) {
	h := build(t, nil)
	h.Handle("GET", "/fault/{kind}", web.Public, func(c *web.Call) error {
		var kind fault.Kind
		if _, err := fmt.Sscan(c.Param("kind"), &kind); err != nil {
			return err
		}
		return fault.Wrap(kind, "move.error.secret", errors.New("SELECT secret"))
	})
	for kind, want := range map[fault.Kind]struct {
		status int
		title  string
		retry  string
	}{
		fault.Internal:    {500, "Das hat nicht geklappt", ""},
		fault.Invalid:     {422, "Das können wir so nicht annehmen", ""},
		fault.NotFound:    {404, "Seite nicht gefunden", ""},
		fault.Forbidden:   {403, "Kein Zugang", ""},
		fault.Conflict:    {409, "Das hat sich inzwischen geändert", ""},
		fault.Gone:        {410, "Das ist beendet", ""},
		fault.TooLarge:    {413, "Das ist zu groß", ""},
		fault.Full:        {507, "Gerade geht nichts", ""},
		fault.Busy:        {503, "Einen Moment bitte", "5"},
		fault.Unavailable: {503, "Gerade nicht erreichbar", "30"},
		fault.Unknown:     {503, "Bitte sehen Sie erst nach", ""},
	} {
		path := fmt.Sprintf("/fault/%d", kind)
		page := h.get(path)
		page.sees(t, want.status, "<h1", want.title, "Zur Startseite", "<footer")
		page.never(t, "SELECT", "<no value>", "web.error", "ZgotmplZ")
		doc := h.get(path, header("Accept", "application/json"))
		doc.sees(t, want.status, fmt.Sprintf(`"status":%d`, want.status))
		doc.never(t, "SELECT")
		if got := doc.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%v: %s", kind, got)
		}
		if got := page.Header.Get("Retry-After") + doc.Header.Get("Retry-After"); got != want.retry+want.retry {
			t.Errorf("%v: Retry-After %q", kind, got)
		}
		h.get(path, header("Accept-Language", "en")).never(t, want.title)
	}
}

func TestWhatIsMissingAndWhatIsSomebodyElsesLookTheSame(t *testing.T) {
	h := build(t, nil)
	h.Handle("GET", "/vorgaenge/{case}", web.Public, func(c *web.Call) error {
		if c.Param("case") == "foreign" {
			return fault.New(fault.NotFound, "move.error.secret")
		}
		return fault.New(fault.NotFound, "move.error.given")
	})
	same := func(accept string) {
		t.Helper()
		strip := func(r reply) string {
			r.Body = strings.ReplaceAll(r.Body, "foreign", "missing")
			var p map[string]any
			if json.Unmarshal([]byte(r.Body), &p) == nil {
				delete(p, "request") // a new number each time
				r.Body = fmt.Sprint(p)
			}
			return fmt.Sprint(r.StatusCode, r.Body)
		}
		foreign, missing := h.get("/vorgaenge/foreign", header("Accept", accept)), h.get("/vorgaenge/missing", header("Accept", accept))
		unknown := h.get("/nirgendwo/missing", header("Accept", accept))
		foreign.sees(t, http.StatusNotFound, "nicht für Sie bestimmt")
		foreign.never(t, "Geheim")
		if strip(foreign) != strip(missing) {
			t.Errorf("they differ:\n%s\n%s", foreign.Body, missing.Body)
		}
		unknown.sees(t, http.StatusNotFound, "nicht für Sie bestimmt")
	}
	same("text/html")
	same("application/json")
}

func TestAPanicAndABrokenTemplateAreOurFaultAndNobodySeesWhy(t *testing.T) {
	h := build(t, nil)
	h.Handle("GET", "/panic", web.Public, func(*web.Call) error { panic("the secret") })
	h.Handle("GET", "/broken", web.Public, func(c *web.Call) error {
		return c.Render(http.StatusOK, "move/broken.html", startPage{})
	})
	h.Handle("GET", "/error", web.Public, func(*web.Call) error { return errors.New("the secret") })
	for _, path := range []string{"/panic", "/broken", "/error"} {
		page := h.get(path)
		page.sees(t, http.StatusInternalServerError, "Das hat nicht geklappt", "Noch einmal versuchen", "Nummer dieser Meldung")
		page.never(t, "secret", "half a page", "Missing")
	}
	lines := h.lines()
	if len(lines) != 3 {
		t.Fatalf("%d log lines for three requests", len(lines))
	}
	if fmt.Sprint(lines[0]["err"]) != "panic: the secret" || !strings.Contains(fmt.Sprint(lines[0]["stack"]), "refusal_test.go") {
		t.Errorf("the log does not say what fell where: %v", lines[0])
	}
	if id := fmt.Sprint(lines[2]["id"]); !strings.Contains(h.get("/error").Body, "Nummer") || len(id) != 26 {
		t.Errorf("the request has no number: %v", id)
	}
}

func TestTooMuchIsRefusedInPlainWords(t *testing.T) {
	h := build(t, nil)
	h.Handle("POST", "/api/v1/moves", web.Public, func(c *web.Call) error {
		var v struct{ Name string }
		if err := c.Decode(&v); err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, v)
	})
	h.post("/umzug", url.Values{"given": {strings.Repeat("x", web.MaxField+1)}}).
		sees(t, http.StatusRequestEntityTooLarge, "Das ist zu groß", "64 Kilobyte")
	h.post("/umzug", url.Values{"given": {strings.Repeat("x", web.MaxField)}}).sees(t, http.StatusUnprocessableEntity, "Hier fehlt noch etwas")

	send := func(body []byte, known bool) reply {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/moves", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if !known {
			r.ContentLength = -1
		}
		return h.do(r)
	}
	large := append(append([]byte(`{"Name":"`), bytes.Repeat([]byte("x"), 5<<20)...), `"}`...)
	for _, known := range []bool{true, false} {
		refused := send(large, known)
		refused.sees(t, http.StatusRequestEntityTooLarge, `"status":413`, "zu viel auf einmal")
		if got := refused.Header.Get("Connection"); got != "close" {
			t.Errorf("the rest of the body is still read: Connection %q", got)
		}
	}
	send([]byte(`{"Name":"Jana"}`), true).sees(t, http.StatusCreated, `{"Name":"Jana"}`)
	for _, bad := range []string{`{"Name":`, `{"Name":"x"} {}`, `{"Other":1}`, `[`, ``, "\xff"} {
		send([]byte(bad), true).sees(t, http.StatusUnprocessableEntity, `"code":"web.error.json"`)
	}
}

// Browsers send all of a body before they read the answer, and see nothing if the connection is torn down meanwhile.
func TestWhoSendsTooMuchStillReadsWhy(t *testing.T) {
	server := httptest.NewServer(build(t, nil))
	defer server.Close()
	body := strings.Repeat("x", 5<<20)
	for _, path := range []string{"/umzug", "/unknown"} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body); err != nil {
			t.Fatalf("%s: sending: %v", path, err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: reading: %v", path, err)
		}
		page, err := io.ReadAll(answer.Body)
		if err != nil || path == "/umzug" && (answer.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(page), "Das ist zu groß")) {
			t.Errorf("%s: got %d, %v: %.200s", path, answer.StatusCode, err, page)
		}
		_ = answer.Body.Close()
		_ = conn.Close()
	}
}

func TestAFormThatIsNoFormIsRefused(t *testing.T) {
	h := build(t, nil)
	h.post("/umzug", url.Values{}, header("Content-Type", "application/json"), header("Accept", "text/html")).
		sees(t, http.StatusUnprocessableEntity, "Das Formular kam nicht lesbar an.")
	h.post("/umzug", url.Values{"given": {"\xff\xfe"}}).sees(t, http.StatusUnprocessableEntity, "nicht lesbar")
	many := url.Values{}
	for i := range 2001 {
		many.Add("given", fmt.Sprint(i))
	}
	h.post("/umzug", many).sees(t, http.StatusRequestEntityTooLarge)
}

func TestFormsOfOtherSitesAreRefusedExceptAtTheReferral(t *testing.T) {
	h := build(t, nil)
	h.Handle("POST", "/umzug/uebergabe", web.Public, func(c *web.Call) error { return c.JSON(http.StatusOK, "taken") }, web.FromAnySite)
	form := url.Values{"given": {"Jana"}, "day": {"1.3.2030"}}
	for name, how := range map[string]visit{
		"fetch metadata": header("Sec-Fetch-Site", "cross-site"),
		"same site":      header("Sec-Fetch-Site", "same-site"),
		"origin":         header("Origin", "https://evil.example"),
	} {
		refused := h.post("/umzug", form, how)
		if refused.StatusCode != http.StatusForbidden || !strings.Contains(refused.Body, "fremden Seite") {
			t.Errorf("%s: %d %s", name, refused.StatusCode, refused.Body)
		}
		h.post("/umzug/uebergabe", form, how).sees(t, http.StatusOK)
		h.get("/umzug", how).sees(t, http.StatusOK) // a link from elsewhere is fine
	}
	h.post("/umzug", form, header("Sec-Fetch-Site", "same-origin")).sees(t, http.StatusSeeOther)
	var open []string
	for _, r := range h.Routes() {
		if r.FromAnySite {
			open = append(open, r.Method+" "+r.Path)
		}
	}
	if fmt.Sprint(open) != "[POST /umzug/uebergabe]" {
		t.Errorf("open to other sites: %v", open)
	}
}

func TestARouteWithoutAPolicyStopsTheProgram(t *testing.T) {
	h := build(t, nil)
	handler := func(*web.Call) error { return nil }
	var none web.Policy
	for name, register := range map[string]func(){
		"no policy":  func() { h.Handle("GET", "/x", none, handler) },
		"no rule":    func() { h.Handle("GET", "/x", web.Policy{Name: "all"}, handler) },
		"no handler": func() { h.Handle("GET", "/x", web.Public, nil) },
		"twice":      func() { h.Handle("GET", "/umzug", web.Public, handler) },
		"no path":    func() { h.Handle("GET", "umzug", web.Public, handler) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the route was registered", name)
				}
			}()
			register()
		}()
	}
	for _, r := range h.Routes() {
		if r.Policy == "" {
			t.Errorf("%s %s has no policy", r.Method, r.Path)
		}
	}
}

func TestAWrongMethodSaysWhichAreRight(t *testing.T) {
	h := build(t, nil)
	wrong := h.post("/", nil)
	wrong.sees(t, http.StatusMethodNotAllowed, "So geht es nicht")
	if got := wrong.Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: %q", got)
	}
}

func TestNobodyIsLedToAnotherSite(t *testing.T) {
	h := build(t, nil)
	h.Handle("GET", "/weiter", web.Public, func(c *web.Call) error { return c.Redirect(c.Back("/")) })
	h.Handle("GET", "/fort", web.Public, func(c *web.Call) error { return c.Redirect("https://evil.example/") })
	for _, evil := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil", "/\t/evil.example", "evil"} {
		if got := h.get("/weiter?zurueck=" + url.QueryEscape(evil)).Header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", evil, got)
		}
	}
	if got := h.get("/weiter?zurueck=" + url.QueryEscape("/umzug?x=ä%2F")).Header.Get("Location"); got != "/umzug?x=ä%2F" {
		t.Errorf("a path of ours leads to %q", got)
	}
	h.get("/fort").sees(t, http.StatusInternalServerError)
}
