package procedure

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// Reopenable reports whether a form that was sent, or what was typed, may be opened again: nothing is handed in yet, and no evidence was
// fetched with what the form says.
func Reopenable(ed *catalog.Edition, c Case, env catalog.Env, stage string) bool {
	st, known := ed.StageNamed(stage)
	typed := slices.ContainsFunc(st.Fetch, func(name string) bool { return c.State.Fetched[stage+"/"+name].How == FromForm })
	if !known || c.Stage == stage || c.Wait != ForForm || !c.Received.IsZero() || !c.State.filled(stage) && !typed {
		return false
	}
	for key, f := range c.State.Fetched {
		_, evidence, _ := strings.Cut(key, "/")
		if f.How != FromNowhere && slices.ContainsFunc(st.Fills, func(field string) bool { return fetchedWith(ed, env, evidence, field) }) {
			return false
		}
	}
	return true
}

// Reopen opens a form again that the applicant has sent, and those after it. What was fetched about people whom the form
// names is fetched anew; releases that were given stay,
// and what was typed is opened as it was left.
func (s *Service) Reopen(ctx context.Context, account, id, stage string) (Case, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil {
		return Case{}, err
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
	}
	env, err := pl.values(c)
	if err != nil {
		return Case{}, err
	}
	if c.Stage == stage && (c.Wait == ForForm || c.Wait == ForTyping) { // the second of two clicks
		return c, nil
	}
	if !Reopenable(pl.ed, c, env, stage) {
		return Case{}, fault.New(fault.Conflict, "procedure.error.decided")
	}
	next, err := pl.reopened(c, stage)
	if err != nil {
		return Case{}, err
	}
	moved, err := s.onward(ctx, next, change{events: []Event{{Kind: Reopened, Stage: stage, Who: account}}})
	return s.current(ctx, account, id, moved, err)
}

// fetchedWith reports whether evidence would be other evidence without the answer in a field. Evidence about people whom
// a field names is fetched anew anyway.
func fetchedWith(ed *catalog.Edition, env catalog.Env, evidence, field string) bool {
	if e, _ := ed.EvidenceNamed(evidence); e.About != "" || env[field] == nil {
		return false
	}
	other := maps.Clone(env)
	delete(other, field)
	return ed.Wanted(env, evidence) != ed.Wanted(other, evidence) || !maps.Equal(with(ed, env, evidence), with(ed, other, evidence))
}

// reopened is a case as it was before a form was sent, with the answers of the form.
func (p planner) reopened(c Case, stage string) (Case, error) {
	next := c
	raw, err := p.ed.Decode(c.State.Values)
	if err != nil {
		return c, err
	}
	next.State.Fetched = cloned(c.State.Fetched)
	next.State.Answers = cloned(c.State.Answers)
	at := slices.IndexFunc(p.ed.Stages, func(st catalog.Stage) bool { return st.Name == stage })
	for _, later := range p.ed.Stages[at:] {
		next.State.Filled = without(next.State.Filled, later.Name)
		next.State.Entered = without(next.State.Entered, later.Name)
		for _, name := range later.Fetch {
			if e, _ := p.ed.EvidenceNamed(name); e.About != "" || next.State.Fetched[later.Name+"/"+name].How == FromForm {
				delete(next.State.Fetched, later.Name+"/"+name)
				delete(next.State.Answers, name)
				delete(raw, name)
			}
		}
	}
	next.Stage, next.State.Insists = stage, false // what stopped it may be right now
	next.State.Entered = append(next.State.Entered, stage)
	next.State.Values, err = p.ed.Encode(raw)
	return next, err
}
