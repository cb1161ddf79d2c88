package catalog

import "slices"

// Finding is a check that did not pass. Severity is what the check asks for; where Unknown, a value is missing and a
// person is asked instead. Say is for the applicant and the file, Guide for the clerk, both German; Edition.Text has
// the other languages at "checks.NAME.say" and ".guide".
type Finding struct {
	Check           string
	Severity        Severity
	Say, Guide, Law string
	Unknown         bool
}

// Findings runs the checks of a stage, or all checks if stage is empty. A check that lacks a value never passes and
// never refuses: stop and person become a Person's matter, warn is silent.
func (e *Edition) Findings(env Env, stage string) []Finding {
	var names []string
	if stage != "" {
		s, _ := e.StageNamed(stage)
		names = s.Check
	}
	var out []Finding
	for _, c := range e.Checks {
		if stage != "" && !slices.Contains(names, c.Name) {
			continue
		}
		switch c.that.truth(env) {
		case No:
			out = append(out, c.finding(c.Else, false))
		case Unknown:
			if c.Else != Warn {
				out = append(out, c.finding(Person, true))
			}
		}
	}
	return out
}

// FindingsKnown runs the checks for which all is at hand once a stage's work is done, so that its page can show an error
// at the field. A check that rests on what a later stage asks or fetches, or on a value that is unknown, says nothing
// yet. An empty stage stands for the end of the way.
func (e *Edition) FindingsKnown(env Env, stage string) []Finding {
	last := len(e.Stages) - 1
	if i := slices.IndexFunc(e.Stages, func(s Stage) bool { return s.Name == stage }); i >= 0 {
		last = i
	}
	var out []Finding
	for _, c := range e.Checks {
		if c.ready <= last && c.that.truth(env) == No {
			out = append(out, c.finding(c.Else, false))
		}
	}
	return out
}

func (c CheckRule) finding(severity Severity, unknown bool) Finding {
	return Finding{Check: c.Name, Severity: severity, Say: c.Say, Guide: c.Guide, Law: c.Law, Unknown: unknown}
}

// FieldsOf are the fields of the form that a check speaks of, so that a page can show its finding beside them.
func (e *Edition) FieldsOf(check string) []string {
	c, _ := e.CheckNamed(check)
	return e.fieldsIn(c.that)
}

// fieldsIn are the fields of the form that an expression speaks of; none has none.
func (e *Edition) fieldsIn(x *expression) []string {
	if x == nil {
		return nil
	}
	var out []string
	for _, u := range x.uses {
		name := firstOf(u.path)
		if _, isField := byName(e.Fields, func(f Field) bool { return f.Name == name }); isField && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// ConditionOf are the fields of the form on which it depends whether another one is asked.
func (e *Edition) ConditionOf(field string) []string {
	f, _ := byName(e.Fields, func(f Field) bool { return f.Name == field })
	out := e.fieldsIn(f.when)
	for _, other := range e.Fields {
		if f.when != nil && f.when.asked[other.Name] && !slices.Contains(out, other.Name) { // known(other)
			out = append(out, other.Name)
		}
	}
	return out
}
