package lifeevent

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

var berlin = clock.Berlin

// offer is one service's pages.
type offer struct {
	*Pages
	ed *catalog.Edition
}

type offerPage struct {
	web.Page
	Heading, Summary string
	Begins           []begins
	Steps            []string
	Facts            []web.Fact
	Fetched          []string
	Landlord         bool // a landlord's confirmation is part of it
	Machine          bool // a machine may decide
	Example          bool // because a made-up law permits it
}

// begins is a button: one for each town that offers the service.
type begins struct{ Path, Text string }

// page says what a service is, before anybody logs in.
func (o offer) page(c *web.Call) error {
	towns, err := o.offices(c.Context())
	if err != nil {
		return err
	}
	text := func(path string) string { return o.ed.Text(c.Lang(), path) }
	page := offerPage{
		Heading: text("title"), Summary: text("summary"), Facts: o.facts(c), Landlord: takesLandlord(o.ed),
		Machine: o.ed.Decision.Mode == catalog.Automatic, Example: o.ed.Decision.Example,
	}
	page.Page = web.Page{Title: page.Heading, Nav: "/leistungen"}
	for _, t := range towns {
		b := begins{"/" + o.ed.Path + "/beginnen?ort=" + string(t.Key), c.T("lifeevent.offer.begin_in", "Town", t.Short)}
		if len(towns) == 1 {
			b.Text = c.T("lifeevent.offer.begin")
		}
		page.Begins = append(page.Begins, b)
	}
	for _, st := range o.ed.Stages {
		page.Steps = append(page.Steps, text("stages."+st.Name+".title"))
	}
	for _, e := range o.ed.Evidence {
		if slices.ContainsFunc(e.From, func(s catalog.Source) bool { return s.Kind == "register" }) {
			page.Fetched = append(page.Fetched, text("evidence."+e.Name+".title"))
		}
	}
	return c.Render(http.StatusOK, "lifeevent/umzug.html", page)
}

func takesLandlord(ed *catalog.Edition) bool {
	return slices.ContainsFunc(ed.Evidence, func(e catalog.Evidence) bool {
		return slices.ContainsFunc(e.From, func(s catalog.Source) bool { return s.Name == "landlord_confirmations" })
	})
}

// facts are the short answers: what it costs, until when, how long it takes, what one needs, who decides.
func (o offer) facts(c *web.Call) []web.Fact {
	var list []web.Fact
	add := func(name, value string) { list = append(list, web.Fact{Name: name, Value: value}) }
	if o.ed.Fee.None != "" {
		add(c.T("lifeevent.offer.cost"), c.T("lifeevent.offer.cost_none", "Law", cited(o.ed.Fee.None)))
	}
	for _, d := range o.ed.Deadlines {
		if slices.Contains(d.Of, "applicant") {
			add(c.T("lifeevent.offer.until"), c.T("lifeevent.offer.until_text", "Period", period(c, d.Within), "Law", cited(d.Law)))
		} else if d.Law != "" || d.Example {
			add(c.T("lifeevent.offer.takes"), c.T("lifeevent.offer.takes_text", "Period", period(c, d.Within)))
		}
	}
	if o.ed.Applicant.Trust == catalog.TrustHigh {
		add(c.T("lifeevent.offer.need"), c.T("lifeevent.offer.need_high", "Law", cited(o.ed.Applicant.Law)))
	}
	add(c.T("lifeevent.offer.decides"), o.ed.Text(c.Lang(), "units."+o.ed.Decision.By))
	add(c.T("lifeevent.offer.law"), cited(o.ed.Law))
	return list
}

// cited is a law that does not break at the end of a line before its number.
func cited(law string) string {
	return strings.NewReplacer("§ ", "§\u00a0", "Abs. ", "Abs.\u00a0", "Nr. ", "Nr.\u00a0").Replace(law)
}

//locale:prefix lifeevent.period.

// period writes a length of time in words.
func period(c *web.Call, p authority.Period) string {
	key := map[authority.PeriodUnit]string{
		authority.Hours: "hour", authority.Days: "day", authority.WorkingDays: "working_day", authority.Weeks: "week",
		authority.Months: "month", authority.Years: "year",
	}[p.Unit]
	if p.N == 1 {
		return c.T("lifeevent.period." + key)
	}
	return c.T("lifeevent.period."+key+"s", "N", p.N)
}

type beginPage struct {
	web.Page
	Heading, Lead string
	Who           Person
	Portal        string // name of the portal that handed something over; empty without a referral
	Signed        time.Time
	Home          []web.Fact
	Unknown       bool // the directory does not know the house
	Due           clock.Date
	DueLaw        string
	DuePeriod     string
	Note          string // why a referral is not shown
	Town          []web.Field
	Plain         bool // one may go on without the referral
}

// beginning is what a case would begin with.
type beginning struct {
	who    Person
	handle string
	from   *Referral
	note   string // code: why the referral does not count
	town   authority.Key
}

// begin shows who the person is and what a portal hands over.
func (o offer) begin(c *web.Call) error {
	b, err := o.gather(c)
	if err != nil {
		return o.answer(c, b, err)
	}
	if b.from == nil {
		b.town = o.townNamed(c.Query("ort"))
	}
	return o.show(c, http.StatusOK, b, nil)
}

// gather finds the person and their referral. One that has ended is forgotten, and the page says so.
func (o offer) gather(c *web.Call) (beginning, error) {
	who, err := o.Person(c)
	if err != nil || !takesReferrals(o.ed) {
		return beginning{who: who}, err
	}
	b := beginning{who: who, handle: c.Recall(handleKept)}
	if b.handle == "" {
		return b, nil
	}
	r, err := o.Take(c.Context(), b.handle, who)
	if fault.Is(err, fault.Gone) {
		c.Forget(handleKept)
		b.handle, b.note = "", fault.CodeOf(err)
		return b, nil
	}
	if err != nil {
		return b, err
	}
	if !slices.Contains(o.Towns, r.Authority) {
		return b, fault.New(fault.Invalid, "lifeevent.error.elsewhere")
	}
	b.from, b.town = &r, r.Authority
	return b, nil
}

// townNamed returns the town with this key if it offers the service, the only one if there is no choice, or nothing.
func (o offer) townNamed(key string) authority.Key {
	if len(o.Towns) == 1 {
		return o.Towns[0]
	}
	if slices.Contains(o.Towns, authority.Key(key)) {
		return authority.Key(key)
	}
	return ""
}

func (o offer) show(c *web.Call, status int, b beginning, f *web.Form) error {
	page := beginPage{Heading: o.ed.Text(c.Lang(), "title"), Lead: c.T("lifeevent.begin.lead"), Who: b.who}
	towns, err := o.offices(c.Context())
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(towns, func(t office) bool { return t.Key == b.town }); i >= 0 {
		page.Heading = c.T("lifeevent.begin.welcome", "Town", towns[i].Short)
	}
	if b.from != nil {
		err = o.showReferral(c, &page, *b.from)
	} else {
		page.Town = f.Fill(choiceOf(c, towns, b.town))
	}
	if err != nil {
		return err
	}
	if b.note != "" {
		page.Note = c.T(b.note)
	}
	page.Page = web.Page{Title: page.Heading, Nav: "/leistungen", Form: f, Bare: true}
	return c.Render(status, "lifeevent/umzug-beginnen.html", page)
}

// choiceOf asks for the town, or names it where there is no choice.
func choiceOf(c *web.Call, towns []office, picked authority.Key) web.Field {
	if len(towns) == 1 {
		return web.Field{Kind: web.HiddenField, Name: "ort", Value: string(picked)}
	}
	field := web.Field{Kind: web.ChoiceField, Name: "ort", Label: c.T("lifeevent.begin.town")}
	for _, t := range towns {
		field.Choices = append(field.Choices, web.Choice{Value: string(t.Key), Label: t.Name, Picked: t.Key == picked})
	}
	return field
}

// showReferral lists exactly what the portal hands over.
func (o offer) showReferral(c *web.Call, page *beginPage, r Referral) error {
	name, err := o.PortalName(c.Context(), r.Portal)
	if err != nil {
		return err
	}
	page.Portal, page.Signed, page.Plain, page.Unknown = name, r.Signed, true, !r.Verified
	page.Lead = c.T("lifeevent.begin.lead_portal", "Portal", name)
	mark := r.Mark
	if mark == "" {
		mark = c.T("lifeevent.begin.no_mark")
	}
	page.Home = []web.Fact{
		{Name: c.T("lifeevent.begin.home"), Value: r.Home.String()},
		{Name: c.T("lifeevent.begin.moved_in"), Value: i18n.LongDay(c.Lang(), r.MovedIn)},
		{Name: c.T("lifeevent.begin.mark"), Value: mark},
	}
	calendar, err := o.authorities.Calendar(c.Context(), r.Authority)
	if err != nil {
		return err
	}
	for _, d := range o.ed.Deadlines {
		if slices.Contains(d.Of, "applicant") {
			page.Due, page.DueLaw, page.DuePeriod = calendar.End(r.MovedIn, d.Within), cited(d.Law), period(c, d.Within)
		}
	}
	return nil
}

// start begins the case.
func (o offer) start(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if f.Has("ohne") {
		c.Forget(handleKept)
		return c.Redirect("/" + o.ed.Path + "/beginnen")
	}
	b, err := o.gather(c)
	if err != nil {
		return o.answer(c, b, err)
	}
	if b.from == nil {
		if f.Has("uebergabe") { // it ended between the page and the click: show what has changed before anything begins
			b.note, b.town = fault.CodeOf(errHandle), o.townNamed("")
			return o.show(c, http.StatusGone, b, nil)
		}
		if b.town = o.townNamed(f.Text("ort")); b.town == "" {
			f.Fail("ort", "lifeevent.begin.town_missing")
			return o.show(c, http.StatusUnprocessableEntity, b, f)
		}
	}
	s, err := o.starting(c, b)
	if err != nil {
		return err
	}
	path, err := o.Starter.Start(c.Context(), s)
	if err != nil {
		return o.answer(c, b, err)
	}
	return c.Redirect(path) // the browser keeps the handle: a second click finds the case by it
}

func (o offer) starting(c *web.Call, b beginning) (Start, error) {
	s := Start{Account: o.Account(c), Authority: b.town, Service: o.ed.Service, Channel: "web"}
	if b.from == nil {
		return s, nil
	}
	values, err := b.from.Values()
	s.Channel, s.Referral, s.Portal = "portal", values, b.from.Portal
	s.Use = func(ctx context.Context, tx *db.Tx, caseID string) error { return o.Use(ctx, tx, b.handle, caseID) }
	return s, err
}

// answer turns what stands in the way into a page that says how to go on.
func (o offer) answer(c *web.Call, b beginning, err error) error {
	switch code := fault.CodeOf(err); {
	case code == "lifeevent.error.used":
		return o.resume(c, b)
	case refusal(err):
		return o.refuse(c, err)
	case code == "mandate.error.not_found" || code == "mandate.error.ambiguous":
		return o.unknown(c, err)
	}
	return err
}

// resume leads to the case that a referral began: the second of two clicks, or the way back.
func (o offer) resume(c *web.Call, b beginning) error {
	id, err := o.CaseOf(c.Context(), b.handle)
	if err != nil {
		return err
	}
	c.Forget(handleKept)
	path, err := o.Starter.Resume(c.Context(), o.Account(c), id)
	if fault.Is(err, fault.NotFound) { // somebody else's
		return o.refuse(c, errUsed)
	}
	if err != nil {
		return err
	}
	return c.Redirect(path)
}

type unknownPage struct {
	web.Page
	Heading, Text string
	Who           Person
	Twice         bool
	Office        string
}

// unknown is for somebody whom no register knows, or whom it knows twice.
func (o offer) unknown(c *web.Call, err error) error {
	who, fail := o.Person(c)
	if fail != nil {
		return fail
	}
	towns, fail := o.offices(c.Context())
	if fail != nil {
		return fail
	}
	page := unknownPage{Text: c.Say(err), Who: who, Twice: fault.CodeOf(err) == "mandate.error.ambiguous", Heading: c.T("lifeevent.unknown.nobody")}
	if page.Twice {
		page.Heading = c.T("lifeevent.unknown.twice")
	}
	if len(towns) > 0 {
		page.Office = towns[0].Name
	}
	page.Page = web.Page{Title: page.Heading, Nav: "/leistungen", Bare: true}
	return c.Render(web.StatusOf(err), "lifeevent/umzug-unbekannt.html", page)
}
