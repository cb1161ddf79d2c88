package i18n_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

func texts(de, en string) fstest.MapFS {
	return fstest.MapFS{
		"locale/de.json": {Data: []byte(de)},
		"locale/en.json": {Data: []byte(en)},
	}
}

func move(t *testing.T) *i18n.Bundle {
	t.Helper()
	b := i18n.New()
	err := b.Add("move", texts(
		`{"move.start.title": "Sie ziehen um", "move.start.hello": "Guten Tag, {{.Name}}", "move.start.people": "Personen: {{.Count}}"}`,
		`{"move.start.title": "You are moving", "move.start.hello": "Hello {{.Name}}", "move.start.people": "People: {{.Count}}"}`))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTextsSpeakBothLanguages(t *testing.T) {
	b := move(t)
	for _, c := range []struct {
		lang, key string
		vars      map[string]any
		want      string
	}{
		{"de", "move.start.title", nil, "Sie ziehen um"},
		{"en", "move.start.title", nil, "You are moving"},
		{"fr", "move.start.title", nil, "Sie ziehen um"},
		{"de", "move.start.hello", map[string]any{"Name": "Jana"}, "Guten Tag, Jana"},
		{"en", "move.start.people", map[string]any{"Count": 1}, "People: 1"},
		{"de", "move.start.people", map[string]any{"Count": 4}, "Personen: 4"},
	} {
		if got := b.Text(c.lang, c.key, c.vars); got != c.want {
			t.Errorf("Text(%s, %s) = %q, want %q", c.lang, c.key, got, c.want)
		}
	}
	if !b.Has("move.start.title") || b.Has("move.start.nothing") {
		t.Error("Has does not tell texts that exist from others")
	}
}

func TestAMissingTextOrVariableShowsItsKeyAndNeverNoValue(t *testing.T) {
	b := move(t)
	for _, key := range []string{"move.start.nothing", "move.start.hello"} {
		if got := b.Text("de", key, nil); got != key {
			t.Errorf("Text(%s) = %q, want the key itself", key, got)
		}
	}
}

func TestATextFileWithFaultsIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ de, en, want string }{
		"missing in English": {`{"a.x": "eins", "a.y": "zwei"}`, `{"a.x": "one"}`, `"a.y" is missing`},
		"only in English":    {`{"a.x": "eins"}`, `{"a.x": "one", "a.y": "two"}`, `"a.y" is too much`},
		"of another module":  {`{"b.x": "eins"}`, `{"b.x": "one"}`, `does not begin with "a."`},
		"not JSON":           {`{"a.x": `, `{}`, "texts of a in de"},
		"empty":              {`{"a.x": ""}`, `{"a.x": "one"}`, "a.x"},
	} {
		err := i18n.New().Add("a", texts(c.de, c.en))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
	b := i18n.New()
	same := texts(`{"a.x": "eins"}`, `{"a.x": "one"}`)
	if err := b.Add("a", same); err != nil {
		t.Fatal(err)
	}
	if err := b.Add("a", same); err == nil {
		t.Error("the same module was added twice without a word")
	}
}

func BenchmarkText(b *testing.B) {
	bundle := i18n.New()
	if err := bundle.Add("a", texts(`{"a.x": "eins", "a.y": "Guten Tag, {{.Name}}"}`, `{"a.x": "one", "a.y": "Hello {{.Name}}"}`)); err != nil {
		b.Fatal(err)
	}
	vars := map[string]any{"Name": "Jana"}
	for _, key := range []string{"a.x", "a.y"} {
		b.Run(key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bundle.Text("de", key, vars)
			}
		})
	}
}
