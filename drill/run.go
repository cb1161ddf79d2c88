package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
)

// receiver is another authority that honours our keys: the same key twice is one effect.
type receiver struct {
	url    string
	server *http.Server
	mu     sync.Mutex
	byKey  map[string]bool
	byCase map[string]int
	again  int // deliveries under a key that was there already
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String(), byKey: map[string]bool{}, byCase: map[string]int{}}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go r.server.Serve(l) //nolint:errcheck // ends with Close
	return r, nil
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := req.Header.Get("Idempotency-Key")
	if r.byKey[key] {
		r.again++
		return
	}
	r.byKey[key] = true
	r.byCase[string(body)]++
}

// await gives the effects of all cases time to arrive: a killed worker's leases must run out first.
func (r *receiver) await(ctx context.Context, cases []string, patience time.Duration) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !r.has(cases) {
		select {
		case <-look.C:
		case <-late.C:
			return nil // what has not come by now is missing
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (r *receiver) has(cases []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.ContainsFunc(cases, func(id string) bool { return r.byCase[id] == 0 })
}

// process is a running worker.
type process struct {
	cmd    *exec.Cmd
	ready  time.Duration // from start to "ready"
	said   chan []string // all lines, when the process has ended
	stdin  io.WriteCloser
	stderr strings.Builder
}

// start starts a worker, after the given wrapping command if any, and waits until it is ready.
func start(ctx context.Context, wrap []string, binary string, args ...string) (*process, error) {
	line := append(append(append([]string{}, wrap...), binary, work), args...)
	p := &process{cmd: exec.CommandContext(ctx, line[0], line[1:]...), said: make(chan []string, 1)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	elapsed := clock.Monotonic()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go func() {
		var lines []string
		for s := bufio.NewScanner(out); s.Scan(); {
			if s.Text() == "ready" {
				close(ready)
				continue
			}
			lines = append(lines, s.Text())
		}
		p.said <- lines
	}()
	select {
	case <-ready:
		p.ready = elapsed()
		return p, nil
	case lines := <-p.said: // a fault may hit it before it is ready
		p.said <- lines
		return p, nil
	}
}

// kill ends a worker and all it started, without a warning.
func (p *process) kill() ([]string, error) {
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return nil, err
	}
	return p.wait()
}

// wait returns what the worker said once it has ended, however it ended.
func (p *process) wait() ([]string, error) {
	lines := <-p.said
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return lines, nil
	}
	return lines, err
}

// promise is what the workers acknowledged, to be held against the database and the receiver.
type promise struct {
	acked   []string
	revived int
}

func (p *promise) add(lines []string) {
	for _, line := range lines {
		if id, ok := strings.CutPrefix(line, "ack "); ok {
			p.acked = append(p.acked, id)
		}
		if strings.HasPrefix(line, "revived ") {
			p.revived++
		}
	}
}

// tally is the count of what must not be.
type tally struct{ cases, lost, half, missing, doubled int }

func (t tally) broken() bool { return t.lost+t.half+t.missing+t.doubled > 0 }

func (t tally) String() string {
	return fmt.Sprintf("%d lost, %d half done, %d effects missing and %d doubled of %d cases", t.lost, t.half, t.missing, t.doubled, t.cases)
}

// hold lets a last worker send what is still to be sent, and compares what was promised with what is there.
func (d *drills) hold(ctx context.Context, p promise, binary, url string, r *receiver) (t tally, err error) {
	last, err := start(ctx, nil, binary, "-drain", "-database", url, "-receiver", r.url)
	if err != nil {
		return t, err
	}
	if last.ready == 0 {
		return t, fmt.Errorf("no worker opens what is left: %s", last.stderr.String())
	}
	data, err := db.Open(ctx, url, db.Options{ReadOnly: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	found, err := db.All(ctx, data, db.Scalar[string], "SELECT id FROM drill_case")
	if err != nil {
		return t, err
	}
	if err := r.await(ctx, found, d.patience); err != nil {
		return t, err
	}
	if err := last.stdin.Close(); err != nil {
		return t, err
	}
	if _, err := last.wait(); err != nil || last.stderr.Len() > 0 {
		return t, errors.Join(err, errors.New("the last worker did not end well: "+last.stderr.String()))
	}
	there := map[string]bool{}
	for _, id := range found {
		there[id] = true
	}
	t.cases = len(found)
	for _, id := range p.acked {
		if !there[id] {
			t.lost++
		}
	}
	half, err := db.One(ctx, data, db.Scalar[int64], `SELECT
		(SELECT count(*) FROM drill_case WHERE (SELECT count(*) FROM drill_step WHERE case_id = drill_case.id) <> 2) +
		(SELECT count(*) FROM drill_step WHERE NOT EXISTS (SELECT 1 FROM drill_case WHERE id = case_id))`)
	if err != nil {
		return t, err
	}
	t.half = int(half)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range found {
		switch n := r.byCase[id]; {
		case n == 0:
			t.missing++
		case n > 1:
			t.doubled++
		}
	}
	for id := range r.byCase {
		if !there[id] {
			t.doubled++ // an effect of something that never was
		}
	}
	return t, nil
}

// pause waits for a random moment between the two bounds.
func (d *drills) pause(ctx context.Context, least, most time.Duration) error {
	timer := time.NewTimer(least + time.Duration(d.dice.Int64N(int64(most-least))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// kills is D1: kill -9 at a random moment while 16 clients hand in cases, and start again.
func kills(engine string) func(context.Context, *drills, string) (seen, error) {
	return func(ctx context.Context, d *drills, binary string) (_ seen, err error) {
		url, drop, err := d.fresh(ctx, engine)
		if err != nil {
			return seen{}, err
		}
		defer func() { err = errors.Join(err, drop()) }()
		r, err := newReceiver()
		if err != nil {
			return seen{}, err
		}
		defer r.server.Close()
		var p promise
		var slowest time.Duration
		for range d.kills {
			w, err := start(ctx, nil, binary, "-database", url, "-receiver", r.url)
			if err != nil {
				return seen{}, err
			}
			if w.ready == 0 {
				return seen{}, fmt.Errorf("a worker did not start: %s", w.stderr.String())
			}
			slowest = max(slowest, w.ready)
			if err := d.pause(ctx, 50*time.Millisecond, 500*time.Millisecond); err != nil {
				return seen{}, err
			}
			lines, err := w.kill()
			if err != nil {
				return seen{}, err
			}
			p.add(lines)
		}
		t, err := d.hold(ctx, p, binary, url, r)
		if err != nil {
			return seen{}, err
		}
		const inTime = 2 * time.Second
		return seen{
			broken: t.broken() || slowest > inTime || len(p.acked) == 0,
			figures: fmt.Sprintf("%v, %d acknowledged over %d kills, %d sent again under the same key, ready after at most %v",
				t, len(p.acked), d.kills, r.again, slowest.Round(time.Millisecond)),
		}, nil
	}
}
