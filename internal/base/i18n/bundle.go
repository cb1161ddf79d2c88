package i18n

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

// Languages are the languages every text must have; the first one answers when another is missing.
var Languages = []string{"de", "en"}

// strict refuses a text whose variable was not given, instead of showing "<no value>" to a person.
var strict = &template.TextParser{Option: "missingkey=error"}

// A Bundle holds the texts of all modules. Add everything first; reading is then safe for many goroutines.
type Bundle struct {
	mu      sync.RWMutex
	bundle  *i18n.Bundle
	speaker map[string]*i18n.Localizer
	plain   map[string]map[string]string // language → key → text without variables
	known   map[string]map[string]string // language → key → source
}

// New returns an empty bundle.
func New() *Bundle {
	b := &Bundle{
		bundle:  i18n.NewBundle(language.German),
		speaker: map[string]*i18n.Localizer{},
		plain:   map[string]map[string]string{},
		known:   map[string]map[string]string{},
	}
	b.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, lang := range Languages {
		b.plain[lang], b.known[lang] = map[string]string{}, map[string]string{}
		b.speaker[lang] = i18n.NewLocalizer(b.bundle, lang)
	}
	return b
}

// Add reads locale/de.json and locale/en.json of a module. Every key begins with the module's name, stands in both
// files and nowhere else.
func (b *Bundle) Add(module string, fsys fs.FS) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, lang := range Languages {
		if err := b.addFile(module, lang, fsys); err != nil {
			return fmt.Errorf("texts of %s in %s: %w", module, lang, err)
		}
	}
	for _, lang := range Languages[1:] {
		if err := sameKeys(module, b.known[Languages[0]], b.known[lang]); err != nil {
			return fmt.Errorf("texts of %s, %s and %s: %w", module, Languages[0], lang, err)
		}
	}
	return nil
}

func (b *Bundle) addFile(module, lang string, fsys fs.FS) error {
	raw, err := fs.ReadFile(fsys, "locale/"+lang+".json")
	if err != nil {
		return err
	}
	file, err := b.bundle.ParseMessageFileBytes(raw, "active."+lang+".json")
	if err != nil {
		return err
	}
	for _, m := range file.Messages {
		if !strings.HasPrefix(m.ID, module+".") {
			return fmt.Errorf("key %q does not begin with %q", m.ID, module+".")
		}
		if _, double := b.known[lang][m.ID]; double {
			return fmt.Errorf("key %q stands there twice", m.ID)
		}
		source := m.Other
		if source == "" {
			return fmt.Errorf("key %q has no text", m.ID)
		}
		b.known[lang][m.ID] = source
		if !strings.Contains(source, "{{") {
			b.plain[lang][m.ID] = source
		}
	}
	return nil
}

func sameKeys(module string, first, second map[string]string) error {
	if key := only(module, first, second); key != "" {
		return fmt.Errorf("key %q is missing", key)
	}
	if key := only(module, second, first); key != "" {
		return fmt.Errorf("key %q is too much", key)
	}
	return nil
}

// only returns the first key of a module that stands in one map only.
func only(module string, one, other map[string]string) (key string) {
	for k := range one {
		if _, ok := other[k]; !ok && strings.HasPrefix(k, module+".") && (key == "" || k < key) {
			key = k
		}
	}
	return key
}

// Text returns the text of a key in "de" or "en", with its variables filled in. A key that does not exist, or whose
// variables are not all given, comes back as the key itself.
func (b *Bundle) Text(lang, key string, vars map[string]any) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if _, ok := b.speaker[lang]; !ok {
		lang = Languages[0]
	}
	if text, ok := b.plain[lang][key]; ok {
		return text
	}
	if _, ok := b.known[lang][key]; !ok {
		return key
	}
	text, err := b.speaker[lang].Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: vars, TemplateParser: strict})
	if err != nil {
		return key
	}
	return text
}

// Has reports whether a key exists.
func (b *Bundle) Has(key string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	_, ok := b.known[Languages[0]][key]
	return ok
}

// Keys returns all keys in order.
func (b *Bundle) Keys() []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.Sorted(maps.Keys(b.known[Languages[0]]))
}
