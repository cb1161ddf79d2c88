package event

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/job"
)

// Event is something that happened. Name is "module.Happened". Key makes it one event however often it is appended;
// empty, every Append is an event of its own. Data is stored as JSON and holds ids rather than personal data.
type Event struct {
	Name      string
	Authority string
	Key       string
	Data      any
}

// Bus carries events to their subscribers.
type Bus struct {
	jobs *job.Queue
	subs map[string][]string // event name → job kinds
	seen []func(ctx context.Context, tx *db.Tx, e Event)
}

// New returns a bus whose events travel as jobs of q.
func New(q *job.Queue) *Bus { return &Bus{jobs: q, subs: map[string][]string{}} }

// Subscribe registers who wants to know of an event. subscriber names the module, so that the kind of its jobs stays
// the same from release to release.
func (b *Bus) Subscribe(name, subscriber string, h job.Handler) {
	kind := "event:" + name + ":" + subscriber
	b.subs[name] = append(b.subs[name], kind)
	b.jobs.Handle(kind, h)
}

// Watch lets a test look on. It is called inside the transaction and must not keep anything.
func (b *Bus) Watch(fn func(ctx context.Context, tx *db.Tx, e Event)) { b.seen = append(b.seen, fn) }

// Append makes an event part of the transaction: one job per subscriber.
func (b *Bus) Append(ctx context.Context, tx *db.Tx, e Event) error {
	if e.Key == "" {
		e.Key = ident.New()
	}
	payload, err := json.Marshal(e.Data)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Name, err)
	}
	for _, kind := range b.subs[e.Name] {
		if err := b.jobs.Enqueue(ctx, tx, job.Spec{Kind: kind, Authority: e.Authority, Key: e.Key, Payload: json.RawMessage(payload)}); err != nil {
			return fmt.Errorf("event %s: %w", e.Name, err)
		}
	}
	for _, fn := range b.seen {
		fn(ctx, tx, e)
	}
	return nil
}
