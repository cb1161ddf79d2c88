package authority

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

func TestAddressesReadWhatTheyWrite(t *testing.T) {
	for text, want := range map[string]Address{
		"Lindenweg 4, 22222 Neustadt":                   {"Lindenweg", "4", "22222", "Neustadt"},
		"  Straße des 17. Juni   135 b , 10623 Berlin ": {"Straße des 17. Juni", "135 b", "10623", "Berlin"},
		"Markt 3-5, 05417 Bad Ort (Au)":                 {"Markt", "3-5", "05417", "Bad Ort (Au)"},
		"Am Hang 14 1/2, 05417 Ort":                     {"Am Hang", "14 1/2", "05417", "Ort"},
	} {
		got, err := ParseAddress(text)
		if err != nil || got != want {
			t.Errorf("%q became %+v, %v", text, got, err)
		}
		b, err := json.Marshal(struct{ A Address }{got})
		var back struct{ A Address }
		if err != nil || json.Unmarshal(b, &back) != nil || back.A != got {
			t.Errorf("%s became %+v", b, back.A)
		}
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "Neustadt", "Lindenweg, 22222 Neustadt", "Lindenweg 4 22222 Neustadt", "Lindenweg 4, 2222 Neustadt", "Lindenweg 4, 222222 Neustadt",
		"4, 22222 Neustadt", "Lindenweg 4, 22222", "Lindenweg 4, 22222 Neu\x00stadt", "A, B 4, 22222 Neustadt", "W 4, 22222 " + strings.Repeat("n", 300),
	} {
		if a, err := ParseAddress(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q became %+v, %v", text, a, err)
		}
	}
}

func TestNamesMeetWithoutAccents(t *testing.T) {
	for a, b := range map[string]string{
		"Müller": "MUELLER", "Weiß": "Weiss", "François": "francois", "Jean-Luc": "Jean Luc", "O’Brien": "O'brien", "Łukasz": "lukasz",
	} {
		if Fold(a) != Fold(b) {
			t.Errorf("%q is %q, %q is %q", a, Fold(a), b, Fold(b))
		}
	}
	if Fold("Anna") == Fold("Anne") || Fold("Anna Lena") == Fold("Annalena") {
		t.Error("different names became one")
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("Lindenweg 4, 22222 Neustadt")
	f.Add("Straße des 17. Juni 135 b, 10623 Berlin")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddress(text)
		if err != nil {
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Errorf("%q became %+v, then %+v, %v", text, a, again, err)
		}
		if !a.Same(again) {
			t.Errorf("%+v is not the same as itself", a)
		}
	})
}
