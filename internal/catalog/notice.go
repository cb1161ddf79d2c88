package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
)

// Recipient is who a notice goes to; exactly one of Authority, Unit, Community and Register is set.
type Recipient struct {
	Authority string  // key of an authority
	Unit      string  // of the own authority
	Community string  // sign of a religious community, "rk"
	Register  string  // kept by whoever is responsible for the address At
	At        Address // nil without a register
}

// NoticeDue is one notice to one recipient, with the values that its law names and nothing else.
type NoticeDue struct {
	Key       string // of the notice in the definition
	To        Recipient
	Law       string
	Consent   string
	Example   bool // its law is made up
	Persons   []NoticePerson
	Sheets    []string         // DSMeld sheets that are sent, sorted
	Within    authority.Period // zero: at once
	Answer    authority.Period // zero: none is awaited
	AnswerLaw string
}

// NoticePerson is what a notice says about one person. Row says which person of the case it is; only Values is sent.
type NoticePerson struct {
	Source string
	Index  int
	Values []Sent
}

// Sent is one value of a notice. Path is as the definition writes it, without the leading dot; Label is German.
type Sent struct {
	Path   string
	Label  string
	Value  any
	Sheets []string
}

// Notices are the notices that a completed case calls for, one per recipient, in the order of the definition. Of each
// value only the parts go out whose sheets the notice's law names; what is unknown is left out. open names the notices
// for which it cannot be said to whom, or about whom, they go: these wait for a person.
//
// Whether the stage that sends them is reached is the engine's matter (Stage.Send, Edition.When).
func (e *Edition) Notices(env Env) (due []NoticeDue, open []string) {
	for _, n := range e.NoticeRules {
		list, unknown := e.noticesOf(env, n)
		due = append(due, list...)
		if unknown {
			open = append(open, n.Name)
		}
	}
	return due, open
}

// noticesOf puts the persons of one notice together by recipient.
func (e *Edition) noticesOf(env Env, n Notice) (due []NoticeDue, unknown bool) {
	rows, unknown := e.rowsWhere(env, n.Each, n.when)
	for _, r := range rows {
		to, ok := e.recipient(env, n, r)
		if !ok {
			unknown = true
			continue
		}
		at := slices.IndexFunc(due, func(d NoticeDue) bool { return d.To.same(to) })
		if at < 0 {
			at = len(due)
			due = append(due, NoticeDue{Key: n.Name, To: to, Law: n.Law, Consent: n.Consent, Example: n.Example, Within: n.Within, Answer: n.Answer, AnswerLaw: n.AnswerLaw})
		}
		person, sheets := e.personOf(env, n, r)
		due[at].Persons = append(due[at].Persons, person)
		due[at].Sheets = merged(due[at].Sheets, sheets)
	}
	return due, unknown
}

func (a Recipient) same(b Recipient) bool {
	return a.Authority == b.Authority && a.Unit == b.Unit && a.Community == b.Community && a.Register == b.Register && a.At.same(b.At)
}

func (e *Edition) recipient(env Env, n Notice, r Row) (Recipient, bool) {
	to := n.to
	out := Recipient{Authority: to.authority, Unit: to.unit, Register: to.register}
	switch {
	case to.community != "":
		v, _ := e.valueAt(env, n.Each, r, to.community)
		sign, ok := v.(string)
		out.Community = sign
		return out, ok && sign != ""
	case to.at != nil:
		v, _ := to.at.run(env)
		at, ok := v.(Address)
		out.At = at
		return out, ok
	}
	return out, true
}

func (e *Edition) personOf(env Env, n Notice, r Row) (NoticePerson, map[string]bool) {
	p := NoticePerson{Source: r.Source, Index: r.Index}
	all := map[string]bool{}
	for _, path := range n.Sends {
		v, m := e.valueAt(env, n.Each, r, path)
		if v == nil {
			continue
		}
		left, sheets, named := cut(v, m, e.sheetsAllowed(n.Law, m))
		if !named {
			continue
		}
		maps.Copy(all, sheets)
		p.Values = append(p.Values, Sent{Path: strings.TrimPrefix(path, "."), Label: e.label("de", path, m), Value: left, Sheets: sortedSheets(sheets)})
	}
	return p, all
}

// sheetsAllowed are the sheets a law names; where it is not known sheet by sheet, all of the value's own.
func (e *Edition) sheetsAllowed(law string, m *member) map[string]bool {
	if list, known := shippedSheets()[law]; known {
		return list.names
	}
	if m == nil {
		return nil
	}
	return m.sheets
}

func merged(list []string, more map[string]bool) []string {
	for s := range more {
		list = append(list, s)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// RecordDue is one entry that the decision makes in a register of the own authority.
type RecordDue struct {
	Key, Register, Law string
	Example            bool
	Source             string // the person: "prefilled" or "family"
	Index              int
	Values             map[string]any // the person's row, to find whose entry it is
	Writes             map[string]any // what is written; what is unknown is missing
}

// Records are the entries that a completed case calls for; open names those for which it cannot be said.
func (e *Edition) Records(env Env) (due []RecordDue, open []string) {
	for _, r := range e.RecordRules {
		rows, unknown := e.rowsWhere(env, r.Each, r.when)
		for _, row := range rows {
			due = append(due, RecordDue{
				Key: r.Name, Register: r.Register, Law: r.Law, Example: r.Example, Source: row.Source, Index: row.Index,
				Values: row.Values, Writes: evaluated(r.writes, env),
			})
		}
		if unknown {
			open = append(open, r.Name)
		}
	}
	return due, open
}

// ProposalDue is another service that matters to the person now, with what it may be handed.
type ProposalDue struct {
	Service, Because, Law, After string
	HandsOn                      map[string]any
}

// Proposals are the services that a completed case proposes. A condition that is unknown proposes nothing.
func (e *Edition) Proposals(env Env) []ProposalDue {
	var out []ProposalDue
	for _, p := range e.ProposalRules {
		if p.when.truth(env) == Yes {
			out = append(out, ProposalDue{p.Service, p.Because, p.Law, p.After, evaluated(p.hands, env)})
		}
	}
	return out
}
