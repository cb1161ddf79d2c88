package catalog

import (
	"fmt"
	"slices"
)

// acts are what a machine's stage may do, in the order in which it does them.
var acts = []string{"until", "fetch", "check", "decide", "pay", "record", "issue", "send", "propose"}

// stageWalk keeps account of what is known when, walking the stages in order.
type stageWalk struct {
	d       *draft
	filled  map[string]bool
	fetched map[string]bool
	listed  map[string]bool // checks that a stage names itself
	decided bool
}

func (d *draft) stageRules() {
	stages := d.root.at("stages")
	w := stageWalk{d: d, filled: map[string]bool{}, fetched: map[string]bool{}, listed: map[string]bool{}}
	for _, k := range stages.names() {
		for _, c := range stages.at(k, "check").items {
			w.listed[c.str()] = true
		}
	}
	for _, k := range stages.names() {
		w.stage(k, stages.at(k))
	}
	if !w.decided {
		d.bad(d.root.key("stages"), 0, "no stage decides", "add a stage with decide: true")
	}
	fields, evidence := d.root.at("fields"), d.root.at("evidence")
	for _, k := range fields.names() {
		if !w.filled[k] {
			d.bad(fields.key(k), 0, fmt.Sprintf("no stage asks for %q", k), "list it under fills, or leave it out")
		}
	}
	for _, k := range evidence.names() {
		if !w.fetched[k] {
			d.bad(evidence.key(k), 0, fmt.Sprintf("no stage fetches %q", k), "data that nobody uses must not be asked for")
		}
	}
}

func (w *stageWalk) stage(k string, s *node) {
	d := w.d
	w.conditions(k, s)
	w.people(s)
	for _, f := range s.at("fetch").items {
		if d.ref(f, d.root.at("evidence"), "evidence") {
			w.fetched[f.str()] = true
		}
	}
	w.knownYet(k, w.checksOf(s))
	w.effects(k, s)
	if s.at("decide").ok() {
		if w.decided {
			d.bad(s.key("decide"), 0, "a case is decided once", "")
		}
		w.decided = true
	}
}

func (w *stageWalk) conditions(k string, s *node) {
	d, when := w.d, s.at("when")
	d.expression(when, "bool")
	if when.str() == "false" {
		d.bad(when, 0, fmt.Sprintf("stage %q is never reached", k), "")
	}
	d.expression(s.at("until"), "date")
	d.expression(s.at("ranks"), "int")
	for _, x := range d.restsInOrder(when) {
		if afterDecision[x] && !w.decided {
			d.bad(when, 0, fmt.Sprintf("%q is not known yet in stage %q", x, k), "the decision comes later")
		}
	}
	if within := s.at("within"); within.ok() {
		d.ref(within, d.root.at("deadlines"), "deadline")
	}
}

// people checks whose work a stage is and what they fill in.
func (w *stageWalk) people(s *node) {
	d := w.d
	if who := s.at("who"); who.ok() && who.str() != "applicant" {
		d.ref(who, d.root.at("units"), "unit")
	}
	w.fill(s.at("fills"))
	parallel := s.at("parallel")
	for _, u := range parallel.names() {
		if !d.root.at("units", u).ok() {
			d.bad(parallel.key(u), 0, "there is no unit "+quote(u), meant(u, d.root.at("units").names()))
		}
		d.expression(parallel.at(u, "when"), "bool")
		w.fill(parallel.at(u, "fills"))
	}
}

func (w *stageWalk) fill(list *node) {
	for _, f := range list.items {
		if !w.d.ref(f, w.d.root.at("fields"), "field") {
			continue
		}
		if w.filled[f.str()] {
			w.d.bad(f, 0, fmt.Sprintf("%q is filled in twice", f.str()), "")
		}
		w.filled[f.str()] = true
	}
}

// checksOf are the checks a stage runs; all means those that no stage names itself.
func (w *stageWalk) checksOf(s *node) []string {
	checks := w.d.root.at("checks")
	var out []string
	if s.at("check").str() == "all" {
		for _, c := range checks.names() {
			if !w.listed[c] {
				out = append(out, c)
			}
		}
	}
	for _, c := range s.at("check").items {
		if w.d.ref(c, checks, "check") {
			out = append(out, c.str())
		}
	}
	return out
}

// knownYet insists that a stage checks only what was asked or fetched before it.
func (w *stageWalk) knownYet(stage string, checks []string) {
	d := w.d
	for _, c := range checks {
		that := d.root.at("checks", c, "that")
		for _, x := range d.restsInOrder(that) {
			if d.root.at("fields", x).ok() && !w.filled[x] || d.root.at("evidence", x).ok() && !w.fetched[x] {
				d.bad(that, 0, fmt.Sprintf("%q is not known yet when stage %q checks %q", x, stage, c), "move the check behind the stage that brings it")
			}
		}
	}
}

// effects insists that nothing happens before the decision, and nothing whatever the decision is.
func (w *stageWalk) effects(k string, s *node) {
	d := w.d
	several := len(d.root.at("decision", "outcomes").keys) > 1
	for _, act := range []string{"pay", "record", "issue", "send", "propose"} {
		if !s.at(act).ok() {
			continue
		}
		if act != "issue" && several && !d.rests(s.at("when"))["outcome"] {
			d.bad(s.key(act), 0, fmt.Sprintf("stage %q would %s whatever the outcome is", k, act), "add when: outcome == \"…\" to the stage")
		}
		if !w.decided && !s.at("decide").ok() {
			d.bad(s.key(act), 0, fmt.Sprintf("stage %q must not %s before the decision", k, act), "")
		}
		section := sectionOf[act]
		for _, it := range s.at(act).items {
			if what := d.root.at(section); section != "" && !what.at(it.str()).ok() {
				d.bad(it, 0, fmt.Sprintf("there is no %q among the %s", it.str(), section), meant(it.str(), what.names()))
			}
		}
	}
}

// sectionOf is where the things lie that an act of a stage speaks of.
var sectionOf = map[string]string{"record": "records", "issue": "letters", "send": "notices", "propose": "proposals"}

// listOf are the entries a stage's act speaks of; all means those that no other stage names itself.
func (d *draft) listOf(stage *node, act, section string) []string {
	n := stage.at(act)
	if n.str() != "all" {
		return n.strs()
	}
	named := map[string]bool{}
	stages := d.root.at("stages")
	for _, k := range stages.names() {
		for _, it := range stages.at(k, act).items {
			named[it.str()] = true
		}
	}
	return slices.DeleteFunc(d.root.at(section).names(), func(k string) bool { return named[k] })
}
