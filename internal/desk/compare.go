package desk

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// verdict is what comes out when two values are held against each other.
type verdict string

const (
	nothingToCompare verdict = ""
	same             verdict = "same"
	differs          verdict = "differs"
	notListed        verdict = "not_listed" // the directory of addresses does not know the house
)

// row is one line of the table that compares what the applicant says with what others say.
type row struct {
	Label string
	Said  string
	Other string
	From  string // whose the other value is
	verdict
}

// names is the evidence that no field of the form stands beside: who moves in, as the landlord says.
const names = "landlord.people"

// compare holds the values of the form against the evidence that speaks of the same. applicant is the applicant's name.
func compare(ed *catalog.Edition, lang string, env catalog.Env, applicant string) []row {
	var rows []row
	shown := map[string]bool{}
	for _, f := range ed.Fields {
		if env[f.Name] == nil || f.Type == "confirm" {
			continue
		}
		mine := row{Label: ed.Label(lang, f.Name), Said: ed.Print(lang, env, f.Name)}
		if a, ok := env[f.Name].(catalog.Address); ok && !a.Verified() {
			mine.verdict = notListed
		}
		for _, path := range f.From {
			shown[path] = true
			if other := env.At(path); other != nil {
				rows = append(rows, mine.beside(ed, lang, path, env, equal(env[f.Name], other)))
			}
		}
		if !slices.ContainsFunc(f.From, func(path string) bool { return env.At(path) != nil }) {
			rows = append(rows, mine)
		}
	}
	return append(rows, others(ed, lang, env, applicant, shown)...)
}

func (r row) beside(ed *catalog.Edition, lang, path string, env catalog.Env, agree bool) row {
	r.Other = ed.Print(lang, env, path)
	r.From = title(ed, lang, path)
	switch {
	case !agree:
		r.verdict = differs
	case r.verdict == nothingToCompare:
		r.verdict = same
	}
	return r
}

// others are the rest of what the evidence says, but for the records of people, which have a card of their own.
func others(ed *catalog.Edition, lang string, env catalog.Env, applicant string, shown map[string]bool) []row {
	var rows []row
	for _, e := range ed.Evidence {
		if env[e.Name] == nil || slices.Contains(persons(ed), e.Name) {
			continue
		}
		for _, f := range e.Fields {
			path := e.Name + "." + f.Name
			if shown[path] || env.At(path) == nil || hidden(f) {
				continue
			}
			r := row{Label: ed.Label(lang, path), Other: ed.Print(lang, env, path), From: title(ed, lang, path)}
			if path == names {
				moving := append([]string{applicant}, catalog.Strings(env["relatives"])...)
				r.Said = strings.Join(moving, ", ")
				r.verdict = differs
				if allNamed(catalog.Strings(env.At(path)), moving) {
					r.verdict = same
				}
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// title names the evidence that a path leads into.
func title(ed *catalog.Edition, lang, path string) string {
	evidence, _, _ := strings.Cut(path, ".")
	return ed.Text(lang, "evidence."+evidence+".title")
}

// hidden keeps values of the classes sensitive and secret off the screen.
func hidden(f catalog.Field) bool { return f.Class == catalog.Sensitive || f.Class == catalog.Secret }

func equal(a, b any) bool {
	x, isAddress := a.(catalog.Address)
	y, both := b.(catalog.Address)
	if isAddress && both {
		return x.Postal().Same(y.Postal())
	}
	return reflect.DeepEqual(a, b)
}

// allNamed reports whether everybody stands in a list of names, by the first given name and the last part of the family
// name: a landlord seldom writes all given names.
func allNamed(list, people []string) bool {
	return !slices.ContainsFunc(people, func(p string) bool {
		parts := nameParts(p)
		return len(parts) == 0 || !slices.ContainsFunc(list, func(in string) bool {
			have := nameParts(in)
			return slices.Contains(have, parts[0]) && slices.Contains(have, parts[len(parts)-1])
		})
	})
}

// nameParts are the words of a name as they are compared; a comma and a mark for the name in use are none.
func nameParts(name string) []string {
	return strings.FieldsFunc(authority.Fold(name), func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != '\'' })
}

// persons is the evidence that holds people's records: what the entries into a register repeat for.
func persons(ed *catalog.Edition) []string {
	var out []string
	for _, r := range ed.RecordRules {
		for _, name := range r.Each {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// person is somebody whose record lies in the case.
type person struct {
	Name, Source string
	Facts        []fact
	Hidden       []string // what is there and not shown
}

type fact struct{ Name, Value string }

// people lists whose records a case has, without what is sensitive. source says where evidence comes from.
func people(ed *catalog.Edition, lang string, env catalog.Env, source func(evidence string) string) []person {
	var out []person
	for _, r := range ed.Rows(env, persons(ed)) {
		if r.Source == "" {
			continue
		}
		e, _ := ed.EvidenceNamed(r.Source)
		p := person{Source: source(r.Source)}
		if e.Like != "" {
			e, _ = ed.EvidenceNamed(e.Like)
		}
		given, _ := r.Values["given_names"].(string)
		family, _ := r.Values["family_name"].(string)
		p.Name = strings.TrimSpace(given + " " + family)
		for _, f := range e.Fields {
			path, v := e.Name+"."+f.Name, r.Values[f.Name]
			if hidden(f) && !empty(v) {
				p.Hidden = append(p.Hidden, ed.Label(lang, path))
			}
			if v = shown(f, v); empty(v) {
				continue
			}
			p.Facts = append(p.Facts, fact{ed.Label(lang, path), ed.PrintValue(lang, path, v)})
		}
		out = append(out, p)
	}
	return out
}

// shown takes out of a value what its classes keep off the screen.
func shown(f catalog.Field, v any) any {
	if hidden(f) {
		return nil
	}
	switch x := v.(type) {
	case map[string]any:
		kept := maps.Clone(x)
		for _, part := range f.Fields {
			if kept[part.Name] = shown(part, x[part.Name]); empty(kept[part.Name]) {
				delete(kept, part.Name)
			}
		}
		return kept
	case []any:
		list := make([]any, len(x))
		for i := range x {
			list[i] = shown(f, x[i])
		}
		return list
	}
	return v
}

func empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}
