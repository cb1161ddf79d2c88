package procedure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

// releaseFor is how long what a person releases may be used if the case does not end before.
const releaseFor = 60 * 24 * time.Hour

// declined stands in place of a grant that the person did not give.
const declined = "declined"

// locate finds out who holds the evidence that a plan needs.
func (s *Service) locate(ctx context.Context, out *plan) (map[ledger.Subject]authority.Key, error) {
	holders := map[ledger.Subject]authority.Key{}
	for _, n := range out.needs {
		if n.Source.Kind != "register" || n.Source.Name != register.Residents {
			continue
		}
		found, err := s.Exchange.Locate(ctx, n.Source.Name, n.Subjects...)
		if err != nil {
			return nil, fmt.Errorf("who holds the evidence of case %s: %w", out.c.ID, err)
		}
		maps.Copy(holders, found)
	}
	return holders, nil
}

func (n need) holder(c Case, holders map[ledger.Subject]authority.Key, subject ledger.Subject) authority.Key {
	if n.Source.Name == register.Residents {
		return holders[subject]
	}
	return c.Authority // registers that the own authority keeps
}

// grantKey is where a case remembers the release of one kind of evidence about one person.
func grantKey(evidence string, subject ledger.Subject) string {
	return evidence + "/" + string(subject)
}

// ask puts the questions for release that a plan waits for, once each.
func (s *Service) ask(ctx context.Context, tx *db.Tx, c *Case, out plan, eff effects) error {
	if c.Wait != ForRelease {
		return nil
	}
	ed, err := s.Edition(*c)
	if err != nil {
		return err
	}
	requests := maps.Clone(c.State.Requests)
	if requests == nil {
		requests = map[string]string{}
	}
	for _, n := range out.needs {
		for _, subject := range n.Subjects {
			key := grantKey(n.Evidence.Name, subject)
			holder := n.holder(*c, eff.holders, subject)
			if n.Source.Kind != "register" || holder == "" || c.State.Grants[key] != "" {
				continue
			}
			r, err := s.Consent.Ask(ctx, tx, consent.Request{
				Subject: subject, Account: c.Account, OnBehalf: c.Mandate, Reader: c.Authority, Unit: unitOf(ed), Register: n.Source.Name, Holder: holder,
				Evidence: n.Evidence.Name, Title: n.Evidence.Title, Purpose: n.Evidence.Purpose, Law: n.Evidence.Law, Basis: consent.Basis(n.Evidence.By),
				Case: c.ID, Fields: fieldsOf(ed, n.Evidence), Whole: n.Evidence.Whole, Until: tx.Now().Add(releaseFor),
			})
			if err != nil {
				return fmt.Errorf("ask for %s in case %s: %w", n.Evidence.Name, c.ID, err)
			}
			requests[key] = r.ID
		}
	}
	c.State.Requests = requests
	return nil
}

func unitOf(ed *catalog.Edition) string { return ed.Decision.By }

// fieldsOf names the groups of evidence; with like they are another evidence's.
func fieldsOf(ed *catalog.Edition, e catalog.Evidence) []string {
	if e.Like != "" {
		e, _ = ed.EvidenceNamed(e.Like)
	}
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Name
	}
	return names
}

// Preview is evidence as the person reads it before releasing it.
type Preview struct {
	Request  string // of consent
	Evidence catalog.Evidence
	Subject  ledger.Subject
	Holder   authority.Key
	Values   map[string]any // as expressions know them
	Hash     string         // of exactly these values; empty if the register has nothing to tell
}

// Previews reads what the case wants to fetch, for the person to see. Each is an access with the person as reader. A
// register that does not answer is fault Unavailable.
func (s *Service) Previews(ctx context.Context, c Case) ([]Preview, error) {
	ed, out, err := s.replan(ctx, c)
	if err != nil {
		return nil, err
	}
	var list []Preview
	for _, n := range out.needs {
		for _, subject := range n.Subjects {
			key := grantKey(n.Evidence.Name, subject)
			if n.Source.Kind != "register" || c.State.Requests[key] == "" || c.State.Grants[key] != "" {
				continue
			}
			p, err := s.preview(ctx, ed, c, n, subject, out.env)
			if err != nil {
				return nil, err
			}
			p.Request = c.State.Requests[key]
			list = append(list, p)
		}
	}
	return list, nil
}

func (s *Service) replan(ctx context.Context, c Case) (*catalog.Edition, plan, error) {
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return nil, plan{}, err
	}
	out, err := pl.advance(c)
	return pl.ed, out, err
}

func (s *Service) preview(ctx context.Context, ed *catalog.Edition, c Case, n need, subject ledger.Subject, env catalog.Env) (Preview, error) {
	holders, err := s.locate(ctx, &plan{c: c, needs: []need{n}})
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Evidence: n.Evidence, Subject: subject, Holder: n.holder(c, holders, subject)}
	a, err := s.Exchange.Preview(ctx, exchange.Look{
		Account: c.Account, Family: subject != c.Subject, Subject: subject, OnBehalf: c.Mandate, Holder: p.Holder, Register: n.Source.Name, Evidence: n.Evidence.Name,
		Fields: fieldsOf(ed, n.Evidence), With: with(ed, env, n.Evidence.Name), UnlessBlocked: n.Evidence.UnlessBlocked != "",
		Purpose: n.Evidence.Title, Law: n.Evidence.Law, Reason: n.Evidence.Purpose, Case: c.ID,
	})
	if fault.Is(err, fault.NotFound) {
		return p, nil
	}
	if err != nil {
		return Preview{}, err
	}
	p.Hash = a.Hash
	p.Values, err = decodeEvidence(ed, n.Evidence, a.Values)
	return p, err
}

func with(ed *catalog.Edition, env catalog.Env, evidence string) map[string]string {
	out := map[string]string{}
	for k, v := range ed.With(env, evidence) {
		out[k] = fmt.Sprint(v)
	}
	return out
}

// decodeEvidence reads a register's answer as the definition's values.
func decodeEvidence(ed *catalog.Edition, e catalog.Evidence, values register.Values) (map[string]any, error) {
	var body any = values
	if e.About != "" {
		body = []register.Values{values}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	v, err := ed.DecodeEvidence(e.Name, raw)
	if err != nil {
		return nil, fmt.Errorf("answer about %s: %w", e.Name, err)
	}
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	group, _ := v.(map[string]any)
	return group, nil
}

// Reply is the person's answer to one question for release. Hash is that of the values they saw.
type Reply struct {
	Request string
	Hash    string
	Yes     bool
}

// Release takes the person's answers. What is released is fetched at once; what is kept back is tried from the next
// source, so that refusing means typing.
func (s *Service) Release(ctx context.Context, account, id string, replies []Reply) (Case, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil {
		return Case{}, err
	}
	if c.Wait != ForRelease {
		return c, nil // a second click
	}
	ed, out, err := s.replan(ctx, c)
	if err != nil {
		return Case{}, err
	}
	if stale(c, out, replies) {
		return c, nil // a click on an earlier page answers nothing that is asked now, and refuses nothing either
	}
	seal, err := s.sealer(ctx, c.Authority)
	if err != nil {
		return Case{}, err
	}
	next := c
	err = s.DB.Do(db.WithLane(ctx, string(c.Authority)), func(ctx context.Context, tx *db.Tx) error {
		next = c
		events, err := s.answer(ctx, tx, ed, &next, out, replies)
		if err != nil {
			return err
		}
		next.Wait, next.Status, next.State.Changed = ForRegister, Waiting, false
		if err := s.save(ctx, tx, c, &next, seal, false, events); err != nil {
			return err
		}
		return s.schedule(ctx, tx, next, out)
	})
	if err != nil {
		return s.current(ctx, account, id, Case{}, err)
	}
	next.Version++
	done, err := s.collect(ctx, next)
	return s.current(ctx, account, id, done, err)
}

// stale reports whether there are replies, and none of them is to a question of this plan.
func stale(c Case, out plan, replies []Reply) bool {
	asked := map[string]bool{}
	for _, n := range out.needs {
		for _, subject := range n.Subjects {
			asked[c.State.Requests[grantKey(n.Evidence.Name, subject)]] = true
		}
	}
	return len(replies) > 0 && !slices.ContainsFunc(replies, func(r Reply) bool { return r.Request != "" && asked[r.Request] })
}

// answer gives the replies to package consent. Evidence of which nothing was released is tried from its next source.
func (s *Service) answer(ctx context.Context, tx *db.Tx, ed *catalog.Edition, c *Case, out plan, replies []Reply) ([]Event, error) {
	c.State.Grants, c.State.Tried = cloned(c.State.Grants), cloned(c.State.Tried)
	var events []Event
	for _, n := range out.needs {
		released := false
		for _, subject := range n.Subjects {
			key := grantKey(n.Evidence.Name, subject)
			i := slices.IndexFunc(replies, func(r Reply) bool { return r.Request != "" && r.Request == c.State.Requests[key] })
			if i < 0 {
				continue
			}
			if !replies[i].Yes || replies[i].Hash == "" {
				if err := s.Consent.Refuse(ctx, tx, c.Account, replies[i].Request); err != nil {
					return nil, err
				}
				c.State.Grants[key] = declined
				events = append(events, Event{Kind: Declined, Stage: c.Stage, Who: c.Account, Data: map[string]string{"evidence": n.Evidence.Name}})
				continue
			}
			g, err := s.Consent.Release(ctx, tx, c.Account, replies[i].Request, fieldsOf(ed, n.Evidence), replies[i].Hash)
			if err != nil {
				return nil, err
			}
			c.State.Grants[key] = g.ID
			released = true
			events = append(events, Event{Kind: Released, Stage: c.Stage, Who: c.Account, Data: map[string]string{"evidence": n.Evidence.Name, "grant": g.ID}})
		}
		if !released {
			c.State.Tried[n.Key]++
		}
	}
	return events, nil
}

func cloned[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

// collect fetches what has been released and moves the case on. Values that changed since the person saw them, or a
// release that has lapsed, are asked for again.
func (s *Service) collect(ctx context.Context, c Case) (Case, error) {
	ed, out, err := s.replan(ctx, c)
	if err != nil {
		return Case{}, err
	}
	next := c
	next.State.Fetched, next.State.Grants, next.State.Tried = cloned(c.State.Fetched), cloned(c.State.Grants), cloned(c.State.Tried)
	next.State.Requests, next.State.Answers = cloned(c.State.Requests), cloned(c.State.Answers)
	var kept []exchange.Answer
	var used []register.Confirmation
	var events []Event
	for _, n := range out.needs {
		questions, err := s.questions(ctx, ed, c, n, out.env)
		if err != nil {
			return Case{}, err
		}
		if len(questions) == 0 {
			continue
		}
		answers, err := s.Exchange.FetchMany(ctx, questions)
		switch {
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Gone):
			for _, q := range questions {
				delete(next.State.Grants, grantKey(n.Evidence.Name, q.Subject))
				delete(next.State.Requests, grantKey(n.Evidence.Name, q.Subject))
			}
			next.State.Changed = true
			continue
		case err != nil:
			return Case{}, err
		}
		mine, err := s.spokenFor(ctx, c, n, questions)
		if err != nil {
			return Case{}, err
		}
		if mine.taken { // somebody else moved in with this mark: it confirms nothing here
			answers = nil
		}
		if err := take(ed, &next, n, answers); err != nil {
			return Case{}, err
		}
		kept, used = append(kept, answers...), append(used, mine.use...)
		events = append(events, Event{Kind: Fetch, Stage: c.Stage, Data: map[string]string{"evidence": n.Evidence.Name}})
	}
	next.Wait = ForNothing
	return s.onward(ctx, next, change{events: events, also: func(ctx context.Context, tx *db.Tx) error {
		for _, confirmation := range used {
			if err := s.Registers.Landlords.Use(ctx, tx, confirmation, c.ID); err != nil {
				return err
			}
		}
		return s.Exchange.Keep(ctx, tx, kept...)
	}})
}

// claim is what a case may do with a landlord's confirmation: use it, unless another case has.
type claim struct {
	use   []register.Confirmation
	taken bool
}

// spokenFor looks whether the reference mark of a landlord's confirmation has served another case already.
func (s *Service) spokenFor(ctx context.Context, c Case, n need, questions []exchange.Question) (claim, error) {
	if n.Source.Name != exchange.Confirmations {
		return claim{}, nil
	}
	confirmation, err := s.Registers.Landlords.Confirmation(ctx, c.Authority, questions[0].With["mark"])
	if fault.Is(err, fault.NotFound) {
		return claim{}, nil
	}
	if err != nil {
		return claim{}, err
	}
	if confirmation.Case != "" && confirmation.Case != c.ID {
		return claim{taken: true}, nil
	}
	return claim{use: []register.Confirmation{confirmation}}, nil
}

// onward moves a case, and goes on fetching while that is all it waits for. If another case of the same person came or
// went meanwhile, the plan is made anew; if this very case moved on, that is errMoved.
func (s *Service) onward(ctx context.Context, c Case, with change) (moved Case, err error) {
	for range plansMost {
		moved, err = s.move(ctx, c, with)
		if !errors.Is(err, errMoved) {
			break
		}
		stored, loadErr := s.load(ctx, s.DB, c.ID)
		if loadErr != nil {
			return Case{}, loadErr
		}
		if stored.Version != c.Version {
			return Case{}, err
		}
	}
	if err != nil || moved.Wait != ForRegister {
		return moved, err
	}
	return s.collect(ctx, moved)
}

const plansMost = 3

// current answers an applicant whose other click was faster, or whose register is away, with the case as it stands: it is
// safe, and a job goes on with it.
func (s *Service) current(ctx context.Context, account, id string, moved Case, err error) (Case, error) {
	if errors.Is(err, errMoved) || fault.Is(err, fault.Unavailable) {
		return s.Case(ctx, account, id)
	}
	return moved, err
}

// questions are what may be fetched of a need: what was released and has not come yet.
func (s *Service) questions(ctx context.Context, ed *catalog.Edition, c Case, n need, env catalog.Env) ([]exchange.Question, error) {
	holders, err := s.locate(ctx, &plan{c: c, needs: []need{n}})
	if err != nil {
		return nil, err
	}
	var out []exchange.Question
	for _, subject := range n.Subjects {
		grant := c.State.Grants[grantKey(n.Evidence.Name, subject)]
		if n.Source.Kind != "register" || grant == "" || grant == declined {
			continue
		}
		out = append(out, exchange.Question{
			Case: c.ID, Reader: c.Authority, Unit: unitOf(ed), Role: "engine", OnBehalf: c.Mandate, Holder: n.holder(c, holders, subject),
			Register: n.Source.Name, Subject: subject, Evidence: n.Evidence.Name, Fields: fieldsOf(ed, n.Evidence),
			With: with(ed, env, n.Evidence.Name), UnlessBlocked: n.Evidence.UnlessBlocked != "", Purpose: n.Evidence.Title, Law: n.Evidence.Law,
			Reason: n.Evidence.Purpose, Basis: consent.Basis(n.Evidence.By), Grant: grant,
		})
	}
	return out, nil
}

// take puts answers among the case's values: one group, or a row per relative.
func take(ed *catalog.Edition, c *Case, n need, answers []exchange.Answer) error {
	env, err := ed.Decode(c.State.Values)
	if err != nil {
		return fmt.Errorf("values of case %s: %w", c.ID, err)
	}
	rows := make([]any, 0, len(answers))
	raw := make([]Kept, 0, len(answers))
	for _, a := range answers {
		group, err := decodeEvidence(ed, n.Evidence, a.Values)
		if err != nil {
			return err
		}
		rows = append(rows, group)
		raw = append(raw, Kept{Subject: a.Subject, Values: a.Values})
	}
	switch {
	case n.Evidence.About != "":
		env[n.Evidence.Name] = rows
	case len(rows) == 1:
		env[n.Evidence.Name] = rows[0]
	}
	how, from := FromRegister, ""
	if len(answers) == 0 {
		how = FromNowhere
	} else {
		from = string(answers[0].Holder)
	}
	c.State.fetched(n.Key, Fetched{How: how, From: from})
	c.State.Answers[n.Evidence.Name] = raw
	c.State.Values, err = ed.Encode(env)
	return err
}
