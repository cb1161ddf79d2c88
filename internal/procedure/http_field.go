package procedure

import (
	"maps"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// fields are the questions of a form. A value that evidence brought is shown, not asked; a click opens it. A question
// that only one answer leads to stands below that answer.
func (p *Pages) fields(c *web.Call, ed *catalog.Edition, env catalog.Env, st catalog.Stage, f *web.Form) []web.Field {
	var out []web.Field
	at := map[string]int{} // where a question stands
	opened := p.opened(c, st)
	for _, name := range st.Fills {
		in, _ := ed.Input(c.Lang(), env, name)
		parent := slices.IndexFunc(ed.ConditionOf(name), func(other string) bool { _, shown := at[other]; return shown })
		if in.Asked == catalog.No && parent < 0 || len(in.Pick) > 0 && len(in.Persons) == 0 { // or nobody to pick
			continue
		}
		field := f.Fill(fieldOf(c, ed, in))[0]
		if in.Taken != "" && !slices.Contains(opened, name) && !sent(f, name) {
			field = web.Field{
				Kind: web.ReadonlyField, Name: name, Label: in.Label, Value: ed.PrintValue(c.Lang(), name, in.Value), Source: p.source(c, ed, in.Taken),
				Change: web.Link{Path: "?aendern=" + strings.Join(append(slices.Clone(opened), name), ","), Text: c.T("procedure.form.change")},
			}
		}
		if parent >= 0 {
			other := ed.ConditionOf(name)[parent]
			if below(&out[at[other]], field, ed, env, name) {
				continue
			}
			field.Optional = true
		}
		at[name] = len(out)
		out = append(out, field)
	}
	return out
}

// sent reports whether a form came back with an answer to this question.
func sent(f *web.Form, name string) bool {
	return f != nil && (f.Has(name) || f.Has(name+"_street") || f.ErrorOf(name) != "")
}

// opened are the values of evidence that the person wants to correct.
func (p *Pages) opened(c *web.Call, st catalog.Stage) []string {
	var out []string
	for name := range strings.SplitSeq(c.Query("aendern"), ",") {
		if slices.Contains(st.Fills, name) {
			out = append(out, name)
		}
	}
	return out
}

// below puts a question under the only answer of another one that leads to it, and reports whether there is one.
func below(parent *web.Field, field web.Field, ed *catalog.Edition, env catalog.Env, name string) bool {
	var leads []int
	for i, choice := range parent.Choices {
		var answer any = choice.Value
		if parent.Kind == web.ManyField {
			answer = []any{choice.Value}
		}
		as := maps.Clone(env)
		as[parent.Name] = answer
		if ed.Asked(as, name) == catalog.Yes {
			leads = append(leads, i)
		}
	}
	switch {
	case parent.Kind == web.ManyField && len(leads) == len(parent.Choices):
		parent.Fields = append(parent.Fields, field)
	case parent.Kind == web.ChoiceField && len(leads) == 1:
		parent.Choices[leads[0]].Fields = append(parent.Choices[leads[0]].Fields, field)
	default:
		return false
	}
	return true
}

// source says where a value comes from.
func (p *Pages) source(c *web.Call, ed *catalog.Edition, path string) string {
	evidence, _, _ := strings.Cut(path, ".")
	return c.T("procedure.form.source", "Evidence", ed.Text(c.Lang(), "evidence."+evidence+".title"))
}

var kinds = map[string]web.FieldKind{
	"number": web.NumberField, "date": web.DateField, "email": web.EmailField, "phone": web.TelField, "long_text": web.LinesField,
}

func fieldOf(c *web.Call, ed *catalog.Edition, in catalog.Input) web.Field {
	f := web.Field{Kind: web.TextField, Name: in.Name, Label: in.Label, Hint: in.Hint, Optional: in.Optional}
	if k, ok := kinds[in.Type]; ok {
		f.Kind = k
	}
	if in.Value != nil {
		f.Value = ed.PrintValue(c.Lang(), in.Name, in.Value)
	}
	switch {
	case in.Type == "confirm":
		f.Kind, f.Value, f.Ticked = web.TickField, "yes", in.Value == true
	case in.Type == "yes_no":
		f.Kind = web.ChoiceField
		f.Choices = []web.Choice{{Value: "yes", Label: c.T("procedure.form.yes"), Picked: in.Value == true}, {Value: "no", Label: c.T("procedure.form.no"), Picked: in.Value == false}}
	case len(in.Choices) > 0:
		f.Kind = web.ChoiceField
		if in.Many > 0 {
			f.Kind = web.ManyField
		}
		for _, choice := range in.Choices {
			f.Choices = append(f.Choices, web.Choice{Value: choice.Value, Label: choice.Label, Picked: has(in.Value, choice.Value)})
		}
	case len(in.Pick) > 0:
		f.Kind = web.ManyField
		for _, person := range in.Persons {
			f.Choices = append(f.Choices, web.Choice{Value: person.Ref, Label: person.Label, Picked: has(in.Value, person.Ref)})
		}
	case in.Type == "country":
		f.Kind = web.SelectField
		for _, country := range catalog.Countries(c.Lang()) {
			f.Choices = append(f.Choices, web.Choice{Value: country.Value, Label: country.Label, Picked: has(in.Value, country.Value)})
		}
	case in.Type == "address":
		a, _ := in.Value.(catalog.Address)
		post := a.Postal()
		address := c.Address(in.Name, in.Label, post.Street, post.House, post.Postcode, post.Town)
		address.Hint = in.Hint
		return address
	}
	return f
}

func has(v any, word string) bool {
	list, many := v.([]any)
	return v == word || many && slices.Contains(list, any(word))
}
