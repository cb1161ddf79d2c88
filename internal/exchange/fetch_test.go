package exchange_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

func TestThePersonReadsFirstThenTheNewTownGetsExactlyThat(t *testing.T) {
	story(t, func(w *town) {
		seen := w.preview(w.jana)
		g := w.released("case-1", w.jana)
		a, err := w.gate.Fetch(ctx, question(g))
		w.must(err)
		if a.Hash != seen.Hash || a.Hash != g.ValuesHash || len(a.Values) != len(fields) {
			t.Errorf("fetched %s, seen %s", a.Values, seen.Values)
		}
		all := w.records(w.jana, ledger.Access)
		if len(all) != 3 {
			t.Fatalf("%d accesses, want two looks and one fetch", len(all))
		}
		look, fetch := all[0], all[2]
		if look.Reader != account || look.Law != "§ 40 Abs. 4 BMG" || look.More["door"] != "preview" {
			t.Errorf("her own look: %+v", look.Body)
		}
		if fetch.Authority != string(oldTown) || fetch.Reader != string(newTown) || fetch.Unit != "buergeramt" || fetch.Role != "registry" ||
			fetch.Law != form || fetch.Grant != g.ID || fetch.Case != "case-1" || strings.Join(fetch.Fields, " ") != strings.Join(fields, " ") ||
			fetch.Purpose == "" || fetch.Reason == "" || fetch.ID != a.Record || fetch.DeleteOn.String() != "2032-01-01" {
			t.Errorf("the fetch: %+v", fetch.Body)
		}
		if n := w.count(`SELECT COUNT(*) FROM exchange_answer WHERE payload LIKE '%Wittkamp%'`); n != 0 {
			t.Error("the gate keeps values")
		}
	})
}

func TestTheAnswerIsSignedAndPromised(t *testing.T) {
	story(t, func(w *town) {
		a, err := w.gate.Fetch(ctx, question(w.released("case-1", w.jana)))
		w.must(err)
		payload, owner, err := jws.Verify(a.Statement, exchange.AnswerType, func(owner string) (jws.Verifier, error) {
			return w.ring.Signer(ctx, owner, exchange.SignPurpose)
		})
		if err != nil || owner != string(oldTown) {
			t.Fatalf("signed by %q, %v", owner, err)
		}
		var said map[string]any
		w.must(json.Unmarshal(payload, &said))
		if said["values_sha256"] != a.Hash || said["record"] != a.Record || said["reader"] != string(newTown) {
			t.Errorf("statement %s", payload)
		}
		receipt, err := ledger.OpenReceipt(a.Receipt, w.ledger.Public())
		if err != nil || receipt.Record != a.Record {
			t.Errorf("receipt %+v, %v", receipt, err)
		}
		dir := t.TempDir()
		w.must(w.gate.Export(ctx, dir)) // nobody has kept it yet: signed again from what was stored
		again, err := os.ReadFile(filepath.Join(dir, "answers", a.ID+".jws"))
		if err != nil || string(again) != a.Statement {
			t.Errorf("exported %s, %v", again, err)
		}
		w.must(w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return w.gate.Keep(ctx, tx, a) }))
		w.must(w.ring.Rotate(ctx, string(oldTown), exchange.SignPurpose))
		w.must(w.gate.Export(ctx, dir))
		kept, err := os.ReadFile(filepath.Join(dir, "receipts", a.ID+".jws"))
		if err != nil || string(kept) != a.Receipt {
			t.Errorf("kept receipt %s, %v", kept, err)
		}
		if again, _ = os.ReadFile(filepath.Join(dir, "answers", a.ID+".jws")); string(again) != a.Statement {
			t.Error("what the reader kept was changed by a new key")
		}
	})
}

func TestWhatTheGateRefuses(t *testing.T) {
	story(t, func(w *town) {
		g, other := w.released("case-1", w.jana), w.released("case-2", w.jana)
		tobias := w.released("case-1", w.tobias)
		for name, c := range map[string]struct {
			change func(q *exchange.Question)
			want   string
		}{
			"no grant":               {func(q *exchange.Question) { q.Grant = "" }, "exchange.error.no_grant"},
			"a made-up grant":        {func(q *exchange.Question) { q.Grant = "x" }, "exchange.error.no_grant"},
			"another case's grant":   {func(q *exchange.Question) { q.Grant = other.ID }, "exchange.error.no_grant"},
			"another person's grant": {func(q *exchange.Question) { q.Grant = tobias.ID }, "exchange.error.no_grant"},
			"a reader with nothing":  {func(q *exchange.Question) { q.Reader = "auenland" }, "register.error.not_entitled"},
			"another law":            {func(q *exchange.Question) { q.Law = notices }, "register.error.entitlement_law"},
			"a field too many":       {func(q *exchange.Question) { q.Fields = append([]string{"tax_id"}, fields...) }, "register.error.entitlement_field"},
			"other values":           {func(q *exchange.Question) { q.WantHash = strings.Repeat("0", 64) }, "exchange.error.values_changed"},
			"by law, not entitled":   {func(q *exchange.Question) { q.Basis, q.Evidence = consent.ByLaw, "tax" }, "register.error.not_entitled"},
			"on no basis":            {func(q *exchange.Question) { q.Basis = "" }, "exchange.error.incomplete"},
		} {
			q := question(g)
			c.change(&q)
			if a, err := w.gate.Fetch(ctx, q); fault.CodeOf(err) != c.want || a.Values != nil {
				t.Errorf("%s: %v %v, want %s", name, a.Values, err, c.want)
			}
		}
		if n := len(w.fetches(w.jana)) + len(w.fetches(w.tobias)); n != 0 {
			t.Errorf("%d accesses are recorded that did not happen", n)
		}
		if _, err := w.gate.Fetch(ctx, question(g)); err != nil {
			t.Errorf("the right question is refused: %v", err)
		}
	})
}

func TestByLawNoGrantIsNeeded(t *testing.T) {
	story(t, func(w *town) {
		q := question(consent.Grant{Request: consent.Request{Case: "case-1", Subject: w.jana}})
		q.Basis, q.Evidence, q.Fields, q.Law = consent.ByLaw, "address", []string{"homes"}, "§ 34 Abs. 1 BMG"
		a, err := w.gate.Fetch(ctx, q)
		w.must(err)
		if len(a.Values) != 1 || len(w.fetches(w.jana)) != 1 {
			t.Errorf("%v, %d accesses", a.Values, len(w.fetches(w.jana)))
		}
	})
}

func TestAnExpiredGrantOpensNothing(t *testing.T) {
	story(t, func(w *town) {
		g := w.released("case-1", w.jana)
		w.clock.Advance(24 * time.Hour)
		if _, err := w.gate.Fetch(ctx, question(g)); fault.CodeOf(err) != "exchange.error.grant_ended" {
			t.Errorf("an expired grant: %v", err)
		}
		if len(w.fetches(w.jana)) != 0 {
			t.Error("an access is recorded")
		}
	})
}

func TestValuesThatChangedAfterThePreviewAreNotDelivered(t *testing.T) {
	story(t, func(w *town) {
		g := w.released("case-1", w.jana)
		w.change(w.jana)
		if a, err := w.gate.Fetch(ctx, question(g)); fault.CodeOf(err) != "exchange.error.values_changed" || a.Values != nil {
			t.Errorf("%v, %v", a.Values, err)
		}
		if len(w.fetches(w.jana)) != 0 {
			t.Error("an access is recorded")
		}
		if _, err := w.gate.Fetch(ctx, question(w.released("case-1", w.jana))); err != nil {
			t.Errorf("after she saw the new values: %v", err)
		}
	})
}

// After an acknowledged revocation nothing is delivered: a fetch that starts later gets nothing, and no record of an
// access comes after the record of the revocation.
func TestNothingIsDeliveredAfterARevocation(t *testing.T) {
	story(t, func(w *town) {
		g := w.released("case-1", w.jana)
		var revoked sync.WaitGroup
		var readers sync.WaitGroup
		start, done := make(chan struct{}), make(chan struct{})
		for range 16 {
			readers.Go(func() {
				<-start
				for {
					after := false
					select {
					case <-done:
						after = true
					default:
					}
					a, err := w.gate.Fetch(ctx, question(g))
					if err == nil && after {
						t.Error("delivered after the revocation was acknowledged")
					}
					if err != nil && (a.Values != nil || !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Busy)) {
						t.Errorf("%v, %v", a.Values, err)
					}
					if after {
						return
					}
				}
			})
		}
		revoked.Go(func() {
			<-start
			for err := w.revoke(g); err != nil; err = w.revoke(g) {
				if !fault.Is(err, fault.Busy) {
					t.Error(err)
					break
				}
			}
			close(done)
		})
		close(start)
		revoked.Wait()
		readers.Wait()
		over := w.records(w.jana, ledger.Revocation)
		if len(over) != 1 {
			t.Fatalf("%d revocations", len(over))
		}
		for _, a := range w.fetches(w.jana) {
			if a.SubjectSeq > over[0].SubjectSeq {
				t.Error("an access stands after the revocation")
			}
		}
	})
}

func TestAGrantThatEndsMidwayLetsNothingPassAfterItsLastMoment(t *testing.T) {
	story(t, func(w *town) {
		g := w.released("case-1", w.jana)
		var readers sync.WaitGroup
		for range 16 {
			readers.Go(func() {
				for range 60 { // 16 readers are sure to pass the last moment
					if fault.Is(w.tryFetch(g), fault.Gone) {
						return
					}
					w.clock.Advance(30 * time.Minute)
				}
				t.Error("it never ended")
			})
		}
		readers.Wait()
		passed := w.fetches(w.jana)
		for _, a := range passed {
			if !a.Time.Before(g.Until) {
				t.Errorf("an access at %v, the grant ended at %v", a.Time, g.Until)
			}
		}
		if len(passed) == 0 {
			t.Error("nobody got anything while it ran")
		}
	})
}

func (w *town) tryFetch(g consent.Grant) error {
	a, err := w.gate.Fetch(ctx, question(g))
	if err != nil && a.Values != nil {
		w.Error("values came with an error")
	}
	return err
}

func TestAFamilyIsFetchedInOneTransaction(t *testing.T) {
	story(t, func(w *town) {
		jana, tobias := question(w.released("case-1", w.jana)), question(w.released("case-1", w.tobias))
		answers, err := w.gate.FetchMany(ctx, []exchange.Question{tobias, jana})
		w.must(err)
		if len(answers) != 2 || answers[0].Subject != w.tobias || answers[1].Subject != w.jana || answers[1].Hash == answers[0].Hash {
			t.Fatalf("%+v", answers)
		}
		if !answers[0].At.Equal(answers[1].At) {
			t.Error("not in one transaction")
		}
		w.must(w.revoke(consent.Grant{ID: jana.Grant}))
		if _, err := w.gate.FetchMany(ctx, []exchange.Question{tobias, jana}); !fault.Is(err, fault.Gone) {
			t.Errorf("one of the two is revoked: %v", err)
		}
		if len(w.fetches(w.tobias)) != 1 {
			t.Error("half of it was recorded")
		}
	})
}

func TestNobodyPreviewsForAStranger(t *testing.T) {
	story(t, func(w *town) {
		stranger, spouse := w.look(w.jana), w.look(w.tobias)
		stranger.Account, spouse.Family = "account:stranger", false
		for _, l := range []exchange.Look{stranger, spouse} {
			if a, err := w.gate.Preview(ctx, l); !fault.Is(err, fault.NotFound) || a.Values != nil {
				t.Errorf("%v, %v", a.Values, err)
			}
		}
		if n := len(w.records(w.jana, ledger.Access)) + len(w.records(w.tobias, ledger.Access)); n != 0 {
			t.Errorf("%d accesses", n)
		}
	})
}

func TestStaffLookIntoTheirOwnRegisterOnly(t *testing.T) {
	story(t, func(w *town) {
		s := exchange.Sight{
			Authority: oldTown, Unit: "buergeramt", Role: "clerk", Actor: "staff:1", Register: register.Residents, Subject: w.jana, Evidence: "record",
			Fields: []string{"homes"}, Purpose: "Auskunft am Schalter", Law: "§ 3 Abs. 1 BMG",
		}
		if _, err := w.gate.View(ctx, s); fault.CodeOf(err) != "exchange.error.reason" {
			t.Errorf("without case or reason: %v", err)
		}
		s.Reason = "Sie hat am Schalter danach gefragt."
		a, err := w.gate.View(ctx, s)
		w.must(err)
		if len(a.Values) != 1 {
			t.Errorf("%v", a.Values)
		}
		s.Authority = newTown
		if _, err := w.gate.View(ctx, s); !fault.Is(err, fault.NotFound) {
			t.Errorf("the new town's register knows her: %v", err)
		}
		seen := w.records(w.jana, ledger.Access)
		if len(seen) != 2 || seen[0].Reason != s.Reason || seen[0].Reader != string(oldTown) || len(seen[1].Fields) != 0 {
			t.Errorf("%+v", seen)
		}
	})
}

func TestARegisterThatIsOffMakesItsAskersWait(t *testing.T) {
	story(t, func(w *town) {
		g := w.released("case-1", w.jana)
		w.must(w.gate.SetOutage(ctx, oldTown, true))
		w.must(w.gate.SetOutage(ctx, oldTown, true))
		if _, err := w.gate.Fetch(ctx, question(g)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a register that is off: %v", err)
		}
		if _, err := w.gate.Preview(ctx, w.look(w.jana)); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a preview of it: %v", err)
		}
		w.must(w.gate.SetOutage(ctx, oldTown, false))
		if _, err := w.gate.Fetch(ctx, question(g)); err != nil {
			t.Errorf("on again: %v", err)
		}
		if n := len(w.fetches(w.jana)); n != 1 {
			t.Errorf("%d accesses", n)
		}
	})
}

func TestALandlordsConfirmationIsReadByItsMark(t *testing.T) {
	story(t, func(w *town) {
		w.gate.AddSource(exchange.Confirmations, exchange.LandlordSource(w.register.Landlords))
		home, err := authority.ParseAddress("Lindenallee 12, 05417 Lindenfurt")
		w.must(err)
		mark, err := w.register.Landlords.Confirm(ctx, register.Confirmation{
			Authority: newTown, Source: register.ByLandlord, Provider: "Wohnbau Lindenfurt", MovedIn: clock.Date{Y: 2030, M: 3, D: 1}, Home: home,
			People: []string{"Jana Wittkamp"},
		})
		w.must(err)
		l := w.look(w.jana)
		l.Holder, l.Register, l.Evidence, l.Fields = newTown, exchange.Confirmations, "landlord", []string{"provider", "home", "moved_in"}
		l.With = map[string]string{"mark": mark}
		a, err := w.gate.Preview(ctx, l)
		w.must(err)
		if !bytes.Contains(a.Values["home"], []byte("Lindenallee 12")) || len(a.Values) != 3 {
			t.Errorf("%s", a.Values)
		}
		l.With = map[string]string{"mark": "XXXX-XXXX-XXXX"}
		if _, err := w.gate.Preview(ctx, l); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown mark: %v", err)
		}
	})
}

func TestNobodyIsToldThatSomebodyIsHidden(t *testing.T) {
	story(t, func(w *town) {
		hidden := register.Entry{Resident: register.Resident{
			FamilyName: "Geheim", GivenNames: "Gesa", Birth: register.Birth{Date: clock.Date{Y: 1990, M: 1, D: 1}, Place: "x"}, Sex: "weiblich", TaxID: "00000000009",
			Blocks: register.Blocks{Information: []register.Block{register.ShelterBlock()}},
			Homes:  []register.Home{{Address: authority.Address{Street: "Markt", House: "1", Postcode: "05233", Town: "Ellerbrück"}, Kind: register.Sole}},
		}}
		subjects, err := w.register.Load(ctx, oldTown, "test", []register.Entry{hidden})
		w.must(err)
		by := func(s ledger.Subject) exchange.Question {
			q := question(consent.Grant{Request: consent.Request{Case: "case-1", Subject: s}})
			q.Basis, q.Evidence, q.Fields, q.Law, q.UnlessBlocked = consent.ByLaw, "address", []string{"homes"}, "§ 34 Abs. 1 BMG", true
			return q
		}
		_, blocked := w.gate.Fetch(ctx, by(subjects[0]))
		_, missing := w.gate.Fetch(ctx, by("nobody"))
		if !fault.Is(blocked, fault.NotFound) || blocked.Error() != missing.Error() {
			t.Errorf("blocked %v, missing %v", blocked, missing)
		}
		answers, err := w.gate.FetchMany(ctx, []exchange.Question{by(subjects[0]), by(w.jana)})
		if err != nil || len(answers) != 1 || answers[0].Subject != w.jana {
			t.Errorf("%+v, %v", answers, err)
		}
		if n := w.count(`SELECT COUNT(*) FROM exchange_answer WHERE subject = ?`, string(subjects[0])); n != 0 {
			t.Error("an answer about her is kept")
		}
	})
}
