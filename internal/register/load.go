package register

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Entry is one person of a register that is taken over as a whole.
type Entry struct {
	Resident     Resident // without relatives: they follow from Kin
	RegisteredOn clock.Date
	Objections   []string
	Kin          []KinTo
}

// KinTo links an entry to another one by its place in the list.
type KinTo struct {
	Kin Kin
	To  int
}

// loadBudget is what taking over a register may take in one transaction.
const loadBudget = time.Minute

// Load takes over a register of residents with its families when an authority comes onto the node, and returns each
// entry's new subject. It is one entry in the ledger, a change of configuration. All or nothing is stored.
func (s *Service) Load(ctx context.Context, holder authority.Key, reason string, entries []Entry) ([]ledger.Subject, error) {
	o, err := s.office(ctx, holder, Residents)
	if err != nil {
		return nil, err
	}
	batch, err := s.prepare(o, entries)
	if err != nil {
		return nil, err
	}
	err = s.db.Do(db.WithBudget(ctx, loadBudget), func(ctx context.Context, tx *db.Tx) error {
		if err := s.store(ctx, tx, o, batch); err != nil {
			return fmt.Errorf("load register of %s: %w", holder, err)
		}
		_, err := s.ledger.Record(ctx, tx, ledger.Entry{
			Kind: ledger.Configuration, Authority: string(holder), Purpose: "register taken over", Reason: reason,
			More: map[string]string{"register": Residents, "entries": strconv.Itoa(len(entries))},
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.db.Analyze(ctx, loaded...); err != nil {
		s.db.Log().WarnContext(ctx, "tables of the register were not looked at, questions may be slow for some minutes", "error", err.Error())
	}
	return batch.subjects, nil
}

// loaded are the tables that Load fills.
var loaded = []string{"register_person", "register_area", "register_record", "register_link", "register_pointer"}

// batch is a register ready to be written: all sealing is done outside the transaction.
type batch struct {
	subjects []ledger.Subject
	persons  []person
	areas    []standing
	records  []record
	links    []link
	pointers []located
}

func (s *Service) prepare(o office, entries []Entry) (batch, error) {
	var b batch
	for _, e := range entries {
		who, err := s.resolver.create()
		if err != nil {
			return batch{}, err
		}
		p, err := s.derive(o, who, nil)
		if err != nil {
			return batch{}, err
		}
		rec, err := o.write(p.area, 1, e.Resident, kept{RegisteredOn: e.RegisteredOn, Objections: e.Objections})
		if err != nil {
			return batch{}, err
		}
		if !rec.name.complete() {
			return batch{}, fault.New(fault.Invalid, "register.error.change")
		}
		b.subjects = append(b.subjects, who.subject)
		b.persons = append(b.persons, who)
		b.areas = append(b.areas, standing{p.area, p.standing})
		b.records = append(b.records, rec)
		b.pointers = append(b.pointers, located{p.index, Pointer{Residents, o.authority}})
	}
	for i, e := range entries {
		for n, k := range e.Kin {
			if k.To < 0 || k.To >= len(entries) || k.To == i {
				return batch{}, fault.New(fault.Invalid, "register.error.change")
			}
			b.links = append(b.links, link{of: b.records[i].area, kin: k.Kin, position: n, other: b.records[k.To].area})
		}
	}
	return b, nil
}

func (s *Service) store(ctx context.Context, tx *db.Tx, o office, b batch) error {
	if err := insertPersons(ctx, tx, b.persons); err != nil {
		return err
	}
	if err := insertAreas(ctx, tx, b.areas); err != nil {
		return err
	}
	if err := upsertRecords(ctx, tx, o, b.records); err != nil {
		return err
	}
	if err := upsertLinks(ctx, tx, o, b.links); err != nil {
		return err
	}
	return s.index.announce(ctx, tx, b.pointers...)
}
