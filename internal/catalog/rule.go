package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// meaning runs every check of a service that its shape cannot express.
func (d *draft) meaning() {
	d.citations(d.root, false)
	d.declare()
	for _, n := range d.root.at("tables").names() {
		d.table(n)
	}
	d.fieldRules(d.root.at("fields"), "fields")
	d.evidenceRules()
	d.checkRules()
	d.termRules()
	d.deadlineRules()
	d.stageRules()
	d.gate()
	d.outputRules()
	d.proposalRules()
	d.migrationRules()
	d.statisticsRules()
	d.lawNames()
	d.onceOnly()
	if errorsOf(d.problems) == 0 {
		d.givenInOrder()
	}
}

// citations looks up every law; example: true covers the element and what lies in it.
func (d *draft) citations(n *node, example bool) {
	example = example || n.at("example").is()
	for _, k := range n.names() {
		if k == "samples" || k == "tests" {
			continue
		}
		v := n.vals[k]
		if citing[k] && v.kind == scalar && citation.MatchString(v.str()) && !example {
			if msg, help := shippedLaws().wrong(v.str(), d.root.at("bylaws").names()); msg != "" {
				d.bad(v, 0, msg, help)
			}
		}
		d.citations(v, example)
	}
	for _, it := range n.items {
		d.citations(it, example)
	}
}

// fieldRules checks the fields written at n; path is where their texts lie.
func (d *draft) fieldRules(fields *node, path string) {
	for _, k := range fields.names() {
		f := fields.at(k)
		d.expression(f.at("when"), "bool")
		for _, from := range f.at("from").each() {
			d.brings(from, k, d.typeOf(f, path+"."+k))
		}
		for _, p := range f.at("pick").items {
			d.path(p, nil)
		}
		if a := f.at("allowed"); a.ok() {
			d.allowed(a, f, path+"."+k)
		}
		if inner := f.at("fields"); inner.ok() {
			own := path + "." + k + ".fields"
			d.within(d.membersOf(inner, own), func() { d.fieldRules(inner, own) })
		}
	}
}

// brings insists that a field's default is of the field's own type.
func (d *draft) brings(from *node, field string, t *valueType) {
	source := d.path(from, nil)
	if source == nil || source.computed != nil || source.kind == "any" || t.kind == "any" || source.kind == t.kind {
		return
	}
	d.bad(from, 0, fmt.Sprintf("%q is %s, but %s is %s", field, wordsFor(t.kind), from.str(), wordsFor(source.kind)), "")
}

// wordsFor is what a kind of value is called in a message.
func wordsFor(kind string) string {
	return nameOfType(map[string]string{"number": "int", "yes_no": "bool", "text": "string", "decimal": "float64"}[kind] + map[string]string{
		"date": "date", "money": "money", "address": "address", "file": "file", "period": "period", "group": "group", "list": "list", "any": "unknown",
	}[kind])
}

// allowed insists that the condition on a number, day or amount can be read.
func (d *draft) allowed(a, f *node, path string) {
	t := d.typeOf(f, path).row()
	if !numeric(t) {
		d.bad(a, 0, "allowed is for numbers, dates and amounts", "")
		return
	}
	if _, ok := interval(a.str(), t.kind); !ok {
		d.bad(a, 0, fmt.Sprintf("%q does not say which values are allowed", a.str()), "write: 5 · up to 5 · under 5 · from 5 · over 5 · 3 to 5")
	}
}

func (d *draft) evidenceRules() {
	evidence := d.root.at("evidence")
	for _, k := range evidence.names() {
		e := evidence.at(k)
		d.expression(e.at("when"), "bool")
		for _, w := range e.at("with").names() {
			n := e.at("with", w)
			d.expression(n, "", n, e.at("when"), knownAll(n.str()))
		}
		if fields := e.at("fields"); fields.ok() {
			own := "evidence." + k + ".fields"
			d.within(d.membersOf(fields, own), func() { d.fieldRules(fields, own) })
		}
		if a := e.at("about"); a.ok() {
			d.ref(a, d.root.at("fields"), "field")
		}
		if e.at("by").str() != "law" {
			continue
		}
		for _, s := range e.at("from").items {
			if s.str() == "form" || s.str() == "upload" {
				d.bad(s, 0, "evidence by law comes from a register; it is not asked from the person", "")
			}
		}
	}
}

func (d *draft) checkRules() {
	checks := d.root.at("checks")
	for _, k := range checks.names() {
		that := checks.at(k, "that")
		d.expression(that, "bool")
		for _, x := range d.restsInOrder(that) {
			if afterDecision[x] {
				d.bad(that, 0, fmt.Sprintf("%q is known only after the decision; a check comes before it", x), "")
			}
		}
	}
}

// termRules warns of terms that nothing uses.
func (d *draft) termRules() {
	terms := d.root.at("terms")
	for _, k := range terms.names() {
		own, word, used := d.sources(k)[0], regexp.MustCompile(`\b`+regexp.QuoteMeta(k)+`\b`), false
		d.root.rulesOnly(func(n *node) {
			used = used || n.kind == scalar && n != own && word.MatchString(n.str())
		})
		if !used {
			d.warn(terms.key(k), fmt.Sprintf("the term %q is not used", k), "")
		}
	}
}

func (d *draft) deadlineRules() {
	deadlines := d.root.at("deadlines")
	for _, k := range deadlines.names() {
		n := deadlines.at(k)
		d.expression(n.at("from"), "date")
		units := false
		for _, of := range n.at("of").each() {
			if of.str() != "applicant" {
				units = d.ref(of, d.root.at("units"), "unit") || units
			}
		}
		if deemed := n.at("missed", "deemed"); deemed.ok() {
			d.deemed(n, deemed, units)
		}
	}
}

// deemed is § 42a VwVfG: silence of a unit grants what was asked for, never a burden.
func (d *draft) deemed(n, deemed *node, units bool) {
	outcomes := d.root.at("decision", "outcomes")
	if d.ref(deemed, outcomes, "outcome") && outcomes.at(deemed.str(), "burden").ok() {
		d.bad(deemed, 0, "silence can only grant what was asked for; "+quote(deemed.str())+" is a burden", "§ 42a Abs. 1 VwVfG")
	}
	if !units {
		d.bad(deemed, 0, "a deemed approval belongs to a deadline of a unit, not of the applicant", "")
	}
	if n.at("from").str() != "complete" {
		d.bad(n.at("from"), 0, "the period of a deemed approval starts when the documents are complete", "from: complete (§ 42a Abs. 2 Satz 2 VwVfG)")
	}
}

// path checks a dotted path against the declared names and returns its type; row is what a leading dot speaks of.
func (d *draft) path(n *node, row *valueType) *valueType {
	p := n.str()
	var t *valueType
	if rest, is := strings.CutPrefix(p, "."); is {
		if row == nil {
			d.bad(n, 0, quote(p)+" speaks of a row, but there is no each here", "")
			return nil
		}
		t, p = row, rest
	} else {
		first, rest, more := strings.Cut(p, ".")
		if t = d.names[first]; t == nil {
			d.bad(n, 0, fmt.Sprintf("%q is neither a field nor a term nor a table", first), meant(first, d.allNames()))
			return nil
		}
		if p = rest; !more {
			return t
		}
	}
	for _, name := range strings.Split(p, ".") {
		t = t.row()
		if t.kind == "any" || t.computed != nil {
			return t
		}
		if t.kind == "address" && slices.Contains(addressMembers, name) {
			return simple("text")
		}
		m := t.member(name)
		if m == nil {
			d.bad(n, 0, fmt.Sprintf("there is no %q in %s", name, n.str()), meant(name, t.memberNames()))
			return nil
		}
		t = m.typ
	}
	return t
}

// memberAt is the declared value that a path leads to, or nil if it is something the engine knows; each says whose row
// a leading dot speaks of. A term leads to the value it stands for.
func (d *draft) memberAt(path string, each *node) *member {
	if row, is := strings.CutPrefix(path, "."); is && len(each.items) > 0 {
		path = each.items[0].str() + "." + row
	}
	first, rest, more := strings.Cut(path, ".")
	m := d.members[first]
	if m == nil {
		if e := d.termExpression(first); e != nil && e.path != "" && !more {
			return d.memberAt(e.path, each)
		}
		return nil
	}
	for more {
		var name string
		name, rest, more = strings.Cut(rest, ".")
		if m = m.typ.row().member(name); m == nil {
			return nil
		}
	}
	return m
}

// termExpression is what a term stands for, or nil.
func (d *draft) termExpression(name string) *expression {
	if !d.root.at("terms", name).ok() {
		return nil
	}
	return d.exprs[d.sources(name)[0]]
}
