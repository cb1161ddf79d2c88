package arch

import (
	"go/ast"
)

// checkRoutes: every route says who may use it. server.Handle(method, path, policy, handler) is the only way to add one,
// and its third argument is a policy with a name, never nil and never an empty one. The drills also ask the running
// server for its table.
func checkRoutes(h *house) (findings []string) {
	for _, s := range h.code {
		if s.within("bench", "drill") {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch {
			case sel.Sel.Name == "HandleFunc" && !s.test && !s.within("internal/base/web", "internal/testkit"):
				findings = append(findings, h.at(call.Pos(), "HandleFunc knows no policy"))
			case sel.Sel.Name == "Handle" && len(call.Args) == 4 && noPolicy(call.Args[2]):
				findings = append(findings, h.at(call.Args[2].Pos(), "a route without a policy"))
			}
			return true
		})
	}
	return findings
}

func noPolicy(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "nil"
	case *ast.CompositeLit:
		return len(x.Elts) == 0
	}
	return false
}
