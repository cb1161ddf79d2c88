// Bench measures our hot paths against their limits on the machine at hand.
//
// A figure counts only beside the limit measured in the same run: both sides run in turn, several rounds, and the line
// gives the median of the rounds' ratios. Every goal is one line, "G5a VALUE GOAL ok|short # how"; a goal whose code is
// not there yet has no line. What the machine itself can do is printed as "limit" lines, what makes a figure honest as
// "note" lines. No figure fails the program.
//
//	go run ./bench [-d 2s] [-rounds 5] [-profile FILE] [G5 G7 …]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"
)

// measure is one block of figures.
type measure struct {
	name string // what can be asked for
	run  func(ctx context.Context, b *bench) error
}

var measures = []measure{
	{"G5", sqliteAppend},
	{"G7", postgresAppend},
	{"G8", verifyAll},
	{"queue", queueAgainstRiver},
	{"G11", fiveSteps},
	{"G12", moveHouse},
	{"G14", startUp},
}

// bench is what measures share.
type bench struct {
	length time.Duration // of one run
	rounds int
	dir    string // on the disk to be measured, beside the repository
	out    io.Writer
}

func main() {
	b := &bench{out: os.Stdout}
	flag.DurationVar(&b.length, "d", 2*time.Second, "length of one run")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds")
	profile := flag.String("profile", "", "write a CPU profile of everything measured here")
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.profiled(*profile, func() error { return b.main(ctx, flag.Args()) }); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profiled runs f, under the profiler if there is a file to write to.
func (b *bench) profiled(file string, f func() error) (err error) {
	if file == "" {
		return f()
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

func (b *bench) main(ctx context.Context, asked []string) (err error) {
	if len(asked) > 1 && asked[0] == appends {
		return appendOnly(ctx, asked[1:])
	}
	if len(asked) > 1 && asked[0] == moves {
		return moveOnly(ctx, asked[1:])
	}
	if err := os.MkdirAll("bin", 0o755); err != nil {
		return err
	}
	here, err := filepath.Abs("bin")
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(here, "bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	b.note("load %s; %d rounds of %v; data on %s, PostgreSQL's on %s", load(), b.rounds, b.length, disk(b.dir), disk(os.TempDir()))
	for _, m := range measures {
		if len(asked) > 0 && !slices.Contains(asked, m.name) {
			continue
		}
		if err := m.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func (b *bench) note(format string, args ...any) { fmt.Fprintf(b.out, "note "+format+"\n", args...) }

// limit prints what one side of a comparison did.
func (b *bench) limit(r result) { fmt.Fprintf(b.out, "limit %s\n", r) }

// atLeast and atMost print a goal's line.
func (b *bench) atLeast(name string, value, goal float64, how string, args ...any) {
	b.goal(name, value, ">=", goal, value >= goal, how, args...)
}

func (b *bench) atMost(name string, value, goal float64, how string, args ...any) {
	b.goal(name, value, "<=", goal, value <= goal, how, args...)
}

func (b *bench) goal(name string, value float64, sign string, goal float64, reached bool, how string, args ...any) {
	word := "short"
	if reached {
		word = "ok"
	}
	fmt.Fprintf(b.out, "%s %.3g %s%g %s # %s\n", name, value, sign, goal, word, fmt.Sprintf(how, args...))
}

// load is the machine's: above the number of cores, rates are worth little and CPU times still a lot.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}

// disk says whether a folder lies on a disk at all: in memory, a commit costs nothing and proves nothing.
func disk(dir string) string {
	const tmpfs = 0x01021994
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "unknown"
	}
	if s.Type == tmpfs {
		return "tmpfs (memory: its commits prove nothing)"
	}
	return "a disk"
}
