package app

import (
	"context"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Stand names how far somebody of the made-up world has come with their move. Pages for looking around and tests begin
// from the same ones.
type Stand string

// The stands, in the order of the way.
const (
	StandBegun    Stand = "begonnen"    // the case is there, nothing is said yet
	StandRelease  Stand = "freigabe"    // the landlord has confirmed, the register's values wait to be read
	StandForm     Stand = "angaben"     // everything is released
	StandConfirm  Stand = "bestaetigen" // one tick is left
	StandDesk     Stand = "pruefung"    // the days differ, a clerk looks at it
	StandFinished Stand = "fertig"      // registered; the acknowledgements come by themselves
)

var stands = []Stand{StandBegun, StandRelease, StandForm, StandConfirm, StandDesk, StandFinished}

// way are the stages in which the move waits for the person, and the stand that is reached there.
var way = []struct {
	stage string
	stand Stand
}{{"proof", StandBegun}, {"release", StandRelease}, {"apply", StandForm}, {"confirm", StandConfirm}}

// Bring takes a persona's move as far as a stand, by the same calls as the pages. A case that is there already goes on
// from where it is, and one that is further stays there.
func (n *Node) Bring(ctx context.Context, p demo.Persona, account string, to Stand) (procedure.Case, error) {
	c, err := n.Procedure.Start(ctx, procedure.Start{Service: "residence-registration", Authority: demo.NewTown, Account: account, Channel: "app"})
	for _, at := range way {
		if err != nil || at.stand == to {
			break
		}
		if c.Stage == at.stage {
			c, err = n.step(ctx, p, c, to)
		}
	}
	return c, err
}

// step does what the case waits for.
func (n *Node) step(ctx context.Context, p demo.Persona, c procedure.Case, to Stand) (procedure.Case, error) {
	switch c.Stage {
	case "proof":
		return n.confirmed(ctx, p, c)
	case "release":
		return n.released(ctx, c)
	case "confirm":
		return n.filled(ctx, c, map[string]string{"correct": "yes"})
	}
	form := map[string]string{"kind": "sole"}
	if to == StandDesk {
		form["move_in"] = p.MovedIn(clock.DateOf(n.DB.Clock().Now())).AddDays(-3).String()
	}
	return n.filled(ctx, c, form)
}

// confirmed lets the landlord confirm the move and hands the mark in.
func (n *Node) confirmed(ctx context.Context, p demo.Persona, c procedure.Case) (procedure.Case, error) {
	people := []string{p.Given + " " + p.Family}
	mark, err := n.Registers.Landlords.Confirm(ctx, register.Confirmation{
		Authority: demo.NewTown, Source: register.ByLandlord, Provider: demo.LandlordOf(p.NewHome).Provider(),
		MovedIn: p.MovedIn(clock.DateOf(n.DB.Clock().Now())), Home: p.NewHome, People: people,
	})
	if err != nil {
		return c, err
	}
	return n.filled(ctx, c, map[string]string{"proof": "landlord", "mark": mark})
}

// released reads what registers say and releases all of it.
func (n *Node) released(ctx context.Context, c procedure.Case) (procedure.Case, error) {
	list, err := n.Procedure.Previews(ctx, c)
	if err != nil {
		return c, err
	}
	replies := make([]procedure.Reply, len(list))
	for i, p := range list {
		replies[i] = procedure.Reply{Request: p.Request, Hash: p.Hash, Yes: true}
	}
	return n.Procedure.Release(ctx, c.Account, c.ID, replies)
}

func (n *Node) filled(ctx context.Context, c procedure.Case, values map[string]string) (procedure.Case, error) {
	next, wrong, err := n.Procedure.Fill(ctx, c.Account, c.ID, c.Stage, procedure.Sheet{Lang: "de", Values: func(name string) []string {
		if v := values[name]; v != "" {
			return []string{v}
		}
		return nil
	}})
	if err == nil && !wrong.None() {
		err = fmt.Errorf("app: the form of stage %s was not taken: %v", c.Stage, wrong)
	}
	return next, err
}

// demoStands are the stands as the guide of a demonstration offers them.
func (n *Node) demoStands() map[string]demo.Stand {
	out := map[string]demo.Stand{}
	for _, to := range stands {
		out[string(to)] = func(c *web.Call, p demo.Persona, account identity.AccountID) (string, error) {
			if !p.In() {
				return "", fault.New(fault.NotFound, "demo.error.card")
			}
			cs, err := n.Bring(c.Context(), p, account.Actor(), to)
			return n.Procedure.PathOf(cs), err
		}
	}
	return out
}
