package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Recorder writes ledger records in the caller's transaction.
type Recorder interface {
	Record(ctx context.Context, tx *db.Tx, entries ...ledger.Entry) ([]ledger.Recorded, error)
}

// Service keeps requests and grants.
type Service struct {
	db     *db.DB
	ledger Recorder
	events *event.Bus
	signer jws.Signer
}

// New returns the service on d. Grants are signed by the node, where the person's account is at home.
func New(ctx context.Context, d *db.DB, l Recorder, events *event.Bus, ring *keys.Ring) (*Service, error) {
	signer, err := ring.Signer(ctx, keys.Node, signPurpose)
	if err != nil {
		return nil, fmt.Errorf("key for grants: %w", err)
	}
	return &Service{db: d, ledger: l, events: events, signer: signer}, nil
}

// The events of this package. Their Data is an Event.
const (
	GrantedEvent = "consent.Granted"
	RefusedEvent = "consent.Refused"
	RevokedEvent = "consent.Revoked" // by the person
	EndedEvent   = "consent.Ended"   // by time, with the case, or by a newer grant
)

// Event is what the events carry: ids only. Grant is empty for a refusal.
type Event struct {
	Request  string
	Grant    string
	Case     string
	Evidence string
	How      End
}

// Ask puts a question to the person. The same question of the same case, still open, is not asked twice: the first one
// is returned. ID and Asked are filled in. Law as basis, or a question without purpose or fields, is Invalid.
func (s *Service) Ask(ctx context.Context, tx *db.Tx, r Request) (Request, error) {
	r.Asked = tx.Now()
	if err := r.check(tx.Now()); err != nil {
		return Request{}, err
	}
	open, err := selectAsked(ctx, tx, r)
	if err != nil {
		return Request{}, fmt.Errorf("open questions of case %s: %w", r.Case, err)
	}
	for _, o := range open {
		if o.Basis == r.Basis && o.Law == r.Law && o.Whole == r.Whole && slices.Equal(o.Fields, r.Fields) && tx.Now().Before(o.Until) {
			return o.Request, nil
		}
	}
	if r.ID == "" {
		r.ID = ident.New()
	}
	if err := insertRequest(ctx, tx, r); err != nil {
		return Request{}, fmt.Errorf("ask in case %s: %w", r.Case, err)
	}
	return r, nil
}

// Release turns a question into a grant for the ticked fields. hash is that of the values of exactly these fields as
// the person saw them. Only the account that was asked may answer; for everybody else the question does not exist.
// The same answer a second time returns the same grant; another answer to an answered question is a Conflict.
func (s *Service) Release(ctx context.Context, tx *db.Tx, account, requestID string, fields []string, hash string) (Grant, error) {
	r, err := s.asked(ctx, tx, account, requestID)
	if err != nil {
		return Grant{}, err
	}
	if r.state == stateReleased {
		return s.again(ctx, tx, r, fields, hash)
	}
	if err := r.open(); err != nil {
		return Grant{}, err
	}
	g, err := r.release(fields, hash, tx.Now())
	if err != nil {
		return Grant{}, err
	}
	if err := s.replace(ctx, tx, g); err != nil {
		return Grant{}, err
	}
	g.ID = ident.New()
	statement, err := g.sign(s.signer)
	if err != nil {
		return Grant{}, err
	}
	if err := errors.Join(closeRequest(ctx, tx, r.ID, stateReleased), insertGrant(ctx, tx, g, statement)); err != nil {
		return Grant{}, fmt.Errorf("release %s: %w", r.ID, err)
	}
	return g, s.tell(ctx, tx, GrantedEvent, ledger.Release, g)
}

// asked reads a question for the account it was put to.
func (s *Service) asked(ctx context.Context, tx *db.Tx, account, requestID string) (requestRow, error) {
	r, err := selectRequest(ctx, tx, requestID)
	if errors.Is(err, db.ErrNone) || (err == nil && r.Account != account) {
		return requestRow{}, fault.New(fault.NotFound, "consent.error.not_found")
	}
	if err != nil {
		return requestRow{}, fmt.Errorf("question %s: %w", requestID, err)
	}
	return r, nil
}

func (r requestRow) open() error {
	switch r.state {
	case stateOpen:
		return nil
	case stateLapsed:
		return fault.New(fault.Gone, "consent.error.expired")
	}
	return fault.New(fault.Conflict, "consent.error.answered")
}

// again answers the second of two clicks.
func (s *Service) again(ctx context.Context, tx *db.Tx, r requestRow, fields []string, hash string) (Grant, error) {
	g, err := grantOfRequest(ctx, tx, r.ID)
	if err != nil {
		return Grant{}, fmt.Errorf("grant of question %s: %w", r.ID, err)
	}
	want, err := r.release(fields, hash, g.GrantedAt)
	if err != nil || !slices.Equal(want.Fields, g.Fields) || want.ValuesHash != g.ValuesHash {
		return Grant{}, fault.New(fault.Conflict, "consent.error.answered")
	}
	return g, nil
}

// replace ends what was released of the same evidence for the same case before.
func (s *Service) replace(ctx context.Context, tx *db.Tx, g Grant) error {
	standing, err := selectStanding(ctx, tx, g)
	if err != nil {
		return fmt.Errorf("earlier grants of case %s: %w", g.Case, err)
	}
	for _, old := range standing {
		if err := s.end(ctx, tx, old, Replaced); err != nil {
			return err
		}
	}
	return nil
}

// end marks a grant that ended without the person doing anything about it, and says so to the house.
func (s *Service) end(ctx context.Context, tx *db.Tx, g Grant, how End) error {
	g.EndedAt, g.EndedHow = tx.Now(), how
	if !tx.Now().Before(g.Until) { // its time was over before anything else could end it
		g.EndedAt, g.EndedHow = g.Until, Expired
	}
	if err := endGrant(ctx, tx, g); err != nil {
		return fmt.Errorf("end grant %s: %w", g.ID, err)
	}
	return s.events.Append(ctx, tx, event.Event{Name: EndedEvent, Authority: string(g.Reader), Key: g.ID, Data: g.event()})
}

// Refuse answers a question with no. The reader goes on without; refusing a second time changes nothing.
func (s *Service) Refuse(ctx context.Context, tx *db.Tx, account, requestID string) error {
	r, err := s.asked(ctx, tx, account, requestID)
	if err != nil || r.state == stateRefused {
		return err
	}
	if err := r.open(); err != nil {
		return err
	}
	if !tx.Now().Before(r.Until) {
		return fault.New(fault.Gone, "consent.error.expired")
	}
	if err := closeRequest(ctx, tx, r.ID, stateRefused); err != nil {
		return fmt.Errorf("refuse %s: %w", r.ID, err)
	}
	return s.tell(ctx, tx, RefusedEvent, ledger.Refusal, Grant{Request: r.Request, RequestID: r.ID, Fields: r.Fields})
}

// Revoke takes a grant back, by the account that gave it. Once the transaction is acknowledged, nothing is delivered on
// it any more. A grant that has ended already stays as it is, without a second record.
func (s *Service) Revoke(ctx context.Context, tx *db.Tx, account, grantID string) error {
	return s.revoke(ctx, tx, grantID, account, func(g Grant) bool { return g.Account == account })
}

// RevokeFor takes back what somebody released about subject. The caller has made sure (mandate.May) that the account
// is or acts for this person.
func (s *Service) RevokeFor(ctx context.Context, tx *db.Tx, account string, subject ledger.Subject, grantID string) error {
	return s.revoke(ctx, tx, grantID, account, func(g Grant) bool { return g.Subject == subject })
}

func (s *Service) revoke(ctx context.Context, tx *db.Tx, grantID, account string, mine func(Grant) bool) error {
	g, err := lockGrant(ctx, tx, grantID)
	if errors.Is(err, db.ErrNone) || (err == nil && !mine(g)) {
		return fault.New(fault.NotFound, "consent.error.not_found")
	}
	if err != nil {
		return fmt.Errorf("grant %s: %w", grantID, err)
	}
	if !g.Running(tx.Now()) {
		return nil
	}
	g.Account, g.EndedAt, g.EndedHow = account, tx.Now(), Revoked
	if err := endGrant(ctx, tx, g); err != nil {
		return err
	}
	return s.tell(ctx, tx, RevokedEvent, ledger.Revocation, g)
}

// EndCase ends every grant and every open question of a case and returns how many grants it ended.
func (s *Service) EndCase(ctx context.Context, tx *db.Tx, caseID string) (int, error) {
	if err := lapseOfCase(ctx, tx, caseID); err != nil {
		return 0, fmt.Errorf("questions of case %s: %w", caseID, err)
	}
	open, err := selectOpenOfCase(ctx, tx, caseID)
	if err != nil {
		return 0, fmt.Errorf("grants of case %s: %w", caseID, err)
	}
	for _, g := range open {
		if err := s.end(ctx, tx, g, CaseEnded); err != nil {
			return 0, err
		}
	}
	return len(open), nil
}

// Lock returns a grant and keeps it from being ended until tx is over. It does not say whether the grant runs. An
// unknown one is NotFound.
func (s *Service) Lock(ctx context.Context, tx *db.Tx, grantID string) (Grant, error) {
	g, err := lockGrant(ctx, tx, grantID)
	if errors.Is(err, db.ErrNone) {
		return Grant{}, fault.New(fault.NotFound, "consent.error.not_found")
	}
	return g, err
}

const lapsedAtOnce = 200

// Expire marks the grants and questions whose time is over and returns how many grants it marked. They were void before.
func (s *Service) Expire(ctx context.Context) (marked int, err error) {
	for {
		n := 0
		err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := lapseBefore(ctx, tx, tx.Now()); err != nil {
				return err
			}
			lapsed, err := selectLapsed(ctx, tx, tx.Now(), lapsedAtOnce)
			if err != nil {
				return err
			}
			for _, g := range lapsed {
				if err := s.end(ctx, tx, g, Expired); err != nil {
					return err
				}
			}
			n = len(lapsed)
			return nil
		})
		marked += n
		if err != nil || n < lapsedAtOnce {
			return marked, err
		}
	}
}

// Run calls Expire every minute until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		if _, err := s.Expire(ctx); err != nil && ctx.Err() == nil {
			s.db.Log().Warn("lapsed grants cannot be marked", "fault", fault.CodeOf(err), "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tell records what the person did and says so to the house.
func (s *Service) tell(ctx context.Context, tx *db.Tx, name, kind string, g Grant) error {
	if _, err := s.ledger.Record(ctx, tx, g.entry(kind, tx.Now())); err != nil {
		return fmt.Errorf("record %s of question %s: %w", kind, g.RequestID, err)
	}
	key := g.ID
	if key == "" {
		key = g.RequestID
	}
	return s.events.Append(ctx, tx, event.Event{Name: name, Authority: string(g.Reader), Key: key, Data: g.event()})
}

func (g Grant) event() Event {
	return Event{Request: g.RequestID, Grant: g.ID, Case: g.Case, Evidence: g.Evidence, How: g.EndedHow}
}
