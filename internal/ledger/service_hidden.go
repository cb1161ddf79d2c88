package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// HiddenPurpose is what an authority's key for its hidden accesses is kept for.
const HiddenPurpose = "ledger-hidden"

// openKind is the job that brings a hidden access to light on its day.
const openKind = "ledger.open"

type openWork struct {
	Record string `json:"record"`
}

// ReadyToHide fetches, or makes, the key with which an authority's hidden accesses are sealed. Whoever records one calls
// it before, because keys are made in a transaction of their own.
func (l *Ledger) ReadyToHide(ctx context.Context, authority string) error {
	_, err := l.sealer(ctx, authority)
	return err
}

func (l *Ledger) sealer(ctx context.Context, authority string) (keys.Sealer, error) {
	if s, ok := l.sealers.Load(authority); ok {
		return s.(keys.Sealer), nil
	}
	s, err := l.ring.Sealer(ctx, authority, HiddenPurpose)
	if err != nil {
		return nil, fmt.Errorf("key for hidden accesses of %s: %w", authority, err)
	}
	l.sealers.Store(authority, s)
	return s, nil
}

// hide turns an access into the record that stands for it until its day, and sees to it that it is opened then.
func (l *Ledger) hide(ctx context.Context, tx *db.Tx, e Entry, id string, now time.Time) (Entry, error) {
	key, ok := l.sealers.Load(e.Authority)
	if !ok || l.opts.Jobs == nil {
		return Entry{}, errors.New("ledger: ReadyToHide was not called for " + e.Authority)
	}
	if !e.Hide.Until.After(clock.DateOf(now)) {
		return Entry{}, fault.New(fault.Internal, "ledger.error.hiding")
	}
	plain, err := e.plain(id, now)
	if err != nil {
		return Entry{}, err
	}
	nonce := newSalt()
	sealed, err := key.(keys.Sealer).Seal(append(nonce, plain...), []byte(id))
	if err != nil {
		return Entry{}, fmt.Errorf("seal a hidden access: %w", err)
	}
	open := job.Spec{Kind: openKind, Authority: e.Authority, Key: id, Payload: openWork{id}, Due: e.Hide.Until.Start()}
	if err := l.opts.Jobs.Enqueue(ctx, tx, open); err != nil {
		return Entry{}, err
	}
	return Entry{
		Kind: Hidden, Authority: e.Authority, Law: e.Hide.Law, inner: true,
		covert: covert{commit(nonce[:saltSize], plain), e.Hide.Until, sealed},
	}, nil
}

// uncover is the job: it writes the access into its person's sequence, as it happened and with what it had been sealed for.
func (l *Ledger) uncover(ctx context.Context, j job.Job) (job.Effect, error) {
	var work openWork
	if err := j.Into(&work); err != nil {
		return nil, err
	}
	key, err := l.sealer(ctx, j.Authority)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *db.Tx) error {
		s, err := selectByID(ctx, tx, work.Record)
		if err != nil {
			return fmt.Errorf("hidden record %s: %w", work.Record, err)
		}
		e, err := unseal(key, s, clock.DateOf(tx.Now()))
		if err != nil {
			return fmt.Errorf("hidden record %s: %w", work.Record, err)
		}
		e.DeleteOn = RetrievalLog(tx.Now())
		_, err = l.Record(ctx, tx, e)
		return err
	}, nil
}

// unseal reads the access out of its hidden record, not before its day.
func unseal(key keys.Sealer, s stored, today clock.Date) (Entry, error) {
	hidden, err := ParseBody(s.body)
	if err != nil {
		return Entry{}, err
	}
	if hidden.Kind != Hidden || today.Before(hidden.OpensOn) {
		return Entry{}, errors.New("it is not to be opened yet")
	}
	b, err := key.Open(hidden.Sealed, []byte(s.id))
	if err != nil || len(b) < saltSize {
		return Entry{}, errors.Join(errors.New("its seal cannot be opened"), err)
	}
	nonce, plain := b[:saltSize], b[saltSize:]
	was, err := ParseBody(plain)
	if err != nil {
		return Entry{}, err
	}
	e := was.entry()
	e.opening = opening{s.id, was.Time, nonce}
	return e, nil
}

// HiddenByQuarter counts hidden accesses for the public: of the last four complete quarters, newest first. Numbers below
// ten are not told.
func (l *Ledger) HiddenByQuarter(ctx context.Context) ([]Quarter, error) {
	list := lastQuarters(clock.DateOf(l.db.Clock().Now()))
	for i := range list {
		q := &list[i]
		n, err := countHidden(ctx, l.db, q.from(), q.to())
		if err != nil {
			return nil, fmt.Errorf("hidden accesses: %w", err)
		}
		if q.Few = n < FewestHidden; !q.Few {
			q.Hidden = n
		}
	}
	return list, nil
}
