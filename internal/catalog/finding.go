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

// FindingsKnown runs every check whose values are all known already, so that a page shows an error at the field.
func (e *Edition) FindingsKnown(env Env) []Finding {
	var out []Finding
	for _, c := range e.Checks {
		if c.that.truth(env) == No {
			out = append(out, c.finding(c.Else, false))
		}
	}
	return out
}

func (c CheckRule) finding(severity Severity, unknown bool) Finding {
	return Finding{Check: c.Name, Severity: severity, Say: c.Say, Guide: c.Guide, Law: c.Law, Unknown: unknown}
}

// Fields are the fields of the form that a check speaks of, so that a page can show its finding beside them.
func (e *Edition) FieldsOf(check string) []string {
	c, _ := e.CheckNamed(check)
	if c.that == nil {
		return nil
	}
	var out []string
	for _, u := range c.that.uses {
		name := firstOf(u.path)
		if _, isField := byName(e.Fields, func(f Field) bool { return f.Name == name }); isField && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
