// River, a well-made job queue for Go, on the yardstick of docs/adr/0002: a procedure of five steps as five chained
// jobs, each step completing in the transaction that enqueues the next. It prints procedures per second.
//
//	river -database sqlite:/path/river.db | postgres://… [-n 300] [-workers 32] [-poll 50ms]
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite"
)

const steps = 5

// Step is one step of a procedure.
type Step struct {
	Procedure int `json:"procedure"`
	N         int `json:"n"`
}

// Kind names the job.
func (Step) Kind() string { return "step" }

// worker finishes a step and enqueues the next in one transaction.
type worker struct {
	river.WorkerDefaults[Step]
	advance func(ctx context.Context, j *river.Job[Step], next Step) error
	left    *atomic.Int64
	done    chan struct{}
}

// Work is called by River.
func (w *worker) Work(ctx context.Context, j *river.Job[Step]) error {
	if j.Args.N == steps {
		if w.left.Add(-1) == 0 {
			close(w.done)
		}
		return nil
	}
	return w.advance(ctx, j, Step{j.Args.Procedure, j.Args.N + 1})
}

func main() {
	log.SetFlags(0)
	database := flag.String("database", "", "sqlite:FILE or a PostgreSQL URL; it must be empty")
	n := flag.Int("n", 300, "procedures")
	workers := flag.Int("workers", 32, "jobs at once")
	poll := flag.Duration("poll", 50*time.Millisecond, "how often River looks for jobs (its own default is 1 s)")
	flag.Parse()
	config := &river.Config{
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: *workers}},
		Logger:        slog.New(slog.NewTextHandler(io.Discard, nil)),
		FetchCooldown: 5 * time.Millisecond, FetchPollInterval: *poll,
	}
	ctx := context.Background()
	var rate float64
	var err error
	if path, ok := strings.CutPrefix(*database, "sqlite:"); ok {
		rate, err = onSQLite(ctx, path, config, *n)
	} else {
		rate, err = onPostgres(ctx, *database, config, *n)
	}
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]float64{"procedures_s": rate}); err != nil {
		log.Fatal(err)
	}
}

func onPostgres(ctx context.Context, url string, config *river.Config, n int) (float64, error) {
	pool, err := pgxpool.New(ctx, url+"&pool_max_conns=40")
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	return run(ctx, riverpgxv5.New(pool), config, n, func(ctx context.Context, j *river.Job[Step], next Step) error {
		tx, err := pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		if _, err := river.ClientFromContext[pgx.Tx](ctx).InsertTx(ctx, tx, next, nil); err != nil {
			return err
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, j); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

func onSQLite(ctx context.Context, path string, config *river.Config, n int) (float64, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // as River's guide for SQLite says
	return run(ctx, riversqlite.New(db), config, n, func(ctx context.Context, j *river.Job[Step], next Step) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := river.ClientFromContext[*sql.Tx](ctx).InsertTx(ctx, tx, next, nil); err != nil {
			return err
		}
		if _, err := river.JobCompleteTx[*riversqlite.Driver](ctx, tx, j); err != nil {
			return err
		}
		return tx.Commit()
	})
}

func run[Tx any](ctx context.Context, driver riverdriver.Driver[Tx], config *river.Config, n int,
	advance func(context.Context, *river.Job[Step], Step) error,
) (float64, error) {
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		return 0, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return 0, err
	}
	w := &worker{advance: advance, left: new(atomic.Int64), done: make(chan struct{})}
	w.left.Store(int64(n))
	config.Workers = river.NewWorkers()
	river.AddWorker(config.Workers, w)
	client, err := river.NewClient(driver, config)
	if err != nil {
		return 0, err
	}
	if err := client.Start(ctx); err != nil {
		return 0, err
	}
	var first []river.InsertManyParams
	for i := range n {
		first = append(first, river.InsertManyParams{Args: Step{i, 1}})
	}
	begin := time.Now()
	if _, err := client.InsertMany(ctx, first); err != nil {
		return 0, err
	}
	<-w.done
	took := time.Since(begin)
	if err := client.Stop(ctx); err != nil {
		return 0, fmt.Errorf("stopping: %w", err)
	}
	return float64(n) / took.Seconds(), nil
}
