package procedure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Place is where a page of a work list goes on: the day a case is due, or of a closed one the moment it was closed.
type Place struct {
	At time.Time
	ID string
}

// Desk says whose work is meant: an authority's cases of these services.
type Desk struct {
	Authority authority.Key
	Services  []string
}

// Work lists open cases with a status, those due first on top, at most limit from after the place on. Cases without a
// day come first: nobody has handed them in yet, or they are decided.
func (s *Service) Work(ctx context.Context, d Desk, status Status, after Place, limit int) ([]Case, error) {
	if len(d.Services) == 0 {
		return nil, nil
	}
	rows, err := selectWork(ctx, s.DB, d, status, after, limit)
	if err != nil {
		return nil, fmt.Errorf("work of %s: %w", d.Authority, err)
	}
	return s.openAll(ctx, rows)
}

// Closed lists cases that have ended, the last one first, at most limit from before the place on. What is in them stays
// sealed: see Inspect.
func (s *Service) Closed(ctx context.Context, d Desk, before Place, limit int) ([]Case, error) {
	if len(d.Services) == 0 {
		return nil, nil
	}
	rows, err := selectClosed(ctx, s.DB, d, before, limit)
	if err != nil {
		return nil, fmt.Errorf("closed cases of %s: %w", d.Authority, err)
	}
	return stillSealed(rows), nil
}

// ByNumber finds cases by their file number, open or closed. What is in them stays sealed.
func (s *Service) ByNumber(ctx context.Context, d Desk, number string) ([]Case, error) {
	if len(d.Services) == 0 {
		return nil, nil
	}
	rows, err := selectNumber(ctx, s.DB, d, number)
	if err != nil {
		return nil, fmt.Errorf("a case of %s by number: %w", d.Authority, err)
	}
	return stillSealed(rows), nil
}

func stillSealed(rows []sealed) []Case {
	out := make([]Case, len(rows))
	for i, r := range rows {
		out[i] = r.Case
	}
	return out
}

// Around returns the cases before and after one in the list that Work gives; empty at its ends.
func (s *Service) Around(ctx context.Context, d Desk, c Case) (before, after string, err error) {
	if len(d.Services) == 0 {
		return "", "", nil
	}
	if before, err = selectNeighbour(ctx, s.DB, d, c, false); err != nil {
		return "", "", fmt.Errorf("the case before %s: %w", c.ID, err)
	}
	if after, err = selectNeighbour(ctx, s.DB, d, c, true); err != nil {
		return "", "", fmt.Errorf("the case after %s: %w", c.ID, err)
	}
	return before, after, nil
}

// Urgency says how much time a case has.
type Urgency int

// How much time there is.
const (
	NoDay Urgency = iota // nothing is due
	Overdue
	ThisWeek
	Later
)

// Tally counts the cases of a service that have a status and so much time.
type Tally struct {
	Service string
	Status  Status
	Urgency Urgency
	Count   int
}

// Tallies counts a desk's cases. What is due before today ends is Overdue, what is due before week is ThisWeek.
func (s *Service) Tallies(ctx context.Context, d Desk, today, week time.Time) ([]Tally, error) {
	if len(d.Services) == 0 {
		return nil, nil
	}
	out, err := countCases(ctx, s.DB, d, today, week)
	if err != nil {
		return nil, fmt.Errorf("count the cases of %s: %w", d.Authority, err)
	}
	return out, nil
}

// due is the last moment of the day by which the authority must have answered: the earliest of the deadlines that bind
// one of its units and whose clock runs. It is zero before the applicant has handed everything in and after the decision.
func (p planner) due(c Case, env catalog.Env) time.Time {
	var first clock.Date
	for _, d := range p.ed.Deadlines {
		day, known := env.At("deadline." + d.Name).(clock.Date)
		if known && !slices.Contains(d.Of, "applicant") && !c.Stands(d) && (first.IsZero() || day.Before(first)) {
			first = day
		}
	}
	if first.IsZero() || c.Received.IsZero() || !c.Decided.IsZero() || c.Status.Ended() {
		return time.Time{}
	}
	return first.AddDays(1).Start().Add(-time.Second)
}

// Paused reports whether the clock of a deadline of the authority stands now.
func (c Case) Paused(ed *catalog.Edition) bool {
	return slices.ContainsFunc(ed.Deadlines, func(d catalog.Deadline) bool { return !slices.Contains(d.Of, "applicant") && c.Stands(d) })
}

// dueAfter is due for a case as a change will leave it.
func (p planner) dueAfter(next Case) (time.Time, error) {
	env, err := p.values(next)
	return p.due(next, env), err
}

// Inspect opens the file of a case that has ended, for a clerk of its authority who gives a reason. Everybody whose data
// lie in the file sees the access and the reason. A case that has not ended needs no reason.
func (s *Service) Inspect(ctx context.Context, who access.Staff, id, reason string) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil || !c.Status.Ended() {
		return c, err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return Case{}, fault.Field("grund", "procedure.error.reason")
	}
	ed, err := s.Edition(c)
	if err != nil {
		return Case{}, err
	}
	law := ed.Decision.Law
	if law == "" {
		law = ed.Law
	}
	entries := c.opened(who, law, "Einsicht in die geschlossene Akte: "+ed.Title, reason)
	err = s.DB.Do(db.WithLane(ctx, string(c.Authority)), func(ctx context.Context, tx *db.Tx) error {
		_, err := s.Ledger.Record(ctx, tx, entries...)
		return err
	})
	if err != nil {
		return Case{}, fmt.Errorf("record the access to case %s: %w", c.ID, err)
	}
	return c, nil
}

// opened is what the ledger keeps of a clerk who opens a file: an access for everybody whose data lie in it.
func (c Case) opened(who access.Staff, law, purpose, reason string) []ledger.Entry {
	var entries []ledger.Entry
	for _, subject := range c.concerned() {
		entries = append(entries, ledger.Entry{
			Kind: ledger.Access, Authority: string(c.Authority), Unit: who.Unit, Role: string(access.ClerkRole), Actor: who.ID.Actor(), Subject: subject,
			Reader: string(c.Authority), Purpose: purpose, Law: law, Basis: string(catalog.ByLaw), Case: c.ID, Reason: reason,
		})
	}
	return entries
}

// ToWorkOn opens a running case for a clerk of its authority. That is an access, recorded once a day for each clerk. What
// the applicant has not handed in yet is nobody's business but theirs: for the office it does not exist.
func (s *Service) ToWorkOn(ctx context.Context, who access.Staff, id string) (Case, error) {
	c, err := s.OfficeCase(ctx, who.Authority, id)
	if err != nil || c.Status.Ended() {
		return c, err
	}
	if c.Received.IsZero() && c.Status != AtDesk {
		return Case{}, fault.New(fault.NotFound, "procedure.error.not_found")
	}
	ed, err := s.Edition(c)
	if err != nil {
		return Case{}, err
	}
	entries := c.opened(who, ed.Law, ed.Title, "Die Behörde bearbeitet Ihren Vorgang.")
	err = s.DB.Do(db.WithLane(ctx, string(c.Authority)), func(ctx context.Context, tx *db.Tx) error {
		first, err := insertOpened(ctx, tx, c.ID, who.ID.Actor(), clock.DateOf(tx.Now()))
		if err != nil || !first {
			return err
		}
		_, err = s.Ledger.Record(ctx, tx, entries...)
		return err
	})
	if err != nil {
		return Case{}, fmt.Errorf("record the access to case %s: %w", c.ID, err)
	}
	return c, nil
}

// concerned are the people whose data lie in the file, the applicant first.
func (c Case) concerned() []ledger.Subject {
	out := []ledger.Subject{c.Subject}
	add := func(subject ledger.Subject) {
		if subject != "" && !slices.Contains(out, subject) {
			out = append(out, subject)
		}
	}
	for _, subject := range c.State.Relatives {
		add(subject)
	}
	for _, kept := range c.State.Answers {
		for _, k := range kept {
			add(k.Subject)
		}
	}
	slices.Sort(out[1:])
	return out
}
