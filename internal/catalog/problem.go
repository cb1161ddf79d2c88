package catalog

import (
	"cmp"
	"fmt"
	"slices"
)

// Problem is one thing found in a definition: where, what is wrong and, if it can be said, what to do. A warning does
// not stop a publication.
type Problem struct {
	File      string
	Line, Col int
	Msg, Help string
	Warning   bool
}

// String writes "file:line:col: message" and, indented on a second line, the help.
func (p Problem) String() string {
	mark := ""
	if p.Warning {
		mark = "warning: "
	}
	s := fmt.Sprintf("%s:%d:%d: %s%s", p.File, p.Line, p.Col, mark, p.Msg)
	if p.Help != "" {
		s += "\n    " + p.Help
	}
	return s
}

// problem is a finding at a node.
func problem(n *node, msg, help string) Problem {
	return Problem{File: n.file, Line: n.line, Col: n.col, Msg: msg, Help: help}
}

// errorsOf counts what stops a publication.
func errorsOf(problems []Problem) int {
	n := 0
	for _, p := range problems {
		if !p.Warning {
			n++
		}
	}
	return n
}

// sorted puts problems in the order of the file and drops what was said twice.
func sorted(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.Compact(problems)
}

func quote(s string) string { return `"` + s + `"` }

// similar names the candidate that a misspelt word most likely meant, or nothing.
func similar(word string, from []string) string {
	if len(word) > 80 {
		return ""
	}
	from = slices.Sorted(slices.Values(from))
	best, at := "", len(word)/3+2
	for _, f := range from {
		if d := distance(word, f); d < at {
			best, at = f, d
		}
	}
	return best
}

// meant is the help for a misspelt word.
func meant(word string, from []string) string {
	if s := similar(word, from); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return ""
}

// distance is Levenshtein's: how many letters must change to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(above+1, row[j-1]+1, diagonal+change)
			diagonal = above
		}
	}
	return row[len(b)]
}
