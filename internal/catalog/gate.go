package catalog

import (
	"fmt"
	"strings"
)

// gate is § 35a VwVfG and what goes with it: a machine decides alone only where a law lets it and nothing is left to
// weigh; a burden has a hearing (§ 28), reasons (§ 39) and a decision letter.
func (d *draft) gate() {
	n := d.root.at("decision")
	d.ref(n.at("by"), d.root.at("units"), "unit")
	ready, sure := 0, ""
	outcomes := n.at("outcomes")
	for _, k := range outcomes.names() {
		o := outcomes.at(k)
		d.expression(o.at("when"), "bool")
		if o.at("when").ok() {
			ready++
			if sure != "" {
				d.bad(outcomes.key(k), 0, fmt.Sprintf("outcome %q is never reached: %q always holds before it", k, sure), "")
			}
			if o.at("when").str() == "true" {
				sure = k
			}
		}
		d.outcomeLetter(n, o)
		if o.at("burden").ok() {
			d.burden(k, outcomes.key(k), o)
		} else if o.at("hearing").ok() {
			d.bad(o.at("hearing"), 0, fmt.Sprintf("outcome %q burdens nobody, so nobody is heard before it", k), "burden: true, or leave hearing out")
		}
	}
	switch mode := n.at("mode").str(); mode {
	case "automatic":
		d.automatic(n)
		d.somethingProposed(n, mode, ready)
	case "proposed":
		d.somethingProposed(n, mode, ready)
	case "human":
		d.human(n, ready)
	}
}

// outcomeLetter insists that a letter exists, and that with discretion a person writes its reasons.
func (d *draft) outcomeLetter(decision, outcome *node) {
	l := outcome.at("letter")
	if !l.ok() || !d.ref(l, d.root.at("letters"), "letter") {
		return
	}
	letter := d.root.at("letters", l.str())
	if decision.at("discretion").is() && !strings.Contains(letter.at("reasons").str(), "{reason}") {
		d.bad(l, 0, fmt.Sprintf("letter %q must carry {reason}: with discretion, a person writes what was weighed", l.str()), "§ 39 Abs. 1 Satz 3 VwVfG")
	}
}

func (d *draft) burden(k string, key, outcome *node) {
	if !outcome.at("hearing").ok() {
		d.bad(key, 0, fmt.Sprintf("outcome %q burdens the person, so it needs a hearing", k), "hearing: 2 weeks, or the law that dispenses with it (§ 28 Abs. 2 VwVfG)")
	}
	letter := d.root.at("letters", outcome.at("letter").str())
	if letter.at("kind").str() != "decision" {
		d.bad(key, 0, fmt.Sprintf("outcome %q burdens the person, so its letter must be a decision with reasons and remedy", k), "letter: …, kind: decision")
	}
	if without := letter.at("without_reasons"); without.ok() {
		d.bad(without, 0, "a burden is never left without reasons here", "§ 39 Abs. 2 Nr. 1 VwVfG speaks of granted applications only")
	}
}

func (d *draft) automatic(n *node) {
	if n.at("discretion").is() {
		d.bad(n.at("discretion"), 0, "a machine must not decide where there is discretion or judgement", "mode: proposed, or discretion: false (§ 35a VwVfG)")
	}
	if !n.at("permitted_by").ok() {
		d.bad(n.at("mode"), 0, "mode: automatic needs permitted_by: the law that lets a machine decide", "without one, write mode: proposed (§ 35a VwVfG)")
	}
	if n.at("four_eyes").ok() {
		d.bad(n.at("four_eyes"), 0, "a machine has no second pair of eyes", "")
	}
}

func (d *draft) somethingProposed(n *node, mode string, ready int) {
	if ready == 0 {
		d.bad(n.at("mode"), 0, fmt.Sprintf("mode: %s, but no outcome says when it holds", mode), "add when to an outcome, or mode: human")
	}
}

func (d *draft) human(n *node, ready int) {
	if ready > 0 {
		d.bad(n.at("mode"), 0, "mode: human, but an outcome says when it holds", "mode: proposed, or leave when out")
	}
	if n.at("permitted_by").ok() {
		d.bad(n.at("permitted_by"), 0, "permitted_by belongs to mode: automatic", "")
	}
}
