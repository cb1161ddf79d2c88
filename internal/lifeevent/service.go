package lifeevent

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations creates the tables of portals and referrals.
var Migrations = db.Migrations{Module: "lifeevent", Files: migrations}

//go:embed locale/*.json
var locale embed.FS

// Texts adds the module's texts.
func Texts(b *i18n.Bundle) error { return b.Add("lifeevent", locale) }

// residents is the register whose competence says in whose area a home lies.
const residents = "residents"

// Service takes referrals. It may be used by several goroutines.
type Service struct {
	db          *db.DB
	ledger      *ledger.Ledger
	authorities *authority.Service
	sealer      keys.Sealer

	mu    sync.Mutex
	swept time.Time // when ended referrals were last cleared away
}

// New returns the service. It makes its key if the ring has none, so it must not be called inside db.Do.
func New(ctx context.Context, d *db.DB, ring *keys.Ring, l *ledger.Ledger, a *authority.Service) (*Service, error) {
	sealer, err := ring.Sealer(ctx, keys.Node, "referral")
	if err != nil {
		return nil, fmt.Errorf("key for referrals: %w", err)
	}
	return &Service{db: d, ledger: l, authorities: a, sealer: sealer}, nil
}

// RegisterPortal lets a portal hand people over from now on, with the one key it names; a new key replaces the old one.
// The change is recorded; registering what is registered already changes nothing.
func (s *Service) RegisterPortal(ctx context.Context, p Portal, reason string) error {
	p.Active = true
	if err := p.check(); err != nil {
		return err
	}
	return s.setPortal(ctx, p, "portal registered", reason)
}

// ClosePortal refuses everything a portal hands over from now on; what a person has begun with goes on. A portal that
// is not registered is NotFound.
func (s *Service) ClosePortal(ctx context.Context, key, reason string) error {
	p, err := s.portal(ctx, key)
	if err != nil {
		return err
	}
	p.Active = false
	return s.setPortal(ctx, p, "portal closed", reason)
}

func (s *Service) setPortal(ctx context.Context, p Portal, purpose, reason string) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		before, err := selectPortal(ctx, tx, p.Key)
		if err == nil && before.same(p) {
			return nil
		}
		if err != nil && !errors.Is(err, db.ErrNone) {
			return fmt.Errorf("portal %s: %w", p.Key, err)
		}
		if err := upsertPortal(ctx, tx, p); err != nil {
			return fmt.Errorf("portal %s: %w", p.Key, err)
		}
		_, err = s.ledger.Record(ctx, tx, p.entry(purpose, reason))
		return err
	})
}

func (s *Service) portal(ctx context.Context, key string) (Portal, error) {
	p, err := selectPortal(ctx, s.db, key)
	if errors.Is(err, db.ErrNone) {
		return Portal{}, fault.New(fault.NotFound, "lifeevent.error.portal")
	}
	if err != nil {
		return Portal{}, fmt.Errorf("portal %s: %w", key, err)
	}
	return p, nil
}

// PortalName returns a portal's name as people know it, also that of a closed one; an unknown portal is NotFound.
func (s *Service) PortalName(ctx context.Context, key string) (string, error) {
	p, err := s.portal(ctx, key)
	return p.Name, err
}

// Receive takes a signed statement and returns the one-time handle under which the person finds it again. Refused are:
// a wrong signature, another one's name or a portal that is not registered (Forbidden), one that has expired (Gone), one
// that was here before (Conflict), and one that says nothing we can use (Invalid).
func (s *Service) Receive(ctx context.Context, statement string) (handle string, err error) {
	r, jti, err := s.verify(ctx, statement)
	if err != nil {
		return "", err
	}
	if _, err := s.placed(ctx, r); err != nil {
		return "", err
	}
	body, err := s.seal(r, jti)
	if err != nil {
		return "", err
	}
	if err := s.sweep(ctx); err != nil {
		return "", err
	}
	handle = ident.Token()
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		fresh, err := insertReferral(ctx, tx, r.Portal, jti, handle, body)
		if err == nil && !fresh {
			err = errUsed
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return handle, nil
}

// verify checks who signed before it reads what was signed.
func (s *Service) verify(ctx context.Context, statement string) (Referral, string, error) {
	if len(statement) > maxStatement {
		return Referral{}, "", errMalformed
	}
	payload, signer, err := jws.Verify(statement, StatementType, func(owner string) (jws.Verifier, error) {
		p, err := s.portal(ctx, owner)
		if fault.Is(err, fault.NotFound) || err == nil && !p.Active {
			err = fault.New(fault.Forbidden, "lifeevent.error.portal")
		}
		return p, err
	})
	if errors.Is(err, jws.ErrInvalid) {
		return Referral{}, "", fault.Wrap(fault.Forbidden, "lifeevent.error.forged", err)
	}
	if err != nil {
		return Referral{}, "", err
	}
	return parse(payload, signer, s.db.Clock().Now())
}

// placed finds the authority that is responsible for the new home, and the address as the directory writes it.
func (s *Service) placed(ctx context.Context, r Referral) (Referral, error) {
	home, known, err := s.authorities.Canonical(ctx, r.Home)
	if err != nil {
		return Referral{}, err
	}
	r.Home, r.Verified = home, known
	r.Authority, err = s.authorities.ResponsibleFor(ctx, residents, home)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.Invalid, "lifeevent.error.elsewhere")
	}
	return r, err
}

// bound ties what is sealed to its row.
func bound(portal, jti string) []byte { return []byte("referral\x00" + portal + "\x00" + jti) }

func (s *Service) seal(r Referral, jti string) ([]byte, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("referral: %w", err)
	}
	body, err := s.sealer.Seal(plain, bound(r.Portal, jti))
	if err != nil {
		return nil, fmt.Errorf("seal referral: %w", err)
	}
	return body, nil
}

// sweep clears away referrals that have ended, at most every ten minutes.
func (s *Service) sweep(ctx context.Context) error {
	now := s.db.Clock().Now()
	s.mu.Lock()
	due := now.Sub(s.swept) >= 10*time.Minute
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.db.DoLocked(ctx, deleteEnded)
}

// Take returns the referral behind a handle to the person whom it names. Another person gets nothing of it: Forbidden
// "lifeevent.error.other_person". A handle that is unknown or has ended is Gone "lifeevent.error.handle"; one that a
// case has used is Conflict "lifeevent.error.used". Taking does not use it: Use does.
func (s *Service) Take(ctx context.Context, handle string, person Person) (Referral, error) {
	k, err := s.kept(ctx, handle)
	if err != nil {
		return Referral{}, err
	}
	if k.caseID != "" {
		return Referral{}, errUsed
	}
	plain, err := s.sealer.Open(k.body, bound(k.portal, k.jti))
	if err != nil {
		return Referral{}, fmt.Errorf("open referral: %w", err)
	}
	var r Referral
	if err := json.Unmarshal(plain, &r); err != nil {
		return Referral{}, fmt.Errorf("referral: %w", err)
	}
	if !r.Person.Is(person) {
		return Referral{}, fault.New(fault.Forbidden, "lifeevent.error.other_person")
	}
	return s.placed(ctx, r)
}

func (s *Service) kept(ctx context.Context, handle string) (kept, error) {
	k, err := selectReferral(ctx, s.db, handle)
	if errors.Is(err, db.ErrNone) || err == nil && !s.db.Clock().Now().Before(k.ends) {
		return kept{}, errHandle
	}
	if err != nil {
		return kept{}, fmt.Errorf("referral: %w", err)
	}
	return k, nil
}

// CaseOf returns the case that used a referral; empty if none has.
func (s *Service) CaseOf(ctx context.Context, handle string) (string, error) {
	k, err := s.kept(ctx, handle)
	return k.caseID, err
}

// Use binds a referral to the case that begins in this transaction, and erases what it said. The second use is Conflict
// "lifeevent.error.used", and then the caller's transaction must not begin a case either.
func (s *Service) Use(ctx context.Context, tx *db.Tx, handle, caseID string) error {
	done, err := useReferral(ctx, tx, handle, caseID)
	if err != nil {
		return fmt.Errorf("use referral: %w", err)
	}
	if done {
		return nil
	}
	k, err := selectReferral(ctx, tx, handle)
	if err == nil && k.caseID != "" {
		return errUsed
	}
	if err == nil || errors.Is(err, db.ErrNone) {
		return errHandle
	}
	return fmt.Errorf("use referral: %w", err)
}
