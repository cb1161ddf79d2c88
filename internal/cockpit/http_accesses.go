package cockpit

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

type accessesPage struct {
	web.Page
	For
	Group   web.Field
	Days    []web.Day
	Empty   web.Empty
	None    bool
	Pager   web.Pager
	Proof   string // page of the check
	Check   check
	Filters string // the page itself
	Hidden  string // page about accesses that are not shown yet
}

func (s *Service) showAccesses(c *web.Call) error {
	v, err := s.viewOf(c)
	if err != nil {
		return err
	}
	before, err := parseBefore(c.Query("vor"))
	if err != nil {
		return err
	}
	g := parseGroup(c.Query("art"))
	items, older, err := s.accesses(c.Context(), v, g, before, perPage)
	if err != nil {
		return err
	}
	w, err := s.words(c, v, nil, items)
	if err != nil {
		return err
	}
	p := accessesPage{
		Page: web.Page{Title: c.T("cockpit.accesses.title"), Nav: accessesPath, Scripts: []string{"proof.js"}}, For: v.who(c, accessesPath),
		Group: groupField(c, g), Days: w.days(items), None: len(items) == 0, Filters: accessesPath, Hidden: hiddenPath,
		Proof: v.link(proofPath), Check: v.check(), Empty: w.noAccess(g, older),
	}
	if older > 0 {
		p.Pager.Older = v.link(accessesPath, "art", string(g), "vor", strconv.FormatInt(older, 10))
	}
	if before > 0 {
		p.Pager.Newer = v.link(accessesPath, "art", string(g))
	}
	return c.Render(http.StatusOK, "cockpit/zugriffe.html", p)
}

// check is what the island needs: where the evidence is, and whose it is, so that a browser shared by two people does not
// take one for the other.
type check struct{ Pack, Person string }

func (v View) check() check { return check{v.link(jsonPath), string(v.Subject)} }

// parseBefore reads the number of an entry among those of its person.
func parseBefore(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Invalid, "cockpit.error.page")
	}
	return n, nil
}

// groupField lets a person choose a kind of entries.
func groupField(c *web.Call, now Group) web.Field {
	f := web.Field{Kind: web.SelectField, Name: "art", Label: c.T("cockpit.accesses.filter")}
	for _, g := range groups {
		name := string(g)
		if g == Everything {
			name = "alle"
		}
		f.Choices = append(f.Choices, web.Choice{Value: name, Label: c.T("cockpit.group." + name), Picked: g == now}) //locale:prefix cockpit.group.
	}
	return f
}

func (w words) noAccess(g Group, older int64) web.Empty {
	e := web.Empty{Icon: "shield", Title: w.t("cockpit.accesses.none"), Text: w.t("cockpit.accesses.none_text")}
	switch {
	case older > 0:
		e.Title, e.Text = w.t("cockpit.accesses.none_here"), w.t("cockpit.accesses.none_here_text")
	case g != Everything:
		e.Title, e.Text = w.t("cockpit.accesses.none_of_kind"), w.t("cockpit.accesses.none_of_kind_text")
		e.Action = web.Link{Path: w.view.link(accessesPath), Text: w.t("cockpit.accesses.all")}
	}
	return e
}

// days puts entries under the day on which they happened. Of an erased one nobody knows the day any more.
func (w words) days(items []ledger.Item) (days []web.Day) {
	for _, i := range items {
		title := w.t("cockpit.accesses.erased_day")
		if !i.Time.IsZero() {
			title = w.day(clock.DateOf(i.Time))
		}
		if len(days) == 0 || days[len(days)-1].Title != title {
			days = append(days, web.Day{Title: title, ID: "tag-" + strconv.Itoa(len(days)+1)})
		}
		d := &days[len(days)-1]
		d.Events = append(d.Events, w.event(i))
	}
	return days
}

func (w words) day(d clock.Date) string {
	if d == w.c.Today() {
		return w.t("cockpit.accesses.today", "Day", i18n.LongDay(w.c.Lang(), d))
	}
	return i18n.LongDay(w.c.Lang(), d)
}

// event is one entry in the timeline.
func (w words) event(i ledger.Item) web.Event {
	e := web.Event{
		ID: "eintrag-" + strconv.FormatInt(i.SubjectSeq, 10), Who: w.title(i), Why: w.why(i), Fields: w.fields(i.Fields),
		Chip: w.chip(i), Wrong: standing(i, w.c.Now()) == Overdue, Proof: w.t("cockpit.accesses.proof"), Facts: w.facts(i),
		Record: i.ID, ProofOK: w.t("cockpit.chip.checked"), ProofBad: w.t("cockpit.chip.wrong"),
	}
	if !i.Time.IsZero() {
		e.Time = i18n.Time(w.c.Lang(), i.Time)
	}
	return e
}

func (w words) chip(i ledger.Item) web.Chip {
	switch standing(i, w.c.Now()) {
	case Waits:
		return web.Chip{Look: "work", Text: w.t("cockpit.chip.waits")}
	case Overdue:
		return web.Chip{Look: "bad", Text: w.t("cockpit.chip.overdue")}
	case Blank:
		return web.Chip{Look: "ended", Text: w.t("cockpit.chip.blank")}
	case Placed:
	}
	return web.Chip{Look: "ok", Text: w.t("cockpit.chip.placed")}
}

// title names who did it: an office with unit and role, the person, or somebody of the family. Never a clerk.
func (w words) title(i ledger.Item) string {
	if i.Erased {
		return w.t("cockpit.who.erased")
	}
	switch i.Kind {
	case ledger.Access, ledger.Release, ledger.Refusal, ledger.Revocation, ledger.Login:
		switch whoLooked(i, w.view.actor()) {
		case yourself:
			return w.t("cockpit.who.you")
		case yourFamily:
			return w.t("cockpit.who.family")
		case anOffice:
		}
		if i.Reader != "" {
			return w.unit(i.Reader, i.Unit)
		}
	case ledger.Notice:
		return w.t("cockpit.who.notice", "From", w.unit(i.Authority, i.Unit), "To", w.name(i.Reader))
	}
	return w.unit(i.Authority, i.Unit)
}

// why is the sentence of an entry: the plain words recorded with it, or what a person did.
func (w words) why(i ledger.Item) string {
	said := w.say(cmp.Or(i.Reason, i.Purpose), i.Law)
	title, purpose, reader := w.say(i.Reason, i.Law), w.say(i.Purpose, i.Law), w.name(i.Reader)
	mine := whoLooked(i, w.view.actor()) == yourself
	switch {
	case i.Erased:
		return w.t("cockpit.why.erased")
	case i.Opening():
		return w.t("cockpit.why.opened", "Moment", i18n.Moment(w.c.Lang(), i.Happened), "Reason", said)
	case i.Kind == ledger.Release && mine:
		return w.t("cockpit.why.release", "Title", title, "Reader", reader)
	case i.Kind == ledger.Release:
		return w.t("cockpit.why.release_family", "Title", title, "Reader", reader)
	case i.Kind == ledger.Refusal && mine:
		return w.t("cockpit.why.refusal", "Title", title, "Reader", reader)
	case i.Kind == ledger.Refusal:
		return w.t("cockpit.why.refusal_family", "Title", title, "Reader", reader)
	case i.Kind == ledger.Revocation && mine:
		return w.t("cockpit.why.revocation", "Title", title, "Reader", reader)
	case i.Kind == ledger.Revocation:
		return w.t("cockpit.why.revocation_family", "Title", title, "Reader", reader)
	case i.Kind == ledger.Acknowledgement:
		return w.t("cockpit.why.acknowledgement", "From", w.name(i.More["sender"]), "Purpose", purpose)
	case i.Kind == ledger.Delivery:
		return w.t("cockpit.why.delivery", "Title", title, "Purpose", purpose)
	case i.Kind == ledger.Login && said == "":
		return w.t("cockpit.why.login")
	}
	return said
}

// facts are what stands behind an entry: law, case, where the data were, and its place in the ledger.
func (w words) facts(i ledger.Item) (list []web.Fact) {
	add := func(key, value string) {
		if value != "" {
			list = append(list, web.Fact{Name: w.t(key), Value: value})
		}
	}
	if i.Reason != "" && i.Purpose != i.Reason && i.Kind != ledger.Delivery {
		add("cockpit.fact.why", w.say(i.Purpose, i.Law))
	}
	if recorded := cmp.Or(i.Reason, i.Purpose); w.say(recorded, i.Law) != recorded {
		add("cockpit.fact.recorded", recorded)
	}
	add("cockpit.fact.law", i.Law)
	if cannotRefuse(i, w.view.actor()) {
		add("cockpit.fact.refuse", w.t("cockpit.law.cannot_refuse", "Law", i.Law))
	}
	if i.Grant != "" && i.Kind == ledger.Access {
		add("cockpit.fact.refuse", w.t("cockpit.law.your_grant"))
	}
	add("cockpit.fact.role", w.role(i.Role))
	if i.Kind == ledger.Access && i.Reader != i.Authority {
		add("cockpit.fact.from", w.name(i.Authority))
	}
	if i.Case != "" {
		add("cockpit.fact.case", w.number(i.Case))
	}
	add("cockpit.fact.ledger", w.place(i))
	if !i.DeleteOn.IsZero() {
		add("cockpit.fact.delete", i18n.Day(w.c.Lang(), i.DeleteOn))
	}
	return list
}

// role says in which part somebody acted. Others than these are shown as they are called.
func (w words) role(role string) string {
	switch role {
	case "engine", "machine":
		return w.t("cockpit.role.machine")
	case "person":
		return w.t("cockpit.role.person")
	case "registry", "clerk":
		return w.t("cockpit.role.registry")
	}
	return role
}

// place says where an entry stands, or how long it may take.
func (w words) place(i ledger.Item) string {
	switch standing(i, w.c.Now()) {
	case Waits:
		return w.t("cockpit.place.waits", "Seconds", int(ledger.Promise/time.Second))
	case Overdue:
		return w.t("cockpit.place.overdue", "Seconds", int(ledger.Promise/time.Second))
	case Blank, Placed:
	}
	return w.t("cockpit.place.placed", "Number", i18n.Number(w.c.Lang(), i.Position))
}

// hiddenPage tells the public how many accesses their persons do not see yet.
type hiddenPage struct {
	web.Page
	Accesses string
	Quarters []web.Fact
}

func (s *Service) hidden(c *web.Call) error {
	list, err := s.Ledger.HiddenByQuarter(c.Context())
	if err != nil {
		return err
	}
	p := hiddenPage{Page: web.Page{Title: c.T("cockpit.hidden.title"), Nav: accessesPath}, Accesses: accessesPath}
	for _, q := range list {
		count := i18n.Number(c.Lang(), int64(q.Hidden))
		if q.Few {
			count = c.T("cockpit.hidden.few", "Least", ledger.FewestHidden)
		}
		p.Quarters = append(p.Quarters, web.Fact{Name: c.T("cockpit.hidden.quarter", "Quarter", q.Quarter, "Year", q.Year), Value: count})
	}
	return c.Render(http.StatusOK, "cockpit/verdeckt.html", p)
}

// proofPage explains what the check shows and what it does not.
type proofPage struct {
	web.Page
	For
	Check               check
	JSON, Zip, Accesses string
	Name                string // of the log
	Key                 string // its public key, to compare
	Log                 string // where it shows its tiles
}

func (s *Service) proof(c *web.Call) error {
	v, err := s.viewOf(c)
	if err != nil {
		return err
	}
	p := proofPage{
		Page: web.Page{Title: c.T("cockpit.proof.title"), Nav: accessesPath, Scripts: []string{"proof.js"}}, For: v.who(c, proofPath),
		Check: v.check(), JSON: v.link(jsonPath), Zip: v.link(zipPath), Accesses: v.link(accessesPath), Name: s.Ledger.Name(), Key: base64.StdEncoding.EncodeToString(s.Ledger.Public()), Log: s.Base,
	}
	return c.Render(http.StatusOK, "cockpit/nachpruefen.html", p)
}

func (s *Service) evidence(c *web.Call) error {
	v, err := s.viewOf(c)
	if err != nil {
		return err
	}
	pack, err := s.Evidence(c.Context(), v)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, pack)
}

func (s *Service) evidenceZip(c *web.Call) error {
	v, err := s.viewOf(c)
	if err != nil {
		return err
	}
	b, err := s.EvidenceZip(c.Context(), v)
	if err != nil {
		return err
	}
	return c.Download("application/zip", "nachweis-"+c.Today().String()+".zip", b)
}
