package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/amtsweg/amtsweg/drill/town"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

//go:embed services/five-steps.yaml
var services embed.FS

// stepper runs cases of five automatic steps.
type stepper struct {
	*town.Town
	movers []town.Mover
	next   atomic.Int64
}

func openStepper(ctx context.Context, dir, url string, n int) (*stepper, error) {
	ed, problems := catalog.Load(services, "services/five-steps.yaml")
	if ed == nil {
		return nil, fmt.Errorf("definition of five steps: %v", problems)
	}
	t, err := town.Open(ctx, town.Options{Dir: dir, URL: url, Run: true, More: []*catalog.Edition{ed}})
	if err != nil {
		return nil, err
	}
	movers, err := t.Settle(ctx, n, 11)
	if err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return &stepper{Town: t, movers: movers}, nil
}

const (
	stepClients = 32
	warm        = 100 // cases before it counts
)

// run takes n cases from their start to the notification. What a citizen's start costs besides is in it: who they are and
// may act for is looked up, recorded and durable, too.
func (s *stepper) run(ctx context.Context, name string, n int) (result, error) {
	var left atomic.Int64
	left.Store(int64(n))
	failed := make(chan error, stepClients)
	elapsed, used := clock.Monotonic(), cpu()
	for range stepClients {
		go func() {
			for left.Add(-1) >= 0 {
				who := s.movers[s.next.Add(1)-1].Account // each person has one case
				c, err := s.Procedure.Start(ctx, procedure.Start{Service: "five-steps", Authority: demo.NewTown, Account: who, Channel: "app"})
				if err == nil && c.Status != procedure.Done {
					err = fmt.Errorf("case %s is %s in %s: %s", c.ID, c.Status, c.Stage, c.Reason)
				}
				if err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var err error
	for range stepClients {
		err = errors.Join(err, <-failed)
	}
	return result{name: name, clients: stepClients, rate: float64(n) / elapsed().Seconds(), cpu: (cpu() - used) / time.Duration(n)}, err
}

// fiveSteps is G11.
func fiveSteps(ctx context.Context, b *bench) (err error) {
	river, err := b.river(ctx)
	if err != nil {
		return err
	}
	url, drop, err := testkit.NewPostgres(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	for _, e := range []struct {
		goal, name, url string
		least           float64
		cases           int
	}{{"G11a", "SQLite", "", 10, 500}, {"G11b", "PostgreSQL", url, 7, 200}} {
		s, err := openStepper(ctx, filepath.Join(b.dir, "g11-"+e.name), e.url, warm+e.cases*b.rounds)
		if err != nil {
			return err
		}
		if _, err := s.run(ctx, e.name, warm); err != nil { // statements and keys as in a running house
			return errors.Join(err, s.Stop())
		}
		turn := 0
		c, err := compare(ctx, b.rounds,
			func(ctx context.Context) (result, error) {
				turn++
				return b.riverRun(ctx, river, e.name, strconv.Itoa(turn))
			},
			func(ctx context.Context) (result, error) { return s.run(ctx, "five automatic steps", e.cases) },
		)
		if err := errors.Join(err, s.Stop()); err != nil {
			return err
		}
		mid, low, high := c.ratio(1, 0)
		b.limit(c.median(0))
		b.atLeast(e.goal, mid, e.least, "five automatic steps through the engine on %s, %.0f/s, %v CPU each, to River 0.31 with five chained jobs, %.2f–%.2f; "+
			"decision, sealed letter, message and ledger included; synchronous=FULL, fsync and synchronous_commit on", e.name, c.median(1).rate, c.median(1).cpu.Round(10*time.Microsecond), low, high)
	}
	return nil
}

// riverRun is one run of River in an empty database of an engine.
func (b *bench) riverRun(ctx context.Context, binary, engine, turn string) (_ result, err error) {
	url := "sqlite:" + filepath.Join(b.dir, "river-"+turn, "queue.db")
	if engine == "PostgreSQL" {
		var drop func() error
		if url, drop, err = testkit.NewPostgres(ctx); err != nil {
			return result{}, err
		}
		defer func() { err = errors.Join(err, drop()) }()
	}
	rate, err := riverRate(ctx, binary, url, 300)
	return result{name: "River 0.31, five chained jobs, " + engine, clients: 32, rate: rate}, err
}
