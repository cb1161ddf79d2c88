package catalog

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

const (
	maxSource = 400    // letters of one expression
	maxNodes  = 80     // parts of one expression
	maxCost   = 20_000 // steps, lists counted at their greatest length
)

// expression is a checked expression: its program, and what must be known before it may run. It may be run by several
// goroutines.
type expression struct {
	source  string
	program *vm.Program
	uses    []use
	asked   map[string]bool // paths that the expression asks for with known()
	typ     *valueType      // of the declared value it stands for, or nil
	path    string          // of that value
}

// use is a value that an expression reads. A path of the row that a predicate speaks of begins with a dot; depth counts
// the predicates around it.
type use struct {
	path  string
	col   int
	depth int
}

// compile checks the expression written at n; given are expressions whose known() holds here already.
func (d *draft) compile(n *node, want string, given ...*node) *expression {
	if !n.ok() {
		return nil
	}
	asked := map[string]bool{}
	for _, g := range given {
		maps.Copy(asked, d.asksFor(g.str()))
	}
	return d.compileText(n, n.str(), want, 0, asked)
}

// expression compiles what is written at n and remembers it for the edition.
func (d *draft) expression(n *node, want string, given ...*node) {
	if e := d.compile(n, want, given...); e != nil {
		d.exprs[n] = e
	}
}

// asksFor are the paths that an expression asks for with known().
func (d *draft) asksFor(src string) map[string]bool {
	v := &inspector{d: d, asked: map[string]bool{}, quiet: true}
	if t, err := parser.Parse(src); err == nil {
		v.walk(t.Node, nil)
	}
	return v.asked
}

// compileText checks src, which stands off columns into n, against the names of the definition. want is the type it
// must have, as expr calls it, or nothing; asked are the values known to be known. It returns nil after an error.
func (d *draft) compileText(n *node, src, want string, off int, asked map[string]bool) *expression {
	if len(src) > maxSource+len(filterRows)+1 {
		d.bad(n, 0, fmt.Sprintf("this expression is longer than %d letters", maxSource), "give parts of it a name under terms")
		return nil
	}
	if d.stale {
		d.config.WithEnv(d.env)
		d.stale = false
	}
	tree, err := parser.ParseWithConfig(src, d.config)
	if err != nil {
		d.exprProblem(n, off, err)
		return nil
	}
	v := &inspector{d: d, n: n, off: off, asked: maps.Clone(asked)}
	if v.asked == nil {
		v.asked = map[string]bool{}
	}
	if !v.affordable(tree.Node) {
		return nil
	}
	e := &expression{source: src, uses: v.uses, asked: v.asked}
	e.path, e.typ = v.resolve(tree.Node, nil)
	if e.program = d.typed(n, off, tree); e.program == nil {
		return nil
	}
	if got := shortType(e.program.Node().Nature().String()); want != "" && got != want {
		d.bad(n, off, fmt.Sprintf("this must be %s, but it is %s", nameOfType(want), nameOfType(got)), "")
		return nil
	}
	v.optionals()
	return e
}

// typed runs expr's own checker and compiler over a tree, and our look at what they let pass.
func (d *draft) typed(n *node, off int, tree *parser.Tree) (program *vm.Program) {
	defer func() {
		if r := recover(); r != nil { // a bug of the library must not take the house down; the author can write it another way
			d.bad(n, off, "this expression cannot be compiled", "write it in another way")
			program = nil
		}
	}()
	if _, err := new(checker.Checker).PatchAndCheck(tree, d.config); err != nil {
		d.exprProblem(n, off, err)
		return nil
	}
	if err := optimizer.Optimize(&tree.Node, d.config); err != nil {
		d.exprProblem(n, off, err)
		return nil
	}
	program, err := compiler.Compile(tree, d.config)
	if err != nil {
		d.exprProblem(n, off, err)
		return nil
	}
	s := &strict{}
	root := program.Node()
	ast.Walk(&root, s)
	if s.msg != "" {
		d.bad(n, off+s.col, s.msg, "")
		return nil
	}
	return program
}

// What expr says, and what the author reads instead.
var (
	unknownName   = regexp.MustCompile(`unknown name (\w+)`)
	unknownMember = regexp.MustCompile(`has no field (\w+)`)
	mismatch      = regexp.MustCompile(`invalid operation: (\S+) .*mismatched types (.+) and (.+)\)`)
	argument      = regexp.MustCompile(`cannot use (.+?) as argument \(type (.+?)\) to call (\w+)`)
	noFunction    = regexp.MustCompile(`(?:unknown|undefined) (?:name|function):? ?(\w+)`)
)

func (d *draft) exprProblem(n *node, off int, err error) {
	msg, col := strings.SplitN(err.Error(), "\n", 2)[0], 0
	var fe *file.Error
	if errors.As(err, &fe) {
		msg, col = fe.Message, fe.Column
	}
	help := ""
	if m := unknownName.FindStringSubmatch(msg); m != nil {
		msg, help = fmt.Sprintf("%q is neither a field nor a term nor a table", m[1]), meant(m[1], d.allNames())
	} else if m := unknownMember.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("there is no %q here", m[1])
	} else if m := mismatch.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s cannot join %s with %s", m[1], nameOfType(shortType(m[2])), nameOfType(shortType(m[3])))
	} else if m := argument.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("%s expects %s, not %s", m[3], nameOfType(shortType(m[2])), nameOfType(shortType(m[1])))
	} else if m := noFunction.FindStringSubmatch(msg); m != nil {
		msg = fmt.Sprintf("there is no function %q", m[1])
	}
	d.bad(n, off+col, msg, help)
}

// shortType is expr's name of a type without its package.
func shortType(s string) string {
	switch {
	case strings.HasPrefix(s, "map"):
		return "group"
	case strings.HasPrefix(s, "[]"), strings.HasPrefix(s, "Array"):
		return "list"
	}
	return strings.ToLower(s[strings.LastIndex(s, ".")+1:])
}

var typeNames = map[string]string{
	"bool": "yes or no", "int": "a number", "float64": "a decimal number", "string": "a text", "date": "a date", "money": "an amount of money",
	"period": "a period", "address": "an address", "file": "a file", "group": "a group", "list": "a list", "nil": "nothing", "unknown": "anything",
}

func nameOfType(t string) string {
	if n := typeNames[t]; n != "" {
		return n
	}
	return t
}

// run evaluates the expression. It is false if a value it needs is unknown.
func (e *expression) run(env Env) (any, bool) {
	if e == nil || e.lacks(env) {
		return nil, false
	}
	out, err := vm.Run(e.program, map[string]any(env))
	return out, err == nil && out != nil
}

// lacks reports whether a value that the expression reads is missing. A value it asks for with known() may be missing;
// what lies in it may not, once it is there.
func (e *expression) lacks(env Env) bool {
	for _, u := range e.uses {
		if u.depth == 0 && e.missing(map[string]any(env), "", u.path) {
			return true
		}
	}
	return false
}

// lacksRow is lacks for what the outermost predicate reads of one row.
func (e *expression) lacksRow(row map[string]any) bool {
	for _, u := range e.uses {
		if u.depth == 1 && u.path != "." && e.missing(row, ".", u.path[1:]) {
			return true
		}
	}
	return false
}

// missing looks for path among values; lead is what stands before it in the expression.
func (e *expression) missing(values any, lead, path string) bool {
	for end := range len(path) + 1 {
		if end < len(path) && path[end] != '.' {
			continue
		}
		if prefix := path[:end]; e.asked[lead+prefix] && (prefix == path || !holds(values, prefix)) {
			return false
		}
	}
	return !holds(values, path)
}

// holds reports whether a path leads to a value; a list on the way holds whatever lies behind it.
func holds(v any, path string) bool {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		switch m := v.(type) {
		case map[string]any:
			v = m[name]
		case Address:
			v = m[name]
		default:
			return v != nil
		}
	}
	return v != nil
}
