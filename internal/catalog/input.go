package catalog

import (
	"strconv"
	"strings"
)

// Input is a field as a page shows it: all its texts in the reader's language, and what the case knows already.
type Input struct {
	Field
	Value   any        // entered, or taken from evidence; nil if unknown
	Taken   string     // the evidence that Value was taken from, or nothing
	Persons []Pickable // who may be picked; the value holds their Ref
	Asked   Truth      // whether the field's condition holds
}

// Pickable is a person whom the applicant may pick: a row of evidence.
type Pickable struct {
	Ref    string // what the value holds: unique among those who may be picked
	Label  string // "Ben Beispiel"
	Path   string // the evidence's path: "prefilled.children"
	Values map[string]any
}

// Input describes a field for a page; env is what Complete returned. It is false if the edition has no such field.
func (e *Edition) Input(lang string, env Env, field string) (Input, bool) {
	f, ok := byName(e.Fields, func(f Field) bool { return f.Name == field })
	if !ok {
		return Input{}, false
	}
	in := Input{Field: e.localized(lang, f), Value: env[field], Persons: e.Pickable(env, field), Asked: f.when.truth(env)}
	for _, path := range f.From {
		if v := env.At(path); v != nil {
			if in.Value != nil && sameValue(in.Value, v) {
				in.Taken = path
			}
			break
		}
	}
	return in, true
}

// localized is a field with its texts in a language.
func (e *Edition) localized(lang string, f Field) Field {
	f.Label = e.textOr(lang, f.Path+".label", f.Label)
	f.Hint = e.textOr(lang, f.Path+".hint", f.Hint)
	f.One = e.textOr(lang, f.Path+".one", f.One)
	choices := make([]Choice, len(f.Choices))
	for i, c := range f.Choices {
		choices[i] = Choice{c.Value, e.textOr(lang, f.Path+".choice."+c.Value, c.Label)}
	}
	fields := make([]Field, len(f.Fields))
	for i, inner := range f.Fields {
		fields[i] = e.localized(lang, inner)
	}
	f.Choices, f.Fields = choices, fields
	return f
}

// EvidenceFields are the fields of evidence in the reader's language; with like they are another evidence's. of is the
// evidence that declares them: its name begins their paths.
func (e *Edition) EvidenceFields(lang, evidence string) (of string, fields []Field) {
	x, _ := e.EvidenceNamed(evidence)
	if x.Like != "" {
		x, _ = e.EvidenceNamed(x.Like)
	}
	for _, f := range x.Fields {
		fields = append(fields, e.localized(lang, f))
	}
	return x.Name, fields
}

// textOr is the text at a path, or what the definition says itself: shared parts bring their own texts.
func (e *Edition) textOr(lang, path, own string) string {
	if t := e.Text(lang, path); t != path {
		return t
	}
	return own
}

// Pickable are the persons whom a field lets the applicant pick, in the order of the definition. Two with the same name
// are told apart by a number.
func (e *Edition) Pickable(env Env, field string) []Pickable {
	f, _ := byName(e.Fields, func(f Field) bool { return f.Name == field })
	var out []Pickable
	seen := map[string]int{}
	for _, path := range f.Pick {
		for _, values := range groupsAt(env.At(path)) {
			p := Pickable{Label: personName(values), Path: path, Values: values}
			p.Ref = p.Label
			if seen[p.Label]++; seen[p.Label] > 1 {
				p.Ref += " (" + strconv.Itoa(seen[p.Label]) + ")"
			}
			out = append(out, p)
		}
	}
	return out
}

// groupsAt are the groups in a value that is one or a list of them.
func groupsAt(v any) []map[string]any {
	switch x := v.(type) {
	case map[string]any:
		return []map[string]any{x}
	case []any:
		var out []map[string]any
		for _, it := range x {
			if g, ok := it.(map[string]any); ok {
				out = append(out, g)
			}
		}
		return out
	}
	return nil
}

func personName(values map[string]any) string {
	given, _ := values["given_names"].(string)
	family, _ := values["family_name"].(string)
	return strings.TrimSpace(given + " " + family)
}
