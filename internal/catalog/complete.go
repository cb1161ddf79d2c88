package catalog

import (
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// Facts are what the engine knows of a case besides its values. A zero day, word or address is unknown.
type Facts struct {
	Today    clock.Date
	Received clock.Date // the day on which the applicant handed in the last page
	Complete clock.Date // the day since when nothing is missing
	Decided  clock.Date
	Outcome  string
	Reason   string // what a person weighed, in their own words

	Channel   string // app, portal, counter, phone, letter, kiosk, single_point
	Applicant Applicant
	Authority Office
	Calendar  authority.Calendar
	Pauses    []authority.Pause // when a question to the applicant was open, up to today
}

// Applicant is what is known of the person who applies.
type Applicant struct {
	FamilyName, GivenNames string
	BirthDate              clock.Date
	Home                   Address
	Company, CompanyNumber string
	OpenCases              int    // of the same service, handed in and not closed, this one not counted
	Remarks                string // what they wrote under "What else should we know?" (§ 24 Abs. 1 Satz 3 VwVfG)
	Insists                bool   // hand it in nevertheless (§ 24 Abs. 3 VwVfG)
	WantsPerson            bool   // a person shall decide
}

// Office is the authority that deals with the case.
type Office struct{ Name, Town string }

// Complete returns the values of a case with everything that follows from them: defaults (from), values whose condition
// does not hold taken out, deadlines, terms and tables, and the facts under the names that expressions know. env is not
// changed. Findings, Decide, Notices and the others take what Complete returned.
func (e *Edition) Complete(env Env, f Facts) Env {
	out := make(Env, len(e.names))
	for name := range e.members {
		if v := env[name]; v != nil {
			out[name] = v
		}
	}
	f.into(out)
	deadlines := map[string]any{}
	out["deadline"] = deadlines
	for _, g := range e.given {
		switch {
		case g.deadline != nil:
			if from, ok := g.deadline.from.run(out); ok {
				deadlines[g.deadline.Name] = f.end(*g.deadline, from.(clock.Date))
			}
		case g.table != nil:
			set(out, g.name, e.lookUp(g.table, out))
		case g.term != nil:
			v, _ := g.term.run(out)
			set(out, g.name, v)
		default:
			g.settle(out)
		}
	}
	return out
}

// end is the last day of a deadline; questions to the applicant move it where it pauses for them.
func (f Facts) end(d Deadline, from clock.Date) clock.Date {
	if d.Pauses {
		return f.Calendar.End(from, d.Within, f.Pauses...)
	}
	return f.Calendar.End(from, d.Within)
}

// settle gives a value its default, or takes it out if its condition does not hold. Where the condition is unknown the
// value stays.
func (g given) settle(out Env) {
	for _, path := range g.from {
		if out[g.name] == nil {
			set(out, g.name, out.At(path))
		}
	}
	if holds, known := g.when.run(out); known && holds == false {
		delete(out, g.name)
	}
}

func set(env map[string]any, name string, v any) {
	if v != nil {
		env[name] = v
	}
}

// lookUp is a table's value; nil is unknown.
func (e *Edition) lookUp(t *tableValue, env Env) any {
	in := make([]probe, len(t.inputs))
	for i, x := range t.inputs {
		v, ok := x.run(env)
		if !ok {
			return nil
		}
		in[i] = probeOf(v)
	}
	hits := t.table.hits(in)
	if e.reached != nil {
		for _, r := range hits {
			e.reached[t.table.name][r] = true
		}
	}
	return t.table.result(hits)
}

func (f Facts) into(env Env) {
	for name, day := range map[string]clock.Date{"today": f.Today, "received": f.Received, "complete": f.Complete, "decided": f.Decided} {
		if !day.IsZero() {
			env[name] = day
		}
	}
	for name, word := range map[string]string{"outcome": f.Outcome, "reason": f.Reason, "channel": f.Channel} {
		if word != "" {
			env[name] = word
		}
	}
	env["applicant"] = f.Applicant.group()
	env["authority"] = words(map[string]string{"name": f.Authority.Name, "town": f.Authority.Town})
}

func (a Applicant) group() map[string]any {
	g := words(map[string]string{"family_name": a.FamilyName, "given_names": a.GivenNames, "remarks": strings.TrimSpace(a.Remarks)})
	g["open_cases"], g["insists"], g["wants_person"] = a.OpenCases, a.Insists, a.WantsPerson
	if !a.BirthDate.IsZero() {
		g["birth_date"] = a.BirthDate
	}
	if a.Home != nil {
		g["home"] = a.Home
	}
	if company := words(map[string]string{"name": a.Company, "register_number": a.CompanyNumber}); len(company) > 0 {
		g["company"] = company
	}
	return g
}

// words is a group of those texts that are not empty.
func words(texts map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range texts {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

// Corrections names the fields whose value differs from the evidence it was taken from.
func (e *Edition) Corrections(env Env) []string {
	var out []string
	for _, f := range e.Fields {
		for _, path := range f.From {
			source := env.At(path)
			if source == nil {
				continue
			}
			if v := env[f.Name]; v != nil && !sameValue(v, source) {
				out = append(out, f.Name)
			}
			break
		}
	}
	return out
}

// With are the values by which a source finds the evidence of this case: the mark of a landlord's confirmation, the
// address for a posted code. What is unknown is missing.
func (e *Edition) With(env Env, evidence string) map[string]any {
	x, _ := e.EvidenceNamed(evidence)
	return evaluated(x.with, env)
}

func evaluated(list []write, env Env) map[string]any {
	out := map[string]any{}
	for _, w := range list {
		if v, ok := w.value.run(env); ok {
			out[w.entry] = v
		}
	}
	return out
}

// Wanted reports whether evidence is to be fetched: whether its condition holds.
func (e *Edition) Wanted(env Env, evidence string) Truth {
	x, _ := e.EvidenceNamed(evidence)
	return x.when.truth(env)
}

// Asked reports whether a field is to be asked: whether its condition holds.
func (e *Edition) Asked(env Env, field string) Truth {
	f, _ := byName(e.Fields, func(f Field) bool { return f.Name == field })
	return f.when.truth(env)
}
