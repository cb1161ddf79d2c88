package procedure

import (
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// LawOfHearing is why a person is heard before a burden is decided.
const LawOfHearing = "§ 28 Abs. 1 VwVfG"

// Dispensations are the laws by which a clerk may dispense with a hearing.
var Dispensations = []string{
	"§ 28 Abs. 2 Nr. 1 VwVfG", "§ 28 Abs. 2 Nr. 2 VwVfG", "§ 28 Abs. 2 Nr. 3 VwVfG", "§ 28 Abs. 2 Nr. 4 VwVfG", "§ 28 Abs. 2 Nr. 5 VwVfG",
	"§ 28 Abs. 2 VwVfG", "§ 28 Abs. 3 VwVfG",
}

// Dispensation (Absehen von der Anhörung) is why somebody was not heard before a burden: the law, one of Dispensations,
// and the clerk's reason for the file.
type Dispensation struct {
	Law    string `json:"law"`
	Reason string `json:"reason"`
}

// check refuses half a dispensation, with faults at the fields of the form.
func (d Dispensation) check() error {
	switch {
	case !slices.Contains(Dispensations, d.Law):
		return fault.Field("absehen", "procedure.error.dispensation")
	case d.Reason == "":
		return fault.Field("absehen_grund", "procedure.error.dispensation_reason")
	}
	return nil
}

// IsHearing reports whether the question is a hearing (Anhörung): it announces an outcome.
func (q Question) IsHearing() bool { return q.Outcome != "" }

// Open reports whether an answer is still waited for.
func (q Question) Open() bool { return q.Answered.IsZero() && q.Dropped.IsZero() }

// ended is when it was answered or taken back.
func (q Question) ended() time.Time {
	if q.Answered.IsZero() {
		return q.Dropped
	}
	return q.Answered
}

// Over reports whether the period for the answer has ended before a day. That of a question without a last day never does.
func (q Question) Over(today clock.Date) bool { return !q.Until.IsZero() && today.After(q.Until) }

// same reports whether two questions ask the same: then they are two clicks on one button.
func (q Question) same(other Question) bool {
	return q.Text == other.Text && q.Outcome == other.Outcome
}

// Asked returns the question to which an answer is still welcome: the last one, if it has none and nothing is decided.
func (c Case) Asked() (Question, bool) {
	n := len(c.State.Questions)
	if n == 0 || c.State.Decision != nil || c.Status.Ended() || !c.State.Questions[n-1].Open() {
		return Question{}, false
	}
	return c.State.Questions[n-1], true
}

// Heard returns the last hearing that was held about an outcome: it was answered, or its period has ended.
func (s State) Heard(outcome string, today clock.Date) (Question, bool) {
	for _, q := range slices.Backward(s.Questions) {
		if q.IsHearing() && q.Outcome == outcome && (!q.Answered.IsZero() || q.Open() && q.Over(today)) {
			return q, true
		}
	}
	return Question{}, false
}

// hearUntil is the last day for an answer to a hearing that is announced today. The period begins on the day after the
// announcement (§ 31 Abs. 2 VwVfG).
func (p planner) hearUntil(o catalog.Outcome) clock.Date {
	return p.facts.Calendar.End(p.facts.Today, o.Hearing)
}

// mustHear refuses a burden about which the person was not heard (§ 28 Abs. 1 VwVfG), unless the clerk says why the
// hearing is dispensed with. It returns the dispensation if one is needed.
func mustHear(s State, o catalog.Outcome, d Dispensation, today clock.Date) (*Dispensation, error) {
	if _, heard := s.Heard(o.Name, today); heard || !o.NeedsHearing() {
		return nil, nil
	}
	d.Reason = strings.TrimSpace(d.Reason)
	if d == (Dispensation{}) {
		return nil, fault.Field("ergebnis", "procedure.error.hearing")
	}
	return &d, d.check()
}

// heardSentence says in the ledger how the person was heard before the decision, or why not; nothing if nobody had to be.
func heardSentence(o catalog.Outcome, d *Decision) string {
	switch {
	case !o.Burden:
		return ""
	case d.Dispensed != nil:
		return " Von Ihrer Anhörung wurde abgesehen (" + d.Dispensed.Law + "): " + d.Dispensed.Reason
	case o.NeedsHearing():
		return " Sie wurden vorher angehört (" + LawOfHearing + ")."
	}
	return " Eine Anhörung war nicht nötig (" + o.Unheard + ")."
}

// pauses are the days on which questions to the applicant were open, up to today. A hearing is no question in this sense:
// it gives the person time, not the authority.
func (c Case) pauses(today clock.Date) []authority.Pause {
	var out []authority.Pause
	for _, q := range c.State.Questions {
		if q.IsHearing() {
			continue
		}
		p := authority.Pause{From: clock.DateOf(q.Asked), To: today}
		if !q.Open() {
			p.To = clock.DateOf(q.ended())
		}
		out = append(out, p)
	}
	return out
}

// Stands reports whether the clock of a deadline stands now: it pauses, and a question to the applicant is open.
func (c Case) Stands(d catalog.Deadline) bool {
	q, open := c.Asked()
	return d.Pauses && open && !q.IsHearing()
}
