package desk

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed locale/*.json
var locale embed.FS

// Texts adds the module's texts.
func Texts(b *i18n.Bundle) error { return b.Add("desk", locale) }

// Path is the clerk's front door.
const Path = "/arbeitsplatz"

// Pages are the clerk's pages.
type Pages struct {
	*procedure.Service
	Clerk web.Policy // of package access: it says who calls
}

// Routes registers the pages.
func (p *Pages) Routes(w *web.Server) {
	w.Templates("desk", fs.FS(templates))
	w.Handle("GET", Path, p.Clerk, p.list)
	w.Handle("GET", Path+"/{case}", p.Clerk, p.show)
	w.Handle("POST", Path+"/{case}", p.Clerk, p.act)
}

// office is what a clerk works with: their desk and who decides what there.
type office struct {
	procedure.Desk
	unitOf map[string]string // service → key of the unit that decides it
	names  map[string]string // key of a unit → its name
	only   string            // the service a list is narrowed to
}

// office reads the offices of the clerk's authority once.
func (p *Pages) office(ctx context.Context, who access.Staff) (office, error) {
	o := office{Desk: procedure.Desk{Authority: who.Authority}, unitOf: map[string]string{}, names: map[string]string{}}
	units, err := p.Authorities.Units(ctx, who.Authority)
	if err != nil {
		return o, err
	}
	duties := map[string]string{}
	for _, u := range units {
		o.names[u.Key] = u.Name
		for _, duty := range u.Duties {
			duties[duty] = u.Key
		}
	}
	mine := who.Units(who.Authority, access.ClerkRole)
	for _, ed := range p.Editions {
		unit, decided := duties[ed.Decision.By]
		if !decided {
			continue
		}
		o.unitOf[ed.Service] = unit
		if slices.Contains(mine, unit) && !slices.Contains(o.Services, ed.Service) {
			o.Services = append(o.Services, ed.Service)
		}
	}
	return o, nil
}

// The views of the list, as the query names them.
const (
	viewDesk    = ""
	viewWaiting = "wartet"
	viewClosed  = "fertig"
)

const casesAPage = 50

// entry is a line of the navigation beside the list.
type entry struct {
	Path, Text string
	Count      int
	Hot        bool
	Current    bool
}

// status is a word about a case with its sign and colour. Look is good, warn, bad, info or wait.
type status struct{ Look, Icon, Text string }

// due is a deadline: its day in words, and how much of the time is used.
type due struct{ Look, Text, Meter string }

type line struct {
	Path, Service, Name, Number string
	Why                         string
	More                        int // further reasons
	State                       status
	Due                         due
	Since                       string
}

type group struct {
	Title string
	Count int
	Lines []line
}

type listPage struct {
	web.Page
	Heading, Meta string
	Views         []entry
	Services      []entry
	Filter        web.Link // takes the filter away
	Groups        []group
	Closed        bool
	Next          string // the most urgent case
	More, First   string
	Empty         web.Empty
	Search        string
}

func (p *Pages) list(c *web.Call) error {
	who := access.Of(c)
	o, err := p.office(c.Context(), who)
	if err != nil {
		return err
	}
	if c.Query("nummer") != "" {
		return p.search(c, o)
	}
	view := c.Query("sicht")
	if view != viewWaiting && view != viewClosed {
		view = viewDesk
	}
	narrow := o.narrowed(c.Query("leistung"))
	soon, week := days(c.Today())
	tallies, err := p.Tallies(c.Context(), o.Desk, soon, week)
	if err != nil {
		return err
	}
	page := p.frame(c, o, narrow, view, tallies)
	cases, err := p.read(c, narrow.Desk, view)
	if err != nil {
		return err
	}
	if len(cases) > casesAPage {
		cases = cases[:casesAPage]
		page.More = listPath(view, narrow.only, cursor(placeOf(cases[casesAPage-1])))
	}
	if c.Query("nach") != "" {
		page.First = listPath(view, narrow.only, "")
	}
	page.Groups = p.groups(c, cases, view, narrow, tallies)
	if view == viewDesk && len(cases) > 0 {
		page.Next = Path + "/" + cases[0].ID
	}
	return c.Render(http.StatusOK, "desk/arbeitsplatz.html", page)
}

func (p *Pages) read(c *web.Call, d procedure.Desk, view string) ([]procedure.Case, error) {
	from := place(c.Query("nach"))
	switch view {
	case viewClosed:
		return p.Service.Closed(c.Context(), d, from, casesAPage+1)
	case viewWaiting:
		return p.Work(c.Context(), d, procedure.Waiting, from, casesAPage+1)
	}
	return p.Work(c.Context(), d, procedure.AtDesk, from, casesAPage+1)
}

// narrowed is the desk with one of its services only; any other word leaves it as it is.
func (o office) narrowed(service string) office {
	if slices.Contains(o.Services, service) {
		o.Services, o.only = []string{service}, service
	}
	return o
}

func placeOf(cs procedure.Case) procedure.Place {
	if cs.Status.Ended() {
		return procedure.Place{At: cs.Closed, ID: cs.ID}
	}
	return procedure.Place{At: cs.Due, ID: cs.ID}
}

// listPath is the path of a list.
func listPath(view, service, after string) string {
	q := url.Values{}
	for name, v := range map[string]string{"sicht": view, "leistung": service, "nach": after} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if len(q) == 0 {
		return Path
	}
	return Path + "?" + q.Encode()
}

//locale:prefix desk.view.
//locale:prefix desk.empty.

// viewNames are the last parts of the views' texts.
var viewNames = map[string]string{viewDesk: "desk", viewWaiting: "waiting", viewClosed: "closed"}

// frame is the page without its lines: views, services, what is empty.
func (p *Pages) frame(c *web.Call, all, narrow office, view string, tallies []procedure.Tally) listPage {
	name := viewNames[view]
	page := listPage{
		Page:    web.Page{Title: c.T("desk.view." + name), Nav: Path, Desk: true},
		Heading: c.T("desk.view." + name), Closed: view == viewClosed,
		Meta:  c.T("desk.list.meta", "Count", sum(tallies, view, narrow, -1), "At", i18n.LongMoment(c.Lang(), c.Now())),
		Empty: web.Empty{Icon: "checklist", Title: c.T("desk.empty." + name), Text: c.T("desk.empty." + name + "_text")},
	}
	for _, v := range []string{viewDesk, viewWaiting, viewClosed} {
		page.Views = append(page.Views, entry{
			Path: listPath(v, narrow.only, ""), Text: c.T("desk.view." + viewNames[v]), Count: sum(tallies, v, narrow, -1),
			Hot: v == viewDesk && sum(tallies, v, narrow, procedure.Overdue) > 0, Current: v == view,
		})
	}
	for _, s := range all.Services {
		page.Services = append(page.Services, entry{
			Path: listPath(view, s, ""), Text: p.serviceTitle(c, s), Count: sum(tallies, view, all.narrowed(s), -1), Current: narrow.only == s,
		})
	}
	if narrow.only != "" {
		page.Filter = web.Link{Path: listPath(view, "", ""), Text: p.serviceTitle(c, narrow.only)}
	}
	return page
}

// sum adds up what the tallies say about a view; urgency -1 is any.
func sum(tallies []procedure.Tally, view string, o office, u procedure.Urgency) (n int) {
	for _, t := range tallies {
		in := t.Status.Ended()
		switch view {
		case viewDesk:
			in = t.Status == procedure.AtDesk
		case viewWaiting:
			in = t.Status == procedure.Waiting
		}
		if in && slices.Contains(o.Services, t.Service) && (u < 0 || t.Urgency == u) {
			n += t.Count
		}
	}
	return n
}

func (p *Pages) serviceTitle(c *web.Call, service string) string {
	for _, ed := range slices.Backward(p.Editions) {
		if ed.Service == service {
			return ed.Text(c.Lang(), "title")
		}
	}
	return service
}

//locale:prefix desk.group.

var groupNames = []string{procedure.NoDay: "no_day", procedure.Overdue: "overdue", procedure.ThisWeek: "week", procedure.Later: "later"}

func (p *Pages) groups(c *web.Call, cases []procedure.Case, view string, o office, tallies []procedure.Tally) []group {
	var out []group
	last := procedure.Urgency(-1)
	for _, cs := range cases {
		u := procedure.NoDay
		if view != viewClosed {
			u = urgency(cs.Due, c.Today())
		}
		if u != last || len(out) == 0 {
			g := group{Count: sum(tallies, view, o, u)}
			if view != viewClosed {
				g.Title = c.T("desk.group." + groupNames[u])
			}
			out, last = append(out, g), u
		}
		g := &out[len(out)-1]
		g.Lines = append(g.Lines, p.line(c, cs))
	}
	return out
}

func (p *Pages) line(c *web.Call, cs procedure.Case) line {
	l := line{
		Path: Path + "/" + cs.ID, Service: p.serviceTitle(c, cs.Service), Number: cs.Number, State: p.standing(c, cs), Due: dueOf(c, cs),
		Since: i18n.ShortDay(c.Lang(), clock.DateOf(since(cs))),
	}
	if cs.Status.Ended() { // what is in a closed file costs a reason
		l.Since = i18n.ShortDay(c.Lang(), clock.DateOf(cs.Closed))
		return l
	}
	l.Name = cs.State.Name
	if ed, err := p.Edition(cs); err == nil && cs.Due.IsZero() && cs.Paused(ed) {
		l.Due.Text = c.T("desk.due.paused")
	}
	if reasons := whys(cs); cs.Status == procedure.AtDesk && len(reasons) > 0 {
		l.Why, l.More = p.why(c, cs, reasons[0]), len(reasons)-1
	}
	return l
}

// since is when the case came: when everything was handed in, or when it was begun.
func since(cs procedure.Case) time.Time {
	if cs.Received.IsZero() {
		return cs.Created
	}
	return cs.Received
}

//locale:prefix desk.why.

// why says in a few words why a person is needed: our own words for what the shipped services find, else the beginning of
// the definition's sentence.
func (p *Pages) why(c *web.Call, cs procedure.Case, word string) string {
	key, _, _ := strings.Cut(word, ".") // "until.day" waits in a stage
	if p.Texts.Has("desk.why." + key) {
		return c.T("desk.why." + key)
	}
	if ed, err := p.Edition(cs); err == nil {
		if _, ok := ed.CheckNamed(word); ok {
			return cut(ed.Text(c.Lang(), "checks."+word+".say"), shortest)
		}
	}
	return c.T("desk.why.other")
}

//locale:prefix desk.state.

// standing is where a case stands, for the clerk.
func (p *Pages) standing(c *web.Call, cs procedure.Case) status {
	switch {
	case cs.Status == procedure.Done:
		return status{"good", "success", c.T("desk.state.done")}
	case cs.Status == procedure.Refused:
		return status{"wait", "close", c.T("desk.state.refused")}
	case cs.Status == procedure.AtDesk && answered(cs):
		return status{"good", "success", c.T("desk.state.answered")}
	case cs.Status == procedure.AtDesk && hearing(cs):
		return status{"warn", "clock", c.T("desk.state.unanswered")}
	case cs.Status == procedure.AtDesk:
		return status{"warn", "warning", c.T("desk.state.decide")}
	}
	if hearing(cs) {
		return status{"wait", "clock", c.T("desk.state.hearing")}
	}
	return status{"wait", "clock", c.T("desk.state." + string(cs.Wait))}
}

// hearing reports whether the applicant is being heard and has not answered yet; at the desk the period has ended.
func hearing(cs procedure.Case) bool {
	q, open := cs.Asked()
	return open && q.IsHearing()
}

// answered reports whether the applicant has answered what a clerk asked.
func answered(cs procedure.Case) bool {
	n := len(cs.State.Questions)
	return n > 0 && !cs.State.Questions[n-1].Answered.IsZero()
}

func dueOf(c *web.Call, cs procedure.Case) due {
	d := due{Text: i18n.ListDay(c.Lang(), clock.DateOf(cs.Due)), Meter: meter(since(cs), cs.Due, c.Now())}
	if cs.Due.IsZero() || cs.Status.Ended() {
		return due{}
	}
	today := c.Today()
	switch day := clock.DateOf(cs.Due); {
	case day.Before(today):
		d.Look, d.Text = "bad", c.T("desk.due.over", "Day", d.Text)
	case day == today:
		d.Look, d.Text = "bad", c.T("desk.due.today")
	case !today.AddDays(1).Before(day):
		d.Look, d.Text = "warn", c.T("desk.due.tomorrow")
	}
	return d
}

// search finds a case by its file number; a single one is opened.
func (p *Pages) search(c *web.Call, o office) error {
	typed := c.Query("nummer")
	var cases []procedure.Case
	if n, ok := number(typed); ok {
		var err error
		if cases, err = p.ByNumber(c.Context(), o.Desk, n); err != nil {
			return err
		}
	}
	if len(cases) == 1 {
		return c.Redirect(Path + "/" + cases[0].ID)
	}
	soon, week := days(c.Today())
	tallies, err := p.Tallies(c.Context(), o.Desk, soon, week)
	if err != nil {
		return err
	}
	page := p.frame(c, o, o, viewClosed, tallies)
	page.Title, page.Heading, page.Search = c.T("desk.search.title"), c.T("desk.search.title"), typed
	page.Meta = c.T("desk.search.meta", "Typed", typed)
	for i := range page.Views {
		page.Views[i].Current = false
	}
	page.Empty = web.Empty{
		Icon: "search", Title: c.T("desk.search.empty"), Text: c.T("desk.search.empty_text"), Action: web.Link{Path: Path, Text: c.T("desk.search.back")},
	}
	page.Groups = p.groups(c, cases, viewClosed, o, nil)
	return c.Render(http.StatusOK, "desk/arbeitsplatz.html", page)
}
