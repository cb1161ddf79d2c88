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
