package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	keyShape    = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+){2,}$`)
	quoted      = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|` + "`([^`]*)`")
	action      = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	variable    = regexp.MustCompile(`\{\{-?\s*\.([A-Za-z0-9_]+)`)
	builtKeys   = regexp.MustCompile(`locale:prefix\s+(\S+)`)
	notAnEnding = []string{"html", "json", "yaml", "md", "css", "js", "ts", "txt", "db", "sql", "head", "pem"}
)

// texts are the words of one module in one language.
type texts struct {
	path string
	keys map[string]string
	line map[string]int
}

// mention is a key, or the beginning of one, named in code or a template.
type mention struct{ where, key string }

// checkLocale: both languages have the same keys with the same variables; every key named exists, and every key that
// exists is named. Keys that are put together are declared: //locale:prefix catalog.error. (in a template:
// {{/* locale:prefix catalog.error. */}}).
func checkLocale(h *house) (findings []string) {
	all, de, findings := h.texts()
	keys, prefixes := h.mentions(slices.Collect(maps.Keys(de)))
	known := map[string]bool{}
	for _, t := range all {
		for key := range t.keys {
			known[key] = true
		}
	}
	used := map[string]bool{}
	declared := func(key string) bool {
		return slices.ContainsFunc(prefixes, func(p mention) bool { return strings.HasPrefix(key, p.key) })
	}
	for _, m := range keys {
		used[m.key] = true
		if !known[m.key] && !declared(m.key) {
			findings = append(findings, fmt.Sprintf("%s: the text %s is missing", m.where, m.key))
		}
	}
	for _, t := range de {
		for key, line := range t.line {
			if !used[key] && !declared(key) {
				findings = append(findings, fmt.Sprintf("%s:%d: nobody uses the text %s", t.path, line, key))
			}
		}
	}
	for _, p := range prefixes {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(known)), func(k string) bool { return strings.HasPrefix(k, p.key) }) {
			findings = append(findings, fmt.Sprintf("%s: no text begins with %s", p.where, p.key))
		}
	}
	return findings
}

// texts reads the locale folders: all files, and the German one of each module; and compares the two languages.
func (h *house) texts() (all []texts, german map[string]texts, findings []string) {
	german, english := map[string]texts{}, map[string]texts{}
	for _, s := range h.text {
		if path.Base(s.folder) != "locale" || path.Ext(s.name) != ".json" {
			continue
		}
		owner := path.Base(path.Dir(s.folder))
		t, wrong := readTexts(s, owner)
		findings = append(findings, wrong...)
		all = append(all, t)
		switch s.name {
		case "de.json":
			german[owner] = t
		case "en.json":
			english[owner] = t
		default:
			findings = append(findings, s.path+":1: texts are in de.json and en.json")
		}
	}
	for owner, de := range german {
		findings = append(findings, compare(de, english[owner])...)
	}
	for owner, en := range english {
		if _, ok := german[owner]; !ok {
			findings = append(findings, en.path+":1: German comes first: de.json is missing")
		}
	}
	return all, german, findings
}

// compare finds what one language has and the other has not.
func compare(de, en texts) (findings []string) {
	for key, text := range de.keys {
		other, ok := en.keys[key]
		if !ok {
			findings = append(findings, fmt.Sprintf("%s:%d: %s has no English text", de.path, de.line[key], key))
			continue
		}
		if a, b := variables(text), variables(other); !slices.Equal(a, b) {
			findings = append(findings, fmt.Sprintf("%s:%d: %s has the variables %v, in English %v", de.path, de.line[key], key, a, b))
		}
	}
	for key := range en.keys {
		if _, ok := de.keys[key]; !ok {
			findings = append(findings, fmt.Sprintf("%s:%d: %s has no German text", en.path, en.line[key], key))
		}
	}
	return findings
}

// readTexts reads one file token by token, so that a key given twice is seen.
func readTexts(s source, owner string) (texts, []string) {
	t := texts{path: s.path, keys: map[string]string{}, line: map[string]int{}}
	var findings []string
	d := json.NewDecoder(bytes.NewReader(s.body))
	if _, err := d.Token(); err != nil {
		return t, []string{fmt.Sprintf("%s:1: %v", s.path, err)}
	}
	for d.More() {
		name, err := d.Token()
		key, ok := name.(string)
		line := lineOf(s.body, int(d.InputOffset()))
		var text string
		if err == nil {
			text, err = decodeText(d)
		}
		switch {
		case err != nil || !ok:
			return t, append(findings, fmt.Sprintf("%s:%d: not key and text: %v", s.path, line, err))
		case t.line[key] != 0:
			findings = append(findings, fmt.Sprintf("%s:%d: %s is there twice", s.path, line, key))
		case !keyShape.MatchString(key) || !strings.HasPrefix(key, owner+"."):
			findings = append(findings, fmt.Sprintf("%s:%d: %s is not of the form %s.page.text", s.path, line, key, owner))
		case strings.TrimSpace(text) == "":
			findings = append(findings, fmt.Sprintf("%s:%d: %s says nothing", s.path, line, key))
		}
		t.keys[key], t.line[key] = text, line
	}
	return t, findings
}

// decodeText reads a text, or its forms for one and for many, which are then compared together.
func decodeText(d *json.Decoder) (string, error) {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return "", err
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var forms struct{ One, Other string }
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&forms); err != nil {
		return "", err
	}
	if forms.One == "" || forms.Other == "" {
		return "", errors.New("a text has the forms one and other")
	}
	return forms.One + forms.Other, nil
}

func variables(text string) (names []string) {
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// mentions collects the keys named in code and templates, and the declared beginnings. What begins like a key of a
// module with texts is taken for one, unless it ends like a file name.
func (h *house) mentions(owners []string) (keys, prefixes []mention) {
	add := func(where, value string) {
		owner, _, _ := strings.Cut(value, ".")
		if keyShape.MatchString(value) && slices.Contains(owners, owner) &&
			!slices.Contains(notAnEnding, value[strings.LastIndex(value, ".")+1:]) {
			keys = append(keys, mention{where, value})
		}
	}
	for _, s := range h.code {
		if s.within("internal/arch") {
			continue
		}
		for _, group := range s.tree.Comments {
			for _, c := range group.List {
				if m := builtKeys.FindStringSubmatch(c.Text); m != nil && strings.HasPrefix(c.Text, "//locale:") {
					prefixes = append(prefixes, mention{strings.TrimSuffix(h.at(c.Pos(), ""), ": "), m[1]})
				}
			}
		}
		if !s.test {
			s.literals(func(pos token.Pos, value string) { add(strings.TrimSuffix(h.at(pos, ""), ": "), value) })
		}
	}
	for _, s := range h.text {
		if path.Ext(s.name) != ".html" {
			continue
		}
		for _, span := range action.FindAllIndex(s.body, -1) {
			where := fmt.Sprintf("%s:%d", s.path, lineOf(s.body, span[0]))
			inside := string(s.body[span[0]:span[1]])
			if m := builtKeys.FindStringSubmatch(inside); m != nil {
				prefixes = append(prefixes, mention{where, m[1]})
			}
			for _, m := range quoted.FindAllStringSubmatch(inside, -1) {
				add(where, m[1]+m[2])
			}
		}
	}
	return keys, prefixes
}
