package ledger

import (
	"context"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

// What the first leaf of an epoch says in more: the checkpoint its database ended with, the last one that was signed
// as far as is known, and which records lie between them and are lost.
const (
	moreClosed = "closed"
	moreLast   = "last"
	moreLost   = "lost"
)

// Restart begins a new epoch after a backup was restored: a tree of its own under a name of its own, whose first leaf
// names the last checkpoint known and the range that was lost. last is that checkpoint, from a witness; empty: the one
// in HeadFile. After it the ledger takes records again. A tree that does not fit its own head is refused: restore a
// sound backup first.
func (l *Ledger) Restart(ctx context.Context, last, reason string) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	known, err := l.lastKnown(last)
	if err != nil {
		return fmt.Errorf("restart ledger: %w", err)
	}
	var now head
	err = l.db.DoLocked(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		now, err = l.begin(ctx, tx, known, reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("restart ledger: %w", err)
	}
	name := nameIn(l.opts.Name, now.epoch)
	l.origin.Store(&name)
	l.broken.Store(nil)
	return l.file(now.checkpoint)
}

// lastKnown returns the signed checkpoint that lies outside the database, if any.
func (l *Ledger) lastKnown(last string) (string, error) {
	if last == "" {
		var err error
		if last, err = readHead(l.opts.HeadFile); err != nil || last == "" {
			return "", err
		}
	}
	c, err := openOwn(last, l.key)
	if err != nil {
		return "", err
	}
	if _, ok := epochIn(l.opts.Name, c.Name); !ok {
		return "", fmt.Errorf("it is a checkpoint of %q", c.Name)
	}
	return last, nil
}

// begin closes the epoch of the database and writes the first leaf of the next.
func (l *Ledger) begin(ctx context.Context, tx *db.Tx, known, reason string) (head, error) {
	old, err := selectHead(ctx, tx, tx.ForUpdate())
	if err != nil {
		return head{}, err
	}
	if _, err := l.border(ctx, tx, old); err != nil {
		return head{}, err
	}
	more := map[string]string{moreClosed: old.checkpoint}
	next := old.epoch
	if known != "" {
		c, err := openOwn(known, l.key)
		if err != nil {
			return head{}, err
		}
		more[moreLast] = known
		epoch, _ := epochIn(l.opts.Name, c.Name)
		switch {
		case epoch > old.epoch:
			more[moreLost] = fmt.Sprintf("%s from %d, %s up to %d", nameIn(l.opts.Name, old.epoch), old.size, c.Name, c.Size-1)
		case epoch == old.epoch && c.Size > old.size:
			more[moreLost] = fmt.Sprintf("%s %d to %d", c.Name, old.size, c.Size-1)
		}
		next = max(next, epoch)
	}
	if err := insertEpoch(ctx, tx, old); err != nil {
		return head{}, err
	}
	empty := newTree(nameIn(l.opts.Name, next+1))
	signed, err := empty.sign(l.key)
	if err != nil {
		return head{}, err
	}
	first := head{next + 1, 0, empty.Root[:], signed}
	rec, err := l.record(ctx, tx, []Entry{{
		Kind: Restarted, Authority: "node", Purpose: "Neubeginn nach Wiederherstellung", Reason: reason, More: more, inner: true,
	}}, nil)
	if err != nil {
		return head{}, err
	}
	batch, err := selectOneWaiting(ctx, tx, rec[0].ID)
	if err != nil {
		return head{}, err
	}
	return l.grow(ctx, tx, first, batch)
}
