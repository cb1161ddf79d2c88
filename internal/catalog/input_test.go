package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// askingAll is a definition with a field of every type.
func askingAll(t *testing.T) *Edition {
	t.Helper()
	src := strings.Replace(mini(t), "  plate: {label: Kennzeichen, optional: true}\n", `  plate: {label: Kennzeichen, optional: true}
  note: {label: Anmerkung, type: long_text}
  share: {label: Anteil, type: decimal}
  dog: {label: Hund, type: yes_no}
  sure: {label: Sicher, type: confirm}
  rent: {label: Miete, type: money, allowed: from 1.00 €}
  home: {label: Anschrift, type: address}
  country: {label: Land, type: country}
  mail: {label: E-Mail, type: email}
  phone: {label: Telefon, type: phone}
  iban: {label: IBAN, type: iban}
  floors: {label: Stockwerke, many: 3, choice: {a: Erster, b: Zweiter, c: Dritter, d: Vierter}}
  account: {label: Konto, fields: {holder: {label: Inhaber}}}
`, 1)
	src = strings.Replace(src, "fills: [move_in, kind, persons, plate]", "fills: [move_in, kind, persons, plate, note, share, dog, sure, rent, home, country, mail, phone, iban, floors, account]", 1)
	e, problems := Load(fstest.MapFS{"mini.yaml": {Data: []byte(src)}}, "mini.yaml")
	if e == nil {
		t.Fatal(problems)
	}
	return e
}

func TestFieldsReadWhatPeopleWrite(t *testing.T) {
	t.Parallel()
	e := askingAll(t)
	for _, c := range []struct {
		field string
		raw   []string
		want  any
	}{
		{"move_in", []string{"1.3.2030"}, day("2030-03-01")},
		{"move_in", []string{" 01. 03. 2030 "}, day("2030-03-01")},
		{"move_in", []string{"2030-03-01"}, day("2030-03-01")},
		{"kind", []string{"main"}, "main"},
		{"persons", []string{"20"}, 20},
		{"plate", []string{""}, nil},
		{"plate", []string{" MI-XY 12 "}, "MI-XY 12"},
		{"plate", []string{"u\u0308ber"}, "über"},
		{"note", []string{"eins\r\nzwei"}, "eins\nzwei"},
		{"share", []string{"0,5"}, 0.5},
		{"dog", []string{"no"}, false},
		{"sure", []string{"on"}, true},
		{"rent", []string{"1234,50 €"}, Money{123450}},
		{"home", []string{"Lindenallee 4a, 05417 Lindenfurt"}, address2("Lindenallee", "4a", "05417", "Lindenfurt")},
		{"home", []string{"Lindenallee", "4a", "05417", "Lindenfurt"}, address2("Lindenallee", "4a", "05417", "Lindenfurt")},
		{"country", []string{"de"}, "DE"},
		{"mail", []string{"anna@example.org"}, "anna@example.org"},
		{"phone", []string{"+49 30 123-45"}, "+49 30 123-45"},
		{"iban", []string{"de89 3704 0044 0532 0130 00"}, "DE89370400440532013000"},
		{"floors", []string{"a", "c", "a"}, []any{"a", "c"}},
	} {
		got, err := e.ParseField("de", c.field, c.raw)
		if err != nil || !sameValue(got, c.want) {
			t.Errorf("%s %q: got %v (%v), want %v", c.field, c.raw, got, err, c.want)
		}
	}
}

func address2(street, house, postcode, town string) Address {
	return NewAddress(authority.Address{Street: street, House: house, Postcode: postcode, Town: town}, false)
}

func TestFieldsRefuseWhatCannotBeInBothLanguages(t *testing.T) {
	t.Parallel()
	e := askingAll(t)
	bundle := i18n.New()
	if err := bundle.Add("catalog", Texts); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field, code string
		raw         []string
	}{
		{"move_in", "date", []string{"30.2.2030"}},
		{"move_in", "date", []string{"1.3.30"}},
		{"move_in", "date", []string{"0001-01-01"}},
		{"move_in", "date", []string{"gestern"}},
		{"move_in", "required", []string{"  "}},
		{"move_in", "required", nil},
		{"move_in", "only_one", []string{"1.3.2030", "2.3.2030"}},
		{"kind", "choice", []string{"Haupt"}},
		{"persons", "allowed", []string{"21"}},
		{"persons", "number", []string{"2,5"}},
		{"persons", "number", []string{"99999999999"}},
		{"note", "too_long", []string{strings.Repeat("ä", 10_001)}},
		{"plate", "too_long", []string{strings.Repeat("x", 301)}},
		{"plate", "control", []string{"a\nb"}},
		{"plate", "control", []string{"a\x00b"}},
		{"share", "decimal", []string{"NaN"}},
		{"dog", "yes_no", []string{"maybe"}},
		{"sure", "required", []string{"off"}},
		{"rent", "money", []string{"12.5"}},
		{"rent", "money", []string{"-12,00"}},
		{"rent", "allowed", []string{"0,99"}},
		{"home", "address", []string{"Lindenallee"}},
		{"home", "address", []string{"Lindenallee", "", "05417", "Lindenfurt"}},
		{"home", "required", []string{"", "", "", ""}},
		{"country", "country", []string{"Deutschland"}},
		{"mail", "email", []string{"Anna <anna@example.org>"}},
		{"phone", "phone", []string{"call me"}},
		{"iban", "iban", []string{"DE89370400440532013001"}},
		{"floors", "too_many", []string{"a", "b", "c", "d"}},
		{"floors", "choice", []string{"a", "z"}},
		{"account", "type", []string{"x"}},
		{"nobody", "no_field", []string{"x"}},
	} {
		v, err := e.ParseField("de", c.field, c.raw)
		if v != nil || fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != "catalog.error."+c.code {
			t.Errorf("%s %.40q: got %v, %v, want %s", c.field, c.raw, v, err, c.code)
			continue
		}
		var f *fault.Error
		if errors.As(err, &f); f.Field != c.field && c.code != "no_field" {
			t.Errorf("the error belongs to %q, not to %q", f.Field, c.field)
		}
		for _, lang := range []string{"de", "en"} {
			if text := bundle.Text(lang, f.Code, f.Vars); text == f.Code || strings.Contains(text, "{{") || strings.Contains(text, "no value") {
				t.Errorf("%s in %s: %q", f.Code, lang, text)
			}
		}
	}
}

func TestEveryGroundHasWords(t *testing.T) {
	t.Parallel()
	bundle := i18n.New()
	if err := bundle.Add("catalog", Texts); err != nil {
		t.Fatal(err)
	}
	for _, g := range []string{GroundCheck, GroundStopped, GroundInsists, GroundRemarks, GroundWantsPerson, GroundMode, GroundNoLaw, GroundNoOutcome, GroundMissing, GroundHearing} {
		if !bundle.Has("catalog.ground." + g) {
			t.Errorf("no words for %s", g)
		}
	}
}

func TestAPageShowsWhatEvidenceBrought(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	env := e.Complete(values, facts)
	in, ok := e.Input("en", env, "new_home")
	if !ok || in.Label != "New address" || in.Taken != "landlord.home" || in.Value == nil || in.Type != "address" {
		t.Errorf("%+v", in)
	}
	values["new_home"] = address(t, "Lindenallee 5, 05417 Lindenfurt")
	if in, _ = e.Input("en", e.Complete(values, facts), "new_home"); in.Taken != "" {
		t.Errorf("what the person corrected is not taken from %q", in.Taken)
	}
	in, _ = e.Input("en", env, "objections")
	if in.Many != 3 || !in.Optional || in.Law != "§ 50 Abs. 5 BMG" || len(in.Choices) != 3 || !strings.HasPrefix(in.Choices[0].Label, "political parties") {
		t.Errorf("%+v", in)
	}
	if in, _ = e.Input("de", env, "entitled"); in.Asked != No || !in.Conditional() {
		t.Errorf("nobody moves along, and yet %v", in.Asked)
	}
	if _, ok := e.Input("de", env, "nobody"); ok {
		t.Error("a field that is not there")
	}
	if p, _ := e.EvidenceNamed("prefilled"); p.By != ByRequest || !p.Whole || p.From[0] != (Source{"register", "residents"}) || len(p.Fields) != 20 {
		t.Errorf("%+v", p)
	}
}

func TestOnlyPersonsFromTheRegisterCanBePicked(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	prefilled := values["prefilled"].(map[string]any)
	prefilled["spouse"] = map[string]any{"given_names": "Carl", "family_name": "Beispiel", "birth_date": day("1988-01-01")}
	prefilled["children"] = []any{
		map[string]any{"given_names": "Ben", "family_name": "Beispiel", "birth_date": day("2020-02-02")},
		map[string]any{"given_names": "Ben", "family_name": "Beispiel", "birth_date": day("2021-02-02")},
	}
	env := e.Complete(values, facts)
	in, _ := e.Input("de", env, "relatives")
	var refs []string
	for _, p := range in.Persons {
		refs = append(refs, p.Ref)
	}
	if want := []string{"Carl Beispiel", "Ben Beispiel", "Ben Beispiel (2)"}; !slices.Equal(refs, want) {
		t.Errorf("got %q, want %q", refs, want)
	}
	v, err := e.ParseField("de", "relatives", []string{"Carl Beispiel", "Ben Beispiel (2)"})
	if err != nil || e.CheckPicked("de", env, "relatives", v) != nil {
		t.Errorf("%v %v", v, err)
	}
	err = e.CheckPicked("de", env, "relatives", []any{"Carl Beispiel", "Erika Fremd"})
	if fault.CodeOf(err) != "catalog.error.not_offered" {
		t.Errorf("a stranger was picked: %v", err)
	}
}

func TestValuesSurviveStorage(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	values["new_home"], values["objections"] = address(t, "Lindenallee 4, 05417 Lindenfurt"), []any{"parties"}
	data, err := e.Encode(e.Complete(values, facts))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(data); !strings.Contains(s, `"date":"1990-05-17"`) || !strings.Contains(s, `"postcode":"05417"`) || !strings.Contains(s, `"verified":true`) {
		t.Errorf("%s", s)
	}
	for _, computed := range []string{"deadline", "old_home", "today", "applicant", "outcome"} {
		if strings.Contains(string(data), `"`+computed+`"`) {
			t.Errorf("%s is worked out, not stored", computed)
		}
	}
	back, err := e.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.Encode(back)
	if err != nil || string(again) != string(data) {
		t.Errorf("%v\n%s\n%s", err, data, again)
	}
	if !sameValue(back.At("prefilled.birth.date"), day("1990-05-17")) || !sameValue(back["landlord"], values["landlord"]) {
		t.Errorf("%v", back)
	}
}

func TestWhatDoesNotFitIsNotStored(t *testing.T) {
	t.Parallel()
	e := move(t)
	for _, env := range []Env{
		{"move_in": "2030-03-01"},
		{"new_home": "Lindenallee 4"},
		{"relatives": "Ben"},
		{"prefilled": []any{}},
		{"correct": "true"},
		{"kind": 3},
		{"prefilled": map[string]any{"birth": map[string]any{"date": 5}}},
	} {
		if data, err := e.Encode(env); err == nil {
			t.Errorf("%v was stored as %s", env, data)
		}
	}
	for _, s := range []string{
		``, `[]`, `{"a":1}`, `{"move_in":"2030-02-30"}`, `{"move_in":5}`, `{"relatives":"Ben"}`, `{"correct":"yes"}`, `{"new_home":7}`, `{"new_home":"nowhere"}`,
		`{"prefilled":{"birth":"1990"}}`, `{} {}`, `{"objections":["a","b","c","d"]}`,
	} {
		if env, err := e.Decode([]byte(s)); err == nil {
			t.Errorf("%s became %v", s, env)
		}
	}
}

func TestEvidenceKeepsOnlyWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	e := move(t)
	v, err := e.DecodeEvidence("prefilled", []byte(`{"family_name":"Beispiel","weapons":["Beil"],"homes":[{"address":"Mühlgasse 1, 05233 Ellerbrück","kind":"sole"}],"passport_refusal":false}`))
	if err != nil || dig(v, "weapons") != nil || dig(v, "family_name") != "Beispiel" || dig(v, "passport_refusal") != false {
		t.Errorf("%v %v", v, err)
	}
	looked, err := LookUp(v, func(a authority.Address) (bool, error) { return a.Street == "Mühlgasse", nil })
	home := looked.(map[string]any)["homes"].([]any)[0].(map[string]any)["address"].(Address)
	before := v.(map[string]any)["homes"].([]any)[0].(map[string]any)["address"].(Address)
	if err != nil || !home.Verified() || before.Verified() || home.String() != "Mühlgasse 1, 05233 Ellerbrück" {
		t.Errorf("%v %v, before %v", home, err, before)
	}
	if _, err := LookUp(v, func(authority.Address) (bool, error) { return false, errors.New("down") }); err == nil {
		t.Error("a directory that does not answer knows nothing")
	}
	if v, err := e.DecodeEvidence("family", []byte(`{"family_name":"Beispiel"}`)); err == nil {
		t.Errorf("one person is no list: %v", v)
	}
	if _, err := e.DecodeEvidence("kind", []byte(`"sole"`)); err == nil {
		t.Error("a field is no evidence")
	}
}

func TestMoneyIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := Money{rapid.Int64Range(0, 1e13).Draw(t, "cents")}
		if back, ok := ParseMoney(m.String()); !ok || back != m {
			t.Fatalf("%d became %q became %v", m.Cents, m.String(), back)
		}
		p := rapid.Int64Range(0, 100).Draw(t, "percent")
		if s := m.Share(p); 100*s.Cents < m.Cents*p-50 || 100*s.Cents > m.Cents*p+50 {
			t.Fatalf("%d %% of %v is %v", p, m, s)
		}
	})
	for _, s := range []string{"", "€", "1 €", "1.5 €", "1.505 €", "-1.00 €", "1.00€", "1,00 €", ".50 €", "1.+5 €", "1.00 € ", "9999999999999.00 €"} {
		if m, ok := ParseMoney(s); ok {
			t.Errorf("%q became %v", s, m)
		}
	}
	if got := fmt.Sprint(Money{-5}); got != "-0.05 €" {
		t.Error(got)
	}
}

func TestAgesChangeOnBirthdays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		born := day("1930-01-01").AddDays(rapid.IntRange(0, 36000).Draw(t, "born"))
		on := born.AddDays(rapid.IntRange(0, 36000).Draw(t, "later"))
		a := age(born, on)
		if a < 0 || on.Before(born.AddMonths(12*a).AddDays(0)) && born.D < 29 || !on.Before(born.AddMonths(12*(a+1))) && born.D < 29 {
			t.Fatalf("born %v, on %v: %d", born, on, a)
		}
	})
	if got := age(day("2004-02-29"), day("2022-02-28")); got != 17 {
		t.Errorf("born on 29 February, a day before: %d", got)
	}
}

func TestPartsOfEvidenceAreReadLikeFields(t *testing.T) {
	t.Parallel()
	e := move(t)
	for _, c := range []struct {
		path string
		raw  []string
		want any
		code string
	}{
		{"prefilled.birth.date", []string{"1.3.1990"}, day("1990-03-01"), ""},
		{"prefilled.birth.date", []string{"31.2.1990"}, nil, "catalog.error.date"},
		{"prefilled.birth.date", nil, nil, "catalog.error.required"},
		{"prefilled.doctorate", nil, nil, ""},
		{"prefilled.nationalities", []string{"fr"}, "FR", ""},
		{"prefilled.children.sex", []string{"weiblich"}, "weiblich", ""},
		{"prefilled.children.sex", []string{"w"}, nil, "catalog.error.choice"},
		{"prefilled.religion", []string{"rk"}, "rk", ""},
		{"prefilled.nothing", []string{"x"}, nil, "catalog.error.no_field"},
	} {
		v, err := e.ParsePart(c.path, "input", "Kind 2: Geburtsdatum", c.raw)
		if v != c.want || fault.CodeOf(err) != c.code {
			t.Errorf("%s %q: got %v (%v), want %v %s", c.path, c.raw, v, err, c.want, c.code)
		}
	}
}

func TestOnlyWhatThePersonCanBeAskedIsTyped(t *testing.T) {
	t.Parallel()
	of, fields := move(t).EvidenceFields("en", "family")
	if of != "prefilled" || len(fields) != 20 {
		t.Fatalf("%d groups of %s", len(fields), of)
	}
	never := map[string]string{"blocks": "§ 33 Abs. 4 BMG", "passport_refusal": "§ 24 Abs. 1 BMG"}
	for _, f := range fields {
		if f.NeverAsked != never[f.Name] {
			t.Errorf("%s is not asked by %q, want %q", f.Name, f.NeverAsked, never[f.Name])
		}
		if f.Name == "children" && (f.One != "Child" || f.Hint != "Are there children under 18?") {
			t.Errorf("children in English: %q %q", f.One, f.Hint)
		}
	}
}
