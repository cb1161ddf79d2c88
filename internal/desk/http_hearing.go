package desk

import (
	"slices"
	"strconv"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

//locale:prefix desk.unheard.

// hearing offers to hear the person before a burden, and to say why that is dispensed with (§ 28 VwVfG).
func (p *Pages) hearing(c *web.Call, fl file, page *casePage) {
	switch {
	case len(fl.Until) == 0:
		return
	case len(fl.Heard) == len(fl.Until): // nothing is left to dispense with
		page.Hear = c.T("desk.hearing.again")
		return
	}
	page.Hear = c.T("desk.hearing.go")
	laws := web.Field{Kind: web.SelectField, Name: "absehen", Label: c.T("desk.hearing.law"), Optional: true}
	for i, law := range procedure.Dispensations {
		laws.Choices = append(laws.Choices, web.Choice{Value: law, Label: c.T("desk.unheard."+strconv.Itoa(i+1), "Law", law)})
	}
	page.Without = fl.form.Fill(laws, web.Field{
		Kind: web.LinesField, Name: "absehen_grund", Label: c.T("desk.hearing.reason"), Hint: c.T("desk.hearing.reason_hint"), Optional: true,
	})
	page.WithoutOpen = page.OutcomeError != "" || slices.ContainsFunc(page.Without, func(f web.Field) bool {
		return f.Error != "" || f.Value != "" || slices.ContainsFunc(f.Choices, func(ch web.Choice) bool { return ch.Picked })
	})
}

// hearingOf says of a burden whether the person was heard about it, must be, or need not be.
func hearingOf(c *web.Call, fl file, o catalog.Outcome) string {
	q, heard := fl.Heard[o.Name]
	switch {
	case !o.NeedsHearing():
		return c.T("desk.hearing.not_needed", "Law", o.Unheard)
	case !heard:
		return c.T("desk.hearing.first", "Day", i18n.ListDay(c.Lang(), fl.Until[o.Name]), "Law", procedure.LawOfHearing)
	case q.Open():
		return c.T("desk.hearing.silent", "Day", i18n.ShortDay(c.Lang(), q.Until))
	}
	return c.T("desk.hearing.answered", "Day", i18n.ShortDay(c.Lang(), clock.DateOf(q.Answered)))
}
