package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/demo"
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
	for name, url := range map[string]func(testing.TB) string{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testkit.At("2030-03-04 09:00")
			conf := config.Config{Listen: "localhost:8080", Node: "amtsweg"}
			conf.Data, conf.Database = t.TempDir(), url(t)
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
