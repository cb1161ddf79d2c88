package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

const module = "github.com/amtsweg/amtsweg"

// house is the repository's text, read once.
type house struct {
	fset *token.FileSet
	code []source // Go files
	text []source // everything else that a rule reads: templates, texts, SQL, docs
}

// source is one file. folder and name are its path's two halves; tree is nil for what is not Go.
type source struct {
	path, folder, name string
	body               []byte
	tree               *ast.File
	test               bool
}

// rule is one thing that holds everywhere.
type rule struct {
	name  string
	check func(*house) []string // findings, each "path:line: what"
}

var rules = []rule{
	{"imports", checkImports},
	{"docs", checkDocs},
	{"length", checkLength},
	{"nesting", checkNesting},
	{"deferred", checkDeferred},
	{"sql", checkSQL},
	{"tables", checkTables},
	{"http", checkHTTP},
	{"clock", checkClock},
	{"environment", checkEnvironment},
	{"drivers", checkDrivers},
	{"names", checkNames},
	{"locale", checkLocale},
	{"glossary", checkGlossary},
	{"routes", checkRoutes},
	{"dependencies", checkDependencies},
}

func TestTheHouseKeepsItsRules(t *testing.T) {
	t.Parallel()
	h, err := read(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.code) < 10 {
		t.Fatalf("only %d Go files found: this is not the whole house", len(h.code))
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, finding := range r.check(h) {
				t.Error(finding)
			}
		})
	}
}

func TestNoRuleIsBlind(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile("testdata/" + r.name + ".txtar")
			if err != nil {
				t.Fatal("every rule has a small offending house: ", err)
			}
			files := fstest.MapFS{}
			for _, f := range archive.Files {
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			h, err := read(files)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.FieldsFunc(string(archive.Comment), func(r rune) bool { return r == '\n' })
			got := r.check(h)
			slices.Sort(got)
			slices.Sort(want)
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
		})
	}
}

// elsewhere are folders that are not ours, or not written by hand.
var elsewhere = []string{"node_modules", "testdata", "bin", "shots", "dist", "data", "bilder"}

// read loads the repository. Folders with a module file of their own are other houses.
func read(root fs.FS) (*house, error) {
	h := &house{fset: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p == "." {
				return nil
			}
			_, own := fs.Stat(root, path.Join(p, "go.mod"))
			if own == nil || strings.HasPrefix(d.Name(), ".") || slices.Contains(elsewhere, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		return h.add(root, p)
	})
	return h, err
}

func (h *house) add(root fs.FS, p string) error {
	s := source{path: p, folder: path.Dir(p), name: path.Base(p)}
	switch path.Ext(p) {
	case ".go", ".html", ".json", ".sql", ".md", ".mod", ".ts", ".mjs":
	default:
		return nil
	}
	body, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	s.body = body
	if path.Ext(p) != ".go" {
		h.text = append(h.text, s)
		return nil
	}
	s.test = strings.HasSuffix(p, "_test.go")
	s.tree, err = parser.ParseFile(h.fset, p, body, parser.ParseComments|parser.SkipObjectResolution)
	h.code = append(h.code, s)
	return err
}

// at names a place in a Go file.
func (h *house) at(pos token.Pos, format string, args ...any) string {
	p := h.fset.Position(pos)
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}

// within reports whether the file lies in one of the folders, or below it.
func (s source) within(folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		return s.folder == f || strings.HasPrefix(s.folder, f+"/")
	})
}

// imports yields the paths a file imports.
func (s source) imports(yield func(pos token.Pos, path string) bool) {
	for _, i := range s.tree.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		if !yield(i.Pos(), p) {
			return
		}
	}
}

// uses yields every place where a file refers to a name of the imported package: to one such as ("time", "Now"), or to
// any if name is empty.
func (s source) uses(pkg, name string, yield func(pos token.Pos, name string)) {
	local := ""
	for _, i := range s.tree.Imports {
		if p, _ := strconv.Unquote(i.Path.Value); p == pkg {
			local = path.Base(pkg)
			if i.Name != nil {
				local = i.Name.Name
			}
		}
	}
	if local == "" {
		return
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && (name == "" || sel.Sel.Name == name) {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				yield(sel.Pos(), sel.Sel.Name)
			}
		}
		return true
	})
}

// literals yields the value of every string literal of a file but import paths.
func (s source) literals(yield func(pos token.Pos, value string)) {
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				if v, err := strconv.Unquote(n.Value); err == nil {
					yield(n.Pos(), v)
				}
			}
		}
		return true
	})
}

// lineOf counts the line on which an offset of a text lies.
func lineOf(body []byte, offset int) int { return 1 + bytes.Count(body[:offset], []byte("\n")) }
