package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/amtsweg/amtsweg/drill/town"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// movers are people in the made-up world who move house at the same time.
type movers struct {
	*town.Town
	list []town.Mover
	next atomic.Int64
}

// openMovers opens the made-up world with n households that want to move. It is not measured.
func openMovers(ctx context.Context, dir, url string, n int) (*movers, error) {
	t, err := town.Open(ctx, town.Options{Dir: dir, URL: url, Run: true})
	if err != nil {
		return nil, err
	}
	list, err := t.Settle(ctx, n, 12)
	if err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return &movers{Town: t, list: list}, nil
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
				if _, err := m.Move(ctx, m.list[m.next.Add(1)-1]); err != nil {
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
		m, err := openMovers(ctx, where.dir, where.url, cases*(b.rounds+1))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.Stop()) }()
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
	m, err := openMovers(ctx, args[0], strings.TrimPrefix(args[1], "-"), total)
	if err != nil {
		return err
	}
	r, err := m.run(ctx, "moves", clients, total)
	fmt.Println(r)
	return errors.Join(err, m.Stop())
}
