package ledger

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// Receipt is what a node promises to the authority that asked: this record is written, and will be in the tree of this
// log by IncludeBy. It travels as a compact JWS (EdDSA) signed with the log's key.
type Receipt struct {
	Log        string    `json:"log"`
	Record     string    `json:"record"`
	Commitment []byte    `json:"commitment"` // the leaf data, SHA-256(salt ‖ body)
	Time       time.Time `json:"time"`
	IncludeBy  time.Time `json:"include_by"`
}

const receiptType = "amtsweg-receipt"

// Receipt signs the promise for a record whose transaction has committed.
func (l *Ledger) Receipt(rec Recorded) (string, error) {
	payload, err := canon.JSON(Receipt{l.Name(), rec.ID, rec.Leaf[:], rec.Time.UTC(), rec.Time.UTC().Add(Promise)})
	if err != nil {
		return "", fmt.Errorf("receipt of %s: %w", rec.ID, err)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: joseKey{l.key}}, (&jose.SignerOptions{}).WithType(receiptType))
	if err != nil {
		return "", fmt.Errorf("receipt of %s: %w", rec.ID, err)
	}
	signed, err := s.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("receipt of %s: %w", rec.ID, err)
	}
	return signed.CompactSerialize()
}

// OpenReceipt checks a receipt with the log's raw public key and reads it.
func OpenReceipt(signed string, public []byte) (r Receipt, err error) {
	if len(public) != ed25519.PublicKeySize {
		return r, errors.New("receipt: the key is no Ed25519 key")
	}
	parsed, err := jose.ParseSignedCompact(signed, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return r, fmt.Errorf("receipt: %w", err)
	}
	if typ := parsed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]; typ != receiptType {
		return r, fmt.Errorf("receipt: the type is %v", typ)
	}
	payload, err := parsed.Verify(ed25519.PublicKey(public))
	if err != nil {
		return r, fmt.Errorf("receipt: %w", err)
	}
	if err := json.Unmarshal(payload, &r); err != nil {
		return r, fmt.Errorf("receipt: %w", err)
	}
	return r, nil
}

// joseKey lets go-jose sign with a key of the ring, whose bytes it never sees.
type joseKey struct{ keys.Signer }

func (k joseKey) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: ed25519.PublicKey(k.Signer.Public()), KeyID: k.ID(), Algorithm: string(jose.EdDSA), Use: "sig"}
}

func (k joseKey) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.EdDSA} }

func (k joseKey) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return k.Sign(payload)
}

// RetrievalLog returns the day on which the body of a logged retrieval goes: § 40 (5) BMG keeps it for twelve months at
// least and wants it deleted by the end of the calendar year after the one it was stored in.
func RetrievalLog(now time.Time) clock.Date {
	return clock.Date{Y: clock.DateOf(now).Y + 2, M: 1, D: 1}
}
