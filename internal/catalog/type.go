package catalog

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// valueType is a type of the language. kind is what expressions see, written is the word in the definition.
type valueType struct {
	kind     string // text number decimal yes_no date money address file period group list any
	written  string // also long_text country email phone iban confirm person choice
	elem     *valueType
	members  []*member
	choice   []string
	max      int    // of a list
	allowed  string // numbers, as a cell of a table
	computed types.Type
}

// member is a named value inside a group or at the top, with its place in the definition.
type member struct {
	name     string
	path     string // of its texts: "evidence.prefilled.fields.birth"
	typ      *valueType
	optional bool
	node     *node
	sheets   map[string]bool // of the DSMeld, its parts' too; set when an edition is built
	own      map[string]bool // those that its own number names
}

func (t *valueType) member(name string) *member {
	if t == nil {
		return nil
	}
	for _, m := range t.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

func (t *valueType) memberNames() []string {
	if t.kind == "address" {
		return addressMembers
	}
	out := make([]string, len(t.members))
	for i, m := range t.members {
		out[i] = m.name
	}
	return out
}

// row is the type of a list's elements, or the type itself.
func (t *valueType) row() *valueType {
	if t != nil && t.kind == "list" {
		return t.elem
	}
	return t
}

func simple(kind string, choice ...string) *valueType {
	return &valueType{kind: kind, written: kind, choice: choice}
}

func groupOf(members ...*member) *valueType { return &valueType{kind: "group", members: members} }

func named(name string, t *valueType) *member { return &member{name: name, typ: t} }

var exprTypes = map[string]types.Type{
	"text": types.String, "number": types.Int, "decimal": types.Float64, "yes_no": types.Bool, "any": types.Any, "address": addressType{},
	"date": types.TypeOf(clock.Date{}), "money": types.TypeOf(Money{}), "file": types.TypeOf(File{}), "period": types.TypeOf(authority.Period{}),
}

// expr is the type as the expression checker knows it.
func (t *valueType) expr() types.Type {
	if t.computed != nil {
		return t.computed
	}
	switch t.kind {
	case "list":
		return types.Array(t.elem.expr())
	case "group":
		m := make(types.Map, len(t.members))
		for _, f := range t.members {
			m[f.name] = f.typ.expr()
		}
		return m
	}
	return exprTypes[t.kind]
}

// textual are the words for types that expressions see as text.
var textual = []string{"", "text", "long_text", "country", "email", "phone", "iban"}

// typeOf reads the type of a field; path is where its texts lie.
func (d *draft) typeOf(n *node, path string) *valueType {
	word := n.at("type").str()
	t := &valueType{kind: word, written: word}
	switch {
	case slices.Contains(textual, word):
		t.kind = "text"
		if word == "" {
			t.written = "text"
		}
	case word == "confirm":
		t.kind = "yes_no"
	case strings.Contains(word, "@"):
		t = d.part(n.at("type"), path)
	case word == "person" && !n.at("fields").ok():
		t.kind = "text" // a reference; rows come with about and pick
	}
	if c := n.at("choice"); c.ok() {
		t.choice, t.written = c.names(), "choice"
	}
	t.allowed = n.at("allowed").str()
	if f := n.at("fields"); f.ok() {
		t.kind, t.members = "group", d.membersOf(f, path+".fields")
		if word == "" {
			t.written = "group"
		}
	}
	if m := n.at("many"); m.ok() {
		t = &valueType{kind: "list", written: t.written, elem: t, max: m.number()}
	}
	return t
}

// membersOf reads the fields of a group; path is where the group's fields lie.
func (d *draft) membersOf(fields *node, path string) []*member {
	out := make([]*member, 0, len(fields.keys))
	for _, k := range fields.names() {
		f := fields.at(k)
		own := path + "." + k
		out = append(out, &member{name: k, path: own, typ: d.typeOf(f, own), optional: f.at("optional").ok() || f.at("when").ok(), node: f})
	}
	return out
}

// part is the type that a shared part stands for.
func (d *draft) part(n *node, path string) *valueType {
	name, edition, _ := strings.Cut(n.str(), "@")
	p := d.parts.named(name)
	if p == nil || p.at("edition").str() != edition {
		d.bad(n, 0, "unknown shared part "+quote(n.str()), meant(n.str(), d.parts.all()))
		return simple("any")
	}
	if d.opening[name] {
		d.bad(n, 0, "shared part "+quote(name)+" contains itself", "")
		return simple("any")
	}
	d.opening[name] = true
	defer delete(d.opening, name)
	return &valueType{kind: "group", written: "group", members: d.membersOf(p.at("fields"), path+".fields")}
}
