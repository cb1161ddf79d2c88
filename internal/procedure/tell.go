package procedure

import (
	"context"
	"fmt"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/delivery"
	"github.com/amtsweg/amtsweg/internal/mandate"
)

// text writes to a person in the language in which they filled in their last form. Letters are German, the language of
// administrative procedure.
func (s *Service) text(c Case, key string, kv ...any) string {
	vars := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		vars[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return s.Texts.Text(c.lang(), key, vars)
}

func (c Case) lang() string {
	if c.State.Lang == "" {
		return "de"
	}
	return c.State.Lang
}

// message begins a message about a case.
func (s *Service) message(ctx context.Context, c Case, what string) (delivery.Message, error) {
	ed, err := s.Edition(c)
	if err != nil {
		return delivery.Message{}, err
	}
	unit, err := s.Authorities.Unit(ctx, c.Authority, unitOf(ed))
	if err != nil {
		return delivery.Message{}, err
	}
	return delivery.Message{
		Key: c.ID + "/" + what, Account: mandate.Account(strings.TrimPrefix(c.Account, "account:")), Subject: c.Subject, Mandate: c.Mandate, Authority: c.Authority, Unit: unit.Name,
		Case: c.ID, Kind: delivery.Notice,
		Actions: []delivery.Action{{Text: s.text(c, "procedure.message.open"), Path: "/vorgang/" + c.ID}},
	}, nil
}

func (s *Service) send(ctx context.Context, tx *db.Tx, c Case, what string, shape func(m *delivery.Message)) error {
	m, err := s.message(ctx, c, what)
	if err != nil {
		return err
	}
	shape(&m)
	if err := s.Delivery.Put(ctx, tx, m); err != nil {
		return fmt.Errorf("message %s of case %s: %w", what, c.ID, err)
	}
	return nil
}

// tell tells the person what this step means for them: letters, a day that has come, a person who looks at it.
func (s *Service) tell(ctx context.Context, tx *db.Tx, c Case, out *plan) error {
	if refs := c.State.Letters; len(refs) > 0 && len(out.enact) > 0 {
		return s.tellLetters(ctx, tx, c)
	}
	switch {
	case c.Wait == ForClerk && c.Status == AtDesk:
		return s.send(ctx, tx, c, fmt.Sprintf("desk%d", c.Version), func(m *delivery.Message) {
			m.Title = s.text(c, "procedure.message.desk.title")
			m.Brief = []string{s.text(c, "procedure.message.desk.brief"), s.text(c, "procedure.message.desk.nothing")}
		})
	case c.Wait == ForForm && dayCame(out):
		return s.send(ctx, tx, c, "day", func(m *delivery.Message) {
			m.Kind = delivery.Question
			m.Title = s.text(c, "procedure.message.day.title")
			m.Brief = []string{s.text(c, "procedure.message.day.brief")}
			m.Actions[0].Text = s.text(c, "procedure.message.day.action")
			m.Mail = s.text(c, "procedure.message.day.mail")
		})
	}
	return nil
}

// dayCame reports whether the case has just passed a stage that waited for a day.
func dayCame(out *plan) bool {
	for _, e := range out.events {
		if e.Kind == DayCame {
			return true
		}
	}
	return false
}

func (s *Service) tellLetters(ctx context.Context, tx *db.Tx, c Case) error {
	ed, err := s.Edition(c)
	if err != nil {
		return err
	}
	outcome, _ := ed.OutcomeNamed(c.Outcome)
	return s.send(ctx, tx, c, "letters", func(m *delivery.Message) {
		m.Kind = delivery.Certificate
		m.Title = c.State.Letters[0].Title
		m.Brief = []string{s.text(c, "procedure.message.letters.brief", "Outcome", ed.Text(c.lang(), "decision.outcomes."+outcome.Name+".label")), s.text(c, "procedure.message.letters.next")}
		if outcome.Burden {
			m.Kind = delivery.Decision
			m.Brief = []string{s.text(c, "procedure.message.refused.brief"), s.text(c, "procedure.message.refused.next")}
		}
		m.Law = ed.Law
		for _, l := range c.State.Letters {
			m.Letters = append(m.Letters, l.ID)
			if !l.Due.IsZero() {
				m.Due, m.DueText = l.Due, s.text(c, "procedure.message.refused.due", "Day", i18n.Day(c.lang(), l.Due))
			}
			if rule, ok := ed.LetterNamed(l.Key); ok && rule.Law != "" {
				m.Law = rule.Law
			}
		}
	})
}

// tellClosed says that all is done and that access has ended; it is sent in the transaction that makes it true.
func (s *Service) tellClosed(ctx context.Context, tx *db.Tx, c Case, ed *catalog.Edition) error {
	return s.send(ctx, tx, c, "closed", func(m *delivery.Message) {
		m.Title = s.text(c, "procedure.message.closed.title")
		m.Brief = []string{
			s.text(c, "procedure.message.closed.brief", "Service", ed.Text(c.lang(), "title"), "At", i18n.Moment(c.lang(), c.Closed)),
			s.text(c, "procedure.message.closed.grants"),
		}
		m.Mail = s.text(c, "procedure.message.closed.mail")
	})
}

// tellQuestion tells the person that a clerk asks something, or what burden is intended and until when they may answer.
func (s *Service) tellQuestion(ctx context.Context, tx *db.Tx, c Case, ed *catalog.Edition, q Question) error {
	return s.send(ctx, tx, c, fmt.Sprintf("question%d", len(c.State.Questions)), func(m *delivery.Message) {
		m.Kind = delivery.Question
		if q.IsHearing() {
			m.Title = s.text(c, "procedure.message.hearing.title")
			m.Brief = []string{
				s.text(c, "procedure.message.hearing.brief", "Outcome", ed.Text(c.lang(), "decision.outcomes."+q.Outcome+".label")),
				s.text(c, "procedure.message.hearing.until", "Day", i18n.LongDay(c.lang(), q.Until)), s.text(c, "procedure.message.hearing.why"),
			}
			m.Actions[0].Text = s.text(c, "procedure.message.hearing.action")
			m.Due, m.DueText = q.Until, s.text(c, "procedure.message.hearing.due")
			m.Mail = s.text(c, "procedure.message.hearing.mail")
			return
		}
		m.Title = s.text(c, "procedure.message.question.title")
		m.Brief = []string{s.text(c, "procedure.message.question.brief")}
		m.Actions[0].Text = s.text(c, "procedure.message.question.action")
		m.Mail = s.text(c, "procedure.message.question.mail")
	})
}

// postCode posts the code to the new home and keeps what it stands for.
func (s *Service) postCode(ctx context.Context, tx *db.Tx, c Case, eff effects) error {
	if err := s.Registers.Landlords.Store(ctx, tx, *eff.code); err != nil {
		return err
	}
	ed, err := s.Edition(c)
	if err != nil {
		return err
	}
	err = s.Delivery.Post(ctx, tx, delivery.Parcel{
		Key: c.ID + "/code", Authority: c.Authority, Unit: unitOf(ed), Case: c.ID, Subject: c.Subject, Name: c.State.Name, Address: eff.postTo,
		Title: s.text(c, "procedure.post.code.title"),
		Text: []string{
			s.text(c, "procedure.post.code.intro"), s.text(c, "procedure.post.code.code", "Code", eff.code.Secret), s.text(c, "procedure.post.code.where"),
		},
		Law: "§ 23a Abs. 3 BMG",
	})
	if err != nil {
		return fmt.Errorf("post the code of case %s: %w", c.ID, err)
	}
	return nil
}
