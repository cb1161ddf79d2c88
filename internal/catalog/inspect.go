package catalog

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// inspector walks an expression for what expr's own checker cannot know: our names, choices, unknowns and costs.
type inspector struct {
	d             *draft
	n             *node
	off           int
	nodes         int
	depth         int // predicates around the place
	uses          []use
	asked         map[string]bool
	quiet, failed bool
}

// affordable walks the tree and reports whether it is sound and costs no more than allowed.
func (v *inspector) affordable(tree ast.Node) bool {
	cost := v.walk(tree, nil)
	switch {
	case v.nodes > maxNodes:
		v.d.bad(v.n, v.off, fmt.Sprintf("this expression has %d parts; at most %d are allowed", v.nodes, maxNodes), "give parts of it a name under terms")
	case cost > maxCost:
		v.d.bad(v.n, v.off, fmt.Sprintf("this expression may cost %d steps; at most %d are allowed", cost, maxCost), "it runs through a list inside a list: say many with a smaller number, or use a term")
	default:
		return !v.failed
	}
	return false
}

// resolve names the declared value that a chain of members stands for, and its type; elem is the row that a leading dot
// speaks of.
func (v *inspector) resolve(n ast.Node, elem *valueType) (string, *valueType) {
	switch x := n.(type) {
	case *ast.ChainNode:
		return v.resolve(x.Node, elem)
	case *ast.IdentifierNode:
		return x.Value, v.d.names[x.Value]
	case *ast.PointerNode:
		return ".", elem
	case *ast.MemberNode:
		return v.resolveMember(x, elem)
	case *ast.BuiltinNode:
		if (x.Name == "filter" || x.Name == "find") && len(x.Arguments) > 0 {
			p, t := v.resolve(x.Arguments[0], elem)
			if x.Name == "find" {
				t = t.row()
			}
			return p, t
		}
	}
	return "", nil
}

func (v *inspector) resolveMember(x *ast.MemberNode, elem *valueType) (string, *valueType) {
	base, t := v.resolve(x.Node, elem)
	name, ok := x.Property.(*ast.StringNode)
	if t == nil {
		return base, nil
	}
	if !ok { // an index
		if t.kind == "list" {
			return base, t.elem
		}
		return base, nil
	}
	path := strings.TrimPrefix(base+"."+name.Value, ".")
	if strings.HasPrefix(base, ".") {
		path = "." + strings.TrimLeft(path, ".")
	}
	if m := t.member(name.Value); m != nil {
		return path, m.typ
	}
	return path, nil
}

// walk visits the tree once and returns what it may cost; elem is the row that a predicate speaks of.
func (v *inspector) walk(n ast.Node, elem *valueType) int {
	v.nodes++
	switch x := n.(type) {
	case *ast.IdentifierNode, *ast.MemberNode, *ast.ChainNode, *ast.PointerNode:
		return v.value(n, elem)
	case *ast.CallNode:
		return v.call(x, elem)
	case *ast.BuiltinNode:
		return v.listFunction(x, elem)
	case *ast.PredicateNode:
		v.depth++
		cost := v.walk(x.Node, elem)
		v.depth--
		return cost
	case *ast.BinaryNode:
		v.binary(x, elem)
		return 1 + v.walk(x.Left, elem) + v.walk(x.Right, elem)
	case *ast.UnaryNode:
		if x.Operator != "not" && x.Operator != "-" {
			v.say(x, quote(x.Operator)+" is not part of the language", instead[x.Operator])
		}
		return 1 + v.walk(x.Node, elem)
	case *ast.ConditionalNode:
		return 1 + v.walk(x.Cond, elem) + v.walk(x.Exp1, elem) + v.walk(x.Exp2, elem)
	case *ast.ArrayNode:
		return 1 + v.walkAll(x.Nodes, elem)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode:
		return 1
	}
	v.say(n, "this construction is not part of the language", "allowed: and or not, comparisons, + - * /, the listed functions, all any none one count filter find map sum")
	return 1
}

func (v *inspector) walkAll(nodes []ast.Node, elem *valueType) int {
	cost := 0
	for _, n := range nodes {
		cost += v.walk(n, elem)
	}
	return cost
}

// value notes what is read.
func (v *inspector) value(n ast.Node, elem *valueType) int {
	v.exists(n, elem)
	if path, _ := v.resolve(n, elem); path != "" {
		depth := v.depth
		if !strings.HasPrefix(path, ".") {
			depth = 0 // a name means the same inside a predicate
		}
		v.uses = append(v.uses, use{path, n.Location().From, depth})
	}
	if m, ok := n.(*ast.MemberNode); ok {
		if b, ok := m.Node.(*ast.BuiltinNode); ok {
			return 1 + v.walk(b, elem)
		}
	}
	return 1
}

func (v *inspector) call(x *ast.CallNode, elem *valueType) int {
	id, ok := x.Callee.(*ast.IdentifierNode)
	if !ok || strings.HasPrefix(id.Value, "__") || shippedLibrary().signatures[id.Value] == nil {
		v.say(x.Callee, fmt.Sprintf("there is no function %q", x.Callee), meant(x.Callee.String(), functionNames()))
		return 1
	}
	if id.Value == "known" && len(x.Arguments) == 1 {
		v.exists(x.Arguments[0], elem)
		p, _ := v.resolve(x.Arguments[0], elem)
		v.asked[p] = true
		return 2
	}
	return 1 + v.walkAll(x.Arguments, elem)
}

func (v *inspector) listFunction(x *ast.BuiltinNode, elem *valueType) int {
	if len(x.Arguments) == 0 {
		return 1
	}
	cost := 1 + v.walk(x.Arguments[0], elem)
	rows, row := 100, (*valueType)(nil)
	if _, t := v.resolve(x.Arguments[0], elem); t != nil && t.kind == "list" {
		rows, row = t.max, t.elem
	}
	for _, a := range x.Arguments[1:] {
		cost += rows * v.walk(a, row)
	}
	return cost
}

// exists finds misspelt names itself: expr 1.17.8 does not look into a call's arguments again once an operator is
// overloaded.
func (v *inspector) exists(n ast.Node, elem *valueType) {
	switch x := n.(type) {
	case *ast.ChainNode:
		v.exists(x.Node, elem)
	case *ast.IdentifierNode:
		if v.d.names[x.Value] == nil {
			v.say(n, fmt.Sprintf("%q is neither a field nor a term nor a table", x.Value), meant(x.Value, v.d.allNames()))
		}
	case *ast.MemberNode:
		v.exists(x.Node, elem)
		name, ok := x.Property.(*ast.StringNode)
		if _, t := v.resolve(x.Node, elem); ok && t != nil && t.computed == nil && t.kind != "any" {
			if members := t.memberNames(); !slices.Contains(members, name.Value) {
				v.say(x.Property, fmt.Sprintf("there is no %q here", name.Value), meant(name.Value, members))
			}
		}
	}
}

func (v *inspector) say(n ast.Node, msg, help string) {
	if !v.quiet {
		v.failed = true
		v.d.bad(v.n, v.off+n.Location().From, msg, help)
	}
}

// operators are the signs and words that may join two values.
var operators = []string{"and", "or", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "in"}

// binary refuses what is no operator of the language, and a choice compared with a word that is not among its words.
func (v *inspector) binary(b *ast.BinaryNode, elem *valueType) {
	if !slices.Contains(operators, b.Operator) {
		v.say(b, quote(b.Operator)+" is not part of the language", instead[b.Operator])
		return
	}
	v.comparedWith(b.Operator, b.Left, b.Right, elem)
	v.comparedWith(b.Operator, b.Right, b.Left, elem)
}

// instead is what to write for an operator of other languages.
var instead = map[string]string{"&&": "write: and", "||": "write: or", "!": "write: not", "??": "ask with known()"}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

func (v *inspector) comparedWith(operator string, value, with ast.Node, elem *valueType) {
	p, t := v.resolve(value, elem)
	if operator == "in" {
		t = t.row()
	}
	if t == nil || len(t.choice) == 0 && t.written != "country" {
		return
	}
	literals := []ast.Node{with}
	if list, ok := with.(*ast.ArrayNode); ok {
		literals = list.Nodes
	}
	for _, l := range literals {
		s, ok := l.(*ast.StringNode)
		switch {
		case !ok:
		case t.written == "country" && !countryCode.MatchString(s.Value):
			v.say(l, fmt.Sprintf("%q is not a country code", s.Value), "two capital letters, such as DE")
		case t.written != "country" && !slices.Contains(t.choice, s.Value):
			v.say(l, fmt.Sprintf("%q is not a choice of %s", s.Value, p), "choices: "+strings.Join(t.choice, ", "))
		}
	}
}

// optionals insists that a value which may be missing is asked for with known() before it is used.
func (v *inspector) optionals() {
	said := map[string]bool{}
	for _, u := range v.uses {
		if strings.HasPrefix(u.path, ".") {
			continue
		}
		var t *valueType
		parts := strings.Split(u.path, ".")
		for i, name := range parts {
			p := strings.Join(parts[:i+1], ".")
			var opt bool
			if i == 0 {
				t, opt = v.d.names[p], v.d.optional[p]
			} else {
				m := t.row().member(name)
				if m == nil {
					break
				}
				t, opt = m.typ, m.optional
			}
			if opt && !v.asked[p] && !said[p] {
				said[p] = true
				v.d.bad(v.n, v.off+u.col, p+" may be unknown", fmt.Sprintf("ask first: known(%s) and …", p))
			}
			if t == nil {
				break
			}
		}
	}
}

// strict looks through the typed tree for what expr let pass: arguments of an unknown or unfitting type.
type strict struct {
	msg string
	col int
}

func (s *strict) Visit(n *ast.Node) {
	call, ok := (*n).(*ast.CallNode)
	if !ok || s.msg != "" {
		return
	}
	id, ok := call.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	signature := shippedLibrary().signatures[id.Value]
	if signature == nil {
		return
	}
	for i, a := range call.Arguments {
		got := a.Nature()
		switch {
		case got.IsUnknown(nil):
			if _, row := a.(*ast.PointerNode); !row {
				s.found(a, "the types inside "+shown(id.Value)+"(…) do not fit together")
			}
		case i < signature.NumIn() && !fits(got.Type, got.Kind, signature.In(i)):
			s.found(a, fmt.Sprintf("%s expects %s, not %s", shown(id.Value), nameOfType(shortType(signature.In(i).String())), nameOfType(shortType(got.String()))))
		}
	}
}

func fits(got reflect.Type, kind reflect.Kind, want reflect.Type) bool {
	return want.Kind() == reflect.Interface || got == want || want.Kind() == reflect.Slice && kind == reflect.Slice
}

func (s *strict) found(n ast.Node, msg string) {
	if s.msg == "" {
		s.msg, s.col = msg, n.Location().From
	}
}
