package app_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/delivery"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// town is the demo world with everything wired, standing at a morning in March.
type town struct {
	*testing.T
	*app.Node
	clock *clock.Fixed
}

func towns(t *testing.T, story func(town)) {
	t.Helper()
	testkit.EngineURLs(t, func(t *testing.T, url string) {
		c := testkit.At("2030-03-04 09:00")
		conf := config.Config{Listen: "localhost:8080", Node: "amtsweg", Store: config.Store{Data: t.TempDir(), Database: url}}
		n, err := app.Open(t.Context(), app.Options{Config: conf, Demo: true, Clock: c})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		})
		story(town{t, n, c})
	})
}

// citizen logs somebody of the made-up world in with their card.
func (t town) citizen(key string) (demo.Persona, string) {
	t.Helper()
	p, err := t.World.Persona(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := t.Assert(p.Card)
	if err != nil {
		t.Fatal(err)
	}
	account, err := t.Identity.ByAssertion(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return p, account.ID.Actor()
}

// confirmation is what the landlord confirms; the mark goes to the tenant.
func (t town) confirmation(p demo.Persona, home authority.Address) string {
	t.Helper()
	mark, err := t.Registers.Landlords.Confirm(t.Context(), register.Confirmation{
		Authority: demo.NewTown, Source: register.ByLandlord, Provider: demo.LandlordOf(home).Provider(), MovedIn: p.MovedIn(t.today()), Home: home,
		People: []string{p.Given + " " + p.Family},
	})
	if err != nil {
		t.Fatal(err)
	}
	return mark
}

func (t town) today() clock.Date { return clock.DateOf(t.clock.Now()) }

// release reads what the register says and releases all of it.
func (t town) release(c procedure.Case) procedure.Case {
	t.Helper()
	list, err := t.Procedure.Previews(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var replies []procedure.Reply
	for _, p := range list {
		replies = append(replies, procedure.Reply{Request: p.Request, Hash: p.Hash, Yes: true})
	}
	c, err = t.Procedure.Release(t.Context(), c.Account, c.ID, replies)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (t town) fill(c procedure.Case, values map[string]string) procedure.Case {
	t.Helper()
	c, wrong, err := t.Procedure.Fill(t.Context(), c.Account, c.ID, c.Stage, procedure.Sheet{Lang: "de", Values: func(name string) []string {
		if v := values[name]; v != "" {
			return strings.Split(v, "|")
		}
		return nil
	}})
	if err != nil || !wrong.None() {
		t.Fatalf("%v %v", wrong, err)
	}
	return c
}

func (t town) start(account string) procedure.Case {
	t.Helper()
	c, err := t.Procedure.Start(t.Context(), procedure.Start{Service: "residence-registration", Authority: demo.NewTown, Account: account, Channel: "app"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (t town) wants(c procedure.Case, stage string, wait procedure.Wait) {
	t.Helper()
	if c.Stage != stage || c.Wait != wait {
		t.Fatalf("case stands in %s waiting for %q (%s), want %s waiting for %q", c.Stage, c.Wait, c.Reason, stage, wait)
	}
}

func (t town) again(c procedure.Case) procedure.Case {
	t.Helper()
	c, err := t.Procedure.Case(t.Context(), c.Account, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAdultMovesHouseAndTellsTheStateOnce(t *testing.T) {
	towns(t, func(t town) {
		p, account := t.citizen("mover")
		c := t.start(account)
		t.wants(c, "proof", procedure.ForForm)
		c = t.fill(c, map[string]string{"proof": "landlord", "mark": t.confirmation(p, p.NewHome)})
		t.wants(c, "release", procedure.ForRelease)
		c = t.release(c)
		t.wants(c, "apply", procedure.ForForm)
		c = t.fill(c, map[string]string{"kind": "sole"}) // address and day come from the landlord, nothing is typed
		t.wants(c, "confirm", procedure.ForForm)
		c = t.fill(c, map[string]string{"correct": "yes"})
		if c.Outcome != "registered" || c.DecidedBy != procedure.ByMachine {
			t.Fatalf("decided %q by %q, waits for %q: %s", c.Outcome, c.DecidedBy, c.Wait, c.Reason)
		}
		if err := t.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		c = t.again(c)
		if c.Status != procedure.Done || c.Closed.IsZero() {
			t.Fatalf("status %s, waits for %q", c.Status, c.Wait)
		}
		states, err := t.Exchange.NoticesOf(t.Context(), t.DB, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var to []string
		for _, n := range states {
			to = append(to, string(n.To))
			if !n.Acknowledged {
				t.Errorf("%s has not acknowledged", n.To)
			}
		}
		if got, want := strings.Join(to, " "), "ellerbrueck bzst dsrv beitragsservice"; got != want {
			t.Errorf("told %s, want %s and nobody else", got, want)
		}
		open, err := t.Consent.Open(context.Background(), t.DB, consent.Scope{Case: c.ID})
		if err != nil || len(open) != 0 {
			t.Errorf("%d grants still open (%v)", len(open), err)
		}
		if len(c.State.Letters) != 1 {
			t.Errorf("%d letters", len(c.State.Letters))
		}
	})
}

// prepared brings a case of somebody whose landlord has confirmed to the form, with everything released.
func (t town) prepared(key string) (demo.Persona, procedure.Case) {
	t.Helper()
	p, account := t.citizen(key)
	c, err := t.Bring(t.Context(), p, account, app.StandForm)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

func (t town) drained(c procedure.Case) procedure.Case {
	t.Helper()
	if err := t.Jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return t.again(c)
}

// notified lists who was told, in order, each once.
func (t town) notified(c procedure.Case) string {
	t.Helper()
	states, err := t.Exchange.NoticesOf(t.Context(), t.DB, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var to []string
	for _, n := range states {
		if !slices.Contains(to, string(n.To)) {
			to = append(to, string(n.To))
		}
	}
	return strings.Join(to, " ")
}

func TestAFamilyMovesInOneCase(t *testing.T) {
	towns(t, func(t town) {
		_, c := t.prepared("family")
		t.wants(c, "apply", procedure.ForForm)
		persons, err := t.Mandates.Persons(t.Context(), accountOf(c))
		if err != nil || len(persons) < 3 {
			t.Fatalf("%d persons (%v)", len(persons), err)
		}
		c = t.fill(c, map[string]string{"kind": "sole", "relatives": t.picked(c), "entitled": "yes"})
		t.wants(c, "family", procedure.ForRelease)
		c = t.release(c)
		t.wants(c, "confirm", procedure.ForForm)
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.Done {
			t.Fatalf("%s, waits for %q: %s", c.Status, c.Wait, c.Reason)
		}
		if got, want := len(c.State.Letters), len(persons); got != want {
			t.Errorf("%d confirmations for %d people", got, want)
		}
	})
}

func accountOf(c procedure.Case) identity.AccountID {
	return identity.AccountID(strings.TrimPrefix(c.Account, "account:"))
}

// picked ticks everybody the form offers.
func (t town) picked(c procedure.Case) string {
	t.Helper()
	x, err := t.Procedure.Examine(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for _, p := range x.Edition.Pickable(x.Values, "relatives") {
		refs = append(refs, p.Ref)
	}
	if len(refs) == 0 {
		t.Fatal("the form offers nobody")
	}
	return strings.Join(refs, "|")
}

func TestAChurchMemberAndAForeignerAreReportedWhereTheLawSaysSoAndNowhereElse(t *testing.T) {
	towns(t, func(t town) {
		for key, want := range map[string]string{
			"church": "ellerbrueck bzst dsrv rk beitragsservice", "foreigner": "ellerbrueck bzst dsrv azr beitragsservice",
		} {
			_, c := t.prepared(key)
			c = t.fill(c, map[string]string{"kind": "sole"})
			c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
			if got := t.notified(c); got != want || c.Status != procedure.Done {
				t.Errorf("%s: told %q, want %q; %s %s", key, got, want, c.Status, c.Reason)
			}
		}
	})
}

func TestAMoveInTheFutureIsPreparedAndFinishedByOneTapOnItsDay(t *testing.T) {
	towns(t, func(t town) {
		p, c := t.prepared("early")
		c = t.fill(c, map[string]string{"kind": "sole"})
		t.wants(c, "day", procedure.ForDay)
		c = t.drained(c)
		t.wants(c, "day", procedure.ForDay)
		t.clock.Set(p.MovedIn(clock.DateOf(t.clock.Now())).Start().Add(8 * time.Hour))
		c = t.drained(c)
		t.wants(c, "confirm", procedure.ForForm)
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.Done {
			t.Fatalf("%s waits for %q: %s", c.Status, c.Wait, c.Reason)
		}
	})
}

func TestARegisterThatIsAwayKeepsTheCaseWaitingAndLosesNothing(t *testing.T) {
	towns(t, func(t town) {
		p, account := t.citizen("mover")
		c := t.start(account)
		c = t.fill(c, map[string]string{"proof": "landlord", "mark": t.confirmation(p, p.NewHome)})
		list, err := t.Procedure.Previews(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := t.Exchange.SetOutage(t.Context(), demo.OldTown, true); err != nil {
			t.Fatal(err)
		}
		if _, err := t.Procedure.Previews(t.Context(), c); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a register that is off told something: %v", err)
		}
		var replies []procedure.Reply
		for _, p := range list {
			replies = append(replies, procedure.Reply{Request: p.Request, Hash: p.Hash, Yes: true})
		}
		c, err = t.Procedure.Release(t.Context(), account, c.ID, replies)
		if err != nil {
			t.Fatal(err)
		}
		t.wants(c, "release", procedure.ForRegister)
		if err := t.Exchange.SetOutage(t.Context(), demo.OldTown, false); err != nil {
			t.Fatal(err)
		}
		t.clock.Advance(time.Minute)
		t.wants(t.drained(c), "apply", procedure.ForForm)
	})
}

func TestACodeThatCameByPostStandsInForTheLandlord(t *testing.T) {
	towns(t, func(t town) {
		p, account := t.citizen("mover")
		c := t.release(t.fill(t.start(account), map[string]string{"proof": "code"}))
		c = t.fill(c, map[string]string{"new_home": p.NewHome.String(), "move_in": p.MovedIn(t.today()).String(), "kind": "sole"})
		t.wants(c, "letter", procedure.ForCode)
		posted, err := t.Delivery.Posted(t.Context(), 10)
		if err != nil || len(posted) != 1 || posted[0].Address != p.NewHome {
			t.Fatalf("posted %v (%v)", posted, err)
		}
		if _, err := t.Procedure.EnterCode(t.Context(), account, c.ID, "AAAA-AAAA"); !fault.Is(err, fault.Invalid) {
			t.Errorf("a wrong code: %v", err)
		}
		code := regexp.MustCompile(`[A-Z2-9]{4}-[A-Z2-9]{4}`).FindString(strings.Join(posted[0].Text, " "))
		if c, err = t.Procedure.EnterCode(t.Context(), account, c.ID, code); err != nil {
			t.Fatal(err)
		}
		t.wants(c, "confirm", procedure.ForForm)
		if c = t.drained(t.fill(c, map[string]string{"correct": "yes"})); c.Status != procedure.Done {
			t.Fatalf("%s: %s", c.Status, c.Reason)
		}
	})
}

func TestImpossibleDatesAreStoppedAtTheFieldAndInsistingLeadsToAPerson(t *testing.T) {
	towns(t, func(t town) {
		_, c := t.prepared("mover")
		values := map[string][]string{"kind": {"sole"}, "move_in": {"1900-01-01"}}
		sheet := procedure.Sheet{Lang: "de", Values: func(name string) []string { return values[name] }}
		_, wrong, err := t.Procedure.Fill(t.Context(), c.Account, c.ID, "apply", sheet)
		if err != nil || len(wrong.Stopped) != 1 {
			t.Fatalf("%v %v", wrong, err)
		}
		t.wants(t.again(c), "apply", procedure.ForForm)
		sheet.Insists = true
		c, wrong, err = t.Procedure.Fill(t.Context(), c.Account, c.ID, "apply", sheet)
		if err != nil || !wrong.None() {
			t.Fatalf("%v %v", wrong, err)
		}
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.AtDesk {
			t.Errorf("%s waits for %q", c.Status, c.Wait)
		}
	})
}

func TestWhoReadsEnglishIsWrittenToInEnglish(t *testing.T) {
	towns(t, func(t town) {
		_, c := t.prepared("mover")
		for _, form := range []map[string]string{{"kind": "sole"}, {"correct": "yes"}} {
			var err error
			c, _, err = t.Procedure.Fill(t.Context(), c.Account, c.ID, c.Stage, procedure.Sheet{Lang: "en", Values: func(name string) []string {
				if v := form[name]; v != "" {
					return []string{v}
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		c = t.drained(c)
		items, _, err := t.Delivery.List(t.Context(), accountOf(c), delivery.Cursor{}, 20)
		if err != nil || len(items) == 0 {
			t.Fatalf("%d messages (%v)", len(items), err)
		}
		if !slices.ContainsFunc(items, func(i delivery.Item) bool { return i.Title == "All done. Access to your data has ended." }) {
			t.Errorf("no message says in English that all is done: %v", items)
		}
	})
}

// TestTheStandsOfADemonstrationGoOnFromWhereACaseIs clicks the guide's stands in an order nobody planned.
func TestTheStandsOfADemonstrationGoOnFromWhereACaseIs(t *testing.T) {
	towns(t, func(t town) {
		p, account := t.citizen("mover")
		var id string
		for _, c := range []struct {
			to    app.Stand
			stage string
		}{
			{app.StandBegun, "proof"},
			{app.StandRelease, "release"},
			{app.StandBegun, "release"},
			{app.StandForm, "apply"},
			{app.StandRelease, "apply"},
			{app.StandConfirm, "confirm"},
			{app.StandForm, "confirm"},
		} {
			got, err := t.Bring(t.Context(), p, account, c.to)
			if err != nil || got.Stage != c.stage || id != "" && got.ID != id {
				t.Fatalf("%s: case %s in stage %q, %v; want %q", c.to, got.ID, got.Stage, err, c.stage)
			}
			id = got.ID
		}
		done, err := t.Bring(t.Context(), p, account, app.StandFinished)
		if err != nil || done.ID != id || done.Outcome != "registered" {
			t.Errorf("%s %q, %v", done.ID, done.Outcome, err)
		}
	})
}
