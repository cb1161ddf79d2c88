package desk

import (
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

func at(house string) catalog.Address {
	return catalog.NewAddress(authority.Address{Street: "Lindenallee", House: house, Postcode: "05417", Town: "Lindenfurt"}, house == "4")
}

func TestWhatTheLandlordSaysStandsBesideTheApplication(t *testing.T) {
	ed := edition(t)
	env := ed.Complete(catalog.Env{
		"new_home": at("4"), "move_in": clock.Date{Y: 2030, M: 3, D: 1}, "kind": "sole", "proof": "landlord", "mark": "K7M2-Q9TX", "correct": true,
		"landlord": map[string]any{
			"provider": "Wohnbau Lindenfurt", "home": at("4"), "moved_in": clock.Date{Y: 2030, M: 2, D: 1}, "people": []any{"Bert Anders"},
		},
	}, catalog.Facts{Today: clock.Date{Y: 2030, M: 3, D: 8}})
	got := map[string]row{}
	for _, r := range compare(ed, "de", env, "Anna Maria Beispiel") {
		got[r.Label] = r
	}
	for label, want := range map[string]verdict{
		"Neue Anschrift": same, "Einzugsdatum": differs, "Namen der einziehenden Personen": differs, "Welche Wohnung ist das?": nothingToCompare,
		"Name und Anschrift des Wohnungsgebers": nothingToCompare,
	} {
		if r, ok := got[label]; !ok || r.verdict != want {
			t.Errorf("%s: %+v, want %q", label, r, want)
		}
	}
	if r := got["Einzugsdatum"]; !strings.Contains(r.Said, "2030") || r.From != "Bestätigung des Wohnungsgebers" || r.Said == r.Other {
		t.Errorf("the days: %+v", r)
	}
	if _, there := got["Die Angaben stimmen. Ich bin eingezogen."]; there {
		t.Error("a tick is no value to compare")
	}
}

func TestAnUnknownHouseIsMarked(t *testing.T) {
	ed := edition(t)
	env := ed.Complete(catalog.Env{"new_home": at("400")}, catalog.Facts{Today: clock.Date{Y: 2030, M: 3, D: 8}})
	rows := compare(ed, "de", env, "Anna Beispiel")
	if len(rows) != 1 || rows[0].verdict != notListed {
		t.Errorf("%+v", rows)
	}
}

func TestALandlordMayLeaveGivenNamesAway(t *testing.T) {
	for _, c := range []struct {
		list, people []string
		want         bool
	}{
		{[]string{"Jana Wittkamp"}, []string{"Jana Maria Wittkamp"}, true},
		{[]string{"JANA WITTKAMP", "Tobias Wittkamp"}, []string{"Jana Maria Wittkamp", "Tobias Wittkamp"}, true},
		{[]string{"Müller, Jörg"}, []string{"Joerg Mueller"}, true},
		{[]string{"Jana Wittkamp"}, []string{"Jana Wittkamp", "Ben Wittkamp"}, false},
		{[]string{"Bert Anders"}, []string{"Jana Wittkamp"}, false},
		{nil, []string{"Jana Wittkamp"}, false},
		{[]string{"Jana Wittkamp"}, []string{""}, false},
	} {
		if got := allNamed(c.list, c.people); got != c.want {
			t.Errorf("%v in %v: %v", c.people, c.list, got)
		}
	}
}

func TestSensitiveValuesStayOffTheScreen(t *testing.T) {
	ed := edition(t)
	env := catalog.Env{"prefilled": map[string]any{
		"family_name": "Beispiel", "given_names": "Anna", "religion": "rk", "passport_refusal": true,
		"documents": []any{map[string]any{"issuer": "Ellerbrück", "serial": "X0000001"}},
		"blocks":    map[string]any{"information": []any{"§ 51 BMG"}},
		"birth":     map[string]any{"date": clock.Date{Y: 1990, M: 5, D: 17}, "place": "Ellerbrück"},
	}}
	list := people(ed, "de", env, func(evidence string) string { return "from " + evidence })
	if len(list) != 1 || list[0].Name != "Anna Beispiel" || list[0].Source != "from prefilled" || len(list[0].Hidden) != 4 {
		t.Fatalf("%+v", list)
	}
	for _, f := range list[0].Facts {
		for _, secret := range []string{"rk", "katholisch", "X0000001", "§ 51"} {
			if strings.Contains(f.Value, secret) {
				t.Errorf("%s shows %q", f.Name, f.Value)
			}
		}
	}
	if !slices.ContainsFunc(list[0].Facts, func(f fact) bool { return strings.Contains(f.Value, "Ellerbrück") }) {
		t.Error("the place of birth is missing")
	}
	inner := catalog.Field{Name: "group", Fields: []catalog.Field{{Name: "a"}, {Name: "b", Class: catalog.Secret}}}
	if got := shown(inner, []any{map[string]any{"a": "open", "b": "secret"}}).([]any)[0].(map[string]any); len(got) != 1 || got["a"] != "open" {
		t.Errorf("inside a group: %v", got)
	}
}
