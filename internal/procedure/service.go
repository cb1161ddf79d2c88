package procedure

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/delivery"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/letter"
	"github.com/amtsweg/amtsweg/internal/mandate"
	"github.com/amtsweg/amtsweg/internal/register"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are this module's tables.
var Migrations = db.Migrations{Module: "procedure", Files: files}

// Mandates says who an account is and for whom it may act; the account itself comes first.
type Mandates interface {
	Persons(ctx context.Context, account string) ([]mandate.Person, error)
}

// Deps are what cases stand on.
type Deps struct {
	DB          *db.DB
	Jobs        *job.Queue
	Events      *event.Bus
	Keys        *keys.Ring
	Ledger      *ledger.Ledger
	Authorities *authority.Service
	Registers   *register.Service
	Mandates    Mandates
	Consent     *consent.Service
	Exchange    *exchange.Service
	Letters     *letter.Service
	Delivery    *delivery.Service
	Texts       *i18n.Bundle
	Editions    []*catalog.Edition // that may be started or still run, newest last
	Live        bool               // a database with real people
}

// Service runs cases.
type Service struct {
	Deps
	byHash map[string]*catalog.Edition
	newest map[string]*catalog.Edition // by service
}

const (
	wakeKind = "procedure.wake"
	sealFor  = "case"
)

// New returns the engine. An edition that needs what this release does not do is refused here, not in the middle of a
// case.
func New(d Deps) (*Service, error) {
	s := &Service{Deps: d, byHash: map[string]*catalog.Edition{}, newest: map[string]*catalog.Edition{}}
	for _, ed := range d.Editions {
		if err := runnable(ed); err != nil {
			return nil, err
		}
		s.byHash[ed.Hash()], s.newest[ed.Service] = ed, ed
	}
	d.Jobs.Handle(wakeKind, s.wake)
	d.Events.Subscribe(exchange.AcknowledgedEvent, "procedure", job.Inside(func(ctx context.Context, tx *db.Tx, a exchange.Acknowledged) error {
		return s.noticed(ctx, tx, a.Case)
	}))
	d.Events.Subscribe(exchange.AnsweredEvent, "procedure", job.Inside(func(ctx context.Context, tx *db.Tx, a exchange.Answered) error {
		return s.noticed(ctx, tx, a.Case)
	}))
	d.Exchange.OnNotice(register.Residents, s.takeNote)
	return s, nil
}

func runnable(ed *catalog.Edition) error {
	for _, st := range ed.Stages {
		if len(st.Parallel) > 0 || st.Pay || len(st.Propose) > 0 {
			return fmt.Errorf("procedure: stage %s of %s works in parallel, takes money or proposes; this release does not", st.Name, ed.Service)
		}
	}
	return nil
}

// Edition returns the edition a case runs on.
func (s *Service) Edition(c Case) (*catalog.Edition, error) {
	if ed := s.byHash[c.Edition]; ed != nil {
		return ed, nil
	}
	return nil, fmt.Errorf("procedure: edition %.12s of case %s is not loaded", c.Edition, c.ID)
}

// Offered returns the newest edition of the service with a public path, such as "umzug".
func (s *Service) Offered(path string) (*catalog.Edition, bool) {
	for _, ed := range s.newest {
		if ed.Path == path {
			return ed, true
		}
	}
	return nil, false
}

// Offers lists what can be started.
func (s *Service) Offers() []*catalog.Edition {
	var out []*catalog.Edition
	for _, ed := range s.Editions {
		if s.newest[ed.Service] == ed {
			out = append(out, ed)
		}
	}
	return out
}

func (s *Service) sealer(ctx context.Context, of authority.Key) (keys.Sealer, error) {
	seal, err := s.Keys.Sealer(ctx, string(of), sealFor)
	if err != nil {
		return seal, fmt.Errorf("case key of %s: %w", of, err)
	}
	return seal, nil
}

// load reads a case whoever it belongs to; the callers ask who may.
func (s *Service) load(ctx context.Context, q db.Querier, id string) (Case, error) {
	if !ident.Valid(id) {
		return Case{}, fault.New(fault.NotFound, "procedure.error.not_found")
	}
	c, err := selectCase(ctx, q, id)
	if err != nil {
		return Case{}, err
	}
	return c.Case, s.unseal(ctx, c, &c.Case)
}

func (s *Service) unseal(ctx context.Context, c sealed, into *Case) error {
	seal, err := s.sealer(ctx, c.Authority)
	if err != nil {
		return err
	}
	return openJSON(seal, "case:"+c.ID, c.state, &into.State)
}

// Case returns a case of this account. Somebody else's case does not exist.
func (s *Service) Case(ctx context.Context, account, id string) (Case, error) {
	c, err := s.load(ctx, s.DB, id)
	if err == nil && c.Account != account {
		err = fault.New(fault.NotFound, "procedure.error.not_found")
	}
	return c, err
}

// CasesOf lists the cases of an account, newest first.
func (s *Service) CasesOf(ctx context.Context, account string, before time.Time, limit int) ([]Case, error) {
	rows, err := selectCasesOf(ctx, s.DB, account, before, limit)
	if err != nil {
		return nil, err
	}
	return s.openAll(ctx, rows)
}

func (s *Service) openAll(ctx context.Context, rows []sealed) ([]Case, error) {
	out := make([]Case, len(rows))
	for i, r := range rows {
		out[i] = r.Case
		if err := s.unseal(ctx, r, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// History returns what happened in a case, oldest first.
func (s *Service) History(ctx context.Context, c Case) ([]Event, error) {
	seal, err := s.sealer(ctx, c.Authority)
	if err != nil {
		return nil, err
	}
	return selectEvents(ctx, s.DB, seal, c.ID)
}

// Start is what a case begins with.
type Start struct {
	Service   string
	Authority authority.Key
	Account   string
	Channel   string
	Referral  json.RawMessage // values that a portal handed over, as the definition's evidence names them
	Portal    string          // which portal
	// Use marks the referral as used, in the transaction that starts the case; it may refuse.
	Use func(ctx context.Context, tx *db.Tx, caseID string) error
}

// Start begins a case for the person who is logged in. What the account has begun and not yet sent is taken up again
// instead, unless a portal handed something over.
func (s *Service) Start(ctx context.Context, st Start) (Case, error) {
	ed := s.newest[st.Service]
	if ed == nil {
		return Case{}, fault.New(fault.NotFound, "procedure.error.service")
	}
	persons, err := s.Mandates.Persons(ctx, st.Account)
	if err != nil {
		return Case{}, err
	}
	self := persons[0]
	if c, found, err := s.begun(ctx, st); found || err != nil {
		return c, err
	}
	id := ident.New()
	now := s.DB.Clock().Now()
	c := Case{
		ID: id, Number: number(id, clock.DateOf(now)), Authority: st.Authority, Service: st.Service, Edition: ed.Hash(), Subject: self.Subject,
		Account: st.Account, Channel: st.Channel, Stage: ed.Stages[0].Name, Created: now,
		State: State{Values: json.RawMessage("{}"), Referral: st.Referral, Portal: st.Portal, Name: self.Given + " " + self.Family},
	}
	c, err = s.move(ctx, c, change{fresh: true, use: st.alone(), events: []Event{{Kind: Started, Who: st.Account, Data: map[string]string{"portal": st.Portal}}}})
	if errors.Is(err, errBegun) {
		c, _, err = s.begun(ctx, st)
	}
	return c, err
}

// errBegun says that the other of two clicks began the case.
var errBegun = errors.New("procedure: the account has begun this already")

// alone lets a case begin only if none was begun since begun looked: two clicks at once are one.
func (st Start) alone() func(ctx context.Context, tx *db.Tx, caseID string) error {
	if st.Use != nil {
		return st.Use
	}
	return func(ctx context.Context, tx *db.Tx, _ string) error {
		n, err := countBegun(ctx, tx, st)
		if err == nil && n > 0 {
			err = errBegun
		}
		return err
	}
}

// begun finds what the account began without handing it in: a second click starts nothing twice.
func (s *Service) begun(ctx context.Context, st Start) (Case, bool, error) {
	if st.Use != nil {
		return Case{}, false, nil
	}
	cases, err := s.CasesOf(ctx, st.Account, s.DB.Clock().Now().Add(time.Hour), 20)
	if err != nil {
		return Case{}, false, err
	}
	for _, c := range cases {
		if c.Service == st.Service && c.Authority == st.Authority && c.Received.IsZero() && !c.Status.Ended() && c.State.Portal == "" {
			return c, true, nil
		}
	}
	return Case{}, false, nil
}

// planner gathers what a plan for this case is made with.
func (s *Service) planner(ctx context.Context, q db.Querier, c Case) (planner, error) {
	ed, err := s.Edition(c)
	if err != nil {
		return planner{}, err
	}
	office, err := s.Authorities.Get(ctx, c.Authority)
	if err != nil {
		return planner{}, err
	}
	calendar, err := s.Authorities.Calendar(ctx, c.Authority)
	if err != nil {
		return planner{}, err
	}
	others, err := countOpen(ctx, q, c.Subject, c.Service, c.ID)
	if err != nil {
		return planner{}, err
	}
	now := s.DB.Clock().Now().UTC()
	return planner{ed: ed, now: now, live: s.Live, facts: catalog.Facts{
		Today: clock.DateOf(now), Calendar: calendar, Authority: catalog.Office{Name: office.Name, Town: office.Address.Town},
		Applicant: catalog.Applicant{OpenCases: others},
	}}, nil
}

// errMoved says that a case changed between planning and writing.
var errMoved = errors.New("procedure: the case has moved on")

// change is what an event adds to a case besides what the plan finds.
type change struct {
	fresh  bool
	use    func(ctx context.Context, tx *db.Tx, caseID string) error
	events []Event
	also   func(ctx context.Context, tx *db.Tx) error // in the same transaction
}

// move plans how far the case goes and writes it, once.
func (s *Service) move(ctx context.Context, c Case, with change) (Case, error) {
	ctx = db.WithLane(ctx, string(c.Authority))
	pl, err := s.planner(ctx, s.DB, c)
	if err != nil {
		return Case{}, err
	}
	spent := clock.Monotonic()
	out, err := pl.advance(c)
	if err != nil {
		return Case{}, err
	}
	if len(out.events) > 0 {
		out.c.State.CheckMillis = spent().Milliseconds()
	}
	out.c.Due = pl.due(out.c, out.env)
	out.events = append(with.events, out.events...)
	eff, err := s.prepare(ctx, &out)
	if err != nil {
		return Case{}, err
	}
	seal, err := s.sealer(ctx, c.Authority)
	if err != nil {
		return Case{}, err
	}
	var written Case
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		written, err = s.write(ctx, tx, c, out, eff, seal, with, pl.facts.Applicant.OpenCases)
		return err
	})
	if err != nil {
		return Case{}, err
	}
	if !with.fresh {
		written.Version++
	}
	return written, nil
}

// write puts a plan into the transaction, if the case is still the one it was made for. It may run twice, so it works on
// copies.
func (s *Service) write(ctx context.Context, tx *db.Tx, before Case, out plan, eff effects, seal keys.Sealer, with change, others int) (Case, error) {
	c := out.c
	now, err := countOpen(ctx, tx, c.Subject, c.Service, c.ID)
	if err != nil {
		return c, err
	}
	if now != others {
		return c, errMoved
	}
	steps := []func() error{
		func() error { return optional(with.use)(ctx, tx, c.ID) },
		func() error { return s.ask(ctx, tx, &c, out, eff) },
		func() error { return s.enact(ctx, tx, &c, &out, eff) },
		func() error { return s.save(ctx, tx, before, &c, seal, with.fresh, out.events) },
		func() error {
			if with.also == nil {
				return nil
			}
			return with.also(ctx, tx)
		},
		func() error { return s.schedule(ctx, tx, c, out) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return c, err
		}
	}
	return c, nil
}

func optional(use func(ctx context.Context, tx *db.Tx, caseID string) error) func(context.Context, *db.Tx, string) error {
	if use == nil {
		return func(context.Context, *db.Tx, string) error { return nil }
	}
	return use
}

// save writes a case, if it is still the one that was read, and what happened in it.
func (s *Service) save(ctx context.Context, tx *db.Tx, before Case, c *Case, seal keys.Sealer, fresh bool, events []Event) error {
	last := c.State.Logged
	c.State.Logged += int64(len(events))
	if err := s.saveCase(ctx, tx, before, *c, seal, fresh); err != nil {
		return err
	}
	return insertEvents(ctx, tx, c.ID, last, seal, events)
}

func (s *Service) saveCase(ctx context.Context, tx *db.Tx, before, c Case, seal keys.Sealer, fresh bool) error {
	state, err := sealJSON(seal, "case:"+c.ID, c.State)
	if err != nil {
		return err
	}
	if fresh {
		return insertCase(ctx, tx, c, state)
	}
	c.Version = before.Version
	return updateCase(ctx, tx, c, state)
}

// schedule makes sure that a case which waits for a day or a register is taken up again.
func (s *Service) schedule(ctx context.Context, tx *db.Tx, c Case, out plan) error {
	spec := job.Spec{Kind: wakeKind, Authority: string(c.Authority), Payload: c.ID}
	switch c.Wait {
	case ForDay:
		spec.Due = out.until.Start()
	case ForRegister:
		spec.Due = tx.Now().Add(5 * time.Second) // the request that caused it goes on at once; this is for when it cannot
	default:
		return nil
	}
	spec.Key = fmt.Sprintf("%s/%s/%d", c.ID, c.Wait, c.Version)
	return s.Jobs.Enqueue(ctx, tx, spec)
}

// wake takes a case up again: on its day, after a register could not answer, or when a hearing has ended.
func (s *Service) wake(ctx context.Context, j job.Job) (job.Effect, error) {
	var id string
	if err := j.Into(&id); err != nil {
		return nil, err
	}
	c, err := s.load(ctx, s.DB, id)
	if err != nil {
		return nil, err
	}
	switch c.Wait {
	case ForRegister:
		_, err = s.collect(ctx, c)
	case ForDay:
		_, err = s.onward(ctx, c, change{})
	case ForAnswer:
		err = s.lapse(ctx, c)
	}
	if errors.Is(err, errMoved) {
		err = nil // somebody else took it up
	}
	return nil, err
}

// Refs returns those of an account's cases that ids name; others are missing.
func (s *Service) Refs(ctx context.Context, account string, ids []string) (map[string]Case, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := selectRefs(ctx, s.DB, account, ids)
	out := make(map[string]Case, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Case
	}
	return out, err
}
