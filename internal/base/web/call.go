package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// A Call is one request and the answer to it. It belongs to one goroutine.
type Call struct {
	R *http.Request
	W http.ResponseWriter

	server  *Server
	id      string
	now     time.Time
	lang    string
	route   *route
	found   bool
	failing bool // an error page: it must not ask anybody
	session Session
	form    *Form
	err     error
}

// Context returns the request's context.
func (c *Call) Context() context.Context { return c.R.Context() }

// ID returns the request's number, as it stands in the log and on an error page.
func (c *Call) ID() string { return c.id }

// Now returns the moment the request came in.
func (c *Call) Now() time.Time { return c.now }

// Today returns the day the request came in.
func (c *Call) Today() clock.Date { return clock.DateOf(c.now) }

// Lang returns "de" or "en".
func (c *Call) Lang() string { return c.lang }

// T returns a text in the person's language; kv are names and values of its variables, in pairs.
func (c *Call) T(key string, kv ...any) string {
	return c.server.Texts.Text(c.lang, key, pairs(kv))
}

func pairs(kv []any) map[string]any {
	if len(kv) == 0 {
		return nil
	}
	vars := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		if name, ok := kv[i].(string); ok {
			vars[name] = kv[i+1]
		}
	}
	return vars
}

// Say returns the text for an error that a person may read, in their language.
func (c *Call) Say(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal && c.server.Texts.Has(f.Code) {
		return c.server.Texts.Text(c.lang, f.Code, f.Vars)
	}
	return c.T("web.error." + fault.KindOf(err).String())
}

// Param returns a value of the path, such as {case} in /vorgaenge/{case}.
func (c *Call) Param(name string) string { return c.R.PathValue(name) }

// Query returns a value behind the question mark, cleaned like a form field.
func (c *Call) Query(name string) string { return line(c.R.URL.Query().Get(name)) }

// JSON answers with a document.
func (c *Call) JSON(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.send(status, "application/json", append(b, '\n'))
}

// Decode reads the body as one JSON document of at most MaxBody bytes. What is no JSON, has unknown fields or goes on
// after its end is Invalid.
func (c *Call) Decode(v any) error {
	d := json.NewDecoder(c.R.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return fault.New(fault.Invalid, "web.error.json")
		}
		return nil
	}
	return unreadable(err, "web.error.json")
}

// Body reads the body as it came, at most MaxBody bytes.
func (c *Call) Body() ([]byte, error) {
	b, err := io.ReadAll(c.R.Body)
	if err != nil {
		return nil, unreadable(err, "web.error.body")
	}
	return b, nil
}

func unreadable(err error, code string) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.Wrap(fault.TooLarge, "web.error.too_large", err)
	}
	return fault.Wrap(fault.Invalid, code, err)
}

// Bytes answers with a document of another type; it opens in the browser.
func (c *Call) Bytes(contentType string, b []byte) error {
	return c.send(http.StatusOK, contentType, b)
}

// Download answers with a document to be saved under a name of plain letters.
func (c *Call) Download(contentType, name string, b []byte) error {
	c.W.Header().Set("Content-Disposition", `attachment; filename="`+fileName(name)+`"`)
	return c.send(http.StatusOK, contentType, b)
}

func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, s)
}

func (c *Call) send(status int, contentType string, b []byte) error {
	c.W.Header().Set("Content-Type", contentType)
	c.W.WriteHeader(status)
	if _, err := c.W.Write(b); err != nil {
		c.server.Log.DebugContext(c.Context(), "answer not taken", "id", c.id, "err", err)
	}
	return nil
}

// Redirect sends the browser to another page of this site with a GET (303).
func (c *Call) Redirect(path string) error {
	if !local(path) {
		return errors.New("web: a redirect must stay on this site")
	}
	c.W.Header().Set("Location", path)
	c.W.WriteHeader(http.StatusSeeOther)
	return nil
}

// local reports whether a path stays on this site: no other host hides in it.
func local(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return false
	}
	u, err := url.Parse(path)
	return err == nil && u.Host == "" && u.Scheme == "" && u.Opaque == ""
}

// Back returns where a person wanted to go before they were sent to log in: the query or form value "zurueck" if it
// is a path of this site, otherwise the given path.
func (c *Call) Back(otherwise string) string {
	back := c.R.URL.Query().Get("zurueck")
	if c.form != nil && back == "" {
		back = c.form.values.Get("zurueck")
	}
	if local(back) {
		return back
	}
	return otherwise
}

// Login is the page to which a person without a session is sent. With ?stufe=substantial or high it asks for that
// level; after it, the person goes on at ?zurueck=.
const Login = "/anmelden"

// loginPath says where to log in and how to come back. After a POST the way back is the page the form stood on.
func (c *Call) loginPath(level Level) string {
	q := url.Values{}
	if level > None {
		q.Set("stufe", level.String())
	}
	q.Set("zurueck", c.R.URL.RequestURI())
	return Login + "?" + q.Encode()
}

// Flash shows a text on the next page this browser opens; only its key travels, in a cookie.
func (c *Call) Flash(key string) { c.server.setCookie(c.W, flashCookie, key, time.Minute) }

// Remember keeps a short secret in the browser, such as the number of a running log-in; nobody but this server reads
// it. Forget ends it, Recall reads it.
func (c *Call) Remember(name, value string, d time.Duration) {
	c.server.setCookie(c.W, "aw_m_"+name, value, d)
}

// Recall returns what Remember kept, or nothing.
func (c *Call) Recall(name string) string { return c.server.cookie(c.R, "aw_m_"+name) }

// Forget ends what Remember kept.
func (c *Call) Forget(name string) { c.server.dropCookie(c.W, "aw_m_"+name) }

// Session returns the person's session; its Actor is empty when there is none.
func (c *Call) Session() Session { return c.session }

// learn finds out the language before anything can fail in it.
func (c *Call) learn() {
	c.lang = i18n.Languages[0]
	if wish := c.R.URL.Query().Get("sprache"); known(wish) {
		c.lang = wish
		c.server.setCookie(c.W, langCookie, wish, year)
		return
	}
	if wish := c.server.cookie(c.R, langCookie); known(wish) {
		c.lang = wish
		return
	}
	c.lang = accepted(c.R.Header.Get("Accept-Language"))
}
