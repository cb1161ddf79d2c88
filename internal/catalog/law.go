package catalog

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed laws.txt
var lawsText string

//go:embed law-fields.txt
var lawFieldsText string

// laws maps an act to the sections that this installation knows.
type laws map[string]map[string]bool

// shippedLaws are the laws in laws.txt: one act a line, "BMG: 1 2 3 3a …".
var shippedLaws = sync.OnceValue(func() laws {
	out := laws{}
	for act, sections := range tableLines(lawsText) {
		out[act] = map[string]bool{}
		for _, s := range strings.Fields(sections) {
			out[act][s] = true
		}
	}
	return out
})

// tableLines yields "key: value" for every line that is no comment.
func tableLines(text string) func(yield func(key, value string) bool) {
	return func(yield func(string, string) bool) {
		for line := range strings.Lines(text) {
			key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			if ok && !strings.HasPrefix(line, "#") && !yield(key, value) {
				return
			}
		}
	}
}

var citation = regexp.MustCompile(`^(?:§|Art\.|Nr\.) (\d+[a-z]*)((?: (?:Abs\.|Satz|Nr\.|Buchst\.) \w+)*) (.+)$`)

// wrong says what is wrong with a citation and what to do, or nothing; own are the by-laws of the definition.
func (l laws) wrong(cite string, own []string) (msg, help string) {
	m := citation.FindStringSubmatch(cite)
	if m == nil {
		return "", "" // its form is the schema's matter
	}
	section, act := m[1], m[3]
	if slices.Contains(own, act) {
		return "", ""
	}
	known, ok := l[act]
	if !ok {
		acts := append(slices.Collect(maps.Keys(l)), own...)
		if help = meant(act, acts); help == "" {
			help = "name a local by-law under bylaws, or mark an invented one with example: true"
		}
		return "unknown law " + quote(act), help
	}
	if !known[section] {
		return act + " has no section " + section, ""
	}
	return "", ""
}

// citing are the keys whose value is a law.
var citing = map[string]bool{
	"law": true, "permitted_by": true, "unless_blocked": true, "never_asked": true, "without_reasons": true, "none": true,
	"hearing": true, "served": true, "in_person": true,
}

// sheetList is what a law names, in sheets of the DSMeld; exact means all of them and nothing else.
type sheetList struct {
	exact bool
	names map[string]bool
}

// shippedSheets are the lists in law-fields.txt by their law.
var shippedSheets = sync.OnceValue(func() map[string]sheetList {
	out := map[string]sheetList{}
	for law, list := range tableLines(lawFieldsText) {
		out[law[2:]] = sheetList{exact: law[0] == '=', names: sheetSet(list)}
	}
	return out
})

// sheetSet expands "0101a-0105a 0201a". A letter at the end of a range belongs to its last sheet, and to the others if
// its first sheet has it too.
func sheetSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, f := range strings.Fields(list) {
		from, to, ranged := strings.Cut(f, "-")
		if !ranged {
			out[f] = true
			continue
		}
		a, letter := sheetNumber(from)
		b, _ := sheetNumber(to)
		for i := a; i <= b && i < a+1000; i++ {
			out[fmt.Sprintf("%04d%s", i, letter)] = true
		}
		out[to] = true
	}
	return out
}

// sheetNumber takes "0105a" apart.
func sheetNumber(s string) (number int, letter string) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	number, _ = strconv.Atoi(digits) // the schema and our own table allow digits only
	return number, s[len(digits):]
}

// sheetsOf are the sheets of a field's own number, or those of its parts; none if it has no number of the DSMeld.
func sheetsOf(n *node) map[string]bool {
	out := map[string]bool{}
	if list, ok := strings.CutPrefix(n.at("number").str(), "DSMeld "); ok {
		out = sheetSet(list)
	}
	for _, k := range n.at("fields").names() {
		maps.Copy(out, sheetsOf(n.at("fields", k)))
	}
	return out
}

func sortedSheets(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
