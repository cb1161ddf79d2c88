package authority

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Service answers who the authorities are. It may be used by several goroutines.
type Service struct {
	db     *db.DB
	ledger *ledger.Ledger

	mu    sync.RWMutex // guards what follows; an authority never changes, so nothing is ever thrown out
	known map[Key]Authority
	units map[Key][]Unit
}

// New returns the service. It reads nothing yet: an installation with a thousand authorities starts like one with one.
func New(d *db.DB, l *ledger.Ledger) *Service {
	return &Service{db: d, ledger: l, known: map[Key]Authority{}, units: map[Key][]Unit{}}
}

// Get returns an authority, or fault NotFound "authority.error.unknown".
func (s *Service) Get(ctx context.Context, key Key) (Authority, error) {
	s.mu.RLock()
	a, ok := s.known[key]
	s.mu.RUnlock()
	if ok {
		return a, nil
	}
	a, err := selectAuthority(ctx, s.db, key)
	if errors.Is(err, db.ErrNone) {
		return Authority{}, fault.New(fault.NotFound, "authority.error.unknown", "Key", string(key))
	}
	if err != nil {
		return Authority{}, fmt.Errorf("authority %s: %w", key, err)
	}
	s.keep(a)
	return a, nil
}

func (s *Service) keep(list ...Authority) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range list {
		s.known[a.Key] = a
	}
}

// List returns all authorities in the order of their keys.
func (s *Service) List(ctx context.Context) ([]Authority, error) {
	n, err := countAuthorities(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("list of authorities: %w", err)
	}
	s.mu.RLock()
	list := slices.Collect(maps.Values(s.known))
	s.mu.RUnlock()
	if len(list) != n { // another instance may have added some; none ever goes away
		if list, err = selectAuthorities(ctx, s.db); err != nil {
			return nil, fmt.Errorf("list of authorities: %w", err)
		}
		s.keep(list...)
	}
	slices.SortFunc(list, func(a, b Authority) int { return cmp.Compare(a.Key, b.Key) })
	return list, nil
}

// Units returns the offices of an authority in the authority's own order.
func (s *Service) Units(ctx context.Context, key Key) ([]Unit, error) {
	s.mu.RLock()
	units, ok := s.units[key]
	s.mu.RUnlock()
	if ok {
		return slices.Clone(units), nil
	}
	if _, err := s.Get(ctx, key); err != nil {
		return nil, err
	}
	units, err := selectUnits(ctx, s.db, key)
	if err != nil {
		return nil, fmt.Errorf("units of %s: %w", key, err)
	}
	s.mu.Lock()
	s.units[key] = units
	s.mu.Unlock()
	return slices.Clone(units), nil
}

// Unit returns the office to which the authority gave a duty that procedures name, such as "registry"; without one
// fault NotFound "authority.error.no_unit".
func (s *Service) Unit(ctx context.Context, key Key, duty string) (Unit, error) {
	units, err := s.Units(ctx, key)
	if err != nil {
		return Unit{}, err
	}
	for _, u := range units {
		if slices.Contains(u.Duties, duty) {
			return u, nil
		}
	}
	return Unit{}, fault.New(fault.NotFound, "authority.error.no_unit", "Key", string(key), "Duty", duty)
}

// Add makes authorities live at once, all or none of them, and writes each into the ledger as a configuration change.
// A key that exists already is fault Conflict "authority.error.exists".
func (s *Service) Add(ctx context.Context, openings ...Opening) error {
	for _, o := range openings {
		if err := o.check(); err != nil {
			return err
		}
	}
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := insertOpenings(ctx, tx, openings); err != nil {
			return err
		}
		_, err := s.ledger.Record(ctx, tx, entries(openings)...)
		return err
	})
	if db.IsUnique(err) {
		return fault.Wrap(fault.Conflict, "authority.error.exists", err)
	}
	return err
}

func entries(openings []Opening) []ledger.Entry {
	list := make([]ledger.Entry, len(openings))
	for i, o := range openings {
		list[i] = ledger.Entry{
			Kind: ledger.Configuration, Authority: string(o.Authority.Key), Purpose: "authority added", Reason: o.Reason,
			More: map[string]string{"name": o.Authority.Name, "kind": string(o.Authority.Kind), "state": o.Authority.State},
		}
	}
	return list
}

// AddressKnown reports whether the house stands in the directory, however it is spelt.
func (s *Service) AddressKnown(ctx context.Context, a Address) (bool, error) {
	_, known, err := s.Canonical(ctx, a)
	return known, err
}

// Canonical returns the address as the directory writes it. An address it does not know comes back as it was, with false.
func (s *Service) Canonical(ctx context.Context, a Address) (Address, bool, error) {
	found, err := selectHouse(ctx, s.db, a.key())
	if errors.Is(err, db.ErrNone) {
		return a, false, nil
	}
	if err != nil {
		return a, false, fmt.Errorf("address directory: %w", err)
	}
	return found.Address, true, nil
}

// ResponsibleFor returns the authority that keeps a register for the people at an address. A house that the directory
// does not know falls to the town of its street, else of its postcode and town name: somebody must be able to look into
// it. Where nobody is competent: fault NotFound "authority.error.nobody_responsible".
func (s *Service) ResponsibleFor(ctx context.Context, register string, a Address) (Key, error) {
	key, err := selectResponsibleHere(ctx, s.db, register, a.key())
	if errors.Is(err, db.ErrNone) {
		key, err = selectResponsible(ctx, s.db, register, a.key())
	}
	if errors.Is(err, db.ErrNone) {
		return "", fault.New(fault.NotFound, "authority.error.nobody_responsible", "Register", register)
	}
	if err != nil {
		return "", fmt.Errorf("who is responsible: %w", err)
	}
	return key, nil
}

// Streets returns up to 20 streets of a postcode that begin with what was typed so far, for suggestions.
func (s *Service) Streets(ctx context.Context, postcode, prefix string) ([]string, error) {
	streets, err := selectStreets(ctx, s.db, squeeze(postcode), streetKey(prefix), 20)
	if err != nil {
		return nil, fmt.Errorf("streets: %w", err)
	}
	return streets, nil
}

// Houses returns houses of a town in the directory's order, after the given one (zero: from the start): at most limit.
func (s *Service) Houses(ctx context.Context, area Key, after Address, limit int) ([]House, error) {
	houses, err := selectHouses(ctx, s.db, area, after.key(), limit)
	if err != nil {
		return nil, fmt.Errorf("houses of %s: %w", area, err)
	}
	return houses, nil
}

// Calendar returns the calendar by which an authority counts its periods: that of its state. A state without one is fault
// Internal "authority.error.no_calendar".
func (s *Service) Calendar(ctx context.Context, key Key) (Calendar, error) {
	a, err := s.Get(ctx, key)
	if err != nil {
		return Calendar{}, err
	}
	c, ok := CalendarOf(a.State)
	if !ok {
		return Calendar{}, fault.New(fault.Internal, "authority.error.no_calendar", "State", a.State)
	}
	return c, nil
}
