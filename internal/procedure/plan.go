package procedure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// plan is how far a case goes by itself, and what happens on the way. It is made of stored values only, so that the same
// event gives the same plan on any machine.
type plan struct {
	c        Case // as it will be
	env      catalog.Env
	needs    []need // evidence it waits for
	findings []catalog.Finding
	enact    []catalog.Stage // stages whose records, notices and letters happen now
	events   []Event
	until    clock.Date // the day it waits for
	ended    bool       // every stage is behind it
}

// need is evidence that a stage fetches and the case does not have yet.
type need struct {
	Key      string // stage/evidence
	Evidence catalog.Evidence
	Source   catalog.Source
	Subjects []ledger.Subject // whom it is about
}

// planner holds what a plan is made with.
type planner struct {
	ed    *catalog.Edition
	facts catalog.Facts
	now   time.Time
	live  bool // real people: a made-up permission permits nothing
}

// advance moves a copy of the case along its stages until it must wait.
func (p planner) advance(c Case) (plan, error) {
	out := plan{c: c}
	first := slices.IndexFunc(p.ed.Stages, func(s catalog.Stage) bool { return s.Name == c.Stage })
	if first < 0 {
		return plan{}, fmt.Errorf("procedure: case %s stands in stage %q, which its edition lacks", c.ID, c.Stage)
	}
	for _, st := range p.ed.Stages[first:] {
		entered := out.c.Stage == st.Name && slices.Contains(out.c.State.Entered, st.Name)
		out.c.Stage = st.Name
		env, err := p.values(out.c)
		if err != nil {
			return plan{}, err
		}
		out.env = env
		if !entered {
			switch p.ed.When(env, st.Name) {
			case catalog.No:
				continue
			case catalog.Unknown:
				return out.wait(ForClerk, "when."+st.Name), nil
			}
			out.c.State.Entered = append(out.c.State.Entered, st.Name)
		}
		if waits, err := p.stage(&out, st); waits || err != nil {
			return out, err
		}
	}
	out.ended = true
	return out, nil
}

// values are the case's values with everything that follows from them.
func (p planner) values(c Case) (catalog.Env, error) {
	env, err := p.ed.Decode(c.State.Values)
	if err != nil {
		return nil, fmt.Errorf("values of case %s: %w", c.ID, err)
	}
	return p.ed.Complete(env, p.factsOf(c)), nil
}

func (p planner) factsOf(c Case) catalog.Facts {
	f := p.facts
	f.Channel = c.Channel
	f.Received, f.Complete = f.Today, f.Today
	if !c.Received.IsZero() {
		f.Received, f.Complete = clock.DateOf(c.Received), clock.DateOf(c.Received)
	}
	if d := c.State.Decision; d != nil {
		f.Decided, f.Outcome, f.Reason = clock.DateOf(d.At), d.Outcome, d.Reason
	}
	f.Pauses = c.pauses(f.Today)
	f.Applicant.Insists, f.Applicant.WantsPerson, f.Applicant.Remarks = c.State.Insists, c.State.WantsPerson, c.State.Remarks
	return f
}

func (out plan) wait(w Wait, reason string) plan {
	out.c.Wait, out.c.Reason, out.c.Status = w, reason, Waiting
	if w == ForClerk {
		out.c.Status = AtDesk
	}
	return out
}

// stage does one stage. It reports true if the case waits in it.
func (p planner) stage(out *plan, st catalog.Stage) (bool, error) {
	switch {
	case st.Who == "applicant":
		if out.c.State.filled(st.Name) || !p.asks(out.env, st) {
			return false, nil
		}
		*out = out.wait(ForForm, "")
		return true, nil
	case !st.Machine():
		*out = out.wait(ForClerk, "work."+st.Name)
		return true, nil
	}
	for _, act := range st.Acts() {
		waits, err := p.act(out, st, act)
		if waits || err != nil {
			return waits, err
		}
	}
	return false, nil
}

// asks reports whether a form has anything to ask.
func (p planner) asks(env catalog.Env, st catalog.Stage) bool {
	return slices.ContainsFunc(st.Fills, func(f string) bool { return p.ed.Asked(env, f) != catalog.No })
}

func (p planner) act(out *plan, st catalog.Stage, act string) (bool, error) {
	switch act {
	case "until":
		return p.until(out, st), nil
	case "fetch":
		return p.fetch(out, st)
	case "check":
		return p.check(out, st)
	case "decide":
		return p.decide(out)
	case "record", "issue", "send":
		if !out.c.State.enacted(st.Name) {
			out.enact = append(out.enact, st)
			out.c.State.Enacted = append(out.c.State.Enacted, st.Name)
		}
		return false, nil
	}
	return false, fmt.Errorf("procedure: stage %s does %q, which this release does not do", st.Name, act)
}

func (p planner) until(out *plan, st catalog.Stage) bool {
	day, known := p.ed.Until(out.env, st.Name)
	if !known {
		*out = out.wait(ForClerk, "until."+st.Name)
		return true
	}
	if day.After(p.facts.Today) {
		*out = out.wait(ForDay, "")
		out.until = day
		return true
	}
	if out.c.Wait == ForDay {
		out.events = append(out.events, Event{Kind: DayCame, Stage: st.Name})
		out.c.Wait = ForNothing
	}
	return false
}

// fetch collects the evidence that is still missing, each from the next of its sources.
func (p planner) fetch(out *plan, st catalog.Stage) (bool, error) {
	for _, name := range st.Fetch {
		e, _ := p.ed.EvidenceNamed(name)
		key := st.Name + "/" + name
		if _, done := out.c.State.Fetched[key]; done {
			continue
		}
		if p.ed.Wanted(out.env, name) != catalog.Yes || out.again(name) == "elsewhere" {
			continue
		}
		if err := p.next(out, key, e); err != nil {
			return false, err
		}
	}
	if len(out.needs) == 0 {
		return false, nil
	}
	*out = out.wait(waitFor(out.c, out.needs), "")
	return true, nil
}

// again says how evidence that an earlier stage fetched came: "register", "elsewhere", or nothing if it is new.
func (out *plan) again(evidence string) string {
	for key, f := range out.c.State.Fetched {
		if strings.HasSuffix(key, "/"+evidence) {
			if f.How == FromRegister {
				return FromRegister
			}
			return "elsewhere"
		}
	}
	return ""
}

// next finds the next source of evidence: what a portal handed over is taken at once, for others the case waits. After
// the last source the values are unknown.
func (p planner) next(out *plan, key string, e catalog.Evidence) error {
	sources := e.From[min(out.c.State.Tried[key], len(e.From)):]
	for _, src := range sources {
		switch src.Kind {
		case "referral":
			if len(out.c.State.Referral) == 0 {
				continue
			}
			return p.take(out, key, e.Name)
		case "register", "form", "posted_code":
			subjects := []ledger.Subject{out.c.Subject}
			if e.About != "" {
				subjects = relatives(out.c, out.env, e.About)
			}
			if len(subjects) == 0 { // only people were named whom no register links with the applicant: nobody to ask about
				continue
			}
			out.needs = append(out.needs, need{Key: key, Evidence: e, Source: src, Subjects: subjects})
			return nil
		}
	}
	out.c.State.fetched(key, Fetched{How: FromNowhere})
	return nil
}

func (p planner) take(out *plan, key, name string) error {
	env, err := p.ed.Decode(out.c.State.Referral)
	if err != nil {
		return fmt.Errorf("referral of case %s: %w", out.c.ID, err)
	}
	out.env[name] = env[name]
	out.c.State.fetched(key, Fetched{How: FromReferral, From: out.c.State.Portal})
	return p.store(out)
}

// store writes the plan's values back into the case, and completes them anew.
func (p planner) store(out *plan) error {
	values, err := p.ed.Encode(out.env)
	if err != nil {
		return fmt.Errorf("values of case %s: %w", out.c.ID, err)
	}
	out.c.State.Values = values
	out.env, err = p.values(out.c)
	return err
}

// waitFor says for whom evidence waits: first for the person's releases, then for registers, then for what they type.
func waitFor(c Case, needs []need) Wait {
	wait := ForRegister
	for _, n := range needs {
		switch n.Source.Kind {
		case "form":
			wait = ForTyping
		case "posted_code":
			wait = ForCode
		default:
			if slices.ContainsFunc(n.Subjects, func(s ledger.Subject) bool { return c.State.Grants[grantKey(n.Evidence.Name, s)] == "" }) {
				return ForRelease
			}
		}
	}
	return wait
}

// relatives are the persons whom a field names.
func relatives(c Case, env catalog.Env, field string) []ledger.Subject {
	list, _ := env[field].([]any)
	out := make([]ledger.Subject, 0, len(list))
	for _, v := range list {
		name, _ := v.(string)
		if subject := c.State.Relatives[name]; subject != "" {
			out = append(out, subject)
		}
	}
	return out
}

// check runs the formal check. What stops sends the applicant back to the form it belongs to, unless they insist; what
// asks a person stays and is settled at the desk.
func (p planner) check(out *plan, st catalog.Stage) (bool, error) {
	out.c.State.Found = nil
	for _, f := range p.ed.Findings(out.env, st.Name) {
		if _, settled := out.c.State.Settled[f.Check]; settled {
			continue
		}
		out.findings = append(out.findings, f)
		out.c.State.Found = append(out.c.State.Found, Found{f.Check, string(f.Severity), f.Unknown})
	}
	out.events = append(out.events, Event{Kind: Checked, Stage: st.Name})
	for _, f := range out.findings {
		if f.Severity != catalog.Stop || out.c.State.Insists {
			continue
		}
		if waits, err := p.back(out, f.Check); waits || err != nil {
			return waits, err
		}
	}
	return false, nil
}

// back opens the form that asks for what a check complains about, and those after it.
func (p planner) back(out *plan, check string) (bool, error) {
	fields := p.ed.FieldsOf(check)
	for _, st := range p.ed.Stages {
		if st.Who != "applicant" || !slices.ContainsFunc(st.Fills, func(f string) bool { return slices.Contains(fields, f) }) {
			continue
		}
		reopened, err := p.reopened(out.c, st.Name)
		if err != nil {
			return false, err
		}
		out.c = reopened
		*out = out.wait(ForForm, check)
		return true, nil
	}
	return false, nil
}

func without(list []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
}

// decide lets the machine decide where a law permits it and nothing speaks for a person; otherwise it prepares.
func (p planner) decide(out *plan) (bool, error) {
	if out.c.State.Decision != nil {
		return false, nil
	}
	proposal := p.ed.Decide(out.env, out.standing(), p.live)
	out.c.State.Proposal = proposal.Outcome
	why := grounds(proposal.Why)
	if out.typed() {
		proposal.By = catalog.ByPerson
		why = strings.TrimSpace(why + " " + GroundTyped)
	}
	if proposal.By != catalog.ByMachine {
		*out = out.wait(ForClerk, why)
		out.events = append(out.events, Event{Kind: Stopped, Stage: out.c.Stage, Data: map[string]string{"why": out.c.Reason}})
		return true, nil
	}
	return false, p.decided(out, Decision{Outcome: proposal.Outcome, By: ByMachine})
}

// standing are the findings that stand, also those of a check that an earlier plan has gone through.
func (out *plan) standing() []catalog.Finding {
	list := make([]catalog.Finding, 0, len(out.c.State.Found))
	for _, f := range out.c.State.Found {
		if _, settled := out.c.State.Settled[f.Check]; !settled {
			list = append(list, catalog.Finding{Check: f.Check, Severity: catalog.Severity(f.Severity), Unknown: f.Unknown})
		}
	}
	return list
}

// decided enters a decision; at is the moment of the transaction that will write it.
func (p planner) decided(out *plan, d Decision) error {
	d.At = p.now
	out.c.State.Decision = &d
	out.c.Outcome, out.c.DecidedBy, out.c.Decided = d.Outcome, d.By, d.At
	data := map[string]string{"outcome": d.Outcome, "reason": d.Reason}
	if d.Dispensed != nil {
		data["unheard_law"], data["unheard_reason"] = d.Dispensed.Law, d.Dispensed.Reason
	}
	out.events = append(out.events, Event{Kind: DecidedEvent, Stage: out.c.Stage, Who: d.Staff, Unit: d.Unit, Data: data})
	env, err := p.values(out.c)
	out.env = env
	return err
}

// GroundTyped is why a person decides when somebody typed what they did not release: nobody vouches for it.
const GroundTyped = "typed"

func (out *plan) typed() bool {
	for _, f := range out.c.State.Fetched {
		if f.How == FromForm {
			return true
		}
	}
	return false
}

func grounds(list []catalog.Ground) string {
	var words []string
	for _, g := range list {
		word := g.Code
		if g.Check != "" {
			word = g.Check
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
