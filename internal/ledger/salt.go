package ledger

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"errors"

	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// A salt has two halves. The random one keeps a leaf from being guessed, for good once it is erased. The other is a MAC
// over it and the body: a record that somebody slipped into the database without the node's key is recognised.
const (
	randomSize = 16
	saltSize   = 32
)

func newSalt(key keys.MAC, body []byte) ([]byte, error) {
	var room [1024]byte
	msg := append(room[:0], make([]byte, randomSize)...)
	rand.Read(msg) // never fails, see crypto/rand
	sum, err := key.Sum(append(msg, body...))
	if err != nil {
		return nil, err
	}
	return append(append(make([]byte, 0, saltSize), msg[:randomSize]...), sum[:saltSize-randomSize]...), nil
}

var (
	errLeaf    = errors.New("its body does not give its leaf")
	errForeign = errors.New("it was not written by this node")
)

// ours reports nil if a record's bytes give its leaf and were written with the node's key.
func ours(key keys.MAC, leaf, salt, body []byte) error {
	if sum := leafOf(salt, body); !bytes.Equal(sum[:], leaf) {
		return errLeaf
	}
	if key == nil {
		return nil
	}
	if len(salt) != saltSize {
		return errForeign
	}
	var room [1024]byte
	sum, err := key.Sum(append(append(room[:0], salt[:randomSize]...), body...))
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(sum[:saltSize-randomSize], salt[randomSize:]) != 1 {
		return errForeign
	}
	return nil
}
