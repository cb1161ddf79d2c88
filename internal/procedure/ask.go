package procedure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
)

// AskBack asks the applicant something. The case waits for the answer and comes back to the desk with it.
func (s *Service) AskBack(ctx context.Context, who access.Staff, id, question string) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil {
		return Case{}, err
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
	}
	q := Question{Text: strings.TrimSpace(question)}
	if q.Text == "" {
		return Case{}, fault.Field("frage", "procedure.error.question")
	}
	return s.pose(ctx, who, pl, c, q, 0)
}

// Hear (Anhörung, § 28 Abs. 1 VwVfG) announces to the applicant which burden the clerk intends and on which grounds: the
// outcome and the reason of v. The case waits for the answer, or until the period that the definition gives has ended by
// the calendar of the authority (§ 31 VwVfG), and comes back to the desk. What is settled or dispensed with in v is left
// for the decision.
func (s *Service) Hear(ctx context.Context, who access.Staff, id string, v Verdict) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil {
		return Case{}, err
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
	}
	outcome, known := pl.ed.OutcomeNamed(v.Outcome)
	var wrong error
	switch {
	case !known:
		wrong = fault.Field("ergebnis", "procedure.error.outcome")
	case !outcome.NeedsHearing():
		wrong = fault.Field("ergebnis", "procedure.error.no_hearing")
	}
	q := Question{Text: strings.TrimSpace(v.Reason), Outcome: v.Outcome, Until: pl.hearUntil(outcome)}
	if q.Text == "" {
		wrong = errors.Join(wrong, fault.Field("grund", "procedure.error.grounds"))
	}
	if wrong != nil {
		return Case{}, wrong
	}
	return s.pose(ctx, who, pl, c, q, v.Version)
}

// pose puts a question to the applicant. The same question a second time is the second of two clicks.
func (s *Service) pose(ctx context.Context, who access.Staff, pl planner, c Case, q Question, version int64) (Case, error) {
	if open, is := c.Asked(); is && c.Wait == ForAnswer && open.same(q) {
		return c, nil
	}
	if !c.undecided(version) {
		return Case{}, fault.New(fault.Conflict, "procedure.error.decided")
	}
	q.Unit, q.Asked = who.Unit, pl.now
	e := Event{Kind: AskedBack, Stage: c.Stage, Who: string(who.ID), Unit: who.Unit, Data: map[string]string{"question": q.Text}}
	if q.IsHearing() {
		e.Kind, e.Data = Heard, map[string]string{"outcome": q.Outcome, "grounds": q.Text, "until": q.Until.String()}
	}
	next := c
	next.State.Questions = append(slices.Clone(c.State.Questions), q)
	next.Wait, next.Status = ForAnswer, Waiting
	var err error
	if next.Due, err = pl.dueAfter(next); err != nil {
		return Case{}, err
	}
	written, err := s.put(ctx, c, next, e, func(ctx context.Context, tx *db.Tx) error {
		if err := s.tellQuestion(ctx, tx, next, pl.ed, q); err != nil || q.Until.IsZero() {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, job.Spec{
			Kind: wakeKind, Authority: string(c.Authority), Payload: c.ID, Due: q.Until.AddDays(1).Start(),
			Key: fmt.Sprintf("%s/%s/%d", c.ID, ForAnswer, len(next.State.Questions)),
		})
	})
	if errors.Is(err, errMoved) {
		if now, again := s.OfficeCase(ctx, who.Authority, c.ID); again == nil {
			if open, is := now.Asked(); is && now.Wait == ForAnswer && open.same(q) {
				return now, nil
			}
		}
	}
	return written, lostRace(err)
}

// Answer takes the applicant's answer to a clerk's question. To a hearing whose period has ended an answer is taken as
// long as nothing is decided; a clerk who decides meanwhile is told. The same answer a second time changes nothing.
func (s *Service) Answer(ctx context.Context, account, id, text string) (Case, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil {
		return Case{}, err
	}
	text = strings.TrimSpace(text)
	if _, open := c.Asked(); !open {
		return c, c.tookAnswer(text)
	}
	if text == "" {
		return Case{}, fault.Field("antwort", "procedure.error.answer")
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
	}
	next, err := pl.closed(c, func(q *Question) { q.Answer, q.Answered = text, pl.now })
	if err != nil {
		return Case{}, err
	}
	written, err := s.put(ctx, c, next, Event{Kind: Answered, Stage: c.Stage, Who: account, Data: map[string]string{"answer": text}}, nil)
	if errors.Is(err, errMoved) { // by another click, or by the end of the period: look again
		return s.Answer(ctx, account, id, text)
	}
	return written, err
}

// tookAnswer refuses an answer that nobody waits for, unless it is the one that was given: a person must not believe that
// what they wrote was heard.
func (c Case) tookAnswer(text string) error {
	if n := len(c.State.Questions); n > 0 && c.State.Questions[n-1].Answer == text {
		return nil
	}
	return fault.New(fault.Conflict, "procedure.error.decided")
}

// lapse brings a case back to the desk whose hearing has ended without an answer.
func (s *Service) lapse(ctx context.Context, c Case) error {
	q, open := c.Asked()
	if !open || !q.Over(clock.DateOf(s.DB.Clock().Now())) {
		return nil // answered, or asked anew
	}
	next := c
	next.Wait, next.Status = ForClerk, AtDesk
	_, err := s.put(ctx, c, next, Event{Kind: Unanswered, Stage: c.Stage, Data: map[string]string{"outcome": q.Outcome}}, nil)
	return err
}

// TakeBack brings a case back to the desk that waits for the applicant's answer. A hearing that is taken back was not held.
// The second of two clicks changes nothing.
func (s *Service) TakeBack(ctx context.Context, who access.Staff, id string) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil {
		return Case{}, err
	}
	if _, open := c.Asked(); !open || c.Wait != ForAnswer {
		if n := len(c.State.Questions); n > 0 && !c.State.Questions[n-1].Dropped.IsZero() && c.Status == AtDesk {
			return c, nil
		}
		return Case{}, fault.New(fault.Conflict, "procedure.error.decided")
	}
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
	}
	next, err := pl.closed(c, func(q *Question) { q.Dropped = pl.now })
	if err != nil {
		return Case{}, err
	}
	written, err := s.put(ctx, c, next, Event{Kind: TakenBack, Stage: c.Stage, Who: string(who.ID), Unit: who.Unit}, nil)
	return written, lostRace(err)
}

// closed is a case back at the desk, its last question answered or taken back.
func (p planner) closed(c Case, how func(q *Question)) (next Case, err error) {
	next = c
	next.State.Questions = slices.Clone(c.State.Questions)
	how(&next.State.Questions[len(next.State.Questions)-1])
	next.Wait, next.Status = ForClerk, AtDesk
	next.Due, err = p.dueAfter(next)
	return next, err
}

// put writes a change that moves nothing. A case that has moved on meanwhile is errMoved.
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
		return Case{}, err
	}
	written.Version++
	return written, nil
}
