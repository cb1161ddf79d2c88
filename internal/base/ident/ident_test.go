package ident

import "testing"

func TestIdsAreWellFormedAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := New()
		if !Valid(id) || seen[id] {
			t.Fatalf("%q: malformed or seen before", id)
		}
		seen[id] = true
	}
	if len(Token()) != 52 {
		t.Errorf("a token has %d letters", len(Token()))
	}
	for _, bad := range []string{"", "../etc/passwd", "aaaaaaaaaaaaaaaaaaaaaaaaa0", "AAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if Valid(bad) {
			t.Errorf("%q passes for an id", bad)
		}
	}
}
