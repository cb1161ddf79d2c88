package catalog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func checked(t *testing.T, paths ...string) (string, bool) {
	t.Helper()
	var out strings.Builder
	ok := CheckPaths(&out, paths)
	return out.String(), ok
}

func TestAFolderIsCheckedWithAllThatLiesInIt(t *testing.T) {
	t.Parallel()
	out, ok := checked(t, "testdata/examples")
	if !ok {
		t.Error(out)
	}
	for _, line := range []string{
		"resident-parking.yaml: 0 errors, 0 warnings, 9 of 9 tests passed; sandbox only (7 elements marked example)\n",
		"dog-tax.neustadt.yaml: 0 errors, 1 warning, 3 of 3 tests passed; sandbox only (1 element marked example)\n",
		"opinion.yaml: 0 errors, 0 warnings, 0 of 0 tests passed\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("want %q in\n%s", line, out)
		}
	}
	if strings.Contains(out, ".en.yaml:") || strings.Contains(out, "resident-parking.1.yaml") {
		t.Errorf("texts and older editions are checked with their definition:\n%s", out)
	}
}

func TestOneBrokenFileIsNamedWithPlaceAndHelp(t *testing.T) {
	t.Parallel()
	out, ok := checked(t, "testdata/broken/07-unknown-law.yaml", "testdata/examples/resident-parking.yaml")
	if ok || !strings.Contains(out, "07-unknown-law.yaml:45:12: unknown law \"GebOS\"\n    did you mean \"GebOSt\"?\n") {
		t.Error(out)
	}
	if !strings.Contains(out, "07-unknown-law.yaml: 1 error, 1 warning, 0 of 1 test passed; sandbox only (2 elements marked example)\n") || !strings.Contains(out, "9 of 9 tests passed") {
		t.Error(out)
	}
}

func TestAPathThatHoldsNothingFails(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(empty, "x.yaml"): "there is no such file or folder",
		empty:                          "there is no definition in this folder",
	} {
		if out, ok := checked(t, path); ok || !strings.Contains(out, want) {
			t.Errorf("%v: %s", ok, out)
		}
	}
	if out, ok := checked(t); ok || out != "" {
		t.Errorf("nothing at all is no success: %s", out)
	}
}

func TestTestsAreNamedOneByOne(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if TestPaths(&out, []string{"testdata/broken/24-test-disagrees.yaml", "testdata/examples/dog-tax.neustadt.yaml"}) {
		t.Error("a failing test went through")
	}
	for _, line := range []string{"failed: Pünktlich\n", "passed: Ein Hund\n", "test \"Pünktlich\": expected 12.00 €, got 10.00 €\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("want %q in\n%s", line, out.String())
		}
	}
}

func TestFormatBringsTheNormalForm(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mini.yaml")
	damaged := "\ufeff" + strings.ReplaceAll(mini(t), "\n", "  \r\n") + "\n\n"
	if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := checked(t, file); ok || !strings.Contains(out, "run: amtsweg procedure format") {
		t.Errorf("%v: %s", ok, out)
	}
	var out strings.Builder
	if !FormatPaths(&out, []string{file}) || out.String() != "mini.yaml: formatted\n" {
		t.Error(out.String())
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != mini(t) {
		t.Errorf("%v\n%s", err, got)
	}
	if out, ok := checked(t, file); !ok {
		t.Error(out)
	}
	out.Reset()
	if !FormatPaths(&out, []string{file}) || out.Len() > 0 {
		t.Errorf("what is in order stays: %s", out.String())
	}
}

func TestAnOverlayHasItsTownsValues(t *testing.T) {
	t.Parallel()
	fsys := os.DirFS("testdata/examples")
	base, problems := Load(fsys, "dog-tax.yaml")
	if base == nil {
		t.Fatal(problems)
	}
	town, problems := Load(fsys, "dog-tax.neustadt.yaml")
	if town == nil {
		t.Fatal(problems)
	}
	if town.Overlay != "neustadt" || base.Overlay != "" || town.Service != "dog-tax" || town.Hash() == base.Hash() {
		t.Errorf("%s over %s", town.Overlay, town.Service)
	}
	if d, _ := town.DeadlineNamed("duty"); d.Within.String() != "1 month" {
		t.Errorf("within %v", d.Within)
	}
	if d, _ := base.DeadlineNamed("duty"); d.Within.String() == "1 month" {
		t.Error("the base was changed")
	}
	values := Env{"others": 1, "guide_dog": false, "since": day("2030-03-01")}
	for e, want := range map[*Edition]string{base: "144.00 €", town: "216.00 €"} {
		if got := e.Complete(values, Facts{})["yearly_tax"]; got == nil || got.(Money).String() != want {
			t.Errorf("%q pays %v, want %s", e.Overlay, got, want)
		}
	}
}

// An overlay may also lie in a folder of its own, and be refused there.
func TestAnOverlayOutsideItsBoundsIsRefused(t *testing.T) {
	t.Parallel()
	base := []byte(mini(t))
	over := func(set string) fstest.MapFS {
		return fstest.MapFS{"mini.yaml": {Data: base}, "overlays/mini.town.yaml": {Data: []byte(
			"overlay: mini\non: 1\nauthority: town\nset:\n  " + set + "\ntests:\n  Pünktlich: {at: 2030-03-04, given: [a], expect: {checks: {}}}\n")}}
	}
	if e, problems := Load(over("deadlines.answer.within: 2 months"), "overlays/mini.town.yaml"); e == nil || e.Overlay != "town" {
		t.Error(problems)
	}
	for set, want := range map[string]string{
		"deadlines.answer.within: 2 weeks":                        "2 weeks is outside what the base allows: 1 month to 3 months",
		"deadlines.answer.missed: warn":                           "deadlines.answer.missed is locked in the base",
		"deadlines.anser.within: 2 months":                        "the base has no deadlines.anser.within",
		"tables.price.rows: [[up to 4, 10.00 €]]":                 "no row fits Personen = 5",
		"tables.price.rows: [[up to 4, 10.00], [over 4, 1.00 €]]": `"10" does not read as an amount of money`,
	} {
		e, problems := Load(over(set), "overlays/mini.town.yaml")
		found := false
		for _, p := range problems {
			found = found || p.Msg == want && p.File == "mini.town.yaml"
		}
		if e != nil || !found {
			t.Errorf("%s: want %q, got %v", set, want, problems)
		}
	}
}
