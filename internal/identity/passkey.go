package identity

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const (
	maxPasskeys    = 20              // per account
	maxPasskeyName = 60              // characters
	ceremonyTime   = 5 * time.Minute // from the challenge to its answer
	attemptWindow  = time.Hour
	maxAttempts    = 10 // passkey logins tried per account and source in a window
)

// Passkey is a key on a person's device that signs in at level normal. What unlocks it there, a fingerprint or a code,
// never leaves the device.
type Passkey struct {
	ID      string
	Account AccountID
	Name    string // as the person called it: "Mein Telefon"
	Added   time.Time
	Used    time.Time // zero if never

	credential, publicKey, aaguid []byte
	signCount                     int64
	backupEligible, backupState   bool
	transports                    string // space-separated
}

// Synced reports whether the device keeps a copy of the key elsewhere, such as with its maker.
func (p Passkey) Synced() bool { return p.backupState }

// passkeyName checks what a person calls a passkey; it may be empty.
func passkeyName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxPasskeyName {
		return "", fault.Field("name", "identity.error.passkey_name", "Max", maxPasskeyName)
	}
	return name, nil
}

// holder is an account as the WebAuthn library wants to see it. The user handle is the account's random id.
type holder struct {
	id    AccountID
	label string // shown by the authenticator on the person's own device
	keys  []Passkey
}

func (h holder) WebAuthnID() []byte          { return []byte(h.id) }
func (h holder) WebAuthnName() string        { return h.label }
func (h holder) WebAuthnDisplayName() string { return h.label }

func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, 0, len(h.keys))
	for _, p := range h.keys {
		out = append(out, p.record())
	}
	return out
}

// record is the passkey as the library's credential record.
func (p Passkey) record() webauthn.Credential {
	c := webauthn.Credential{
		ID:        p.credential,
		PublicKey: p.publicKey,
		Flags: webauthn.CredentialFlags{
			UserPresent: true, UserVerified: true, BackupEligible: p.backupEligible, BackupState: p.backupState,
		},
		Authenticator: webauthn.Authenticator{AAGUID: p.aaguid, SignCount: uint32(p.signCount)}, //nolint:gosec // was a uint32
	}
	for _, t := range strings.Fields(p.transports) {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c
}

// take copies what the library's credential record says into the passkey.
func (p *Passkey) take(c *webauthn.Credential) {
	p.credential, p.publicKey, p.aaguid = c.ID, c.PublicKey, c.Authenticator.AAGUID
	p.signCount = int64(c.Authenticator.SignCount)
	p.backupEligible, p.backupState = c.Flags.BackupEligible, c.Flags.BackupState
	names := make([]string, 0, len(c.Transport))
	for _, t := range c.Transport {
		names = append(names, string(t))
	}
	p.transports = strings.Join(names, " ")
}
