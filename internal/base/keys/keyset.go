package keys

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/signature"
	"github.com/tink-crypto/tink-go/v2/signature/ed25519"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// kind says what a keyset can do.
type kind string

const (
	signs kind = "sign"
	seals kind = "seal"
	macs  kind = "mac"
)

// name is whose keyset it is and what for.
type name struct{ owner, purpose string }

// bound is the associated data of a wrapped keyset: a row moved to another owner, purpose or kind does not open.
func (n name) bound(k kind) []byte {
	return []byte("amtsweg keyset\x00" + n.owner + "\x00" + n.purpose + "\x00" + string(k))
}

// template is the kind of key made for k. Signatures and MACs have no prefix, so that anyone can check them with the
// bare algorithm: 64 bytes of Ed25519, 32 bytes of HMAC-SHA-256.
func (k kind) template() (*tinkpb.KeyTemplate, error) {
	switch k {
	case signs:
		return signature.ED25519KeyWithoutPrefixTemplate(), nil
	case seals:
		return aead.AES256GCMKeyTemplate(), nil
	case macs:
		t := mac.HMACSHA256Tag256KeyTemplate()
		t.OutputPrefixType = tinkpb.OutputPrefixType_RAW
		return t, nil
	}
	return nil, fmt.Errorf("keys: no kind %q", string(k))
}

// grow returns the keyset with a new key in front; from nothing, a first one.
func grow(k kind, old *keyset.Handle) (*keyset.Handle, error) {
	t, err := k.template()
	if err != nil {
		return nil, err
	}
	m := keyset.NewManager()
	if old != nil {
		m = keyset.NewManagerFromHandle(old)
	}
	id, err := m.Add(t)
	if err != nil {
		return nil, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	return m.Handle()
}

func wrap(master tink.AEAD, n name, k kind, h *keyset.Handle) ([]byte, error) {
	var b bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), master, n.bound(k)); err != nil {
		return nil, fmt.Errorf("wrap keyset %s/%s: %w", n.owner, n.purpose, err)
	}
	return b.Bytes(), nil
}

func unwrap(master tink.AEAD, s row) (*keyset.Handle, error) {
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(s.wrapped)), master, s.bound(s.kind))
	if err != nil {
		return nil, fmt.Errorf("keyset %s/%s: %w", s.owner, s.purpose, ErrMasterWrong)
	}
	return h, nil
}

// state is what a handle works with. It is replaced as a whole when the keyset is rotated.
type state struct {
	version  int64
	id       string
	publics  [][]byte // newest first
	signer   tink.Signer
	verifier tink.Verifier
	aead     tink.AEAD
	mac      tink.MAC
}

func newState(s row, h *keyset.Handle) (*state, error) {
	first, err := h.Primary()
	if err != nil {
		return nil, err
	}
	st := &state{version: s.version, id: fmt.Sprintf("%08x", first.KeyID())}
	switch s.kind {
	case signs:
		return st, st.signing(h)
	case seals:
		st.aead, err = aead.New(h)
	case macs:
		st.mac, err = mac.New(h)
	}
	return st, err
}

func (st *state) signing(h *keyset.Handle) (err error) {
	if st.signer, err = signature.NewSigner(h); err != nil {
		return err
	}
	open, err := h.Public()
	if err != nil {
		return err
	}
	if st.verifier, err = signature.NewVerifier(open); err != nil {
		return err
	}
	for i := open.Len() - 1; i >= 0; i-- { // keys are added at the end, and the last is the primary
		e, err := open.Entry(i)
		if err != nil {
			return err
		}
		public, err := publicBytes(e)
		if err != nil {
			return err
		}
		st.publics = append(st.publics, public)
	}
	st.id = fingerprint(st.publics[0])
	return nil
}

func publicBytes(e *keyset.Entry) ([]byte, error) {
	p, ok := e.Key().(*ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("keys: %T is no Ed25519 public key", e.Key())
	}
	return p.KeyBytes(), nil
}

func fingerprint(public []byte) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// Key is one key of a keyset, as anybody may see it.
type Key struct {
	ID      string // of a signing key the first 8 bytes of SHA-256 of the public key, in hex
	Primary bool   // signs and seals; the others only check and open
	Public  string // base64, signing keys only
}

func keysOf(k kind, h *keyset.Handle) (out []Key, err error) {
	if k == signs {
		if h, err = h.Public(); err != nil {
			return nil, err
		}
	}
	for i := range h.Len() {
		e, err := h.Entry(i)
		if err != nil {
			return nil, err
		}
		key := Key{ID: fmt.Sprintf("%08x", e.KeyID()), Primary: e.IsPrimary()}
		if k == signs {
			public, err := publicBytes(e)
			if err != nil {
				return nil, err
			}
			key.ID, key.Public = fingerprint(public), base64.StdEncoding.EncodeToString(public)
		}
		out = append(out, key)
	}
	return out, nil
}
