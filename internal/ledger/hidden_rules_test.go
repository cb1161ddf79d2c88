package ledger

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// sealedAndOpened is what a hidden record and the one that opens it say.
func sealedAndOpened(t *rapid.T, e Entry, day clock.Date) (hidden, opened Body) {
	const id = "2abc"
	then, nonce := day.AddMonths(-6).Start().Add(time.Hour), newSalt()
	plain, err := e.plain(id, then)
	if err != nil {
		t.Fatal(err)
	}
	hidden = Body{ID: id, Kind: Hidden, Authority: e.Authority, Commitment: commit(nonce, plain), OpensOn: day}
	was, err := ParseBody(plain)
	if err != nil {
		t.Fatal(err)
	}
	e = was.entry()
	e.opening, e.DeleteOn = opening{id, was.Time, nonce}, RetrievalLog(day.Start())
	b, err := e.body(nil, "2def", day.Start(), link{3, nonce})
	if err != nil {
		t.Fatal(err)
	}
	if opened, err = ParseBody(b); err != nil {
		t.Fatal(err)
	}
	return hidden, opened
}

// TestACommitmentHoldsEveryWord draws accesses and changes one word of what is brought to light.
func TestACommitmentHoldsEveryWord(t *testing.T) {
	t.Parallel()
	words := rapid.StringMatching(`[a-zäöüß §."\\]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		e := Entry{
			Kind: Access, Authority: words.Draw(t, "authority"), Unit: words.Draw(t, "unit"), Subject: "mover", Reader: words.Draw(t, "reader"),
			Fields: rapid.SliceOfN(words, 1, 4).Draw(t, "fields"), Purpose: words.Draw(t, "purpose"), Law: words.Draw(t, "law"), Case: words.Draw(t, "case"),
			More: map[string]string{"evidence": words.Draw(t, "evidence")},
		}
		hidden, opened := sealedAndOpened(t, e, clock.Date{Y: 2030, M: 9, D: 1})
		if what := opened.opens(hidden); what != "" {
			t.Fatalf("an honest opening: %s", what)
		}
		changed := opened
		switch rapid.IntRange(0, 7).Draw(t, "change") {
		case 0:
			changed.Reader += "x"
		case 1:
			changed.Fields = append([]string{"x"}, changed.Fields...)
		case 2:
			changed.Purpose += "x"
		case 3:
			changed.Case += "x"
		case 4:
			changed.Subject = "other"
		case 5:
			changed.Happened = changed.Happened.Add(time.Microsecond)
		case 6:
			changed.More = map[string]string{"evidence": e.More["evidence"] + "x"}
		case 7:
			changed.Nonce = append([]byte{changed.Nonce[0] ^ 1}, changed.Nonce[1:]...)
		}
		if changed.opens(hidden) == "" {
			t.Fatalf("a forged opening passes: %+v", changed)
		}
		early := opened
		early.Time = clock.Date{Y: 2030, M: 8, D: 31}.Start()
		if early.opens(hidden) == "" {
			t.Fatal("an opening before its day passes")
		}
	})
}
