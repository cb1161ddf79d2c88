package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// The two ceremonies. A sealed one cannot be opened as the other.
const (
	addingPasskey = "add passkey"
	passkeyLogin  = "passkey login"
)

// ceremony is what must be known between a challenge and its answer. The browser carries it sealed, so beginning one
// costs no write; answering one marks its challenge as spent.
type ceremony struct {
	Session webauthn.SessionData
	Ends    time.Time
}

func (s *Service) seal(kind string, session *webauthn.SessionData) (string, error) {
	plain, err := json.Marshal(ceremony{Session: *session, Ends: s.DB.Clock().Now().Add(ceremonyTime)})
	if err != nil {
		return "", fmt.Errorf("passkey ceremony: %w", err)
	}
	sealed, err := s.sealer.Seal(plain, []byte(kind))
	if err != nil {
		return "", fmt.Errorf("seal a passkey ceremony: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (s *Service) unseal(kind, carried string) (c ceremony, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(carried)
	if err != nil {
		return c, fault.Wrap(fault.Gone, "identity.error.ceremony", err)
	}
	plain, err := s.sealer.Open(sealed, []byte(kind))
	if err != nil {
		return c, fault.Wrap(fault.Gone, "identity.error.ceremony", err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, fmt.Errorf("passkey ceremony: %w", err)
	}
	if !s.DB.Clock().Now().Before(c.Ends) {
		return c, fault.New(fault.Gone, "identity.error.ceremony")
	}
	return c, nil
}

// Passkeys returns the account's passkeys, oldest first.
func (s *Service) Passkeys(ctx context.Context, id AccountID) ([]Passkey, error) {
	return passkeysOf(ctx, s.DB, id)
}

// BeginPasskey begins to add a passkey to an account: options for the browser's navigator.credentials.create, and the
// sealed ceremony that must come back with the answer. The caller has checked that the session is at level high.
func (s *Service) BeginPasskey(ctx context.Context, id AccountID) (*protocol.CredentialCreation, string, error) {
	h, err := s.holder(ctx, id)
	if err != nil {
		return nil, "", err
	}
	if len(h.keys) >= maxPasskeys {
		return nil, "", fault.New(fault.Conflict, "identity.error.passkeys_full", "Max", maxPasskeys)
	}
	creation, session, err := s.relying.BeginRegistration(h,
		webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, "", fmt.Errorf("begin to add a passkey: %w", err)
	}
	sealed, err := s.seal(addingPasskey, session)
	return creation, sealed, err
}

// AddPasskey ends what BeginPasskey began for the same account: answer is the browser's credential as JSON. An answer
// that is not to this challenge, site and account, or whose owner was not verified by the device, is Forbidden; one
// too late or given twice is Gone; a key that is known already is a Conflict.
func (s *Service) AddPasskey(ctx context.Context, id AccountID, sealed, name string, answer []byte) (Passkey, error) {
	name, err := passkeyName(name)
	if err != nil {
		return Passkey{}, err
	}
	c, err := s.unseal(addingPasskey, sealed)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, fault.Wrap(fault.Invalid, "identity.error.passkey", err)
	}
	h, err := s.holder(ctx, id)
	if err != nil {
		return Passkey{}, err
	}
	credential, err := s.relying.CreateCredential(h, c.Session, parsed)
	if err != nil {
		return Passkey{}, fault.Wrap(fault.Forbidden, "identity.error.passkey", err)
	}
	p := Passkey{ID: ident.New(), Account: id, Name: name}
	p.take(credential)
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p.Added = tx.Now()
		if err := spend(ctx, tx, c.Session.Challenge, c.Ends); err != nil {
			return err
		}
		have, err := passkeysOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(have) >= maxPasskeys {
			return fault.New(fault.Conflict, "identity.error.passkeys_full", "Max", maxPasskeys)
		}
		return insertPasskey(ctx, tx, p)
	})
	return p, err
}

// RemovePasskey takes a passkey from an account; one the account does not have is NotFound.
func (s *Service) RemovePasskey(ctx context.Context, id AccountID, passkey string) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := deletePasskey(ctx, tx, id, passkey)
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "identity.error.no_passkey")
		}
		return err
	})
}

// BeginLogin begins a login by any passkey of this site: options for navigator.credentials.get, and the sealed ceremony.
// It asks for no name and so tells nobody who has an account.
func (s *Service) BeginLogin(context.Context) (*protocol.CredentialAssertion, string, error) {
	request, session, err := s.relying.BeginDiscoverableLogin()
	if err != nil {
		return nil, "", fmt.Errorf("begin a passkey login: %w", err)
	}
	sealed, err := s.seal(passkeyLogin, session)
	return request, sealed, err
}

// LogIn ends what BeginLogin began and returns whose passkey it was. It is good for level normal, never more. source
// is the address the answer comes from: after ten attempts in an hour on one account from one source it is Busy.
// A wrong signature, site or challenge, and a key that may have been copied, are Forbidden; an answer too late or given
// twice is Gone.
func (s *Service) LogIn(ctx context.Context, sealed, source string, answer []byte) (Account, error) {
	c, err := s.unseal(passkeyLogin, sealed)
	if err != nil {
		return Account{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Account{}, fault.Wrap(fault.Invalid, "identity.error.passkey", err)
	}
	known, err := passkeyByCredential(ctx, s.DB, parsed.RawID)
	if err != nil {
		return Account{}, err
	}
	attempt := attemptKey(known.Account, source)
	if err := s.attempt(ctx, attempt); err != nil {
		return Account{}, err
	}
	used, err := s.verify(known, c.Session, parsed)
	if err != nil {
		return Account{}, err
	}
	var account Account
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := spend(ctx, tx, c.Session.Challenge, c.Ends); err != nil {
			return err
		}
		n, err := usePasskey(ctx, tx, used, known.signCount)
		if err != nil {
			return err
		}
		if n == 0 { // removed meanwhile, or another login with the same count was faster
			return fault.New(fault.Forbidden, "identity.error.passkey")
		}
		if err := forgetAttempts(ctx, tx, attempt); err != nil {
			return err
		}
		account, err = touchAccount(ctx, tx, known.Account)
		return err
	})
	return account, err
}

// verify checks an answer against the one passkey it names.
func (s *Service) verify(known Passkey, session webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData) (Passkey, error) {
	whose := func(_, handle []byte) (webauthn.User, error) {
		if string(handle) != string(known.Account) {
			return nil, errors.New("the user handle is another account's")
		}
		return holder{id: known.Account, keys: []Passkey{known}}, nil
	}
	_, credential, err := s.relying.ValidatePasskeyLogin(whose, session, answer)
	if err != nil {
		return Passkey{}, fault.Wrap(fault.Forbidden, "identity.error.passkey", err)
	}
	if credential.Authenticator.CloneWarning {
		return Passkey{}, fault.New(fault.Forbidden, "identity.error.passkey_copied")
	}
	used := known
	used.take(credential)
	return used, nil
}

// attempt counts an attempt before it is looked at, so that many at once cannot slip through.
func (s *Service) attempt(ctx context.Context, key string) error {
	var n int
	err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		n, err = countAttempt(ctx, tx, key)
		return err
	})
	if err == nil && n > maxAttempts {
		err = fault.New(fault.Busy, "identity.error.attempts", "Max", maxAttempts)
	}
	return err
}

// attemptKey names an account and a source without keeping the address. Of IPv6 the network counts (/64): its holder
// has all addresses in it.
func attemptKey(id AccountID, source string) string {
	if a, err := netip.ParseAddr(source); err == nil {
		a = a.Unmap()
		bits := 32
		if a.Is6() {
			bits = 64
		}
		if network, err := a.WithZone("").Prefix(bits); err == nil {
			source = network.String()
		}
	}
	sum := sha256.Sum256([]byte(string(id) + "\x00" + source))
	return hex.EncodeToString(sum[:])
}

// holder reads an account with its passkeys; the label is the name on the card, for the person's own device.
func (s *Service) holder(ctx context.Context, id AccountID) (holder, error) {
	a, err := assertionOf(ctx, s.DB, id)
	if err != nil {
		return holder{}, err
	}
	keys, err := passkeysOf(ctx, s.DB, id)
	return holder{id: id, label: a.Name(), keys: keys}, err
}
