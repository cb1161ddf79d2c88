package register

import (
	"context"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Person is one person of a change: who it is (empty for somebody no register of this node knows yet) and the values the
// authority received.
type Person struct {
	Subject ledger.Subject
	Values  Values
}

// MoveIn registers people at a new home with the authority that became competent (§ 17 Abs. 1, § 3 Abs. 1 BMG).
type MoveIn struct {
	Authority  authority.Key
	Case       string
	Day        clock.Date // of the registration
	Home       authority.Address
	Kind       HomeKind
	MovedIn    clock.Date
	Objections []string // § 50 Abs. 5, § 42 Abs. 3 BMG
	People     []Person
}

// MoveOut marks people who registered elsewhere (§ 33 Abs. 1 BMG). Kind is the kind of the new home: a sole home ends the
// old one, a new main home makes the old one secondary, a secondary home changes nothing here.
type MoveOut struct {
	Authority authority.Key
	Case      string
	Day       clock.Date // of moving out
	Forward   authority.Address
	Kind      HomeKind
	People    []Person // Values: what the other authority reported, to be compared; may be empty
}

// Written is what happened to one person's record, in the order of the change's people.
type Written struct {
	Subject   ledger.Subject
	Version   int
	Differing []string // fields in which a report differs from the record (§ 33 Abs. 2 BMG)
}

// Plan is a change that has been checked and has its keys. Only Apply can carry it out.
type Plan struct {
	office office
	what   string // "move_in", "move_out": with the case the key of the change
	caseID string
	in     MoveIn
	out    MoveOut
	people []planned
}

// planned is a person of a plan with the ids derived for this register.
type planned struct {
	person   // of a newcomer, with the sealed root to be stored
	isNew    bool
	area     areaID
	index    indexID
	standing []byte
	resident Resident // from the values
	told     Values
}

// PlanMoveIn checks a registration before the transaction that decides it. What cannot be stored is refused here: unknown
// fields as fault Invalid "register.error.field", nobody or nothing to register as "register.error.change".
func (s *Service) PlanMoveIn(ctx context.Context, in MoveIn) (*Plan, error) {
	if in.Case == "" || in.Home.IsZero() || in.MovedIn.IsZero() || in.Day.IsZero() || !slices.Contains([]HomeKind{Sole, Main, Secondary}, in.Kind) {
		return nil, fault.New(fault.Invalid, "register.error.change")
	}
	p := &Plan{what: "move_in", caseID: in.Case, in: in}
	return p, s.plan(ctx, p, in.Authority, in.People, true)
}

// PlanMoveOut checks a report of another authority before the transaction that enters it.
func (s *Service) PlanMoveOut(ctx context.Context, out MoveOut) (*Plan, error) {
	if out.Case == "" || out.Forward.IsZero() || out.Day.IsZero() || !slices.Contains([]HomeKind{Sole, Main, Secondary}, out.Kind) {
		return nil, fault.New(fault.Invalid, "register.error.change")
	}
	p := &Plan{what: "move_out", caseID: out.Case, out: out}
	return p, s.plan(ctx, p, out.Authority, out.People, false)
}

func (s *Service) plan(ctx context.Context, p *Plan, holder authority.Key, list []Person, newcomers bool) error {
	if len(list) == 0 {
		return fault.New(fault.Invalid, "register.error.change")
	}
	var err error
	if p.office, err = s.office(ctx, holder, Residents); err != nil {
		return err
	}
	subjects := make([]ledger.Subject, 0, len(list))
	for _, one := range list {
		if one.Subject != "" {
			subjects = append(subjects, one.Subject)
		}
	}
	roots, err := s.resolver.rootsOf(ctx, s.db, subjects)
	if err != nil {
		return err
	}
	for _, one := range list {
		known := person{subject: one.Subject}
		var isNew bool
		if r, ok := roots[one.Subject]; ok {
			known.root = r
		} else if one.Subject != "" || !newcomers {
			return fault.New(fault.NotFound, CodeNotFound)
		} else if known, err = s.resolver.create(); err != nil {
			return err
		} else {
			isNew = true
		}
		next, err := s.derive(p.office, known, one.Values)
		if err != nil {
			return err
		}
		next.isNew = isNew
		p.people = append(p.people, next)
	}
	return p.check()
}

// derive computes a person's ids for one register.
func (s *Service) derive(o office, who person, values Values) (planned, error) {
	p := planned{person: who, told: values}
	var err error
	if p.area, err = o.area(who.root); err != nil {
		return planned{}, fmt.Errorf("area id: %w", err)
	}
	if p.index, err = s.index.id(who.root); err != nil {
		return planned{}, fmt.Errorf("index id: %w", err)
	}
	if p.standing, err = s.resolver.sealSubject(p.area, who.subject); err != nil {
		return planned{}, err
	}
	p.resident, err = values.Resident()
	return p, err
}

// check refuses a registration of somebody without a name, and the same person twice.
func (p *Plan) check() error {
	seen := map[areaID]bool{}
	for _, one := range p.people {
		if seen[one.area] || (p.what == "move_in" && !one.resident.identity().key().complete()) {
			return fault.New(fault.Invalid, "register.error.change")
		}
		seen[one.area] = true
	}
	return nil
}

func (p *Plan) areas() []areaID {
	ids := make([]areaID, len(p.people))
	for i, one := range p.people {
		ids[i] = one.area
	}
	return ids
}

// Apply carries a plan out inside the transaction of the decision. The same case changes the same people once: applying
// it again returns what happened the first time and writes nothing.
func (s *Service) Apply(ctx context.Context, tx *db.Tx, p *Plan) ([]Written, error) {
	done, err := selectChanges(ctx, tx, p.office, p.caseID, p.what)
	if err != nil {
		return nil, fmt.Errorf("changes of case %s: %w", p.caseID, err)
	}
	if len(done) > 0 {
		return s.before(ctx, tx, p, done)
	}
	records, err := selectRecords(ctx, tx, p.office, p.areas())
	if err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	var changes []change
	if p.what == "move_in" {
		changes, err = s.moveIn(ctx, tx, p, records)
	} else {
		changes, err = s.moveOut(ctx, tx, p, records)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.what, err)
	}
	if err := insertChanges(ctx, tx, p.office, p.caseID, p.what, changes); err != nil {
		return nil, fmt.Errorf("remember change: %w", err)
	}
	written := make([]Written, len(changes))
	for i, c := range changes {
		written[i] = Written{Subject: p.people[i].subject, Version: c.version, Differing: c.differing}
	}
	return written, nil
}

// before returns what the case did when it was applied the first time.
func (s *Service) before(ctx context.Context, tx *db.Tx, p *Plan, done []change) ([]Written, error) {
	ids := make([]areaID, len(done))
	for i, c := range done {
		ids[i] = c.area
	}
	subjects, err := s.resolver.subjectsOf(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	if len(done) != len(p.people) {
		return nil, fault.New(fault.Conflict, "register.error.other_people")
	}
	written := make([]Written, len(done))
	for i, c := range done {
		if !p.people[i].isNew && p.people[i].area != c.area {
			return nil, fault.New(fault.Conflict, "register.error.other_people")
		}
		written[i] = Written{Subject: subjects[c.area], Version: c.version, Differing: c.differing}
	}
	return written, nil
}
