package keys

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// set is a handle. It serves as Signer, Sealer or MAC, whichever kind its keyset is of.
type set struct {
	ring   *Ring
	name   name
	kind   kind
	state  atomic.Pointer[state]
	lately atomic.Pointer[func() time.Duration] // since the last look for a rotation
}

func (s *set) now() *state { return s.state.Load() }

func (s *set) is(k kind) error {
	if s.kind != k {
		return fmt.Errorf("keys: %s/%s is there to %s, not to %s", s.name.owner, s.name.purpose, s.kind, k)
	}
	return nil
}

func (s *set) load(found row) error {
	h, err := unwrap(s.ring.master, found)
	if err != nil {
		return err
	}
	return s.use(found, h)
}

func (s *set) use(found row, h *keyset.Handle) error {
	st, err := newState(found, h)
	if err != nil {
		return fmt.Errorf("keyset %s/%s: %w", s.name.owner, s.name.purpose, err)
	}
	s.state.Store(st)
	return nil
}

const (
	seldom  = time.Second     // at most one look per handle and second: forged input must not become a load
	patient = 2 * time.Second // how long a look may take
)

// rotated looks whether another process has rotated the keyset, and reports whether it has.
func (s *set) rotated() bool {
	if since := s.lately.Load(); since != nil && (*since)() < seldom {
		return false
	}
	since := clock.Monotonic()
	s.lately.Store(&since)
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	found, err := selectOne(ctx, s.ring.db, s.name, "")
	if err != nil || found.version == s.now().version {
		return false
	}
	return s.load(found) == nil
}

func (s *set) Sign(msg []byte) ([]byte, error) { return s.now().signer.Sign(msg) }

func (s *set) Verify(msg, sig []byte) bool {
	return s.now().verifier.Verify(sig, msg) == nil || s.rotated() && s.now().verifier.Verify(sig, msg) == nil
}

func (s *set) Public() []byte { return bytes.Clone(s.now().publics[0]) }

func (s *set) Publics() [][]byte {
	all := make([][]byte, len(s.now().publics))
	for i, public := range s.now().publics {
		all[i] = bytes.Clone(public)
	}
	return all
}

func (s *set) ID() string { return s.now().id }

func (s *set) Seal(plain, context []byte) ([]byte, error) {
	return s.now().aead.Encrypt(plain, s.bound(context))
}

func (s *set) Open(sealed, context []byte) ([]byte, error) {
	plain, err := s.now().aead.Decrypt(sealed, s.bound(context))
	if err != nil && s.rotated() {
		plain, err = s.now().aead.Decrypt(sealed, s.bound(context))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s/%s: %w", s.name.owner, s.name.purpose, err)
	}
	return plain, nil
}

// bound is the associated data of what is sealed: who, what for, and the caller's context, such as a row's id.
func (s *set) bound(context []byte) []byte {
	return append([]byte(s.name.owner+"\x00"+s.name.purpose+"\x00"), context...)
}

func (s *set) Sum(msg []byte) ([]byte, error) { return s.now().mac.ComputeMAC(msg) }
