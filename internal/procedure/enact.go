package procedure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/letter"
	"github.com/amtsweg/amtsweg/internal/register"
)

// effects are what a plan does outside the case, made ready before the transaction: keys are there, letters are sealed.
type effects struct {
	holders map[ledger.Subject]authority.Key
	entries []*register.Plan
	notices []exchange.Notice
	letters []letter.Letter
	refs    []LetterRef
	code    *register.Draft
	postTo  authority.Address
}

// prepare makes a plan's effects ready. It changes nothing yet.
func (s *Service) prepare(ctx context.Context, out *plan) (effects, error) {
	holders, err := s.locate(ctx, out)
	if err != nil {
		return effects{}, err
	}
	eff := effects{holders: holders}
	ed, err := s.Edition(out.c)
	if err != nil {
		return effects{}, err
	}
	unit, err := s.Authorities.Unit(ctx, out.c.Authority, unitOf(ed))
	if err != nil {
		return effects{}, fmt.Errorf("office for case %s: %w", out.c.ID, err)
	}
	for _, st := range out.enact {
		if len(st.Record) > 0 {
			if err := s.entries(ctx, ed, out, &eff); err != nil {
				return effects{}, err
			}
		}
		if len(st.Send) > 0 {
			if err := s.notices(ctx, ed, out, unit, &eff); err != nil {
				return effects{}, err
			}
		}
		if len(st.Issue) > 0 {
			if err := s.letters(ctx, ed, out, unit, &eff); err != nil {
				return effects{}, err
			}
		}
	}
	if out.c.Wait == ForCode {
		if err := s.code(ctx, out, &eff); err != nil {
			return effects{}, err
		}
	}
	return eff, s.Exchange.Ready(ctx, out.c.Authority)
}

// person is whom a row of an output is about, with the values as the register told them.
func person(c Case, source string, index int) Kept {
	if kept := c.State.Answers[source]; index < len(kept) {
		return kept[index]
	}
	return Kept{Subject: c.Subject}
}

// entries plans the change of the authority's own register.
func (s *Service) entries(ctx context.Context, ed *catalog.Edition, out *plan, eff *effects) error {
	due, open := ed.Records(out.env)
	if len(open) > 0 {
		return fmt.Errorf("procedure: case %s cannot say what to record: %s", out.c.ID, strings.Join(open, ", "))
	}
	in := register.MoveIn{Authority: out.c.Authority, Case: out.c.ID, Day: clock.DateOf(out.c.Decided)}
	for _, r := range due {
		if r.Register != register.Residents {
			return fmt.Errorf("procedure: case %s writes into %q, which is no register here", out.c.ID, r.Register)
		}
		home, _ := r.Writes["home"].(catalog.Address)
		in.Home = home.Postal()
		in.MovedIn, _ = r.Writes["moved_in"].(clock.Date)
		kind, _ := r.Writes["kind"].(string)
		in.Kind = register.HomeKind(kind)
		in.Objections = catalog.Strings(r.Writes["objections"])
		p := person(out.c, r.Source, r.Index)
		in.People = append(in.People, register.Person{Subject: p.Subject, Values: p.Values})
	}
	p, err := s.Registers.PlanMoveIn(ctx, in)
	if err != nil {
		return fmt.Errorf("entry for case %s: %w", out.c.ID, err)
	}
	eff.entries = append(eff.entries, p)
	return nil
}

// notices writes down who is told what, one notice for each person and recipient.
func (s *Service) notices(ctx context.Context, ed *catalog.Edition, out *plan, unit authority.Unit, eff *effects) error {
	due, open := ed.Notices(out.env)
	if len(open) > 0 {
		return fmt.Errorf("procedure: case %s cannot say whom to tell: %s", out.c.ID, strings.Join(open, ", "))
	}
	calendar, err := s.Authorities.Calendar(ctx, out.c.Authority)
	if err != nil {
		return err
	}
	today := clock.DateOf(out.c.Decided)
	for place, n := range due {
		to, err := s.recipient(ctx, n.To)
		if err != nil {
			return fmt.Errorf("recipient of %s in case %s: %w", n.Key, out.c.ID, err)
		}
		for i, p := range n.Persons {
			notice := exchange.Notice{
				ID: fmt.Sprintf("%s.%s.%s.%d", out.c.ID, n.Key, to, i), Case: out.c.ID, Place: place, Key: n.Key, From: out.c.Authority, Unit: unit.Key,
				To: to, Register: n.To.Register, Subject: person(out.c, p.Source, p.Index).Subject, OnBehalf: out.c.Mandate, Law: n.Law, Example: n.Example,
				Purpose: ed.Text("de", "title"), Reason: reasonFor(n), Sheets: n.Sheets,
				Due: dueEnd(calendar, today, n.Within), AnswerDue: dueEnd(calendar, today, n.Answer),
			}
			notice.Fields, notice.Values, err = content(p)
			if err != nil {
				return fmt.Errorf("notice %s of case %s: %w", n.Key, out.c.ID, err)
			}
			eff.notices = append(eff.notices, notice)
		}
	}
	return nil
}

// reasonFor is what the person reads about a notice in the ledger.
func reasonFor(n catalog.NoticeDue) string {
	if n.Example {
		return "Ihre neue Anschrift wurde nach " + n.Law + " (Beispiel) mitgeteilt."
	}
	return "Ihre neue Anschrift wurde nach " + n.Law + " mitgeteilt."
}

// dueEnd is the end of the last day of a period; a period of nothing is due at the end of the same day for a notice that
// goes at once, and never for an answer that nobody waits for.
func dueEnd(calendar authority.Calendar, from clock.Date, p authority.Period) time.Time {
	if p.IsZero() {
		return time.Time{}
	}
	return calendar.End(from, p).AddDays(1).Start()
}

func content(p catalog.NoticePerson) (fields []string, values json.RawMessage, err error) {
	group := map[string]any{}
	for _, v := range p.Values {
		fields = append(fields, v.Path)
		plant(group, strings.Split(v.Path, "."), postal(v.Value))
	}
	values, err = json.Marshal(group)
	return fields, values, err
}

func (s *Service) recipient(ctx context.Context, to catalog.Recipient) (authority.Key, error) {
	switch {
	case to.Authority != "":
		return authority.Key(to.Authority), nil
	case to.Community != "": // a community's key is its sign in the register
		return authority.Key(to.Community), nil
	case to.Register != "":
		return s.Authorities.ResponsibleFor(ctx, to.Register, to.At.Postal())
	}
	return "", fault.New(fault.Internal, "procedure.error.recipient")
}

// letters sets and seals what the case issues, outside the transaction.
func (s *Service) letters(ctx context.Context, ed *catalog.Edition, out *plan, unit authority.Unit, eff *effects) error {
	by := catalog.ByPerson
	if out.c.DecidedBy == ByMachine {
		by = catalog.ByMachine
	}
	due, open := ed.Letters(out.env, "de", by)
	if len(open) > 0 {
		return fmt.Errorf("procedure: case %s cannot say which letters to issue: %s", out.c.ID, strings.Join(open, ", "))
	}
	for _, l := range due {
		d := letter.Draft{
			Authority: out.c.Authority, Unit: unit.Name, Kind: letter.Kind(l.Kind), Title: l.Title, Law: l.Law, Case: out.c.Number,
			Issued: out.c.Decided, WithoutReasons: l.WithoutReasons, Automatic: by == catalog.ByMachine,
		}
		if d.Law == "" {
			d.Law = ed.Law
		}
		if ed.Fee.None != "" {
			d.Fee = "Das kostet nichts (" + ed.Fee.None + ")."
		}
		who := person(out.c, l.Source, l.Index)
		ref := LetterRef{Key: l.Key, Title: l.Title, Subject: who.Subject, Name: nameOf(l.Values)}
		switch d.Kind {
		case letter.Certificate:
			for _, v := range l.Shows {
				d.Values = append(d.Values, letter.Value{Name: v.Path, Label: v.Label, Text: v.Printed})
			}
			d.Automatic = false
		default:
			d.Orders, d.Conditions, d.Reasons, d.Text = filled(l.Orders), filled(l.Conditions), filled(l.Reasons), filled(l.Text)
			home, _ := out.env["new_home"].(catalog.Address)
			d.Recipient = letter.Recipient{Name: out.c.State.Name, Address: home.Postal()}
			if dec := out.c.State.Decision; dec != nil {
				d.By = dec.Name
			}
		}
		made, err := s.Letters.Make(ctx, d)
		if err != nil {
			return fmt.Errorf("letter %s of case %s: %w", l.Key, out.c.ID, err)
		}
		ref.ID, ref.Due = made.ID, made.Due
		eff.letters, eff.refs = append(eff.letters, made), append(eff.refs, ref)
	}
	return nil
}

func filled(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func nameOf(row map[string]any) string {
	given, _ := row["given_names"].(string)
	family, _ := row["family_name"].(string)
	return strings.TrimSpace(register.CallName(given) + " " + family)
}

// code makes the code that is posted to the new home, once for a case.
func (s *Service) code(ctx context.Context, out *plan, eff *effects) error {
	if out.c.State.Posted {
		return nil
	}
	home, _ := out.env["new_home"].(catalog.Address)
	day, _ := out.env["move_in"].(clock.Date)
	if home == nil || day.IsZero() {
		return fmt.Errorf("procedure: case %s wants a code posted without an address or a day", out.c.ID)
	}
	names := []string{out.c.State.Name}
	draft, err := s.Registers.Landlords.Prepare(ctx, register.Confirmation{
		Authority: out.c.Authority, Source: register.ByCode, Case: out.c.ID, Provider: "Code per Post (§ 23a Abs. 3 BMG)", MovedIn: day,
		Home: home.Postal(), People: names,
	})
	if err != nil {
		return fmt.Errorf("code of case %s: %w", out.c.ID, err)
	}
	eff.code, eff.postTo = &draft, home.Postal()
	out.c.State.Posted = true
	return nil
}

// enact does what was made ready, in the transaction that writes the case.
func (s *Service) enact(ctx context.Context, tx *db.Tx, c *Case, out *plan, eff effects) error {
	for _, p := range eff.entries {
		if _, err := s.Registers.Apply(ctx, tx, p); err != nil {
			return fmt.Errorf("enter case %s: %w", c.ID, err)
		}
		out.events = append(out.events, Event{Kind: Recorded, Stage: c.Stage})
	}
	for _, l := range eff.letters {
		if err := s.Letters.Store(ctx, tx, l); err != nil {
			return err
		}
	}
	if len(eff.refs) > 0 {
		c.State.Letters = append(slices.Clone(c.State.Letters), eff.refs...)
		out.events = append(out.events, Event{Kind: Issued, Stage: c.Stage})
	}
	if len(eff.notices) > 0 {
		if err := s.Exchange.Send(ctx, tx, eff.notices...); err != nil {
			return fmt.Errorf("notices of case %s: %w", c.ID, err)
		}
		c.State.Sent = true
		out.events = append(out.events, Event{Kind: Sent, Stage: c.Stage})
	}
	if eff.code != nil {
		if err := s.postCode(ctx, tx, *c, eff); err != nil {
			return err
		}
	}
	if err := s.recordDecision(ctx, tx, *c, out); err != nil {
		return err
	}
	return s.finish(ctx, tx, c, out)
}

// recordDecision writes a decision into the ledger, in the transaction in which it is made.
func (s *Service) recordDecision(ctx context.Context, tx *db.Tx, c Case, out *plan) error {
	if !slices.ContainsFunc(out.events, func(e Event) bool { return e.Kind == DecidedEvent }) {
		return nil
	}
	ed, err := s.Edition(c)
	if err != nil {
		return err
	}
	law, d := ed.Decision.Law, c.State.Decision
	if law == "" {
		law = ed.Law
	}
	entry := ledger.Entry{
		Kind: ledger.Decision, Authority: string(c.Authority), Unit: unitOf(ed), Role: string(d.By), Actor: d.Staff, OnBehalf: c.Mandate, Subject: c.Subject,
		Purpose: ed.Title, Law: law, Case: c.ID, Reason: decisionReason(ed, d), More: map[string]string{"outcome": d.Outcome, "edition": c.Edition},
	}
	if d.By == ByMachine {
		entry.More["permitted_by"] = ed.Decision.PermittedBy
	}
	if _, err := s.Ledger.Record(ctx, tx, entry); err != nil {
		return fmt.Errorf("record the decision of case %s: %w", c.ID, err)
	}
	return nil
}

func decisionReason(ed *catalog.Edition, d *Decision) string {
	o, ok := ed.OutcomeNamed(d.Outcome)
	if !ok {
		o.Label = d.Outcome
	}
	who := "Ein Mensch"
	if d.By == ByMachine {
		who = "Ein Programm"
	}
	return who + " hat entschieden: " + o.Label + "." + heardSentence(o, d)
}

// finish ends the way of a case: it waits for acknowledgements, or it closes.
func (s *Service) finish(ctx context.Context, tx *db.Tx, c *Case, out *plan) error {
	if err := s.tell(ctx, tx, *c, out); err != nil {
		return err
	}
	if !out.ended {
		return nil
	}
	c.Status, c.Wait, c.Reason = Waiting, ForNotices, ""
	if !c.State.Sent {
		return s.close(ctx, tx, c, out)
	}
	return nil
}

// close ends a case: every grant ends with it, and the person is told that it is true.
func (s *Service) close(ctx context.Context, tx *db.Tx, c *Case, out *plan) error {
	if _, err := s.Consent.EndCase(ctx, tx, c.ID); err != nil {
		return fmt.Errorf("end the grants of case %s: %w", c.ID, err)
	}
	ed, err := s.Edition(*c)
	if err != nil {
		return err
	}
	c.Status, c.Wait, c.Closed, c.Due = Done, ForNothing, tx.Now(), time.Time{}
	if o, ok := ed.OutcomeNamed(c.Outcome); ok && o.Burden {
		c.Status = Refused
	}
	out.events = append(out.events, Event{Kind: ClosedEvent, Stage: c.Stage})
	if err := s.tellClosed(ctx, tx, *c, ed); err != nil {
		return err
	}
	return s.Events.Append(ctx, tx, event.Event{Name: "procedure.Closed", Authority: string(c.Authority), Key: c.ID, Data: map[string]string{"Case": c.ID}})
}

// noticed looks, after an acknowledgement or an answer, whether it was the last one, and closes the case if so.
func (s *Service) noticed(ctx context.Context, tx *db.Tx, id string) error {
	stored, err := selectCase(ctx, tx, id)
	if err != nil {
		return err
	}
	if stored.Wait != ForNotices {
		return nil
	}
	states, err := s.Exchange.NoticesOf(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, n := range states {
		if !n.Acknowledged || (!n.AnswerDue.IsZero() && !n.Answered) {
			return nil
		}
	}
	c := stored.Case
	if err := s.unseal(ctx, stored, &c); err != nil {
		return err
	}
	seal, err := s.sealer(ctx, c.Authority)
	if err != nil {
		return err
	}
	out := plan{c: c, events: []Event{{Kind: Acknowledged, Stage: c.Stage}}}
	if err := s.close(ctx, tx, &c, &out); err != nil {
		return err
	}
	return s.save(ctx, tx, stored.Case, &c, seal, false, out.events)
}
