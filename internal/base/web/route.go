package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A Handler answers one call. It reads the input, calls one service method and renders or redirects; it returns errors
// and never writes them.
type Handler func(c *Call) error

// A Policy says who may call a route. Allow returns nil, or a fault of kind Unauthenticated, StepUp, Forbidden or
// NotFound.
type Policy struct {
	Name  string
	Allow func(c *Call) error
}

// Public lets everybody in.
var Public = Policy{Name: "public", Allow: func(*Call) error { return nil }}

// Route is what the rest of the house may know about a registered route.
type Route struct {
	Method, Path string
	Policy       string
	FromAnySite  bool // its POST may come from another origin
}

// RouteOption changes how a route is guarded.
type RouteOption func(*Route)

// FromAnySite lets a form of another origin post to this route. Only a route that trusts nothing but a signed document
// in the body may use it: the referral.
func FromAnySite(r *Route) { r.FromAnySite = true }

type route struct {
	Route
	policy  Policy
	handler Handler
	pattern string
}

// Handle registers a route on a pattern of net/http's mux; "/" and paths that end in a slash mean exactly that path.
// A route without a policy, or registered twice, is a fault in the program: it panics.
func (s *Server) Handle(method, path string, p Policy, h Handler, options ...RouteOption) {
	if p.Name == "" || p.Allow == nil {
		panic(fmt.Sprintf("web: route %s %s declares no policy", method, path))
	}
	if h == nil {
		panic(fmt.Sprintf("web: route %s %s has no handler", method, path))
	}
	if method == "" || !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("web: route %q %q is not a method and a path", method, path))
	}
	pattern := path
	if strings.HasSuffix(path, "/") {
		pattern += "{$}"
	}
	r := &route{Route: Route{Method: method, Path: path, Policy: p.Name}, policy: p, handler: h, pattern: method + " " + pattern}
	for _, option := range options {
		option(&r.Route)
	}
	if r.FromAnySite {
		s.origin.AddInsecureBypassPattern(r.pattern)
	}
	s.mux.Handle(r.pattern, r)
	s.routes = append(s.routes, r)
}

// Routes returns all registered routes by path and method.
func (s *Server) Routes() []Route {
	out := make([]Route, 0, len(s.routes))
	for _, r := range s.routes {
		out = append(out, r.Route)
	}
	slices.SortFunc(out, func(a, b Route) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return out
}

// has reports whether a page exists at this exact path, so that no menu leads nowhere.
func (s *Server) has(path string) bool {
	return slices.ContainsFunc(s.routes, func(r *route) bool { return r.Method == http.MethodGet && r.Path == path })
}
