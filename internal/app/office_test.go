package app_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

func TestALandlordWhoNamesAnotherDayBringsTheCaseToTheDeskAndAClerkSettlesIt(t *testing.T) {
	towns(t, func(t town) {
		p, c := t.prepared("mover")
		wrong := p.MovedIn(t.today()).AddDays(-3)
		c = t.fill(c, map[string]string{"kind": "sole", "move_in": wrong.String()})
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.AtDesk || c.Outcome != "" || t.notified(c) != "" {
			t.Fatalf("%s, decided %q, told %q", c.Status, c.Outcome, t.notified(c))
		}
		clerk := t.clerk(demo.NewTown)
		if _, err := t.Procedure.Decide(t.Context(), t.clerk(demo.OldTown), c.ID, procedure.Verdict{Outcome: "registered", Reason: "x"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("another town's clerk: %v", err)
		}
		if _, err := t.Procedure.Decide(t.Context(), clerk, c.ID, procedure.Verdict{Outcome: "registered"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		errs := make([]error, 2) // two clerks at once
		var both sync.WaitGroup
		for i := range errs {
			both.Go(func() {
				_, errs[i] = t.Procedure.Decide(t.Context(), clerk, c.ID, procedure.Verdict{Outcome: "registered", Reason: "Mit dem Vermieter telefoniert.", Version: c.Version})
			})
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !fault.Is(errors.Join(errs...), fault.Conflict) {
			t.Errorf("two clerks decided: %v, %v", errs[0], errs[1])
		}
		c = t.drained(c)
		if c.Status != procedure.Done || c.DecidedBy != procedure.ByPerson {
			t.Errorf("%s by %q", c.Status, c.DecidedBy)
		}
	})
}

func (t town) clerk(of authority.Key) access.Staff {
	t.Helper()
	list, err := t.Access.List(t.Context(), of)
	if err != nil || len(list) == 0 {
		t.Fatalf("no clerks of %s (%v)", of, err)
	}
	return list[0]
}

func TestALandlordsMarkServesOneCase(t *testing.T) {
	towns(t, func(t town) {
		p, first := t.citizen("mover")
		mark := t.confirmation(p, p.NewHome)
		c := t.release(t.fill(t.start(first), map[string]string{"proof": "landlord", "mark": mark}))
		t.wants(c, "apply", procedure.ForForm)
		_, second := t.citizen("church")
		thief := t.release(t.fill(t.start(second), map[string]string{"proof": "landlord", "mark": mark}))
		thief = t.fill(thief, map[string]string{"new_home": p.NewHome.String(), "move_in": p.MovedIn(t.today()).String(), "kind": "sole"})
		thief = t.drained(t.fill(thief, map[string]string{"correct": "yes"}))
		if thief.Status != procedure.AtDesk || !strings.Contains(thief.Reason, "move_confirmed") {
			t.Errorf("a mark that had served another case confirmed this one: %s %q", thief.Status, thief.Reason)
		}
		c = t.fill(c, map[string]string{"kind": "sole"})
		if c = t.drained(t.fill(c, map[string]string{"correct": "yes"})); c.Status != procedure.Done {
			t.Errorf("the first case suffered: %s %q", c.Status, c.Reason)
		}
	})
}

func TestASecondCaseOfTheSamePersonGoesToAPersonAndADoubleClickChangesNothing(t *testing.T) {
	towns(t, func(t town) {
		p, account := t.citizen("mover")
		open, err := t.Bring(t.Context(), p, account, app.StandDesk)
		if err != nil {
			t.Fatal(err)
		}
		again, err := t.Bring(t.Context(), p, account, app.StandConfirm)
		if err != nil {
			t.Fatal(err)
		}
		if again.ID == open.ID {
			t.Fatal("a new move was put into the case that is at the desk")
		}
		var both sync.WaitGroup
		for range 5 { // five clicks at once
			both.Go(func() {
				_, _, err := t.Procedure.Fill(t.Context(), account, again.ID, "confirm", procedure.Sheet{Lang: "de", Values: func(string) []string { return []string{"yes"} }})
				if err != nil {
					t.Errorf("a click: %v", err)
				}
			})
		}
		both.Wait()
		again = t.drained(again)
		if again.Status != procedure.AtDesk || !strings.Contains(again.Reason, "no_second_case") || t.notified(again) != "" {
			t.Errorf("%s %q, told %q", again.Status, again.Reason, t.notified(again))
		}
		events, err := t.Procedure.History(t.Context(), again)
		if err != nil {
			t.Fatal(err)
		}
		filled := 0
		for _, e := range events {
			if e.Kind == procedure.Filled && e.Stage == "confirm" {
				filled++
			}
		}
		if filled != 1 {
			t.Errorf("the form was taken %d times", filled)
		}
	})
}

func TestAClerkWhoOpensACaseIsSeenAndDraftsAreNobodysBusiness(t *testing.T) {
	towns(t, func(t town) {
		p, account := t.citizen("mover")
		clerk := t.clerk(demo.NewTown)
		draft, err := t.Bring(t.Context(), p, account, app.StandForm)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := t.Procedure.ToWorkOn(t.Context(), clerk, draft.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a clerk opened what was not handed in: %v", err)
		}
		c := t.fill(draft, map[string]string{"kind": "sole", "move_in": p.MovedIn(t.today()).AddDays(-3).String()})
		c = t.fill(c, map[string]string{"correct": "yes"})
		looks := func() (n int) {
			list, err := t.Ledger.OfSubject(t.Context(), t.DB, c.Subject, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if e.Kind == ledger.Access && e.Actor == clerk.ID.Actor() {
					n++
				}
			}
			return n
		}
		for range 3 {
			if _, err := t.Procedure.ToWorkOn(t.Context(), clerk, c.ID); err != nil {
				t.Fatal(err)
			}
		}
		if got := looks(); got != 1 {
			t.Errorf("three looks on one day are %d accesses, want 1", got)
		}
		if _, err := t.Procedure.ToWorkOn(t.Context(), t.clerk(demo.OldTown), c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another town's clerk: %v", err)
		}
		t.clock.Advance(24 * time.Hour)
		if _, err := t.Procedure.ToWorkOn(t.Context(), clerk, c.ID); err != nil || looks() != 2 {
			t.Errorf("the next day: %d accesses (%v)", looks(), err)
		}
	})
}
