package procedure

import (
	"slices"

	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// frame is what all steps have in common.
type frame struct {
	web.Page
	Heading string
	Service string
	Number  string
	Why     string // why a form is open again
	Case    string
	env     catalog.Env
}

func (p *Pages) frame(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) (frame, error) {
	pl, err := p.planner(c.Context(), p.DB, cs)
	if err != nil {
		return frame{}, err
	}
	env, err := pl.values(cs)
	title := p.heading(c, ed, cs.Stage)
	return frame{
		Page:    web.Page{Title: title, Nav: "/leistungen", Form: f, Bare: true, Journey: p.journey(c, cs, ed, env)},
		Heading: title, Service: ed.Text(c.Lang(), "title"), Number: cs.Number, Why: p.why(c, cs, ed), Case: cs.ID, env: env,
	}, err
}

//locale:prefix procedure.stage.

// heading is what a stage asks or says, in our words where we have some, otherwise in the definition's.
func (p *Pages) heading(c *web.Call, ed *catalog.Edition, stage string) string {
	return p.stageText(c, ed, stage, "title")
}

// stepName is a stage's short name.
func (p *Pages) stepName(c *web.Call, ed *catalog.Edition, stage string) string {
	return p.stageText(c, ed, stage, "step")
}

func (p *Pages) stageText(c *web.Call, ed *catalog.Edition, stage, what string) string {
	if key := "procedure.stage." + stage + "." + what; p.Texts.Has(key) {
		return c.T(key)
	}
	return ed.Text(c.Lang(), "stages."+stage+".title")
}

func (p *Pages) why(c *web.Call, cs Case, ed *catalog.Edition) string {
	if _, isCheck := ed.CheckNamed(cs.Reason); isCheck {
		return ed.Text(c.Lang(), "checks."+cs.Reason+".say")
	}
	return ""
}

// journey shows the steps in which the applicant has something to do.
func (p *Pages) journey(c *web.Call, cs Case, ed *catalog.Edition, env catalog.Env) web.Journey {
	j := web.Journey{Label: c.T("procedure.journey.label"), Later: "/vorgaenge"}
	at := slices.IndexFunc(ed.Stages, func(s catalog.Stage) bool { return s.Name == cs.Stage })
	seen := map[string]bool{} // evidence of an earlier step is not asked for again
	for i, st := range ed.Stages {
		asks := st.Who == "applicant"
		for _, name := range st.Fetch {
			asks = asks || !seen[name] && asksPerson(ed, env, name)
			seen[name] = true
		}
		if i == at || asks && ed.When(env, st.Name) != catalog.No {
			j.Steps = append(j.Steps, web.Step{Name: p.stepName(c, ed, st.Name), Done: i < at, Now: i == at})
		}
	}
	return j
}

// asksPerson reports whether evidence needs the person: to release it, or to type a code.
func asksPerson(ed *catalog.Edition, env catalog.Env, name string) bool {
	e, _ := ed.EvidenceNamed(name)
	return e.By != catalog.ByLaw && ed.Wanted(env, name) != catalog.No && slices.ContainsFunc(e.From, func(s catalog.Source) bool {
		return s.Kind == "register" || s.Kind == "posted_code"
	})
}
