package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// dialing makes the connections that all browsers of a story share. Names under localhost lead to the story's own server.
func dialing(listening net.Addr) *http.Transport {
	d := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true,
		ExpectContinueTimeout: 5 * time.Second,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host, _, err := net.SplitHostPort(addr); err == nil && (host == "localhost" || strings.HasSuffix(host, ".localhost")) {
				addr = listening.String()
			}
			return d.DialContext(ctx, network, addr)
		},
	}
}

// browser is a browser without scripts: it keeps cookies, follows redirects and links, and sends the forms it finds on
// pages. It loads no pictures and no styles.
type browser struct {
	http  *http.Client
	base  *url.URL
	twice doubling
	moved func(path string) // is called with every path a redirect leads to
	typed int               // text inputs that a person filled in, counted from the requests sent
	said  []Refusal         // pages that said no, in order
}

// doubling says whether every button is pressed twice.
type doubling int

const (
	once doubling = iota
	again
	atOnce
)

// Refusal is a page that said no: where, with which status, and at which fields.
type Refusal struct {
	At     string   `json:"at"`
	Status int      `json:"status"`
	Fields []string `json:"fields,omitempty"`
}

func newBrowser(base *url.URL, line http.RoundTripper) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("cookies: %w", err)
	}
	return &browser{base: base, http: &http.Client{
		Transport: line, Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// page is what came back. doc is nil for what is no HTML.
type page struct {
	at     *url.URL
	status int
	doc    *goquery.Document
}

const mostPage = 8 << 20 // bytes of a page

// open follows a link or types an address.
func (b *browser) open(ctx context.Context, ref string) (*page, error) {
	at, err := b.base.Parse(ref)
	if err != nil {
		return nil, fmt.Errorf("link %q: %w", ref, err)
	}
	return b.follow(ctx, request{method: http.MethodGet, to: at})
}

// request is what a browser sends.
type request struct {
	method string
	to     *url.URL
	from   *url.URL // the page it is sent from; nil for a typed address
	kind   string
	body   []byte
	asks   bool // before it sends the body
}

// follow sends a request and goes where the answers lead, as far as ten redirects.
func (b *browser) follow(ctx context.Context, r request) (*page, error) {
	for range 10 {
		resp, err := b.send(ctx, r)
		if err != nil {
			return nil, err
		}
		next := resp.Header.Get("Location")
		if resp.StatusCode < 300 || resp.StatusCode > 399 || next == "" {
			return b.read(resp, r.to)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return nil, fmt.Errorf("answer of %s: %w", r.to.Path, err)
		}
		if err := resp.Body.Close(); err != nil {
			return nil, fmt.Errorf("answer of %s: %w", r.to.Path, err)
		}
		at, err := r.to.Parse(next)
		if err != nil {
			return nil, fmt.Errorf("redirect from %s: %w", r.to.Path, err)
		}
		if b.moved != nil {
			b.moved(at.Path)
		}
		r = request{method: http.MethodGet, to: at, from: r.from}
	}
	return nil, fmt.Errorf("%s leads round in circles", r.to.Path)
}

func (b *browser) send(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.to.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("request for %s: %w", r.to.Path, err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "de")
	req.Header.Set("User-Agent", "amtsweg-story")
	req.Header.Set("Sec-Fetch-Site", site(r))
	if r.asks {
		req.Header.Set("Expect", "100-continue")
	}
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", r.kind)
		if r.from != nil {
			req.Header.Set("Origin", r.from.Scheme+"://"+r.from.Host)
		}
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.method, r.to.Path, err)
	}
	return resp, nil
}

// site is what browsers say about where a request comes from.
func site(r request) string {
	switch {
	case r.from == nil:
		return "none"
	case r.from.Scheme == r.to.Scheme && r.from.Host == r.to.Host:
		return "same-origin"
	}
	return "cross-site"
}

func (b *browser) read(resp *http.Response, at *url.URL) (*page, error) {
	defer resp.Body.Close() //nolint:errcheck // it was read to its end
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostPage))
	if err != nil {
		return nil, fmt.Errorf("answer of %s: %w", at.Path, err)
	}
	p := &page{at: at, status: resp.StatusCode}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		if p.doc, err = goquery.NewDocumentFromReader(bytes.NewReader(body)); err != nil {
			return nil, fmt.Errorf("page of %s: %w", at.Path, err)
		}
	}
	if p.status >= 400 {
		b.said = append(b.said, Refusal{At: plainPath(at.Path), Status: p.status, Fields: p.complaints()})
	}
	return p, nil
}

// plainPath replaces the random ids of a path, so that the same answer reads the same.
func plainPath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if ident.Valid(part) {
			parts[i] = "{case}"
		}
	}
	return strings.Join(parts, "/")
}

// complaints are the fields that the error summary of a page points to.
func (p *page) complaints() (fields []string) {
	if p.doc == nil {
		return nil
	}
	p.doc.Find(`[role=alert] a[href^="#"]`).Each(func(_ int, s *goquery.Selection) {
		if name := strings.TrimPrefix(s.AttrOr("href", ""), "#"); name != "" && !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	})
	return fields
}

// link returns where the first link that begins with a prefix leads to, or nothing.
func (p *page) link(prefix string) string {
	if p.doc == nil {
		return ""
	}
	return p.doc.Find(`main a[href^="`+prefix+`"], a[href^="`+prefix+`"]`).First().AttrOr("href", "")
}

// form is a form of a page, as somebody fills it in.
type form struct {
	page   *page
	sel    *goquery.Selection
	values url.Values // what will be sent
	before url.Values // what the page had filled in
	texts  []string   // names of inputs one types into
}

// formWith returns the first form of a page that has a control of this name; nil if there is none.
func (p *page) formWith(name string) *form {
	if p.doc == nil {
		return nil
	}
	var found *form
	p.doc.Find("form").EachWithBreak(func(_ int, s *goquery.Selection) bool {
		if f := newForm(p, s); f.has(name) {
			found = f
		}
		return found == nil
	})
	return found
}

// formTo returns the first form of a page that posts to a path; nil if there is none.
func (p *page) formTo(path string) *form {
	if p.doc == nil {
		return nil
	}
	var found *form
	p.doc.Find("form").EachWithBreak(func(_ int, s *goquery.Selection) bool {
		f := newForm(p, s)
		if to, err := f.action(); err == nil && to.Path == path && strings.EqualFold(s.AttrOr("method", "get"), "post") {
			found = f
		}
		return found == nil
	})
	return found
}

func newForm(p *page, s *goquery.Selection) *form {
	f := &form{page: p, sel: s, values: url.Values{}, before: url.Values{}}
	s.Find("input[name], textarea[name], select[name]").Each(func(_ int, c *goquery.Selection) { f.control(c) })
	for name, list := range f.values {
		f.before[name] = slices.Clone(list)
	}
	return f
}

// control takes over what the page has filled in.
func (f *form) control(c *goquery.Selection) {
	name := c.AttrOr("name", "")
	switch kind := strings.ToLower(c.AttrOr("type", "text")); {
	case goquery.NodeName(c) == "textarea":
		f.values.Add(name, strings.TrimPrefix(c.Text(), "\n"))
		f.texts = append(f.texts, name)
	case goquery.NodeName(c) == "select":
		if v, picked := c.Find("option[selected]").Attr("value"); picked {
			f.values.Add(name, v)
		}
	case kind == "checkbox" || kind == "radio":
		if _, checked := c.Attr("checked"); checked {
			f.values.Add(name, c.AttrOr("value", "on"))
		}
	case kind == "hidden":
		f.values.Add(name, c.AttrOr("value", ""))
	case kind != "submit" && kind != "button" && kind != "file":
		f.values.Add(name, c.AttrOr("value", ""))
		f.texts = append(f.texts, name)
	}
}

func (f *form) has(name string) bool { return f.sel.Find(named("", name)).Length() > 0 }

// named selects controls by their name, whatever is in it.
func named(what, name string) string {
	return what + `[name="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"]`
}

// typeIn types a text, if the form has the input.
func (f *form) typeIn(name, text string) {
	if slices.Contains(f.texts, name) {
		f.values.Set(name, text)
	}
}

// choose picks one of several, or of a list.
func (f *form) choose(name, value string) {
	if f.sel.Find(named("", name)).Length() > 0 {
		f.values.Set(name, value)
	}
}

// tick ticks the checkboxes of a name whose value passes.
func (f *form) tick(name string, wanted func(value string) bool) {
	f.values.Del(name)
	f.sel.Find(named("input", name)).Each(func(_ int, c *goquery.Selection) {
		if v := c.AttrOr("value", "on"); wanted(v) {
			f.values.Add(name, v)
		}
	})
}

func whatever(string) bool { return true }

// names lists the names of the form's controls that begin with a prefix, each once.
func (f *form) names(prefix string) (list []string) {
	f.sel.Find("[name]").Each(func(_ int, c *goquery.Selection) {
		if n := c.AttrOr("name", ""); strings.HasPrefix(n, prefix) && !slices.Contains(list, n) {
			list = append(list, n)
		}
	})
	return list
}

func (f *form) action() (*url.URL, error) {
	to, err := f.page.at.Parse(f.sel.AttrOr("action", ""))
	if err != nil {
		return nil, fmt.Errorf("form of %s: %w", f.page.at.Path, err)
	}
	if f.sel.AttrOr("action", "") == "" {
		to = f.page.at
	}
	return to, nil
}

var errNoForm = errors.New("the page has no such form")

// press presses the form's first button, or the one with a name.
func (b *browser) press(ctx context.Context, f *form, button string) (*page, error) {
	if f == nil {
		return nil, errNoForm
	}
	r, err := f.request(button)
	if err != nil {
		return nil, err
	}
	if err := b.count(f, r); err != nil {
		return nil, err
	}
	switch b.twice {
	case again:
		if err := b.other(ctx, r); err != nil {
			return nil, err
		}
	case atOnce:
		var both sync.WaitGroup
		var err error
		both.Go(func() { err = b.other(ctx, r) })
		p, first := b.follow(ctx, r)
		both.Wait()
		return p, errors.Join(first, err)
	}
	return b.follow(ctx, r)
}

func (f *form) request(button string) (request, error) {
	to, err := f.action()
	if err != nil {
		return request{}, err
	}
	values := url.Values{}
	for name, list := range f.values {
		values[name] = list
	}
	if button != "" {
		s := f.sel.Find(named("button", button)).First()
		if s.Length() == 0 {
			return request{}, fmt.Errorf("%w: no button %q on %s", errNoForm, button, f.page.at.Path)
		}
		values.Set(button, s.AttrOr("value", ""))
	}
	if !strings.EqualFold(f.sel.AttrOr("method", "get"), "post") {
		at := *to
		at.RawQuery = values.Encode()
		return request{method: http.MethodGet, to: &at, from: f.page.at}, nil
	}
	return request{method: http.MethodPost, to: to, from: f.page.at, kind: "application/x-www-form-urlencoded", body: []byte(values.Encode())}, nil
}

// count counts what a person typed: text inputs of the form whose value in the request is not what the page had filled
// in. The eID simulator stands for reading a card and counts as nothing.
func (b *browser) count(f *form, r request) error {
	sent, err := url.ParseQuery(string(r.body))
	if err != nil {
		return fmt.Errorf("form of %s: %w", r.to.Path, err)
	}
	if strings.HasPrefix(r.to.Path, "/demo/") {
		return nil
	}
	for _, name := range f.texts {
		if v := sent.Get(name); v != "" && v != f.before.Get(name) {
			b.typed++
		}
	}
	return nil
}

// other is the second of two clicks: what it answers is looked at by nobody, unless the server breaks.
func (b *browser) other(ctx context.Context, r request) error {
	resp, err := b.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read to its end
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("answer of %s: %w", r.to.Path, err)
	}
	if resp.StatusCode == http.StatusInternalServerError {
		return fmt.Errorf("the second click on %s broke the server", r.to.Path)
	}
	return nil
}
