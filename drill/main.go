// Drill breaks things on purpose and shows that nothing acknowledged is lost and nothing is half done.
//
// Every drill prints "D1 sqlite held|broken FIGURES" per engine, and "D1 selftest ok|blind": a build of the same workers
// with the tag seedfault, in which the fault is seeded, must come out broken. A drill whose code is not there yet has no
// line. Everything runs in processes of its own, on real files and a real PostgreSQL, on loopback. The exit code is 1 if
// anything is broken or blind.
//
//	go run ./drill [-seed N] [-kills 30] [-faults 200] [-seeds 1000] [-races 200] [D1 D2 …]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/amtsweg/amtsweg/internal/testkit"
)

// drill is one fault on one engine. It reports what it saw; an error means that it could not be carried out.
type drill struct {
	name   string
	engine string
	run    func(ctx context.Context, d *drills, binary string) (seen, error)
	whole  bool // on the product's own program
}

// seen is what a drill saw.
type seen struct {
	broken  bool
	figures string
}

var all = []drill{
	{"D1", "sqlite", kills("sqlite"), false},
	{"D1", "postgres", kills("postgres"), false},
	{"D1", "sqlite", killedHouse("sqlite"), true},
	{"D1", "postgres", killedHouse("postgres"), true},
	{"D2", "sqlite", failingDisk, false},
	{"D2", "postgres", failingServer, false},
	{"D2", "sqlite", failingHouse, true},
	{"D2", "postgres", failingHouseServer, true},
	{"D9", "sqlite", within("D9", "sqlite", func(d *drills) int { return d.seeds }), false},
	{"D9", "postgres", within("D9", "postgres", func(d *drills) int { return max(1, d.seeds/20) }), false},
	{"D15", "sqlite", within("D15", "sqlite", func(*drills) int { return 1 }), false},
	{"D15", "postgres", within("D15", "postgres", func(*drills) int { return 1 }), false},
	{"D21", "sqlite", within("D21", "sqlite", func(d *drills) int { return d.races }), false},
	{"D21", "postgres", within("D21", "postgres", func(d *drills) int { return max(1, d.races/4) }), false},
}

// drills is what they share.
type drills struct {
	dir    string
	kills  int
	faults int
	seeds  int
	races  int
	dice   *rand.Rand
	// patience is how long outside effects may take in the end: longer than the leases of killed workers.
	patience time.Duration
}

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if len(os.Args) > 1 && os.Args[1] == inside {
		if err := insideMain(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "inside:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 1 && os.Args[1] == work {
		if err := workMain(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		return
	}
	d := &drills{patience: 90 * time.Second}
	flag.IntVar(&d.kills, "kills", 30, "D1: how often the process is killed")
	flag.IntVar(&d.faults, "faults", 200, "D2: the last write or fsync that fails")
	flag.IntVar(&d.seeds, "seeds", 1000, "D9: households that move with everything repeated; a twentieth of them on PostgreSQL")
	flag.IntVar(&d.races, "races", 200, "D21: rounds; a quarter of them on PostgreSQL")
	seed := flag.Uint64("seed", 0, "of the dice; 0 throws one")
	flag.Parse()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	d.dice = rand.New(rand.NewPCG(*seed, 1))
	fmt.Fprintln(os.Stderr, "seed", *seed)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := d.main(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "drill:", err)
		os.Exit(1)
	}
}

var errBroken = errors.New("something is broken or blind")

func (d *drills) main(ctx context.Context, asked []string) error {
	if err := os.MkdirAll("bin", 0o755); err != nil {
		return err
	}
	here, err := filepath.Abs("bin")
	if err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp(here, "drill-"); err != nil {
		return err
	}
	defer os.RemoveAll(d.dir)
	sound, err := d.build(ctx, "sound")
	if err != nil {
		return err
	}
	seeded, err := d.build(ctx, "seedfault", "-tags", "seedfault")
	if err != nil {
		return err
	}
	good := true
	for i, one := range all {
		if len(asked) > 0 && !slices.Contains(asked, one.name) {
			continue
		}
		binary := sound
		if one.whole {
			if binary, err = d.product(ctx); err != nil {
				return err
			}
		}
		s, err := one.run(ctx, d, binary)
		if err != nil {
			return fmt.Errorf("%s %s: %w", one.name, one.engine, err)
		}
		word := "held"
		if s.broken {
			word, good = "broken", false
		}
		fmt.Printf("%s %s %s %s\n", one.name, one.engine, word, s.figures)
		if i+1 < len(all) && all[i+1].name == one.name && all[i+1].whole == one.whole {
			continue
		}
		sees, figures, err := d.selftest(ctx, one, seeded)
		if err != nil {
			return fmt.Errorf("%s selftest: %w", one.name, err)
		}
		word = "ok"
		if !sees {
			word, good = "blind", false
		}
		fmt.Printf("%s selftest %s %s\n", one.name, word, figures)
	}
	if !good {
		return errBroken
	}
	return nil
}

// selftest runs a drill on builds in which a fault is seeded, each of which must come out broken: the workers with the tag
// seedfault, and the product with a fault planted for each that is written down.
func (d *drills) selftest(ctx context.Context, one drill, workers string) (sees bool, figures string, err error) {
	list, target := seeds[one.name], "./drill"
	if one.whole {
		list, target = wholeSeeds[one.name], "./cmd/amtsweg"
	}
	if list == nil {
		s, err := one.run(ctx, d.short(), workers)
		return s.broken, s.figures, err
	}
	first := slices.IndexFunc(all, func(o drill) bool { return o.name == one.name && o.whole == one.whole }) // on SQLite
	var missed []string
	for _, fault := range list {
		binary := filepath.Join(d.dir, "planted")
		if err := d.plant(ctx, fault, target, binary); err != nil {
			return false, "", err
		}
		short := d.short()
		if one.whole {
			short.faults = min(d.faults, 120) // the first twenty hit it while it opens
			short.patience = 20 * time.Second // what is late must not count as missing, or a sound build were broken, too
		}
		s, err := all[first].run(ctx, short, binary)
		if err != nil {
			return false, "", fmt.Errorf("a build that %s: %w", fault.what, err)
		}
		if !s.broken {
			missed = append(missed, fault.what)
		}
	}
	figures = fmt.Sprintf("%d of %d faults planted into the product are seen", len(list)-len(missed), len(list))
	if len(missed) > 0 {
		figures += "; not a build that " + strings.Join(missed, ", nor one that ")
	}
	return len(missed) == 0, figures, nil
}

// short is for self-tests: a seeded fault shows soon.
func (d *drills) short() *drills {
	s := *d
	s.kills, s.faults, s.seeds, s.races, s.patience = min(d.kills, 8), min(d.faults, 20), min(d.seeds, 20), min(d.races, 20), time.Second
	return &s
}

func (d *drills) build(ctx context.Context, name string, flags ...string) (string, error) {
	binary := filepath.Join(d.dir, name)
	args := append(append([]string{"build"}, flags...), "-o", binary, "./drill")
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the workers: %w: %s", err, out)
	}
	return binary, nil
}

// product builds the program itself, once.
func (d *drills) product(ctx context.Context) (string, error) {
	binary := filepath.Join(d.dir, "amtsweg")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/amtsweg").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the product: %w: %s", err, out)
	}
	return binary, nil
}

// fresh returns the URL of a new database and what removes it.
func (d *drills) fresh(ctx context.Context, engine string) (url string, drop func() error, err error) {
	if engine == "postgres" {
		return testkit.NewPostgres(ctx)
	}
	dir, err := os.MkdirTemp(d.dir, "data-")
	if err != nil {
		return "", nil, err
	}
	return "sqlite:" + filepath.Join(dir, "amtsweg.db"), func() error { return os.RemoveAll(dir) }, nil
}
