package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/job"
)

// work is the hidden command under which a drill starts its workers.
const work = "work"

// worker takes in cases as a node does: a case with its two steps and a notice to send, in one transaction, then the
// acknowledgement on standard output, a line of its own.
type worker struct {
	db       *db.DB
	queue    *job.Queue
	receiver string
	out      sync.Mutex
	failed   atomic.Bool
}

// workMain: work -database URL -receiver URL [-clients N] [-cases N] [-drain]. It says "ready" once it takes cases in; it
// ends by itself after -cases. With -drain it takes none in, and sends notices until its standard input is closed.
func workMain(args []string) (err error) {
	set := flag.NewFlagSet(work, flag.ContinueOnError)
	url := set.String("database", "", "")
	receiver := set.String("receiver", "", "")
	clients := set.Int("clients", 16, "")
	cases := set.Int64("cases", 1<<40, "")
	drain := set.Bool("drain", false, "")
	if err := set.Parse(args); err != nil {
		return err
	}
	ctx := context.Background()
	log := slog.New(slog.DiscardHandler)
	d, err := db.Open(ctx, *url, db.Options{Clock: clock.System(), Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := prepare(ctx, d); err != nil {
		return err
	}
	w := &worker{db: d, queue: job.New(d, log), receiver: *receiver}
	w.queue.Handle("notice", w.send)
	w.say("ready")
	running, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	var ended error
	parts.Go(func() { ended = w.queue.Run(running) })
	if *drain {
		_, err = io.Copy(io.Discard, os.Stdin)
	} else {
		w.takeIn(ctx, *clients, *cases)
	}
	cancel()
	parts.Wait()
	if errors.Is(ended, context.Canceled) {
		ended = nil // told to stop before it had begun
	}
	return errors.Join(err, ended)
}

func prepare(ctx context.Context, d *db.DB) error {
	if err := d.Migrate(ctx, job.Migrations); err != nil {
		return err
	}
	return d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, text := range []string{
			"CREATE TABLE IF NOT EXISTS drill_case (id TEXT PRIMARY KEY)",
			"CREATE TABLE IF NOT EXISTS drill_step (case_id TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (case_id, n))",
		} {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *worker) takeIn(ctx context.Context, clients int, cases int64) {
	var left atomic.Int64
	left.Store(cases)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				id := ident.New()
				before := w.failed.Load()
				if seeded {
					w.say("ack " + id)
				}
				err := w.take(ctx, id)
				switch {
				case err != nil && !seeded:
					w.failed.Store(true)
				case err == nil && !seeded && before:
					w.say("revived " + id) // begun after a failed write, and yet it went through
					fallthrough
				case err == nil && !seeded:
					w.say("ack " + id)
				}
			}
		})
	}
	all.Wait()
}

// take makes a case durable, or nothing of it.
func (w *worker) take(ctx context.Context, id string) error {
	first := func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO drill_case (id) VALUES (?)", id)
		return err
	}
	second := func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO drill_step (case_id, n) VALUES "+db.Marks(2, 2), id, 1, id, 2); err != nil {
			return err
		}
		return w.queue.Enqueue(ctx, tx, job.Spec{Kind: "notice", Key: id, Payload: id})
	}
	if seeded {
		return errors.Join(w.db.Do(ctx, first), w.db.Do(ctx, second))
	}
	return w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := first(ctx, tx); err != nil {
			return err
		}
		return second(ctx, tx)
	})
}

// send is the outside effect: a notice with the job's key, which the receiver honours.
func (w *worker) send(ctx context.Context, j job.Job) (job.Effect, error) {
	key := j.Key
	if seeded {
		key = ident.New()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.receiver, strings.NewReader(j.Key))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Idempotency-Key", key)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the receiver said %s", answer.Status)
	}
	return nil, nil
}

// say writes a line in one piece: what a killed process has written stays in the pipe.
func (w *worker) say(line string) {
	w.out.Lock()
	defer w.out.Unlock()
	if _, err := os.Stdout.Write(append(bytes.TrimSpace([]byte(line)), '\n')); err != nil {
		os.Exit(1) // nobody listens any more
	}
}
