package catalog

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

var braces = regexp.MustCompile(`\{([^{}]+)\}`)

// placeholder is an expression inside a text.
type placeholder struct {
	written string // with its braces
	expr    *expression
}

// texted are the texts of a letter that may hold placeholders.
var texted = []string{"orders", "conditions", "reasons", "text"}

// outputRules checks fee, records, letters and notices.
func (d *draft) outputRules() {
	d.expression(d.root.at("fee", "amount"), "money")
	for _, section := range []string{"records", "letters", "notices"} {
		entries := d.root.at(section)
		for _, k := range entries.names() {
			d.output(entries.at(k))
		}
	}
}

func (d *draft) output(n *node) {
	row := d.rowOf(n)
	if row != nil {
		d.rowCondition(n.at("when"), row)
	} else {
		d.expression(n.at("when"), "bool")
	}
	if c := n.at("to", "community"); c.ok() {
		d.path(c, row)
	}
	if u := n.at("to", "unit"); u.ok() {
		d.ref(u, d.root.at("units"), "unit")
	}
	d.expression(n.at("to", "at"), "address")
	for _, list := range []string{"shows", "sends"} {
		for _, p := range n.at(list).items {
			d.path(p, row)
		}
	}
	for _, w := range n.at("writes").names() {
		e := n.at("writes", w)
		d.expression(e, "", e, knownAll(e.str()))
	}
	for _, part := range texted {
		d.placeholders(n.at(part))
	}
	if on := n.at("on_request"); on.ok() && on.str() != "deemed" && !d.root.at("decision", "outcomes", on.str()).ok() {
		d.bad(on, 0, "there is no outcome "+quote(on.str()), "")
	}
}

// placeholders checks the expressions inside a text.
func (d *draft) placeholders(n *node) {
	src := n.str()
	for _, at := range braces.FindAllStringSubmatchIndex(src, -1) {
		inner := src[at[2]:at[3]]
		asked := d.asksFor(knownAll(inner).str())
		if e := d.compileText(n, inner, "", utf8.RuneCountInString(src[:at[2]]), asked); e != nil {
			d.texts[n] = append(d.texts[n], placeholder{src[at[0]:at[1]], e})
		}
	}
}

// rowOf is the type of the rows that an output repeats for, or nil.
func (d *draft) rowOf(n *node) *valueType {
	var row *valueType
	for _, e := range n.at("each").items {
		if t := d.path(e, nil); t != nil {
			row = t.row()
		}
	}
	return row
}

// A condition that speaks of a person's row is compiled as a filter over one row.
const (
	rowsName   = "each_rows"
	filterRows = "filter(" + rowsName + ", "
)

// rowCondition checks a condition that may speak of each person's row with a leading dot.
func (d *draft) rowCondition(n *node, row *valueType) {
	if !n.ok() {
		return
	}
	rows := &member{name: rowsName, typ: &valueType{kind: "list", elem: row, max: 20}}
	d.within([]*member{rows}, func() {
		if e := d.compileText(n, filterRows+n.str()+")", "list", -len(filterRows), nil); e != nil {
			d.exprs[n] = e
		}
	})
}

// knownAll lets values that are handed on or printed be unknown: they are then left out.
func knownAll(src string) *node {
	var all []string
	for _, id := range identifiersIn(src) {
		all = append(all, "known("+id+")")
	}
	return &node{kind: scalar, value: strings.Join(all, " and ")}
}

func (d *draft) proposalRules() {
	proposals := d.root.at("proposals")
	for _, k := range proposals.names() {
		p := proposals.at(k)
		when := p.at("when")
		d.expression(when, "bool")
		for _, x := range d.restsInOrder(when) {
			if d.root.at("evidence", x, "by").str() == "law" {
				d.bad(when, 0, fmt.Sprintf("%q was fetched by law for the decision; a proposal may use only what the person released", x), "")
			}
		}
		for _, h := range p.at("hands_on").names() {
			e := p.at("hands_on", h)
			d.expression(e, "", when, knownAll(e.str()))
		}
	}
}

// migrationRules checks what can be checked without the older edition: targets exist, and new fields get values.
func (d *draft) migrationRules() {
	stages, fields := d.root.at("stages"), d.root.at("fields")
	for _, from := range d.root.at("migrate").names() {
		m := d.root.at("migrate", from)
		for _, old := range m.at("stages").names() {
			if to := m.at("stages", old); to.str() != "stay" {
				d.ref(to, stages, "stage")
			}
		}
		for _, f := range m.at("fields").names() {
			if !fields.at(f).ok() {
				d.bad(m.at("fields").key(f), 0, fmt.Sprintf("there is no field %q in this edition", f), meant(f, fields.names()))
			}
		}
	}
}
