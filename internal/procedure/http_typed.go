package procedure

import (
	"net/http"
	"strconv"

	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

type typedPage struct {
	frame
	Count  string // which screen this is
	First  bool   // of all: it says what this is about
	Family bool   // of somebody in the family
	Part   int    // counted from 1
	Fields []web.Field
}

//locale:prefix procedure.typed.part.

// showTyped shows a screen of what somebody types instead of releasing it: part counts from 0, and -1 is the one that
// the address names, or the first on which something is missing.
func (p *Pages) showTyped(c *web.Call, cs Case, part int, f *web.Form) error {
	ed, t, err := p.Typing(c.Context(), cs, c.Lang())
	if err != nil {
		return err
	}
	fr, err := p.frame(c, cs, ed, f)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(c.Query("teil")); part < 0 && err == nil {
		part = n - 1
	}
	if part < 0 || part > t.Open {
		part = t.Open
	}
	screen := t.Parts[part]
	sheet := t.Sheets[screen.Sheet]
	page := typedPage{frame: fr, First: part == 0, Family: sheet.Name != "", Part: part + 1}
	page.Heading = screen.Fields[0].Label
	if key := "procedure.typed.part." + screen.Fields[0].Name; p.Texts.Has(key) {
		page.Heading = c.T(key)
	}
	at, all := t.place(part)
	page.Count = c.T("procedure.typed.count", "Part", at, "Parts", all)
	if page.Family {
		page.Count = c.T("procedure.typed.count_of", "Name", sheet.Name, "Part", at, "Parts", all)
	}
	page.Title = page.Heading
	for _, field := range screen.Fields {
		page.Fields = append(page.Fields, typedQuestion(c, ed, sheet.Draft, field, field.Name))
	}
	page.Fields = f.Fill(c.Kept(sheet.Draft).Fill(page.Fields...)...)
	status := http.StatusOK
	if f.Failed() {
		status = http.StatusUnprocessableEntity
	}
	return c.Render(status, "procedure/typed.html", page)
}

// place is where a screen stands among those of its sheet, and how many these are.
func (t Typing) place(part int) (at, all int) {
	for i, p := range t.Parts {
		if p.Sheet != t.Parts[part].Sheet {
			continue
		}
		if all++; i == part {
			at = all
		}
	}
	return at, all
}

// typedQuestion is a question of evidence as a field of a page: a group that not everybody has stands below a yes, to
// the question that its hint is; a list has a row for each value and buttons for more and less.
func typedQuestion(c *web.Call, ed *catalog.Edition, d Draft, f catalog.Field, name string) web.Field {
	if byYesNo(f) {
		inner := f
		inner.Optional, inner.Hint = false, ""
		below := typedQuestion(c, ed, d, inner, name)
		fields := below.Fields
		if f.Many > 0 {
			below.Name, fields = name, []web.Field{below}
		}
		question := f.Hint
		if question == "" {
			question = f.Label
		}
		return web.Field{Kind: web.ChoiceField, Name: name, Label: question, Choices: []web.Choice{
			{Value: typedNo, Label: c.T("procedure.form.no")}, {Value: typedYes, Label: c.T("procedure.form.yes"), Fields: fields},
		}}
	}
	if f.Many == 0 {
		return typedOne(c, ed, d, f, name)
	}
	list := web.Field{Kind: web.RowsField, Name: name, Hint: f.Hint}
	if f.Hint != "" {
		list.Label = f.Label
	}
	n := d.rows(f, name)
	for i := range n {
		row := f
		row.Hint, row.Label = "", oneOf(f, i, n)
		if n > 1 {
			list.Less = append(list.Less, c.T("procedure.typed.less", "One", row.Label))
		}
		list.Fields = append(list.Fields, typedOne(c, ed, d, row, name+"."+strconv.Itoa(i)))
	}
	if n < f.Many {
		list.More = c.T("procedure.typed.more", "One", oneOf(f, n, 1))
	}
	return list
}

// typedOne is one value, or one group of them.
func typedOne(c *web.Call, ed *catalog.Edition, d Draft, f catalog.Field, name string) web.Field {
	f.Name = name
	if len(f.Fields) == 0 {
		f.Many = 0
		field := fieldOf(c, ed, catalog.Input{Field: f})
		field.Optional, field.IfAny = false, f.Optional
		if f.Optional && len(f.Choices) > 0 { // a choice that was made can be taken back
			field.Choices = append(field.Choices, web.Choice{Label: c.T("procedure.typed.none")})
		}
		return field
	}
	group := web.Field{Kind: web.GroupField, Name: name, Label: f.Label, Hint: f.Hint}
	for _, inner := range f.Fields {
		group.Fields = append(group.Fields, typedQuestion(c, ed, d, inner, name+"."+inner.Name))
	}
	if group.Fields[0].Label == group.Label { // it says so itself
		group.Label = ""
	}
	return group
}

func (p *Pages) takeTyped(c *web.Call, cs Case, f *web.Form) error {
	part, _ := strconv.Atoi(f.Text("teil")) // what is no number is no screen
	sent := TypedForm{Lang: c.Lang(), Part: part - 1, Values: f.All, More: f.Text("mehr"), Less: f.Text("weg"), Back: f.Has("zurueck")}
	moved, place, wrong, err := p.Type(c.Context(), cs.Account, cs.ID, sent)
	if err != nil {
		return err
	}
	for _, w := range wrong {
		if !f.Take(atInput(w)) {
			return w
		}
	}
	switch {
	case moved.Wait != ForTyping:
		return p.onTo(c, moved)
	case len(wrong) > 0:
		return p.showTyped(c, moved, sent.Part, f)
	}
	to := p.PathOf(moved) + "?teil=" + strconv.Itoa(place.Part+1)
	if place.Row != "" {
		to += "#" + place.Row
	}
	return c.Redirect(to)
}

// typedParts is what was typed in a stage, as it will be handed in.
func (p *Pages) typedParts(c *web.Call, cs Case, ed *catalog.Edition, env catalog.Env, st catalog.Stage) []reviewed {
	var out []reviewed
	for _, name := range st.Fetch {
		if cs.State.Fetched[st.Name+"/"+name].How != FromForm {
			continue
		}
		rows, many := env[name].([]any)
		if !many {
			rows = []any{env[name]}
		}
		for i, row := range rows {
			values, _ := row.(map[string]any)
			part := reviewed{ID: "getippt-" + name + "-" + strconv.Itoa(i), Name: c.T("procedure.typed.review", "Name", nameOf(values))}
			of, fields := ed.EvidenceFields(c.Lang(), name)
			for _, f := range fields {
				if v := values[f.Name]; v != nil {
					part.Facts = append(part.Facts, web.Fact{Name: f.Label, Value: ed.PrintValue(c.Lang(), of+"."+f.Name, v)})
				}
			}
			if Reopenable(ed, cs, env, st.Name) {
				part.Path = "/" + ed.Path + "/" + cs.ID + "/" + st.Name
			}
			out = append(out, part)
		}
	}
	return out
}
