package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// The events of this package.
const (
	AcknowledgedEvent = "exchange.Acknowledged" // Data is Acknowledged
	AnsweredEvent     = "exchange.Answered"     // Data is Answered
)

// Acknowledged says that recipients have these notices of a case.
type Acknowledged struct {
	Case    string
	Notices []string
}

// Answered says what a recipient answered to a notice.
type Answered struct {
	Case    string
	Notice  string
	Key     string
	Subject ledger.Subject
	From    authority.Key // who answers
	Data    json.RawMessage
}

const deliverKind = "exchange.deliver"

// consignment is the payload of a delivery job: notices of one sender that travel together.
type consignment struct {
	From    authority.Key
	Notices []string
}

// Send sends notices by law, in the caller's transaction: each is stored, recorded and will be delivered after the
// commit, exactly once. The notices of one call have one sender, whose keys Ready has fetched; they are delivered
// together where that is possible. A notice with an id that was sent before is not sent again; with other values it is a
// Conflict. A value that the list of fields does not name is Forbidden.
func (s *Service) Send(ctx context.Context, tx *db.Tx, notices ...Notice) error {
	if len(notices) == 0 {
		return nil
	}
	from := notices[0].From
	list := make([]draft, len(notices))
	for i, n := range notices {
		if n.From != from {
			return errors.New("exchange: notices of two senders in one Send")
		}
		if err := n.ready(tx.Now()); err != nil {
			return fmt.Errorf("notice %s of case %s: %w", n.Key, n.Case, err)
		}
		body, err := s.seal(n.From, "notice", n)
		if err != nil {
			return err
		}
		list[i] = draft{n, body}
	}
	fresh, err := insertNotices(ctx, tx, list)
	if err != nil {
		return fmt.Errorf("notices of case %s: %w", notices[0].Case, err)
	}
	var ids []string
	var entries []ledger.Entry
	for _, n := range list {
		if fresh[n.ID] {
			ids, entries = append(ids, n.ID), append(entries, n.entry(tx.Now()))
		}
	}
	if err := s.sentBefore(ctx, tx, from, list, fresh); err != nil || len(ids) == 0 {
		return err
	}
	if _, err := s.Ledger.Record(ctx, tx, entries...); err != nil {
		return fmt.Errorf("record notices of case %s: %w", notices[0].Case, err)
	}
	return s.Jobs.Enqueue(ctx, tx, job.Spec{Kind: deliverKind, Authority: string(from), Key: ids[0], Payload: consignment{from, ids}})
}

// sentBefore refuses a notice whose id was used for other values.
func (s *Service) sentBefore(ctx context.Context, tx *db.Tx, from authority.Key, list []draft, fresh map[string]bool) error {
	again := map[string]Notice{}
	var ids []string
	for _, n := range list {
		if !fresh[n.ID] {
			again[n.ID], ids = n.Notice, append(ids, n.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	before, err := selectOutgoing(ctx, tx, from, ids)
	if err != nil {
		return fmt.Errorf("notices sent before: %w", err)
	}
	for _, b := range before {
		n, err := s.open(b.draft)
		if err != nil {
			return err
		}
		if string(n.Values) != string(again[n.ID].Values) || n.To != again[n.ID].To {
			return fault.New(fault.Conflict, "exchange.error.notice_twice")
		}
	}
	return nil
}

func (s *Service) seal(owner authority.Key, table string, n Notice) ([]byte, error) {
	h, err := s.hand(owner)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(sealedBody{n.Salt, n.Values})
	if err != nil {
		return nil, fmt.Errorf("body of notice %s: %w", n.ID, err)
	}
	return h.sealer.Seal(plain, bound(owner, table, n.ID))
}

// open unseals a notice of this node's sender.
func (s *Service) open(d draft) (Notice, error) {
	h, err := s.hand(d.From)
	if err != nil {
		return Notice{}, err
	}
	plain, err := h.sealer.Open(d.body, bound(d.From, "notice", d.ID))
	if err != nil {
		return Notice{}, fmt.Errorf("open notice %s: %w", d.ID, err)
	}
	var body sealedBody
	if err := json.Unmarshal(plain, &body); err != nil {
		return Notice{}, fmt.Errorf("body of notice %s: %w", d.ID, err)
	}
	d.Salt, d.Values = body.Salt, body.Values
	return d.Notice, nil
}

// patience is how often a consignment is tried as one before a neighbour's silence is waited out in long pauses.
const patience = 6

const longPause = 10 * time.Minute

// deliver hands a consignment to its recipients. The recipients of this node take note in the transaction that completes
// the job; who does not answer gets a job of its own, so that nobody waits for them.
func (s *Service) deliver(ctx context.Context, j job.Job) (job.Effect, error) {
	var c consignment
	if err := j.Into(&c); err != nil {
		return nil, err
	}
	if j.Attempt > 1 && len(c.Notices) > 1 { // one of them is in the way: each for itself
		return s.split(c, c.Notices, time.Time{}), nil
	}
	if err := s.Ready(ctx, c.From); err != nil {
		return nil, err
	}
	stored, err := selectOutgoing(ctx, s.DB, c.From, c.Notices)
	if err != nil {
		return nil, fmt.Errorf("notices to deliver: %w", err)
	}
	var here []arrival
	var acks []delivered
	var silent []string
	for _, o := range stored {
		if !o.acknowledged.IsZero() {
			continue
		}
		n, err := s.sealed(o.draft)
		if err != nil {
			return nil, err
		}
		a, ack, err := s.give(ctx, n)
		switch {
		case fault.Is(err, fault.Unavailable) && (len(c.Notices) > 1 || j.Attempt >= patience):
			silent = append(silent, n.ID)
		case err != nil:
			return nil, fmt.Errorf("notice %s to %s: %w", n.ID, n.To, err)
		case a != nil:
			here = append(here, *a)
		default:
			acks = append(acks, delivered{n, ack})
		}
	}
	return func(ctx context.Context, tx *db.Tx) error {
		got, err := s.local.accept(ctx, tx, here)
		if err != nil {
			return err
		}
		for i, ack := range got {
			acks = append(acks, delivered{here[i].Notice, ack})
		}
		if err := s.acknowledged(ctx, tx, acks); err != nil || len(silent) == 0 {
			return err
		}
		pause := time.Duration(0)
		if len(c.Notices) == 1 {
			pause = longPause
		}
		return s.split(c, silent, tx.Now().Add(pause))(ctx, tx)
	}, nil
}

// split makes a job of its own for each notice.
func (s *Service) split(c consignment, ids []string, due time.Time) job.Effect {
	return func(ctx context.Context, tx *db.Tx) error {
		for _, id := range ids {
			spec := job.Spec{Kind: deliverKind, Authority: string(c.From), Due: due, Payload: consignment{c.From, []string{id}}}
			if err := s.Jobs.Enqueue(ctx, tx, spec); err != nil {
				return err
			}
		}
		return nil
	}
}

// sealed opens a notice for the way and lets its sender sign it.
func (s *Service) sealed(d draft) (Notice, error) {
	n, err := s.open(d)
	if err != nil {
		return Notice{}, err
	}
	payload, err := n.statement()
	if err != nil {
		return Notice{}, err
	}
	n.Statement, err = s.signed(n.From, NoticeType, payload)
	return n, err
}

// give hands a notice to its recipient's peer. A recipient of this node gets ready and takes note later.
func (s *Service) give(ctx context.Context, n Notice) (*arrival, Ack, error) {
	p := s.peer(n.To)
	if local, here := p.(*LocalPeer); here {
		a, err := local.arrive(ctx, n)
		return &a, Ack{}, err
	}
	ack, err := p.Deliver(ctx, n)
	return nil, ack, err
}

type delivered struct {
	Notice
	ack Ack
}

// acknowledged stores what the recipients said and tells the house.
func (s *Service) acknowledged(ctx context.Context, tx *db.Tx, list []delivered) error {
	of := map[string][]string{}
	var cases []string
	for _, d := range list {
		var answered time.Time
		var answer []byte
		if d.ack.Reply != nil {
			var err error
			answered = tx.Now()
			if answer, err = s.sealReply(d.From, "answer", d.ID, d.ack.Reply); err != nil {
				return err
			}
		}
		first, err := acknowledge(ctx, tx, d.Notice, d.ack.Statement, answered, answer)
		if err != nil {
			return fmt.Errorf("acknowledgement of notice %s: %w", d.ID, err)
		}
		if !first {
			continue
		}
		if of[d.Case] == nil {
			cases = append(cases, d.Case)
		}
		of[d.Case] = append(of[d.Case], d.ID)
		if err := s.answered(ctx, tx, d); err != nil {
			return err
		}
	}
	for _, id := range cases {
		e := event.Event{Name: AcknowledgedEvent, Authority: string(list[0].From), Key: of[id][0], Data: Acknowledged{id, of[id]}}
		if err := s.Events.Append(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) answered(ctx context.Context, tx *db.Tx, d delivered) error {
	if d.ack.Reply == nil {
		return nil
	}
	data := Answered{Case: d.Case, Notice: d.ID, Key: d.Key, Subject: d.Subject, From: d.To, Data: d.ack.Reply.Data}
	return s.Events.Append(ctx, tx, event.Event{Name: AnsweredEvent, Authority: string(d.From), Key: d.ID, Data: data})
}

func (s *Service) sealReply(owner authority.Key, table, id string, r *Reply) ([]byte, error) {
	h, err := s.hand(owner)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("answer to notice %s: %w", id, err)
	}
	return h.sealer.Seal(plain, bound(owner, table, id))
}

// NoticesOf lists the notices of a case in the order in which the definition names them, at most 1000.
func (s *Service) NoticesOf(ctx context.Context, q db.Querier, caseID string) ([]NoticeState, error) {
	list, err := selectOfCase(ctx, q, caseID)
	return states(list, s.DB.Clock().Now()), err
}

// Overdue lists an authority's notices that should have been acknowledged by now, the oldest first.
func (s *Service) Overdue(ctx context.Context, q db.Querier, from authority.Key, limit int) ([]NoticeState, error) {
	now := s.DB.Clock().Now()
	list, err := selectLate(ctx, q, from, now, limit)
	return states(list, now), err
}

func states(list []outgoing, now time.Time) []NoticeState {
	out := make([]NoticeState, 0, len(list))
	for _, o := range list {
		n := NoticeState{
			ID: o.ID, Key: o.Key, From: o.From, To: o.To, Subject: o.Subject, Law: o.Law, Example: o.Example, Purpose: o.Purpose, Fields: o.Fields,
			Sheets: o.Sheets, SentAt: o.Sent, Due: o.Due, Acknowledged: !o.acknowledged.IsZero(), AcknowledgedAt: o.acknowledged,
			AnswerDue: o.AnswerDue, Answered: !o.answered.IsZero(), AnsweredAt: o.answered,
		}
		n.Late = n.late(now)
		out = append(out, n)
	}
	return out
}
