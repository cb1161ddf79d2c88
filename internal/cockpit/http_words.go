package cockpit

import (
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// words turn questions, grants and entries into the lines of a page.
type words struct {
	c       *web.Call
	view    View
	cases   map[string]CaseRef
	offices map[string]office
	texts   *i18n.Bundle
	known   func(lang, german string) (string, bool)
}

// words looks up all names that a page needs.
func (s *Service) words(c *web.Call, v View, items []consent.Item, entries []ledger.Item) (w words, err error) {
	var ids, keys []string
	for _, i := range items {
		ids, keys = append(ids, i.Request.Case), append(keys, string(i.Request.Reader), string(i.Request.Holder))
	}
	for _, e := range entries {
		ids, keys = append(ids, e.Case), append(keys, e.Authority, e.Reader, e.More["holder"], e.More["sender"])
	}
	w = words{c: c, view: v, texts: s.Texts, known: s.Translate}
	if w.cases, err = s.cases(c.Context(), v.Account, ids); err != nil {
		return w, err
	}
	w.offices, err = s.offices(c.Context(), keys...)
	return w, err
}

func (w words) t(key string, kv ...any) string { return w.c.T(key, kv...) }

// name is an authority as it stands on letters.
func (w words) name(key string) string {
	if o, ok := w.offices[key]; ok {
		return o.name
	}
	return key
}

// unit names an office as people do: "Bürgeramt Lindenfurt".
func (w words) unit(key, unit string) string {
	o, ok := w.offices[key]
	if !ok || unit == "" {
		return w.name(key)
	}
	name := o.unit(unit)
	if strings.Contains(name, o.short) {
		return name
	}
	return name + ", " + o.name
}

// number is the file number of a case; one whose number is not known keeps its id.
func (w words) number(id string) string {
	if ref := w.cases[id]; ref.Number != "" {
		return ref.Number
	}
	return id
}

// fields are the names of data in words. The fields of the register of residents have words of their own; others are
// shown as they are called.
func (w words) fields(list []string) []string {
	out := make([]string, len(list))
	for i, f := range list {
		f = strings.TrimPrefix(f, ".")
		if out[i] = f; fieldNames[f] {
			out[i] = w.t("cockpit.field." + f) //locale:prefix cockpit.field.
		}
	}
	return out
}

// law is the ground of a question.
func (w words) law(r consent.Request) string {
	if r.Basis == consent.ByConsent {
		return w.t("cockpit.grants.only_consent")
	}
	return w.t("cockpit.grants.on_request", "Law", r.Law)
}

func (w words) until(t time.Time) string {
	return w.t("cockpit.grants.until", "Moment", i18n.LongMoment(w.c.Lang(), t))
}

func (w words) left(t time.Time) string { return upperFirst(i18n.Span(w.c.Lang(), t.Sub(w.c.Now()))) }

func (w words) askedCard(r consent.Request) askedCard {
	card := askedCard{
		ID: "frage-" + r.ID, Office: w.unit(string(r.Reader), r.Unit), Title: w.say(r.Title, r.Law), Chip: web.Chip{Look: "you", Text: w.t("cockpit.grants.answer_please")},
		Fields: w.fields(r.Fields), Left: w.left(r.Until), Subject: w.child(),
		Facts: []web.Fact{
			{Name: w.t("cockpit.fact.why"), Value: w.say(r.Purpose, r.Law)},
			{Name: w.t("cockpit.fact.law"), Value: w.law(r)},
			{Name: w.t("cockpit.fact.from"), Value: w.name(string(r.Holder))},
			{Name: w.t("cockpit.fact.case"), Value: w.number(r.Case)},
			{Name: w.t("cockpit.fact.until"), Value: i18n.LongMoment(w.c.Lang(), r.Until)},
		},
	}
	card.Facts = append(card.Facts, w.whom(r)...)
	if r.Account != w.view.actor() {
		card.Chip = web.Chip{Look: "work", Text: w.t("cockpit.grants.somebody_asked")}
		return card
	}
	card.Answer, card.RefusePath = w.cases[r.Case].Path, grantsPath+"/"+r.ID+"/ablehnen"
	if card.Answer == "" {
		card.Answer = "/umzug/" + r.Case
	}
	card.Without = w.t("cockpit.grants.without_request")
	if r.Basis == consent.ByConsent {
		card.Without = w.t("cockpit.grants.without_consent")
	}
	return card
}

// child is whose page a form goes back to; empty on one's own.
func (w words) child() string {
	if w.view.Child {
		return string(w.view.Subject)
	}
	return ""
}

// whom says, on one's own pages, that somebody else's data are meant.
func (w words) whom(r consent.Request) []web.Fact {
	if r.Subject == w.view.Subject {
		return nil
	}
	return []web.Fact{{Name: w.t("cockpit.fact.about"), Value: w.t("cockpit.grants.about_family")}}
}

func (w words) grantCard(g consent.Grant, newest []ledger.Item, whole bool) grantCard {
	left, span := g.Until.Sub(w.c.Now()), g.Until.Sub(g.GrantedAt)
	card := grantCard{
		ID: "freigabe-" + g.ID, Office: w.unit(string(g.Reader), g.Unit), Title: w.say(g.Title, g.Law), Fields: w.fields(g.Fields),
		End: grantsPath + "/" + g.ID + "/beenden",
		Count: web.Count{
			Text: w.left(g.Until), Note: w.until(g.Until), Left: int(left.Minutes()), Whole: max(1, int(span.Minutes())), Soon: left < 24*time.Hour,
		},
		Facts: []web.Fact{
			{Name: w.t("cockpit.fact.why"), Value: w.say(g.Purpose, g.Law)},
			{Name: w.t("cockpit.fact.law"), Value: w.law(g.Request)},
			{Name: w.t("cockpit.fact.from"), Value: w.name(string(g.Holder))},
			{Name: w.t("cockpit.fact.case"), Value: w.number(g.Case)},
			{Name: w.t("cockpit.fact.given"), Value: i18n.Moment(w.c.Lang(), g.GrantedAt)},
		},
	}
	card.Facts = append(card.Facts, w.whom(g.Request)...)
	if g.Subject != w.view.Subject {
		return card // the accesses are not on these pages
	}
	if u := usageOf(g, newest, whole); u.known {
		card.Facts = append(card.Facts, web.Fact{Name: w.t("cockpit.fact.used"), Value: w.used(u)})
	}
	return card
}

func (w words) used(u usage) string {
	if u.times == 0 {
		return w.t("cockpit.grants.never_used")
	}
	return w.t("cockpit.grants.used", "Times", u.times, "Moment", i18n.Moment(w.c.Lang(), u.last))
}

// endedItem says how a grant ended.
func (w words) endedItem(g consent.Grant) web.Item {
	at, how := g.Ended(w.c.Now())
	item := web.Item{
		Icon: "clock", Title: w.unit(string(g.Reader), g.Unit) + ": " + w.say(g.Title, g.Law), Path: w.view.link(accessesPath, "art", string(Answers)),
		Chip: web.Chip{Look: "ended"},
	}
	moment := i18n.Moment(w.c.Lang(), at)
	switch how {
	case consent.Revoked:
		item.Icon, item.Chip.Text, item.Meta = "close", w.t("cockpit.ended.revoked"), w.t("cockpit.ended.revoked_text", "Moment", moment)
	case consent.CaseEnded:
		item.Chip.Text, item.Meta = w.t("cockpit.ended.case"), w.t("cockpit.ended.case_text", "Moment", moment)
	case consent.Replaced:
		item.Chip.Text, item.Meta = w.t("cockpit.ended.replaced"), w.t("cockpit.ended.replaced_text", "Moment", moment)
	case consent.Expired:
		item.Chip.Text, item.Meta = w.t("cockpit.ended.expired"), w.t("cockpit.ended.expired_text", "Moment", moment)
	}
	return item
}

// byLaw is what a law opened lately.
func (w words) byLaw(i ledger.Item) web.ByLaw {
	return web.ByLaw{Label: w.title(i), Value: w.why(i), Source: w.t("cockpit.law.cannot_refuse", "Law", i.Law)}
}
