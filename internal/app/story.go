package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/demo"
)

type storyCommands struct {
	MoveHouse storyCommand `cmd:"" name:"move-house" help:"People move house through the pages, as browsers without scripts would: docs/story.md."`
}

type storyCommand struct {
	config.Store
	Node     string `default:"amtsweg" placeholder:"NAME" help:"config.setting.node"`
	Input    string `placeholder:"FILE" help:"A file of moves, a JSON object a line; - reads standard input." xor:"moves"`
	Count    int    `placeholder:"N" help:"So many moves in which everything fits." xor:"moves"`
	Evidence string `placeholder:"DIR" help:"Write what a stranger's program needs to check it all: docs/evidence.md."`
	JSON     bool   `name:"json" help:"Write JSON lines instead of a table."`
	Clients  int    `default:"8" placeholder:"N" help:"So many people move at the same time."`
	Seed     uint64 `placeholder:"N" help:"Make the same people again."`
}

// Run opens a demo world, serves it on a free port and lets people move through its pages.
func (c *storyCommand) Run(s *shell) (err error) {
	moves, err := c.moves()
	if err != nil {
		return err
	}
	if there, err := os.ReadDir(c.Evidence); c.Evidence != "" && err == nil && len(there) > 0 { // two worlds in one folder prove nothing
		return fault.New(fault.Invalid, "demo.story.evidence", "Folder", c.Evidence)
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	fmt.Fprintf(s.err, "seed %d\n", c.Seed) //nolint:errcheck // it is for the person at the terminal
	var lc net.ListenConfig
	ln, err := lc.Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fault.Wrap(fault.Conflict, "config.error.in_use", err, "Address", "127.0.0.1:0")
	}
	conf := config.Config{Store: c.Store, Listen: ln.Addr().String(), Node: c.Node, SessionIdle: 30 * time.Minute, SessionMax: 12 * time.Hour}
	base := "http://" + reachable("localhost:0", ln.Addr())
	n, err := Open(s.ctx, Options{Config: conf, Demo: true, Base: base, Log: s.logger("error")})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	return c.tell(s, n, ln, moves)
}

// moves reads the file of moves before anything else happens: a wrong one changes nothing.
func (c *storyCommand) moves() ([]demo.Move, error) {
	if c.Input == "" {
		if c.Count <= 0 {
			return nil, fault.New(fault.Invalid, "demo.story.what")
		}
		return nil, nil
	}
	in := io.ReadCloser(os.Stdin)
	if c.Input != "-" {
		var err error
		if in, err = os.Open(c.Input); err != nil {
			return nil, fault.Wrap(fault.Invalid, "demo.story.file", err, "File", c.Input)
		}
	}
	moves, err := demo.ReadMoves(in)
	var wrong *demo.LineError
	if errors.As(err, &wrong) {
		err = fault.Wrap(fault.Invalid, "demo.story.line", err, "File", c.Input, "Line", wrong.Line, "What", wrong.What)
	}
	return moves, errors.Join(err, in.Close())
}

// tell serves, lets people move, stops serving and looks at what is left.
func (c *storyCommand) tell(s *shell, n *Node, ln net.Listener, moves []demo.Move) error {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	var server sync.WaitGroup
	var served error
	server.Go(func() { served = n.Run(ctx, ln) })
	story, results, err := c.story(ctx, s, n, ln.Addr(), moves)
	stop()
	server.Wait()
	if err := errors.Join(err, served); err != nil {
		return err
	}
	return c.report(context.WithoutCancel(s.ctx), s, n, story, results)
}

func (c *storyCommand) story(ctx context.Context, s *shell, n *Node, at net.Addr, moves []demo.Move) (*demo.Story, []demo.Result, error) {
	count, err := newTables(ctx, n.DB)
	if err != nil {
		return nil, nil, err
	}
	base, err := url.Parse(n.Base)
	if err != nil {
		return nil, nil, fmt.Errorf("address of the server: %w", err)
	}
	story := &demo.Story{
		World: n.World, Registers: n.Registers, Tables: count, Base: base, Listening: at, Today: clock.DateOf(n.Clock.Now()), Clients: c.Clients, Log: s.err,
		Outage: func(ctx context.Context, of authority.Key, down bool) error {
			return n.Exchange.SetOutage(ctx, of, down)
		},
		Ack: func(id string) { fmt.Fprintf(s.out, "ack %s\n", id) }, //nolint:errcheck // a closed pipe ends the program
	}
	if moves == nil {
		there, err := count.Registered(ctx)
		if err != nil {
			return nil, nil, err
		}
		moves = story.Count(c.Count, there, c.Seed)
	}
	results, err := story.Run(ctx, moves, c.Seed)
	return story, results, err
}

// report verifies the ledger, writes the evidence and prints the results.
func (c *storyCommand) report(ctx context.Context, s *shell, n *Node, story *demo.Story, results []demo.Result) error {
	for {
		if placed, err := n.Ledger.Sequence(ctx); err != nil || placed == 0 {
			if err != nil {
				return err
			}
			break
		}
	}
	checked, err := n.Ledger.Verify(ctx)
	if err != nil {
		return err
	}
	sum, err := story.Sum(ctx, results, demo.LedgerSize{Size: checked.Size, Verified: checked.OK})
	if err != nil {
		return err
	}
	if c.Evidence != "" {
		if err := n.WriteEvidence(ctx, c.Evidence); err != nil {
			return err
		}
	}
	write := demo.PrintTable
	if c.JSON {
		write = demo.Print
	}
	if err := write(s.out, results, sum); err != nil {
		return err
	}
	if !sum.OK {
		return errNo
	}
	return nil
}
