package catalog

import (
	"strings"
)

// LetterDue is one letter for one person, its texts filled in.
type LetterDue struct {
	Key, Title, Kind, Law string
	Source                string // the person it is about: "prefilled" or "family"; empty without each
	Index                 int
	Values                map[string]any // the person's row
	Shows                 []Shown        // of a certificate exactly these, in this order
	Orders, Conditions    string
	Reasons, Text         string
	WithoutReasons        string // the law by which it needs no reasons
	Served                string // the law that asks for formal service
	Example               bool
}

// Shown is one value of a letter, labelled and printed in the reader's language. An unknown value is printed as a dash.
type Shown struct {
	Path, Label, Printed string
	Value                any
	Sheets               []string
}

// Letters are the letters that a completed case calls for, in a language: the one that belongs to its outcome, and those
// whose own condition holds. by is who decided: silence (BySilence) issues no letter but those available on request
// (LettersOnRequest). open names the letters for which it cannot be said; they wait for a person.
func (e *Edition) Letters(env Env, lang string, by Hand) (due []LetterDue, open []string) {
	outcome, _ := env["outcome"].(string)
	o, decided := e.OutcomeNamed(outcome)
	for _, l := range e.LetterRules {
		belongs := decided && by != BySilence && o.Letter == l.Name
		if !belongs && l.when == nil {
			continue
		}
		list, unknown := e.lettersOf(env, lang, l, belongs)
		due = append(due, list...)
		if unknown {
			open = append(open, l.Name)
		}
	}
	return due, open
}

// LettersOnRequest are the letters that the applicant may ask for: after an outcome by silence the confirmation of
// § 42a Abs. 3 VwVfG, otherwise those of the outcome.
func (e *Edition) LettersOnRequest(env Env, lang string, by Hand) []LetterDue {
	event, _ := env["outcome"].(string)
	if by == BySilence {
		event = "deemed"
	}
	var out []LetterDue
	for _, l := range e.LetterRules {
		if l.OnRequest != "" && l.OnRequest == event {
			list, _ := e.lettersOf(env, lang, l, true)
			out = append(out, list...)
		}
	}
	return out
}

// lettersOf writes one letter for each of its persons; anyway leaves its condition out of account.
func (e *Edition) lettersOf(env Env, lang string, l Letter, anyway bool) (due []LetterDue, unknown bool) {
	when := l.when
	if anyway {
		when = nil
	}
	rows, unknown := e.rowsWhere(env, l.Each, when)
	for _, r := range rows {
		text := func(part string) string { return e.filled(env, lang, l, part) }
		due = append(due, LetterDue{
			Key: l.Name, Title: e.Text(lang, "letters."+l.Name+".title"), Kind: l.Kind, Law: l.Law, Source: r.Source, Index: r.Index, Values: r.Values,
			Shows: e.shows(env, lang, l, r), Orders: text("orders"), Conditions: text("conditions"), Reasons: text("reasons"), Text: text("text"),
			WithoutReasons: l.WithoutReasons, Served: l.Served, Example: l.Example,
		})
	}
	return due, unknown
}

func (e *Edition) shows(env Env, lang string, l Letter, r Row) []Shown {
	out := make([]Shown, 0, len(l.Shows))
	for _, path := range l.Shows {
		v, m := e.valueAt(env, l.Each, r, path)
		left, sheets, _ := cut(v, m, e.sheetsAllowed(l.Law, m))
		if m == nil {
			sheets = e.termSheets(path)
		}
		out = append(out, Shown{strings.TrimPrefix(path, "."), e.label(lang, path, m), e.print(lang, left, m), left, sortedSheets(sheets)})
	}
	return out
}

// termSheets are the sheets that a term says it is.
func (e *Edition) termSheets(name string) map[string]bool {
	t, _ := byName(e.Terms, func(t Term) bool { return t.Name == name })
	if list, ok := strings.CutPrefix(t.Code, "DSMeld "); ok {
		return sheetSet(list)
	}
	return nil
}

// filled is a text of a letter with its placeholders printed; what is unknown is left out.
func (e *Edition) filled(env Env, lang string, l Letter, part string) string {
	path := "letters." + l.Name + "." + part
	text := e.Text(lang, path)
	if text == path {
		return ""
	}
	for _, p := range l.placeholders[part] {
		printed := ""
		if v, known := p.expr.run(env); known {
			printed = e.print(lang, v, e.memberOf(p.expr))
		}
		text = strings.ReplaceAll(text, p.written, printed)
	}
	return text
}

// memberOf is the declared value that an expression stands for, or nil.
func (e *Edition) memberOf(x *expression) *member {
	if x.path == "" {
		return nil
	}
	return e.memberAt(x.path, nil)
}
