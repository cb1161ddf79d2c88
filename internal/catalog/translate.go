package catalog

import (
	"fmt"
	"strings"
)

// textKeys are the keys whose value a person reads.
var textKeys = map[string]bool{
	"title": true, "summary": true, "label": true, "hint": true, "one": true, "say": true, "purpose": true,
	"because": true, "orders": true, "reasons": true, "conditions": true, "text": true, "guide": true,
}

// textsOf lists every text that a person reads by its path: for translations and for Edition.Text.
func textsOf(n *node, path string, out map[string]*node) {
	for _, k := range n.names() {
		v, p := n.vals[k], strings.TrimPrefix(path+"."+k, ".")
		switch {
		case k == "samples" || k == "tests" || k == "migrate" || k == "bylaws":
		case textKeys[k] && v.kind == scalar:
			out[p] = v
		case k == "given" && v.kind == mapping: // headings of a table
			for _, c := range v.names() {
				out[p+"."+c] = v.key(c)
			}
		case (k == "choice" || k == "units") && v.kind == mapping:
			for _, c := range v.names() {
				out[p+"."+c] = v.vals[c]
			}
		default:
			textsOf(v, p, out)
		}
	}
}

// translatable leaves out texts that are nothing but a placeholder.
func translatable(n *node) bool { return braces.ReplaceAllString(n.str(), "") != "" }

// english reads the English texts that belong to a definition and compares them with it. A text that is missing is a
// warning; one that the definition does not have, or that lost a placeholder, is an error. own is the file as written:
// an overlay translates only what it says itself, on top of its base's English texts.
func (d *draft) english(own *node) (*node, []byte) {
	beside := strings.TrimSuffix(own.file, ".yaml") + ".en.yaml"
	en, data := d.englishFile(beside)
	if en == nil {
		d.warn(own, "no English texts beside it", beside)
	}
	all := map[string]*node{}
	textsOf(d.root, "", all)
	if en != nil {
		for _, path := range en.names() {
			d.compareText(en, path, all[path])
		}
		for _, path := range sortedKeys(all) {
			if all[path].file == own.file && translatable(all[path]) && !en.at(path).ok() {
				d.warn(all[path], "no English text for "+path, "")
			}
		}
	}
	if !own.at("overlay").ok() {
		return en, data
	}
	base, baseData := d.englishFile(own.at("overlay").str() + ".en.yaml")
	return over(base, en), append(baseData, data...)
}

// englishFile reads a file of English texts, or nothing if there is none that can be read.
func (d *draft) englishFile(name string) (*node, []byte) {
	p, ok := d.parts.find("texts", name)
	if !ok {
		return nil, nil
	}
	en, data, problems := read(d.parts.fsys, p)
	if len(problems) > 0 {
		d.problems = append(d.problems, problems...)
		return nil, nil
	}
	return en, data
}

// over is a file of texts with those of another one on top.
func over(base, top *node) *node {
	if base == nil || top == nil {
		if base == nil {
			return top
		}
		return base
	}
	out := base.clone()
	for _, k := range top.names() {
		out.put(top.key(k), top.vals[k])
	}
	return out
}

func (d *draft) compareText(en *node, path string, german *node) {
	if german == nil {
		d.bad(en.key(path), 0, path+" is not a text of the definition", "")
		return
	}
	text := en.vals[path]
	if text.kind != scalar || text.str() == "" {
		d.bad(en.key(path), 0, path+" has no text", "")
	}
	for _, placeholder := range braces.FindAllString(german.str(), -1) {
		if !strings.Contains(text.str(), placeholder) {
			d.bad(text, 0, fmt.Sprintf("the English text lacks %s", placeholder), "")
		}
	}
	for _, placeholder := range braces.FindAllString(text.str(), -1) {
		if !strings.Contains(german.str(), placeholder) {
			d.bad(text, 0, fmt.Sprintf("the German text has no %s", placeholder), "")
		}
	}
}
