package identity

import (
	"context"
	"embed"
	"fmt"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations creates the tables of accounts, assertions and passkeys.
var Migrations = db.Migrations{Module: "identity", Files: migrations}

// Options configure a Service.
type Options struct {
	DB        *db.DB
	Keys      *keys.Ring // seals the passkey ceremonies that a browser carries
	EID       EIDService // nil where no eID service is connected: then no account can be opened
	PublicURL string     // how browsers reach us, "https://amtsweg.example"; passkeys are bound to its host
	Name      string     // how authenticators name us; "Amtsweg" if empty
	Desk      string     // where staff sign in, such as "/dienst"; the login page names it to who wants to the office pages
}

// Service keeps the accounts and signs people in.
type Service struct {
	Options
	relying *webauthn.WebAuthn
	sealer  keys.Sealer
}

// New returns the service. It makes its key if the ring has none, so it must not be called inside db.Do.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Name == "" {
		o.Name = "Amtsweg"
	}
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Hostname() == "" || (public.Scheme != "https" && public.Scheme != "http") {
		return nil, fault.New(fault.Invalid, "identity.error.public_url", "URL", o.PublicURL)
	}
	relying, err := webauthn.New(&webauthn.Config{
		RPID:                  public.Hostname(),
		RPDisplayName:         o.Name,
		RPOrigins:             []string{public.Scheme + "://" + public.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:      protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys for %s: %w", o.PublicURL, err)
	}
	sealer, err := o.Keys.Sealer(ctx, "node", "passkey ceremony")
	if err != nil {
		return nil, fmt.Errorf("key for passkey ceremonies: %w", err)
	}
	return &Service{Options: o, relying: relying, sealer: sealer}, nil
}

// Account returns an account; one that does not exist is NotFound.
func (s *Service) Account(ctx context.Context, id AccountID) (Account, error) {
	return accountByID(ctx, s.DB, id)
}

// Assertion returns what the account's card asserted last; an account that does not exist is NotFound.
func (s *Service) Assertion(ctx context.Context, q db.Querier, id AccountID) (Assertion, error) {
	return assertionOf(ctx, q, id)
}

// ByAssertion returns the account that knows the assertion's pseudonym, and opens one if none does. It is Forbidden
// below level high and Invalid without names, day of birth or pseudonym. The assertion replaces the one kept before.
func (s *Service) ByAssertion(ctx context.Context, a Assertion) (Account, error) {
	return s.assert(ctx, "", a)
}

// StepUp raises a signed-in account to the level of the assertion. The card must be the one the account was opened
// with: another person's is a Conflict, and nothing is opened or changed.
func (s *Service) StepUp(ctx context.Context, id AccountID, a Assertion) (Account, error) {
	if id == "" {
		return Account{}, fault.New(fault.Unauthenticated, "identity.error.no_account")
	}
	return s.assert(ctx, id, a)
}

// assert keeps an assertion beside its account. If only is not empty, it must be that account's.
func (s *Service) assert(ctx context.Context, only AccountID, a Assertion) (account Account, err error) {
	fresh := AccountID(ident.New())
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := a.Check(clock.DateOf(tx.Now())); err != nil {
			return err
		}
		if only != "" {
			whose, err := accountByPseudonym(ctx, tx, a.Pseudonym)
			if err != nil {
				return err
			}
			if whose != only {
				return fault.New(fault.Conflict, "identity.error.other_person")
			}
		}
		id, err := keepAssertion(ctx, tx, fresh, a)
		if err != nil {
			return err
		}
		account, err = touchAccount(ctx, tx, id)
		return err
	})
	return account, err
}

// Identify signs a person in by card, or steps up a session that is below level high: then the card must belong to the
// account of that session.
func (s *Service) Identify(ctx context.Context, current web.Session, a Assertion) (Account, error) {
	if id, citizen := Actor(current); citizen && current.Level < web.High {
		return s.StepUp(ctx, id, a)
	}
	return s.ByAssertion(ctx, a)
}

// SignOutEverywhere ends every session of an account, on all its devices.
func (s *Service) SignOutEverywhere(ctx context.Context, id AccountID) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return web.EndSessions(ctx, tx, id.Actor()) })
}

// SignedIn lets citizens in who are signed in at any level.
var SignedIn = atLeast("signed in", web.Normal)

// HighLevel lets citizens in whom their card has identified; a session below that is asked to step up.
var HighLevel = atLeast("level high", web.High)

func atLeast(name string, level web.Level) web.Policy {
	return web.Policy{Name: name, Allow: func(c *web.Call) error {
		if _, citizen := Actor(c.Session()); !citizen {
			return fault.New(fault.Unauthenticated, "identity.error.sign_in")
		}
		if c.Session().Level < level {
			return fault.New(fault.StepUp, "identity.error.step_up")
		}
		return nil
	}}
}
