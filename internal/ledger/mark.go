package ledger

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"

	"github.com/amtsweg/amtsweg/internal/base/keys"
)

const (
	saltSize = 32
	markSize = 16
)

// newSalt returns what keeps a leaf from being guessed.
func newSalt() []byte {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails, see crypto/rand
	return salt
}

// newMark marks a record that waits for its place as written by this node: a MAC over its leaf. Somebody who can write
// in the database and has no key cannot slip a record into the tree. In the tree the signed root takes over, and the
// mark goes.
func newMark(key keys.MAC, leaf []byte) ([]byte, error) {
	sum, err := key.Sum(leaf)
	if err != nil {
		return nil, err
	}
	return sum[:markSize], nil
}

var (
	errLeaf    = errors.New("its body does not give its leaf")
	errForeign = errors.New("it was not written by this node")
)

// ours reports nil if the node itself wrote a record that waits.
func ours(key keys.MAC, leaf, mark []byte) error {
	want, err := newMark(key, leaf)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want, mark) != 1 {
		return errForeign
	}
	return nil
}
