package jws

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Signer signs with an Ed25519 key: raw signature of 64 bytes, raw public key of 32.
type Signer interface {
	Sign(msg []byte) ([]byte, error)
	Public() []byte
}

// Verifier checks a raw signature against the keys of one owner, today's and older ones.
type Verifier interface {
	Verify(msg, sig []byte) bool
}

// ErrInvalid says that a statement is not what it claims to be. What exactly is wrong stays in the log.
var ErrInvalid = errors.New("jws: not a valid statement")

// Sign returns payload as compact JWS. owner is the key's owner, typ the kind of statement such as "amtsweg-grant".
func Sign(s Signer, owner, typ string, payload []byte) (string, error) {
	o := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", owner)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: opaque{s}}, o)
	if err != nil {
		return "", fmt.Errorf("signer of %s: %w", owner, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign %s of %s: %w", typ, owner, err)
	}
	return signed.CompactSerialize()
}

// Verify returns the payload of a statement of the given kind and the owner whose key signed it. keys returns the keys
// of an owner; everything that does not fit is ErrInvalid.
func Verify(statement, typ string, keys func(owner string) (Verifier, error)) (payload []byte, owner string, err error) {
	parsed, err := jose.ParseSignedCompact(statement, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	h := parsed.Signatures[0].Protected
	if h.ExtraHeaders[jose.HeaderType] != typ || h.KeyID == "" {
		return nil, "", fmt.Errorf("%w: its type is %v", ErrInvalid, h.ExtraHeaders[jose.HeaderType])
	}
	v, err := keys(h.KeyID)
	if err != nil {
		return nil, "", fmt.Errorf("keys of %s: %w", h.KeyID, err)
	}
	payload, err = parsed.Verify(opaqueVerifier{v})
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return payload, h.KeyID, nil
}

// opaque lends a key of ours to go-jose, which never sees its bytes.
type opaque struct{ s Signer }

func (o opaque) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: ed25519.PublicKey(o.s.Public()), Algorithm: string(jose.EdDSA)}
}

func (opaque) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.EdDSA} }

func (o opaque) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return o.s.Sign(payload)
}

type opaqueVerifier struct{ v Verifier }

func (o opaqueVerifier) VerifyPayload(payload, signature []byte, _ jose.SignatureAlgorithm) error {
	if !o.v.Verify(payload, signature) {
		return ErrInvalid
	}
	return nil
}
