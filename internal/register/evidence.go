package register

import (
	"context"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Evidence is the door through which package exchange, and no other, reads values. It asks no permission and records
// nothing: exchange has one policy and one record for all its ways.
type Evidence struct{ s *Service }

// Question asks one register for fields of evidence about persons.
type Question struct {
	Holder        authority.Key
	Register      string
	Subjects      []ledger.Subject
	Fields        []string // names of the 20 groups
	UnlessBlocked bool     // leave out persons who have an information block themselves: evidence about relatives
}

// Answer is what a register holds about one person.
type Answer struct {
	Subject ledger.Subject
	Values  Values
	Hash    string // of Values
	Version int    // of the record; relatives' records have versions of their own
}

// Read answers a question in the order of its subjects. A person whom the register does not know, who has moved away, or
// who is left out because of a block is simply missing, and nobody can tell which it was. Relatives with a block never
// appear in the values. Inside a transaction call Service.Ready for the holder before.
func (e *Evidence) Read(ctx context.Context, q db.Querier, today clock.Date, ask Question) ([]Answer, error) {
	o, err := e.s.office(ctx, ask.Holder, ask.Register)
	if err != nil {
		return nil, err
	}
	known, err := e.s.look(ctx, q, o, ask.Subjects)
	if err != nil {
		return nil, fmt.Errorf("register %s of %s: %w", ask.Register, ask.Holder, err)
	}
	kin := map[areaID][]link{}
	if slices.ContainsFunc(ask.Fields, isKin) {
		if kin, err = linksOf(ctx, q, o, known.areas()); err != nil {
			return nil, err
		}
	}
	answers := make([]Answer, 0, len(ask.Subjects))
	for _, p := range known {
		a, told, err := o.answer(p, kin[p.record.area], today, ask)
		if err != nil {
			return nil, err
		}
		if told {
			answers = append(answers, a)
		}
	}
	return answers, nil
}

func isKin(name string) bool {
	f, ok := fieldNamed(name)
	return ok && f.kin
}

func linksOf(ctx context.Context, q db.Querier, o office, ids []areaID) (map[areaID][]link, error) {
	links, err := selectLinks(ctx, q, o, ids)
	if err != nil {
		return nil, fmt.Errorf("kin: %w", err)
	}
	of := map[areaID][]link{}
	for _, l := range links {
		of[l.of] = append(of[l.of], l)
	}
	return of, nil
}

// found is a person in a register.
type found struct {
	subject ledger.Subject
	root    root
	record  record
}

type people []found

func (list people) areas() []areaID {
	ids := make([]areaID, len(list))
	for i, p := range list {
		ids[i] = p.record.area
	}
	return ids
}

// look finds subjects in one register, in their order; who is not there, or has moved away, is missing.
func (s *Service) look(ctx context.Context, q db.Querier, o office, subjects []ledger.Subject) (people, error) {
	roots, err := s.resolver.rootsOf(ctx, q, subjects)
	if err != nil {
		return nil, err
	}
	ids := make(map[ledger.Subject]areaID, len(roots))
	var all []areaID
	for subject, r := range roots {
		if ids[subject], err = o.area(r); err != nil {
			return nil, fmt.Errorf("area id: %w", err)
		}
		all = append(all, ids[subject])
	}
	slices.Sort(all)
	records, err := selectRecords(ctx, q, o, all)
	if err != nil {
		return nil, err
	}
	var list people
	for _, subject := range subjects {
		if rec, ok := records[ids[subject]]; ok && rec.movedOut == "" {
			list = append(list, found{subject: subject, root: roots[subject], record: rec})
		}
	}
	return list, nil
}

// answer puts one person's evidence together, and reports false when it must not be told.
func (o office) answer(p found, links []link, today clock.Date, ask Question) (Answer, bool, error) {
	unseal := ask.UnlessBlocked
	for _, name := range ask.Fields {
		f, _ := fieldNamed(name)
		unseal = unseal || f.class.Sealed()
	}
	r, _, err := o.read(p.record, unseal)
	if err != nil || (ask.UnlessBlocked && r.hidden(today)) {
		return Answer{}, false, err
	}
	var kin []relative
	for _, l := range links {
		rel, told, err := o.tell(l, r, today)
		if err != nil {
			return Answer{}, false, err
		}
		if told {
			kin = append(kin, rel)
		}
	}
	addKin(&r, kin)
	values, err := r.Values(ask.Fields...)
	if err != nil {
		return Answer{}, false, err
	}
	hash, err := values.Hash()
	return Answer{Subject: p.subject, Values: values, Hash: hash, Version: p.record.version}, true, err
}

// Where returns which authorities announced the kinds of evidence asked for, per person. It is a look-up in the pointer
// index and so an access: exchange lets it happen and records it.
func (e *Evidence) Where(ctx context.Context, q db.Querier, subjects []ledger.Subject, evidence ...string) (map[ledger.Subject][]Pointer, error) {
	roots, err := e.s.resolver.rootsOf(ctx, q, subjects)
	if err != nil {
		return nil, err
	}
	return e.s.where(ctx, q, roots, evidence)
}

func (s *Service) where(ctx context.Context, q db.Querier, roots map[ledger.Subject]root, evidence []string) (map[ledger.Subject][]Pointer, error) {
	of := make(map[indexID]ledger.Subject, len(roots))
	var ids []indexID
	for subject, r := range roots {
		id, err := s.index.id(r)
		if err != nil {
			return nil, fmt.Errorf("index id: %w", err)
		}
		of[id], ids = subject, append(ids, id)
	}
	slices.Sort(ids)
	rows, err := s.index.find(ctx, q, ids, evidence)
	if err != nil {
		return nil, err
	}
	out := make(map[ledger.Subject][]Pointer, len(of))
	for _, l := range rows {
		out[of[l.id]] = append(out[of[l.id]], l.Pointer)
	}
	return out, nil
}
