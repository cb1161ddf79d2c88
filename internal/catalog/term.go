package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// sources are the expressions that a term or table is made of.
func (d *draft) sources(name string) []*node {
	if t := d.root.at("terms", name); t.ok() {
		if t.kind == mapping {
			return []*node{t.at("is")}
		}
		return []*node{t}
	}
	given := d.root.at("tables", name, "given")
	out := make([]*node, 0, len(given.keys))
	for _, k := range given.names() {
		out = append(out, given.at(k))
	}
	return out
}

// sortTerms orders terms and tables, infers the terms' types and refuses a circle.
func (d *draft) sortTerms() {
	s := termSort{d: d, state: map[string]int{}}
	for _, n := range slices.Concat(d.root.at("terms").names(), d.root.at("tables").names()) {
		s.visit(n, nil)
	}
}

type termSort struct {
	d     *draft
	state map[string]int // 1 is being visited, 2 is done
}

func (s *termSort) visit(name string, trail []string) {
	d := s.d
	switch s.state[name] {
	case 2:
		return
	case 1:
		d.bad(d.sources(name)[0], 0, "this is a circle: "+strings.Join(append(trail, name), " → "), "a term may only rest on what is known before it")
		return
	}
	s.state[name] = 1
	for _, src := range d.sources(name) {
		for _, id := range identifiersIn(src.str()) {
			if d.root.at("terms", id).ok() || d.root.at("tables", id).ok() {
				s.visit(id, append(slices.Clone(trail), name))
			}
		}
	}
	s.state[name] = 2
	d.order = append(d.order, name)
	if d.root.at("terms", name).ok() {
		d.infer(name)
	}
}

// infer gives a term the type of its expression.
func (d *draft) infer(name string) {
	src := d.sources(name)[0]
	e := d.compile(src, "")
	if e == nil {
		return
	}
	d.exprs[src] = e
	t := &valueType{kind: "any", computed: inferred{*e.program.Node().Nature()}}
	if declared := d.declaredType(src.str()); declared != nil {
		t = declared
	}
	d.names[name], d.env[name] = t, t.expr()
	d.stale = true
}

// declaredType is the type of the declared value that an expression stands for, or nil if it computes something.
func (d *draft) declaredType(src string) *valueType {
	tree, err := parser.ParseWithConfig(src, d.config)
	if err != nil {
		return nil
	}
	_, t := (&inspector{d: d}).resolve(tree.Node, nil)
	return t
}

// rests is everything that the expression at n rests on, through terms, tables and deadlines.
func (d *draft) rests(n *node) map[string]bool {
	out, seen := map[string]bool{}, map[*node]bool{}
	open := []*node{n}
	for len(open) > 0 {
		src := open[0]
		if open = open[1:]; seen[src] {
			continue
		}
		seen[src] = true
		for _, id := range identifiersIn(src.str()) {
			out[id] = true
			open = append(open, d.behind(id, src)...)
		}
	}
	return out
}

// behind are the expressions that a name in src stands for.
func (d *draft) behind(name string, src *node) []*node {
	if name != "deadline" {
		return d.sources(name)
	}
	var out []*node
	deadlines := d.root.at("deadlines")
	for _, k := range deadlines.names() {
		if strings.Contains(src.str(), deadlineName+k) {
			out = append(out, deadlines.at(k, "from"))
		}
	}
	return out
}

// restsInOrder is what rests says, in the order of the alphabet, so that messages come in the same order every time.
func (d *draft) restsInOrder(n *node) []string { return slices.Sorted(maps.Keys(d.rests(n))) }

type identifiers struct{ names map[string]bool }

func (i *identifiers) Visit(n *ast.Node) {
	if id, ok := (*n).(*ast.IdentifierNode); ok {
		i.names[id.Value] = true
	}
}

// identifiersIn are the names that an expression mentions, sorted; none if it cannot be read.
func identifiersIn(src string) []string {
	if src == "" || len(src) > maxSource {
		return nil
	}
	v := &identifiers{map[string]bool{}}
	if t, err := parser.Parse(src); err == nil {
		ast.Walk(&t.Node, v)
	}
	return slices.Sorted(maps.Keys(v.names))
}
