package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// Nothing is printed for a value that is unknown.
const nothing = "–"

// Print writes the value at a path of a completed case as people read it: days, amounts and addresses in the reader's
// language, choices by their label, a dash for what is unknown.
func (e *Edition) Print(lang string, env Env, path string) string {
	v, m := e.valueAt(env, nil, Row{}, path)
	return e.print(lang, v, m)
}

// PrintValue writes a value that was entered or fetched under a path ("new_home", "prefilled.birth.date").
func (e *Edition) PrintValue(lang, path string, v any) string {
	return e.print(lang, v, e.memberAt(path, nil))
}

func (e *Edition) print(lang string, v any, m *member) string {
	switch x := v.(type) {
	case nil:
		return nothing
	case clock.Date:
		return i18n.Day(lang, x)
	case Money:
		return i18n.Euro(lang, x.Cents)
	case Address:
		return x.String()
	case File:
		return x.Name
	case authority.Period:
		return x.String()
	case bool:
		return yesOrNo(lang, x)
	case float64:
		return decimal(lang, x)
	case string:
		return e.choiceLabel(lang, x, m)
	case []any:
		return e.printList(lang, x, m)
	case map[string]any:
		return e.printGroup(lang, x, m)
	}
	return fmt.Sprint(v)
}

func yesOrNo(lang string, yes bool) string {
	words := map[bool]string{true: "ja", false: "nein"}
	if lang == "en" {
		words = map[bool]string{true: "yes", false: "no"}
	}
	return words[yes]
}

func decimal(lang string, x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if lang != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// choiceLabel is a choice's label, or the text itself.
func (e *Edition) choiceLabel(lang, word string, m *member) string {
	if m != nil && m.typ.row().written == "country" {
		return CountryName(lang, word)
	}
	if m == nil || !slices.Contains(m.typ.row().choice, word) {
		return word
	}
	path := m.path + ".choice." + word
	if label := e.Text(lang, path); label != path {
		return label
	}
	return m.node.at("choice", word).str() // of a shared part
}

func (e *Edition) printList(lang string, list []any, m *member) string {
	if len(list) == 0 {
		return nothing
	}
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = e.print(lang, x, m)
	}
	between := ", "
	if strings.Contains(strings.Join(out, ""), ",") {
		between = "; "
	}
	return strings.Join(out, between)
}

// printGroup writes the known parts of a group in their order.
func (e *Edition) printGroup(lang string, group map[string]any, m *member) string {
	if m == nil {
		return nothing
	}
	var out []string
	for _, part := range m.typ.row().members {
		if v := group[part.name]; v != nil {
			out = append(out, e.print(lang, v, part))
		}
	}
	if len(out) == 0 {
		return nothing
	}
	return strings.Join(out, ", ")
}

// Label is what a value is called in the reader's language; for a term its label, for what the engine knows its path.
func (e *Edition) Label(lang, path string) string { return e.label(lang, path, e.memberAt(path, nil)) }

func (e *Edition) label(lang, path string, m *member) string {
	if t := e.Text(lang, "terms."+path+".label"); t != "terms."+path+".label" {
		return t
	}
	if m == nil {
		return strings.TrimPrefix(path, ".")
	}
	if t := e.Text(lang, m.path+".label"); t != m.path+".label" {
		return t
	}
	if t := e.Text(lang, m.path+".title"); t != m.path+".title" { // of evidence
		return t
	}
	return m.node.at("label").str() // of a shared part
}

// Countries are all countries as words of a choice, in the order of their names in the reader's language.
func Countries(lang string) []Choice {
	if lang == "en" {
		return englishCountries()
	}
	return germanCountries()
}

var germanCountries, englishCountries = sync.OnceValue(func() []Choice { return countries("de") }), sync.OnceValue(func() []Choice { return countries("en") })

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func countries(lang string) []Choice {
	var list []Choice
	for _, first := range letters {
		for _, second := range letters {
			code := string([]rune{first, second})
			r, err := language.ParseRegion(code)
			if err == nil && r.IsCountry() && r.M49() != 0 && r.Canonicalize().String() == code && CountryName(lang, code) != code {
				list = append(list, Choice{code, CountryName(lang, code)})
			}
		}
	}
	collator := collate.New(language.Make(lang))
	slices.SortFunc(list, func(a, b Choice) int { return collator.CompareString(a.Label, b.Label) })
	return list
}

// CountryName is a country by its two letters as people write it; letters that name none stay as they are.
func CountryName(lang, code string) string {
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return code
	}
	names := display.Regions(language.German)
	if lang == "en" {
		names = display.Regions(language.English)
	}
	if name := names.Name(region); name != "" {
		return name
	}
	return code
}
