package procedure

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/register"
)

// TypedField is a question by which somebody types what they did not release. Name is a path such as "birth.date" or
// "homes.0.address".
type TypedField struct {
	Name     string
	Field    catalog.Field
	Optional bool
}

// TypedFields flattens evidence into what a person can type: single values, the first row of lists that must not be
// empty. What is optional and has parts of its own is left to the desk.
func TypedFields(ed *catalog.Edition, e catalog.Evidence) []TypedField {
	if e.Like != "" {
		e, _ = ed.EvidenceNamed(e.Like)
	}
	return flatten("", e.Fields, false)
}

func flatten(under string, fields []catalog.Field, optional bool) []TypedField {
	var out []TypedField
	for _, f := range fields {
		name, loose := under+f.Name, optional || f.Optional
		switch {
		case len(f.Fields) > 0 && (f.Many > 0 || f.Optional):
			if f.Name == "homes" {
				out = append(out, flatten(name+".0.", f.Fields, loose)...)
			}
		case len(f.Fields) > 0:
			out = append(out, flatten(name+".", f.Fields, loose)...)
		case f.Class == catalog.Sensitive && !f.Optional:
			// papers and refusals: the desk asks for them where they matter
		case f.Many > 0:
			out = append(out, TypedField{name + ".0", f, loose})
		default:
			out = append(out, TypedField{name, f, loose})
		}
	}
	return out
}

// Type takes what a person typed instead of releasing it. It is nobody's evidence, so a clerk will look at it.
func (s *Service) Type(ctx context.Context, account, id string, values func(name string) []string) (Case, []error, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil || c.Wait != ForTyping {
		return c, nil, err
	}
	ed, out, err := s.replan(ctx, c)
	if err != nil {
		return Case{}, nil, err
	}
	next := c
	env, err := ed.Decode(c.State.Values)
	if err != nil {
		return Case{}, nil, err
	}
	var wrong []error
	for _, n := range out.needs {
		if n.Source.Kind != "form" {
			continue
		}
		group := map[string]any{}
		for _, t := range TypedFields(ed, n.Evidence) {
			v, err := t.read(values(t.Name))
			if err != nil {
				wrong = append(wrong, err)
			} else if v != nil {
				plant(group, strings.Split(t.Name, "."), v)
			}
		}
		env[n.Evidence.Name] = unlisted(group)
		next.State.fetched(n.Key, Fetched{How: FromForm})
		next.State.Answers = cloned(c.State.Answers)
		told, err := toRegister(env[n.Evidence.Name])
		if err != nil {
			return Case{}, nil, err
		}
		next.State.Answers[n.Evidence.Name] = []Kept{{Subject: c.Subject, Values: told}}
	}
	if len(wrong) > 0 {
		return c, wrong, nil
	}
	if next.State.Values, err = ed.Encode(env); err != nil {
		return Case{}, nil, err
	}
	moved, err := s.onward(ctx, next, change{events: []Event{{Kind: Typed, Stage: c.Stage, Who: account}}})
	moved, err = s.current(ctx, account, id, moved, err)
	return moved, nil, err
}

func (t TypedField) read(raw []string) (any, error) {
	text := strings.TrimSpace(strings.Join(raw, " "))
	if t.Field.Type == "address" && len(raw) == 4 {
		text = fmt.Sprintf("%s %s, %s %s", raw[0], raw[1], raw[2], raw[3])
		if strings.Join(raw, "") == "" {
			text = ""
		}
	}
	if text == "" {
		if t.Optional {
			return nil, nil
		}
		return nil, fault.Field(t.Name, "catalog.error.required", "Label", t.Field.Label)
	}
	if len(text) > 300 {
		return nil, fault.Field(t.Name, "catalog.error.too_long", "Label", t.Field.Label, "Max", 300)
	}
	switch t.Field.Type {
	case "date":
		d, ok := catalog.ParseDay(text)
		if !ok {
			return nil, fault.Field(t.Name, "catalog.error.date")
		}
		return d, nil
	case "address":
		a, err := authority.ParseAddress(text)
		if err != nil {
			return nil, fault.Field(t.Name, "catalog.error.address")
		}
		return catalog.NewAddress(a, false), nil
	case "country":
		if text = strings.ToUpper(text); len(text) != 2 {
			return nil, fault.Field(t.Name, "catalog.error.country")
		}
	case "choice":
		for _, c := range t.Field.Choices {
			if c.Value == text {
				return text, nil
			}
		}
		return nil, fault.Field(t.Name, "catalog.error.choice", "Label", t.Field.Label)
	}
	return text, nil
}

// plant puts a value at a path; "0" stands for the first row of a list until unlisted turns it into one.
func plant(group map[string]any, path []string, v any) {
	for _, p := range path[:len(path)-1] {
		inner, ok := group[p].(map[string]any)
		if !ok {
			inner = map[string]any{}
			group[p] = inner
		}
		group = inner
	}
	group[path[len(path)-1]] = v
}

func unlisted(v any) any {
	group, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if first, list := group["0"]; list {
		return []any{unlisted(first)}
	}
	for k, inner := range group {
		group[k] = unlisted(inner)
	}
	return group
}

// toRegister writes values as registers exchange them.
func toRegister(v any) (register.Values, error) {
	raw, err := json.Marshal(postal(v))
	if err != nil {
		return nil, err
	}
	var out register.Values
	return out, json.Unmarshal(raw, &out)
}

func postal(v any) any {
	switch x := v.(type) {
	case catalog.Address:
		return x.Postal()
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, inner := range x {
			out[k] = postal(inner)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, inner := range x {
			out[i] = postal(inner)
		}
		return out
	case clock.Date:
		return x.String()
	}
	return v
}
