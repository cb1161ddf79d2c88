package catalog

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amtsweg/amtsweg/services"
)

// Every broken definition is refused with the message that its first line promises, at its own place, and with no more
// than two errors.
func TestBrokenDefinitionsAreRefused(t *testing.T) {
	t.Parallel()
	broken := os.DirFS("testdata/broken")
	files, _ := fs.Glob(broken, "[0-9]*.yaml")
	if len(files) < 38 {
		t.Fatalf("%d broken definitions, want 38", len(files))
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(f, ".yaml"), func(t *testing.T) {
			t.Parallel()
			src, err := fs.ReadFile(broken, f)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(src), "\n")
			msg, help, _ := strings.Cut(strings.TrimPrefix(first, "# expect: "), " | ")
			problems := Check(broken, f)
			found := false
			for _, p := range problems {
				if !p.Warning && p.Msg == msg && p.Help == help {
					found = true
					if p.File != f || p.Line < 2 || p.Col < 1 {
						t.Errorf("reported at %s:%d:%d", p.File, p.Line, p.Col)
					}
				}
			}
			if n := errorsOf(problems); !found || n > 2 {
				t.Errorf("want %q (%s), got %d errors: %v", msg, help, n, problems)
			}
			if e, _ := Load(broken, f); e != nil && f != "24-test-disagrees.yaml" { // only its test is wrong
				t.Error("it was loaded nevertheless")
			}
		})
	}
}

func TestTheDefinitionTheyDifferFromIsSound(t *testing.T) {
	t.Parallel()
	for _, p := range Check(os.DirFS("testdata/broken"), "mini.yaml") {
		if !p.Warning {
			t.Error(p)
		}
	}
}

// The worked examples have no errors, and all tests inside them pass.
func TestExamplesAreSound(t *testing.T) {
	t.Parallel()
	for _, f := range definitions(t, "testdata/examples") {
		t.Run(path.Base(f), func(t *testing.T) {
			t.Parallel()
			x := examine(os.DirFS("testdata/examples"), f)
			x.runTests()
			for _, p := range x.problems {
				if !p.Warning {
					t.Error(p)
				}
			}
			for _, r := range x.results {
				if !r.passed {
					t.Errorf("test %q failed", r.name)
				}
			}
		})
	}
}

// definitions are the paths of all definitions in a folder.
func definitions(t *testing.T, folder string) []string {
	t.Helper()
	files, err := definitionsAt(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = filepath.ToSlash(strings.TrimPrefix(f, filepath.FromSlash(folder)+string(filepath.Separator)))
	}
	return files
}

// The move fetches exactly the 20 groups of § 9 Abs. 1 BMeldDigiV, in their order, each with the law's own sheets.
func TestTwentyGroups(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/bmelddigiv-9.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]bool
	for _, row := range rows {
		if row[0] != "" {
			want = append(want, map[string]bool{})
		}
		list := strings.NewReplacer(" bis ", "-", ",", " ", ".", "").Replace(row[len(row)-1])
		for s := range sheetSet(list) {
			want[len(want)-1][s] = true
		}
	}
	n, _, _ := read(services.Files, "residence-registration.yaml")
	fields := n.at("evidence", "prefilled", "fields")
	if len(want) != 20 || len(fields.keys) != 20 {
		t.Fatalf("the law has %d groups, the definition %d", len(want), len(fields.keys))
	}
	for i, k := range fields.names() {
		if got := sheetsOf(fields.at(k)); fmt.Sprint(got) != fmt.Sprint(want[i]) {
			t.Errorf("group %d %s: got %v, want %v", i+1, k, got, want[i])
		}
	}
}

func TestAServiceBeginsWithItsName(t *testing.T) {
	t.Parallel()
	files, _ := fs.Glob(services.Files, "*.yaml")
	for _, f := range files {
		n, data, problems := read(services.Files, f)
		if len(problems) > 0 || n.names()[0] != "service" || n.at("service").str()+".yaml" != f || !bytes.HasPrefix(data, []byte("service:")) {
			t.Errorf("%s does not begin with service: and its own name", f)
		}
	}
}

// mini is the sound definition that each broken one differs from.
func mini(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("testdata/broken/mini.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// What the broken files do not cover, each by one change of the sound definition.
func TestOneChangeMakesItWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, new, msg string }{
		{"a condition rests on itself", "plate: {label: Kennzeichen, optional: true}", "plate: {label: Kennzeichen, when: known(plate)}", "this is a circle: plate → plate"},
		{"a default of another type", "persons: {label: Personen, type: number, allowed: 1 to 20}", "persons: {label: Personen, type: number, from: move_in}", `"persons" is a number, but move_in is a date`},
		{"allowed is no interval", "allowed: 1 to 20", "allowed: one to twenty", `"one to twenty" does not say which values are allowed`},
		{"allowed on a text", "plate: {label: Kennzeichen, optional: true}", "plate: {label: Kennzeichen, optional: true, allowed: 1 to 2}", "allowed is for numbers, dates and amounts"},
		{"a stage sends what is not there", "enact: {title: Bescheid, issue: all}", "enact: {title: Bescheid, issue: [notices]}", `there is no "notices" among the letters`},
		{"a sample misspells a name", "a: {move_in: 2030-03-01, kind: sole, persons: 2}", "a: {move_inn: 2030-03-01, kind: sole, persons: 2}", `there is no "move_inn" to give a value to`},
		{"a sample gives a day that does not exist", "a: {move_in: 2030-03-01", "a: {move_in: 2030-02-30", `"2030-02-30" does not read as a date`},
		{"a test expects a check that is not there", "expect: {checks: {}, fee: 10.00 €}", "expect: {checks: {movedd: stop}, fee: 10.00 €}", `there is no check "movedd"`},
		{"a test names an unknown calendar", "given: [a], expect", "given: [a], calendar: Bayern, expect", `there is no calendar "Bayern"`},
		{"a test waits in a stage that is not there", "expect: {checks: {}, fee", "expect: {waits: someday, checks: {}, fee", `there is no stage "someday"`},
		{"an expression too long", "that: move_in <= today", "that: move_in <= today" + strings.Repeat(" or move_in <= today", 30), "that is longer than 400 letters"},
		{"a function nobody knows", "that: move_in <= today", "that: older(move_in) <= today", `there is no function "older"`},
		{"now is not part of the language", "that: move_in <= today", "that: move_in <= now()", `there is no function "now"`},
		{"an unknown shared part", "plate: {label: Kennzeichen, optional: true}", "plate: {label: Kennzeichen, optional: true, type: opinion@1}", `unknown shared part "opinion@1"`},
		{"no hidden operators", "that: move_in <= today", "that: __date_plus(move_in) == today", `there is no function "__date_plus"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := mini(t)
			if !strings.Contains(src, c.old) {
				t.Fatalf("the sound definition has no %q", c.old)
			}
			problems := Check(fstest.MapFS{"mini.yaml": {Data: []byte(strings.Replace(src, c.old, c.new, 1))}}, "mini.yaml")
			for _, p := range problems {
				if !p.Warning && strings.Contains(p.Msg, c.msg) {
					return
				}
			}
			t.Errorf("want %q, got %v", c.msg, problems)
		})
	}
}
