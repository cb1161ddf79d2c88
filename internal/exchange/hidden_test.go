package exchange_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

const (
	police  = "polizei" // an example of a reader that may hide
	hideLaw = "§ 11 Abs. 2 Nr. 4 BMG"
)

// covert is what the police ask about somebody who must not know of it yet.
func covert(who ledger.Subject) exchange.Question {
	return exchange.Question{
		Case: "ka-77", Reader: police, Unit: "k1", Role: "officer", Actor: "staff:k1", Holder: oldTown, Register: "residents", Subject: who,
		Evidence: "address", Fields: []string{"homes"}, Purpose: "Ermittlungsverfahren", Law: "§ 34 Abs. 4 BMG", Reason: "Die Polizei sucht Sie.",
		Basis: consent.ByLaw, Hide: ledger.Hiding{Law: hideLaw, Until: clock.Date{Y: 2030, M: 8, D: 1}},
	}
}

func TestWhatThePolicePullIsSeenOnItsDay(t *testing.T) {
	story(t, func(w *town) {
		a, err := w.gate.Fetch(ctx, covert(w.jana))
		w.must(err)
		if len(a.Values) != 1 || a.Receipt == "" || a.Statement == "" {
			t.Fatalf("got %+v", a)
		}
		if n := len(w.records(w.jana, ledger.Access)); n != 0 {
			t.Errorf("she sees %d accesses before the day", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM exchange_answer`); n != 0 {
			t.Errorf("the holder keeps %d answers readable", n)
		}
		dir := t.TempDir()
		w.must(w.gate.Export(ctx, dir))
		if files, err := os.ReadDir(filepath.Join(dir, "answers")); err != nil || len(files) != 0 {
			t.Errorf("%d answers in the evidence folder, %v", len(files), err)
		}
		receipt, err := ledger.OpenReceipt(a.Receipt, w.ledger.Public())
		if err != nil || receipt.Record != a.Record {
			t.Errorf("the police's receipt: %+v, %v", receipt, err)
		}
		w.clock.Set(clock.Date{Y: 2030, M: 8, D: 1}.Start())
		w.must(w.jobs.Drain(ctx))
		seen := w.records(w.jana, ledger.Access)
		if len(seen) != 1 || seen[0].Reader != police || seen[0].Opens != a.Record || !strings.Contains(seen[0].Reason, "Polizei") {
			t.Errorf("on the day she sees %+v", seen)
		}
		if n := len(w.records(w.tobias, ledger.Access)); n != 0 {
			t.Errorf("somebody else sees %d", n)
		}
	})
}

func TestWhoMayNotHide(t *testing.T) {
	story(t, func(w *town) {
		g := w.released("case-1", w.jana)
		for name, c := range map[string]struct {
			q    exchange.Question
			want string
		}{
			"a town with its own entitlement": {func() exchange.Question {
				q := covert(w.jana)
				q.Reader, q.Law = newTown, "§ 34 Abs. 1 BMG"
				return q
			}(), "register.error.entitlement_hide"},
			"longer than the list says": {func() exchange.Question {
				q := covert(w.jana)
				q.Hide.Until = clock.Date{Y: 2031, M: 1, D: 1}
				return q
			}(), "register.error.entitlement_hide"},
			"on a person's own release": {func() exchange.Question {
				q := question(g)
				q.Hide = covert(w.jana).Hide
				return q
			}(), "exchange.error.hidden"},
		} {
			if a, err := w.gate.Fetch(ctx, c.q); fault.CodeOf(err) != c.want || a.Values != nil {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if n := len(w.fetches(w.jana)); n != 0 {
			t.Errorf("%d accesses that did not happen", n)
		}
	})
}
