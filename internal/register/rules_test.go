package register

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

func TestAFieldWithoutAClassDoesNotExist(t *testing.T) {
	for _, thoughtless := range []any{
		struct {
			Name string `json:"name"`
		}{}, struct {
			Name string `json:"name" class:"secretive"`
		}{}, struct {
			Name string `class:"open"`
		}{},
	} {
		if f, err := fieldsOf(reflect.TypeOf(thoughtless)); err == nil {
			t.Errorf("%+v was accepted", f)
		}
	}
	for name, want := range map[string]Class{"religion": Sensitive, "documents": Sensitive, "blocks": Sensitive, "passport_refusal": Sensitive, "sex": Personal} {
		if got, err := ClassOf(name); err != nil || got != want {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
	if _, err := ClassOf("salary"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestASensitiveFieldInClearIsRefused(t *testing.T) {
	for _, row := range []string{`{"family_name":"A","religion":"rk"}`, `{"blocks":[]}`, `{"salary":1}`} {
		if err := refuseClear([]byte(row)); fault.CodeOf(err) != "register.error.class" {
			t.Errorf("%s: %v", row, err)
		}
	}
	if err := refuseClear([]byte(`{"family_name":"A","objections":["parties"]}`)); err != nil {
		t.Error(err)
	}
}

func residents() *rapid.Generator[Resident] {
	return rapid.Custom(func(t *rapid.T) Resident {
		word := rapid.StringMatching(`[A-Za-zäöüß„“<>&]{1,12}`)
		day := func(name string) clock.Date {
			return clock.Date{Y: 1950, M: 1, D: 1}.AddDays(rapid.IntRange(0, 30000).Draw(t, name))
		}
		r := Resident{
			FamilyName: word.Draw(t, "family"), GivenNames: word.Draw(t, "given"), Birth: Birth{Date: day("birth"), Place: word.Draw(t, "place")},
			TaxID: word.Draw(t, "tax"), Nationalities: rapid.SliceOfN(word, 0, 3).Draw(t, "nations"), MovedIn: day("moved"),
			Religion: rapid.SampledFrom([]string{"", "rk", "ev"}).Draw(t, "religion"), PassportRefusal: rapid.Bool().Draw(t, "refusal"),
		}
		if rapid.Bool().Draw(t, "blocked") {
			r.Blocks = Blocks{[]Block{InformationBlock(day("block")), ShelterBlock()}, []Block{{Law: "§ 42 Abs. 3 BMG"}}}
		}
		if rapid.Bool().Draw(t, "documents") {
			r.Documents = []Document{{Issuer: word.Draw(t, "issuer"), ValidUntil: day("until"), Serial: word.Draw(t, "serial")}}
		}
		return r
	})
}

func TestARecordIsDividedByClassAndComesTogetherAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := residents().Draw(t, "resident")
		k := kept{RegisteredOn: clock.Date{Y: 2030, M: 3, D: 4}, Objections: []string{"parties"}}
		open, sealed, err := split(r, k)
		if err != nil || refuseClear(open) != nil {
			t.Fatalf("%s, %v", open, err)
		}
		if len(sealed)%padding != 0 || bytes.Contains(open, []byte("religion")) {
			t.Fatalf("clear %s, %d bytes sealed", open, len(sealed))
		}
		back, kept, err := join(open, sealed)
		if err != nil || !slices.Equal(kept.Objections, k.Objections) {
			t.Fatalf("%+v, %v", kept, err)
		}
		before, _ := r.Values(FieldNames()...)
		after, err := back.Values(FieldNames()...)
		if err != nil || len(differing(before, after)) != 0 || len(before) != len(after) {
			t.Fatalf("%s became %s, %v", before, after, err)
		}
		told, err := before.Resident()
		if again, _ := told.Values(FieldNames()...); err != nil || len(differing(before, again)) != 0 {
			t.Fatalf("values read back: %v", err)
		}
	})
}

func TestBlocksReadWhatTheyWrite(t *testing.T) {
	for _, b := range []Block{InformationBlock(clock.Date{Y: 2030, M: 3, D: 4}), ShelterBlock(), {Law: "§ 42 Abs. 3 BMG"}} {
		raw, err := json.Marshal(b)
		var back Block
		if err != nil || json.Unmarshal(raw, &back) != nil || back != b {
			t.Errorf("%s became %+v", raw, back)
		}
	}
	entered := clock.Date{Y: 2030, M: 3, D: 4}
	b := InformationBlock(entered)
	if !b.Hides(entered) || !b.Hides(clock.Date{Y: 2032, M: 3, D: 4}) || b.Hides(clock.Date{Y: 2032, M: 3, D: 5}) {
		t.Errorf("%+v does not last two years", b)
	}
	if (Block{Law: "§ 42 Abs. 3 BMG"}).Hides(entered) {
		t.Error("an objection to a transmission hides a person")
	}
}

func TestNoSmallFigureLeaves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 60), 0, 12).Draw(t, "sizes")
		cells, total := make([]Cell, len(sizes)), 0
		for i, n := range sizes {
			cells[i] = Cell{Value: strings.Repeat("x", i), N: n}
			total += n
		}
		shown, hidden, left := 0, 0, 0
		for i, c := range suppress(cells) {
			switch {
			case c.Suppressed && c.N == 0:
				hidden += sizes[i]
			case c.Suppressed, c.N != sizes[i], c.N > 0 && c.N < MinCell:
				t.Fatalf("cell %+v of %v", c, sizes)
			default:
				shown += c.N
				if c.N > 0 {
					left++
				}
			}
		}
		if hidden > 0 && hidden < MinCell && left > 0 {
			t.Fatalf("%d hidden of %v: the total gives them away", hidden, sizes)
		}
		if shown+hidden != total {
			t.Fatalf("%d and %d of %d", shown, hidden, total)
		}
	})
}

func TestEverybodyHasOneMainHome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		home := func(n int) authority.Address {
			return authority.Address{Street: "Weg", House: strings.Repeat("1", n+1), Postcode: "05417", Town: "Ort"}
		}
		var homes []Home
		for i, kind := range rapid.SliceOfN(rapid.SampledFrom([]HomeKind{Sole, Main, Secondary}), 1, 6).Draw(t, "moves") {
			if i == 0 && kind == Secondary {
				kind = Sole // who has no home cannot have a second one
			}
			homes = homesAfter(homes, home(rapid.IntRange(0, 3).Draw(t, "where")), kind)
		}
		chief := 0
		for _, h := range homes {
			if h.Kind != Secondary {
				chief++
			}
			if h.Kind == Sole && len(homes) > 1 {
				t.Fatalf("a sole home beside another: %+v", homes)
			}
		}
		if chief != 1 {
			t.Fatalf("%d main homes: %+v", chief, homes)
		}
	})
}

func TestACallNameIsMarkedAndFound(t *testing.T) {
	for given, want := range map[string][2]string{
		MarkCallName("Jana Maria", "Maria"): {"Maria", "Jana Maria"}, MarkCallName("Jana", "Jana"): {"Jana", "Jana"}, "Karl Heinz": {"Karl", "Karl Heinz"},
	} {
		if CallName(given) != want[0] || AllNames(given) != want[1] {
			t.Errorf("%q is called %q of %q", given, CallName(given), AllNames(given))
		}
	}
}

func FuzzValuesReadBack(f *testing.F) {
	f.Add("birth", `{"date":"1990-05-17","place":"Altstadt"}`)
	f.Add("blocks", `{"information":["§ 51 BMG bis 2031-03-04"]}`)
	f.Add("homes", `[{"address":"Lindenweg 4, 22222 Neustadt","kind":"sole"}]`)
	f.Fuzz(func(t *testing.T, name, raw string) {
		r, err := Values{name: json.RawMessage(raw)}.Resident()
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s = %s: %v", name, raw, err)
			}
			return
		}
		told, err := r.Values(FieldNames()...)
		if err != nil {
			return // text that is no UTF-8 has no canonical form
		}
		again, err := told.Resident()
		if err != nil {
			t.Fatalf("%s = %s became %s: %v", name, raw, told[name], err)
		}
		if back, err := again.Values(FieldNames()...); err != nil || len(differing(told, back)) != 0 {
			t.Errorf("%s = %s became %s, then %s, %v", name, raw, told, back, err)
		}
	})
}
