package catalog

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/amtsweg/amtsweg/services"
)

// What would cost the parser too much never reaches it; whatever is refused says why in one line.
func TestTooLargeOrTooDeepIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"5 MB of JSON":              {`{"a": "` + strings.Repeat("x", 5<<20) + `"}` + "\n", "larger than 1 MB"},
		"opened and never closed":   {strings.Repeat("[", 100_000) + "\n", "brackets nested more than 32 deep"},
		"deep and well closed":      {"a: " + strings.Repeat("{b: ", 100) + "1" + strings.Repeat("}", 100) + "\n", "brackets nested more than 32 deep"},
		"closed beforehand":         {"# " + strings.Repeat("]", 1000) + "\na: " + strings.Repeat("[", 1000) + "\n", "brackets nested more than 32 deep"},
		"closed in comments":        {strings.Repeat("a: [[[[[[[[\n# ]]]]]]]]\n", 2000), "brackets nested more than 32 deep"},
		"dashes on one line":        {strings.Repeat("- ", 1000) + "a\n", "nested too deep"},
		"questions on one line":     {strings.Repeat("? ", 1000) + "a\n", "nested too deep"},
		"steps to the right":        {stairs(100), "nested too deep"},
		"two documents":             {"a: 1\n---\nb: 2\n", "a file holds exactly one definition"},
		"nothing":                   {"", "the last line does not end"},
		"an empty line":             {"\n", "a file holds exactly one definition"},
		"a list":                    {"- a\n", "this is no definition"},
		"a word":                    {"hello\n", "this is no definition"},
		"not UTF-8":                 {"a: \xff\n", "not UTF-8"},
		"a byte order mark":         {"\ufeffa: 1\n", "tab, carriage return, byte order mark or trailing space"},
		"lines of another system":   {"a: 1\r\n", "tab, carriage return, byte order mark or trailing space"},
		"a key twice":               {"a: 1\na: 2\n", "already defined"},
		"a merge":                   {"a: {x: 1}\nb:\n  <<: {y: 2}\n", "anchors, aliases, tags and merges are not part of the language"},
		"a tag":                     {"a: !!binary x\n", "anchors, aliases, tags and merges are not part of the language"},
		"an alias":                  {"a: &x 1\nb: *x\n", "anchors, aliases, tags and merges are not part of the language"},
		"not YAML":                  {"a: [1\n", "not readable as YAML"},
		"a number too large for us": {"service: 99999999999999999999999999\n", "does not read as service"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := Check(fstest.MapFS{"x.yaml": {Data: []byte(c.text)}}, "x.yaml")
			if len(problems) == 0 {
				t.Fatal("it was accepted")
			}
			for _, p := range problems {
				if strings.Contains(p.Msg, c.want) {
					return
				}
			}
			t.Errorf("want %q, got %v", c.want, problems)
		})
	}
}

func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestAFileThatIsNotThereSaysSo(t *testing.T) {
	t.Parallel()
	e, problems := Load(services.Files, "nobody.yaml")
	if e != nil || len(problems) != 1 || problems[0].String() != "nobody.yaml:1:1: cannot be read: there is no such file" {
		t.Errorf("%v", problems)
	}
}

// Damaged definitions are refused or checked; they never bring the checker down.
func FuzzCheck(f *testing.F) {
	for _, folder := range []fs.FS{services.Files, os.DirFS("testdata/broken"), os.DirFS("testdata/examples")} {
		files, _ := fs.Glob(folder, "*.yaml")
		for _, name := range files {
			data, err := fs.ReadFile(folder, name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
			f.Add(bytes.Replace(data, []byte("and"), []byte("&&"), 3))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, problems := Load(fstest.MapFS{"x.yaml": {Data: data}}, "x.yaml")
		if e == nil && errorsOf(problems) == 0 {
			t.Fatal("refused without a word")
		}
		if e != nil {
			x := examine(fstest.MapFS{"x.yaml": {Data: data}}, "x.yaml")
			x.runTests()
			everything(e, e.Complete(Env{}, Facts{}))
		}
		for _, p := range problems {
			if p.Msg == "" || p.Line < 1 || p.File != "x.yaml" {
				t.Fatalf("a problem without place or words: %+v", p)
			}
		}
	})
}

// everything asks an edition all it can be asked about a case.
func everything(e *Edition, env Env) {
	p := e.Decide(env, e.Findings(env, ""), true)
	e.FindingsKnown(env, "")
	e.Notices(env)
	e.Records(env)
	e.Letters(env, "en", p.By)
	e.LettersOnRequest(env, "de", BySilence)
	e.Proposals(env)
	e.Due(env)
	e.Deemed(env, day("2030-01-01"))
	e.Corrections(env)
	for _, s := range e.Stages {
		e.StageNext(env, s.Name)
		e.Until(env, s.Name)
		e.Rank(env, s.Name)
	}
	for _, f := range e.Fields {
		e.Input("en", env, f.Name)
	}
	for _, x := range e.Evidence {
		e.Wanted(env, x.Name)
		e.With(env, x.Name)
	}
}

// An expression is refused or runs; it never panics, and runs the same way twice.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"move_in <= today", `kind == "sole" and known(plate)`, "received > move_in + weeks(2)", "eur(30.70) * persons", "1..9", "age(move_in, today) in [1, 2]",
		"all([1,2], # > 1)", "late ? 1 : 2", "move_in.x", "known(known(kind))", "filter([today], .y)", "not not not late", "len(kind)", "-persons", "{a: 1}", "let x = 1; x",
		"map(1, 2)", "sum([eur(1)])", "min([])", "kind matches \"(\"", "price + price", "deadline.answer", "kind[0:1]", "persons ** 99999999", "nil ?? 1", "applicant?.home",
	} {
		f.Add(s)
	}
	root, _, problems := read(os.DirFS("testdata/broken"), "mini.yaml")
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	env := Env{"move_in": day("2030-03-01"), "today": day("2030-03-04"), "received": day("2030-03-04"), "kind": "sole", "persons": 2, "price": Money{1000}, "late": false}
	f.Fuzz(func(t *testing.T, src string) {
		d := newDraft(root, shelfOf(fstest.MapFS{}, "x.yaml"))
		d.declare()
		before := len(d.problems)
		e := d.compile(&node{file: "x.yaml", line: 1, col: 1, kind: scalar, value: src}, "")
		if e == nil {
			if len(d.problems) == before {
				t.Fatalf("%q was refused without a word", src)
			}
			return
		}
		one, known := e.run(env)
		two, again := e.run(env)
		if known != again || known && !sameValue(one, two) {
			t.Fatalf("%q gave %v and then %v", src, one, two)
		}
	})
}
