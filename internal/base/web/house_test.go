package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/prometheus/client_golang/prometheus"
)

func TestTheLogHasOneLineWithIdsOnly(t *testing.T) {
	h := build(t, nil)
	h.Handle("GET", "/vorgaenge/{case}", web.Public, func(c *web.Call) error { return c.JSON(http.StatusOK, 1) })
	h.get("/vorgaenge/wittkamp?name=Jana", header("User-Agent", "secret-agent"))
	h.get("/gibt-es-nicht/wittkamp")
	lines := h.lines()
	if len(lines) != 2 {
		t.Fatalf("%d lines for two requests:\n%s", len(lines), h.log)
	}
	if lines[0]["route"] != "GET /vorgaenge/{case}" || lines[0]["status"] != 200.0 || lines[1]["route"] != "-" || lines[1]["kind"] != "not_found" {
		t.Errorf("got\n%s", h.log)
	}
	for _, word := range []string{"wittkamp", "Jana", "secret-agent", "192.0.2.1"} {
		if strings.Contains(h.log.String(), word) {
			t.Errorf("the log tells %q", word)
		}
	}
}

func TestFiguresKnowRoutesButNoPaths(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := build(t, func(o *web.Options) { o.Registry = registry })
	h.get("/umzug?name=Jana")
	h.get("/gibt-es-nicht/wittkamp")
	local := func(r *http.Request) { r.RemoteAddr = "127.0.0.1:4711" }
	figures := h.get("/metrics", local)
	figures.sees(t, http.StatusOK, `amtsweg_http_requests_total{method="GET",route="/umzug",status="200"} 1`,
		`amtsweg_http_requests_total{method="GET",route="-",status="404"} 1`, `amtsweg_http_request_seconds_count{method="GET",route="/umzug"} 1`)
	figures.never(t, "wittkamp", "Jana")
	h.get("/metrics").sees(t, http.StatusNotFound)
	h.get("/metrics", local, header("X-Forwarded-For", "203.0.113.9")).sees(t, http.StatusNotFound)
}

func TestHealthAndReadiness(t *testing.T) {
	var sick error
	h := build(t, func(o *web.Options) { o.Ready = func(context.Context) error { return sick } })
	h.get("/healthz").sees(t, http.StatusOK, "ok")
	h.get("/readyz").sees(t, http.StatusOK, "ready")
	sick = errors.New("database at 10.0.0.5 is gone")
	h.get("/healthz").sees(t, http.StatusOK)
	ill := h.get("/readyz")
	ill.sees(t, http.StatusServiceUnavailable)
	ill.never(t, "10.0.0.5")
}

func TestAssetsAreKeptForEverAndOnlyThoseOfTheBundleExist(t *testing.T) {
	dist := fstest.MapFS{
		"manifest.json":        {Data: []byte(`{"amtsweg.css":"amtsweg-AB12.css"}`)},
		"amtsweg-AB12.css":     {Data: []byte("body{}")},
		"amtsweg-AB12.css.gz":  {Data: []byte("packed")},
		"private.txt":          {Data: []byte("private")},
		"FiraSans-X.woff2.txt": {Data: []byte("x")},
	}
	h := build(t, func(o *web.Options) { o.Assets = dist })
	h.get("/").sees(t, http.StatusOK, `href="/assets/amtsweg-AB12.css"`)
	css := h.get("/assets/amtsweg-AB12.css")
	css.sees(t, http.StatusOK, "body{}")
	if got := css.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("Cache-Control %q", got)
	}
	if got := css.Header.Get("Content-Type"); got != "text/css; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	packed := h.get("/assets/amtsweg-AB12.css", header("Accept-Encoding", "br, gzip"))
	packed.sees(t, http.StatusOK, "packed")
	if got := packed.Header.Get("Content-Encoding"); got != "gzip" {
		t.Errorf("Content-Encoding %q", got)
	}
	for _, path := range []string{"/assets/private.txt", "/assets/manifest.json", "/assets/amtsweg.css", "/assets/..%2fgo.mod", "/assets/"} {
		h.get(path).sees(t, http.StatusNotFound)
	}
}

func TestWithoutTheBundleTheServerSaysHowToGetIt(t *testing.T) {
	for name, dist := range map[string]fstest.MapFS{
		"nothing built": {"README": {Data: []byte("built files")}},
		"half built":    {"manifest.json": {Data: []byte(`{"amtsweg.css":"amtsweg-AB12.css"}`)}},
	} {
		h := build(t, func(o *web.Options) { o.Assets = dist })
		err := h.Prepare()
		if err == nil || !strings.Contains(err.Error(), `run "make build"`) {
			t.Errorf("%s: %v", name, err)
		}
		h.get("/").sees(t, http.StatusInternalServerError)
	}
}

func TestAFaultyTemplateStopsTheStart(t *testing.T) {
	h := build(t, nil)
	h.Templates("bad", fstest.MapFS{"templates/x.html": {Data: []byte(`{{if}}`)}})
	if err := h.Prepare(); err == nil || !strings.Contains(err.Error(), "templates of bad") {
		t.Errorf("got %v", err)
	}
}

func TestATextThatDoesNotExistIsAnErrorAndNotAGap(t *testing.T) {
	h := build(t, nil)
	h.Templates("gap", fstest.MapFS{"templates/x.html": {Data: []byte(`<h1>{{t "move.nothing.here"}}</h1>`)}})
	h.Handle("GET", "/gap", web.Public, func(c *web.Call) error { return c.Render(http.StatusOK, "gap/x.html", struct{ web.Page }{}) })
	h.get("/gap").sees(t, http.StatusInternalServerError, "Das hat nicht geklappt")
}

func TestProgramsGetProblemsAndPeoplePages(t *testing.T) {
	h := build(t, nil)
	for accept, want := range map[string]string{
		"text/html,application/xhtml+xml,*/*;q=0.8": "text/html; charset=utf-8",
		"application/json":                          "application/problem+json",
		"application/problem+json":                  "application/problem+json",
		"text/html;q=0.2, application/json;q=0.9":   "application/problem+json",
		"text/html, application/json":               "text/html; charset=utf-8",
		"*/*":                                       "text/html; charset=utf-8",
		"":                                          "text/html; charset=utf-8",
		"application/json;q=x":                      "text/html; charset=utf-8",
	} {
		if got := h.get("/nirgendwo", header("Accept", accept)).Header.Get("Content-Type"); got != want {
			t.Errorf("Accept %q: %s, want %s", accept, got, want)
		}
	}
	doc := h.get("/api/v1/nirgendwo")
	var p map[string]any
	if err := json.Unmarshal([]byte(doc.Body), &p); err != nil {
		t.Fatal(err)
	}
	if p["type"] != "about:blank" || p["status"] != 404.0 || p["title"] != "Not Found" || len(fmt.Sprint(p["request"])) != 26 {
		t.Errorf("problem %v", p)
	}
	h.get("/postfach", header("Accept", "application/json")).sees(t, http.StatusUnauthorized, `"status":401`)
}

func TestGoingDownFinishesWhatIsRunning(t *testing.T) {
	h := build(t, nil)
	began, goOn := make(chan struct{}), make(chan struct{})
	h.Handle("GET", "/lange", web.Public, func(c *web.Call) error {
		close(began)
		<-goOn
		if err := c.Context().Err(); err != nil {
			return err // the end of the process must not end the request
		}
		return c.JSON(http.StatusOK, "ready")
	})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, l) }()
	answered := make(chan string, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/lange", nil)
		if err != nil {
			answered <- err.Error()
			return
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer res.Body.Close() //nolint:errcheck // read only
		b, _ := io.ReadAll(res.Body)
		answered <- string(b)
	}()
	<-began
	stop()
	for h.get("/readyz").StatusCode == http.StatusOK { // the balancer is told while the request still runs
		select {
		case err := <-ended:
			t.Fatalf("went down before the request was done: %v", err)
		default:
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("went down before the request was done: %v", err)
	default:
	}
	close(goOn)
	if got := <-answered; got != "\"ready\"\n" {
		t.Errorf("the running request got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("the end was not orderly: %v", err)
	}
}
