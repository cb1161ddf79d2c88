package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// book is a node with its ledger and running sequencer, as the product runs it.
type book struct {
	db     *db.DB
	ledger *ledger.Ledger
	stop   func() error
}

// openBook opens a ledger in a new database at url.
func openBook(ctx context.Context, dir, url string) (*book, error) {
	d, err := db.Open(ctx, url, db.Options{Clock: clock.System(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx, keys.Migrations, ledger.Migrations); err != nil {
		return nil, err
	}
	ring, err := keys.Open(ctx, d, filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	l, err := ledger.New(ctx, d, ring, ledger.Options{Name: "bench.example/ledger", HeadFile: filepath.Join(dir, "ledger.head")})
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(ctx)
	var sequencer sync.WaitGroup
	var ended error
	sequencer.Go(func() { ended = l.Run(running) })
	return &book{db: d, ledger: l, stop: func() error {
		cancel()
		sequencer.Wait()
		return errors.Join(ended, d.Close())
	}}, nil
}

// entry is an access as the move makes it; every client has people of its own, as in a town.
func entry(client int, n int64) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Access, Authority: "ellerbrueck", Unit: "Bürgeramt", Role: "Sachbearbeitung", Reader: "lindenfurt",
		Subject: ledger.Subject(fmt.Sprintf("bench-%d-%d", client, n%1000)), Fields: []string{"family", "given", "birth", "address"},
		Purpose: "Anmeldung der Wohnung", Law: "§ 23a (1) BMG", Basis: "request", Case: "LF-2030-0112",
		Reason: "Lindenfurt holt Ihre Angaben für den Meldeschein.", DeleteOn: clock.Date{Y: 2032, M: 12, D: 31},
	}
}

// record appends one entry through the given door of the database.
func (t *book) record(door func(*db.DB) func(context.Context, func(context.Context, *db.Tx) error) error) func(context.Context, int) error {
	var n atomic.Int64
	write := door(t.db)
	return func(ctx context.Context, client int) error {
		e := entry(client, n.Add(1))
		return write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := t.ledger.Record(ctx, tx, e)
			return err
		})
	}
}

func throughDo(d *db.DB) func(context.Context, func(context.Context, *db.Tx) error) error {
	return d.Do
}

func throughAppend(d *db.DB) func(context.Context, func(context.Context, *db.Tx) error) error {
	return d.Append
}

func (b *bench) loop(name string, clients int, op func(context.Context, int) error) side {
	return func(ctx context.Context) (result, error) { return closedLoop(ctx, name, clients, b.length, op) }
}

// sqliteAppend is G5.
func sqliteAppend(ctx context.Context, b *bench) (err error) {
	const clients, connections, counted = 80, 32, 20000
	single, err := newSingleCommits(ctx, connections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, single.close()) }()
	bare, err := newBareGroup(ctx, b.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	dir := filepath.Join(b.dir, "g5")
	t, err := openBook(ctx, dir, "sqlite:"+filepath.Join(dir, "amtsweg.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	c, err := compare(ctx, b.rounds,
		b.loop("PostgreSQL single-row commits", connections, single.write),
		b.loop("bare SQLite group commit, chained rows", clients, bare.write),
		b.loop("ledger append through db.Do, SQLite", clients, t.record(throughDo)),
		b.loop("ledger append through db.Append, SQLite", clients, t.record(throughAppend)),
	)
	if err != nil {
		return err
	}
	for i := range 4 {
		b.limit(c.median(i))
	}
	b.note("G5 %s; bare SQLite: %.0f rows a commit, WAL, synchronous=FULL; %s", single.settings,
		float64(bare.rows.Load())/float64(bare.commits.Load()), b.fsyncs(ctx, "appends", counted/1000, fmt.Sprintf("1,000 appends with %d clients", clients),
			appends, filepath.Join(b.dir, "count"), strconv.Itoa(clients), strconv.Itoa(counted)))
	for _, g := range []struct {
		name   string
		to     int
		goal   float64
		beside string
	}{{"G5a", 0, 1.2, "PostgreSQL single-row commits"}, {"G5b", 1, 0.4, "bare SQLite group commit"}} {
		mid, low, high := c.ratio(2, g.to)
		better, _, _ := c.ratio(3, g.to)
		b.atLeast(g.name, mid, g.goal, "ledger append through db.Do on SQLite, %d clients, to %s, %.2f–%.2f; through db.Append %.2f", clients, g.beside, low, high, better)
	}
	return nil
}

// postgresAppend is G7.
func postgresAppend(ctx context.Context, b *bench) (err error) {
	const clients = 32
	single, err := newSingleCommits(ctx, clients)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, single.close()) }()
	url, drop, err := testkit.NewPostgres(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	t, err := openBook(ctx, filepath.Join(b.dir, "g7"), url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	c, err := compare(ctx, b.rounds,
		b.loop("PostgreSQL single-row commits", clients, single.write),
		b.loop("ledger append through db.Do, PostgreSQL", clients, t.record(throughDo)),
		b.loop("ledger append through db.Append, PostgreSQL", clients, t.record(throughAppend)),
	)
	if err != nil {
		return err
	}
	for i := range 3 {
		b.limit(c.median(i))
	}
	mid, low, high := c.ratio(1, 0)
	better, _, _ := c.ratio(2, 0)
	b.atLeast("G7", mid, 0.5, "ledger append through db.Do on PostgreSQL, %d clients, to single-row commits, %.2f–%.2f; through db.Append %.2f; %s",
		clients, low, high, better, single.settings)
	return nil
}

// appends is the hidden command that does a counted number of appends, to be watched from outside.
const appends = "appends"

// appendOnly opens a ledger in DIR and appends N entries from C clients: appends DIR C N.
func appendOnly(ctx context.Context, args []string) error {
	set := flag.NewFlagSet(appends, flag.ContinueOnError)
	if err := set.Parse(args); err != nil {
		return err
	}
	clients, err1 := strconv.Atoi(set.Arg(1))
	total, err2 := strconv.Atoi(set.Arg(2))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	t, err := openBook(ctx, set.Arg(0), "sqlite:"+filepath.Join(set.Arg(0), "amtsweg.db"))
	if err != nil {
		return err
	}
	write := t.record(throughDo)
	var left atomic.Int64
	left.Store(int64(total))
	failed := make(chan error, clients)
	for c := range clients {
		go func() {
			for left.Add(-1) >= 0 {
				if err := write(ctx, c); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for range clients {
		err = errors.Join(err, <-failed)
	}
	return errors.Join(err, t.stop())
}

var syncCalls = regexp.MustCompile(`(?m)^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*\b(fsync|fdatasync)$`)

// fsyncs has the kernel's calls counted from outside: total operations in a process of their own under strace.
func (b *bench) fsyncs(ctx context.Context, name string, total int, what string, command ...string) string {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return "fsyncs not counted: strace is not installed"
	}
	self, err := os.Executable()
	if err != nil {
		return err.Error()
	}
	report := filepath.Join(b.dir, "count-"+name+".strace")
	line := append([]string{"-f", "--seccomp-bpf", "-c", "-o", report, "-e", "trace=fsync,fdatasync", self}, command...)
	if out, err := exec.CommandContext(ctx, strace, line...).CombinedOutput(); err != nil {
		return fmt.Sprintf("fsyncs not counted: %v %s", err, out)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		return err.Error()
	}
	calls := 0
	for _, m := range syncCalls.FindAllSubmatch(text, -1) {
		n, _ := strconv.Atoi(string(m[1]))
		calls += n
	}
	return fmt.Sprintf("%.1f fsyncs per %s, counted by strace (sequencer, start and end included)", float64(calls)/float64(total), what)
}
