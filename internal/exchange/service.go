package exchange

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Ledger records what passes and promises it to the other side.
type Ledger interface {
	Record(ctx context.Context, tx *db.Tx, entries ...ledger.Entry) ([]ledger.Recorded, error)
	ReadyToHide(ctx context.Context, authority string) error
	Receipt(rec ledger.Recorded) (string, error)
}

// Acting says whether an account may act for a person: nil, or a fault for whoever asks. family is true where the law lets
// one member act for the family (§ 23 Abs. 4 BMG), the spouse included.
type Acting func(ctx context.Context, account string, subject ledger.Subject, family bool) error

// Deps are what the gate stands on.
type Deps struct {
	DB        *db.DB
	Ledger    Ledger
	Registers *register.Service
	Consent   *consent.Service
	May       Acting // package mandate, wired by the app
	Keys      *keys.Ring
	Jobs      *job.Queue
	Events    *event.Bus
}

// Service is the gate.
type Service struct {
	Deps
	sources  map[string]Source
	handlers map[string]Handler
	local    *LocalPeer
	mu       sync.RWMutex
	peers    map[authority.Key]Peer
	hands    sync.Map // authority.Key → hand
}

// New returns the gate. It takes over the delivery of notices from the queue.
func New(d Deps) *Service {
	s := &Service{Deps: d, sources: map[string]Source{}, handlers: map[string]Handler{}, peers: map[authority.Key]Peer{}}
	s.local = &LocalPeer{s}
	d.Jobs.Handle(deliverKind, s.deliver)
	return s
}

// Lookup is what a register is asked for.
type Lookup struct {
	Holder        authority.Key
	Register      string
	Subjects      []ledger.Subject
	Fields        []string
	With          map[string]string
	UnlessBlocked bool
}

// Source reads one kind of register for the gate. It asks no permission and records nothing; people it does not know
// are missing from its answer. Ready does what cannot be done inside a transaction, such as making keys; it may be nil.
type Source struct {
	Ready func(ctx context.Context, ask Lookup) error
	Read  func(ctx context.Context, q db.Querier, today clock.Date, ask Lookup) ([]register.Answer, error)
}

// AddSource makes a register of another form readable through the gate. Sources are added before the gate is used.
func (s *Service) AddSource(name string, from Source) { s.sources[name] = from }

// residents is the way into a register that has no source of its own.
func (s *Service) residents() Source {
	return Source{
		Ready: func(ctx context.Context, ask Lookup) error { return s.Registers.Ready(ctx, ask.Holder) },
		Read: func(ctx context.Context, q db.Querier, today clock.Date, ask Lookup) ([]register.Answer, error) {
			return s.Registers.Evidence.Read(ctx, q, today, register.Question{
				Holder: ask.Holder, Register: ask.Register, Subjects: ask.Subjects, Fields: ask.Fields, UnlessBlocked: ask.UnlessBlocked,
			})
		},
	}
}

func (s *Service) source(name string) Source {
	if from, ok := s.sources[name]; ok {
		return from
	}
	return s.residents()
}

// SetPeer says who answers for an authority of another node. Without a peer an authority is one of this node.
func (s *Service) SetPeer(of authority.Key, p Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers[of] = p
}

func (s *Service) peer(of authority.Key) Peer {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.peers[of]; p != nil {
		return p
	}
	return s.local
}

// Local returns the peer for all authorities of this node.
func (s *Service) Local() *LocalPeer { return s.local }

// SignPurpose is the purpose of the keys with which an authority signs answers, notices and acknowledgements.
const SignPurpose = "sign"

const sealPurpose = "exchange"

// hand is an authority's keys.
type hand struct {
	signer keys.Signer
	sealer keys.Sealer
}

// Ready fetches the keys of authorities, and makes missing ones. Whoever calls Send calls it before, for the authority
// that sends, because keys are made in a transaction of their own.
func (s *Service) Ready(ctx context.Context, list ...authority.Key) error {
	for _, key := range list {
		if _, done := s.hands.Load(key); done {
			continue
		}
		signer, err := s.Keys.Signer(ctx, string(key), SignPurpose)
		if err != nil {
			return fmt.Errorf("signing key of %s: %w", key, err)
		}
		sealer, err := s.Keys.Sealer(ctx, string(key), sealPurpose)
		if err != nil {
			return fmt.Errorf("sealing key of %s: %w", key, err)
		}
		s.hands.Store(key, hand{signer, sealer})
	}
	return nil
}

func (s *Service) hand(key authority.Key) (hand, error) {
	h, ok := s.hands.Load(key)
	if !ok {
		return hand{}, errors.New("exchange: Ready was not called for " + string(key))
	}
	return h.(hand), nil
}

// SetOutage switches the registers of one of this node's authorities off for maintenance, or on again. While they are
// off, whoever asks or tells them gets Unavailable and waits.
func (s *Service) SetOutage(ctx context.Context, of authority.Key, down bool) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		change, purpose := deleteOutage, "Register wieder eingeschaltet"
		if down {
			change, purpose = insertOutage, "Register zur Wartung ausgeschaltet"
		}
		changed, err := change(ctx, tx, of)
		if err != nil || !changed {
			return err
		}
		_, err = s.Ledger.Record(ctx, tx, ledger.Entry{Kind: ledger.Configuration, Authority: string(of), Purpose: purpose})
		return err
	})
}

// Outage reports whether an authority's registers are switched off.
func (s *Service) Outage(ctx context.Context, q db.Querier, of authority.Key) (bool, error) {
	_, err := selectOutage(ctx, q, of)
	if errors.Is(err, db.ErrNone) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) refuseOutage(ctx context.Context, q db.Querier, of authority.Key) error {
	down, err := s.Outage(ctx, q, of)
	if err == nil && down {
		err = fault.New(fault.Unavailable, "exchange.error.down")
	}
	return err
}
