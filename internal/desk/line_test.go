package desk

import (
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/services"
	"pgregory.net/rapid"
)

func edition(t *testing.T) *catalog.Edition {
	t.Helper()
	ed, problems := catalog.Load(services.Files, "residence-registration.yaml")
	if ed == nil {
		t.Fatal(problems)
	}
	return ed
}

func TestEveryReasonToStopFitsIntoItsColumn(t *testing.T) {
	texts := i18n.New()
	if err := Texts(texts); err != nil {
		t.Fatal(err)
	}
	reasons := []string{
		catalog.GroundStopped, catalog.GroundInsists, catalog.GroundRemarks, catalog.GroundWantsPerson, catalog.GroundMode, catalog.GroundNoLaw,
		catalog.GroundNoOutcome, catalog.GroundHearing, procedure.GroundTyped, "when", "until", "work",
	}
	for _, ground := range reasons {
		if !texts.Has("desk.ground." + ground) {
			t.Errorf("no sentence says what %s means", ground)
		}
	}
	for _, check := range edition(t).Checks {
		reasons = append(reasons, check.Name)
		if !texts.Has("desk.check." + check.Name) {
			t.Errorf("no text says that %s is in order", check.Name)
		}
	}
	for _, reason := range append(reasons, "other") {
		for _, lang := range i18n.Languages {
			text := texts.Text(lang, "desk.why."+reason, nil)
			if n := utf8.RuneCountInString(text); !texts.Has("desk.why."+reason) || n > shortest {
				t.Errorf("%s: %q has %d letters, at most %d fit", lang, text, n, shortest)
			}
		}
	}
}

func TestALongSentenceIsCutAtAWord(t *testing.T) {
	for sentence, want := range map[string]string{
		"Ihr Name fehlt.": "Ihr Name fehlt",
		"Diese Hausnummer steht nicht in unserem Adressverzeichnis.": "Diese Hausnummer steht…",
		"Grundstücksverkehrsgenehmigungszuständigkeit":               "Grundstücksverkehrsgenehmig…",
	} {
		if got := cut(sentence, shortest); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String().Draw(t, "s"), rapid.IntRange(2, 40).Draw(t, "n")
		if got := cut(s, n); utf8.RuneCountInString(got) > n {
			t.Fatalf("%q is longer than %d", got, n)
		}
	})
}

func TestACaseBelongsToTheGroupOfItsDay(t *testing.T) {
	today := clock.Date{Y: 2030, M: 3, D: 6} // a Wednesday
	end := func(d clock.Date) time.Time { return d.AddDays(1).Start().Add(-time.Second) }
	for days, want := range map[int]procedure.Urgency{
		-1: procedure.Overdue, 0: procedure.Overdue, 1: procedure.ThisWeek, 4: procedure.ThisWeek, 5: procedure.Later, 300: procedure.Later,
	} {
		if got := urgency(end(today.AddDays(days)), today); got != want {
			t.Errorf("due in %d days: %d, want %d", days, got, want)
		}
	}
	if got := urgency(time.Time{}, today); got != procedure.NoDay {
		t.Errorf("nothing due: %d", got)
	}
	sunday := clock.Date{Y: 2030, M: 3, D: 10}
	if got := urgency(end(sunday.AddDays(1)), sunday); got != procedure.Later {
		t.Errorf("on Sunday the Monday after is %d", got)
	}
}

func TestTheBarFillsAsTimePasses(t *testing.T) {
	from := time.Date(2030, 3, 4, 9, 0, 0, 0, time.UTC)
	until := from.Add(48 * time.Hour)
	for after, want := range map[time.Duration]string{-time.Hour: "0.0", 0: "0.0", 24 * time.Hour: "18.0", 48 * time.Hour: "36.0", 900 * time.Hour: "36.0"} {
		if got := meter(from, until, from.Add(after)); got != want {
			t.Errorf("after %v: %s, want %s", after, got, want)
		}
	}
	if got := meter(until, from, from); got != "36.0" {
		t.Errorf("due before it came: %s", got)
	}
}

func TestAFileNumberIsFoundHoweverItIsTyped(t *testing.T) {
	for _, typed := range []string{"2030-AB3D-EFGH", "2030 ab3d efgh", " 2030ab3defgh ", "Az. 2030-AB3D-EFGH"[4:]} {
		if got, ok := number(typed); !ok || got != "2030-AB3D-EFGH" {
			t.Errorf("%q: %q, %v", typed, got, ok)
		}
	}
	for _, typed := range []string{"", "2030", "2030-AB3D-EFGHI", "Malte Brandes", "ÄÖÜ"} {
		if got, ok := number(typed); ok {
			t.Errorf("%q became %q", typed, got)
		}
	}
}

func TestACursorComesBackAsItWent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := procedure.Place{ID: rapid.StringMatching(`[a-z2-7]{26}`).Draw(t, "id")}
		if rapid.Bool().Draw(t, "due") {
			p.At = time.UnixMicro(rapid.Int64Range(1, 1<<52).Draw(t, "at")).UTC()
		}
		if got := place(cursor(p)); got != p {
			t.Fatalf("%v, want %v", got, p)
		}
	})
	for _, nonsense := range []string{"", ".", "x", "!.abc", "zzzzzzzzzzzzzzzzzz.abc"} {
		if got := place(nonsense); !got.At.IsZero() || got.ID != "" {
			t.Errorf("%q is the place %v", nonsense, got)
		}
	}
}

func TestFindingsComeBeforeWishes(t *testing.T) {
	got := whys(procedure.Case{Reason: "no_law wants_person move_confirmed remarks real_address"})
	if want := []string{"move_confirmed", "real_address", "wants_person", "remarks", "no_law"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if onlyForm(got) || onlyForm(nil) || !onlyForm([]string{"no_law"}) {
		t.Error("one click must do where no law permits a machine, and nowhere else")
	}
}
