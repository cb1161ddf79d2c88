package catalog

import (
	"maps"
	"strings"
)

// Row is one person that an output repeats for: the values that a leading dot speaks of, and where they come from.
type Row struct {
	Source string // "prefilled", or "family"
	Index  int    // within its source
	Values map[string]any
}

// Rows are the persons that each names, in order; without each, one row without values. Evidence that is unknown has
// none.
func (e *Edition) Rows(env Env, each []string) []Row {
	if len(each) == 0 {
		return []Row{{}}
	}
	var out []Row
	for _, source := range each {
		switch v := env[source].(type) {
		case map[string]any:
			out = append(out, Row{Source: source, Values: v})
		case []any:
			for i, x := range v {
				if values, ok := x.(map[string]any); ok {
					out = append(out, Row{source, i, values})
				}
			}
		}
	}
	return out
}

// rowsWhere are the rows for which a condition holds; unknown is true if it cannot be said for some row.
func (e *Edition) rowsWhere(env Env, each []string, when *expression) (rows []Row, unknown bool) {
	if len(each) == 0 {
		switch when.truth(env) {
		case Yes:
			return []Row{{}}, false
		case Unknown:
			return nil, true
		}
		return nil, false
	}
	for _, r := range e.Rows(env, each) {
		switch when.truthOfRow(env, r.Values) {
		case Yes:
			rows = append(rows, r)
		case Unknown:
			unknown = true
		}
	}
	return rows, unknown
}

// valueAt is the value at a path, for a row if it begins with a dot, with the member that declares it.
func (e *Edition) valueAt(env Env, each []string, r Row, path string) (any, *member) {
	m := e.memberAt(path, each)
	if rest, ofRow := strings.CutPrefix(path, "."); ofRow {
		return dig(r.Values, rest), m
	}
	return env.At(path), m
}

// memberAt is draft.memberAt for an edition.
func (e *Edition) memberAt(path string, each []string) *member {
	if row, is := strings.CutPrefix(path, "."); is && len(each) > 0 {
		path = each[0] + "." + row
	}
	first, rest, more := strings.Cut(path, ".")
	m := e.members[first]
	if m == nil {
		g, _ := byName(e.given, func(g given) bool { return g.name == first })
		if g.term != nil && g.term.path != "" && !more {
			return e.memberAt(g.term.path, each)
		}
		return nil
	}
	for more && m != nil {
		var name string
		name, rest, more = strings.Cut(rest, ".")
		m = m.typ.row().member(name)
	}
	return m
}

// cut leaves of a value only the parts that a list of sheets names, and says which sheets these are. A value without
// sheets of its own, which is no data of the register, goes whole. named is false if nothing is left.
func cut(v any, m *member, law map[string]bool) (left any, sheets map[string]bool, named bool) {
	if m == nil || len(m.sheets) == 0 {
		return v, nil, true
	}
	if !partsHaveSheets(m) {
		sheets = common(m.sheets, law)
		return v, sheets, len(sheets) > 0
	}
	switch x := v.(type) {
	case map[string]any:
		left, sheets, named = cutGroup(x, m, law)
	case []any:
		left, sheets, named = cutList(x, m, law)
	}
	if named {
		maps.Copy(sheets, common(m.own, law))
	}
	return left, sheets, named
}

func cutGroup(group map[string]any, m *member, law map[string]bool) (any, map[string]bool, bool) {
	out, sheets := map[string]any{}, map[string]bool{}
	for _, part := range m.typ.row().members {
		if group[part.name] == nil {
			continue
		}
		if v, s, named := cut(group[part.name], part, law); named {
			out[part.name] = v
			maps.Copy(sheets, s)
		}
	}
	return out, sheets, len(out) > 0
}

func cutList(list []any, m *member, law map[string]bool) (any, map[string]bool, bool) {
	out, sheets := []any{}, map[string]bool{}
	for _, x := range list {
		group, _ := x.(map[string]any)
		if v, s, named := cutGroup(group, m, law); named {
			out = append(out, v)
			maps.Copy(sheets, s)
		}
	}
	return out, sheets, len(out) > 0
}

// partsHaveSheets reports whether a group's parts say themselves which sheets they are.
func partsHaveSheets(m *member) bool {
	for _, part := range m.typ.row().members {
		if len(part.sheets) > 0 {
			return true
		}
	}
	return false
}

func common(a, b map[string]bool) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		if b[k] {
			out[k] = true
		}
	}
	return out
}
