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
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// house is the product on one database, started and killed again and again. What people were told they have handed in is
// kept outside.
type house struct {
	binary  string
	dir     string
	url     string // empty: the file in dir
	engine  string
	acked   map[string]bool
	decided int
	slow    time.Duration // the longest until a killed house was ready again
}

func (h *house) where() []string {
	line := []string{"--data", h.dir}
	if h.url != "" {
		line = append(line, "--database", h.url)
	}
	return line
}

// running is a process of the product.
type running struct {
	cmd   *exec.Cmd
	first chan struct{} // closed with the first acknowledgement
	done  chan struct{} // closed when standard output has ended
	mu    sync.Mutex
	acks  []string
	log   strings.Builder
}

func (h *house) start(ctx context.Context, wrap []string, args ...string) (*running, error) {
	line := append(append(append([]string{}, wrap...), h.binary), append(args, h.where()...)...)
	p := &running{cmd: exec.CommandContext(ctx, line[0], line[1:]...), first: make(chan struct{}), done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.listen(out)
	return p, nil
}

func (p *running) listen(out io.Reader) {
	defer close(p.done)
	for s := bufio.NewScanner(out); s.Scan(); {
		id, is := strings.CutPrefix(s.Text(), "ack ")
		if !is {
			continue
		}
		p.mu.Lock()
		if p.acks = append(p.acks, id); len(p.acks) == 1 {
			close(p.first)
		}
		p.mu.Unlock()
	}
}

// end sends a signal to all of a process and waits for it, however it ends.
func (p *running) end(s syscall.Signal) error {
	if err := syscall.Kill(-p.cmd.Process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-p.done
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

func (h *house) note(p *running) {
	for _, id := range p.acks {
		h.acked[id] = true
	}
}

// story lets people move house through the pages, 16 at a time.
func (h *house) story(ctx context.Context, wrap []string, count int, seed uint64) (*running, error) {
	return h.start(ctx, wrap, "story", "move-house", "--clients", "16", "--count", strconv.Itoa(count), "--seed", strconv.FormatUint(seed, 10))
}

// open starts the house as its operator does, and waits until it is ready.
func (h *house) open(ctx context.Context) (*running, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	elapsed := clock.Monotonic()
	p, err := h.start(ctx, nil, "demo", "--listen", at)
	if err != nil {
		return nil, err
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for elapsed() < 20*time.Second {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/readyz", nil)
		if err != nil {
			return nil, err
		}
		if answer, err := http.DefaultClient.Do(req); err == nil {
			_ = answer.Body.Close() // only its status counts
			if answer.StatusCode == http.StatusOK {
				h.slow = max(h.slow, elapsed())
				return p, nil
			}
		}
		select {
		case <-p.done:
			return nil, errors.Join(fmt.Errorf("the house does not open: %s", p.log.String()), p.end(syscall.SIGKILL))
		case <-look.C:
		}
	}
	return nil, errors.Join(errors.New("the house is not ready after 20 s"), p.end(syscall.SIGKILL))
}

// fresh makes a house on a new database, in which the made-up world has been built.
func (d *drills) house(ctx context.Context, binary, engine string) (_ *house, drop func() error, err error) {
	h := &house{binary: binary, engine: engine, acked: map[string]bool{}}
	if h.dir, err = os.MkdirTemp(d.dir, "house-"); err != nil {
		return nil, nil, err
	}
	drop = func() error { return nil }
	if engine == "postgres" {
		if h.url, drop, err = testkit.NewPostgres(ctx); err != nil {
			return nil, nil, err
		}
	}
	return h, drop, h.build(ctx)
}

// build lets the world be made; how long that takes does not count.
func (h *house) build(ctx context.Context) error {
	p, err := h.open(ctx)
	if err != nil {
		return err
	}
	h.slow = 0
	return p.end(syscall.SIGTERM)
}

// killedHouse is D1 on the product: kill -9 while 16 people at a time move house through the pages, again while it works
// off what was left, and so on.
func killedHouse(engine string) func(context.Context, *drills, string) (seen, error) {
	return func(ctx context.Context, d *drills, binary string) (_ seen, err error) {
		h, drop, err := d.house(ctx, binary, engine)
		if err != nil {
			return seen{}, err
		}
		defer func() { err = errors.Join(err, drop()) }()
		for range (d.kills + 1) / 2 { // each round kills twice
			p, err := h.story(ctx, nil, 2000, d.dice.Uint64())
			if err != nil {
				return seen{}, err
			}
			select {
			case <-p.first:
			case <-p.done:
				return seen{broken: true, figures: "bin/amtsweg: nobody could move house: " + p.log.String()}, p.end(syscall.SIGKILL)
			case <-time.After(30 * time.Second):
				return seen{broken: true, figures: "bin/amtsweg: nobody has moved house after 30 s"}, p.end(syscall.SIGKILL)
			}
			if err := errors.Join(d.pause(ctx, 200*time.Millisecond, 2*time.Second), p.end(syscall.SIGKILL)); err != nil {
				return seen{}, err
			}
			h.note(p)
			again, err := h.open(ctx)
			if err != nil {
				return seen{broken: true, figures: "bin/amtsweg: after a kill " + err.Error()}, nil
			}
			if err := errors.Join(d.pause(ctx, 0, 300*time.Millisecond), again.end(syscall.SIGKILL)); err != nil {
				return seen{}, err
			}
		}
		t, err := h.settled(ctx, d.patience)
		if err != nil {
			return seen{}, err
		}
		const inTime = 2 * time.Second
		return seen{
			broken: t.broken() || h.slow > inTime || len(h.acked) == 0 || h.decided == 0,
			figures: fmt.Sprintf("bin/amtsweg: %v; %d acknowledged and %d decided over %d kills, in turn during moves and during recovery, ready again after at most %v",
				t, len(h.acked), h.decided, d.kills, h.slow.Round(time.Millisecond)),
		}, nil
	}
}

// settled opens the house a last time, waits until nothing is left to do, and holds its tables against what people were told.
func (h *house) settled(ctx context.Context, patience time.Duration) (t tally, err error) {
	p, err := h.open(ctx)
	if err != nil {
		return t, err
	}
	url := h.url
	if url == "" {
		url = "sqlite:" + filepath.Join(h.dir, "amtsweg.db")
	}
	data, err := db.Open(ctx, url, db.Options{ReadOnly: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return t, errors.Join(err, p.end(syscall.SIGKILL))
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	if err := h.quiet(ctx, data, patience); err != nil {
		return t, errors.Join(err, p.end(syscall.SIGKILL))
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		return t, err
	}
	if t, err = h.tally(ctx, data); err != nil {
		return t, err
	}
	verify := exec.CommandContext(ctx, h.binary, append([]string{"ledger", "verify"}, h.where()...)...)
	if out, err := verify.CombinedOutput(); err != nil {
		t.half++
		fmt.Fprintf(os.Stderr, "ledger verify: %v: %s\n", err, out)
	}
	return t, nil
}

// quiet waits until every decided case is closed, or patience is over: what has not come by then is missing.
func (h *house) quiet(ctx context.Context, data *db.DB, patience time.Duration) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		n, err := db.One(ctx, data, db.Scalar[int], `SELECT (SELECT count(*) FROM procedure_case WHERE wait IN ('notices', 'register')) +
			(SELECT count(*) FROM ledger_record WHERE position IS NULL)`)
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-look.C:
		case <-late.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// halves are cases of which a part is there and another is not. Each statement counts them.
var halves = []string{
	// decided without the entry, a letter, the notices, the record or the word to the person
	`SELECT count(*) FROM procedure_case c WHERE c.outcome = 'registered' AND (
		NOT EXISTS (SELECT 1 FROM register_change r WHERE r.case_id = c.id AND r.authority_id = c.authority_id) OR
		NOT EXISTS (SELECT 1 FROM delivery_message m JOIN delivery_letter l ON l.account = m.account AND l.message = m.id
			JOIN letter_letter s ON s.authority_id = l.authority_id AND s.id = l.letter WHERE m.case_id = c.id) OR
		NOT EXISTS (SELECT 1 FROM exchange_notice n WHERE n.case_id = c.id) OR
		NOT EXISTS (SELECT 1 FROM ledger_record r WHERE r.case_id = c.id AND r.kind = 'decision') OR
		NOT EXISTS (SELECT 1 FROM procedure_event e WHERE e.case_id = c.id AND e.kind = 'decided'))`,
	// the entry, a notice or the record without a decision
	`SELECT count(*) FROM procedure_case c WHERE c.outcome = '' AND (
		EXISTS (SELECT 1 FROM register_change r WHERE r.case_id = c.id) OR EXISTS (SELECT 1 FROM exchange_notice n WHERE n.case_id = c.id) OR
		EXISTS (SELECT 1 FROM ledger_record r WHERE r.case_id = c.id AND r.kind = 'decision'))`,
	// something of a case that never was
	`SELECT count(*) FROM (SELECT substr(case_id, 1, 26) AS case_id FROM register_change UNION SELECT case_id FROM exchange_notice UNION SELECT case_id FROM procedure_event
		UNION SELECT case_id FROM consent_request) x WHERE x.case_id <> '' AND NOT EXISTS (SELECT 1 FROM procedure_case c WHERE c.id = x.case_id)`,
	// closed with something still open
	`SELECT count(*) FROM procedure_case c WHERE c.status = 'done' AND (
		EXISTS (SELECT 1 FROM consent_grant g WHERE g.case_id = c.id AND g.ended = 0) OR
		EXISTS (SELECT 1 FROM exchange_notice n WHERE n.case_id = c.id AND n.acknowledged = 0))`,
}

// missing are effects at other authorities that have not happened.
var missing = []string{
	`SELECT count(*) FROM exchange_notice n WHERE n.acknowledged = 0 OR NOT EXISTS
		(SELECT 1 FROM exchange_inbox i WHERE i.recipient = n.recipient AND i.notice_id = n.notice_id)`,
	`SELECT count(*) FROM procedure_case c WHERE c.outcome = 'registered' AND c.status <> 'done'`,
	`SELECT count(*) FROM procedure_case c WHERE c.outcome = 'registered' AND NOT EXISTS
		(SELECT 1 FROM register_change r WHERE substr(r.case_id, 1, 26) = c.id AND r.authority_id <> c.authority_id)`, // the old town has let them go
}

// doubled are effects that have happened more than once, or without a cause.
var doubled = []string{
	`SELECT count(*) FROM exchange_inbox i WHERE NOT EXISTS (SELECT 1 FROM exchange_notice n WHERE n.notice_id = i.notice_id AND n.recipient = i.recipient)`,
	`SELECT count(*) FROM (SELECT case_id FROM ledger_record WHERE kind = 'decision' GROUP BY case_id HAVING count(*) > 1) x`,
	`SELECT count(*) FROM procedure_case c WHERE (SELECT count(*) FROM ledger_record r WHERE r.case_id = c.id AND r.kind = 'notice') >
		(SELECT count(*) FROM exchange_notice n WHERE n.case_id = c.id) + (SELECT count(*) FROM exchange_notice n WHERE n.case_id = c.id AND n.answered > 0)`,
	`SELECT count(*) FROM procedure_case c WHERE (SELECT count(*) FROM ledger_record r WHERE r.case_id = c.id AND r.kind = 'acknowledgement') >
		(SELECT count(*) FROM exchange_notice n WHERE n.case_id = c.id)`,
	`SELECT count(*) FROM (SELECT case_id FROM delivery_message WHERE case_id <> '' GROUP BY case_id, title HAVING count(*) > 1) x`,
	`SELECT count(*) FROM (SELECT case_id FROM procedure_event WHERE kind IN ('decided', 'recorded', 'sent', 'issued', 'closed')
		GROUP BY case_id, kind HAVING count(*) > 1) x`,
}

func (h *house) tally(ctx context.Context, data *db.DB) (t tally, err error) {
	begun, err := db.All(ctx, data, db.Scalar[string], "SELECT id FROM procedure_case")
	if err != nil {
		return t, err
	}
	there := map[string]bool{}
	for _, id := range begun {
		there[id] = true
	}
	t.cases = len(begun)
	if h.decided, err = db.One(ctx, data, db.Scalar[int], "SELECT count(*) FROM procedure_case WHERE outcome = 'registered'"); err != nil {
		return t, err
	}
	for id := range h.acked {
		if !there[id] {
			t.lost++
		}
	}
	for into, texts := range map[*int][]string{&t.half: halves, &t.missing: missing, &t.doubled: doubled} {
		for _, text := range texts {
			n, err := db.One(ctx, data, db.Scalar[int], text)
			if err != nil {
				return t, fmt.Errorf("%s: %w", text, err)
			}
			if n > 0 {
				fmt.Fprintf(os.Stderr, "%d: %s\n", n, text)
			}
			*into += n
		}
	}
	return t, nil
}

// failingHouse is D2 on the product: the n-th fsync, then the n-th write, fails while people move house. A world that is
// already made is copied for each.
func failingHouse(ctx context.Context, d *drills, binary string) (_ seen, err error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return seen{}, errors.New("strace is missing: apt-get install strace")
	}
	h, drop, err := d.house(ctx, binary, "sqlite")
	if err != nil {
		return seen{}, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	var sum tally
	acked, decided, hit := 0, 0, 0
	for _, call := range []string{"fsync", "pwrite64"} {
		for i, n := range houseSamples(d.faults) {
			when := strconv.Itoa(n)
			if i%2 == 1 {
				when += "+" // and every one after it
			}
			one := &house{binary: binary, engine: "sqlite", dir: fmt.Sprintf("%s-%s-%d", h.dir, call, n), acked: map[string]bool{}}
			if out, err := exec.CommandContext(ctx, "cp", "-a", h.dir, one.dir).CombinedOutput(); err != nil { // with its modes: keys are nobody else's
				return seen{}, fmt.Errorf("%w: %s", err, out)
			}
			t, injected, err := one.fail(ctx, strace, call, when, d)
			if err != nil {
				return seen{}, fmt.Errorf("%s %d: %w", call, n, err)
			}
			if injected {
				hit++
			}
			acked, decided = acked+len(one.acked), decided+one.decided
			sum.cases, sum.lost, sum.half = sum.cases+t.cases, sum.lost+t.lost, sum.half+t.half
			sum.missing, sum.doubled = sum.missing+t.missing, sum.doubled+t.doubled
			if err := os.RemoveAll(one.dir); err != nil {
				return seen{}, err
			}
		}
	}
	if hit == 0 {
		return seen{}, errors.New("not one fault was hit: strace injected nothing")
	}
	return seen{
		broken:  sum.broken() || acked == 0 || decided == 0,
		figures: fmt.Sprintf("bin/amtsweg: %v; %d acknowledged and %d decided over %d injected faults", sum, acked, decided, hit),
	}, nil
}

// houseSamples are calls of a house at work: the first few hit it while it opens.
func houseSamples(most int) (n []int) {
	for _, i := range []int{1, 2, 3, 5, 8} {
		n = append(n, min(i, most))
	}
	for i := 12; i <= most; i += 12 {
		n = append(n, i)
	}
	return n
}

func (h *house) fail(ctx context.Context, strace, call, when string, d *drills) (t tally, injected bool, err error) {
	report := h.dir + ".strace"
	defer os.Remove(report) //nolint:errcheck // it lies in a folder that goes
	p, err := h.story(ctx, []string{
		strace, "-f", "--seccomp-bpf", "-o", report, "-e", "trace=" + call, "-e", "inject=" + call + ":error=EIO:when=" + when,
	}, 48, d.dice.Uint64())
	if err != nil {
		return t, false, err
	}
	select {
	case <-p.done:
	case <-time.After(6 * time.Second): // browsers would go on asking a house that no longer writes
	}
	if err := p.end(syscall.SIGKILL); err != nil {
		return t, false, err
	}
	h.note(p)
	text, err := os.ReadFile(report)
	if err != nil {
		return t, false, err
	}
	t, err = h.settled(ctx, d.patience)
	return t, strings.Contains(string(text), "(INJECTED)"), err
}

// failingHouseServer is D2 on the product with PostgreSQL, whose own processes are the target: it gives up and recovers
// while people go on moving house.
func failingHouseServer(ctx context.Context, d *drills, binary string) (_ seen, err error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return seen{}, errors.New("strace is missing: apt-get install strace")
	}
	server, err := testkit.NewServer(ctx)
	if err != nil {
		return seen{}, err
	}
	defer func() { err = errors.Join(err, server.Remove()) }()
	h := &house{binary: binary, engine: "postgres", url: server.URL("postgres"), acked: map[string]bool{}}
	if h.dir, err = os.MkdirTemp(d.dir, "house-"); err != nil {
		return seen{}, err
	}
	if err := errors.Join(server.Start(ctx), h.build(ctx), server.Kill()); err != nil {
		return seen{}, err
	}
	report := filepath.Join(server.Folder, "strace")
	hit, asleep := 0, 0
	for _, call := range []string{"fdatasync", "pwrite64"} {
		for n := 10; n <= d.faults; n += 35 {
			err := server.Start(ctx, strace, "-f", "--seccomp-bpf", "-o", report, "-e", "trace="+call,
				"-e", fmt.Sprintf("inject=%s:error=EIO:when=%d", call, n))
			if errors.Is(err, testkit.ErrEnded) {
				asleep++
				continue
			}
			if err != nil {
				return seen{}, fmt.Errorf("%s %d: %w", call, n, err)
			}
			if err := errors.Join(h.under(ctx, d), server.Kill()); err != nil {
				return seen{}, err
			}
			text, err := os.ReadFile(report)
			if err != nil {
				return seen{}, err
			}
			if strings.Contains(string(text), "(INJECTED)") {
				hit++
			}
		}
	}
	if err := server.Start(ctx); err != nil {
		return seen{}, err
	}
	t, err := h.settled(ctx, d.patience)
	if err != nil {
		return seen{}, err
	}
	return seen{
		broken: t.broken() || hit == 0 || len(h.acked) == 0,
		figures: fmt.Sprintf("bin/amtsweg: %v; %d acknowledged and %d decided over %d rounds with an injected fault; in %d more PostgreSQL did not start",
			t, len(h.acked), h.decided, hit, asleep),
	}, nil
}

// under lets people move house for a few seconds, whatever the database does meanwhile.
func (h *house) under(ctx context.Context, d *drills) error {
	p, err := h.story(ctx, nil, 200, d.dice.Uint64())
	if err != nil {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(6 * time.Second):
	}
	err = p.end(syscall.SIGKILL)
	h.note(p)
	return err
}
