package catalog

import (
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// convert reads a value written in a definition as a type of the language. It notes an error and is false if the value
// does not read as one; "unknown" is nil.
func (d *draft) convert(n *node, t *valueType) (any, bool) {
	if !n.ok() || n.kind == scalar && n.str() == "unknown" {
		return nil, true
	}
	switch t.kind {
	case "list":
		return d.convertList(n, t)
	case "group":
		return d.convertGroup(n, t)
	case "address":
		return d.convertAddress(n, t)
	}
	v, ok := scalarAs(n, t)
	if !ok {
		d.unreadable(n, t)
	}
	return v, ok
}

func (d *draft) unreadable(n *node, t *valueType) {
	d.bad(n, 0, fmt.Sprintf("%q does not read as %s", n.str(), wordsFor(t.kind)), "")
}

// scalarAs reads one written word.
func scalarAs(n *node, t *valueType) (any, bool) {
	if n.kind != scalar {
		return nil, false
	}
	switch t.kind {
	case "date":
		v, err := clock.ParseDate(n.str())
		return v, err == nil
	case "money":
		return ParseMoney(n.str())
	case "number":
		v, ok := n.value.(int)
		return v, ok
	case "decimal":
		if i, whole := n.value.(int); whole {
			return float64(i), true
		}
		v, ok := n.value.(float64)
		return v, ok
	case "yes_no":
		v, ok := n.value.(bool)
		if ok && !v && t.written == "confirm" {
			return nil, true // not ticked is not known
		}
		return v, ok
	case "file":
		return File{n.str()}, true
	}
	return n.str(), len(t.choice) == 0 || slices.Contains(t.choice, n.str())
}

func (d *draft) convertList(n *node, t *valueType) (any, bool) {
	if n.kind != sequence {
		d.unreadable(n, t)
		return nil, false
	}
	out := make([]any, 0, len(n.items))
	for _, it := range n.items {
		v, ok := d.convert(it, t.elem)
		if !ok {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}

func (d *draft) convertGroup(n *node, t *valueType) (any, bool) {
	if n.kind != mapping {
		d.unreadable(n, t)
		return nil, false
	}
	for _, k := range n.names() {
		if t.member(k) == nil {
			d.bad(n.key(k), 0, fmt.Sprintf("there is no field %q here", k), meant(k, t.memberNames()))
		}
	}
	out, whole := map[string]any{}, true
	for _, m := range t.members {
		v, ok := d.convert(n.at(m.name), m.typ)
		if whole = whole && ok; v != nil {
			out[m.name] = v
		}
	}
	return out, whole
}

// convertAddress reads "Lindenweg 4, 22222 Neustadt", or {unverified: …} for a house that the directory does not know.
func (d *draft) convertAddress(n *node, t *valueType) (any, bool) {
	written, verified := n, true
	if n.kind == mapping {
		written, verified = n.at("unverified"), false
	}
	a, err := authority.ParseAddress(written.str())
	if err != nil {
		d.unreadable(n, t)
		return nil, false
	}
	return NewAddress(a, verified), true
}
