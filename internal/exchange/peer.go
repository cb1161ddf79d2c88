package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Peer answers for authorities, of this node or of another one. What it does not answer is fault Unavailable: the case
// waits. A peer of another node has checked every signature it hands on.
type Peer interface {
	// Fetch answers questions to one holder, all or nothing; people of whom the register tells nothing are missing.
	Fetch(ctx context.Context, questions ...Question) ([]Answer, error)
	// Deliver hands over a notice. The same notice a second time changes nothing and gets the same acknowledgement.
	Deliver(ctx context.Context, n Notice) (Ack, error)
}

// LocalPeer answers for the authorities of this node.
type LocalPeer struct{ s *Service }

// Handler takes note of a notice for a recipient's register. It is called outside any transaction, to check and to get
// keys, and returns what happens in the transaction that receives the notice. An error keeps the notice undelivered, so a
// register that cannot enter it answers that instead.
type Handler func(ctx context.Context, in Inbound) (Taking, error)

// Taking enters a notice into the recipient's register, once, and may answer (nil: nothing to answer).
type Taking func(ctx context.Context, tx *db.Tx) (*Reply, error)

// OnNotice names who takes note of notices to a register. Handlers are set before the gate is used; notices to other
// registers are received and acknowledged without one.
func (s *Service) OnNotice(register string, h Handler) { s.handlers[register] = h }

// Fetch answers questions to authorities of this node: permission, reading and record in one transaction, signatures
// after it.
func (p *LocalPeer) Fetch(ctx context.Context, questions ...Question) ([]Answer, error) {
	told, err := p.pass(ctx, doorFetch, questions)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, 0, len(told))
	for i := range told {
		if !told[i].found {
			continue
		}
		if err := p.s.sign(&told[i]); err != nil {
			return nil, err
		}
		answers = append(answers, told[i].Answer)
	}
	return answers, nil
}

// Deliver receives a notice for an authority of this node.
func (p *LocalPeer) Deliver(ctx context.Context, n Notice) (ack Ack, err error) {
	a, err := p.arrive(ctx, n)
	if err != nil {
		return Ack{}, err
	}
	err = p.s.DB.Do(db.WithLane(ctx, string(n.To)), func(ctx context.Context, tx *db.Tx) error {
		acks, err := p.accept(ctx, tx, []arrival{a})
		if err == nil {
			ack = acks[0]
		}
		return err
	})
	return ack, err
}

// arrival is a notice at its recipient's door: sealed with the recipient's key, the acknowledgement signed. Nobody sees
// the acknowledgement before the transaction that receives the notice has committed.
type arrival struct {
	Notice
	body []byte
	ack  string
	take Taking // nil if no register takes note
}

// arrive does what lies outside the transaction.
func (p *LocalPeer) arrive(ctx context.Context, n Notice) (arrival, error) {
	if err := n.check(); err != nil {
		return arrival{}, err
	}
	if err := p.s.refuseOutage(ctx, p.s.DB, n.To); err != nil {
		return arrival{}, err
	}
	if err := p.s.Ready(ctx, n.To); err != nil {
		return arrival{}, err
	}
	payload, err := n.ackStatement(p.s.DB.Clock().Now())
	if err != nil {
		return arrival{}, err
	}
	ack, err := p.s.signed(n.To, AcknowledgementType, payload)
	if err != nil {
		return arrival{}, err
	}
	body, err := p.s.seal(n.To, "inbox", n)
	if err != nil {
		return arrival{}, err
	}
	a := arrival{Notice: n, body: body, ack: ack}
	h := p.s.handlers[n.Register]
	if h == nil {
		return a, nil
	}
	if _, err := selectInbox(ctx, p.s.DB, n); !errors.Is(err, db.ErrNone) {
		return a, err // it came before: the register has taken note
	}
	a.take, err = h(ctx, Inbound{n, p.s.DB.Clock().Now()})
	return a, err
}

// accept receives notices: inbox, the register's own handler, ledger. One that came before gets the acknowledgement it
// got then and has no further effect.
func (p *LocalPeer) accept(ctx context.Context, tx *db.Tx, list []arrival) ([]Ack, error) {
	if len(list) == 0 {
		return nil, nil
	}
	fresh, err := insertInbox(ctx, tx, list)
	if err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	acks := make([]Ack, len(list))
	var entries []ledger.Entry
	for i, a := range list {
		if !fresh[a.ID] {
			if acks[i], err = p.again(ctx, tx, a); err != nil {
				return nil, err
			}
			continue
		}
		delete(fresh, a.ID) // the same notice twice in one consignment
		acks[i] = Ack{Notice: a.ID, Statement: a.ack}
		entries = append(entries, a.ackEntry(tx.Now()))
		reply, err := p.note(ctx, tx, a)
		if err != nil {
			return nil, fmt.Errorf("notice %s: %w", a.ID, err)
		}
		if reply != nil {
			acks[i].Reply = reply
			entries = append(entries, a.replyEntry(*reply, tx.Now()))
		}
	}
	if len(entries) == 0 {
		return acks, nil
	}
	if _, err := p.s.Ledger.Record(ctx, tx, entries...); err != nil {
		return nil, fmt.Errorf("record acknowledgements: %w", err)
	}
	return acks, nil
}

// note lets the recipient's register take note, and keeps its answer.
func (p *LocalPeer) note(ctx context.Context, tx *db.Tx, a arrival) (*Reply, error) {
	if a.take == nil {
		return nil, nil
	}
	reply, err := a.take(ctx, tx)
	if err != nil || reply == nil {
		return nil, err
	}
	if reply.Law == "" || reply.Purpose == "" {
		return nil, fault.New(fault.Invalid, "exchange.error.incomplete")
	}
	sealed, err := p.s.sealReply(a.To, "reply", a.ID, reply)
	if err != nil {
		return nil, err
	}
	return reply, updateReply(ctx, tx, a.Notice, sealed)
}

// again repeats what was said when the notice first came.
func (p *LocalPeer) again(ctx context.Context, tx *db.Tx, a arrival) (Ack, error) {
	before, err := selectInbox(ctx, tx, a.Notice)
	if err != nil {
		return Ack{}, fmt.Errorf("inbox of %s: %w", a.To, err)
	}
	if before.sender != a.From || before.hash != a.commitment() {
		return Ack{}, fault.New(fault.Conflict, "exchange.error.notice_twice")
	}
	ack := Ack{Notice: a.ID, Statement: before.ack}
	if len(before.reply) == 0 {
		return ack, nil
	}
	h, err := p.s.hand(a.To)
	if err != nil {
		return Ack{}, err
	}
	plain, err := h.sealer.Open(before.reply, bound(a.To, "reply", a.ID))
	if err != nil {
		return Ack{}, fmt.Errorf("answer to notice %s: %w", a.ID, err)
	}
	ack.Reply = new(Reply)
	return ack, json.Unmarshal(plain, ack.Reply)
}
