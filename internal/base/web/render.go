package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// pages are the parsed templates: one set per language, so that a text function knows its language without asking.
type pages struct {
	modules map[string]fs.FS
	sets    map[string]map[string]*template.Template // language → "module/file.html"
	buffers sync.Pool
}

func (p *pages) parse(s *Server) error {
	sets := map[string]map[string]*template.Template{}
	for _, lang := range i18n.Languages {
		base := template.New("base").Funcs(s.functions(lang))
		if s.Layout != nil {
			parsed, err := base.ParseFS(s.Layout, "*.html")
			if err != nil {
				return fmt.Errorf("layout: %w", err)
			}
			base = parsed
		}
		sets[lang] = map[string]*template.Template{}
		for _, module := range slices.Sorted(maps.Keys(p.modules)) {
			if err := parseModule(sets[lang], base, module, p.modules[module]); err != nil {
				return fmt.Errorf("templates of %s: %w", module, err)
			}
		}
	}
	p.sets = sets
	return nil
}

// parseModule makes one page of every file; files that begin with "_" are parts that all pages of the module share.
func parseModule(set map[string]*template.Template, base *template.Template, module string, fsys fs.FS) error {
	names, err := fs.Glob(fsys, "templates/*.html")
	if err != nil {
		return err
	}
	shared, err := base.Clone()
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, "templates/_") {
			if _, err := shared.ParseFS(fsys, name); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		short := strings.TrimPrefix(name, "templates/")
		if strings.HasPrefix(short, "_") {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		page, err := shared.Clone()
		if err != nil {
			return err
		}
		if _, err := page.New("main").Parse(string(text)); err != nil {
			return fmt.Errorf("%s: %w", short, err)
		}
		set[module+"/"+short] = page
	}
	return nil
}

// Render answers with a page. The page is a struct, or a pointer to one, that embeds Page; the template is called
// "module/file.html". It is rendered completely before the first byte is sent.
func (c *Call) Render(status int, name string, page any) error {
	if c.server.Dev {
		if err := c.server.pages.parse(c.server); err != nil {
			return err
		}
	}
	set, ok := c.server.pages.sets[c.lang][name]
	if !ok {
		return fmt.Errorf("web: no template %q", name)
	}
	data, err := c.framed(page)
	if err != nil {
		return err
	}
	return c.execute(status, set, name, data)
}

func (c *Call) execute(status int, set *template.Template, name string, data any) error {
	buf, _ := c.server.pages.buffers.Get().(*bytes.Buffer)
	if buf == nil {
		buf = new(bytes.Buffer)
	}
	defer c.server.pages.buffers.Put(buf)
	buf.Reset()
	if err := set.ExecuteTemplate(buf, "layout", data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	h := c.W.Header()
	h.Set("Content-Language", c.lang)
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	h.Add("Vary", "Cookie, Accept-Language")
	return c.send(status, "text/html; charset=utf-8", buf.Bytes())
}

var pageType = reflect.TypeFor[Page]()

// framed copies the page and dresses the Page embedded in it.
func (c *Call) framed(page any) (any, error) {
	v := reflect.Indirect(reflect.ValueOf(page))
	if v.Kind() != reflect.Struct {
		return nil, fmt.Errorf("web: page %T is no struct", page)
	}
	data := reflect.New(v.Type())
	data.Elem().Set(v)
	embedded := data.Elem().FieldByName("Page")
	if !embedded.IsValid() || embedded.Type() != pageType {
		return nil, fmt.Errorf("web: page %T does not embed web.Page", page)
	}
	if err := c.dress(embedded.Addr().Interface().(*Page)); err != nil {
		return nil, err
	}
	return data.Interface(), nil
}

var errPairs = errors.New("names and values must come in pairs")

// functions are what templates may call, in one language.
func (s *Server) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, kv ...any) (string, error) {
			if len(kv)%2 != 0 {
				return "", fmt.Errorf("text %s: %w", key, errPairs)
			}
			if !s.Texts.Has(key) {
				return "", fmt.Errorf("text %s does not exist", key)
			}
			return s.Texts.Text(lang, key, pairs(kv)), nil
		},
		"day": func(v any) (string, error) { return onDay(v, func(d clock.Date) string { return i18n.Day(lang, d) }) },
		"longday": func(v any) (string, error) {
			return onDay(v, func(d clock.Date) string { return i18n.LongDay(lang, d) })
		},
		"shortday": func(v any) (string, error) {
			return onDay(v, func(d clock.Date) string { return i18n.ShortDay(lang, d) })
		},
		"listday": func(v any) (string, error) {
			return onDay(v, func(d clock.Date) string { return i18n.ListDay(lang, d) })
		},
		"time":       func(t time.Time) string { return i18n.Time(lang, t) },
		"moment":     func(t time.Time) string { return i18n.Moment(lang, t) },
		"longmoment": func(t time.Time) string { return i18n.LongMoment(lang, t) },
		"iso":        func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"span":       func(d time.Duration) string { return i18n.Span(lang, d) },
		"euro":       func(cents int64) string { return i18n.Euro(lang, cents) },
		"num":        func(n int) string { return i18n.Number(lang, int64(n)) },
		"icon":       icon,
		"asset":      s.assets.path,
		"dict":       dict,
		"list":       func(v ...any) []any { return v },
		"initials":   initials,
		"add":        func(a, b int) int { return a + b },
	}
}

func onDay(v any, write func(clock.Date) string) (string, error) {
	switch d := v.(type) {
	case clock.Date:
		return write(d), nil
	case time.Time:
		if d.IsZero() {
			return "", nil
		}
		return write(clock.DateOf(d)), nil
	}
	return "", fmt.Errorf("%T is no day", v)
}

func dict(kv ...any) (map[string]any, error) {
	if len(kv)%2 != 0 {
		return nil, errPairs
	}
	return pairs(kv), nil
}

// initials are the letters in a round picture: "JW" for "Jana Wittkamp".
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	first := []rune(words[0])[:1]
	if len(words) == 1 {
		return strings.ToUpper(string(first))
	}
	last := []rune(words[len(words)-1])[:1]
	return strings.ToUpper(string(first) + string(last))
}

// own are the icons of amtsweg.css; every other name is an icon of the design system.
var own = map[string]bool{
	"lupe": true, "car": true, "parking": true, "paw": true, "school": true, "house": true, "shield": true, "clock": true,
	"people": true, "pin": true, "cone": true, "chart": true, "bank": true, "euro": true, "folder": true, "bin": true,
	"talk": true, "seal": true, "letter": true, "wave": true, "star": true, "kid": true, "heart": true, "ticket": true,
	"bolt": true, "scale": true, "person": true, "machine": true, "key": true, "phone": true,
}

// icon draws an icon that says nothing to a screen reader; the word stands beside it.
func icon(name string, class ...string) template.HTML {
	family := "kern-icon kern-icon--"
	if own[name] {
		family = "aw-icon aw-icon--"
	}
	all := append([]string{family + name}, class...)
	return template.HTML(`<span class="` + template.HTMLEscapeString(strings.Join(all, " ")) + `" aria-hidden="true"></span>`) //nolint:gosec // escaped above
}
