package web

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// statuses are the answers to the kinds of faults.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.NotFound:        http.StatusNotFound,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.StepUp:          http.StatusForbidden,
	fault.Conflict:        http.StatusConflict,
	fault.Gone:            http.StatusGone,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Full:            http.StatusInsufficientStorage,
	fault.Busy:            http.StatusServiceUnavailable,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Unknown:         http.StatusServiceUnavailable,
}

// retryAfter is how many seconds a program should wait. Unknown has none: what may have happened must not be repeated
// blindly.
var retryAfter = map[fault.Kind]int{fault.Busy: 5, fault.Unavailable: 30}

// StatusOf returns the HTTP status of an error.
func StatusOf(err error) int {
	var method *wrongMethod
	if errors.As(err, &method) {
		return http.StatusMethodNotAllowed
	}
	return statuses[fault.KindOf(err)]
}

// problem is a problem document (RFC 9457). Code is a word of ours, Request finds the line in the log.
type problem struct {
	Type    string         `json:"type"`
	Title   string         `json:"title"`
	Status  int            `json:"status"`
	Detail  string         `json:"detail,omitempty"`
	Code    string         `json:"code,omitempty"`
	Request string         `json:"request"`
	Errors  []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// refuse answers with an error: to a browser as a page that says what to do next, to a program as a problem document.
func (s *Server) refuse(c *Call, err error) {
	if out, ok := c.W.(*answer); ok && out.status != 0 {
		return // half an answer is out; the log has the rest
	}
	kind, status := fault.KindOf(err), StatusOf(err)
	h := c.W.Header()
	for _, name := range []string{"Content-Length", "Content-Disposition", "Content-Language", "ETag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if wait := retryAfter[kind]; wait > 0 {
		h.Set("Retry-After", strconv.Itoa(wait))
	}
	if status == http.StatusRequestEntityTooLarge {
		h.Set("Connection", "close") // nobody reads the rest
	}
	if wantsJSON(c.R) {
		s.sendProblem(c, err, status)
		return
	}
	if c.found && (kind == fault.Unauthenticated || kind == fault.StepUp) && s.has(Login) {
		level := None
		if kind == fault.StepUp {
			level = High
		}
		_ = c.Redirect(c.loginPath(level)) // our own path: it is local
		return
	}
	s.sendErrorPage(c, err, status)
}

func (s *Server) sendProblem(c *Call, err error, status int) {
	p := problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: c.explain(err), Request: c.id}
	switch fault.KindOf(err) {
	case fault.Internal, fault.NotFound: // no difference between missing and somebody else's
	default:
		p.Code = fault.CodeOf(err)
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Field != "" {
		p.Errors = []problemField{{f.Field, c.Say(err)}}
	}
	b, fail := json.Marshal(p)
	if fail != nil {
		b = []byte(`{"type":"about:blank","status":500}`)
	}
	c.W.Header().Set("Content-Language", c.lang)
	_ = c.send(status, "application/problem+json", append(b, '\n')) // send reports nothing
}

//locale:prefix web.error.

// explain is the sentence a person reads. What is missing and what is somebody else's read the same, and our own
// faults say only that they are ours.
func (c *Call) explain(err error) string {
	var method *wrongMethod
	switch kind := fault.KindOf(err); {
	case errors.As(err, &method):
		return c.T("web.error.method")
	case kind == fault.NotFound, kind == fault.Internal:
		return c.T("web.error." + kind.String())
	default:
		return c.Say(err)
	}
}

type errorPage struct {
	Page
	Heading, Text, Next string
	Again               string // path to try again, empty when that makes no sense
	Number              bool   // show the request's number
}

func (s *Server) sendErrorPage(c *Call, err error, status int) {
	name := fault.KindOf(err).String()
	var method *wrongMethod
	if errors.As(err, &method) {
		name = "method"
	}
	p := errorPage{
		Page:    Page{Title: c.T("web.error." + name + ".title")},
		Heading: c.T("web.error." + name + ".title"),
		Text:    c.explain(err),
		Next:    c.T("web.error." + name + ".next"),
		Number:  status >= 500,
	}
	if status >= 500 && c.R.Method == http.MethodGet && local(c.R.URL.RequestURI()) {
		p.Again = c.R.URL.RequestURI()
	}
	if s.pages.sets != nil {
		fail := c.renderError(status, p)
		if fail == nil {
			return
		}
		s.Log.ErrorContext(c.Context(), "error page", "id", c.id, "err", fail)
	}
	plain := "<!doctype html><html lang=\"" + c.lang + "\"><meta charset=\"utf-8\"><title>" + template.HTMLEscapeString(p.Title) +
		"</title><h1>" + template.HTMLEscapeString(p.Heading) + "</h1><p>" + template.HTMLEscapeString(p.Text) + "</p><p>" + c.id + "</p></html>"
	_ = c.send(status, "text/html; charset=utf-8", []byte(plain)) // send reports nothing
}

// renderError renders the layout's own page "error.html". It must not ask the database: it may be the one that failed.
func (c *Call) renderError(status int, p errorPage) error {
	set := c.server.pages.sets[c.lang][errorTemplate]
	if set == nil {
		return errors.New("web: the layout has no error page")
	}
	c.failing = true
	data, err := c.framed(p)
	if err != nil {
		return err
	}
	return c.execute(status, set, errorTemplate, data)
}

// wantsJSON reports whether the answer goes to a program.
func wantsJSON(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return true
	}
	html, doc := 0.0, 0.0
	for _, accept := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(accept, ",") {
			kind, params, _ := strings.Cut(strings.TrimSpace(part), ";")
			q := quality(params)
			switch strings.ToLower(strings.TrimSpace(kind)) {
			case "text/html", "application/xhtml+xml":
				html = max(html, q)
			case "application/json", "application/problem+json":
				doc = max(doc, q)
			}
		}
	}
	if html == 0 && doc == 0 {
		return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
	}
	return doc > html
}

func quality(params string) float64 {
	for part := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
