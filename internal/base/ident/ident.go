package ident

import (
	"crypto/rand"
	"encoding/base32"
)

var letters = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// New returns an id of 26 small letters and digits: 128 random bits.
func New() string { return random(16) }

// Token returns a secret of 52 small letters and digits: 256 random bits.
func Token() string { return random(32) }

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails, see crypto/rand
	return letters.EncodeToString(b)
}

// Valid reports whether s has the form of an id, so that a lookup for anything else can be spared.
func Valid(s string) bool {
	if len(s) != 26 {
		return false
	}
	_, err := letters.DecodeString(s)
	return err == nil
}
