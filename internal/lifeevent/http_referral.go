package lifeevent

import (
	"errors"
	"net/http"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

// receive takes a portal's form. Whoever sends it proves nothing about themselves: all it yields is a handle.
func (p *Pages) receive(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	handle, err := p.Receive(c.Context(), strings.TrimSpace(f.Raw("uebergabe")))
	if refusal(err) {
		return p.refuse(c, err)
	}
	if err != nil {
		return err
	}
	Carry(c, handle)
	return c.Redirect(Begin)
}

// Carry gives the browser the handle of a referral, for the page Begin.
func Carry(c *web.Call, handle string) { c.Remember(handleKept, handle, handleLife) }

// refusal reports whether an error says no to a referral, and is not a fault of ours.
func refusal(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && strings.HasPrefix(f.Code, "lifeevent.error.")
}

type refusedPage struct {
	web.Page
	Heading, Text, Next string
	Plain               string // path to begin without the referral
	Drop                bool   // and forget it
	SignOut             bool
}

//locale:prefix lifeevent.refused.

// refuse says what is wrong with a referral and what to do next. It shows nothing of what the referral says.
func (p *Pages) refuse(c *web.Call, err error) error {
	p.db.Log().InfoContext(c.Context(), "referral refused", "id", c.ID(), "code", fault.CodeOf(err))
	word := strings.TrimPrefix(fault.CodeOf(err), "lifeevent.error.")
	page := refusedPage{
		Heading: c.T("lifeevent.refused." + word + ".title"), Text: c.Say(err), Next: c.T("lifeevent.refused." + word + ".next"),
		Plain: Begin, Drop: word == "other_person", SignOut: word == "other_person",
	}
	page.Page = web.Page{Title: page.Heading, Nav: "/leistungen"}
	return c.Render(web.StatusOf(err), "lifeevent/umzug-uebergabe.html", page)
}

// aboutHandover is where one lands who opens the portals' address without a form, by a link to another language too.
func (p *Pages) aboutHandover(c *web.Call) error {
	page := refusedPage{
		Heading: c.T("lifeevent.refused.none.title"), Text: c.T("lifeevent.refused.none.text"), Next: c.T("lifeevent.refused.none.next"), Plain: Begin,
	}
	page.Page = web.Page{Title: page.Heading, Nav: "/leistungen"}
	return c.Render(http.StatusOK, "lifeevent/umzug-uebergabe.html", page)
}
