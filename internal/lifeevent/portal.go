package lifeevent

import (
	"crypto/ed25519"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Portal is a site that may hand people over to us: it is registered with the key it signs with.
type Portal struct {
	Key    string // names it in its statements: small letters, digits, hyphens
	Name   string // as people know it
	Public []byte // raw Ed25519 key, 32 bytes
	Active bool
}

var portalForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

func (p Portal) check() error {
	if !portalForm.MatchString(p.Key) || strings.TrimSpace(p.Name) == "" || len(p.Public) != ed25519.PublicKeySize {
		return fault.New(fault.Invalid, "lifeevent.error.registration")
	}
	return nil
}

func (p Portal) same(q Portal) bool {
	return p.Key == q.Key && p.Name == q.Name && p.Active == q.Active && string(p.Public) == string(q.Public)
}

// Verify checks a signature against the portal's key.
func (p Portal) Verify(msg, sig []byte) bool { return ed25519.Verify(p.Public, msg, sig) }

func (p Portal) entry(purpose, reason string) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Configuration, Authority: keys.Node, Purpose: purpose, Reason: reason,
		More: map[string]string{"portal": p.Key, "name": p.Name, "public_key": base64.StdEncoding.EncodeToString(p.Public)},
	}
}
