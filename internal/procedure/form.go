package procedure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Sheet is what an applicant sent for a stage.
type Sheet struct {
	Lang        string
	Values      func(field string) []string // as the form sent them
	Insists     bool                        // hand it in nevertheless (§ 24 Abs. 3 VwVfG)
	WantsPerson bool
	Remarks     string
}

// Mistakes are what is wrong with a form, at its fields. Stopped names the checks that stop it: the applicant may insist.
type Mistakes struct {
	Fields  []error
	Stopped []catalog.Finding
}

// None reports whether the form is in order.
func (m Mistakes) None() bool { return len(m.Fields) == 0 && len(m.Stopped) == 0 }

// Fill takes the form of a stage. A form with mistakes changes nothing. A form for another stage than the one the case
// stands in (a second click, a page from the history) changes nothing either and is no error.
func (s *Service) Fill(ctx context.Context, account, id, stage string, sent Sheet) (Case, Mistakes, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil || c.Wait != ForForm || c.Stage != stage {
		return c, Mistakes{}, err
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, Mistakes{}, err
	}
	st, _ := pl.ed.StageNamed(stage)
	next := c
	next.State.Lang = sent.Lang
	next.State.Insists = c.State.Insists || sent.Insists
	next.State.WantsPerson = c.State.WantsPerson || sent.WantsPerson
	if r := strings.TrimSpace(sent.Remarks); r != "" {
		next.State.Remarks = r
	}
	mistakes, env, err := s.read(ctx, pl, &next, st, sent)
	if err != nil || !mistakes.None() {
		return c, mistakes, err
	}
	if next.State.Relatives, err = s.whoIs(ctx, pl.ed, next, env); err != nil {
		return Case{}, Mistakes{}, err
	}
	next.State.Filled = append(slices.Clone(c.State.Filled), stage)
	if lastForm(pl.ed, stage) {
		next.Received, next.State.Typing = pl.now, nil
	}
	events := []Event{{Kind: Filled, Stage: stage, Who: account}}
	if sent.Insists {
		events = append(events, Event{Kind: Insisted, Stage: stage, Who: account})
	}
	if sent.WantsPerson {
		events = append(events, Event{Kind: WantedPerson, Stage: stage, Who: account})
	}
	moved, err := s.onward(ctx, next, change{events: events})
	moved, err = s.current(ctx, account, id, moved, err)
	return moved, Mistakes{}, err
}

func lastForm(ed *catalog.Edition, stage string) bool {
	last := ""
	for _, st := range ed.Stages {
		if st.Who == "applicant" {
			last = st.Name
		}
	}
	return last == stage
}

// read takes the fields of a form one after the other, because what one says decides whether the next is asked.
func (s *Service) read(ctx context.Context, pl planner, next *Case, st catalog.Stage, sent Sheet) (Mistakes, catalog.Env, error) {
	var m Mistakes
	raw, err := pl.ed.Decode(next.State.Values)
	if err != nil {
		return m, nil, fmt.Errorf("values of case %s: %w", next.ID, err)
	}
	if raw == nil {
		raw = catalog.Env{}
	}
	facts := pl.factsOf(*next)
	env := pl.ed.Complete(raw, facts)
	for _, name := range st.Fills {
		delete(raw, name)
		if pl.ed.Asked(env, name) == catalog.No {
			env = pl.ed.Complete(raw, facts)
			continue
		}
		v, err := pl.ed.ParseField(sent.Lang, name, slices.Clone(sent.Values(name)))
		if err != nil && env[name] != nil && blank(sent.Values(name)) {
			v, err = nil, nil // not corrected: what the evidence says stands
		}
		if err == nil {
			err = pl.ed.CheckPicked(sent.Lang, env, name, v)
		}
		if err != nil {
			m.Fields = append(m.Fields, err)
			continue
		}
		if v != nil {
			if raw[name], err = s.verified(ctx, next.Authority, v); err != nil {
				return m, nil, err
			}
		}
		env = pl.ed.Complete(raw, facts)
	}
	if len(m.Fields) == 0 && !next.State.Insists {
		m.Stopped = stopping(pl.ed, env, st)
	}
	if !m.None() {
		return m, env, nil
	}
	for _, name := range st.Fills { // defaults are written down: what the person saw is what counts
		if env[name] != nil && raw[name] == nil {
			if raw[name], err = s.verified(ctx, next.Authority, env[name]); err != nil {
				return m, nil, err
			}
		}
	}
	next.State.Values, err = pl.ed.Encode(raw)
	return m, pl.ed.Complete(raw, facts), err
}

func blank(values []string) bool {
	return !slices.ContainsFunc(values, func(s string) bool { return strings.TrimSpace(s) != "" })
}

// stopping are the checks that stop this form and can be seen from here.
func stopping(ed *catalog.Edition, env catalog.Env, st catalog.Stage) []catalog.Finding {
	var out []catalog.Finding
	for _, f := range ed.FindingsKnown(env, st.Name) {
		mine := slices.ContainsFunc(ed.FieldsOf(f.Check), func(name string) bool { return slices.Contains(st.Fills, name) })
		if f.Severity == catalog.Stop && (mine || len(ed.FieldsOf(f.Check)) == 0) {
			out = append(out, f)
		}
	}
	return out
}

// verified looks an address up in the directory: it counts as verified if the house is there and the authority of the
// case is responsible for it.
func (s *Service) verified(ctx context.Context, of authority.Key, v any) (any, error) {
	a, ok := v.(catalog.Address)
	if !ok {
		return v, nil
	}
	canonical, known, err := s.Authorities.Canonical(ctx, a.Postal())
	if err != nil {
		return nil, fmt.Errorf("look up an address: %w", err)
	}
	if !known {
		return catalog.NewAddress(a.Postal(), false), nil
	}
	responsible, err := s.Authorities.ResponsibleFor(ctx, register.Residents, canonical)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("who is responsible for an address: %w", err)
	}
	return catalog.NewAddress(canonical, responsible == of), nil
}

// whoIs finds the people behind the names that were picked: only those the register links with the applicant.
func (s *Service) whoIs(ctx context.Context, ed *catalog.Edition, c Case, env catalog.Env) (map[string]ledger.Subject, error) {
	out := cloned(c.State.Relatives)
	for _, e := range ed.Evidence {
		picked, _ := env[e.About].([]any)
		if e.About == "" || len(picked) == 0 {
			continue
		}
		persons, err := s.Mandates.Persons(ctx, c.Account)
		if err != nil {
			return nil, err
		}
		for _, p := range ed.Pickable(env, e.About) {
			if !slices.Contains(picked, any(p.Ref)) {
				continue
			}
			for _, person := range persons {
				given, _ := p.Values["given_names"].(string)
				family, _ := p.Values["family_name"].(string)
				born, _ := p.Values["birth_date"].(clock.Date)
				if person.Birth == born && authority.Fold(person.Family) == authority.Fold(family) && sameGiven(person.Given, given) {
					out[p.Ref] = person.Subject
				}
			}
		}
	}
	return out, nil
}

func sameGiven(a, b string) bool {
	return authority.Fold(register.AllNames(a)) == authority.Fold(register.AllNames(b)) ||
		authority.Fold(register.CallName(a)) == authority.Fold(register.CallName(b))
}

// EnterCode takes the code that was posted to the new home.
func (s *Service) EnterCode(ctx context.Context, account, id, code string) (Case, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil || c.Wait != ForCode {
		return c, err
	}
	ed, out, err := s.replan(ctx, c)
	if err != nil {
		return Case{}, err
	}
	confirmed, err := s.Registers.Landlords.Redeem(ctx, c.Authority, c.ID, code)
	if err != nil {
		return Case{}, err
	}
	next := c
	for _, n := range out.needs {
		if n.Source.Kind != "posted_code" {
			continue
		}
		home, err := s.verified(ctx, c.Authority, catalog.NewAddress(confirmed.Home, false))
		if err != nil {
			return Case{}, err
		}
		env, err := ed.Decode(c.State.Values)
		if err != nil {
			return Case{}, err
		}
		env[n.Evidence.Name] = map[string]any{"home": home}
		next.State.fetched(n.Key, Fetched{How: FromCode})
		if next.State.Values, err = ed.Encode(env); err != nil {
			return Case{}, err
		}
	}
	moved, err := s.onward(ctx, next, change{
		events: []Event{{Kind: Coded, Stage: c.Stage, Who: account}},
		also:   func(ctx context.Context, tx *db.Tx) error { return s.Registers.Landlords.Use(ctx, tx, confirmed, c.ID) },
	})
	return s.current(ctx, account, id, moved, err)
}

// WithoutCode gives the code up: a person at the desk sees to the proof.
func (s *Service) WithoutCode(ctx context.Context, account, id string) (Case, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil || c.Wait != ForCode {
		return c, err
	}
	_, out, err := s.replan(ctx, c)
	if err != nil {
		return Case{}, err
	}
	next := c
	for _, n := range out.needs {
		next.State.fetched(n.Key, Fetched{How: FromNowhere})
	}
	moved, err := s.onward(ctx, next, change{events: []Event{{Kind: Declined, Stage: c.Stage, Who: account}}})
	return s.current(ctx, account, id, moved, err)
}
