package catalog

import (
	"maps"
	"slices"
	"strings"
)

// deadlineName begins the names of deadlines in expressions and in the order of a case's values.
const deadlineName = "deadline."

// givenInOrder orders everything that a case's values are made of, so that each comes after what it rests on, and
// refuses a circle among conditions and defaults.
func (d *draft) givenInOrder() {
	s := givenSort{d: d, state: map[string]int{}}
	for _, k := range slices.Concat(d.root.at("evidence").names(), d.root.at("fields").names(), d.order) {
		s.visit(k, nil)
	}
	for _, k := range d.root.at("deadlines").names() {
		s.visit(deadlineName+k, nil)
	}
	d.order = s.out
}

type givenSort struct {
	d     *draft
	state map[string]int // 1 is being visited, 2 is done
	out   []string
}

func (s *givenSort) visit(name string, trail []string) {
	at := s.d.written(name)
	if s.state[name] == 2 || !at.ok() {
		return
	}
	if s.state[name] == 1 {
		from := slices.Index(trail, name)
		s.d.bad(at, 0, "this is a circle: "+strings.Join(append(trail[from:], name), " → "), "a value may only rest on what is known before it")
		return
	}
	s.state[name] = 1
	trail = append(slices.Clone(trail), name)
	for _, other := range s.d.restsDirectly(name) {
		s.visit(other, trail)
	}
	s.state[name] = 2
	s.out = append(s.out, name)
}

// written is where a value is declared.
func (d *draft) written(name string) *node {
	if k, is := strings.CutPrefix(name, deadlineName); is {
		return d.root.at("deadlines", k)
	}
	for _, section := range []string{"evidence", "fields", "terms", "tables"} {
		if n := d.root.at(section, name); n.ok() {
			return n
		}
	}
	return &node{}
}

// restsDirectly are the values that a value's default, condition or expression reads.
func (d *draft) restsDirectly(name string) []string {
	out := map[string]bool{}
	n := d.written(name)
	var sources []*node
	switch {
	case strings.HasPrefix(name, deadlineName):
		sources = []*node{n.at("from")}
	case d.members[name] != nil:
		sources = []*node{n.at("when")}
		if d.root.at("fields", name).ok() {
			for _, from := range n.at("from").strs() {
				out[firstOf(from)] = true
			}
		}
	default:
		sources = d.sources(name)
	}
	for _, src := range sources {
		for p := range d.reads(src) {
			out[firstOf(p)] = true
			if p == "deadline" {
				for _, k := range d.root.at("deadlines").names() {
					out[deadlineName+k] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// reads are the paths that the compiled expression at n uses or asks for.
func (d *draft) reads(n *node) map[string]bool {
	out := map[string]bool{}
	e := d.exprs[n]
	if e == nil {
		return out
	}
	maps.Copy(out, e.asked)
	for _, u := range e.uses {
		if !strings.HasPrefix(u.path, ".") {
			out[u.path] = true
		}
	}
	return out
}

// firstOf is the name that a path begins with; of a deadline, its whole name.
func firstOf(path string) string {
	if k, is := strings.CutPrefix(path, deadlineName); is {
		k, _, _ = strings.Cut(k, ".")
		return deadlineName + k
	}
	first, _, _ := strings.Cut(path, ".")
	return first
}
