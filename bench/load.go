package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// result is what one run of one side did.
type result struct {
	name     string
	clients  int
	rate     float64       // operations per second
	p50, p99 time.Duration // of one operation
	cpu      time.Duration // user and system time of this process per operation
	extra    string        // batch sizes and the like
}

func (r result) String() string {
	return fmt.Sprintf("%s: %.0f/s with %d clients, p50 %v, p99 %v, %v CPU each%s", r.name, r.rate, r.clients,
		r.p50.Round(time.Microsecond), r.p99.Round(time.Microsecond), r.cpu.Round(100*time.Nanosecond), r.extra)
}

// closedLoop lets n clients do op, each again as soon as it is done, until d is over. An error ends the run: a side
// that fails is not fast.
func closedLoop(ctx context.Context, name string, n int, d time.Duration, op func(ctx context.Context, client int) error) (result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var over atomic.Bool
	timer := time.AfterFunc(d, func() { over.Store(true) })
	defer timer.Stop()
	took := make([][]time.Duration, n)
	var clients sync.WaitGroup
	elapsed, before := clock.Monotonic(), cpu()
	for c := range n {
		clients.Go(func() {
			for !over.Load() && ctx.Err() == nil {
				one := clock.Monotonic()
				if err := op(ctx, c); err != nil {
					cancel(fmt.Errorf("%s: %w", name, err))
					return
				}
				took[c] = append(took[c], one())
			}
		})
	}
	clients.Wait()
	total, used := elapsed(), cpu()-before
	all := slices.Concat(took...)
	if err := context.Cause(ctx); err != nil {
		return result{}, err
	}
	if len(all) == 0 {
		return result{}, errors.New(name + ": not one operation in a run; -d is too short")
	}
	slices.Sort(all)
	return result{
		name: name, clients: n, rate: float64(len(all)) / total.Seconds(),
		p50: all[len(all)/2], p99: all[len(all)*99/100], cpu: used / time.Duration(len(all)),
	}, nil
}

// cpu is the user and system time this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// side is one of the things compared; it returns one run of it.
type side func(ctx context.Context) (result, error)

// compared holds the runs of all sides, round by round.
type compared [][]result

// compare runs all sides in turn, so that a busy neighbour hits all of them alike.
func compare(ctx context.Context, rounds int, sides ...side) (compared, error) {
	var c compared
	for range rounds {
		var round []result
		for _, s := range sides {
			r, err := s(ctx)
			if err != nil {
				return nil, err
			}
			round = append(round, r)
		}
		c = append(c, round)
	}
	return c, nil
}

// median is a side's run with the median rate.
func (c compared) median(i int) result {
	var runs []result
	for _, round := range c {
		runs = append(runs, round[i])
	}
	slices.SortFunc(runs, func(a, b result) int {
		if a.rate < b.rate {
			return -1
		}
		return 1
	})
	return runs[len(runs)/2]
}

// ratio is the median over the rounds of side i's rate to side j's, with the lowest and the highest.
func (c compared) ratio(i, j int) (mid, low, high float64) {
	var q []float64
	for _, round := range c {
		q = append(q, round[i].rate/round[j].rate)
	}
	slices.Sort(q)
	return q[len(q)/2], q[0], q[len(q)-1]
}
