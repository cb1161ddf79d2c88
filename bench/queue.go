package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// queueAgainstRiver is the measurement of docs/adr/0002: a procedure of five steps as five chained jobs, in our queue and
// in River, on each engine. (The engine of procedures needs no such chain: it runs to the next wait in one transaction.)
func queueAgainstRiver(ctx context.Context, b *bench) error {
	river, err := b.river(ctx)
	if err != nil {
		return err
	}
	n := 0
	fresh := map[string]func() (string, func() error, error){
		"SQLite": func() (string, func() error, error) {
			n++
			return "sqlite:" + filepath.Join(b.dir, fmt.Sprintf("queue-%d", n), "queue.db"), func() error { return nil }, nil
		},
		"PostgreSQL": func() (string, func() error, error) { return testkit.NewPostgres(ctx) },
	}
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		const procedures = 300
		in := func(name string, run func(ctx context.Context, url string) (float64, error)) side {
			return func(ctx context.Context) (_ result, err error) {
				url, drop, err := fresh[engine]()
				if err != nil {
					return result{}, err
				}
				defer func() { err = errors.Join(err, drop()) }()
				rate, err := run(ctx, url)
				return result{name: name + ", " + engine, rate: rate}, err
			}
		}
		c, err := compare(ctx, b.rounds,
			in("River 0.31", func(ctx context.Context, url string) (float64, error) { return riverRate(ctx, river, url, procedures) }),
			in("base/job", func(ctx context.Context, url string) (float64, error) { return queueRate(ctx, url, procedures) }),
		)
		if err != nil {
			return err
		}
		mid, low, high := c.ratio(1, 0)
		b.note("five chained jobs, %s: base/job %.0f procedures/s, River 0.31 %.0f: %.2f x (%.2f–%.2f)", engine, c.median(1).rate, c.median(0).rate, mid, low, high)
	}
	return nil
}

// river builds River's yardstick, a module of its own, once.
func (b *bench) river(ctx context.Context) (string, error) {
	binary := filepath.Join(b.dir, "river")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	build.Dir = "bench/river"
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building River's yardstick: %w: %s", err, out)
	}
	return binary, nil
}

func riverRate(ctx context.Context, binary, url string, procedures int) (float64, error) {
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok { // River makes no folders
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return 0, err
		}
	}
	out, err := exec.CommandContext(ctx, binary, "-database", url, "-n", strconv.Itoa(procedures)).Output()
	if err != nil {
		return 0, fmt.Errorf("river: %w: %s", err, out)
	}
	var said map[string]float64
	err = json.Unmarshal(out, &said)
	return said["procedures_s"], err
}

type step struct{ Procedure, N int }

// queueRate runs procedures of five chained jobs in our queue: each step's effect enqueues the next one.
func queueRate(ctx context.Context, url string, procedures int) (_ float64, err error) {
	const steps = 5
	log := slog.New(slog.DiscardHandler)
	d, err := db.Open(ctx, url, db.Options{Clock: clock.System(), Log: log})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx, job.Migrations); err != nil {
		return 0, err
	}
	q := job.New(d, log)
	var left atomic.Int64
	left.Store(int64(procedures))
	done := make(chan struct{})
	q.Handle("step", job.Inside(func(ctx context.Context, tx *db.Tx, s step) error {
		if s.N < steps {
			return q.Enqueue(ctx, tx, job.Spec{Kind: "step", Payload: step{s.Procedure, s.N + 1}})
		}
		tx.AfterCommit(func() {
			if left.Add(-1) == 0 {
				close(done)
			}
		})
		return nil
	}))
	running, cancel := context.WithCancel(ctx)
	var queue sync.WaitGroup
	var ended error
	queue.Go(func() { ended = q.Run(running) })
	elapsed := clock.Monotonic()
	err = d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		for i := range procedures {
			if err := q.Enqueue(ctx, tx, job.Spec{Kind: "step", Payload: step{i, 1}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		select {
		case <-done:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	took := elapsed()
	cancel()
	queue.Wait()
	return float64(procedures) / took.Seconds(), errors.Join(err, ended)
}
