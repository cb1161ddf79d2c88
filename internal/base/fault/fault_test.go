package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestTheEdgeSeesKindAndCodeThroughWrapping(t *testing.T) {
	err := fmt.Errorf("grants of one person: %w", Wrap(Forbidden, "consent.error.expired", io.EOF, "Until", "today"))
	if got, want := KindOf(err), Forbidden; got != want {
		t.Errorf("kind %v, want %v", got, want)
	}
	if got, want := CodeOf(err), "consent.error.expired"; got != want {
		t.Errorf("code %q, want %q", got, want)
	}
	if !Is(err, Forbidden) || Is(err, NotFound) {
		t.Error("Is does not agree with KindOf")
	}
	if !errors.Is(err, io.EOF) {
		t.Error("what lies beneath is lost")
	}
}

func TestAnUnmarkedErrorIsInternalAndHasNoCode(t *testing.T) {
	if KindOf(io.EOF) != Internal || CodeOf(io.EOF) != "" || Is(io.EOF, Internal) {
		t.Error("an unmarked error was taken for a fault")
	}
}

func TestEveryKindHasItsOwnName(t *testing.T) {
	seen := map[string]bool{}
	for k := Internal; k <= Unknown; k++ {
		if seen[k.String()] {
			t.Errorf("two kinds are called %q", k)
		}
		seen[k.String()] = true
	}
}
