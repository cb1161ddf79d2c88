package demo

import (
	"context"
	"testing"
	"time"
)

// meanwhile is a look at the tables during which another move begins.
type meanwhile struct {
	Tables
	begins func()
}

func (m meanwhile) Standings(_ context.Context, cases []string) (map[string]Standing, error) {
	m.begins()
	out := map[string]Standing{}
	for _, id := range cases {
		out[id] = Standing{Status: "done"}
	}
	return out, nil
}

func TestACaseThatBeganDuringALookIsNotOver(t *testing.T) {
	since := func() time.Duration { return time.Second }
	told := &telling{
		Story: &Story{}, results: make([]Result, 2), walks: []*walk{{caseID: "first"}, {caseID: "second"}},
		ended: []chan struct{}{make(chan struct{}), make(chan struct{})}, waiting: map[int]func() time.Duration{0: since},
	}
	told.pending.Add(2)
	told.Tables = meanwhile{begins: func() {
		told.mu.Lock()
		defer told.mu.Unlock()
		told.waiting[1] = since
	}}
	told.lookOnce(t.Context())
	if told.waiting[0] != nil || told.waiting[1] == nil {
		t.Fatalf("waiting are %d, want the second only", len(told.waiting))
	}
	told.Tables = meanwhile{begins: func() {}}
	told.lookOnce(t.Context())
	if len(told.waiting) != 0 {
		t.Errorf("the second is done and still waits")
	}
}
