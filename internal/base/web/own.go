package web

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	signOutPath   = "/abmelden"
	themePath     = "/darstellung"
	helpPath      = "/hilfe"
	errorTemplate = "web/error.html"
)

// machine lets in only programs on this machine that no proxy stands in front of: a proxy names whom it speaks for.
var machine = Policy{Name: "machine", Allow: func(c *Call) error {
	host, _, err := net.SplitHostPort(c.R.RemoteAddr)
	if err != nil || !net.ParseIP(host).IsLoopback() ||
		c.R.Header.Get("X-Forwarded-For") != "" || c.R.Header.Get("Forwarded") != "" {
		return fault.New(fault.NotFound, "web.error.not_found")
	}
	return nil
}}

// own registers the server's own routes.
func (s *Server) own() {
	s.Handle("GET", "/healthz", Public, func(c *Call) error { return c.Bytes("text/plain; charset=utf-8", []byte("ok\n")) })
	s.Handle("GET", "/readyz", Public, s.ready)
	metrics := promhttp.HandlerFor(s.Registry, promhttp.HandlerOpts{})
	s.Handle("GET", "/metrics", machine, func(c *Call) error { metrics.ServeHTTP(c.W, c.R); return nil })
	s.Handle("GET", assetsPath+"{name}", Public, func(c *Call) error { return s.assets.serve(c) })
	s.Handle("POST", signOutPath, Public, func(c *Call) error {
		if err := c.SignOut(); err != nil {
			return err
		}
		c.Flash("web.signout.done")
		return c.Redirect("/")
	})
	if s.Layout != nil {
		s.pages.modules["web"] = layoutPages{s.Layout}
		s.Handle("GET", themePath, Public, showTheme)
		s.Handle("POST", themePath, Public, saveTheme)
		s.Handle("GET", helpPath, Public, func(c *Call) error {
			return c.Render(http.StatusOK, "web/help.html", struct{ Page }{Page{Title: c.T("web.help.title")}})
		})
	}
}

// ready tells a balancer whether to send people here: not while the process is going down.
func (s *Server) ready(c *Call) error {
	select {
	case <-s.draining:
		return fault.New(fault.Unavailable, "web.error.draining")
	default:
	}
	if s.Ready != nil {
		if err := s.Ready(c.Context()); err != nil {
			return fault.Wrap(fault.Unavailable, "web.error.unavailable", err)
		}
	}
	return c.Bytes("text/plain; charset=utf-8", []byte("ready\n"))
}

type themePage struct {
	Page
	Field Field
	Back  string
}

func showTheme(c *Call) error {
	now := c.theme()
	choice := func(value, key string) Choice { return Choice{Value: value, Label: c.T(key), Picked: now == value} }
	return c.Render(http.StatusOK, "web/theme.html", themePage{
		Page: Page{Title: c.T("web.theme.title")},
		Field: Field{Kind: ChoiceField, Name: "farbe", Label: c.T("web.theme.label"), Choices: []Choice{
			choice("", "web.theme.system"), choice("light", "web.theme.light"), choice("dark", "web.theme.dark"),
		}},
		Back: c.Back("/"),
	})
}

func saveTheme(c *Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	switch wish := f.Text("farbe"); wish {
	case "light", "dark":
		c.server.setCookie(c.W, themeCookie, wish, year)
	default:
		c.server.dropCookie(c.W, themeCookie)
	}
	c.Flash("web.theme.saved")
	return c.Redirect(c.Back("/"))
}

// year is how long a choice about the looks is kept in the browser.
const year = 365 * 24 * time.Hour

func cut(pattern string) (verb, path string, found bool) { return strings.Cut(pattern, " ") }
