package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// table is a decision table with its cells read.
type table struct {
	name   string
	hit    string
	heads  []string
	cols   []*valueType
	inputs []*node
	cells  [][]cell
	out    []any
	gives  *valueType
}

// cell is one condition: any, a list of words, or an interval of whole numbers (days for dates, cents for money).
type cell struct {
	any    bool
	words  []string
	lo, hi *int64
}

// probe is one value of a column: its word, and its number if it has one.
type probe struct {
	word string
	num  int64
}

func (c cell) fits(p probe) bool {
	switch {
	case c.any:
		return true
	case c.words != nil:
		return slices.Contains(c.words, p.word)
	}
	return (c.lo == nil || p.num >= *c.lo) && (c.hi == nil || p.num <= *c.hi)
}

func numeric(t *valueType) bool { return t.kind == "number" || t.kind == "date" || t.kind == "money" }

// table reads a table and looks for gaps and overlaps.
func (d *draft) table(name string) {
	n := d.root.at("tables", name)
	t := &table{name: name, hit: n.at("hit").str(), gives: d.typeOf(n.at("gives"), "tables."+name+".gives")}
	if t.hit == "" {
		t.hit = "unique"
	}
	given := n.at("given")
	for _, h := range given.names() {
		e := given.at(h)
		d.expression(e, "")
		t.heads, t.inputs, t.cols = append(t.heads, h), append(t.inputs, e), append(t.cols, d.columnType(e))
	}
	whole := true
	for _, r := range n.at("rows").items {
		whole = d.tableRow(t, n, r) && whole
	}
	d.tables[name] = t
	if whole {
		d.gaps(t, n)
	}
}

// tableRow reads one row and is false after an error in it.
func (d *draft) tableRow(t *table, n, r *node) bool {
	if len(r.items) != len(t.cols)+1 {
		d.bad(r, 0, fmt.Sprintf("this row has %d cells; the table has %d columns", len(r.items), len(t.cols)+1),
			"columns: "+strings.Join(append(slices.Clone(t.heads), n.at("gives", "label").str()), ", "))
		return false
	}
	whole := true
	row := make([]cell, len(t.cols))
	for i, c := range r.items[:len(t.cols)] {
		var ok bool
		row[i], ok = d.cell(c, t.cols[i], t.heads[i])
		whole = whole && ok
	}
	out, ok := d.convert(r.items[len(t.cols)], t.gives)
	t.cells, t.out = append(t.cells, row), append(t.out, out)
	return whole && ok
}

// columnType is the type that the cells of a column are read as.
func (d *draft) columnType(e *node) *valueType {
	if t := d.declaredType(e.str()); t != nil && t.computed == nil && t.kind != "any" {
		return t
	}
	if x := d.exprs[e]; x != nil {
		switch shortType(x.program.Node().Nature().String()) {
		case "int":
			return simple("number")
		case "bool":
			return simple("yes_no")
		case "date":
			return simple("date")
		case "money":
			return simple("money")
		}
	}
	return simple("text")
}

// cell reads: any · value or value · up to 5 · under 5 · from 5 · over 5 · 3 to 5
func (d *draft) cell(n *node, t *valueType, head string) (cell, bool) {
	s := n.str()
	if s == "any" {
		return cell{any: true}, true
	}
	if numeric(t) {
		c, ok := interval(s, t.kind)
		if !ok {
			d.bad(n, 0, fmt.Sprintf("column %s is %s; %q does not read as one", head, wordsFor(t.kind), s), "write: any · 5 · up to 5 · under 5 · from 5 · over 5 · 3 to 5")
		}
		return c, ok
	}
	words := strings.Split(s, " or ")
	for _, w := range words {
		if len(t.choice) > 0 && !slices.Contains(t.choice, w) {
			d.bad(n, 0, fmt.Sprintf("%q is not a choice of column %s", w, head), "choices: "+strings.Join(t.choice, ", "))
			return cell{}, false
		}
		if t.kind == "yes_no" && w != "true" && w != "false" {
			d.bad(n, 0, fmt.Sprintf("column %s needs true, false or any, not %q", head, w), "")
			return cell{}, false
		}
	}
	return cell{words: words}, true
}

// interval reads a condition on numbers, days or amounts.
func interval(s, kind string) (cell, bool) {
	bound := func(x string, shift int64) (*int64, bool) {
		v, ok := wholeNumber(x, kind)
		v += shift
		return &v, ok
	}
	for _, form := range []struct {
		prefix string
		upper  bool
		shift  int64
	}{{"up to ", true, 0}, {"under ", true, -1}, {"from ", false, 0}, {"over ", false, 1}} {
		x, is := strings.CutPrefix(s, form.prefix)
		if !is {
			continue
		}
		b, ok := bound(x, form.shift)
		if form.upper {
			return cell{hi: b}, ok
		}
		return cell{lo: b}, ok
	}
	a, b, two := strings.Cut(s, " to ")
	if !two {
		b = a
	}
	lo, ok1 := bound(a, 0)
	hi, ok2 := bound(b, 0)
	return cell{lo: lo, hi: hi}, ok1 && ok2
}

// wholeNumber reads a number, a day (as days since 1970) or an amount (as cents).
func wholeNumber(s, kind string) (int64, bool) {
	switch kind {
	case "date":
		d, err := clock.ParseDate(s)
		return dayNumber(d), err == nil
	case "money":
		m, ok := ParseMoney(s)
		return m.Cents, ok
	}
	i, err := strconv.ParseInt(s, 10, 64)
	return i, err == nil
}

func dayNumber(d clock.Date) int64 { return d.Time().Unix() / 86400 }

// probeOf is a value as the cells of a table see it.
func probeOf(v any) probe {
	switch x := v.(type) {
	case clock.Date:
		return probe{x.String(), dayNumber(x)}
	case Money:
		return probe{x.String(), x.Cents}
	case int:
		return probe{strconv.Itoa(x), int64(x)}
	case string:
		n, _ := strconv.ParseInt(x, 10, 64) // a choice may be a number
		return probe{x, n}
	}
	return probe{word: fmt.Sprint(v)}
}

// hits are the rows that fit a value of every column.
func (t *table) hits(in []probe) []int {
	var out []int
	for r, row := range t.cells {
		fits := true
		for c := range row {
			fits = fits && row[c].fits(in[c])
		}
		if fits {
			out = append(out, r)
		}
	}
	return out
}

// result is what the rows that fit give together; nil is unknown.
func (t *table) result(hits []int) any {
	switch t.hit {
	case "count":
		return len(hits)
	case "sum", "min", "max":
		return t.aggregate(hits)
	case "all":
		out := []any{}
		for _, r := range hits {
			out = append(out, t.out[r])
		}
		return out
	}
	if len(hits) == 0 {
		return nil
	}
	return t.out[hits[0]]
}

func (t *table) aggregate(hits []int) any {
	if len(hits) == 0 && t.hit != "sum" {
		return nil
	}
	var total int64
	for i, r := range hits {
		v := probeOf(t.out[r]).num
		switch {
		case t.hit == "sum":
			total += v
		case i == 0, t.hit == "min" && v < total, t.hit == "max" && v > total:
			total = v
		}
	}
	if t.gives.kind == "money" {
		return Money{total}
	}
	return int(total)
}
