package catalog

import "testing"

func TestACountryIsPrintedAsPeopleWriteItAndAnythingElseAsItStands(t *testing.T) {
	ed := move(t)
	for _, c := range []struct{ lang, code, want string }{
		{"de", "DE", "Deutschland"}, {"de", "FR", "Frankreich"}, {"en", "FR", "France"}, {"de", "ZZ", "ZZ"}, {"de", "??", "??"},
	} {
		if got := ed.PrintValue(c.lang, "prefilled.nationalities", []any{c.code}); got != c.want {
			t.Errorf("%s in %s: got %q, want %q", c.code, c.lang, got, c.want)
		}
	}
	if got := ed.PrintValue("de", "prefilled.family_name", "DE"); got != "DE" {
		t.Errorf("a name became a country: %q", got)
	}
}

func TestWordsOfValueListsArePrintedInBothLanguages(t *testing.T) {
	ed := move(t)
	for _, c := range []struct{ path, value, de, en string }{
		{"prefilled.religion", "rk", "römisch-katholisch", "Roman Catholic"},
		{"prefilled.religion", "ev", "evangelisch", "Protestant"},
		{"prefilled.religion", "xy", "xy", "xy"}, // a word that no list has stays as it stands
		{"prefilled.sex", "weiblich", "weiblich", "female"},
		{"prefilled.children.sex", "männlich", "männlich", "male"},
		{"prefilled.family_status.status", "verheiratet", "verheiratet", "married"},
		{"prefilled.family_status.status", "aufgehoben", "Lebenspartnerschaft aufgehoben", "civil partnership dissolved"},
		{"prefilled.homes.kind", "sole", "Alleinige Wohnung", "Only home"},
		{"prefilled.birth.country", "FR", "Frankreich", "France"},
	} {
		if de, en := ed.PrintValue("de", c.path, c.value), ed.PrintValue("en", c.path, c.value); de != c.de || en != c.en {
			t.Errorf("%s %s is printed %q and %q, want %q and %q", c.path, c.value, de, en, c.de, c.en)
		}
	}
}

func TestCountriesAreChosenByTheirNames(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"de": "Ägypten", "en": "Germany"} {
		list := Countries(lang)
		seen := map[string]bool{}
		for _, c := range list {
			seen[c.Label] = true
			if c.Value == c.Label || len(c.Value) != 2 {
				t.Errorf("%+v is no country with a name", c)
			}
		}
		if len(list) < 190 || !seen[want] || seen["Vereinte Nationen"] || seen["Eurozone"] {
			t.Errorf("%s: %d countries", lang, len(list))
		}
	}
	if list := Countries("de"); list[1].Value != "EG" {
		t.Errorf("Ägypten does not stand where people look for it: %v", list[:3])
	}
}
