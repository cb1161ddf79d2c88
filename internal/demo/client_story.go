package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/register"
)

// walk is one person's way through the pages of one move.
type walk struct {
	*clients
	Move
	person   *browser
	home     authority.Address // the new one
	day      string            // of moving in, as somebody types it
	mark     string            // from the landlord
	proof    string            // what the person says about it
	caseID   string
	reason   string // why no case began
	breached []string
	reloads  int
	done     map[string]bool // faults that have happened
	check    time.Duration   // from handing in the last form to its answer
}

// clients are what all walks of a story share.
type clients struct {
	base   *url.URL
	line   http.RoundTripper
	today  clock.Date
	flat   string // a page of the portal with its form
	ack    func(caseID string)
	outage func(ctx context.Context, down bool) error
	stands func(ctx context.Context, caseID string) (Standing, error)
}

// errGivesUp ends a walk whose reason is known.
var errGivesUp = errors.New("demo: the person gives up here")

func (c *clients) begin(m Move) (*walk, error) {
	b, err := newBrowser(c.base, c.line)
	if err != nil {
		return nil, err
	}
	w := &walk{clients: c, Move: m, person: b, day: m.day(c.today), home: m.New.address(), done: map[string]bool{}}
	if m.has(unknownHouse) {
		w.home.House = "9999"
	}
	switch {
	case m.has(doubleClick):
		b.twice = again
	case m.has(doubleClickAtOnce):
		b.twice = atOnce
	}
	b.moved = w.seen
	return w, nil
}

// seen notices the case that a redirect leads to: from then on it is acknowledged.
func (w *walk) seen(path string) {
	parts := strings.Split(path, "/")
	if len(parts) < 3 || !ident.Valid(parts[2]) || w.caseID == parts[2] {
		return
	}
	w.caseID = parts[2]
	w.ack(w.caseID)
}

// move does everything a person does, until nothing is left for them to do or they give up.
func (w *walk) move(ctx context.Context) error {
	err := w.all(ctx)
	if errors.Is(err, errGivesUp) {
		return nil
	}
	return err
}

func (w *walk) all(ctx context.Context) error {
	if w.has(levelLow) {
		if err := w.lower(ctx); err != nil {
			return err
		}
	}
	if w.has(secondCase) {
		if err := w.first(ctx); err != nil {
			return err
		}
	}
	p, err := w.start(ctx)
	if err != nil {
		return err
	}
	return w.through(ctx, p)
}

// first hands in a case that ends at the desk, so that the next one is the second.
func (w *walk) first(ctx context.Context) error {
	before := w.Move
	w.Move.Faults = wordList{wantsPerson}
	p, err := w.start(ctx)
	if err == nil {
		err = w.through(ctx, p)
	}
	w.Move = before
	w.mark, w.proof = "", ""
	return err
}

// start comes to the service by the portal or by the town's page, and identifies with the card.
func (w *walk) start(ctx context.Context) (*page, error) {
	p, err := w.arrive(ctx)
	if err != nil {
		return nil, err
	}
	return w.identify(ctx, p)
}

func (w *walk) arrive(ctx context.Context) (*page, error) {
	if w.Referral != "none" {
		p, err := w.refer(ctx)
		if p != nil || err != nil {
			return p, err
		}
	}
	if err := w.confirm(ctx); err != nil {
		return nil, err
	}
	p, err := w.person.open(ctx, "/umzug")
	if err != nil {
		return nil, err
	}
	begin := p.link("/umzug/beginnen")
	if begin == "" {
		return nil, w.missing(p, "the link to begin")
	}
	return w.person.open(ctx, begin)
}

func (w *walk) missing(p *page, what string) error {
	return fmt.Errorf("%s answered %d and lacks %s", p.at.Path, p.status, what)
}

// identify shows the card where a page asks for it, and comes back to that page.
func (w *walk) identify(ctx context.Context, p *page) (*page, error) {
	for range 3 {
		switch {
		case p.at.Path == web.Login:
			to := p.link("/anmelden/eid")
			if to == "" {
				return nil, w.missing(p, "the way to the card")
			}
			var err error
			if p, err = w.person.open(ctx, to); err != nil {
				return nil, err
			}
		case p.formWith("geburtstag") != nil && p.at.Path == eidPath:
			return w.showCard(ctx, p)
		default:
			return p, nil
		}
	}
	return nil, w.missing(p, "the way back from the card")
}

func (w *walk) showCard(ctx context.Context, p *page) (*page, error) {
	f := p.formWith("geburtstag")
	me := w.applicant()
	home := w.Old.address()
	if len(w.household.Entries) > 0 && home.IsZero() {
		home = w.household.Home()
	}
	if w.has(twin) {
		home = authority.Address{} // a card without an address tells nobody apart
	}
	for name, text := range map[string]string{
		"vornamen": register.AllNames(me.Given), "familienname": me.Family, "geburtstag": me.Birth.String(), "anschrift": home.String(),
	} {
		f.typeIn(name, text)
	}
	return w.person.press(ctx, f, "")
}

// mostSteps a person takes before they lose patience.
const mostSteps = 30

// through goes on from page to page until the case stands still or the person gives up.
func (w *walk) through(ctx context.Context, p *page) error {
	for n := 0; n < mostSteps+w.reloads; n++ {
		next, err := w.step(ctx, p)
		if err != nil || next == nil {
			return err
		}
		p = next
	}
	return fmt.Errorf("after %d pages the case still wants something at %s", mostSteps, p.at.Path)
}

// step does what a page asks for and returns the next page; nil if there is nothing to do.
func (w *walk) step(ctx context.Context, p *page) (*page, error) {
	if w.caseID == "" || strings.HasSuffix(p.at.Path, "/beginnen") {
		return w.begins(ctx, p)
	}
	if p.status >= 500 {
		return w.away(ctx, p)
	}
	stage, inStage := stageOf(p.at.Path)
	if !inStage {
		return w.rests(ctx, p)
	}
	if w.has(bigBody) && !w.done[bigBody] {
		return p, w.big(ctx, p)
	}
	if p.status == http.StatusUnprocessableEntity {
		return w.corrects(ctx, p)
	}
	for _, s := range steps {
		if f := p.formWith(s.field); f != nil {
			if w.has(leaves) && s.field == "kind" {
				return nil, errGivesUp
			}
			return s.do(w, ctx, stage, f)
		}
	}
	return nil, w.missing(p, "a form that a person knows")
}

// steps are the pages of a case by a field each of them has.
var steps = []struct {
	field string
	do    func(w *walk, ctx context.Context, stage string, f *form) (*page, error)
}{
	{"anfrage", (*walk).releases},
	{"proof", (*walk).proves},
	{"kind", (*walk).applies},
	{"correct", (*walk).sends},
	{"code", (*walk).entersCode},
	{"teil", (*walk).types},
}

// stageOf reads /umzug/{case}/{stage}.
func stageOf(path string) (string, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	return parts[len(parts)-1], len(parts) == 3 && ident.Valid(parts[1]) && parts[0] != "vorgang"
}

// begins starts the case, or says why there is none.
func (w *walk) begins(ctx context.Context, p *page) (*page, error) {
	if p.at.Path == eidPath {
		if err := w.refused(p, map[int]string{http.StatusUnprocessableEntity: "card"}); err != nil {
			return nil, err
		}
	}
	if err := w.refused(p, map[int]string{
		http.StatusForbidden: "referral_other_person", http.StatusGone: "referral_expired", http.StatusConflict: "unknown_person",
		http.StatusUnprocessableEntity: "not_offered",
	}); err != nil {
		return nil, err
	}
	f := p.formTo("/umzug/beginnen")
	if f == nil {
		return nil, w.missing(p, "the form to begin")
	}
	if town := townOf(w.home); f.has("ort") && town != "" {
		f.choose("ort", string(town))
	}
	if w.has(registerDown) && !w.done["away"] {
		w.done["away"] = true
		if err := w.outage(ctx, true); err != nil {
			return nil, err
		}
	}
	return w.person.press(ctx, f, "")
}

// townOf is the town whose name an address carries.
func townOf(a authority.Address) authority.Key {
	for key, p := range places {
		if authority.Fold(p.town) == authority.Fold(a.Town) {
			return key
		}
	}
	return ""
}

// releases reads what the register says and releases all of it, or presses the button that refuses.
func (w *walk) releases(ctx context.Context, _ string, f *form) (*page, error) {
	if w.has(refuse) && !w.done[refuse] {
		w.done[refuse] = true
		return w.person.press(ctx, f, "ohne")
	}
	for _, name := range f.names("frei_") {
		f.tick(name, whatever)
	}
	if w.has(registerDown) && !w.done[registerDown] {
		return w.releasesWhileAway(ctx, f)
	}
	return w.person.press(ctx, f, "")
}

// proves says who confirms the move.
func (w *walk) proves(ctx context.Context, _ string, f *form) (*page, error) {
	proof := w.proof
	if proof == "match" || proof == "mismatch" || proof == "" {
		proof = "landlord"
	}
	if proof == "landlord" && w.mark == "" {
		w.mark = "AAAA-BBBB-CCCC" // nobody's
	}
	f.choose("proof", proof)
	if proof == "landlord" {
		f.typeIn("mark", w.mark)
	}
	if proof == "owner" {
		f.tick("own_home", whatever)
	}
	return w.person.press(ctx, f, "")
}

// applies fills in what only the person can say.
func (w *walk) applies(ctx context.Context, stage string, f *form) (*page, error) {
	if w.Landlord == "mismatch" && !w.done["mismatch"] {
		w.done["mismatch"] = true
		if p, err := w.opens(ctx, f.page, "move_in"); p != nil || err != nil {
			return p, err
		}
	}
	w.address(f, "new_home", w.home)
	f.typeIn("move_in", w.day)
	f.choose("kind", w.Kind)
	f.tick("relatives", w.moves)
	if len(f.values["relatives"]) > 0 {
		f.tick("entitled", whatever)
	}
	f.tick("objections", func(v string) bool { return slices.Contains(w.Objections, v) })
	return w.person.press(ctx, f, "")
}

// opens follows the link that lets a person change a value which evidence brought.
func (w *walk) opens(ctx context.Context, p *page, field string) (*page, error) {
	to := p.doc.Find(`a[href*="aendern=`+field+`"]`).First().AttrOr("href", "")
	if to == "" {
		return nil, nil
	}
	at, err := p.at.Parse(to)
	if err != nil {
		return nil, fmt.Errorf("link %q: %w", to, err)
	}
	return w.person.open(ctx, at.String())
}

// moves reports whether somebody whom the form offers is one of the people of this move.
func (w *walk) moves(name string) bool {
	offered := strings.Fields(authority.Fold(name))
	return slices.ContainsFunc(w.People[1:], func(m Mover) bool {
		given := strings.Fields(authority.Fold(register.AllNames(m.Given)))
		family := strings.Fields(authority.Fold(m.Family))
		return len(given) > 0 && slices.ContainsFunc(given, func(g string) bool { return slices.Contains(offered, g) }) &&
			!slices.ContainsFunc(family, func(part string) bool { return !slices.Contains(offered, part) })
	})
}

// sends confirms everything and hands it in.
func (w *walk) sends(ctx context.Context, _ string, f *form) (*page, error) {
	f.tick("correct", whatever)
	if w.has(wantsPerson) {
		f.tick("mensch", whatever)
	}
	if w.has(remarks) {
		f.typeIn("anmerkung", "Ich wohne vorerst zur Untermiete.")
	}
	spent := clock.Monotonic()
	p, err := w.person.press(ctx, f, "")
	w.check = spent()
	return p, err
}

// corrects answers a page that asks again: who insists hands it in nevertheless, everybody else gives up.
func (w *walk) corrects(ctx context.Context, p *page) (*page, error) {
	f := p.formWith("trotzdem")
	if f != nil && w.has(insists) && !w.done[insists] {
		w.done[insists] = true
		f.tick("trotzdem", whatever)
		return w.person.press(ctx, f, "")
	}
	if f = p.formWith("entitled"); f != nil && !w.done["entitled"] { // asked for only now that somebody moves along
		w.done["entitled"] = true
		return w.applies(ctx, "", f)
	}
	if f = p.formWith("code"); f != nil && w.done[wrongCode] && !w.done["right_code"] {
		w.done["right_code"] = true
		return w.code(ctx, f)
	}
	return nil, errGivesUp
}

// entersCode types the code from the letter.
func (w *walk) entersCode(ctx context.Context, _ string, f *form) (*page, error) {
	if w.has(noCode) {
		return w.person.press(ctx, f, "ohne")
	}
	if w.has(wrongCode) && !w.done[wrongCode] {
		w.done[wrongCode] = true
		f.typeIn("code", "AAAA-AAAA")
		return w.person.press(ctx, f, "")
	}
	return w.code(ctx, f)
}

var codeForm = regexp.MustCompile(`\b[A-Z0-9]{4}-[A-Z0-9]{4}\b`)

// code looks the letter up in the outbox, as one opens one's letterbox.
func (w *walk) code(ctx context.Context, f *form) (*page, error) {
	box, err := newBrowser(w.base, w.line)
	if err != nil {
		return nil, err
	}
	p, err := box.open(ctx, OutboxPath)
	if err != nil {
		return nil, err
	}
	code := ""
	p.doc.Find("li").EachWithBreak(func(_ int, s *goquery.Selection) bool {
		if text := s.Text(); strings.Contains(text, w.applicant().name()) && strings.Contains(text, w.home.String()) {
			code = codeForm.FindString(text)
		}
		return code == ""
	})
	if code == "" {
		return nil, w.missing(p, "the letter with the code")
	}
	f.typeIn("code", code)
	return w.person.press(ctx, f, "")
}

// types writes down what the person did not release, a screen at a time. Whoever else the screens ask about is nobody.
func (w *walk) types(ctx context.Context, _ string, f *form) (*page, error) {
	me := w.applicant()
	r := register.Resident{FamilyName: me.Family, GivenNames: me.Given, Birth: register.Birth{Date: me.Birth}}
	for _, known := range w.household.People() {
		if known.Birth.Date == me.Birth && authority.Fold(known.FamilyName) == authority.Fold(me.Family) {
			r = known
		}
	}
	home := w.Old.address()
	if home.IsZero() && len(r.Homes) > 0 {
		home = r.Homes[0].Address
	}
	w.address(f, "homes.0.address", home)
	for name, text := range map[string]string{
		"family_name": r.FamilyName, "given_names": register.AllNames(r.GivenNames), "birth.date": r.Birth.Date.String(), "birth.place": or(r.Birth.Place, "Ellerbrück"),
		"tax_id": r.TaxID, "moved_in": dayOr(r.MovedIn, me.Birth).String(),
	} {
		f.typeIn(name, text)
	}
	for name, value := range map[string]string{
		"sex": or(r.Sex, "divers"), "nationalities.0": first(r.Nationalities, "DE"), "homes.0.kind": string(register.Sole),
		"family_status.status": or(r.FamilyStatus.Status, "ledig"),
		"former_names":         "no", "representative": "no", "spouse": "no", "children": "no", "documents": "no",
	} {
		f.choose(name, value)
	}
	return w.person.press(ctx, f, "")
}

func first(list []string, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return list[0]
}

func dayOr(d, otherwise clock.Date) clock.Date {
	if d.IsZero() {
		return otherwise
	}
	return d
}

// rests looks at the page of the case: where it offers a way on, the person takes it. While a register is being asked,
// the person reloads the page.
func (w *walk) rests(ctx context.Context, p *page) (*page, error) {
	if to := p.link("/umzug/" + w.caseID); to != "" {
		return w.person.open(ctx, to)
	}
	s, err := w.stands(ctx, w.caseID)
	if err != nil {
		return nil, err
	}
	mine := slices.Contains([]string{"form", "release", "typing", "code"}, s.Wait)
	if s.Status != "waiting" || !mine && s.Wait != "register" {
		return nil, nil
	}
	if w.reloads++; w.reloads > mostReloads {
		return nil, fmt.Errorf("the case waits for %q, and its page shows no way on", s.Wait)
	}
	if err := pause(ctx, look); err != nil {
		return nil, err
	}
	return w.person.open(ctx, "/vorgang/"+w.caseID)
}

// mostReloads of the page of a case while a register is asked: twenty seconds.
const mostReloads = 1000

// big sends 5 MB of JSON where a form belongs. It must be refused without being read, and change nothing.
func (w *walk) big(ctx context.Context, p *page) error {
	w.done[bigBody] = true
	body := append(append([]byte(`{"kind":"`), bytes.Repeat([]byte("x"), 5<<20)...), `"}`...)
	r := request{method: http.MethodPost, to: p.at, from: p.at, kind: "application/json", body: body}
	resp, err := w.person.follow(ctx, r)
	if err != nil { // the server hung up before all was sent: ask first, and its answer can be read
		r.asks = true
		resp, err = w.person.follow(ctx, r)
	}
	if err != nil {
		return err
	}
	if resp.status != http.StatusRequestEntityTooLarge {
		w.breach(fmt.Sprintf("5 MB of JSON were answered with %d", resp.status))
	}
	return nil
}
