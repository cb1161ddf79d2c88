package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/amtsweg/amtsweg/internal/testkit"
)

// failingDisk is D2 on SQLite: the n-th fsync, then the n-th write, of a thread fails with EIO, for every n.
func failingDisk(ctx context.Context, d *drills, binary string) (_ seen, err error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return seen{}, errors.New("strace is missing: apt-get install strace")
	}
	var sum tally
	acked, revived, hit := 0, 0, 0
	for _, call := range []string{"fsync", "pwrite64"} {
		for n := 1; n <= d.faults; n++ {
			t, one, injected, err := d.fail(ctx, strace, binary, call, n)
			if err != nil {
				return seen{}, fmt.Errorf("%s %d: %w", call, n, err)
			}
			if !injected {
				continue
			}
			hit++
			acked, revived = acked+len(one.acked), revived+one.revived
			sum.cases, sum.lost, sum.half = sum.cases+t.cases, sum.lost+t.lost, sum.half+t.half
			sum.missing, sum.doubled = sum.missing+t.missing, sum.doubled+t.doubled
		}
	}
	if hit == 0 {
		return seen{}, errors.New("not one fault was hit: strace injected nothing")
	}
	return seen{
		broken: sum.broken() || revived > 0,
		figures: fmt.Sprintf("%v, %d acknowledged over %d injected faults, %d writes went through after a failed one",
			sum, acked, hit, revived),
	}, nil
}

// fail runs a worker whose n-th call fails, then a sound one that looks at what is left.
func (d *drills) fail(ctx context.Context, strace, binary, call string, n int) (t tally, p promise, injected bool, err error) {
	url, drop, err := d.fresh(ctx, "sqlite")
	if err != nil {
		return t, p, false, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	r, err := newReceiver()
	if err != nil {
		return t, p, false, err
	}
	defer r.server.Close()
	report := d.dir + "/strace"
	w, err := start(ctx, []string{
		strace, "-f", "--seccomp-bpf", "-o", report, "-e", "trace=" + call,
		"-e", fmt.Sprintf("inject=%s:error=EIO:when=%d", call, n),
	}, binary, "-database", url, "-receiver", r.url, "-cases", "400")
	if err != nil {
		return t, p, false, err
	}
	lines, err := w.wait()
	if err != nil {
		return t, p, false, err
	}
	p.add(lines)
	text, err := os.ReadFile(report)
	if err != nil {
		return t, p, false, err
	}
	if !strings.Contains(string(text), "(INJECTED)") {
		return t, p, false, nil
	}
	t, err = d.hold(ctx, p, binary, url, r)
	return t, p, true, err
}

// failingServer is D2 on PostgreSQL: there its own processes are the target. The n-th write or fdatasync of one of them
// fails with EIO; PostgreSQL gives up and recovers, and our workers meanwhile go on asking. Then it is killed, started
// again on a sound disk, and everything acknowledged in all rounds must be there.
func failingServer(ctx context.Context, d *drills, binary string) (_ seen, err error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return seen{}, errors.New("strace is missing: apt-get install strace")
	}
	server, err := testkit.NewServer(ctx)
	if err != nil {
		return seen{}, err
	}
	defer func() { err = errors.Join(err, server.Remove()) }()
	r, err := newReceiver()
	if err != nil {
		return seen{}, err
	}
	defer r.server.Close()
	url, report := server.URL("postgres"), filepath.Join(server.Folder, "strace")
	var p promise
	hit, asleep := 0, 0
	for _, call := range []string{"fdatasync", "pwrite64"} {
		for _, n := range samples(d.faults) {
			err := server.Start(ctx, strace, "-f", "--seccomp-bpf", "-o", report, "-e", "trace="+call,
				"-e", fmt.Sprintf("inject=%s:error=EIO:when=%d", call, n))
			if errors.Is(err, testkit.ErrEnded) {
				asleep++ // it does not even start on such a disk, and so acknowledges nothing
				continue
			}
			if err != nil {
				return seen{}, fmt.Errorf("%s %d: %w", call, n, err)
			}
			w, err := start(ctx, nil, binary, "-database", url, "-receiver", r.url, "-cases", "400")
			if err != nil {
				return seen{}, err
			}
			lines, err := w.wait()
			if err != nil {
				return seen{}, err
			}
			p.add(lines)
			if err := server.Kill(); err != nil {
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
	if hit == 0 {
		return seen{}, errors.New("not one fault was hit: strace injected nothing")
	}
	if err := server.Start(ctx); err != nil {
		return seen{}, err
	}
	t, err := d.hold(ctx, p, binary, url, r)
	if err != nil {
		return seen{}, err
	}
	return seen{
		broken:  t.broken() || len(p.acked) == 0,
		figures: fmt.Sprintf("%v, %d acknowledged over %d rounds with an injected fault; in %d more it did not start", t, len(p.acked), hit, asleep),
	}, nil
}

// samples are the first ten calls, and every twentieth up to the most: a round takes a second or two.
func samples(most int) (n []int) {
	for i := 1; i <= most; i++ {
		if i <= 10 || i%20 == 0 {
			n = append(n, i)
		}
	}
	return n
}
