package arch

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

// checkDocs wants one package comment per package: in doc.go, or in a program's own file, or in a package's only one.
func checkDocs(h *house) (findings []string) {
	type seen struct {
		name  string
		count int
	}
	files := map[string]int{}
	for _, s := range h.code {
		if !s.test {
			files[s.folder]++
		}
	}
	packages := map[string]*seen{}
	var order []string
	for _, s := range h.code {
		if s.test {
			continue
		}
		p := packages[s.folder]
		if p == nil {
			p = &seen{name: s.tree.Name.Name}
			packages[s.folder] = p
			order = append(order, s.folder)
		}
		if s.tree.Doc == nil {
			continue
		}
		p.count++
		if p.name == "main" {
			continue
		}
		if s.name != "doc.go" && files[s.folder] > 1 {
			findings = append(findings, h.at(s.tree.Package, "the package comment belongs into doc.go"))
		} else if !strings.HasPrefix(s.tree.Doc.Text(), "Package "+p.name+" ") {
			findings = append(findings, h.at(s.tree.Package, "the comment must begin with \"Package %s \"", p.name))
		}
	}
	for _, folder := range order {
		if n := packages[folder].count; n != 1 {
			findings = append(findings, fmt.Sprintf("%s:1: %d package comments, want one", folder, n))
		}
	}
	return findings
}

const longest = 600

func checkLength(h *house) (findings []string) {
	for _, s := range slices.Concat(h.code, h.text) {
		switch path.Ext(s.name) {
		case ".go", ".ts", ".mjs", ".html":
			if n := bytes.Count(s.body, []byte("\n")); n > longest {
				findings = append(findings, fmt.Sprintf("%s:%d: %d lines, at most %d", s.path, longest+1, n, longest))
			}
		}
	}
	return findings
}

// nothingSaid are package names that say nothing about what is inside.
var nothingSaid = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "misc", "shared", "lib"}

func checkNames(h *house) (findings []string) {
	for _, s := range h.code {
		if slices.Contains(nothingSaid, strings.TrimSuffix(s.tree.Name.Name, "_test")) {
			findings = append(findings, h.at(s.tree.Name.Pos(), "the package name %s says nothing", s.tree.Name.Name))
		}
	}
	return findings
}
