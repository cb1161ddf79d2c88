package app_test

import (
	"testing"

	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

func TestAReleaseFromAnEarlierPageAnswersNothingThatIsAskedNow(t *testing.T) {
	towns(t, func(t town) {
		_, c := t.prepared("family")
		open, err := t.Consent.ForAccount(t.Context(), t.DB, c.Account, consent.ShowRunning, "", 10)
		if err != nil || len(open) == 0 {
			t.Fatal(open, err)
		}
		earlier := []procedure.Reply{{Request: open[0].Grant.RequestID, Hash: open[0].Grant.ValuesHash, Yes: true}}
		c = t.fill(c, map[string]string{"kind": "sole", "relatives": t.picked(c), "entitled": "yes"})
		t.wants(c, "family", procedure.ForRelease)
		if c, err = t.Procedure.Release(t.Context(), c.Account, c.ID, earlier); err != nil {
			t.Fatal(err)
		}
		t.wants(c, "family", procedure.ForRelease) // and the family's evidence is not taken for refused
		c = t.release(c)
		t.wants(c, "confirm", procedure.ForForm)
	})
}
