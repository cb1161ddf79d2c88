package jws_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/jws"
)

type key struct{ private ed25519.PrivateKey }

func newKey(seed byte) key {
	return key{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (k key) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(k.private, msg), nil }
func (k key) Public() []byte                  { return k.private.Public().(ed25519.PublicKey) }
func (k key) Verify(msg, sig []byte) bool     { return ed25519.Verify(k.Public(), msg, sig) }

func ring(keys map[string]key) func(string) (jws.Verifier, error) {
	return func(owner string) (jws.Verifier, error) {
		k, ok := keys[owner]
		if !ok {
			return nil, errors.New("nobody of that name")
		}
		return k, nil
	}
}

func TestAStrangerCanCheckAStatementWithNothingButThePublicKey(t *testing.T) {
	k := newKey(1)
	text, err := jws.Sign(k, "lindenfurt", "amtsweg-answer", []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	var h map[string]string
	if err := json.Unmarshal(head, &h); err != nil {
		t.Fatal(err)
	}
	if h["alg"] != "EdDSA" || h["kid"] != "lindenfurt" || h["typ"] != "amtsweg-answer" {
		t.Errorf("header %s", head)
	}
	sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
	if !ed25519.Verify(k.Public(), []byte(parts[0]+"."+parts[1]), sig) {
		t.Error("plain Ed25519 does not accept it")
	}
	payload, owner, err := jws.Verify(text, "amtsweg-answer", ring(map[string]key{"lindenfurt": k}))
	if err != nil || string(payload) != `{"a":1}` || owner != "lindenfurt" {
		t.Errorf("%s of %s, %v", payload, owner, err)
	}
}

func TestNothingElsePassesForAStatement(t *testing.T) {
	ours, theirs := newKey(1), newKey(2)
	text, err := jws.Sign(ours, "lindenfurt", "amtsweg-answer", []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	p := strings.Split(text, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"lindenfurt","typ":"amtsweg-answer"}`))
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"a":2}`))
	foreign, _ := jws.Sign(theirs, "lindenfurt", "amtsweg-answer", []byte(`{"a":1}`))
	kind, _ := jws.Sign(ours, "lindenfurt", "amtsweg-grant", []byte(`{"a":1}`))
	nobody, _ := jws.Sign(ours, "nobody", "amtsweg-answer", []byte(`{"a":1}`))
	for name, bad := range map[string]string{
		"empty": "", "no signature": p[0] + "." + p[1] + ".", "unsigned": none + "." + p[1] + ".", "other payload": p[0] + "." + other + "." + p[2],
		"other key": foreign, "other kind": kind, "unknown owner": nobody,
	} {
		if _, _, err := jws.Verify(bad, "amtsweg-answer", ring(map[string]key{"lindenfurt": ours})); err == nil {
			t.Errorf("%s: passes", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	k := newKey(1)
	text, _ := jws.Sign(k, "lindenfurt", "amtsweg-answer", []byte(`{"a":1}`))
	f.Add(text)
	f.Add("..")
	f.Fuzz(func(t *testing.T, s string) {
		payload, _, err := jws.Verify(s, "amtsweg-answer", ring(map[string]key{"lindenfurt": k}))
		if err == nil && string(payload) != `{"a":1}` {
			t.Errorf("%q passes for a statement of ours", s)
		}
	})
}
