package procedure

import (
	"context"
	"errors"
	"strings"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
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
	Why      []string // why a person decides, as locale keys' last part or names of checks
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
	Version int64             // of the case the clerk had on the screen
}

// Decide takes a clerk's decision and moves the case on. A reason is mandatory wherever the machine had found something
// or the outcome is another one than it proposes. Of two clerks who decide at once, the second is told.
func (s *Service) Decide(ctx context.Context, who access.Staff, id string, v Verdict) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil {
		return Case{}, err
	}
	if c.Status != AtDesk || c.State.Decision != nil || (v.Version != 0 && v.Version != c.Version) {
		return Case{}, fault.New(fault.Conflict, "procedure.error.decided")
	}
	ed, err := s.Edition(c)
	if err != nil {
		return Case{}, err
	}
	outcome, ok := ed.OutcomeNamed(v.Outcome)
	if !ok {
		return Case{}, fault.Field("ergebnis", "procedure.error.outcome")
	}
	v.Reason = strings.TrimSpace(v.Reason)
	if v.Reason == "" && (outcome.Burden || len(c.State.Found) > 0 || v.Outcome != c.State.Proposal) {
		return Case{}, fault.Field("grund", "procedure.error.reason")
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
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
	d := Decision{Outcome: v.Outcome, By: ByPerson, Staff: string(who.ID), Name: who.Name, Unit: who.Unit, Reason: v.Reason}
	if err := pl.decided(&at, d); err != nil {
		return Case{}, err
	}
	moved, err := s.onward(ctx, at.c, change{events: at.events})
	return moved, lostRace(err)
}

// lostRace turns a lost race into what the slower clerk reads.
func lostRace(err error) error {
	if errors.Is(err, errMoved) {
		return fault.New(fault.Conflict, "procedure.error.decided")
	}
	return err
}

// AskBack asks the applicant something. The case waits for the answer and comes back to the desk with it.
func (s *Service) AskBack(ctx context.Context, who access.Staff, id, question string) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil {
		return Case{}, err
	}
	question = strings.TrimSpace(question)
	switch {
	case question == "":
		return Case{}, fault.Field("frage", "procedure.error.question")
	case c.Status != AtDesk:
		return Case{}, fault.New(fault.Conflict, "procedure.error.decided")
	}
	next := c
	next.State.Questions = append(next.State.Questions, Question{Text: question, Unit: who.Unit, Asked: s.DB.Clock().Now().UTC()})
	next.Wait, next.Status = ForAnswer, Waiting
	return s.put(ctx, c, next, Event{Kind: AskedBack, Stage: c.Stage, Who: string(who.ID), Unit: who.Unit, Data: map[string]string{"question": question}}, s.toldOfQuestion(next))
}

// Answer takes the applicant's answer to a clerk's question.
func (s *Service) Answer(ctx context.Context, account, id, text string) (Case, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil {
		return Case{}, err
	}
	text = strings.TrimSpace(text)
	switch {
	case c.Wait != ForAnswer:
		return c, nil
	case text == "":
		return Case{}, fault.Field("antwort", "procedure.error.answer")
	}
	next := c
	next.State.Questions = append([]Question(nil), c.State.Questions...)
	for i := range next.State.Questions {
		if next.State.Questions[i].Answered.IsZero() {
			next.State.Questions[i].Answer, next.State.Questions[i].Answered = text, s.DB.Clock().Now().UTC()
		}
	}
	next.Wait, next.Status = ForClerk, AtDesk
	return s.put(ctx, c, next, Event{Kind: Answered, Stage: c.Stage, Who: account, Data: map[string]string{"answer": text}}, nil)
}

// put writes a change that moves nothing.
func (s *Service) put(ctx context.Context, before, next Case, e Event, also func(ctx context.Context, tx *db.Tx) error) (Case, error) {
	seal, err := s.sealer(ctx, before.Authority)
	if err != nil {
		return Case{}, err
	}
	var written Case
	err = s.DB.Do(db.WithLane(ctx, string(before.Authority)), func(ctx context.Context, tx *db.Tx) error {
		written = next
		if err := s.save(ctx, tx, before, &written, seal, false, []Event{e}); err != nil {
			return err
		}
		if also == nil {
			return nil
		}
		return also(ctx, tx)
	})
	if err != nil {
		return Case{}, lostRace(err)
	}
	written.Version++
	return written, nil
}
