package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Limits that hold before the YAML parser sees a byte: its work grows with the square of the brackets inside each other.
const (
	maxFile     = 1 << 20 // bytes of a definition
	maxDepth    = 32      // brackets inside each other
	maxBrackets = 5_000   // brackets in all, so that a count led astray by a quoted bracket cannot hurt
	maxIndent   = 80      // columns
	maxTree     = 64      // levels of the tree
)

// read returns the tree of one file and its bytes.
func read(fsys fs.FS, name string) (*node, []byte, []Problem) {
	short := path.Base(name)
	data, err := readBounded(fsys, name)
	if err != nil {
		return nil, nil, []Problem{problem(topOf(short), "cannot be read: "+err.Error(), "")}
	}
	tree, problems := parse(short, data)
	return tree, data, problems
}

func topOf(file string) *node { return &node{file: file, line: 1, col: 1} }

// readBounded reads no more than a definition may hold, however large the file is.
func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no such file")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// parse turns bytes into a tree. Whatever is not in normal form, or too large or deep, is refused before.
func parse(file string, data []byte) (*node, []Problem) {
	if p, bad := normalForm(file, data); bad {
		return nil, []Problem{p}
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, []Problem{notYAML(file, err)}
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return nil, []Problem{problem(topOf(file), "a file holds exactly one definition", "")}
	}
	b := builder{file: file}
	tree := b.build(f.Docs[0].Body, 0)
	if tree.kind != mapping && len(b.problems) == 0 {
		b.add(topOf(file), "this is no definition", "it begins with service:, part: or overlay:")
	}
	return tree, b.problems
}

// notYAML takes the place and the words out of the parser's message.
func notYAML(file string, err error) Problem {
	msg, _, _ := strings.Cut(err.Error(), "\n")
	at := topOf(file)
	if n, _ := fmt.Sscanf(msg, "[%d:%d]", &at.line, &at.col); n == 2 {
		msg = strings.TrimSpace(msg[strings.Index(msg, "]")+1:])
	}
	return problem(at, "not readable as YAML: "+msg, "")
}

// normalForm refuses bytes that would make a signature fragile, because the file as written is what is signed, and
// whatever would cost the parser too much.
func normalForm(file string, data []byte) (Problem, bool) {
	if len(data) > maxFile {
		return problem(topOf(file), "larger than 1 MB", ""), true
	}
	if line := tooDeep(data); line > 0 {
		return problem(&node{file: file, line: line, col: 1}, fmt.Sprintf("brackets nested more than %d deep", maxDepth), ""), true
	}
	for i, l := range bytes.Split(data, []byte("\n")) {
		at := &node{file: file, line: i + 1, col: 1}
		switch {
		case len(l)-len(bytes.TrimLeft(l, " -?:")) > maxIndent:
			return problem(at, "nested too deep", ""), true
		case !utf8.Valid(l):
			return problem(at, "not UTF-8", ""), true
		case bytes.ContainsAny(l, "\t\r\ufeff"), bytes.HasSuffix(l, []byte(" ")):
			return problem(at, "tab, carriage return, byte order mark or trailing space", "run: amtsweg procedure format"), true
		}
	}
	if !bytes.HasSuffix(data, []byte("\n")) {
		return problem(topOf(file), "the last line does not end", "run: amtsweg procedure format"), true
	}
	return Problem{}, false
}

// tooDeep returns the line in which brackets are nested too deep or become too many, or zero.
func tooDeep(data []byte) int {
	depth, all, line := 0, 0, 1
	for _, b := range data {
		switch b {
		case '\n':
			line++
		case '[', '{':
			depth++
			all++
		case ']', '}':
			depth = max(0, depth-1)
		}
		if depth > maxDepth || all > maxBrackets {
			return line
		}
	}
	return 0
}

// builder turns the parser's tree into ours.
type builder struct {
	file     string
	problems []Problem
}

func (b *builder) add(at *node, msg, help string) {
	b.problems = append(b.problems, problem(at, msg, help))
}

func (b *builder) build(n ast.Node, depth int) *node {
	out := &node{file: b.file, line: 1, col: 1, kind: scalar}
	if tok := n.GetToken(); tok != nil && tok.Position != nil {
		out.line, out.col = tok.Position.Line, tok.Position.Column
	}
	if depth > maxTree {
		b.add(out, "nested too deep", "")
		return out
	}
	switch v := n.(type) {
	case *ast.MappingNode:
		out.kind, out.vals = mapping, make(map[string]*node, len(v.Values))
		for _, pair := range v.Values {
			b.pair(out, pair, depth)
		}
	case *ast.MappingValueNode:
		out.kind, out.vals = mapping, map[string]*node{}
		b.pair(out, v, depth)
	case *ast.SequenceNode:
		out.kind = sequence
		for _, it := range v.Values {
			out.items = append(out.items, b.build(it, depth+1))
		}
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		b.add(out, "anchors, aliases, tags and merges are not part of the language", "write the value out, or make it a shared part")
	default:
		out.value = scalarValue(n)
	}
	if out.kind == mapping && len(out.keys) > 0 { // a map's place is its first key
		out.line, out.col = out.keys[0].line, out.keys[0].col
	}
	return out
}

func scalarValue(n ast.Node) any {
	switch v := n.(type) {
	case *ast.LiteralNode:
		return v.Value.Value
	case *ast.StringNode:
		return v.Value
	case *ast.IntegerNode:
		switch i := v.Value.(type) {
		case uint64:
			return int(min(i, 1<<62))
		case int64:
			return int(i)
		}
	case *ast.FloatNode:
		return v.Value
	case *ast.BoolNode:
		return v.Value
	}
	return nil
}

func (b *builder) pair(m *node, kv *ast.MappingValueNode, depth int) {
	k := b.build(kv.Key, depth+1)
	name := fmt.Sprint(k.value)
	if m.vals[name] != nil {
		b.add(k, fmt.Sprintf("%q is written twice", name), "")
	}
	k.kind, k.value = scalar, name
	m.keys = append(m.keys, k)
	m.vals[name] = b.build(kv.Value, depth+1)
}
