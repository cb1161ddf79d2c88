package catalog

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/services"
)

// leavesOf visits every scalar with the keys that lead to it.
func leavesOf(n *node, path string, visit func(path string, n *node)) {
	for _, k := range n.names() {
		leavesOf(n.vals[k], strings.TrimPrefix(path+"/"+k, "/"), visit)
	}
	for _, it := range n.items {
		leavesOf(it, path, visit)
	}
	if n.kind == scalar {
		visit(path, n)
	}
}

var (
	holdsExpression = regexp.MustCompile(`(^|/)(that|when|is|amount|until|ranks|at|from)$|/given/|/writes/|/hands_on/|/with/|^terms/[a-z_]+$`)
	holdsName       = regexp.MustCompile(`/(sends|shows|pick|each|fills|fetch|who|by|letter|check|record|send|issue|about|like|of|within|unit|community)$`)
	noName          = regexp.MustCompile(`^(samples|tests|migrate|local|retention)|^evidence/[^/]+/(from|by)$|^deadlines/[^/]+/within$|/within$|^evidence.*/by$`)
	wordInside      = regexp.MustCompile(`"[^"]*"|\.?[a-z_]+`)
	noMisspelling   = []string{"and", "or", "not", "in", ".", "true", "false", "all", `""`}
)

// problemsOf checks a tree that a test has changed.
func problemsOf(root *node, parts *shelf) []Problem {
	if problems := shape(root); len(problems) > 0 {
		return problems
	}
	d := newDraft(root, parts)
	d.meaning()
	return d.problems
}

// sources are the definitions that misspellings are tried on.
func sources(t *testing.T) map[string]fs.FS {
	t.Helper()
	examples := os.DirFS("testdata/examples")
	out := map[string]fs.FS{"residence-registration.yaml": services.Files, "mini.yaml": os.DirFS("testdata/broken")}
	for _, f := range []string{"resident-parking.yaml", "street-festival.yaml", "dog-tax.yaml", "licence-deemed-approval.yaml"} {
		out[f] = examples
	}
	return out
}

// Every misspelt name in every expression, path and reference is found, in its own line.
func TestMisspeltNamesAreFound(t *testing.T) {
	t.Parallel()
	for file, fsys := range sources(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			root, _, _ := read(fsys, file)
			parts, total := shelfOf(fsys, file), 0
			leavesOf(root, "", func(path string, n *node) {
				src, isText := n.value.(string)
				if !isText || noName.MatchString(path) || !holdsExpression.MatchString(path) && !holdsName.MatchString(path) {
					return
				}
				for _, at := range wordInside.FindAllStringIndex(src, -1) {
					w := src[at[0]:at[1]]
					if slices.Contains(noMisspelling, w) || w == "applicant" && strings.HasPrefix(path, "stages/") {
						continue
					}
					end := at[1]
					if w[0] == '"' { // a misspelt choice
						end--
					}
					n.value = src[:end] + "zz" + src[end:]
					total++
					if !slices.ContainsFunc(problemsOf(root, parts), func(p Problem) bool { return !p.Warning && p.Line == n.line }) {
						t.Errorf("not found: %s: %v", path, n.value)
					}
				}
				n.value = src
			})
			if total < 10 {
				t.Errorf("only %d misspellings tried", total)
			}
		})
	}
}

// A misspelt word of the language is never silently ignored.
func TestMisspeltWordsAreFound(t *testing.T) {
	t.Parallel()
	for file, fsys := range sources(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			root, _, _ := read(fsys, file)
			var walk func(n *node)
			walk = func(n *node) {
				for _, k := range n.keys {
					name := k.str()
					if !slices.Contains(vocabulary, name) {
						walk(n.vals[name])
						continue
					}
					inner := n.vals[name]
					delete(n.vals, name)
					k.value, n.vals[name+"x"] = name+"x", inner
					if errorsOf(problemsOf(root, shelfOf(fsys, file))) == 0 && !freeName(root, k) {
						t.Errorf("not found: line %d %sx", k.line, name)
					}
					delete(n.vals, name+"x")
					k.value, n.vals[name] = name, inner
					if !slices.Contains([]string{"samples", "tests", "migrate"}, name) {
						walk(inner)
					}
				}
				for _, it := range n.items {
					walk(it)
				}
			}
			walk(root)
		})
	}
}

// freeName reports whether a key is no word of the language here but a name somebody chose, such as a stage called decide.
func freeName(root, key *node) bool {
	for _, section := range []string{"evidence", "fields", "terms", "checks", "deadlines", "stages", "letters", "notices", "records", "units"} {
		if slices.Contains(root.at(section).keys, key) {
			return true
		}
	}
	return among(root, key)
}

// among looks for a chosen name among the fields and entries anywhere inside n.
func among(n, key *node) bool {
	if slices.Contains(n.at("fields").keys, key) || slices.Contains(n.at("writes").keys, key) {
		return true
	}
	for _, v := range n.vals {
		if among(v, key) {
			return true
		}
	}
	return false
}
