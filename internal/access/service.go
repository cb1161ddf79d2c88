package access

import (
	"context"
	"embed"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations creates the tables of staff and deputies.
var Migrations = db.Migrations{Module: "access", Files: migrations}

//go:embed locale/*.json
var locale embed.FS

// Texts adds the module's texts.
func Texts(b *i18n.Bundle) error { return b.Add("access", locale) }

// Service knows who works where.
type Service struct {
	db          *db.DB
	ledger      *ledger.Ledger
	authorities *authority.Service
}

// New returns the service.
func New(d *db.DB, l *ledger.Ledger, a *authority.Service) *Service {
	return &Service{db: d, ledger: l, authorities: a}
}

// Appoint lets people work in units of authorities that exist, all or none, and returns them with their ids. by is the
// actor who appoints, reason a sentence for the ledger. A unit or role that does not exist is Invalid.
func (s *Service) Appoint(ctx context.Context, by, reason string, people ...Staff) ([]Staff, error) {
	people = slices.Clone(people)
	for i, p := range people {
		if err := s.fits(ctx, p); err != nil {
			return nil, err
		}
		people[i].ID = StaffID(ident.New())
	}
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		entries := make([]ledger.Entry, len(people))
		for i, p := range people {
			if err := insertStaff(ctx, tx, p); err != nil {
				return fmt.Errorf("appoint: %w", err)
			}
			entries[i] = change(p, by, "staff appointed", reason)
			entries[i].More["roles"] = fmt.Sprint(p.Roles)
		}
		_, err := s.ledger.Record(ctx, tx, entries...)
		return err
	})
	return people, err
}

// fits checks that the unit exists.
func (s *Service) fits(ctx context.Context, p Staff) error {
	if err := p.check(); err != nil {
		return err
	}
	units, err := s.authorities.Units(ctx, p.Authority)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(units, func(u authority.Unit) bool { return u.Key == p.Unit }) {
		return fault.New(fault.Invalid, "access.error.staff")
	}
	return nil
}

// change is the ledger's entry about a person's place; it names them by id.
func change(p Staff, by, purpose, reason string) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Configuration, Authority: string(p.Authority), Unit: p.Unit, Actor: by, Purpose: purpose, Reason: reason,
		More: map[string]string{"staff": string(p.ID)},
	}
}

// Deputize lets one person stand in for an absent colleague of the same authority, from the first day to the last. An
// operator has no deputy. Naming the same deputy again from the same day changes the last day.
func (s *Service) Deputize(ctx context.Context, by, reason string, absent, stands StaffID, first, last clock.Date) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		from, err := staffByID(ctx, tx, absent)
		if err != nil {
			return err
		}
		to, err := staffByID(ctx, tx, stands)
		if err != nil {
			return err
		}
		d := deputy{absent: absent, stands: stands, first: first, last: last}
		if err := d.check(from, to); err != nil {
			return err
		}
		if err := insertDeputy(ctx, tx, from.Authority, d); err != nil {
			return fmt.Errorf("name a deputy: %w", err)
		}
		entry := change(from, by, "deputy named", reason)
		entry.More["deputy"], entry.More["first"], entry.More["last"] = string(stands), first.String(), last.String()
		_, err = s.ledger.Record(ctx, tx, entry)
		return err
	})
}

// Dismiss ends somebody's work here at once, with all their sessions.
func (s *Service) Dismiss(ctx context.Context, by, reason string, id StaffID) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := staffByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := leave(ctx, tx, p, clock.DateOf(tx.Now())); err != nil {
			return fmt.Errorf("dismiss: %w", err)
		}
		if err := web.EndSessions(ctx, tx, id.Actor()); err != nil {
			return err
		}
		_, err = s.ledger.Record(ctx, tx, change(p, by, "staff dismissed", reason))
		return err
	})
}

// Staff returns a person who works here, with the duties they have today; anybody else is NotFound.
func (s *Service) Staff(ctx context.Context, id StaffID) (Staff, error) {
	p, err := staffByID(ctx, s.db, id)
	if err != nil {
		return Staff{}, err
	}
	absent, err := absentOn(ctx, s.db, p, clock.DateOf(s.db.Clock().Now()))
	if err != nil {
		return Staff{}, fmt.Errorf("deputies: %w", err)
	}
	for _, a := range absent {
		p.StandsIn = append(p.StandsIn, a.handOver()...)
	}
	return p, nil
}

// List returns who works for an authority, by unit; without the duties they have as deputies.
func (s *Service) List(ctx context.Context, key authority.Key) ([]Staff, error) {
	return staffOf(ctx, s.db, key)
}

// All returns who works on this node, by authority and unit: at most a thousand.
func (s *Service) All(ctx context.Context) ([]Staff, error) {
	return allStaff(ctx, s.db)
}
