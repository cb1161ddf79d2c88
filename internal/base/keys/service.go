package keys

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Node is the owner of the keys that belong to no authority.
const Node = "node"

// Ring opens the keysets of a database and hands out handles for them. It is safe for concurrent use.
type Ring struct {
	db     *db.DB
	master tink.AEAD

	mu   sync.Mutex
	sets map[name]*set
}

// Open opens the keysets of d with the master key in masterFile. The file is made, readable by its owner only, if it is
// missing and the database has no keyset yet. A missing, wrong or openly readable master key is an error.
func Open(ctx context.Context, d *db.DB, masterFile string) (*Ring, error) {
	first, err := selectFirst(ctx, d)
	empty := errors.Is(err, db.ErrNone)
	if err != nil && !empty {
		return nil, fmt.Errorf("keysets: %w", err)
	}
	master, err := readMaster(masterFile)
	if errors.Is(err, os.ErrNotExist) {
		if !empty {
			return nil, fmt.Errorf("%s: %w", masterFile, ErrMasterMissing)
		}
		if err := makeMaster(masterFile); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("new master key: %w", err)
		}
		master, err = readMaster(masterFile)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if !empty {
		if _, err := unwrap(master, first); err != nil {
			return nil, fmt.Errorf("%s: %w", masterFile, err)
		}
	}
	return &Ring{db: d, master: master, sets: map[name]*set{}}, nil
}

// Signer signs with Ed25519. Sign returns the raw 64 bytes, Public the raw 32 bytes of the newest key and Publics those
// of all keys of the set, newest first; Verify accepts the signatures of any of them.
type Signer interface {
	Sign(msg []byte) ([]byte, error)
	Verify(msg, sig []byte) bool
	Public() []byte
	Publics() [][]byte
	ID() string
}

// Sealer encrypts so that only this owner, for this purpose and in the same context, can open it.
type Sealer interface {
	Seal(plain, context []byte) ([]byte, error)
	Open(sealed, context []byte) ([]byte, error)
}

// MAC computes HMAC-SHA-256, 32 bytes: always the same for the same message, so it can serve as a pseudonym.
type MAC interface {
	Sum(msg []byte) ([]byte, error)
}

// Signer returns the signing handle of owner for purpose. It is made, in a transaction of its own, if there is none.
func (r *Ring) Signer(ctx context.Context, owner, purpose string) (Signer, error) {
	return r.handle(ctx, name{owner, purpose}, signs)
}

// Sealer returns the sealing handle of owner for purpose, made if there is none.
func (r *Ring) Sealer(ctx context.Context, owner, purpose string) (Sealer, error) {
	return r.handle(ctx, name{owner, purpose}, seals)
}

// MAC returns the MAC handle of owner for purpose, made if there is none.
func (r *Ring) MAC(ctx context.Context, owner, purpose string) (MAC, error) {
	return r.handle(ctx, name{owner, purpose}, macs)
}

func (r *Ring) handle(ctx context.Context, n name, k kind) (*set, error) {
	if n.owner == "" || n.purpose == "" || strings.ContainsRune(n.owner+n.purpose, 0) {
		return nil, fmt.Errorf("keys: %q/%q names no keyset", n.owner, n.purpose)
	}
	if s := r.known(n); s != nil {
		return s, s.is(k)
	}
	found, err := selectOne(ctx, r.db, n, "")
	if errors.Is(err, db.ErrNone) {
		found, err = r.create(ctx, n, k)
	}
	if err != nil {
		return nil, fmt.Errorf("keyset %s/%s: %w", n.owner, n.purpose, err)
	}
	s := &set{ring: r, name: n, kind: found.kind}
	if err := errors.Join(s.is(k), s.load(found)); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := r.sets[n]; first != nil {
		return first, nil
	}
	r.sets[n] = s
	return s, nil
}

// known returns the handle in use. The lock is never held while a keyset is made: that waits for the database's writer,
// and a closure that the writer is running may be asking for a handle.
func (r *Ring) known(n name) *set {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sets[n]
}

// create makes a keyset, or returns the one that somebody else made at the same moment.
func (r *Ring) create(ctx context.Context, n name, k kind) (row, error) {
	h, err := grow(k, nil)
	if err != nil {
		return row{}, err
	}
	wrapped, err := wrap(r.master, n, k, h)
	if err != nil {
		return row{}, err
	}
	var found row
	err = r.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := insert(ctx, tx, row{name: n, kind: k, version: 1, wrapped: wrapped, created: tx.Now()}); err != nil {
			return err
		}
		var err error
		found, err = selectOne(ctx, tx, n, "")
		return err
	})
	return found, err
}

// ErrFixed refuses to rotate MAC keys.
var ErrFixed = errors.New("a MAC key cannot be rotated: the pseudonyms made with it would change")

// Rotate gives a keyset a new key. What the older keys signed still verifies, what they sealed still opens. Pseudonym
// keys are refused: their values are stored elsewhere as identifiers.
func (r *Ring) Rotate(ctx context.Context, owner, purpose string) error {
	n := name{owner, purpose}
	err := r.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		s, err := selectOne(ctx, tx, n, tx.ForUpdate())
		if err != nil {
			return err
		}
		if s.kind == macs {
			return ErrFixed
		}
		old, err := unwrap(r.master, s)
		if err != nil {
			return err
		}
		h, err := grow(s.kind, old)
		if err != nil {
			return err
		}
		if s.wrapped, err = wrap(r.master, n, s.kind, h); err != nil {
			return err
		}
		s.version, s.rotated = s.version+1, tx.Now()
		return update(ctx, tx, s)
	})
	if err != nil {
		return fmt.Errorf("rotate %s/%s: %w", owner, purpose, err)
	}
	return r.Refresh(ctx)
}

// Refresh brings the handles in use to the newest state of the database: after a rotation by another process.
func (r *Ring) Refresh(ctx context.Context) error {
	all, err := selectAll(ctx, r.db)
	if err != nil {
		return fmt.Errorf("keysets: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, found := range all {
		if s := r.sets[found.name]; s != nil && s.now().version != found.version {
			if err := s.load(found); err != nil {
				return err
			}
		}
	}
	return nil
}

// Info describes a keyset without its secrets.
type Info struct {
	Owner, Purpose, Kind string
	Created, Rotated     time.Time
	Keys                 []Key
}

// List describes every keyset, and so checks that the master key opens them all.
func (r *Ring) List(ctx context.Context) ([]Info, error) {
	all, err := selectAll(ctx, r.db)
	if err != nil {
		return nil, fmt.Errorf("keysets: %w", err)
	}
	out := make([]Info, 0, len(all))
	for _, s := range all {
		h, err := unwrap(r.master, s)
		if err != nil {
			return nil, err
		}
		list, err := keysOf(s.kind, h)
		if err != nil {
			return nil, err
		}
		out = append(out, Info{s.owner, s.purpose, string(s.kind), s.created, s.rotated, list})
	}
	return out, nil
}
