package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

var (
	glossaryRow = regexp.MustCompile(`(?m)^\| *([^|\n]+?) *\| *([^|\n]+?) *\| *([^|\n]*?) *\|`)
	codeName    = regexp.MustCompile("`([a-z]+)\\.([A-Z][A-Za-z]*)`")
)

// checkGlossary: docs/glossary.md has one English word per legal term, and what it says about code is there:
// a row's third column names the exported type.
func checkGlossary(h *house) (findings []string) {
	paper := h.paper("docs/glossary.md")
	if paper == nil {
		return []string{"docs/glossary.md:1: missing"}
	}
	types := h.exportedTypes()
	english, german := map[string]int{}, map[string]int{}
	rows := 0
	for _, m := range glossaryRow.FindAllSubmatchIndex(paper.body, -1) {
		cell := func(i int) string { return string(paper.body[m[2*i]:m[2*i+1]]) }
		line := lineOf(paper.body, m[0])
		if strings.HasPrefix(cell(1), "-") || cell(1) == "English" {
			continue
		}
		rows++
		for _, c := range []struct {
			term string
			seen map[string]int
		}{{cell(1), english}, {cell(2), german}} {
			if first := c.seen[c.term]; first != 0 {
				findings = append(findings, fmt.Sprintf("docs/glossary.md:%d: %s is already explained in line %d", line, c.term, first))
			}
			c.seen[c.term] = line
		}
		for _, name := range codeName.FindAllStringSubmatch(cell(3), -1) {
			if !types[name[1]+"."+name[2]] {
				findings = append(findings, fmt.Sprintf("docs/glossary.md:%d: there is no %s.%s", line, name[1], name[2]))
			}
		}
	}
	if rows == 0 {
		findings = append(findings, "docs/glossary.md:1: no rows found")
	}
	return findings
}

// exportedTypes are all exported names of the modules, as package.Name.
func (h *house) exportedTypes() map[string]bool {
	types := map[string]bool{}
	for _, s := range h.code {
		if s.test || !s.within("internal") {
			continue
		}
		for _, decl := range s.tree.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				types[s.tree.Name.Name+"."+spec.(*ast.TypeSpec).Name.Name] = true
			}
		}
	}
	return types
}

const dependencies = "docs/adr/0008-dependencies.md"

// checkDependencies: every direct dependency has its line, which says who keeps it, its licence, what it saves and how
// we leave it; and no line outlives its dependency.
func checkDependencies(h *house) (findings []string) {
	mod, paper := h.paper("go.mod"), h.paper(dependencies)
	if mod == nil || paper == nil {
		return []string{dependencies + ":1: missing, or go.mod is"}
	}
	file, err := modfile.Parse("go.mod", mod.body, nil)
	if err != nil {
		return []string{err.Error()}
	}
	lines := map[string]int{}
	for i, line := range bytes.Split(paper.body, []byte("\n")) {
		cells := strings.Split(string(line), "|")
		if len(cells) < 3 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		name := strings.Trim(cells[1], " `")
		lines[name] = i + 1
		if len(cells) != 7 || slices.ContainsFunc(cells[1:6], func(c string) bool { return strings.TrimSpace(c) == "" }) {
			findings = append(findings, fmt.Sprintf("%s:%d: %s: who keeps it, licence, what it saves, how we leave it", dependencies, i+1, name))
		}
	}
	for _, r := range file.Require {
		if r.Indirect {
			continue
		}
		if lines[r.Mod.Path] == 0 {
			findings = append(findings, fmt.Sprintf("go.mod:%d: %s has no line in %s", r.Syntax.Start.Line, r.Mod.Path, dependencies))
		}
		delete(lines, r.Mod.Path)
	}
	for name, line := range lines {
		findings = append(findings, fmt.Sprintf("%s:%d: %s is no longer in go.mod", dependencies, line, name))
	}
	return findings
}

func (h *house) paper(path string) *source {
	for i := range h.text {
		if h.text[i].path == path {
			return &h.text[i]
		}
	}
	return nil
}
