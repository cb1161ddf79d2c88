package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// inside is the hidden command under which a drill runs in a process of its own, with the product opened as its own
// program opens it: inside DRILL -dir DIR [-database URL] [-seed N] [-rounds N].
const inside = "inside"

// trial is what such a drill works with.
type trial struct {
	dir, url string
	engine   string
	seed     uint64
	rounds   int
}

// verdict is what it found: the first few things that must not be, and figures.
type verdict struct {
	Wrong   []string `json:"wrong"`
	Count   int      `json:"count"` // of wrong things
	Figures string   `json:"figures"`
}

// found notes something that must not be.
func (v *verdict) found(format string, args ...any) {
	v.Count++
	if len(v.Wrong) < 5 {
		v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
	}
}

var trials = map[string]func(ctx context.Context, t trial) (verdict, error){
	"D9": repeated, "D15": matrix, "D21": races,
}

func insideMain(args []string) error {
	if len(args) == 0 || trials[args[0]] == nil {
		return errors.New("inside: no such drill")
	}
	set := flag.NewFlagSet(inside, flag.ContinueOnError)
	t := trial{engine: "sqlite"}
	set.StringVar(&t.dir, "dir", "", "")
	set.StringVar(&t.url, "database", "", "")
	set.Uint64Var(&t.seed, "seed", 1, "")
	set.IntVar(&t.rounds, "rounds", 10, "")
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	if strings.HasPrefix(t.url, "postgres") {
		t.engine = "postgres"
	}
	v, err := trials[args[0]](context.Background(), t)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// within runs a trial in a process of its own on an engine.
func within(name, engine string, rounds func(d *drills) int) func(context.Context, *drills, string) (seen, error) {
	return func(ctx context.Context, d *drills, binary string) (_ seen, err error) {
		url, drop, err := d.fresh(ctx, engine)
		if err != nil {
			return seen{}, err
		}
		defer func() { err = errors.Join(err, drop()) }()
		dir, err := os.MkdirTemp(d.dir, "keys-")
		if err != nil {
			return seen{}, err
		}
		if file, is := strings.CutPrefix(url, "sqlite:"); is {
			dir = filepath.Dir(file)
		}
		cmd := exec.CommandContext(ctx, binary, inside, name, "-dir", dir, "-database", url, "-rounds", strconv.Itoa(rounds(d)),
			"-seed", strconv.FormatUint(d.dice.Uint64(), 10))
		var log strings.Builder
		cmd.Stderr = &log
		out, err := cmd.Output()
		if err != nil {
			return seen{}, fmt.Errorf("%w: %s", err, log.String())
		}
		var v verdict
		if err := json.Unmarshal(out, &v); err != nil {
			return seen{}, err
		}
		if v.Count > 0 {
			v.Figures += "; wrong: " + strings.Join(v.Wrong, "; ")
		}
		return seen{broken: v.Count > 0, figures: v.Figures}, nil
	}
}
