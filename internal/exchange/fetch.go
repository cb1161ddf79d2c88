package exchange

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Fetch pulls evidence about one person from the authority that holds it. What may go wrong, by kind: Forbidden (no
// entitlement, no grant for this), Gone (the grant has ended), Conflict (the values are no longer those the person saw: ask
// again), NotFound (the register has nobody to tell about), Unavailable (it does not answer: wait).
func (s *Service) Fetch(ctx context.Context, q Question) (Answer, error) {
	answers, err := s.FetchMany(ctx, []Question{q})
	if err != nil {
		return Answer{}, err
	}
	if len(answers) == 0 {
		return Answer{}, fault.New(fault.NotFound, "exchange.error.nobody")
	}
	return answers[0], nil
}

// FetchMany pulls evidence about several people, one transaction per holder, all or nothing at each. People of whom the
// register tells nothing are missing from the answers, which otherwise stand in the order of the questions.
func (s *Service) FetchMany(ctx context.Context, questions []Question) ([]Answer, error) {
	of := map[authority.Key][]Question{}
	for _, q := range questions {
		of[q.Holder] = append(of[q.Holder], q)
	}
	var answers []Answer
	for _, holder := range slices.Sorted(maps.Keys(of)) {
		part, err := s.peer(holder).Fetch(ctx, of[holder]...)
		if err != nil {
			return nil, err
		}
		answers = append(answers, part...)
	}
	order := func(a Answer) int {
		return slices.IndexFunc(questions, func(q Question) bool {
			return q.Holder == a.Holder && q.Register == a.Register && q.Subject == a.Subject && q.Evidence == a.Evidence
		})
	}
	slices.SortStableFunc(answers, func(a, b Answer) int { return order(a) - order(b) })
	return answers, nil
}

// Look is what a person wants to read about themselves, or about somebody they act for.
type Look struct {
	Account       string // as sessions and the ledger name it, "account:ID"
	Family        bool   // as a member of the family that moves together (§ 23 Abs. 4 BMG)
	Subject       ledger.Subject
	OnBehalf      string
	Holder        authority.Key
	Register      string
	Evidence      string
	Fields        []string
	With          map[string]string
	UnlessBlocked bool
	Purpose       string
	Law           string // that opens the register to the person, such as § 40 Abs. 4 BMG
	Reason        string
	Case          string
}

// Preview shows people the values that an authority would get, and their hash. It is an access with the person as
// reader. Whoever may not act for the person gets what May says.
func (s *Service) Preview(ctx context.Context, l Look) (Answer, error) {
	if err := s.May(ctx, l.Account, l.Subject, l.Family); err != nil {
		return Answer{}, err
	}
	return s.own(ctx, doorPreview, Question{
		Case: l.Case, Actor: l.Account, OnBehalf: l.OnBehalf, Holder: l.Holder, Register: l.Register, Subject: l.Subject, Evidence: l.Evidence,
		Fields: l.Fields, With: l.With, UnlessBlocked: l.UnlessBlocked, Purpose: l.Purpose, Law: l.Law, Reason: l.Reason, Basis: consent.ByLaw,
	})
}

// Sight is what staff want to see in their own register. Whether they may at all is for the caller's policy; that there
// is a case or a reason, and that the person can see it, is for this one.
type Sight struct {
	Authority authority.Key
	Unit      string
	Role      string
	Actor     string
	Register  string
	Subject   ledger.Subject
	Evidence  string
	Fields    []string
	With      map[string]string
	Case      string
	Purpose   string
	Law       string
	Reason    string
}

// View lets an authority's own staff read its register, for a case or with a reason that the person can read.
func (s *Service) View(ctx context.Context, v Sight) (Answer, error) {
	return s.own(ctx, doorView, Question{
		Case: v.Case, Reader: v.Authority, Unit: v.Unit, Role: v.Role, Actor: v.Actor, Holder: v.Authority, Register: v.Register,
		Subject: v.Subject, Evidence: v.Evidence, Fields: v.Fields, With: v.With, Purpose: v.Purpose, Law: v.Law, Reason: v.Reason,
		Basis: consent.ByLaw,
	})
}

// own is a look at a register of this node by the person or by its own staff: recorded like any other, not signed.
func (s *Service) own(ctx context.Context, d door, q Question) (Answer, error) {
	told, err := s.local.pass(ctx, d, []Question{q})
	if err != nil {
		return Answer{}, err
	}
	if !told[0].found {
		return Answer{}, fault.New(fault.NotFound, "exchange.error.nobody")
	}
	return told[0].Answer, nil
}

// Keep stores answers as the reader got them, signature and receipt, in the reader's own transaction.
func (s *Service) Keep(ctx context.Context, tx *db.Tx, answers ...Answer) error {
	if len(answers) == 0 {
		return nil
	}
	if err := insertReceived(ctx, tx, answers); err != nil {
		return fmt.Errorf("keep answers: %w", err)
	}
	return nil
}

// passed is a question on its way through the gate.
type passed struct {
	Answer
	question Question
	grant    consent.Grant
	found    bool
	recorded ledger.Recorded
	payload  []byte
}

// pass lets questions through a door: permission, reading and recording in one transaction, all or nothing.
func (p *LocalPeer) pass(ctx context.Context, d door, questions []Question) (told []passed, err error) {
	holders := map[authority.Key]bool{}
	for _, q := range questions {
		if err := p.s.prepare(ctx, q); err != nil {
			return nil, err
		}
		holders[q.Holder] = true
		ctx = db.WithLane(ctx, string(q.Holder))
	}
	err = p.s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		for holder := range holders {
			if err := p.s.refuseOutage(ctx, tx, holder); err != nil {
				return err
			}
		}
		told, err = p.s.permit(ctx, tx, d, questions)
		if err != nil {
			return err
		}
		if err := p.s.readAll(ctx, tx, told); err != nil {
			return err
		}
		return p.s.record(ctx, tx, d, told)
	})
	return told, err
}

// prepare does what cannot be done inside the transaction. It reads nothing about anybody.
func (s *Service) prepare(ctx context.Context, q Question) error {
	if err := s.Ready(ctx, q.Holder); err != nil {
		return err
	}
	if q.Hide != (ledger.Hiding{}) {
		if err := s.Ledger.ReadyToHide(ctx, string(q.Holder)); err != nil {
			return err
		}
	}
	if from := s.source(q.Register); from.Ready != nil {
		return from.Ready(ctx, Lookup{Holder: q.Holder, Register: q.Register, With: q.With})
	}
	return nil
}

// permit asks the policy about every question. The grants stay locked until the transaction is over.
func (s *Service) permit(ctx context.Context, tx *db.Tx, d door, questions []Question) ([]passed, error) {
	told := make([]passed, 0, len(questions))
	today := clock.DateOf(tx.Now())
	for _, q := range questions {
		var g consent.Grant
		var entitled, err error
		if d == doorFetch {
			entitled = s.Registers.Entitlements.Check(ctx, tx, today, register.Ask{
				Holder: q.Holder, Register: q.Register, Evidence: q.Evidence, Reader: q.Reader, Fields: q.Fields, Law: q.Law, Hide: q.Hide,
			})
			if entitled != nil && !fault.Is(entitled, fault.Forbidden) {
				return nil, entitled // no answer is not a no
			}
		}
		if d == doorFetch && q.Basis.Asked() && q.Grant != "" {
			g, err = s.Consent.Lock(ctx, tx, q.Grant)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, fmt.Errorf("grant %s: %w", q.Grant, err)
			}
		}
		if err := decide(d, q, entitled, g, tx.Now()); err != nil {
			return nil, err
		}
		told = append(told, passed{question: q, grant: g})
	}
	return told, nil
}

// readAll reads what may pass: one question to the register for all people of whom the same is asked.
func (s *Service) readAll(ctx context.Context, tx *db.Tx, told []passed) error {
	groups := map[string][]int{}
	for i, p := range told {
		groups[p.key()] = append(groups[p.key()], i)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		first := told[groups[key][0]]
		ask := Lookup{
			Holder: first.question.Holder, Register: first.question.Register, Fields: first.fields(), With: first.question.With,
			UnlessBlocked: first.question.UnlessBlocked,
		}
		for _, i := range groups[key] {
			ask.Subjects = append(ask.Subjects, told[i].question.Subject)
		}
		answers, err := s.source(ask.Register).Read(ctx, tx, clock.DateOf(tx.Now()), ask)
		if err != nil {
			return fmt.Errorf("register %s of %s: %w", ask.Register, ask.Holder, err)
		}
		for _, i := range groups[key] {
			at := slices.IndexFunc(answers, func(a register.Answer) bool { return a.Subject == told[i].question.Subject })
			if at < 0 {
				continue
			}
			if err := told[i].take(answers[at]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fields are what must be read: all that was released, to compare it with what the person saw, else what is asked for.
func (p passed) fields() []string {
	if p.grant.ID != "" {
		return p.grant.Fields
	}
	return p.question.Fields
}

func (p passed) key() string {
	parts := []string{string(p.question.Holder), p.question.Register, fmt.Sprint(p.question.UnlessBlocked)}
	parts = append(parts, p.fields()...)
	for _, name := range slices.Sorted(maps.Keys(p.question.With)) {
		parts = append(parts, name+"="+p.question.With[name])
	}
	return strings.Join(parts, "\x00")
}

// take compares what the register holds with what the person saw, and keeps only what was asked for.
func (p *passed) take(a register.Answer) error {
	if err := unchanged(p.question, p.grant, a.Values); err != nil {
		return err
	}
	values := pick(a.Values, p.question.Fields)
	hash, err := values.Hash()
	if err != nil {
		return err
	}
	p.found = true
	p.Values, p.Hash, p.Version = values, hash, a.Version
	return nil
}

// record writes the accesses into the ledger and, for another authority, the answers it will get.
func (s *Service) record(ctx context.Context, tx *db.Tx, d door, told []passed) error {
	entries := make([]ledger.Entry, len(told))
	for i, p := range told {
		entries[i] = p.question.entry(d, tx.Now())
		if !p.found { // nothing was told; the person sees that somebody asked
			entries[i].Fields = nil
		}
	}
	recorded, err := s.Ledger.Record(ctx, tx, entries...)
	if err != nil {
		return fmt.Errorf("record accesses: %w", err)
	}
	for i := range told {
		p := &told[i]
		q := p.question
		p.Answer = Answer{
			ID: ident.New(), Holder: q.Holder, Register: q.Register, Reader: q.Reader, Evidence: q.Evidence, Case: q.Case, Subject: q.Subject,
			Values: p.Values, Hash: p.Hash, Version: p.Version, At: tx.Now(), Record: recorded[i].ID,
		}
		p.recorded = recorded[i]
		if p.payload, err = p.statement(); err != nil {
			return err
		}
	}
	if d != doorFetch {
		return nil
	}
	if err := insertAnswers(ctx, tx, told); err != nil {
		return fmt.Errorf("store answers: %w", err)
	}
	return nil
}
