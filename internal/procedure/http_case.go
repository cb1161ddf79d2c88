package procedure

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/exchange"
)

func withoutPrefix(files embed.FS) fs.FS { return files }

// chips say a case's status in a word.
func (p *Pages) chip(c *web.Call, cs Case) web.Chip {
	look := "work"
	switch {
	case cs.Status == Done:
		look = "ok"
	case cs.Status == Refused:
		look = "ended"
	case cs.Wait.OfApplicant():
		look = "you"
	}
	return web.Chip{Look: look, Text: c.T("procedure.status." + p.standing(cs))}
}

// standing is a case's status as the person is told it.
func (p *Pages) standing(cs Case) string {
	if q, open := cs.Asked(); open && q.IsHearing() && cs.Wait == ForAnswer {
		return "hearing"
	}
	if cs.Status == Waiting {
		return string(cs.Wait)
	}
	return string(cs.Status)
}

type listPage struct {
	web.Page
	Open  []web.Item
	Ended []web.Item
	Empty web.Empty
	Pager web.Pager
}

const casesAPage = 20

func (p *Pages) list(c *web.Call) error {
	before := c.Now().Add(time.Hour)
	if t, err := time.Parse(time.RFC3339Nano, c.Query("vor")); err == nil {
		before = t
	}
	cases, err := p.CasesOf(c.Context(), p.Account(c), before, casesAPage+1)
	if err != nil {
		return err
	}
	page := listPage{Page: web.Page{Title: c.T("procedure.list.title"), Nav: "/vorgaenge"}}
	if len(cases) > casesAPage {
		cases = cases[:casesAPage]
		page.Pager.Older = "/vorgaenge?vor=" + cases[casesAPage-1].Created.Format(time.RFC3339Nano)
	}
	for _, cs := range cases {
		if cs.Status.Ended() {
			page.Ended = append(page.Ended, p.Item(c, cs))
		} else {
			page.Open = append(page.Open, p.Item(c, cs))
		}
	}
	page.Empty = web.Empty{
		Icon: "folder", Title: c.T("procedure.list.empty"), Text: c.T("procedure.list.empty_text"),
		Action: web.Link{Path: "/leistungen", Text: c.T("procedure.list.services")},
	}
	return c.Render(http.StatusOK, "procedure/vorgaenge.html", page)
}

// Item is a case as a line of a list.
func (p *Pages) Item(c *web.Call, cs Case) web.Item {
	title := cs.Service
	if ed, err := p.Edition(cs); err == nil {
		title = ed.Text(c.Lang(), "title")
	}
	return web.Item{
		Path: "/vorgang/" + cs.ID, Title: title, Meta: c.T("procedure.list.meta", "Number", cs.Number, "Day", i18n.Day(c.Lang(), clock.DateOf(cs.Created))),
		Chip: p.chip(c, cs),
	}
}

// told is a line of the list "who has my new address now".
type toldLine struct {
	Who, Law, What string
	Chip           web.Chip
	At             string
}

// asking is what the authority asks, or of a hearing what it intends, until when, and on which grounds.
type asking struct {
	Title, Text, Intent, Until string
	Answer                     web.Field
}

type casePage struct {
	web.Page
	Heading, Number, Lead string
	Chip                  web.Chip
	Facts                 []web.Fact
	GoOn                  web.Link
	Asking                *asking
	Track                 []web.TrackStep
	Told                  []toldLine
	Letters               []web.Item
	Data                  []web.Fact
	Path                  string
	Ended, Good           bool
	Panel                 string // what an ended case says first
}

func (p *Pages) one(c *web.Call) error { return p.showCase(c, nil) }

func (p *Pages) showCase(c *web.Call, f *web.Form) error {
	cs, err := p.Case(c.Context(), p.Account(c), c.Param("case"))
	if err != nil {
		return err
	}
	ed, out, err := p.replanOrStay(c.Context(), cs)
	if err != nil {
		return err
	}
	page := casePage{
		Page: web.Page{Title: ed.Text(c.Lang(), "title"), Nav: "/vorgaenge", Form: f}, Heading: ed.Text(c.Lang(), "title"), Number: cs.Number,
		Lead: p.lead(c, cs, ed), Chip: p.chip(c, cs), Facts: p.answers(c, cs, ed, out), Data: review(c, ed, out.env), Path: "/vorgang/" + cs.ID,
		Ended: cs.Status.Ended(), Good: cs.Status == Done,
	}
	if page.Ended {
		page.Panel = c.T("procedure.panel." + string(cs.Status))
	}
	if path := p.PathOf(cs); path != page.Path {
		page.GoOn = web.Link{Path: path, Text: c.T("procedure.case.go_on")}
	}
	page.Asking = p.asking(c, cs, ed, f)
	if page.Track, err = p.track(c, cs, ed); err != nil {
		return err
	}
	states, err := p.Exchange.NoticesOf(c.Context(), p.DB, cs.ID)
	if err != nil {
		return err
	}
	page.Told = p.told(c, states)
	for _, l := range cs.State.Letters {
		page.Letters = append(page.Letters, web.Item{Icon: "seal", Path: "/brief/" + l.ID, Title: l.Title + ": " + l.Name, Meta: c.T("procedure.case.letter")})
	}
	status := http.StatusOK
	if f != nil && f.Failed() {
		status = http.StatusUnprocessableEntity
	}
	return c.Render(status, "procedure/vorgang.html", page)
}

// asking is what the person may answer now; nil if nothing.
func (p *Pages) asking(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) *asking {
	q, open := cs.Asked()
	if !open {
		return nil
	}
	a := asking{
		Title: c.T("procedure.case.question"), Text: q.Text,
		Answer: f.Fill(web.Field{Kind: web.LinesField, Name: "antwort", Label: c.T("procedure.case.answer")})[0],
	}
	if q.IsHearing() {
		day := i18n.LongDay(c.Lang(), q.Until)
		a.Title = c.T("procedure.case.hearing")
		a.Intent = c.T("procedure.case.hearing_intent", "Outcome", ed.Text(c.Lang(), "decision.outcomes."+q.Outcome+".label"))
		a.Until = c.T("procedure.case.hearing_until", "Day", day, "Law", LawOfHearing)
		if q.Over(c.Today()) {
			a.Until = c.T("procedure.case.hearing_over", "Day", day)
		}
	}
	return &a
}

// replanOrStay reads a case's values for showing; an ended case is only read.
func (p *Pages) replanOrStay(ctx context.Context, cs Case) (*catalog.Edition, plan, error) {
	pl, err := p.planner(ctx, p.DB, cs)
	if err != nil {
		return nil, plan{}, err
	}
	env, err := pl.values(cs)
	out := plan{c: cs, env: env}
	if cs.Wait == ForDay {
		out.until, _ = pl.ed.Until(env, cs.Stage)
	}
	return pl.ed, out, err
}

func (p *Pages) lead(c *web.Call, cs Case, ed *catalog.Edition) string {
	if o, ok := ed.OutcomeNamed(cs.Outcome); ok && cs.Status != Waiting {
		return c.T("procedure.lead."+p.standing(cs), "Outcome", ed.Text(c.Lang(), "decision.outcomes."+o.Name+".label"))
	}
	return c.T("procedure.lead."+p.standing(cs), "Outcome", "")
}

// answers are the three answers at the top: until when, who decides, must I do something.
func (p *Pages) answers(c *web.Call, cs Case, ed *catalog.Edition, out plan) []web.Fact {
	must := c.T("procedure.case.nothing")
	q, asked := cs.Asked()
	switch {
	case asked && q.IsHearing():
		must = c.T("procedure.case.may")
	case cs.Wait.OfApplicant():
		must = c.T("procedure.case.you")
	}
	facts := []web.Fact{{Name: c.T("procedure.case.must"), Value: must}}
	switch {
	case cs.Paused(ed):
		facts = append(facts, web.Fact{Name: c.T("procedure.case.due"), Value: c.T("procedure.case.paused")})
	case asked && q.IsHearing() && !q.Over(c.Today()):
		facts = append(facts, web.Fact{Name: c.T("procedure.case.until"), Value: i18n.LongDay(c.Lang(), q.Until)})
	case !out.until.IsZero():
		facts = append(facts, web.Fact{Name: c.T("procedure.case.day"), Value: i18n.LongDay(c.Lang(), out.until)})
	case cs.Status == AtDesk && !cs.Due.IsZero():
		facts = append(facts, web.Fact{Name: c.T("procedure.case.due"), Value: i18n.LongDay(c.Lang(), clock.DateOf(cs.Due))})
	case !cs.Closed.IsZero():
		facts = append(facts, web.Fact{Name: c.T("procedure.case.closed"), Value: i18n.Moment(c.Lang(), cs.Closed)})
	}
	who := c.T("procedure.case.by_" + string(cs.DecidedBy))
	if cs.DecidedBy == "" {
		who = c.T("procedure.case.open")
	}
	return append(facts, web.Fact{Name: c.T("procedure.case.by"), Value: who})
}

func (p *Pages) track(c *web.Call, cs Case, ed *catalog.Edition) ([]web.TrackStep, error) {
	events, err := p.History(c.Context(), cs)
	if err != nil {
		return nil, err
	}
	var out []web.TrackStep
	for _, e := range events {
		if !slices.Contains(shownEvents, e.Kind) {
			continue
		}
		title := c.T("procedure.event." + string(e.Kind))
		switch name := e.Data["evidence"]; {
		case name != "":
			title = c.T("procedure.event."+string(e.Kind)) + ": " + ed.Text(c.Lang(), "evidence."+name+".title")
		case e.Kind == Filled:
			title += ": " + p.stepName(c, ed, e.Stage)
		}
		out = append(out, web.TrackStep{Title: title, Meta: i18n.Moment(c.Lang(), e.At), Done: true})
	}
	if !cs.Status.Ended() {
		out = append(out, web.TrackStep{Title: c.T("procedure.status." + p.standing(cs)), Now: true})
	}
	return out, nil
}

var shownEvents = []EventKind{
	Started, Released, Declined, Fetch, Filled, Typed, Coded, Stopped, AskedBack, Heard, Answered, Unanswered, TakenBack, DecidedEvent, Recorded, Sent, Issued, Acknowledged, ClosedEvent,
	Insisted, WantedPerson, DayCame,
}

// told puts the notices together by recipient: the list "who has my new address now".
func (p *Pages) told(c *web.Call, states []exchange.NoticeState) []toldLine {
	var out []toldLine
	at := map[string]int{}
	for _, n := range states {
		who := p.Who(string(n.To))
		i, seen := at[who+n.Law]
		if !seen {
			i = len(out)
			at[who+n.Law] = i
			law := n.Law
			if n.Example {
				law = c.T("procedure.told.example", "Law", n.Law)
			}
			out = append(out, toldLine{Who: who, Law: law, Chip: web.Chip{Look: "ok", Text: c.T("procedure.told.yes")}})
		}
		if n.Acknowledged {
			out[i].At = c.T("procedure.told.at", "At", i18n.Moment(c.Lang(), n.AcknowledgedAt))
		} else {
			out[i].Chip = web.Chip{Look: "work", Text: c.T("procedure.told.under_way")}
			out[i].At = ""
		}
		if n.Answered {
			out[i].What = c.T("procedure.told.answered")
		}
	}
	return out
}

func (p *Pages) answerPage(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	cs, err := p.Answer(c.Context(), p.Account(c), c.Param("case"), f.Lines("antwort"))
	if fault.Is(err, fault.Invalid) && f.Take(err) {
		return p.showCase(c, f)
	}
	if err != nil {
		return err
	}
	return p.onTo(c, cs)
}
