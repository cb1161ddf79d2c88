package procedure

import (
	"embed"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

//go:embed templates/*.html
var templates embed.FS

//locale:prefix procedure.status.
//locale:prefix procedure.lead.
//locale:prefix procedure.event.
//locale:prefix procedure.case.by_

//go:embed locale/*.json
var locale embed.FS

// Texts adds the module's texts.
func Texts(b *i18n.Bundle) error { return b.Add("procedure", locale) }

// Pages are the citizen's pages of a case.
type Pages struct {
	*Service
	Step    web.Policy                 // who may work on a case: the level of trust the service needs
	Look    web.Policy                 // who may look at their own cases
	Account func(c *web.Call) string   // who is signed in
	Who     func(key string) string    // an authority's name
	Portal  func(portal string) string // a portal's name
}

// Routes registers the pages.
func (p *Pages) Routes(w *web.Server) {
	w.Templates("procedure", withoutPrefix(templates))
	for _, ed := range p.Offers() {
		w.Handle("GET", "/"+ed.Path+"/{case}", p.Step, p.goOn)
		w.Handle("GET", "/"+ed.Path+"/{case}/{stage}", p.Step, p.show)
		w.Handle("POST", "/"+ed.Path+"/{case}/{stage}", p.Step, p.take)
	}
	w.Handle("GET", "/vorgaenge", p.Look, p.list)
	w.Handle("GET", "/vorgang/{case}", p.Look, p.one)
	w.Handle("POST", "/vorgang/{case}/antwort", p.Step, p.answerPage)
}

// PathOf is the page on which a case goes on.
func (s *Service) PathOf(c Case) string {
	ed, err := s.Edition(c)
	if err != nil || !c.Wait.OfApplicant() || c.Wait == ForAnswer {
		return "/vorgang/" + c.ID
	}
	return "/" + ed.Path + "/" + c.ID + "/" + c.Stage
}

func (p *Pages) goOn(c *web.Call) error {
	cs, err := p.Case(c.Context(), p.Account(c), c.Param("case"))
	if err != nil {
		return err
	}
	return c.Redirect(p.PathOf(cs))
}

// here returns the case if it waits for the applicant in this stage; otherwise the browser is sent to where it stands.
func (p *Pages) here(c *web.Call) (Case, *catalog.Edition, bool, error) {
	cs, err := p.Case(c.Context(), p.Account(c), c.Param("case"))
	if err != nil {
		return Case{}, nil, false, err
	}
	ed, err := p.Edition(cs)
	here := cs.Wait.OfApplicant() && cs.Wait != ForAnswer && cs.Stage == c.Param("stage")
	return cs, ed, here, err
}

func (p *Pages) show(c *web.Call) error {
	cs, ed, here, err := p.here(c)
	if err != nil {
		return err
	}
	if !here {
		return c.Redirect(p.PathOf(cs))
	}
	switch cs.Wait {
	case ForRelease:
		return p.showRelease(c, cs, ed, nil)
	case ForTyping:
		return p.showTyped(c, cs, ed, nil)
	case ForCode:
		return p.showCode(c, cs, ed, nil)
	}
	return p.showForm(c, cs, ed, nil, nil)
}

func (p *Pages) take(c *web.Call) error {
	cs, ed, here, err := p.here(c)
	if err != nil {
		return err
	}
	if !here {
		return c.Redirect(p.PathOf(cs))
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	switch cs.Wait {
	case ForRelease:
		return p.takeRelease(c, cs, ed, f)
	case ForTyping:
		return p.takeTyped(c, cs, ed, f)
	case ForCode:
		return p.takeCode(c, cs, ed, f)
	}
	return p.takeForm(c, cs, ed, f)
}

// onTo sends the browser to where the case stands now.
func (p *Pages) onTo(c *web.Call, cs Case) error { return c.Redirect(p.PathOf(cs)) }

// frame is what all steps have in common.
type frame struct {
	web.Page
	Heading string
	Service string
	Number  string
	Why     string // why a form is open again
	Case    string
}

func (p *Pages) frame(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) frame {
	title := ed.Text(c.Lang(), "stages."+cs.Stage+".title")
	return frame{
		Page:    web.Page{Title: title, Nav: "/leistungen", Form: f, Bare: true, Journey: p.journey(c, cs, ed)},
		Heading: title, Service: ed.Text(c.Lang(), "title"), Number: cs.Number, Why: p.why(c, cs, ed), Case: cs.ID,
	}
}

func (p *Pages) why(c *web.Call, cs Case, ed *catalog.Edition) string {
	if _, isCheck := ed.CheckNamed(cs.Reason); isCheck {
		return ed.Text(c.Lang(), "checks."+cs.Reason+".say")
	}
	return ""
}

// journey shows the steps in which the applicant has something to do.
func (p *Pages) journey(c *web.Call, cs Case, ed *catalog.Edition) web.Journey {
	j := web.Journey{Label: c.T("procedure.journey.label"), Later: "/vorgaenge"}
	at := slices.IndexFunc(ed.Stages, func(s catalog.Stage) bool { return s.Name == cs.Stage })
	for i, st := range ed.Stages {
		asksForRelease := slices.ContainsFunc(st.Fetch, func(name string) bool {
			e, _ := ed.EvidenceNamed(name)
			return e.By != catalog.ByLaw && slices.ContainsFunc(e.From, func(s catalog.Source) bool { return s.Kind == "register" })
		})
		entered := slices.Contains(cs.State.Entered, st.Name)
		conditional := st.Name == "family" || st.Name == "day" || st.Name == "proof" // shown once they are entered
		if (st.Who != "applicant" && !asksForRelease) || (conditional && !entered) {
			continue
		}
		j.Steps = append(j.Steps, web.Step{Name: ed.Text(c.Lang(), "stages."+st.Name+".title"), Done: i < at, Now: i == at})
	}
	return j
}

type formPage struct {
	frame
	Fields  []web.Field
	Stopped []string // what stops the form: it may be handed in nevertheless
	Review  []web.Fact
	Submit  string
}

func (p *Pages) showForm(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form, stopped []catalog.Finding) error {
	pl, err := p.planner(c.Context(), p.DB, cs)
	if err != nil {
		return err
	}
	env, err := pl.values(cs)
	if err != nil {
		return err
	}
	st, _ := ed.StageNamed(cs.Stage)
	page := formPage{frame: p.frame(c, cs, ed, f), Fields: f.Fill(p.fields(c, ed, env, st)...), Submit: c.T("procedure.form.next")}
	for _, s := range stopped {
		page.Stopped = append(page.Stopped, ed.Text(c.Lang(), "checks."+s.Check+".say"))
	}
	status := http.StatusOK
	if f != nil && f.Failed() || len(stopped) > 0 {
		status = http.StatusUnprocessableEntity
	}
	if lastForm(ed, cs.Stage) {
		page.Review, page.Submit = review(c, ed, env), c.T("procedure.form.send")
	}
	return c.Render(status, "procedure/form.html", page)
}

// review lists what will be handed in, in the words of the definition.
func review(c *web.Call, ed *catalog.Edition, env catalog.Env) []web.Fact {
	var out []web.Fact
	for _, f := range ed.Fields {
		if env[f.Name] == nil || f.Type == "confirm" {
			continue
		}
		out = append(out, web.Fact{Name: ed.Label(c.Lang(), f.Name), Value: ed.Print(c.Lang(), env, f.Name)})
	}
	return out
}

// fields are the questions of a form. A value that evidence brought is shown, not asked; a click opens it.
func (p *Pages) fields(c *web.Call, ed *catalog.Edition, env catalog.Env, st catalog.Stage) []web.Field {
	var out []web.Field
	shown := map[string]bool{}
	for _, name := range st.Fills {
		in, _ := ed.Input(c.Lang(), env, name)
		inside := slices.ContainsFunc(ed.ConditionOf(name), func(other string) bool { return shown[other] })
		if in.Asked == catalog.No && !inside {
			continue
		}
		if len(in.Pick) > 0 && len(in.Persons) == 0 {
			continue // nobody to pick
		}
		shown[name] = true
		field := fieldOf(c, ed, in)
		field.Optional = in.Optional || inside
		if in.Taken != "" && c.Query("aendern") != name {
			field = web.Field{Kind: web.ReadonlyField, Name: name, Label: in.Label, Value: ed.PrintValue(c.Lang(), name, in.Value), Source: p.source(c, ed, in.Taken)}
		}
		out = append(out, field)
	}
	return out
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

// values reads a field as the form sent it; an address comes in four parts.
func values(f *web.Form) func(string) []string {
	return func(name string) []string {
		if f.Has(name + "_street") {
			return []string{f.Text(name + "_street"), f.Text(name + "_house"), f.Text(name + "_postcode"), f.Text(name + "_town")}
		}
		if lines := f.Lines(name); strings.Contains(lines, "\n") {
			return []string{lines}
		}
		return f.All(name)
	}
}

func (p *Pages) takeForm(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) error {
	moved, wrong, err := p.Fill(c.Context(), cs.Account, cs.ID, cs.Stage, Sheet{
		Lang: c.Lang(), Values: values(f), Insists: f.Ticked("trotzdem"), WantsPerson: f.Ticked("mensch"), Remarks: f.Lines("anmerkung"),
	})
	if err != nil {
		return err
	}
	if wrong.None() {
		return p.onTo(c, moved)
	}
	for _, w := range wrong.Fields {
		if !f.Take(atInput(w)) {
			return w
		}
	}
	for _, s := range wrong.Stopped {
		field := "trotzdem"
		if fields := ed.FieldsOf(s.Check); len(fields) > 0 {
			field = fields[0]
		}
		f.Take(fault.Field(field, "procedure.form.stopped", "Say", ed.Text(c.Lang(), "checks."+s.Check+".say")))
	}
	return p.showForm(c, cs, ed, f, wrong.Stopped)
}

// atInput points an error about an address to the first of its four inputs.
func atInput(err error) error {
	var e *fault.Error
	if errors.As(err, &e) && e.Code == "catalog.error.address" {
		at := *e
		at.Field += "_street"
		return &at
	}
	return err
}
