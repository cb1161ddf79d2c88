package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// testResult is how one test inside a definition went.
type testResult struct {
	name   string
	passed bool
}

// runTests runs the tests inside a definition on the edition that was built of it, reports each difference where it was
// expected, and warns of checks that no test lets fail and rows that no test reaches.
func (x *examination) runTests() {
	d := x.draft
	if d == nil {
		return
	}
	tests := d.root.at("tests")
	if x.edition == nil {
		for _, name := range tests.names() {
			x.results = append(x.results, testResult{name, false})
		}
		return
	}
	t := tester{d: d, e: *x.edition, failed: map[string]bool{}}
	t.e.reached = map[string]map[int]bool{}
	for name := range d.tables {
		t.e.reached[name] = map[int]bool{}
	}
	before := len(d.problems)
	for _, name := range tests.names() {
		n := len(d.problems)
		t.run(name, tests.at(name))
		x.results = append(x.results, testResult{name, len(d.problems) == n})
	}
	t.coverage()
	x.problems = append(x.problems, d.problems[before:]...)
}

// tester runs tests on a copy of an edition that remembers what they reached.
type tester struct {
	d      *draft
	e      Edition
	failed map[string]bool // checks that some test let fail
}

// outcome is what a case looks like when it has run as far as no person is needed.
type testedCase struct {
	env      Env
	findings []Finding
	proposal Proposal
}

func (t *tester) run(name string, n *node) {
	facts, values := t.given(n)
	c := t.decide(n, facts, values)
	report := expectation{t: t, name: name, n: n.at("expect")}
	report.compare(c, facts.Today)
}

// decide runs a case as the engine would: complete, check, decide, and what follows from the outcome.
func (t *tester) decide(n *node, facts Facts, values Env) testedCase {
	c := testedCase{env: t.e.Complete(values, facts)}
	c.findings = t.e.Findings(c.env, "")
	for _, f := range c.findings {
		t.failed[f.Check] = true
	}
	c.proposal = t.e.Decide(c.env, c.findings, false)
	if until, err := clock.ParseDate(n.at("until").str()); err == nil && c.proposal.By == ByPerson {
		if outcome, _, ok := t.e.Deemed(c.env, until); ok {
			c.proposal.By, c.proposal.Outcome = BySilence, outcome
		}
	}
	facts.Outcome, facts.Decided = c.proposal.Outcome, facts.Today
	c.env = t.e.Complete(values, facts)
	return c
}

// given lays samples over each other, puts on top what differs, and splits facts from values.
func (t *tester) given(n *node) (Facts, Env) {
	raw := &node{kind: mapping, vals: map[string]*node{}, file: n.file, line: n.line, col: n.col}
	samples := t.d.root.at("samples")
	for _, g := range n.at("given").items {
		if t.d.ref(g, samples, "sample") {
			t.lay(raw, samples.at(g.str()))
		}
	}
	t.lay(raw, n.at("but"))
	at, _ := clock.ParseDate(n.at("at").str())
	facts := Facts{Today: at, Received: at, Complete: at, Channel: "app", Calendar: t.calendar(n.at("calendar"))}
	values := Env{}
	for _, name := range raw.names() {
		v, _ := t.d.convert(raw.at(name), t.d.names[name])
		switch name {
		case "applicant":
			facts.Applicant = applicantOf(v)
		case "authority":
			facts.Authority = Office{Name: textAt(v, "name"), Town: textAt(v, "town")}
		case "channel":
			facts.Channel, _ = v.(string)
		default:
			set(values, name, v)
		}
	}
	return facts, values
}

// lay puts values, whose names may be dotted paths, on top of others.
func (t *tester) lay(onto, values *node) {
	for _, path := range values.names() {
		key := values.key(path)
		parts := strings.Split(path, ".")
		if t.d.names[parts[0]] == nil {
			t.d.bad(key, 0, fmt.Sprintf("there is no %q to give a value to", parts[0]), meant(parts[0], t.d.allNames()))
			continue
		}
		m := onto
		for _, p := range parts[:len(parts)-1] {
			inner := m.at(p)
			if inner.kind == mapping {
				inner = inner.clone()
			} else {
				inner = &node{kind: mapping, vals: map[string]*node{}, file: key.file, line: key.line, col: key.col}
			}
			m.put(key.named(p), inner)
			m = inner
		}
		m.put(key.named(parts[len(parts)-1]), values.vals[path])
	}
}

func (t *tester) calendar(n *node) authority.Calendar {
	state := "DE"
	if n.ok() {
		state = n.str()
	}
	c, ok := authority.CalendarOf(state)
	if !ok {
		t.d.bad(n, 0, "there is no calendar "+quote(state), meant(state, authority.CalendarStates()))
	}
	return c
}

func textAt(v any, name string) string {
	s, _ := dig(v, name).(string)
	return s
}

func applicantOf(v any) Applicant {
	a := Applicant{
		FamilyName: textAt(v, "family_name"), GivenNames: textAt(v, "given_names"), Remarks: textAt(v, "remarks"),
		Company: textAt(v, "company.name"), CompanyNumber: textAt(v, "company.register_number"),
		Insists: dig(v, "insists") == true, WantsPerson: dig(v, "wants_person") == true,
	}
	a.OpenCases, _ = dig(v, "open_cases").(int)
	a.BirthDate, _ = dig(v, "birth_date").(clock.Date)
	a.Home, _ = dig(v, "home").(Address)
	return a
}

// expectation compares what a test expects with what came out.
type expectation struct {
	t    *tester
	name string
	n    *node
}

func (x expectation) differs(at *node, got string) {
	x.t.d.bad(at, 0, fmt.Sprintf("test %q: expected %s, got %s", x.name, written(at), got), "")
}

// same compares one word, if the test expects one.
func (x expectation) same(key, got string) {
	if n := x.n.at(key); n.ok() && n.str() != got {
		x.differs(n, got)
	}
}

func (x expectation) compare(c testedCase, today clock.Date) {
	x.same("outcome", c.proposal.Outcome)
	x.same("by", string(c.proposal.By))
	if fee, known := x.t.e.Due(c.env); known {
		x.same("fee", fee.String())
	} else {
		x.same("fee", "unknown")
	}
	if n := x.n.at("waits"); n.ok() {
		if x.t.d.ref(n, x.t.d.root.at("stages"), "stage") {
			x.same("waits", x.t.waits(c.env, today))
		}
	}
	x.checks(c.findings)
	for _, section := range []string{"terms", "tables"} {
		for _, k := range x.n.at(section).names() {
			x.value(x.n.at(section, k), k, c.env[k])
		}
	}
	for _, k := range x.n.at("deadlines").names() {
		x.value(x.n.at("deadlines", k), deadlineName+k, c.env.At(deadlineName+k))
	}
	x.outputs(c)
}

func (x expectation) value(n *node, path string, v any) {
	if x.t.d.names[strings.SplitN(path, ".", 2)[0]] == nil {
		x.t.d.bad(n, 0, "there is no "+quote(path), meant(path, x.t.d.allNames()))
		return
	}
	if got := fmt.Sprint(v); got != n.str() {
		x.differs(n, got)
	}
}

func (x expectation) checks(findings []Finding) {
	n := x.n.at("checks")
	if !n.ok() {
		return
	}
	got := map[string]string{}
	for _, f := range findings {
		got[f.Check] = string(f.Severity)
	}
	for _, k := range n.names() {
		x.t.d.ref(n.key(k), x.t.d.root.at("checks"), "check")
	}
	if mapWords(got) != written(n) {
		x.differs(n, mapWords(got))
	}
}

// outputs compares the names of letters, notices and proposals that a stage brings about.
func (x expectation) outputs(c testedCase) {
	e := &x.t.e
	var letters, notices, proposals []string
	due, _ := e.Letters(c.env, "de", c.proposal.By)
	if c.proposal.By == BySilence {
		due = append(due, e.LettersOnRequest(c.env, "de", c.proposal.By)...)
	}
	for _, l := range due {
		letters = append(letters, l.Key)
	}
	told, _ := e.Notices(c.env)
	for _, n := range told {
		notices = append(notices, n.Key)
	}
	for _, p := range e.Proposals(c.env) {
		proposals = append(proposals, p.Service)
	}
	x.list("letters", e.staged(c.env, letters, func(s Stage) []string { return s.Issue }))
	x.list("notices", e.staged(c.env, notices, func(s Stage) []string { return s.Send }))
	x.list("proposals", e.staged(c.env, proposals, func(s Stage) []string { return s.Propose }))
}

func (x expectation) list(key string, got []string) {
	if n := x.n.at(key); n.ok() && !slices.Equal(n.strs(), got) {
		x.differs(n, "["+strings.Join(got, " ")+"]")
	}
}

// staged keeps those names that some stage on the case's way brings about, each once.
func (e *Edition) staged(env Env, names []string, of func(Stage) []string) []string {
	reached := map[string]bool{}
	for _, s := range e.Stages {
		if s.when.truth(env) == Yes {
			for _, k := range of(s) {
				reached[k] = true
			}
		}
	}
	names = slices.DeleteFunc(names, func(k string) bool { return !reached[k] })
	return slices.Compact(names)
}

// waits is the first stage in which the case waits for a later day, or "nowhere".
func (t *tester) waits(env Env, today clock.Date) string {
	for _, s := range t.e.Stages {
		if day, ok := t.e.Until(env, s.Name); ok && s.when.truth(env) == Yes && day.After(today) {
			return s.Name
		}
	}
	return "nowhere"
}

// coverage warns of checks that no test lets fail and rows that no test reaches; of an overlay only its own.
func (t *tester) coverage() {
	own, checks := t.d.root.at("tests").file, t.d.root.at("checks")
	for _, k := range checks.names() {
		if !t.failed[k] && checks.key(k).file == own {
			t.d.warn(checks.key(k), fmt.Sprintf("no test lets %q fail", k), "")
		}
	}
	for _, name := range sortedKeys(t.d.tables) {
		for i, row := range t.d.root.at("tables", name, "rows").items {
			if !t.e.reached[name][i] && row.file == own {
				t.d.warn(row, fmt.Sprintf("no test reaches row %d of %s", i+1, name), "")
			}
		}
	}
}

// written is an expectation as it is shown in a difference.
func written(n *node) string {
	switch n.kind {
	case mapping:
		m := map[string]string{}
		for k, v := range n.vals {
			m[k] = v.str()
		}
		return mapWords(m)
	case sequence:
		return "[" + strings.Join(n.strs(), " ") + "]"
	}
	return n.str()
}

func mapWords(m map[string]string) string {
	out := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+": "+m[k])
	}
	return "{" + strings.Join(out, ", ") + "}"
}
