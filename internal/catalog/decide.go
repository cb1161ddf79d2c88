package catalog

import "github.com/amtsweg/amtsweg/internal/base/clock"

// Hand is who decides.
type Hand string

// Who decides: a machine, a person, the law by silence, or nobody because the form must be corrected first.
const (
	ByMachine Hand = "machine"
	ByPerson  Hand = "person"
	BySilence Hand = "law"
	ByNobody  Hand = "nobody"
)

// Ground is one reason why a person decides, or nobody. Check names the check if Code is GroundCheck. Texts:
// "catalog.ground." and the code.
type Ground struct {
	Code  string
	Check string
}

// The grounds.
const (
	GroundCheck       = "check"        // a check asks for it
	GroundStopped     = "stopped"      // a check shows its message at the form
	GroundInsists     = "insists"      // handed in nevertheless (§ 24 Abs. 3 VwVfG)
	GroundRemarks     = "remarks"      // something is special (§ 24 Abs. 1 Satz 3 VwVfG)
	GroundWantsPerson = "wants_person" // asked for
	GroundMode        = "mode"         // the definition leaves it to a person
	GroundNoLaw       = "no_law"       // no real law permits a machine here (§ 35a VwVfG)
	GroundNoOutcome   = "no_outcome"   // no outcome's condition holds for certain
	GroundMissing     = "missing"      // something that was asked has no answer
	GroundHearing     = "hearing"      // the person is heard before this burden (§ 28 Abs. 1 VwVfG)
)

// Proposal is how a case would be decided, by whom, and why not by a machine. Outcome is empty if none can be proposed.
type Proposal struct {
	Outcome string
	By      Hand
	Why     []Ground
}

// Decide says how the case would be decided. live is true in a database with real people: there, a permission that is
// marked as an example permits nothing, and the same edition runs as proposed (§ 35a VwVfG).
//
// A machine decides only if no check asks a person, an outcome's condition holds for certain, and the applicant has
// neither asked for a person nor written that something is special, nothing that was asked is missing, and nobody must be
// heard first. A stop leaves the form to be corrected, unless the applicant insists; then a person decides.
func (e *Edition) Decide(env Env, findings []Finding, live bool) Proposal {
	p := Proposal{By: ByMachine}
	stopped := false
	for _, f := range findings {
		switch f.Severity {
		case Stop:
			stopped = true
			p.ask(Ground{GroundStopped, f.Check})
		case Person:
			p.ask(Ground{GroundCheck, f.Check})
		}
	}
	insists := env.At("applicant.insists") == true
	if stopped && !insists {
		p.By = ByNobody
		return p
	}
	if stopped {
		p.ask(Ground{Code: GroundInsists})
	}
	if env.At("applicant.wants_person") == true {
		p.ask(Ground{Code: GroundWantsPerson})
	}
	if env.At("applicant.remarks") != nil {
		p.ask(Ground{Code: GroundRemarks})
	}
	switch d := e.Decision; {
	case d.Mode != Automatic:
		p.ask(Ground{Code: GroundMode})
	case live && (d.Example || e.Example):
		p.ask(Ground{Code: GroundNoLaw})
	}
	if e.Missing(env) != nil {
		p.ask(Ground{Code: GroundMissing})
	}
	if p.Outcome = e.outcome(env); p.Outcome == "" {
		p.ask(Ground{Code: GroundNoOutcome})
	}
	if o, ok := e.OutcomeNamed(p.Outcome); ok && o.NeedsHearing() {
		p.ask(Ground{Code: GroundHearing})
	}
	return p
}

// NeedsHearing reports whether the person is heard before this outcome is decided: it is a burden, and the definition
// names no law that dispenses with the hearing (§ 28 VwVfG).
func (o Outcome) NeedsHearing() bool { return o.Burden && !o.Hearing.IsZero() }

// Missing are the fields that the stages before the decision ask and that have no value, though they must have one.
func (e *Edition) Missing(env Env) []string {
	var out []string
	for _, s := range e.Stages {
		if s.Decide {
			break
		}
		if s.when.truth(env) != Yes {
			continue
		}
		for _, name := range s.Fills {
			f, _ := byName(e.Fields, func(f Field) bool { return f.Name == name })
			if env[name] == nil && !f.Optional && f.when.truth(env) == Yes {
				out = append(out, name)
			}
		}
	}
	return out
}

// ask gives the case to a person and keeps the ground.
func (p *Proposal) ask(g Ground) {
	p.By = ByPerson
	p.Why = append(p.Why, g)
}

// outcome is the first outcome whose condition holds; an unknown condition before it leaves all open.
func (e *Edition) outcome(env Env) string {
	for _, o := range e.Decision.Outcomes {
		if o.when == nil {
			continue
		}
		switch o.when.truth(env) {
		case Yes:
			return o.Name
		case Unknown:
			return ""
		}
	}
	return ""
}

// Deemed is the outcome that silence stands for on a day (§ 42a VwVfG), and the deadline that has passed; false if none.
func (e *Edition) Deemed(env Env, on clock.Date) (outcome, deadline string, ok bool) {
	for _, d := range e.Deadlines {
		if end, known := env.At(deadlineName + d.Name).(clock.Date); known && d.Deemed != "" && end.Before(on) {
			return d.Deemed, d.Name, true
		}
	}
	return "", "", false
}

// Due is what the case costs; false if that cannot be said yet. Through app or portal only the online share is due.
func (e *Edition) Due(env Env) (Money, bool) {
	if e.Fee.amount == nil {
		return Money{}, true
	}
	v, known := e.Fee.amount.run(env)
	amount, ok := v.(Money)
	if !known || !ok {
		return Money{}, false
	}
	if channel := env["channel"]; e.Fee.Online > 0 && (channel == "app" || channel == "portal") {
		amount = amount.Share(e.Fee.Online)
	}
	return amount, true
}
