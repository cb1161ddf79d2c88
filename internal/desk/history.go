package desk

import (
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// latest is how much of the history stands open; what came before is folded.
const latest = 8

//locale:prefix desk.event.

// happenings are the history of a case, the last first: who did what. People of the office are named by their unit.
func (p *Pages) happenings(c *web.Call, fl file) []happened {
	out := make([]happened, 0, len(fl.history)+1)
	if !fl.Status.Ended() {
		out = append(out, happened{Text: c.T("desk.history.now", "State", p.standing(c, fl.Case).Text), Now: true})
	}
	for _, e := range slices.Backward(fl.history) {
		h := happened{Who: c.T("desk.event.machine"), Text: c.T("desk.event." + string(e.Kind)), At: e.At, Detail: p.detail(c, fl, e)}
		switch {
		case strings.HasPrefix(e.Who, "account:"):
			h.Who, h.Person = fl.State.Name, true
		case e.Who != "":
			h.Who, h.Person = fl.office.names[e.Unit], true
		}
		out = append(out, h)
	}
	return out
}

// detail is what an event added: which evidence, which outcome, which page.
func (p *Pages) detail(c *web.Call, fl file, e procedure.Event) string {
	ed, lang := fl.Examined.Edition, c.Lang()
	switch {
	case e.Data["evidence"] != "":
		return ed.Text(lang, "evidence."+e.Data["evidence"]+".title")
	case e.Data["outcome"] != "":
		return ed.Text(lang, "decision.outcomes."+e.Data["outcome"]+".label")
	case e.Kind == procedure.Filled:
		return ed.Text(lang, "stages."+e.Stage+".title")
	case e.Kind == procedure.Stopped:
		var short []string
		for _, word := range strings.Fields(e.Data["why"]) {
			short = append(short, p.why(c, fl.Case, word))
		}
		return strings.Join(short, ", ")
	}
	return ""
}
