package catalog

import (
	"fmt"
	"strings"
)

// migrations checks the maps from older editions that lie in editions/NAME.N.yaml, and runs their tests.
func (d *draft) migrations(file string) {
	migrate := d.root.at("migrate")
	for _, from := range migrate.names() {
		old, ok := d.parts.find("editions", strings.TrimSuffix(file, ".yaml")+"."+from+".yaml")
		if !ok {
			d.warn(migrate.key(from), "edition "+from+" is not here, so its map cannot be checked", "")
			continue
		}
		root, _, problems := read(d.parts.fsys, old)
		if len(problems) == 0 {
			problems = shape(root)
		}
		if len(problems) > 0 {
			d.problems = append(d.problems, problems...)
			continue
		}
		older := newDraft(root, d.parts)
		older.meaning()
		d.migration(migrate.at(from), older, from)
	}
}

func (d *draft) migration(m *node, older *draft, from string) {
	stages, mapped := older.root.at("stages"), m.at("stages")
	for _, s := range stages.names() {
		if canRest(stages.at(s)) && !mapped.at(s).ok() {
			d.bad(m.key("stages"), 0, fmt.Sprintf("cases may wait in stage %q of edition %s; say where they go, or stay", s, from), "")
		}
	}
	for _, s := range mapped.names() {
		if !stages.at(s).ok() {
			d.bad(mapped.key(s), 0, fmt.Sprintf("edition %s has no stage %q", from, s), meant(s, stages.names()))
		}
	}
	fields := m.at("fields")
	for _, f := range fields.names() {
		d.migratedField(f, fields.at(f), older)
	}
	for _, name := range m.at("tests").names() {
		d.migrationTest(m, name, older)
	}
}

// canRest reports whether a case can be found in a stage: only one that waits for somebody or something.
func canRest(stage *node) bool {
	for _, k := range []string{"who", "parallel", "fetch", "until", "pay", "decide", "check"} {
		if stage.at(k).ok() {
			return true
		}
	}
	return false
}

// migratedField checks the expression over the older edition's names that gives a field its value.
func (d *draft) migratedField(f string, n *node, older *draft) {
	before := len(older.problems)
	e := older.compile(n, "", knownAll(n.str()))
	d.problems = append(d.problems, older.problems[before:]...)
	if e == nil || d.names[f] == nil {
		return
	}
	older.exprs[n] = e
	basic, ok := exprTypes[d.names[f].kind]
	if !ok {
		return
	}
	if want, got := shortType(basic.String()), shortType(e.program.Node().Nature().String()); want != got {
		d.bad(n, 0, fmt.Sprintf("%q is %s in this edition, but this gives %s", f, nameOfType(want), nameOfType(got)), "")
	}
}

// migrationTest runs one test of a map: old values in, new values out.
func (d *draft) migrationTest(m *node, name string, older *draft) {
	t := m.at("tests", name)
	env := Env{}
	for _, k := range t.at("old").names() {
		if older.names[k] == nil {
			d.bad(t.at("old").key(k), 0, fmt.Sprintf("the older edition has no %q", k), meant(k, older.allNames()))
			continue
		}
		before := len(older.problems)
		env[k], _ = older.convert(t.at("old", k), older.names[k])
		d.problems = append(d.problems, older.problems[before:]...)
	}
	for _, k := range t.at("new").names() {
		got := env[k]
		if f := m.at("fields", k); f.ok() {
			got, _ = older.exprs[f].run(env)
		}
		if want := t.at("new", k).str(); fmt.Sprint(got) != want {
			d.bad(t.at("new", k), 0, fmt.Sprintf("test %q: expected %s, got %v", name, want, got), "")
		}
	}
}
