package catalog

import (
	"fmt"
	"maps"
	"slices"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"
)

// draft is a definition on its way through the checks. What it found out, an Edition is built from.
type draft struct {
	root     *node
	parts    *shelf
	problems []Problem

	names    map[string]*valueType // everything an expression may name
	optional map[string]bool       // names that may be unknown
	members  map[string]*member    // evidence and fields
	env      types.Map             // names, as the expression checker knows them
	config   *conf.Config
	stale    bool            // env has changed since config saw it
	opening  map[string]bool // shared parts being read, against circles

	exprs  map[*node]*expression
	texts  map[*node][]placeholder
	tables map[string]*table
	order  []string // terms and tables, and in the end all values, each after what it rests on
}

func newDraft(root *node, parts *shelf) *draft {
	d := &draft{
		root: root, parts: parts, config: newConfig(),
		names: map[string]*valueType{}, optional: map[string]bool{}, members: map[string]*member{}, env: types.Map{},
		opening: map[string]bool{}, exprs: map[*node]*expression{}, texts: map[*node][]placeholder{},
		tables: map[string]*table{},
	}
	d.stale = true
	return d
}

// bad notes an error at n, off columns to the right of where its text begins.
func (d *draft) bad(n *node, off int, msg, help string) {
	p := problem(n, msg, help)
	p.Col += off
	d.problems = append(d.problems, p)
}

func (d *draft) warn(n *node, msg, help string) {
	p := problem(n, msg, help)
	p.Warning = true
	d.problems = append(d.problems, p)
}

// channels are the ways in which an application can come.
var channels = []string{"app", "portal", "counter", "phone", "letter", "kiosk", "single_point"}

// afterDecision are the names that exist only once somebody or something has decided.
var afterDecision = map[string]bool{"outcome": true, "decided": true, "reason": true}

// declare fills the environment: what the engine knows, then evidence, then fields, then terms and tables.
func (d *draft) declare() {
	d.declareEngine()
	d.declareEvidence()
	fields := d.root.at("fields")
	for _, m := range d.membersOf(fields, "fields") {
		d.declareName(fields.key(m.name), m.typ, m.optional)
		d.members[m.name] = m
	}
	terms, tables := d.root.at("terms"), d.root.at("tables")
	for _, n := range terms.names() {
		d.declareName(terms.key(n), simple("any"), false) // until its type is inferred
	}
	for _, n := range tables.names() {
		d.declareName(tables.key(n), d.tableType(n), false)
	}
	for n, t := range d.names {
		d.env[n] = t.expr()
	}
	d.stale = true
	d.sortTerms()
}

// tableType is the type of what a table's rows give together.
func (d *draft) tableType(name string) *valueType {
	n := d.root.at("tables", name)
	gives := d.typeOf(n.at("gives"), "tables."+name+".gives")
	switch n.at("hit").str() {
	case "count":
		return simple("number")
	case "all":
		return &valueType{kind: "list", written: gives.written, elem: gives, max: len(n.at("rows").items)}
	}
	return gives
}

func (d *draft) declareEngine() {
	date, text, yesNo := simple("date"), simple("text"), simple("yes_no")
	for _, n := range []string{"today", "received", "complete", "decided"} {
		d.names[n] = date
	}
	d.names["reason"] = text
	d.names["channel"] = simple("text", channels...)
	d.names["outcome"] = simple("text", d.root.at("decision", "outcomes").names()...)
	d.names["applicant"] = groupOf(named("family_name", text), named("given_names", text), named("birth_date", date),
		named("home", simple("address")), named("open_cases", simple("number")),
		named("company", groupOf(named("name", text), named("register_number", text))),
		named("remarks", text), named("insists", yesNo), named("wants_person", yesNo))
	d.names["authority"] = groupOf(named("name", text), named("town", text))
	deadlines := &valueType{kind: "group"}
	for _, n := range d.root.at("deadlines").names() {
		deadlines.members = append(deadlines.members, named(n, date))
	}
	d.names["deadline"] = deadlines
}

func (d *draft) declareEvidence() {
	evidence := d.root.at("evidence")
	for _, name := range evidence.names() {
		e := evidence.at(name)
		source := name
		if l := e.at("like"); l.ok() {
			if source = l.str(); !evidence.at(source, "fields").ok() {
				d.bad(l, 0, "there is no evidence "+quote(source), meant(source, evidence.names()))
			}
		}
		path := "evidence." + source
		t := &valueType{kind: "group", members: d.membersOf(evidence.at(source, "fields"), path+".fields")}
		if e.at("about").ok() { // one row per person
			t = &valueType{kind: "list", elem: t, max: 20}
		}
		optional := e.at("optional").ok() || e.at("when").ok()
		d.declareName(evidence.key(name), t, optional)
		d.members[name] = &member{name: name, path: path, typ: t, optional: optional, node: e}
	}
}

func (d *draft) declareName(key *node, t *valueType, optional bool) {
	name := key.str()
	if _, taken := d.names[name]; taken {
		d.bad(key, 0, fmt.Sprintf("the name %q is taken already", name), "fields, evidence, terms and tables share one set of names")
	}
	d.names[name], d.optional[name] = t, optional
}

func (d *draft) allNames() []string { return slices.Collect(maps.Keys(d.names)) }

// ref insists that the name written at n exists among the entries of in.
func (d *draft) ref(n, in *node, what string) bool {
	if in.at(n.str()).ok() {
		return true
	}
	d.bad(n, 0, fmt.Sprintf("there is no %s %q", what, n.str()), meant(n.str(), in.names()))
	return false
}

// within runs check with more names in sight and takes them out again.
func (d *draft) within(inner []*member, check func()) {
	names, optional, env := d.names, d.optional, d.env
	d.names, d.optional, d.env = maps.Clone(names), maps.Clone(optional), maps.Clone(env)
	for _, m := range inner {
		d.names[m.name], d.optional[m.name], d.env[m.name] = m.typ, m.optional, m.typ.expr()
	}
	d.stale = true
	check()
	d.names, d.optional, d.env, d.stale = names, optional, env, true
}
