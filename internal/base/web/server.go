package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/prometheus/client_golang/prometheus"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations creates the session table.
var Migrations = db.Migrations{Module: "web", Files: migrations}

//go:embed locale/*.json
var locale embed.FS

// MaxBody is the most a request may carry, MaxField the most one form field may hold, both in bytes.
const (
	MaxBody  = 1 << 20
	MaxField = 64 << 10
)

// Site is the office on whose behalf a page speaks.
type Site struct {
	Name    string // "Lindenfurt", beside the arms
	Office  string // "Stadt Lindenfurt", in the official strip
	Address string // last line of the footer
}

// Options configure a Server. DB may be nil where nobody signs in, Assets where no stylesheet is needed (tests).
type Options struct {
	DB       *db.DB
	Clock    clock.Clock
	Log      *slog.Logger
	Texts    *i18n.Bundle
	Assets   fs.FS // web/dist: manifest.json and the hashed files
	Layout   fs.FS // web/templates: layout.html and the shared parts
	Site     Site
	Demo     bool                            // shows the band "all persons are invented"
	Secure   bool                            // served by HTTPS: Secure cookies with the __Host- prefix, HSTS
	Dev      bool                            // templates are read again for each page
	Ready    func(ctx context.Context) error // nil error: this process can serve
	Registry *prometheus.Registry            // default: a new one
	Idle     time.Duration                   // a session ends after this much rest; default 30 minutes
	Absolute time.Duration                   // and after this much in any case; default 12 hours
}

// Server answers requests. Register routes and templates first, then Prepare, then serve.
type Server struct {
	Options
	mux      *http.ServeMux
	origin   *http.CrossOriginProtection
	routes   []*route
	pages    pages
	assets   assets
	meters   meters
	sessions sessions
	who      func(c *Call) (Acting, error)
	draining chan struct{}
	drain    sync.Once
	prepared sync.Once
	fault    error
}

// New returns a server with its own few routes: health, readiness, metrics, assets, sign out and light or dark.
func New(o Options) *Server {
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Texts == nil {
		o.Texts = i18n.New()
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Idle == 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Absolute == 0 {
		o.Absolute = 12 * time.Hour
	}
	if o.Site.Name == "" {
		o.Site.Name = "Amtsweg"
	}
	s := &Server{
		Options:  o,
		mux:      http.NewServeMux(),
		origin:   http.NewCrossOriginProtection(),
		meters:   newMeters(o.Registry),
		draining: make(chan struct{}),
	}
	s.pages.modules = map[string]fs.FS{}
	s.sessions = sessions{db: o.DB, idle: o.Idle, absolute: o.Absolute, touched: map[string]time.Time{}}
	s.own()
	return s
}

// Who tells the layout who sits at the screen; it is asked once for each page of a signed-in person.
func (s *Server) Who(f func(c *Call) (Acting, error)) { s.who = f }

// Templates adds the templates/*.html of a module; a page is then called "module/file.html".
func (s *Server) Templates(module string, fsys fs.FS) { s.pages.modules[module] = fsys }

// Prepare parses all templates and checks that the assets are there. A server that is not prepared prepares itself at
// its first request, which then fails in place of the start.
func (s *Server) Prepare() error {
	s.prepared.Do(func() { s.fault = s.prepare() })
	return s.fault
}

func (s *Server) prepare() error {
	if !s.Texts.Has("web.layout.skip") {
		if err := s.Texts.Add("web", locale); err != nil {
			return err
		}
	}
	if err := s.assets.load(s.Assets); err != nil {
		return err
	}
	return s.pages.parse(s)
}

// ServeHTTP answers one request and writes its one line to the log.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	elapsed := clock.Monotonic()
	out := &answer{ResponseWriter: w}
	c := &Call{R: r, W: out, server: s, id: ident.New(), now: s.Clock.Now(), lang: i18n.Languages[0]}
	s.secure(out.Header())
	body := r.Body
	err := s.answer(c)
	if err != nil {
		s.refuse(c, err)
	}
	if err != nil && (r.ContentLength > MaxBody || out.status == http.StatusRequestEntityTooLarge) {
		hearOut(w, body)
	}
	s.meters.observe(c.pattern(), r.Method, out.code(), elapsed())
	s.line(c, out, elapsed(), err)
}

// answer finds the route and calls it; a panic below becomes an error here.
func (s *Server) answer(c *Call) (err error) {
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
				panic(v)
			}
			err = &crash{value: v, stack: stack()}
		}
	}()
	if err := s.Prepare(); err != nil {
		return err
	}
	c.learn()
	handler, pattern := s.mux.Handler(c.R)
	if err := s.origin.Check(c.R); err != nil {
		return fault.Wrap(fault.Forbidden, "web.error.origin", err)
	}
	if pattern == "" {
		return lost(handler, c)
	}
	if _, ours := handler.(*route); !ours { // the mux tidies a path such as //umzug
		handler.ServeHTTP(c.W, c.R)
		return nil
	}
	if c.R.ContentLength > MaxBody {
		return fault.New(fault.TooLarge, "web.error.too_large")
	}
	c.R.Body = http.MaxBytesReader(c.W, c.R.Body, MaxBody)
	c.found = true
	s.mux.ServeHTTP(c.W, c.R.WithContext(context.WithValue(c.R.Context(), callKey{}, c)))
	return c.err
}

type callKey struct{}

// ServeHTTP is how the mux, which knows the path's values, comes back to the call.
func (r *route) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	c, ok := req.Context().Value(callKey{}).(*Call)
	if !ok {
		return
	}
	c.R, c.route = req, r
	c.err = r.run(c)
}

func (r *route) run(c *Call) error {
	if err := c.recall(); err != nil {
		return err
	}
	if err := r.policy.Allow(c); err != nil {
		return err
	}
	return r.handler(c)
}

// lost is a path nobody registered, or registered for another method.
func lost(handler http.Handler, c *Call) error {
	probe := &probe{header: http.Header{}}
	handler.ServeHTTP(probe, c.R)
	if probe.status == http.StatusMethodNotAllowed {
		c.W.Header().Set("Allow", probe.header.Get("Allow"))
		return &wrongMethod{}
	}
	return fault.New(fault.NotFound, "web.error.not_found")
}

type wrongMethod struct{}

func (*wrongMethod) Error() string { return "method not allowed" }

type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }

type crash struct {
	value any
	stack string
}

func (c *crash) Error() string { return fmt.Sprintf("panic: %v", c.value) }

func stack() string {
	buf := make([]byte, 16<<10)
	return string(buf[:runtime.Stack(buf, false)])
}

// line writes the request's only log line: ids and figures, never path values, names or the query.
func (s *Server) line(c *Call, out *answer, took time.Duration, err error) {
	attrs := []slog.Attr{
		slog.String("id", c.id),
		slog.String("method", method(c.R.Method)),
		slog.String("route", c.pattern()),
		slog.Int("status", out.code()),
		slog.Duration("took", took),
	}
	if c.session.Actor != "" {
		attrs = append(attrs, slog.String("actor", c.session.Actor))
	}
	level := slog.LevelInfo
	if err != nil {
		attrs = append(attrs, slog.String("kind", fault.KindOf(err).String()), slog.String("code", fault.CodeOf(err)))
		if out.code() >= 500 {
			level = slog.LevelError
			attrs = append(attrs, slog.String("err", err.Error()))
		}
	}
	var fallen *crash
	if errors.As(err, &fallen) {
		attrs = append(attrs, slog.String("stack", fallen.stack))
	}
	s.Log.LogAttrs(c.R.Context(), level, "request", attrs...)
}

// method keeps an invented method out of the log and the figures.
func method(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return m
	}
	return "other"
}

// answer remembers what was sent.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

func (c *Call) pattern() string {
	if c.route == nil {
		return "-"
	}
	return strings.TrimSuffix(c.route.pattern, "{$}")
}
