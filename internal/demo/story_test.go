package demo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/demo"
)

func TestAMoveIsReadWithItsDefaults(t *testing.T) {
	t.Parallel()
	moves, err := demo.ReadMoves(strings.NewReader("\ufeff" + `{"id":"a","people":[{"given":"Ada","family":"Quartett","birth":"1988-03-04"}],"faults":"refuse, late"}` + "\r\n\n"))
	if err != nil || len(moves) != 1 {
		t.Fatalf("%d moves, %v", len(moves), err)
	}
	m := moves[0]
	if m.Referral != "none" || m.Landlord != "match" || m.Kind != "sole" || strings.Join(m.Faults, " ") != "refuse late" {
		t.Errorf("%+v", m)
	}
}

// The document names every word that a file of moves may use; a word that is added there must be explained.
func TestEveryWordOfAFileOfMovesIsDocumented(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "story.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, words := range demo.Words() {
		for _, w := range words {
			if !strings.Contains(string(raw), "`"+w+"`") {
				t.Errorf("docs/story.md does not explain %q of %s", w, name)
			}
			if name != "faults" {
				continue
			}
			line := `{"id":"a","people":[{"given":"Ada","family":"Quartett","birth":"1988-03-04"}],"faults":["` + w + `"]}`
			if _, err := demo.ReadMoves(strings.NewReader(line)); err != nil {
				t.Errorf("the fault %q cannot be read: %v", w, err)
			}
		}
	}
}

func FuzzReadMoves(f *testing.F) {
	f.Add(`{"id":"a","people":[{"given":"Ada","family":"Quartett","birth":"1988-03-04"}],"move_in":"today+3"}`)
	f.Add(`{"id":"a","people":[{"family":"Q","birth":"1988-03-04"}],"new":{"street":"A","house":"1","postcode":"05417","town":"B"}}`)
	f.Add("{}\n\n[]")
	f.Fuzz(func(t *testing.T, text string) {
		moves, err := demo.ReadMoves(strings.NewReader(text))
		if err != nil && len(moves) > 0 {
			t.Error("something of a wrong file is used")
		}
		seen := map[string]bool{}
		for _, m := range moves {
			if m.ID == "" || len(m.People) == 0 || m.People[0].Birth.IsZero() || seen[m.ID] {
				t.Errorf("a move that nobody could make: %+v", m)
			}
			seen[m.ID] = true
		}
	})
}
