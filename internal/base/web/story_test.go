package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

// A house is a server with a few routes of a module called move, and what its log wrote.
type house struct {
	*web.Server
	t     testing.TB
	clock *clock.Fixed
	log   *bytes.Buffer
}

var moveTexts = fstest.MapFS{
	"locale/de.json": {Data: []byte(`{"move.start.title": "Wohin ziehen Sie?", "move.start.given": "Vorname", "move.error.given": "Bitte geben Sie Ihren Vornamen an.", "move.error.day": "Den Tag {{.Day}} gibt es nicht.", "move.error.secret": "Fall gehört Frau Geheim", "move.done": "Gespeichert: Umzug"}`)},
	"locale/en.json": {Data: []byte(`{"move.start.title": "Where are you moving?", "move.start.given": "Given name", "move.error.given": "Please enter your given name.", "move.error.day": "There is no day {{.Day}}.", "move.error.secret": "Case belongs to Ms Secret", "move.done": "Saved: move"}`)},
}

var movePages = fstest.MapFS{
	"templates/_greeting.html": {Data: []byte(`{{define "greeting"}}<p>{{t "move.start.given"}}: {{.Given}}</p>{{end}}`)},
	"templates/start.html": {Data: []byte(`{{template "errors" .}}<h1>{{t "move.start.title"}}</h1>{{template "greeting" .}}
<form method="post">{{template "fields" .Fields}}</form>`)},
	"templates/broken.html": {Data: []byte(`<h1>half a page</h1>{{.Missing}}`)},
}

type startPage struct {
	web.Page
	Given  string
	Fields []web.Field
}

var signedIn = web.Policy{Name: "signed in", Allow: func(c *web.Call) error {
	if c.Session().Actor == "" {
		return fault.New(fault.Unauthenticated, "")
	}
	return nil
}}

var highLevel = web.Policy{Name: "high", Allow: func(c *web.Call) error {
	if c.Session().Actor == "" {
		return fault.New(fault.Unauthenticated, "")
	}
	if c.Session().Level < web.High {
		return fault.New(fault.StepUp, "")
	}
	return nil
}}

func build(t testing.TB, change func(*web.Options)) *house {
	t.Helper()
	h := &house{t: t, clock: clock.At("2030-03-04 09:00"), log: new(bytes.Buffer)}
	texts := i18n.New()
	if err := texts.Add("move", moveTexts); err != nil {
		t.Fatal(err)
	}
	o := web.Options{
		Clock: h.clock, Log: slog.New(slog.NewJSONHandler(h.log, nil)), Texts: texts,
		Layout: os.DirFS("../../../web/templates"), Site: web.Site{Name: "Lindenfurt", Office: "Stadt Lindenfurt"},
	}
	if change != nil {
		change(&o)
	}
	h.Server = web.New(o)
	h.Templates("move", movePages)
	h.Handle("GET", "/", web.Public, show)
	h.Handle("GET", "/umzug", web.Public, show)
	h.Handle("POST", "/umzug", web.Public, take)
	h.Handle("GET", "/anmelden", web.Public, func(c *web.Call) error { return c.JSON(http.StatusOK, "login") })
	h.Handle("POST", "/anmelden", web.Public, func(c *web.Call) error {
		f, err := c.Form()
		if err != nil {
			return err
		}
		if err := c.SignIn(f.Text("actor"), web.ParseLevel(f.Text("level"))); err != nil {
			return err
		}
		return c.Redirect(c.Back("/"))
	})
	h.Handle("GET", "/postfach", signedIn, show)
	h.Handle("GET", "/freigaben", highLevel, show)
	return h
}

// withDB gives the house a database of the story.
func withDB(d *db.DB, c *clock.Fixed) func(*web.Options) {
	return func(o *web.Options) { o.DB, o.Clock = d, c }
}

func show(c *web.Call) error {
	return c.Render(http.StatusOK, "move/start.html", startPage{
		Page: web.Page{Title: c.T("move.start.title"), Nav: "/"}, Given: "<Jana>",
		Fields: []web.Field{{Kind: web.TextField, Name: "given", Label: c.T("move.start.given")}},
	})
}

func take(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if f.Text("given") == "" {
		f.Fail("given", "move.error.given")
	}
	if _, ok := f.Date("day"); !ok {
		f.Take(fault.Field("day", "move.error.day", "Day", f.Text("day")))
	}
	if f.Failed() {
		return c.Render(http.StatusUnprocessableEntity, "move/start.html", startPage{
			Page:   web.Page{Title: c.T("move.start.title"), Form: f},
			Fields: f.Fill(web.Field{Kind: web.TextField, Name: "given", Label: "Vorname"}, web.Field{Kind: web.DateField, Name: "day", Label: "Tag"}),
		})
	}
	c.Flash("move.done")
	return c.Redirect("/umzug")
}

type reply struct {
	*http.Response
	Body string
}

type visit func(*http.Request)

func header(name, value string) visit { return func(r *http.Request) { r.Header.Set(name, value) } }

func cookies(list []*http.Cookie) visit {
	return func(r *http.Request) {
		for _, c := range list {
			if c.MaxAge >= 0 {
				r.AddCookie(c)
			}
		}
	}
}

func (h *house) do(r *http.Request, how ...visit) reply {
	h.t.Helper()
	for _, f := range how {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{res, strings.ReplaceAll(string(body), "\u00a0", " ")}
}

func (h *house) get(path string, how ...visit) reply {
	h.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	return h.do(r, how...)
}

func (h *house) post(path string, form url.Values, how ...visit) reply {
	h.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	return h.do(r, how...)
}

func (r reply) sees(t *testing.T, status int, words ...string) {
	t.Helper()
	if r.StatusCode != status {
		t.Errorf("status %d, want %d\n%s", r.StatusCode, status, r.Body)
	}
	for _, w := range words {
		if !strings.Contains(r.Body, w) {
			t.Errorf("does not show %q:\n%s", w, r.Body)
		}
	}
}

func (r reply) never(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(r.Body, w) {
			t.Errorf("shows %q, which it must not:\n%s", w, r.Body)
		}
	}
}

// lines are the log's lines, as JSON.
func (h *house) lines() []map[string]any {
	h.t.Helper()
	var out []map[string]any
	d := json.NewDecoder(bytes.NewReader(h.log.Bytes()))
	for d.More() {
		var line map[string]any
		if err := d.Decode(&line); err != nil {
			h.t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}

const minute = time.Minute
