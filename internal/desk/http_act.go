package desk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// act does what a button of the case's page says.
func (p *Pages) act(c *web.Call) error {
	cs, o, who, err := p.mine(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	switch f.Raw("tat") {
	case "entscheiden":
		return p.decide(c, cs, o, who, f)
	case "anhoeren":
		return p.hear(c, cs, o, who, f)
	case "fragen":
		return p.ask(c, cs, o, who, f)
	case "zuruecknehmen":
		return p.takeBack(c, cs, who)
	case "einsehen":
		return p.inspect(c, cs, o, who, f)
	}
	return fault.New(fault.Invalid, "desk.error.act")
}

func (p *Pages) decide(c *web.Call, cs procedure.Case, o office, who access.Staff, f *web.Form) error {
	v, err := verdictOf(cs, f)
	if err != nil {
		return err
	}
	_, err = p.Decide(c.Context(), who, cs.ID, v)
	if fault.Is(err, fault.Invalid) && f.Take(err) {
		return p.render(c, cs, o, f, "")
	}
	if err != nil {
		return err
	}
	c.Flash("desk.flash.decided")
	return c.Redirect(Path)
}

// hear announces what the clerk would decide, instead of deciding it.
func (p *Pages) hear(c *web.Call, cs procedure.Case, o office, who access.Staff, f *web.Form) error {
	v, err := verdictOf(cs, f)
	if err != nil {
		return err
	}
	_, err = p.Hear(c.Context(), who, cs.ID, v)
	if fault.Is(err, fault.Invalid) && f.Take(err) {
		return p.render(c, cs, o, f, "")
	}
	if err != nil {
		return err
	}
	c.Flash("desk.flash.heard")
	return c.Redirect(Path + "/" + cs.ID)
}

// verdictOf reads a decision. A clerk who settles each finding by itself and follows the proposal need not say it twice:
// what they wrote there is the reason.
func verdictOf(cs procedure.Case, f *web.Form) (procedure.Verdict, error) {
	version, err := strconv.ParseInt(f.Raw("version"), 10, 64)
	if err != nil || version <= 0 {
		return procedure.Verdict{}, fault.New(fault.Invalid, "desk.error.version")
	}
	v := procedure.Verdict{
		Outcome: f.Raw("ergebnis"), Reason: f.Lines("grund"), Settled: map[string]string{}, Version: version,
		Unheard: procedure.Dispensation{Law: f.Raw("absehen"), Reason: f.Lines("absehen_grund")},
	}
	var each []string
	for _, found := range cs.State.Found {
		if reason := f.Text(settle + found.Check); reason != "" {
			v.Settled[found.Check] = reason
			if !slices.Contains(each, reason) {
				each = append(each, reason)
			}
		}
	}
	if v.Reason == "" && v.Outcome == cs.State.Proposal && len(v.Settled) == len(cs.State.Found) {
		v.Reason = strings.Join(each, "\n")
	}
	return v, nil
}

func (p *Pages) ask(c *web.Call, cs procedure.Case, o office, who access.Staff, f *web.Form) error {
	_, err := p.AskBack(c.Context(), who, cs.ID, f.Lines("frage"))
	if fault.Is(err, fault.Invalid) && f.Take(err) {
		return p.render(c, cs, o, f, "")
	}
	if err != nil {
		return err
	}
	c.Flash("desk.flash.asked")
	return c.Redirect(Path + "/" + cs.ID)
}

// takeBack ends the waiting for an answer.
func (p *Pages) takeBack(c *web.Call, cs procedure.Case, who access.Staff) error {
	if _, err := p.TakeBack(c.Context(), who, cs.ID); err != nil {
		return err
	}
	c.Flash("desk.flash.taken_back")
	return c.Redirect(Path + "/" + cs.ID)
}

type closedPage struct {
	web.Page
	Service, Number, Closed string
	Reason                  web.Field
	Search                  string
}

// showClosed says of a closed case only that it exists, and asks why it should be opened.
func (p *Pages) showClosed(c *web.Call, cs procedure.Case, f *web.Form) error {
	code := http.StatusOK
	if f.Failed() {
		code = http.StatusUnprocessableEntity
	}
	title := p.serviceTitle(c, cs.Service)
	return c.Render(code, "desk/einsicht.html", closedPage{
		Page:    web.Page{Title: c.T("desk.case.page", "Number", cs.Number, "Service", title), Nav: Path, Desk: true, Form: f},
		Service: title, Number: cs.Number, Closed: i18n.Day(c.Lang(), clock.DateOf(cs.Closed)),
		Reason: f.Fill(web.Field{Kind: web.LinesField, Name: "grund", Label: c.T("desk.closed.reason"), Hint: c.T("desk.closed.hint")})[0],
	})
}

// A reason has at least so many letters, so that the person who reads it learns something, and at most a short text.
const (
	leastReason = 10
	mostReason  = 500
)

// inspect shows a closed file once, in the answer to the reason.
func (p *Pages) inspect(c *web.Call, cs procedure.Case, o office, who access.Staff, f *web.Form) error {
	reason := f.Text("grund")
	if n := utf8.RuneCountInString(reason); cs.Status.Ended() && (n < leastReason || n > mostReason) {
		f.Fail("grund", "desk.error.reason", "Least", leastReason, "Most", mostReason)
		return p.showClosed(c, cs, f)
	}
	cs, err := p.Inspect(c.Context(), who, cs.ID, reason)
	if err != nil {
		return err
	}
	if !cs.Status.Ended() {
		return c.Redirect(Path + "/" + cs.ID)
	}
	return p.render(c, cs, o, nil, reason)
}
