package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/amtsweg/amtsweg/drill/town"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// startUp is G14: from the start of the process to the first answered request, beside an empty server with the same
// libraries; and what it then holds in memory.
func startUp(ctx context.Context, b *bench) error {
	empty := filepath.Join(b.dir, "empty")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", empty, "./bench/empty").CombinedOutput(); err != nil {
		return fmt.Errorf("building the empty server: %w: %s", err, out)
	}
	starts := []started{{name: "empty server", path: "/", command: func(listen string) []string {
		return []string{empty, "-listen", listen, "-data", filepath.Join(b.dir, "empty.db")}
	}}}
	ours := filepath.Join(b.dir, "amtsweg")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", ours, "./cmd/amtsweg").CombinedOutput(); err != nil {
		return fmt.Errorf("building the product: %w: %s", err, out)
	}
	for _, more := range []int{0, 100, 1000} {
		data := filepath.Join(b.dir, fmt.Sprintf("authorities-%d", more))
		if err := found(ctx, data, more); err != nil {
			return err
		}
		starts = append(starts, started{
			name: fmt.Sprintf("bin/amtsweg demo, %d authorities more than the made-up world's", more), path: "/readyz",
			command: func(listen string) []string { return []string{ours, "demo", "--listen", listen, "--data", data} },
		})
	}
	for range max(b.rounds, 7) {
		for i := range starts {
			if err := starts[i].once(ctx); err != nil {
				return err
			}
		}
	}
	for _, s := range starts {
		b.note("%s: first answer after %v, %.1f MB resident", s.name, middle(s.took).Round(100*time.Microsecond), float64(middle(s.rss))/1e6)
	}
	bare, hundred := middle(starts[0].took), starts[2]
	b.atMost("G14a", middle(hundred.took).Seconds()*1e3, (3*bare+50*time.Millisecond).Seconds()*1e3,
		"ms from process start to the first answer with 100 authorities more; the goal is 3 x the empty server's %v + 50 ms", bare.Round(100*time.Microsecond))
	b.atMost("G14b", float64(middle(hundred.rss))/1e6, 80, "MB resident after the first answer, with 100 authorities more")
	b.atMost("G14c", float64(middle(starts[3].rss))/float64(middle(starts[1].rss)), 2, "x the memory with 1,000 authorities more")
	return nil
}

// found makes the made-up world with n authorities more, each with an office.
func found(ctx context.Context, dir string, n int) (err error) {
	t, err := town.Open(ctx, town.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Stop()) }()
	for i := range n {
		o := authority.Opening{
			Authority: authority.Authority{
				Key: authority.Key(fmt.Sprintf("amt-%d", i)), Name: fmt.Sprintf("Amt %d", i), Short: fmt.Sprintf("Amt %d", i),
				Kind: authority.County, State: "mittelau", Contact: fmt.Sprintf("amt-%d@example.org", i),
			},
			Units:  []authority.Unit{{Key: "poststelle", Name: "Poststelle", Duties: []string{"intake"}}},
			Reason: "Messung",
		}
		if err := t.Authorities.Add(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// started is a server that is started again and again.
type started struct {
	name, path string
	command    func(listen string) []string
	took       []time.Duration
	rss        []int64
}

func (s *started) once(ctx context.Context) (err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	line := s.command(address)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	elapsed := clock.Monotonic()
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM))
		if ended := cmd.Wait(); ended != nil && err == nil {
			err = fmt.Errorf("%s: %w: %s", s.name, ended, log.String())
		}
	}()
	if err := answered(ctx, "http://"+address+s.path); err != nil {
		return fmt.Errorf("%s: %w: %s", s.name, err, log.String())
	}
	s.took = append(s.took, elapsed())
	rss, err := resident(cmd.Process.Pid)
	s.rss = append(s.rss, rss)
	return err
}

// answered asks until there is an answer of success.
func answered(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	retry := time.NewTicker(500 * time.Microsecond)
	defer retry.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := client.Do(req); err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			if err = errors.Join(err, answer.Body.Close()); err == nil && answer.StatusCode < 300 {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer from %s", url)
		case <-retry.C:
		}
	}
}

// resident is a process's resident memory in bytes.
func resident(pid int) (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb * 1024, err
		}
	}
	return 0, errors.New("the kernel does not say how much memory it has")
}

func middle[T int64 | time.Duration](all []T) T {
	sorted := slices.Clone(all)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}
