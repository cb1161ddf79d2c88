package demo

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
)

// refer rents a flat through the portal, lets it hand over and follows. Without a page the portal could not: the person
// goes to the town's page instead.
func (w *walk) refer(ctx context.Context) (*page, error) {
	p, err := w.person.open(ctx, w.flat)
	if err != nil {
		return nil, err
	}
	f := p.formWith("wohnung_street")
	if f == nil {
		return nil, w.missing(p, "the portal's form")
	}
	me := w.applicant()
	w.address(f, "wohnung", w.home)
	for name, text := range map[string]string{
		"vornamen": me.Given, "familienname": me.Family, "geburtstag": me.Birth.String(), "einzug": w.day, "personen": w.everybody(),
	} {
		f.typeIn(name, text)
	}
	f.choose("art", w.Referral)
	if w.has(otherPerson) {
		f.choose("art", string(HandedOther))
	}
	letting := map[string]Letting{"match": LetAsSaid, "mismatch": LetOtherwise}[w.Landlord]
	if letting == "" || w.has(unknownMark) {
		letting = LetNothing
	}
	f.choose("vermieter", string(letting))
	if p, err = w.person.press(ctx, f, ""); err != nil {
		return nil, err
	}
	if p.status == http.StatusUnprocessableEntity {
		return nil, nil
	}
	w.proofWithout(letting != LetNothing)
	return w.handOver(ctx, p.formTo(lifeevent.Handover))
}

// proofWithout says how the person proves the move if the portal hands over no mark.
func (w *walk) proofWithout(mark bool) {
	w.proof = w.Landlord
	if !mark && (w.Landlord == "match" || w.Landlord == "mismatch") {
		w.proof = "landlord"
	}
	if w.Landlord == "none" {
		w.proof = "nobody"
	}
}

// handOver presses the portal's button, once or as often as the fault says.
func (w *walk) handOver(ctx context.Context, f *form) (*page, error) {
	if f == nil {
		return nil, errNoForm
	}
	var p *page
	var err error
	switch {
	case w.has(referralAtOnce):
		p, err = w.atOnce(ctx, f)
	default:
		p, err = w.person.press(ctx, f, "")
	}
	if err == nil && w.has(referralTwice) {
		err = w.elsewhere(ctx, f)
	}
	if err == nil && p.status == http.StatusConflict && w.person.twice != once { // the first of two clicks was taken: go on from here
		if to := p.link(lifeevent.Begin); to != "" {
			p, err = w.person.open(ctx, to)
		}
	}
	if err != nil {
		return nil, err
	}
	return p, w.refused(p, map[int]string{
		http.StatusForbidden: "referral_forged", http.StatusGone: "referral_expired", http.StatusConflict: "referral_used",
		http.StatusUnprocessableEntity: "referral_malformed",
	})
}

// elsewhere sends the same statement from another browser.
func (w *walk) elsewhere(ctx context.Context, f *form) error {
	b, err := newBrowser(w.base, w.line)
	if err != nil {
		return err
	}
	p, err := b.press(ctx, f, "")
	if err == nil && p.status < 400 {
		w.breach("the same referral was taken twice")
	}
	w.person.said = append(w.person.said, b.said...)
	return err
}

// atOnce sends the same statement from two browsers at the same instant and goes on in the one that was taken.
func (w *walk) atOnce(ctx context.Context, f *form) (*page, error) {
	other, err := newBrowser(w.base, w.line)
	if err != nil {
		return nil, err
	}
	var both sync.WaitGroup
	var pages [2]*page
	var errs [2]error
	for i, b := range []*browser{w.person, other} {
		both.Go(func() { pages[i], errs[i] = b.press(ctx, f, "") })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if pages[0].status < 400 && pages[1].status < 400 {
		w.breach("the same referral was taken twice at once")
	}
	said := append(w.person.said, other.said...)
	if pages[0].status >= 400 {
		other.twice, other.moved, other.typed = w.person.twice, w.person.moved, w.person.typed
		w.person, pages[0] = other, pages[1]
	}
	w.person.said = said
	return pages[0], nil
}

// breach notes a promise of the product that was seen broken.
func (w *walk) breach(what string) { w.breached = append(w.breached, what) }

// refused gives up if a page said no for a known reason.
func (w *walk) refused(p *page, reasons map[int]string) error {
	if reason := reasons[p.status]; reason != "" {
		w.reason = reason
		return errGivesUp
	}
	return nil
}

// confirm is the landlord's part on the landlord's page, in the landlord's browser.
func (w *walk) confirm(ctx context.Context) error {
	if w.proofWithout(false); w.Landlord != "match" && w.Landlord != "mismatch" {
		return nil
	}
	if w.has(unknownMark) {
		w.mark = "AAAA-BBBB-CCCC"
		return nil
	}
	b, err := newBrowser(w.base, w.line)
	if err != nil {
		return err
	}
	p, err := b.open(ctx, "/wohnungsgeber")
	if err != nil {
		return err
	}
	f := p.formWith("berechtigt")
	if f == nil {
		return w.missing(p, "the landlord's form")
	}
	w.fillLandlord(f)
	if p, err = b.press(ctx, f, ""); err != nil {
		return err
	}
	w.person.said = append(w.person.said, b.said...)
	if p.doc != nil {
		w.mark = strings.TrimSpace(p.doc.Find("#merkmal").Text())
	}
	if w.mark == "" {
		w.proof = "nobody" // the landlord could not confirm this
	}
	return nil
}

func (w *walk) fillLandlord(f *form) {
	l := LandlordOf(w.home)
	day := w.day
	if d, ok := web.ParseDay(day); ok && w.Landlord == "mismatch" {
		day = d.AddDays(-14).String()
	}
	w.address(f, "sitz", l.Address)
	w.address(f, "wohnung", w.home)
	for name, text := range map[string]string{"name": l.Name, "eigentuemer": l.Owner, "einzug": day, "personen": w.everybody()} {
		f.typeIn(name, text)
	}
	f.tick("berechtigt", whatever)
}

func (w *walk) address(f *form, name string, a authority.Address) {
	for part, text := range map[string]string{"_street": a.Street, "_house": a.House, "_postcode": a.Postcode, "_town": a.Town} {
		f.typeIn(name+part, text)
	}
}

// everybody lists the people a line each.
func (w *walk) everybody() string {
	list := make([]string, len(w.People))
	for i, p := range w.People {
		list[i] = p.name()
	}
	return strings.Join(list, "\n")
}
