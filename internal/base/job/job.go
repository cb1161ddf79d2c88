package job

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

//go:embed migrations/*.sql
var files embed.FS

// Texts are the words for this package's faults.
//
//go:embed locale/*.json
var Texts embed.FS

// Migrations are this package's tables.
var Migrations = db.Migrations{Module: "job", Files: files}

// Spec describes work to be done. An empty Key makes a job of its own; a zero Due means at once.
type Spec struct {
	Kind      string
	Authority string
	Key       string
	Payload   any // stored as JSON
	Due       time.Time
}

// Job is leased work. Attempt counts from 1.
type Job struct {
	ID, Kind, Authority, Key string
	Payload                  []byte
	Attempt                  int
	token                    int64
}

// Into reads the payload.
func (j Job) Into(v any) error {
	if err := json.Unmarshal(j.Payload, v); err != nil {
		return Permanent(fmt.Errorf("payload of job %s: %w", j.ID, err))
	}
	return nil
}

type (
	// Effect is what a job changes here; it commits together with the job's completion.
	Effect func(ctx context.Context, tx *db.Tx) error
	// Handler does what a job does outside and returns what it changes here (nil for nothing).
	Handler func(ctx context.Context, j Job) (Effect, error)
)

// Inside builds the handler of a job that does nothing outside.
func Inside[T any](effect func(ctx context.Context, tx *db.Tx, payload T) error) Handler {
	return func(_ context.Context, j Job) (Effect, error) {
		var payload T
		if err := j.Into(&payload); err != nil {
			return nil, err
		}
		return func(ctx context.Context, tx *db.Tx) error { return effect(ctx, tx, payload) }, nil
	}
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that another attempt cannot mend.
func Permanent(err error) error { return permanent{err} }

var errLost = errors.New("job: the lease was lost to another runner")

const (
	attemptsMost = 12
	leaseFor     = 30 * time.Second
	keepDone     = 30 * 24 * time.Hour
)

// backoff is the pause before the next attempt: doubling from a second to an hour, with jitter.
func backoff(attempt int) time.Duration {
	pause := time.Hour
	if attempt < attemptsMost {
		pause = min(pause, time.Second<<attempt)
	}
	return pause/2 + time.Duration(rand.Int64N(int64(pause)))
}
