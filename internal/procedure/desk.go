package procedure

import (
	"context"
	"errors"
	"strings"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// OfficeCase returns a case of the clerk's own authority. Another authority's case does not exist.
func (s *Service) OfficeCase(ctx context.Context, of authority.Key, id string) (Case, error) {
	c, err := s.load(ctx, s.DB, id)
	if err == nil && c.Authority != of {
		err = fault.New(fault.NotFound, "procedure.error.not_found")
	}
	return c, err
}

// Examined is what the machine prepared for whoever decides.
type Examined struct {
	Edition  *catalog.Edition
	Values   catalog.Env
	Findings []catalog.Finding   // those that stand
	Passed   []catalog.CheckRule // checks that found nothing
	Outcomes []catalog.Outcome
	Why      []string              // why a person decides, as locale keys' last part or names of checks
	Heard    map[string]Question   // by outcome: the last hearing that was held about it
	Until    map[string]clock.Date // by outcome that needs a hearing: the last day for an answer if it begins today
}

// Examine returns what the formal check says about a case now. It changes nothing.
func (s *Service) Examine(ctx context.Context, c Case) (Examined, error) {
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Examined{}, err
	}
	env, err := pl.values(c)
	if err != nil {
		return Examined{}, err
	}
	x := Examined{Edition: pl.ed, Values: env, Outcomes: pl.ed.Decision.Outcomes, Why: strings.Fields(c.Reason)}
	stand := map[string]bool{}
	for _, f := range c.State.Found {
		stand[f.Check] = true
	}
	for _, f := range pl.ed.Findings(env, "") {
		if stand[f.Check] {
			x.Findings = append(x.Findings, f)
		}
	}
	x.Heard, x.Until = map[string]Question{}, map[string]clock.Date{}
	for _, o := range x.Outcomes {
		if !o.NeedsHearing() {
			continue
		}
		x.Until[o.Name] = pl.hearUntil(o)
		if q, heard := c.State.Heard(o.Name, pl.facts.Today); heard {
			x.Heard[o.Name] = q
		}
	}
	for _, check := range pl.ed.Checks {
		if !stand[check.Name] {
			x.Passed = append(x.Passed, check)
		}
	}
	return x, nil
}

// Verdict is a clerk's decision.
type Verdict struct {
	Outcome string
	Reason  string            // for the file, and for the letter where it burdens the person
	Settled map[string]string // by check: why it does not stand in the way
	Unheard Dispensation      // why the person is not heard before a burden; empty if they were
	Version int64             // of the case the clerk had on the screen
}

// Decide takes a clerk's decision and moves the case on. A reason is mandatory wherever the machine had found something
// or the outcome is another one than it proposes. A burden is refused, as a fault at the field of the outcome, until the
// person was heard about it or the clerk says by which law and why not (§ 28 VwVfG). Of two clerks who decide at once, the
// second is told.
func (s *Service) Decide(ctx context.Context, who access.Staff, id string, v Verdict) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil {
		return Case{}, err
	}
	if !c.undecided(v.Version) {
		return Case{}, fault.New(fault.Conflict, "procedure.error.decided")
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
	}
	outcome, ok := pl.ed.OutcomeNamed(v.Outcome)
	if !ok {
		return Case{}, fault.Field("ergebnis", "procedure.error.outcome")
	}
	v.Reason = strings.TrimSpace(v.Reason)
	unheard, wrong := mustHear(c.State, outcome, v.Unheard, pl.facts.Today)
	if v.Reason == "" && (outcome.Burden || len(c.State.Found) > 0 || v.Outcome != c.State.Proposal) {
		wrong = errors.Join(wrong, fault.Field("grund", "procedure.error.reason"))
	}
	if wrong != nil {
		return Case{}, wrong
	}
	at := plan{c: c}
	at.c.State.Settled = cloned(c.State.Settled)
	for _, f := range c.State.Found {
		reason := v.Settled[f.Check]
		if reason == "" {
			reason = v.Reason
		}
		at.c.State.Settled[f.Check] = Settled{Reason: reason, Staff: string(who.ID), Unit: who.Unit, At: pl.now}
	}
	d := Decision{Outcome: v.Outcome, By: ByPerson, Staff: string(who.ID), Name: who.Name, Unit: who.Unit, Reason: v.Reason, Dispensed: unheard}
	if err := pl.decided(&at, d); err != nil {
		return Case{}, err
	}
	moved, err := s.onward(ctx, at.c, change{events: at.events})
	return moved, lostRace(err)
}

// undecided reports whether a clerk may decide the case, having seen it at a version; 0 is any.
func (c Case) undecided(version int64) bool {
	return c.Status == AtDesk && c.State.Decision == nil && (version == 0 || version == c.Version)
}

// lostRace turns a lost race into what the slower clerk reads.
func lostRace(err error) error {
	if errors.Is(err, errMoved) {
		return fault.New(fault.Conflict, "procedure.error.decided")
	}
	return err
}
