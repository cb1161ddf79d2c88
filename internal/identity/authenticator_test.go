package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/amtsweg/amtsweg/internal/identity"
)

// authenticator is a person's device with one passkey, as WebAuthn level 2 describes it: ES256, attestation "none". The
// fields say how it misbehaves.
type authenticator struct {
	origin string // what the browser tells it
	site   string // the relying party
	key    *ecdsa.PrivateKey
	id     []byte
	owner  []byte // user handle
	count  uint32

	unverified bool   // answers without fingerprint or code
	forged     bool   // signs something else
	challenge  string // answers to this one in place of the one asked
}

const (
	userPresent  = 0x01
	userVerified = 0x04
	attested     = 0x40
)

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &authenticator{origin: home, site: "localhost", key: key, id: id}
}

var b64 = base64.RawURLEncoding

// create answers the options of navigator.credentials.create.
func (a *authenticator) create(t *testing.T, options []byte) json.RawMessage {
	t.Helper()
	var o struct {
		PublicKey struct {
			Challenge string
			RP        struct{ ID string }
			User      struct{ ID string }
		}
	}
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	if o.PublicKey.RP.ID != a.site {
		t.Fatalf("the site calls itself %q, want %q", o.PublicKey.RP.ID, a.site)
	}
	var err error
	if a.owner, err = b64.DecodeString(o.PublicKey.User.ID); err != nil {
		t.Fatal(err)
	}
	client := a.clientData(t, "webauthn.create", o.PublicKey.Challenge)
	attestation := encode(t, map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.attestedData(t)})
	return a.credential(t, map[string]any{
		"clientDataJSON": b64.EncodeToString(client), "attestationObject": b64.EncodeToString(attestation),
		"transports": []string{"internal"},
	})
}

// get answers the options of navigator.credentials.get.
func (a *authenticator) get(t *testing.T, options []byte) json.RawMessage {
	t.Helper()
	var o struct{ PublicKey struct{ Challenge string } }
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	a.count++
	client := a.clientData(t, "webauthn.get", o.PublicKey.Challenge)
	data := a.data(0)
	sum := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	if a.forged {
		signed[0] ^= 1
	}
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	return a.credential(t, map[string]any{
		"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
		"signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(a.owner),
	})
}

func (a *authenticator) clientData(t *testing.T, kind, challenge string) []byte {
	t.Helper()
	if a.challenge != "" {
		challenge = a.challenge
	}
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// data is the authenticator data: site, flags, counter.
func (a *authenticator) data(flags byte) []byte {
	site := sha256.Sum256([]byte(a.site))
	flags |= userPresent
	if !a.unverified {
		flags |= userVerified
	}
	return binary.BigEndian.AppendUint32(append(site[:], flags), a.count)
}

// attestedData adds the new public key in COSE form.
func (a *authenticator) attestedData(t *testing.T) []byte {
	t.Helper()
	point, err := a.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	cose := encode(t, map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	data := append(a.data(attested), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	return append(append(data, a.id...), cose...)
}

func (a *authenticator) credential(t *testing.T, response map[string]any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"id": b64.EncodeToString(a.id), "rawId": b64.EncodeToString(a.id), "type": "public-key",
		"authenticatorAttachment": "platform", "response": response, "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := webauthncbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withOwner turns the options of a login into some that a device would create a passkey for.
func withOwner(t *testing.T, request any, owner identity.AccountID) []byte {
	t.Helper()
	var o map[string]map[string]any
	if err := json.Unmarshal(marshal(t, request), &o); err != nil {
		t.Fatal(err)
	}
	o["publicKey"]["rp"] = map[string]any{"id": "localhost"}
	o["publicKey"]["user"] = map[string]any{"id": b64.EncodeToString([]byte(owner))}
	return marshal(t, o)
}
