package db

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

type (
	closure func(ctx context.Context, tx *Tx) error
	mode    int
)

const (
	serializable mode = iota
	locked
	appending
	reading
)

// request is a closure on its way. Its state decides who may answer: the caller while it waits, the writer once it runs.
type request struct {
	ctx   context.Context //nolint:containedctx // the caller of this one request
	fn    closure
	mode  mode
	lane  string
	state atomic.Int32 // waiting, running, abandoned
	done  chan error
	after []func()
}

const (
	waiting int32 = iota
	running
	abandoned
)

// start claims the request for running. It is false if the caller has given up.
func (r *request) start() bool { return r.state.CompareAndSwap(waiting, running) }

// started are those of a batch whose callers still wait.
func started(batch []*request) []*request {
	out := batch[:0]
	for _, r := range batch {
		if r.start() {
			out = append(out, r)
		}
	}
	return out
}

// committed tells those who want to know that the request's changes are durable.
func (r *request) committed() {
	for _, fn := range r.after {
		fn()
	}
}

// abandon takes the request back. It is false if it runs already.
func (r *request) abandon() bool { return r.state.CompareAndSwap(waiting, abandoned) }

// queue holds waiting requests, one bounded lane per authority, served in turn.
type queue struct {
	mu     sync.Mutex
	more   *sync.Cond
	lanes  map[string][]*request
	turn   []string // lanes that hold something, next first
	closed bool
}

func newQueue() *queue {
	q := &queue{lanes: map[string][]*request{}}
	q.more = sync.NewCond(&q.mu)
	return q
}

func (q *queue) push(r *request, limit int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return fault.New(fault.Unavailable, "db.error.closing")
	}
	lane := q.lanes[r.lane]
	if len(lane) >= limit {
		return fault.New(fault.Busy, "db.error.busy")
	}
	if len(lane) == 0 {
		q.turn = append(q.turn, r.lane)
	}
	q.lanes[r.lane] = append(lane, r)
	q.more.Signal()
	return nil
}

// pop waits for work and takes up to most requests, one of each lane in turn. It returns nothing once the queue is
// closed and empty.
func (q *queue) pop(most int) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.turn) == 0 {
		if q.closed {
			return nil
		}
		q.more.Wait()
	}
	var out []*request
	for len(out) < most && len(q.turn) > 0 {
		name := q.turn[0]
		q.turn = q.turn[1:]
		lane := q.lanes[name]
		out = append(out, lane[0])
		if len(lane) == 1 {
			delete(q.lanes, name)
			continue
		}
		lane[0] = nil
		q.lanes[name] = lane[1:]
		q.turn = append(q.turn, name)
	}
	return out
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.more.Broadcast()
}
