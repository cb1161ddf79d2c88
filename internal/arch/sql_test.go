package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strings"
)

var statement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)

// checkSQL: statements stand in store, service and demo files. base/db speaks to the engines, and what measures or
// breaks things from outside may look into tables.
func checkSQL(h *house) (findings []string) {
	for _, s := range h.code {
		if s.test || s.within("internal/base/db", "internal/testkit", "bench", "drill") ||
			strings.HasPrefix(s.name, "store") || strings.HasPrefix(s.name, "service") || strings.HasPrefix(s.name, "demo") {
			continue
		}
		s.literals(func(pos token.Pos, value string) {
			if statement.MatchString(value) {
				findings = append(findings, h.at(pos, "SQL outside store, service and demo files"))
			}
		})
	}
	return findings
}

var (
	tableUsed = regexp.MustCompile(`\b(?:FROM|INTO|UPDATE|JOIN)\s+([a-z][a-z0-9_]*)`)
	tableMade = regexp.MustCompile(`(?i)\bCREATE\s+(?:TABLE|VIRTUAL\s+TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?([a-z][a-z0-9_]*)`)
	named     = regexp.MustCompile(`\b([a-z][a-z0-9_]*)(?:\s*\([^()]*\))?\s+AS\s+(?:NOT\s+MATERIALIZED\s+|MATERIALIZED\s+)?\(`)
)

// checkTables: a table belongs to the module whose name it carries, and nobody else's SQL names it: there is one door.
func checkTables(h *house) (findings []string) {
	for _, s := range h.code {
		owner := ownerOf(s.folder)
		if s.test || owner == "" || s.within("internal/base/db") {
			continue
		}
		s.literals(func(pos token.Pos, value string) {
			if !statement.MatchString(value) {
				return
			}
			own := map[string]bool{}
			for _, m := range named.FindAllStringSubmatch(value, -1) {
				own[m[1]] = true
			}
			for _, m := range tableUsed.FindAllStringSubmatch(value, -1) {
				if !own[m[1]] && m[1] != owner && !strings.HasPrefix(m[1], owner+"_") {
					findings = append(findings, h.at(pos, "%s is not a table of %s", m[1], owner))
				}
			}
		})
	}
	for _, s := range h.text {
		if path.Base(s.folder) != "migrations" || path.Ext(s.name) != ".sql" {
			continue
		}
		owner := ownerOf(path.Dir(s.folder))
		for _, m := range tableMade.FindAllSubmatchIndex(s.body, -1) {
			table := string(s.body[m[2]:m[3]])
			if table != owner && !strings.HasPrefix(table, owner+"_") {
				findings = append(findings, fmt.Sprintf("%s:%d: %s is not a table of %s", s.path, lineOf(s.body, m[0]), table, owner))
			}
		}
	}
	return findings
}

// ownerOf names the module or base package a folder belongs to.
func ownerOf(folder string) string {
	if rest, ok := strings.CutPrefix(folder, "internal/base/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return name
	}
	rest, ok := strings.CutPrefix(folder, "internal/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	switch name {
	case "app", "testkit", "arch":
		return ""
	}
	return name
}

var (
	deferred   = regexp.MustCompile(`(?i)\b(DEFERRABLE|DEFERRED)\b`)
	sqlComment = regexp.MustCompile(`--[^\n]*`)
)

// checkDeferred: a deferred constraint fails at COMMIT, and a commit serves a whole group of closures.
func checkDeferred(h *house) (findings []string) {
	for _, s := range h.text {
		if path.Ext(s.name) != ".sql" {
			continue
		}
		blank := sqlComment.ReplaceAllFunc(s.body, func(c []byte) []byte { return []byte(strings.Repeat(" ", len(c))) })
		for _, m := range deferred.FindAllIndex(blank, -1) {
			findings = append(findings, fmt.Sprintf("%s:%d: a deferred constraint fails innocent closures of the same commit", s.path, lineOf(s.body, m[0])))
		}
	}
	return findings
}

// checkNesting: a transaction inside a transaction would wait for itself.
func checkNesting(h *house) (findings []string) {
	for _, s := range h.code {
		if s.within("internal/base/db") && s.test {
			continue // its tests show that the nesting is refused
		}
		for _, decl := range s.tree.Decls {
			ast.Inspect(decl, func(n ast.Node) bool {
				body := transaction(n)
				if body == nil {
					return true
				}
				ast.Inspect(body, func(n ast.Node) bool {
					if call, name := write(n); call != nil {
						findings = append(findings, h.at(call.Pos(), "%s inside a transaction", name))
						return false
					}
					return true
				})
				return false
			})
		}
	}
	return findings
}

// transaction returns the body of a closure that gets a *db.Tx, or of a function that does.
func transaction(n ast.Node) *ast.BlockStmt {
	switch n := n.(type) {
	case *ast.FuncLit:
		if takesTx(n.Type) {
			return n.Body
		}
	case *ast.FuncDecl:
		if takesTx(n.Type) {
			return n.Body
		}
	}
	return nil
}

func takesTx(f *ast.FuncType) bool {
	for _, p := range f.Params.List {
		star, ok := p.Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		switch x := star.X.(type) {
		case *ast.SelectorExpr:
			if x.Sel.Name == "Tx" {
				return true
			}
		case *ast.Ident:
			if x.Name == "Tx" {
				return true
			}
		}
	}
	return false
}

// write recognises x.Do(ctx, fn), x.DoLocked(ctx, fn) and x.Append(ctx, func…): two arguments, unlike those of other packages.
func write(n ast.Node) (*ast.CallExpr, string) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return nil, ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil, ""
	}
	switch sel.Sel.Name {
	case "Do", "DoLocked":
		return call, sel.Sel.Name
	case "Append", "Read":
		if f, ok := call.Args[1].(*ast.FuncLit); ok && takesTx(f.Type) {
			return call, sel.Sel.Name
		}
	}
	return nil, ""
}
