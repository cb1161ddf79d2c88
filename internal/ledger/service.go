package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// Promise is the time within which a record is in the tree; normally it takes a second or two.
const Promise = 60 * time.Second

// What the node's keys are kept for: one signs checkpoints and receipts, the other marks records as written by the node.
const (
	Purpose     = "ledger"
	SaltPurpose = "ledger-salt"
)

// Options say how a node's ledger is kept.
type Options struct {
	Name     string // of the log, such as "amtsweg.example/lindenfurt"
	HeadFile string // where the signed checkpoint lies outside the database; empty: nowhere
	Log      *slog.Logger
	Jobs     *job.Queue // opens hidden accesses on their day; nil: none can be recorded
}

// Ledger is the ledger of a node. It is safe for concurrent use.
type Ledger struct {
	db   *db.DB
	ring *keys.Ring
	key  keys.Signer
	mac  keys.MAC
	opts Options
	log  *slog.Logger

	sealers sync.Map // authority → keys.Sealer, for hidden accesses

	wake   chan struct{}
	turn   sync.Mutex // one step of the sequencer at a time; guards filed
	filed  string     // the checkpoint that HeadFile holds
	origin atomic.Pointer[string]
	broken atomic.Pointer[error]
}

// New opens the ledger of a database; a fresh one starts with an empty, signed tree. A tree whose border does not fit
// its signed head, or a head older than the one in HeadFile, is logged, and from then on Record refuses to write while
// everything can still be read.
func New(ctx context.Context, d *db.DB, ring *keys.Ring, opts Options) (*Ledger, error) {
	key, err := ring.Signer(ctx, keys.Node, Purpose)
	if err != nil {
		return nil, err
	}
	mac, err := ring.MAC(ctx, keys.Node, SaltPurpose)
	if err != nil {
		return nil, err
	}
	l := &Ledger{db: d, ring: ring, key: key, mac: mac, opts: opts, log: opts.Log, wake: make(chan struct{}, 1)}
	if opts.Jobs != nil {
		opts.Jobs.Handle(openKind, l.uncover)
	}
	if l.log == nil {
		l.log = d.Log()
	}
	if err := l.open(ctx); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return l, nil
}

// open makes the first head if there is none, and checks the one there is.
func (l *Ledger) open(ctx context.Context) error {
	filed, err := readHead(l.opts.HeadFile) // before the database: it is never ahead of it
	if err != nil {
		return err
	}
	h, err := selectHead(ctx, l.db, "")
	if errors.Is(err, db.ErrNone) {
		h, err = l.first(ctx)
	}
	if err != nil {
		return err
	}
	name := nameIn(l.opts.Name, h.epoch)
	l.origin.Store(&name)
	if _, err := l.border(ctx, l.db, h); err != nil {
		if !errors.Is(err, errBroken) {
			return err
		}
		l.refuse(ctx, err)
		return nil
	}
	err = l.rolledBack(ctx, h, filed)
	if errors.Is(err, errBroken) {
		l.refuse(ctx, err)
		return nil
	}
	if err != nil {
		return err
	}
	if filed == "" && h.size > 0 && l.opts.HeadFile != "" {
		l.log.WarnContext(ctx, "ledger head file was missing: a roll-back would not have been noticed", "file", l.opts.HeadFile)
	}
	return l.file(h.checkpoint)
}

// first signs the empty tree.
func (l *Ledger) first(ctx context.Context) (h head, err error) {
	c := newTree(nameIn(l.opts.Name, 1))
	signed, err := c.sign(l.key)
	if err != nil {
		return head{}, err
	}
	err = l.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := insertHead(ctx, tx, head{1, 0, c.Root[:], signed}); err != nil {
			return err
		}
		h, err = selectHead(ctx, tx, "")
		return err
	})
	return h, err
}

// Name is the name of the log, as checkpoints and receipts carry it.
func (l *Ledger) Name() string { return *l.origin.Load() }

// Public is the raw Ed25519 key with which anybody can check checkpoints and receipts.
func (l *Ledger) Public() []byte { return l.key.Public() }

// refuse ends writing: what would be added to a broken tree would hide where it broke.
func (l *Ledger) refuse(ctx context.Context, cause error) {
	err := fault.Wrap(fault.Unavailable, "ledger.error.broken", cause)
	if l.broken.CompareAndSwap(nil, &err) {
		l.log.ErrorContext(ctx, "ledger is broken, nothing is written any more", "cause", cause.Error())
	}
}

// Health returns nil while the ledger takes records, and why not since a fault was found.
func (l *Ledger) Health() error {
	if err := l.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// Record writes entries in the caller's transaction: they are durable when it is. Each person's records are numbered
// and each names the one before it. Kind Unavailable if the tree was found broken.
func (l *Ledger) Record(ctx context.Context, tx *db.Tx, entries ...Entry) ([]Recorded, error) {
	if err := l.Health(); err != nil {
		return nil, err
	}
	out := make([]Recorded, 0, len(entries))
	for len(entries) > 0 {
		n := min(len(entries), mostRows)
		var err error
		if out, err = l.record(ctx, tx, entries[:n], out); err != nil {
			return nil, err
		}
		entries = entries[n:]
	}
	tx.AfterCommit(l.poke)
	return out, nil
}

// record writes up to mostRows entries.
func (l *Ledger) record(ctx context.Context, tx *db.Tx, entries []Entry, out []Recorded) ([]Recorded, error) {
	lasts, err := latest(ctx, tx, entries)
	if err != nil {
		return nil, err
	}
	now := tx.Now().Truncate(time.Microsecond)
	args := make([]any, 0, 12*len(entries))
	for i := range entries {
		e, id := &entries[i], newID(now)
		if e.Hide != (Hiding{}) {
			hidden, err := l.hide(ctx, tx, *e, id, now)
			if err != nil {
				return nil, err
			}
			e = &hidden
		}
		at := find(lasts, e.Subject)
		if at != nil {
			at.seq++
		} else {
			at = &last{}
		}
		body, err := e.body(make([]byte, 0, 768), id, now, at.link)
		if err != nil {
			return nil, err
		}
		salt := newSalt()
		leaf := leafOf(salt, body)
		mark, err := newMark(l.mac, leaf[:])
		if err != nil {
			return nil, err
		}
		args = append(args, id, now.UnixMicro(), e.Kind, e.Authority, e.Case, string(e.Subject), at.seq, e.DeleteOn.String(), leaf[:], salt, mark, body)
		at.prev = leaf[:]
		out = append(out, Recorded{id, leaf, now})
	}
	if err := insertRecords(ctx, tx, len(entries), args); err != nil {
		return nil, fmt.Errorf("ledger record: %w", err)
	}
	return out, nil
}

// find returns the entry of a person, or nil for nobody.
func find(lasts []last, who Subject) *last {
	for i := range lasts {
		if lasts[i].subject == who {
			return &lasts[i]
		}
	}
	return nil
}

// latest checks the entries and looks up the newest record of every person among them.
func latest(ctx context.Context, tx *db.Tx, entries []Entry) ([]last, error) {
	var all []last
	for i := range entries {
		if err := entries[i].check(); err != nil {
			return nil, err
		}
		if who := entries[i].Subject; who != "" && entries[i].Hide == (Hiding{}) && find(all, who) == nil {
			all = append(all, last{subject: who})
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	ask := make([]any, len(all))
	for i := range all {
		ask[i] = string(all[i].subject)
	}
	found, err := selectLast(ctx, tx, ask)
	if err != nil {
		return nil, fmt.Errorf("latest records: %w", err)
	}
	for _, f := range found {
		*find(all, f.subject) = f
	}
	return all, nil
}
