package catalog

import (
	"fmt"
	"slices"
	"strconv"
)

// node is a piece of a definition that remembers where it was written.
type node struct {
	file      string
	line, col int
	kind      nodeKind
	keys      []*node          // a map's keys in written order
	vals      map[string]*node // a map's values
	items     []*node          // a list's items
	value     any              // a scalar's value: string, int, float64, bool or nil
}

type nodeKind byte

const (
	absent nodeKind = iota
	scalar
	mapping
	sequence
)

// at walks names. It never returns nil: what is not there is an absent node at the nearest place that is.
func (n *node) at(path ...string) *node {
	for _, p := range path {
		if n.kind != mapping || n.vals[p] == nil {
			return &node{file: n.file, line: n.line, col: n.col}
		}
		n = n.vals[p]
	}
	return n
}

// ok reports whether something is written here.
func (n *node) ok() bool { return n.kind != absent }

// is reports whether the node is the scalar true.
func (n *node) is() bool { return n.value == true }

// str is a scalar's text, or nothing.
func (n *node) str() string {
	if n.kind != scalar || n.value == nil {
		return ""
	}
	if s, ok := n.value.(string); ok {
		return s
	}
	return fmt.Sprint(n.value)
}

// number is a scalar's whole number, or zero.
func (n *node) number() int {
	i, _ := n.value.(int)
	return i
}

// names are a map's keys in written order.
func (n *node) names() []string {
	out := make([]string, len(n.keys))
	for i, k := range n.keys {
		out[i] = k.str()
	}
	return out
}

// strs are a list's scalars; a scalar alone is a list of one.
func (n *node) strs() []string {
	if n.kind == scalar {
		return []string{n.str()}
	}
	out := make([]string, len(n.items))
	for i, it := range n.items {
		out[i] = it.str()
	}
	return out
}

// each are a list's items; a scalar alone is a list of one.
func (n *node) each() []*node {
	if n.kind == scalar {
		return []*node{n}
	}
	return n.items
}

// key is where a name of a map is written.
func (n *node) key(name string) *node {
	for _, k := range n.keys {
		if k.str() == name {
			return k
		}
	}
	return n
}

// put adds or replaces a map's entry; key says where it was written.
func (n *node) put(key, value *node) {
	name := key.str()
	if n.vals == nil {
		n.kind, n.vals = mapping, map[string]*node{}
	}
	if n.vals[name] == nil {
		n.keys = append(n.keys, key)
	}
	n.vals[name] = value
}

// replace puts a new value in the place of an old one; errors then point to where the new one was written.
func (n *node) replace(key, value *node) {
	for i, k := range n.keys {
		if k.str() == key.str() {
			n.keys[i] = key
		}
	}
	n.vals[key.str()] = value
}

// drop removes a map's entry.
func (n *node) drop(name string) {
	n.keys = slices.DeleteFunc(n.keys, func(k *node) bool { return k.str() == name })
	delete(n.vals, name)
}

// named is a key with another name at the same place.
func (n *node) named(name string) *node {
	return &node{file: n.file, line: n.line, col: n.col, kind: scalar, value: name}
}

// clone copies the tree, so that an overlay leaves its base untouched.
func (n *node) clone() *node {
	c := *n
	c.keys = slices.Clone(n.keys)
	c.items = make([]*node, len(n.items))
	for i, it := range n.items {
		c.items[i] = it.clone()
	}
	if n.vals != nil {
		c.vals = make(map[string]*node, len(n.vals))
		for k, v := range n.vals {
			c.vals[k] = v.clone()
		}
	}
	return &c
}

// plain turns the tree into the values JSON Schema knows.
func (n *node) plain() any {
	switch n.kind {
	case mapping:
		m := make(map[string]any, len(n.vals))
		for k, v := range n.vals {
			m[k] = v.plain()
		}
		return m
	case sequence:
		l := make([]any, len(n.items))
		for i, v := range n.items {
			l[i] = v.plain()
		}
		return l
	}
	return n.value
}

// find follows a JSON pointer as far as it goes.
func (n *node) find(pointer []string) *node {
	for _, p := range pointer {
		switch n.kind {
		case mapping:
			v := n.vals[p]
			if v == nil {
				return n.key(p)
			}
			n = v
		case sequence:
			if i, err := strconv.Atoi(p); err == nil && i < len(n.items) {
				n = n.items[i]
			}
		}
	}
	return n
}

// rulesOnly visits every node that is a rule of the definition: all but its samples and tests.
func (n *node) rulesOnly(visit func(*node)) {
	visit(n)
	for _, k := range n.names() {
		if k != "samples" && k != "tests" {
			n.vals[k].rulesOnly(visit)
		}
	}
	for _, it := range n.items {
		it.rulesOnly(visit)
	}
}
