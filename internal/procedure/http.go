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
//locale:prefix procedure.panel.
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
		return p.showTyped(c, cs, -1, nil)
	case ForCode:
		return p.showCode(c, cs, ed, nil)
	}
	return p.showForm(c, cs, ed, nil, nil)
}

func (p *Pages) take(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if f.Has("aendern") {
		return p.reopen(c)
	}
	cs, ed, here, err := p.here(c)
	if err != nil {
		return err
	}
	if !here {
		return c.Redirect(p.PathOf(cs))
	}
	switch cs.Wait {
	case ForRelease:
		return p.takeRelease(c, cs, ed, f)
	case ForTyping:
		return p.takeTyped(c, cs, f)
	case ForCode:
		return p.takeCode(c, cs, ed, f)
	}
	return p.takeForm(c, cs, ed, f)
}

// reopen opens a form again that was sent before.
func (p *Pages) reopen(c *web.Call) error {
	cs, err := p.Reopen(c.Context(), p.Account(c), c.Param("case"), c.Param("stage"))
	if err != nil {
		return err
	}
	return p.onTo(c, cs)
}

// onTo sends the browser to where the case stands now.
func (p *Pages) onTo(c *web.Call, cs Case) error { return c.Redirect(p.PathOf(cs)) }

type formPage struct {
	frame
	Fields  []web.Field
	Stopped []string // what stops the form: it may be handed in nevertheless
	Review  []reviewed
	Person  []web.Field // that a person shall decide, and why
	Submit  string
}

func (p *Pages) showForm(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form, stopped []catalog.Finding) error {
	fr, err := p.frame(c, cs, ed, f)
	if err != nil {
		return err
	}
	st, _ := ed.StageNamed(cs.Stage)
	page := formPage{frame: fr, Fields: p.fields(c, ed, fr.env, st, f), Submit: c.T("procedure.form.next")}
	for _, s := range stopped {
		page.Stopped = append(page.Stopped, ed.Text(c.Lang(), "checks."+s.Check+".say"))
	}
	status := http.StatusOK
	if f != nil && f.Failed() || len(stopped) > 0 {
		status = http.StatusUnprocessableEntity
	}
	if lastForm(ed, cs.Stage) {
		page.Review, page.Submit = p.reviewParts(c, cs, ed, fr.env), c.T("procedure.form.send")
		page.Person = f.Fill(
			web.Field{Kind: web.TickField, Name: "mensch", Label: c.T("procedure.form.person")},
			web.Field{Kind: web.LinesField, Name: "anmerkung", Label: c.T("procedure.form.remark"), Hint: c.T("procedure.form.remark_hint"), Optional: true},
		)
	}
	return c.Render(status, "procedure/form.html", page)
}

// reviewed is what one form brings, with the way back to it.
type reviewed struct {
	ID, Name string
	Facts    []web.Fact
	Path     string // where to open the form again; empty if it must stay
}

func (p *Pages) reviewParts(c *web.Call, cs Case, ed *catalog.Edition, env catalog.Env) []reviewed {
	var out []reviewed
	for _, st := range ed.Stages {
		out = append(out, p.typedParts(c, cs, ed, env, st)...)
		if len(st.Fills) == 0 {
			continue
		}
		part := reviewed{ID: "angaben-" + st.Name, Name: p.stepName(c, ed, st.Name), Facts: review(c, ed, env, st.Fills...)}
		if Reopenable(ed, cs, env, st.Name) {
			part.Path = "/" + ed.Path + "/" + cs.ID + "/" + st.Name
		}
		if len(part.Facts) > 0 {
			out = append(out, part)
		}
	}
	return out
}

// review lists what will be handed in, in the words of the definition.
func review(c *web.Call, ed *catalog.Edition, env catalog.Env, fields ...string) []web.Fact {
	var out []web.Fact
	for _, f := range ed.Fields {
		if env[f.Name] == nil || f.Type == "confirm" || len(fields) > 0 && !slices.Contains(fields, f.Name) {
			continue
		}
		out = append(out, web.Fact{Name: ed.Label(c.Lang(), f.Name), Value: ed.Print(c.Lang(), env, f.Name)})
	}
	return out
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
