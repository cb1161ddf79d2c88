package desk

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// file is a case as its page needs it.
type file struct {
	procedure.Case
	procedure.Examined
	office  office
	history []procedure.Event
	form    *web.Form
}

// stop is a reason why a person is asked.
type stop struct {
	Short, Say, Guide, Law string
	Example, Unknown, Gone bool // made-up law; a value is missing; no longer so today
	Warn                   bool // only tells
	Reason, By, At         string
	Field                  web.Field // where the clerk settles it
}

type tableRow struct {
	row
	Status status
}

type checked struct{ Title, Law string }

type release struct {
	Title, Whom, Law string
	Until, Left      string
	Fields           int
	Open             bool // a question that waits
	Meter            string
}

type notice struct {
	Who, Law, At string
	Example      bool
	Status       status
}

type paper struct {
	Title, Name string
	Day         clock.Date
	Genuine     bool
	Facts       []fact
	Text        []string
}

type happened struct {
	Who, Text, Detail string
	Person, Now       bool
	At                time.Time
}

type asked struct {
	Text, Unit, Answer string
	Hearing            string // about which outcome, and until when an answer was asked for
	Open               string // why there is no answer
	Asked, Answered    time.Time
}

type deadline struct {
	Title, Text, Law string
	Example          bool
	Due              due
}

type outcome struct {
	Value, Label, Hint string
	Picked, Proposed   bool
}

type decision struct {
	Outcome, By, Reason, At string
	Heard                   string // how the person was heard before a burden, or by which law not
	Unheard                 string // and why not
}

type casePage struct {
	web.Page
	Path, Service, Name, Number string
	Meta                        []string
	Status                      status
	Who, Acts, What, Edition    string
	Deadlines                   []deadline
	Before, After               string
	Stops                       []stop
	Grounds                     []string
	Remarks                     string
	Table                       []tableRow
	People                      []person
	Checked                     []checked
	CheckedAt                   string
	Releases                    []release
	Notices                     []notice
	Papers                      []paper
	History, Earlier            []happened
	Questions                   []asked
	TakeBack                    string // what happens when the clerk waits for an answer no longer; empty if none is waited for
	Decision                    *decision
	CanDecide                   bool
	Outcomes                    []outcome
	OutcomeError                string
	NeedsReason                 bool
	Reason, Question            web.Field
	Hear                        string      // the button that announces a burden instead of deciding it
	Without                     []web.Field // by which law and why nobody is heard
	WithoutOpen                 bool
	Version                     int64
	Inspected                   string // the reason for which a closed file is shown
	Search                      string
}

// show is a case on one screen; a closed one asks for a reason first.
func (p *Pages) show(c *web.Call) error {
	cs, o, _, err := p.mine(c)
	if err != nil {
		return err
	}
	if cs.Status.Ended() {
		return p.showClosed(c, cs, nil)
	}
	return p.render(c, cs, o, nil, "")
}

// mine returns a case of the clerk's authority that one of their units decides, and as whom they act. Another
// authority's case does not exist; in the own authority a missing duty is Forbidden.
func (p *Pages) mine(c *web.Call) (procedure.Case, office, access.Staff, error) {
	who := access.Of(c)
	cs, err := p.ToWorkOn(c.Context(), who, c.Param("case"))
	if err != nil {
		return cs, office{}, who, err
	}
	o, err := p.office(c.Context(), who)
	if err != nil {
		return cs, o, who, err
	}
	duty, err := who.As(who.Authority, o.unitOf[cs.Service], access.ClerkRole)
	who.Unit = duty.Unit
	return cs, o, who, err
}

func (p *Pages) render(c *web.Call, cs procedure.Case, o office, f *web.Form, inspected string) error {
	x, err := p.Examine(c.Context(), cs)
	if err != nil {
		return err
	}
	fl := file{Case: cs, Examined: x, office: o, form: f}
	if fl.history, err = p.History(c.Context(), cs); err != nil {
		return err
	}
	page := p.casePage(c, fl)
	page.Inspected = inspected
	for _, fill := range []func(*web.Call, file, *casePage) error{p.around, p.releases, p.notices, p.papers} {
		if err := fill(c, fl, &page); err != nil {
			return err
		}
	}
	code := http.StatusOK
	if f.Failed() {
		code = http.StatusUnprocessableEntity
	}
	return c.Render(code, "desk/vorgang.html", page)
}

func (p *Pages) casePage(c *web.Call, fl file) casePage {
	lang, ed := c.Lang(), fl.Examined.Edition
	title := ed.Text(lang, "title")
	page := casePage{
		Page: web.Page{Title: c.T("desk.case.page", "Number", fl.Number, "Service", title), Nav: Path, Desk: true, Form: fl.form},
		Path: Path + "/" + fl.ID, Service: title, Name: fl.State.Name, Number: fl.Number, Status: p.standing(c, fl.Case),
		Meta:    []string{fl.office.names[fl.office.unitOf[fl.Service]], c.T("desk.case.since", "Day", i18n.Day(lang, clock.DateOf(since(fl.Case))))},
		Who:     fl.State.Name,
		Acts:    c.T("desk.case.self"),
		What:    title,
		Edition: c.T("desk.case.edition", "Number", ed.Number), Deadlines: p.deadlines(c, fl),
		Remarks: fl.State.Remarks, People: people(ed, lang, fl.Values, func(evidence string) string {
			if fl.State.Typed(evidence) {
				return c.T("desk.people.typed")
			}
			return ed.Text(lang, "evidence."+evidence+".title")
		}),
		History: p.happenings(c, fl), Version: fl.Version,
	}
	if fl.Mandate != "" {
		page.Acts = c.T("desk.case.mandate")
	}
	if born, ok := fl.birth(); ok {
		page.Acts = c.T("desk.case.born", "Day", i18n.ShortDay(lang, born)) + " · " + page.Acts
	}
	for _, r := range compare(ed, lang, fl.Values, fl.State.Name) {
		page.Table = append(page.Table, tableRow{r, p.verdict(c, r.verdict)})
	}
	if n := len(page.History); n > latest+2 {
		page.History, page.Earlier = page.History[:latest], page.History[latest:]
	}
	p.reasons(c, fl, &page)
	p.checks(c, fl, &page)
	p.questions(c, fl, &page)
	p.deciding(c, fl, &page)
	return page
}

// birth is the applicant's day of birth, if a register told it.
func (fl file) birth() (clock.Date, bool) {
	for _, r := range fl.Examined.Edition.Rows(fl.Values, persons(fl.Examined.Edition)) {
		born, ok := catalog.Env(r.Values).At("birth.date").(clock.Date)
		return born, ok
	}
	return clock.Date{}, false
}

//locale:prefix desk.verdict.

func (p *Pages) verdict(c *web.Call, v verdict) status {
	switch v {
	case same:
		return status{"good", "success", c.T("desk.verdict.same")}
	case differs:
		return status{"warn", "warning", c.T("desk.verdict.differs")}
	case notListed:
		return status{"warn", "warning", c.T("desk.verdict.not_listed")}
	}
	return status{}
}

// deadlines are the authority's own first, then those of the applicant, each with its law.
func (p *Pages) deadlines(c *web.Call, fl file) []deadline {
	var ours, theirs []deadline
	for _, d := range fl.Examined.Edition.Deadlines {
		day, known := fl.Values.At("deadline." + d.Name).(clock.Date)
		if !known {
			continue
		}
		line := deadline{Text: i18n.ListDay(c.Lang(), day), Law: d.Law, Example: d.Example}
		if fl.Stands(d) {
			line.Text = c.T("desk.deadline.paused", "Day", line.Text)
		}
		if slices.Contains(d.Of, "applicant") {
			line.Title = c.T("desk.deadline.theirs")
			theirs = append(theirs, line)
			continue
		}
		line.Title = c.T("desk.deadline.ours")
		if !fl.Due.IsZero() && clock.DateOf(fl.Due) == day {
			line.Due = dueOf(c, fl.Case)
		}
		ours = append(ours, line)
	}
	return append(ours, theirs...)
}

//locale:prefix desk.ground.

// reasons says why the case stopped: every finding that stands, and what else asks for a person.
func (p *Pages) reasons(c *web.Call, fl file, page *casePage) {
	ed, lang := fl.Examined.Edition, c.Lang()
	findings := map[string]bool{}
	for _, found := range fl.State.Found {
		check, ok := ed.CheckNamed(found.Check)
		if !ok {
			continue
		}
		findings[found.Check] = true
		s := stop{
			Short: p.why(c, fl.Case, found.Check), Say: ed.Text(lang, "checks."+found.Check+".say"), Law: check.Law, Example: check.Example, Unknown: found.Unknown,
			Warn: found.Severity == string(catalog.Warn),
			Gone: !slices.ContainsFunc(fl.Findings, func(f catalog.Finding) bool { return f.Check == found.Check }),
		}
		if check.Guide != "" {
			s.Guide = ed.Text(lang, "checks."+found.Check+".guide")
		}
		if done, settled := fl.State.Settled[found.Check]; settled {
			s.Reason, s.By, s.At = done.Reason, fl.office.names[done.Unit], i18n.Moment(lang, done.At)
		}
		s.Field = fl.form.Fill(web.Field{Kind: web.TextField, Name: settle + found.Check, Label: c.T("desk.act.settle", "Short", s.Short), Optional: true})[0]
		page.Stops = append(page.Stops, s)
	}
	slices.SortStableFunc(page.Stops, func(a, b stop) int { return weight(a) - weight(b) })
	if fl.Status != procedure.AtDesk {
		return
	}
	for _, word := range whys(fl.Case) {
		key, _, _ := strings.Cut(word, ".")
		if !findings[word] && p.Texts.Has("desk.ground."+key) {
			page.Grounds = append(page.Grounds, c.T("desk.ground."+key))
		}
	}
}

// settle is what the names of the fields begin with in which a clerk settles a finding.
const settle = "klaerung_"

func weight(s stop) int {
	if s.Warn {
		return 1
	}
	return 0
}

//locale:prefix desk.check.

// checks lists what the machine checked and found in order, with the law of each.
func (p *Pages) checks(c *web.Call, fl file, page *casePage) {
	var at time.Time
	for _, e := range fl.history {
		if e.Kind == procedure.Checked {
			at = e.At
		}
	}
	if at.IsZero() {
		return
	}
	page.CheckedAt = i18n.Moment(c.Lang(), at)
	for _, check := range fl.Passed {
		title := c.T("desk.case.not_so", "Say", fl.Examined.Edition.Text(c.Lang(), "checks."+check.Name+".say"))
		if p.Texts.Has("desk.check." + check.Name) {
			title = c.T("desk.check." + check.Name)
		}
		page.Checked = append(page.Checked, checked{title, check.Law})
	}
}

func (p *Pages) questions(c *web.Call, fl file, page *casePage) {
	for _, q := range fl.State.Questions {
		one := asked{Text: q.Text, Unit: fl.office.names[q.Unit], Answer: q.Answer, Asked: q.Asked, Answered: q.Answered, Open: c.T("desk.ask.open")}
		if q.IsHearing() {
			one.Hearing = c.T("desk.hearing.about", "Outcome", fl.outcome(c.Lang(), q.Outcome), "Day", i18n.ListDay(c.Lang(), q.Until))
		}
		switch {
		case !q.Dropped.IsZero():
			one.Open = c.T("desk.ask.dropped", "At", i18n.Moment(c.Lang(), q.Dropped))
		case q.Over(c.Today()):
			one.Open = c.T("desk.hearing.over")
		}
		page.Questions = append(page.Questions, one)
	}
	if q, open := fl.Asked(); open && fl.Wait == procedure.ForAnswer {
		page.TakeBack = c.T("desk.ask.take_back_how")
		if q.IsHearing() {
			page.TakeBack = c.T("desk.hearing.take_back_how")
		}
	}
	page.Question = fl.form.Fill(web.Field{
		Kind: web.LinesField, Name: "frage", Label: c.T("desk.ask.label", "Name", fl.State.Name), Hint: c.T("desk.ask.hint"),
	})[0]
}

// deciding is the card that changes something: the ways to decide, or what was decided.
func (p *Pages) deciding(c *web.Call, fl file, page *casePage) {
	lang := c.Lang()
	if d := fl.State.Decision; d != nil {
		page.Decision = &decision{
			Outcome: fl.outcome(lang, d.Outcome), By: c.T("desk.case.by_machine"), Reason: d.Reason, At: i18n.Moment(lang, d.At),
		}
		if _, heard := fl.Heard[d.Outcome]; heard {
			page.Decision.Heard = c.T("desk.hearing.held", "Law", procedure.LawOfHearing)
		}
		if d.Dispensed != nil {
			page.Decision.Heard, page.Decision.Unheard = c.T("desk.hearing.none", "Law", d.Dispensed.Law), d.Dispensed.Reason
		}
		if d.By == procedure.ByPerson {
			page.Decision.By = fl.office.names[d.Unit]
		}
		return
	}
	page.CanDecide = fl.Status == procedure.AtDesk
	ready := len(fl.State.Found) == 0 && onlyForm(fl.Why)
	for _, o := range fl.Outcomes {
		one := outcome{
			Value: o.Name, Label: fl.outcome(lang, o.Name), Hint: p.effects(c, fl, o),
			Proposed: o.Name == fl.State.Proposal, Picked: ready && o.Name == fl.State.Proposal,
		}
		if fl.form != nil && fl.form.Has("ergebnis") {
			one.Picked = fl.form.Raw("ergebnis") == o.Name
		}
		page.Outcomes = append(page.Outcomes, one)
	}
	page.OutcomeError = fl.form.ErrorOf("ergebnis")
	page.NeedsReason = !ready
	page.Reason = fl.form.Fill(web.Field{
		Kind: web.LinesField, Name: "grund", Label: c.T("desk.act.reason"), Hint: c.T("desk.act.reason_hint"), Optional: ready,
	})[0]
	p.hearing(c, fl, page)
}

// outcome is what an outcome is called.
func (fl file) outcome(lang, name string) string {
	return fl.Examined.Edition.Text(lang, "decision.outcomes."+name+".label")
}

// effects says what happens with an outcome: what is entered, who is told, what the person gets.
func (p *Pages) effects(c *web.Call, fl file, o catalog.Outcome) string {
	ed := fl.Examined.Edition
	env := maps.Clone(fl.Values)
	env["outcome"] = o.Name
	var record, send bool
	for _, st := range ed.Stages {
		if ed.When(env, st.Name) == catalog.Yes {
			record, send = record || len(st.Record) > 0, send || len(st.Send) > 0
		}
	}
	var out []string
	if record {
		out = append(out, c.T("desk.act.records"))
	}
	if send {
		out = append(out, c.T("desk.act.sends"))
	}
	if o.Letter != "" {
		out = append(out, c.T("desk.act.issues", "Letter", ed.Text(c.Lang(), "letters."+o.Letter+".title")))
	}
	if o.Burden {
		out = append(out, c.T("desk.act.burden"), hearingOf(c, fl, o))
	}
	return strings.Join(out, " ")
}

// around finds the neighbours in the list of what waits for a person.
func (p *Pages) around(c *web.Call, fl file, page *casePage) error {
	if fl.Status != procedure.AtDesk {
		return nil
	}
	before, after, err := p.Around(c.Context(), fl.office.Desk, fl.Case)
	if before != "" {
		page.Before = Path + "/" + before
	}
	if after != "" {
		page.After = Path + "/" + after
	}
	return err
}

// releases are what the case may read now, and what it has asked for.
func (p *Pages) releases(c *web.Call, fl file, page *casePage) error {
	items, err := p.Consent.Open(c.Context(), p.DB, consent.Scope{Case: fl.ID})
	if err != nil {
		return err
	}
	for _, it := range items {
		r := release{
			Title: fl.Examined.Edition.Text(c.Lang(), "evidence."+it.Request.Evidence+".title"), Law: it.Request.Law, Fields: len(it.Request.Fields),
			Until: i18n.ShortDay(c.Lang(), clock.DateOf(it.Request.Until)), Open: it.Grant.ID == "",
		}
		for name, subject := range fl.State.Relatives {
			if subject == it.Request.Subject {
				r.Whom = name
			}
		}
		if !r.Open {
			r.Fields, r.Until = len(it.Grant.Fields), i18n.ShortDay(c.Lang(), clock.DateOf(it.Grant.Until))
			r.Left, r.Meter = i18n.Span(c.Lang(), it.Grant.Until.Sub(c.Now())), meter(it.Grant.GrantedAt, it.Grant.Until, c.Now())
		}
		page.Releases = append(page.Releases, r)
	}
	return nil
}

// notices are who was told by law, and whether they have it.
func (p *Pages) notices(c *web.Call, fl file, page *casePage) error {
	states, err := p.Exchange.NoticesOf(c.Context(), p.DB, fl.ID)
	if err != nil || len(states) == 0 {
		return err
	}
	list, err := p.Authorities.List(c.Context())
	if err != nil {
		return err
	}
	who := map[authority.Key]string{}
	for _, a := range list {
		who[a.Key] = a.Name
	}
	for _, n := range states {
		line := notice{Who: who[n.To], Law: n.Law, Example: n.Example, Status: status{"wait", "clock", c.T("desk.notice.under_way")}}
		switch {
		case n.Acknowledged && (n.AnswerDue.IsZero() || n.Answered):
			line.Status, line.At = status{"good", "success", c.T("desk.notice.acknowledged")}, i18n.Moment(c.Lang(), n.AcknowledgedAt)
		case n.Late:
			line.Status = status{"bad", "danger", c.T("desk.notice.late")}
		case n.Acknowledged:
			line.Status, line.At = status{"wait", "clock", c.T("desk.notice.unanswered")}, i18n.Moment(c.Lang(), n.AcknowledgedAt)
		}
		page.Notices = append(page.Notices, line)
	}
	return nil
}

// papers are the letters of the case as they were sealed. Who signed stands on the letter only.
func (p *Pages) papers(c *web.Call, fl file, page *casePage) error {
	for _, l := range fl.State.Letters {
		html, data, sig, err := p.Letters.Files(c.Context(), fl.Authority, l.ID)
		if err != nil {
			return err
		}
		doc, err := p.Letters.Check(c.Context(), html, data, sig)
		if err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
		one := paper{Title: fl.Examined.Edition.Text(c.Lang(), "letters."+l.Key+".title"), Name: l.Name, Genuine: err == nil, Day: clock.DateOf(doc.Issued)}
		for _, v := range doc.Values {
			one.Facts = append(one.Facts, fact{v.Label, v.Shown()})
		}
		one.Text = slices.Concat(doc.Orders, doc.Conditions, doc.Reasons, doc.Text)
		page.Papers = append(page.Papers, one)
	}
	return nil
}
