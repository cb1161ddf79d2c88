package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

type vectors struct {
	Texts   []struct{ In, Out string }
	Numbers map[string]string
}

func published(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile("testdata/rfc8785.json")
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil || len(v.Texts) < 2 || len(v.Numbers) < 25 {
		t.Fatalf("vectors: %v", err)
	}
	return v
}

func TestPublishedTexts(t *testing.T) {
	for _, v := range published(t).Texts {
		got, err := Transform([]byte(v.In))
		if err != nil || string(got) != v.Out {
			t.Errorf("got  %s (%v)\nwant %s", got, err, v.Out)
		}
		if err := Check([]byte(v.Out)); err != nil {
			t.Errorf("canonical text refused: %v", err)
		}
		if err := Check([]byte(v.In)); !errors.Is(err, ErrNotCanon) {
			t.Errorf("%s passes for canonical: %v", v.In, err)
		}
	}
}

func TestPublishedNumbers(t *testing.T) {
	for bits, want := range published(t).Numbers {
		n, err := strconv.ParseUint(bits, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, err := JSON(math.Float64frombits(n))
		if string(got) != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %s (%v), want %s", bits, got, err, want)
		}
	}
}

func TestWhatHasNoCanonicalFormIsAnError(t *testing.T) {
	for _, v := range []any{"\xff", "a\xc3", map[string]any{"\xff": 1}, []string{"\xed\xa0\x80"}, int64(1<<53 + 1), math.NaN(), func() {}} {
		if b, err := JSON(v); err == nil {
			t.Errorf("%v became %s", v, b)
		}
	}
	for _, text := range []string{`{"a":1,"a":1}`, `{"b":1,"a":2}`, `[1 ]`, `1.0`, `1e2`, `"\u0041"`, `"\/"`, `-0`, `[]x`, `[][]`} {
		if err := Check([]byte(text)); err == nil {
			t.Errorf("%s passes for canonical", text)
		}
	}
	for _, text := range []string{`"\ud800"`, `"\ude00\ud83d"`, `"\ud83dx"`, `"\ud83d\n"`, `{"\udc00":1}`} {
		if got, err := Transform([]byte(text)); !errors.Is(err, ErrText) {
			t.Errorf("half a character passes: %s → %s (%v)", text, got, err)
		}
	}
	if got, err := Transform([]byte(`"\\ud800 \ud83d\ude00"`)); err != nil || string(got) != `"\\ud800 😀"` {
		t.Errorf("got %s (%v)", got, err)
	}
}

func TestStructsFollowTheirTags(t *testing.T) {
	type house struct {
		Street string `json:"street"`
		House  int    `json:"house"`
		Extra  string `json:"extra,omitempty"`
	}
	got, err := JSON([]house{{"Lindenweg", 4, ""}})
	if want := `[{"house":4,"street":"Lindenweg"}]`; err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}

// values draws any JSON value.
func values(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Just(any(nil)),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.Int64Range(-exact, exact), func(n int64) any { return float64(n) }),
	)
	if depth == 0 {
		return leaf
	}
	inner := values(depth - 1)
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(l []any) any { return append([]any{}, l...) }),
		rapid.Map(rapid.MapOfN(rapid.String(), inner, 0, 4), func(m map[string]any) any { return m }),
	)
}

func TestEveryValueComesBackAndHasOneForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(3).Draw(t, "value")
		b, err := JSON(v)
		if err != nil {
			t.Fatalf("%#v: %v", v, err)
		}
		var back any
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		again, err := JSON(back)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s came back as %s (%v)", b, again, err)
		}
		if err := Check(b); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	})
}

func TestKeysAreOrderedByCodeUnits(t *testing.T) {
	key := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune{'a', 'ö', '€', 0xe000, 0xffff, 0x10000, 0x10ffff}), rapid.Rune()))
	rapid.Check(t, func(t *rapid.T) {
		a, b := key.Draw(t, "a"), key.Draw(t, "b")
		want := slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		got := compare(a, b)
		if min(1, max(-1, got)) != want {
			t.Fatalf("compare(%q, %q) = %d, want %d", a, b, got, want)
		}
	})
}

func FuzzTransform(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e300,"\ud83d\ude00"]}`, `"\u0000"`, `[[[[]]]]`, `{"\\u":"\\\\u"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Transform(b)
		if err != nil {
			return
		}
		if !utf8.Valid(got) || !json.Valid(got) {
			t.Fatalf("%q became %q", b, got)
		}
		if err := Check(got); err != nil {
			t.Fatalf("%q: its canonical form %q: %v", b, got, err)
		}
	})
}
