package app_test

import (
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

func TestWhoChangesTheirMindAboutTheFamilyBeforeHandingInTellsNobodyAboutThem(t *testing.T) {
	towns(t, func(t town) {
		_, c := t.prepared("family")
		c = t.fill(c, map[string]string{"kind": "sole", "relatives": t.picked(c), "entitled": "yes"})
		c = t.release(c)
		t.wants(c, "confirm", procedure.ForForm)
		if len(c.State.Answers["family"]) != 3 {
			t.Fatalf("%d people fetched", len(c.State.Answers["family"]))
		}
		reopened := func() procedure.Case {
			again, err := t.Procedure.Reopen(t.Context(), c.Account, c.ID, "apply")
			if err != nil {
				t.Fatal(err)
			}
			return again
		}
		t.wants(reopened(), "apply", procedure.ForForm)
		c = reopened() // a second press
		t.wants(c, "apply", procedure.ForForm)
		if len(c.State.Answers["family"]) != 0 {
			t.Error("the family's forms are still in the case")
		}
		c = t.fill(c, map[string]string{"kind": "sole"}) // alone after all
		t.wants(c, "confirm", procedure.ForForm)
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.Done || len(c.State.Letters) != 1 {
			t.Errorf("%s with %d letters: %s", c.Status, len(c.State.Letters), c.Reason)
		}
		if _, err := t.Procedure.Reopen(t.Context(), c.Account, c.ID, "apply"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a case that is over was opened again: %v", err)
		}
	})
}

func TestAFormIsOpenedAgainWithTheSamePeopleWithoutAskingThemTwice(t *testing.T) {
	towns(t, func(t town) {
		_, c := t.prepared("family")
		everybody := t.picked(c)
		c = t.release(t.fill(c, map[string]string{"kind": "sole", "relatives": everybody, "entitled": "yes"}))
		again, err := t.Procedure.Reopen(t.Context(), c.Account, c.ID, "apply")
		if err != nil {
			t.Fatal(err)
		}
		c = t.fill(again, map[string]string{"kind": "main", "relatives": everybody, "entitled": "yes"})
		t.wants(c, "confirm", procedure.ForForm) // what was released is fetched without another question
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.Done || len(c.State.Letters) != 4 {
			t.Errorf("%s with %d letters: %s", c.Status, len(c.State.Letters), c.Reason)
		}
	})
}

func TestWhatEvidenceWasFetchedWithCannotBeChangedBehindItsBack(t *testing.T) {
	towns(t, func(t town) {
		_, c := t.prepared("mover")
		if _, err := t.Procedure.Reopen(t.Context(), c.Account, c.ID, "proof"); !fault.Is(err, fault.Conflict) {
			t.Errorf("the mark was changed after the landlord's confirmation had come with it: %v", err)
		}
		_, stranger := t.citizen("church")
		if _, err := t.Procedure.Reopen(t.Context(), stranger, c.ID, "proof"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger: %v", err)
		}
	})
}
