package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// movers are people in the made-up world who move house at the same time, each through the doors that the pages use.
type movers struct {
	*app.Node
	stop func() error
	list []mover
	next atomic.Int64
}

// mover is a household that has told nobody yet: its speaker is signed in.
type mover struct {
	demo.Household
	account string
	home    authority.Address
	day     clock.Date
}

// openMovers opens the demo world in a new database, with its queue and sequencer running as in the product.
func openMovers(ctx context.Context, dir, url string) (*movers, error) {
	conf := config.Config{Listen: "localhost:0", Node: "bench"}
	conf.Data, conf.Database = dir, url
	n, err := app.Open(ctx, app.Options{Config: conf, Demo: true})
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	var behind sync.WaitGroup
	ended := make([]error, 2)
	for i, run := range []func(context.Context) error{n.Jobs.Run, n.Ledger.Run} {
		behind.Go(func() { ended[i] = run(running) })
	}
	return &movers{Node: n, stop: func() error {
		cancel()
		behind.Wait()
		return errors.Join(append(ended, n.Close())...)
	}}, nil
}

// settle adds n households to the world and signs their speakers in. It is not measured.
func (m *movers) settle(ctx context.Context, n int, seed uint64) error {
	list := m.World.Generate(n, seed)
	if err := m.World.Settle(ctx, m.Registers, list); err != nil {
		return err
	}
	for i, h := range list {
		p := h.People()[0]
		said, err := m.Assert(demo.Card{Family: p.FamilyName, Given: register.AllNames(p.GivenNames), Birth: p.Birth.Date, Address: h.Home()})
		if err != nil {
			return err
		}
		account, err := m.Identity.ByAssertion(ctx, said)
		if err != nil {
			return err
		}
		m.list = append(m.list, mover{h, account.ID.Actor(), m.World.NewHome(i), clock.DateOf(m.DB.Clock().Now()).AddDays(-3)})
	}
	return nil
}

// move takes the next household through its whole case: the landlord's confirmation, the forms, the releases with the
// values shown before, the fetches, the decision. The notices and acknowledgements follow by the queue.
func (m *movers) move(ctx context.Context) error {
	one := m.list[m.next.Add(1)-1]
	speaker := one.People()[0]
	mark, err := m.Registers.Landlords.Confirm(ctx, register.Confirmation{
		Authority: demo.NewTown, Source: register.ByLandlord, Provider: demo.LandlordOf(one.home).Provider(), MovedIn: one.day, Home: one.home,
		People: []string{register.AllNames(speaker.GivenNames) + " " + speaker.FamilyName},
	})
	if err != nil {
		return err
	}
	c, err := m.Procedure.Start(ctx, procedure.Start{Service: "residence-registration", Authority: demo.NewTown, Account: one.account, Channel: "app"})
	if err != nil {
		return err
	}
	if c, err = m.fill(ctx, c, "proof", map[string]string{"proof": "landlord", "mark": mark}); err != nil {
		return err
	}
	if c, err = m.release(ctx, c); err != nil {
		return err
	}
	form := map[string]string{"kind": "sole"}
	if len(one.Entries) > 1 {
		x, err := m.Procedure.Examine(ctx, c)
		if err != nil {
			return err
		}
		var refs []string
		for _, p := range x.Edition.Pickable(x.Values, "relatives") {
			refs = append(refs, p.Ref)
		}
		form["relatives"], form["entitled"] = strings.Join(refs, "|"), "yes"
	}
	if c, err = m.fill(ctx, c, "apply", form); err != nil {
		return err
	}
	if c.Stage == "family" {
		if c, err = m.release(ctx, c); err != nil {
			return err
		}
	}
	if c, err = m.fill(ctx, c, "confirm", map[string]string{"correct": "yes"}); err != nil {
		return err
	}
	if c.Outcome != "registered" {
		return fmt.Errorf("case %s waits in %s for %q: %s", c.ID, c.Stage, c.Wait, c.Reason)
	}
	return nil
}

func (m *movers) fill(ctx context.Context, c procedure.Case, stage string, values map[string]string) (procedure.Case, error) {
	if c.Stage != stage || c.Wait != procedure.ForForm {
		return c, fmt.Errorf("case %s waits in %s for %q (%s), not in %s for a form", c.ID, c.Stage, c.Wait, c.Reason, stage)
	}
	c, wrong, err := m.Procedure.Fill(ctx, c.Account, c.ID, stage, procedure.Sheet{Lang: "de", Values: func(name string) []string {
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

// release shows the values to the person, as the page does, and releases all of them.
func (m *movers) release(ctx context.Context, c procedure.Case) (procedure.Case, error) {
	list, err := m.Procedure.Previews(ctx, c)
	if err != nil {
		return c, err
	}
	var replies []procedure.Reply
	for _, p := range list {
		replies = append(replies, procedure.Reply{Request: p.Request, Hash: p.Hash, Yes: true})
	}
	return m.Procedure.Release(ctx, c.Account, c.ID, replies)
}

// finished waits until every notice has been acknowledged and every case is closed.
func (m *movers) finished(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		done, err := db.One(ctx, m.DB, db.Scalar[int], "SELECT count(*) FROM procedure_case WHERE status = 'done'")
		if err != nil || done >= n {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d cases are done, and no more come", done, n)
		case <-look.C:
		}
	}
}

// run takes n households through their cases with as many clients as asked for, until the last case is closed.
func (m *movers) run(ctx context.Context, name string, clients, n int) (result, error) {
	before := int(m.next.Load())
	var left atomic.Int64
	left.Store(int64(n))
	failed := make(chan error, clients)
	elapsed, used := clock.Monotonic(), cpu()
	for range clients {
		go func() {
			for left.Add(-1) >= 0 {
				if err := m.move(ctx); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var err error
	for range clients {
		err = errors.Join(err, <-failed)
	}
	if err == nil {
		err = m.finished(ctx, before+n)
	}
	took := elapsed()
	return result{name: name, clients: clients, rate: float64(n) / took.Seconds(), cpu: (cpu() - used) / time.Duration(n)}, err
}

const moveClients = 16

// moveHouse is G12.
func moveHouse(ctx context.Context, b *bench) (err error) {
	url, drop, err := testkit.NewPostgres(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	dir := filepath.Join(b.dir, "g12")
	const cases = 150
	var sides []side
	var people int
	for _, where := range []struct{ name, dir, url string }{{"SQLite", dir, ""}, {"PostgreSQL", dir + "-pg", url}} {
		m, err := openMovers(ctx, where.dir, where.url)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.stop()) }()
		if err := m.settle(ctx, cases*(b.rounds+1), 12); err != nil {
			return err
		}
		people = 0
		for _, one := range m.list {
			people += len(one.Entries)
		}
		if _, err := m.run(ctx, where.name, moveClients, cases); err != nil { // statements, keys and caches as in a running house
			return fmt.Errorf("%s: %w", where.name, err)
		}
		sides = append(sides, func(ctx context.Context) (result, error) {
			return m.run(ctx, "whole moves on "+where.name, moveClients, cases)
		})
	}
	c, err := compare(ctx, b.rounds, sides...)
	if err != nil {
		return err
	}
	for i, name := range []string{"G12a", "G12b"} {
		r := c.median(i)
		b.atLeast(name, r.rate, 50, "%s per second, %d at once, %.1f people each, until the last acknowledgement; %v CPU each with everything in one process", r.name, r.clients,
			float64(people)/float64(cases*(b.rounds+1)), r.cpu.Round(100*time.Microsecond))
	}
	return nil
}

// moves is the hidden command that takes a counted number of households through, to be watched from outside.
const moves = "moves"

// moveOnly opens the demo world in DIR or at URL and takes N households through with C clients: moves DIR URL|- C N.
func moveOnly(ctx context.Context, args []string) error {
	if len(args) != 4 {
		return errors.New("moves DIR URL|- CLIENTS N")
	}
	clients, err1 := strconv.Atoi(args[2])
	total, err2 := strconv.Atoi(args[3])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	m, err := openMovers(ctx, args[0], strings.TrimPrefix(args[1], "-"))
	if err != nil {
		return err
	}
	if err := m.settle(ctx, total, 12); err != nil {
		return errors.Join(err, m.stop())
	}
	r, err := m.run(ctx, "moves", clients, total)
	fmt.Println(r)
	return errors.Join(err, m.stop())
}
