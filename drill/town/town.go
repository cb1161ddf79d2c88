// Package town lets households of the made-up world move house through the doors that the pages use, for yardsticks and
// drills. It opens demo databases only and never touches a table itself.
package town

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Town is a node with the made-up world.
type Town struct {
	*app.Node
	stop func() error
}

// Options say how a town is opened.
type Options struct {
	Dir   string             // for keys, and for the SQLite file if URL is empty
	URL   string             // of the database
	Clock clock.Clock        // default: the machine's
	Run   bool               // run the queue and the sequencer, as the product does
	More  []*catalog.Edition // that may run beside the shipped definitions
}

// Open opens the made-up world.
func Open(ctx context.Context, o Options) (*Town, error) {
	conf := config.Config{Listen: "localhost:0", Node: "amtsweg"}
	conf.Data, conf.Database = o.Dir, o.URL
	n, err := app.Open(ctx, app.Options{Config: conf, Demo: true, Clock: o.Clock, More: o.More})
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	var behind sync.WaitGroup
	ended := make([]error, 2)
	if o.Run {
		for i, run := range []func(context.Context) error{n.Jobs.Run, n.Ledger.Run} {
			behind.Go(func() { ended[i] = run(running) })
		}
	}
	return &Town{Node: n, stop: func() error {
		cancel()
		behind.Wait()
		return errors.Join(append(ended, n.Close())...)
	}}, nil
}

// Stop ends what runs and closes the database.
func (t *Town) Stop() error { return t.stop() }

// Mover is a household that has told nobody yet. Its speaker is signed in.
type Mover struct {
	demo.Household
	Account string
	Home    authority.Address // the new one
	Day     clock.Date        // of the move
}

// Settle adds n households to the world and signs their speakers in.
func (t *Town) Settle(ctx context.Context, n int, seed uint64) ([]Mover, error) {
	list := t.World.Generate(n, seed)
	if err := t.World.Settle(ctx, t.Registers, list); err != nil {
		return nil, err
	}
	movers := make([]Mover, n)
	for i, h := range list {
		p := h.People()[0]
		said, err := t.Assert(demo.Card{Family: p.FamilyName, Given: register.AllNames(p.GivenNames), Birth: p.Birth.Date, Address: h.Home()})
		if err != nil {
			return nil, err
		}
		account, err := t.Identity.ByAssertion(ctx, said)
		if err != nil {
			return nil, err
		}
		movers[i] = Mover{h, account.ID.Actor(), t.World.NewHome(i), clock.DateOf(t.DB.Clock().Now()).AddDays(-3)}
	}
	return movers, nil
}

// Confirm lets the landlord confirm, and returns the reference mark.
func (t *Town) Confirm(ctx context.Context, m Mover) (string, error) {
	p := m.People()[0]
	return t.Registers.Landlords.Confirm(ctx, register.Confirmation{
		Authority: demo.NewTown, Source: register.ByLandlord, Provider: demo.LandlordOf(m.Home).Provider(), MovedIn: m.Day, Home: m.Home,
		People: []string{register.AllNames(p.GivenNames) + " " + p.FamilyName},
	})
}

// Begin begins a case.
func (t *Town) Begin(ctx context.Context, m Mover) (procedure.Case, error) {
	return t.Procedure.Start(ctx, procedure.Start{Service: "residence-registration", Authority: demo.NewTown, Account: m.Account, Channel: "app"})
}

// Fill sends a form of a stage, in which the case may stand or not.
func (t *Town) Fill(ctx context.Context, c procedure.Case, stage string, values map[string]string) (procedure.Case, error) {
	c, wrong, err := t.Procedure.Fill(ctx, c.Account, c.ID, stage, procedure.Sheet{Lang: "de", Values: func(name string) []string {
		if v := values[name]; v != "" {
			return strings.Split(v, "|")
		}
		return nil
	}})
	if err == nil && !wrong.None() {
		err = fmt.Errorf("form %s: %v", stage, wrong)
	}
	return c, err
}

// Seen shows the values to the person, as the page does, and returns a yes to all of them.
func (t *Town) Seen(ctx context.Context, c procedure.Case) ([]procedure.Reply, error) {
	list, err := t.Procedure.Previews(ctx, c)
	var replies []procedure.Reply
	for _, p := range list {
		replies = append(replies, procedure.Reply{Request: p.Request, Hash: p.Hash, Yes: true})
	}
	return replies, err
}

// Release releases everything a case asks for.
func (t *Town) Release(ctx context.Context, c procedure.Case) (procedure.Case, error) {
	replies, err := t.Seen(ctx, c)
	if err != nil {
		return c, err
	}
	return t.Procedure.Release(ctx, c.Account, c.ID, replies)
}

// Applying is the form in which the whole household applies.
func (t *Town) Applying(ctx context.Context, m Mover, c procedure.Case) (map[string]string, error) {
	form := map[string]string{"kind": "sole"}
	if len(m.Entries) < 2 {
		return form, nil
	}
	x, err := t.Procedure.Examine(ctx, c)
	if err != nil {
		return nil, err
	}
	var refs []string
	for _, p := range x.Edition.Pickable(x.Values, "relatives") {
		refs = append(refs, p.Ref)
	}
	form["relatives"], form["entitled"] = strings.Join(refs, "|"), "yes"
	return form, nil
}

// Confirming is the last form.
func Confirming() map[string]string { return map[string]string{"correct": "yes"} }

// UpTo takes a household through its case until it stands in a stage, from the landlord's confirmation on.
func (t *Town) UpTo(ctx context.Context, m Mover, stage string) (procedure.Case, error) {
	mark, err := t.Confirm(ctx, m)
	if err != nil {
		return procedure.Case{}, err
	}
	c, err := t.Begin(ctx, m)
	if err != nil {
		return c, err
	}
	return t.Take(ctx, m, c, mark, stage)
}

// Take takes a household's case on, with the landlord's mark, until it stands in a stage.
func (t *Town) Take(ctx context.Context, m Mover, c procedure.Case, mark, stage string) (_ procedure.Case, err error) {
	for err == nil && c.Stage != stage {
		before := c.Stage
		switch c.Stage {
		case "proof":
			c, err = t.Fill(ctx, c, c.Stage, map[string]string{"proof": "landlord", "mark": mark})
		case "release", "family":
			c, err = t.Release(ctx, c)
		case "apply":
			var form map[string]string
			if form, err = t.Applying(ctx, m, c); err == nil {
				c, err = t.Fill(ctx, c, c.Stage, form)
			}
		case "confirm":
			c, err = t.Fill(ctx, c, c.Stage, Confirming())
		}
		if err == nil && c.Stage == before {
			err = fmt.Errorf("case %s waits in %s for %q: %s", c.ID, c.Stage, c.Wait, c.Reason)
		}
	}
	return c, err
}

// Move takes a household through its whole case: the forms, the releases with the values shown before, the fetches, the
// decision. Notices and acknowledgements follow by the queue.
func (t *Town) Move(ctx context.Context, m Mover) (procedure.Case, error) {
	c, err := t.UpTo(ctx, m, "confirm")
	if err != nil {
		return c, err
	}
	if c, err = t.Fill(ctx, c, "confirm", Confirming()); err == nil && c.Outcome != "registered" {
		err = fmt.Errorf("case %s waits in %s for %q: %s", c.ID, c.Stage, c.Wait, c.Reason)
	}
	return c, err
}

// Portal is the property portal of the made-up world.
func (t *Town) Portal(ctx context.Context) (*demo.Portal, error) {
	return demo.NewPortal(ctx, demo.PortalOptions{
		DB: t.DB, Keys: t.Keys, World: t.World, Authorities: t.Authorities, Landlords: t.Registers.Landlords, Life: t.LifeEvents,
	})
}

// Tenancy is what the portal knows about a mover.
func (m Mover) Tenancy() demo.Tenancy {
	p := m.People()[0]
	return demo.Tenancy{People: []demo.Given{{Family: p.FamilyName, Given: register.AllNames(p.GivenNames), Birth: p.Birth.Date}}, Home: m.Home, MovedIn: m.Day}
}
