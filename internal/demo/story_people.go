package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Registered is where somebody of a name and birthday stands in a register.
type Registered struct {
	Authority authority.Key
	Left      bool // has moved out
}

// householdsAtOnce are entered in one transaction.
const householdsAtOnce = 100

// people finds those who live in the world and settles those who are new. That is preparing the world, not the move.
func (s *Story) people(ctx context.Context, moves []Move, there map[string][]Registered, seed uint64) error {
	known := map[string]Household{}
	for _, town := range []authority.Key{OldTown, NewTown} {
		for _, h := range s.World.Households(town) {
			for _, r := range h.People() {
				known[moverOf(r).key()] = h
			}
		}
	}
	var fresh []Household
	made := map[string]Household{}
	for i := range moves {
		m := &moves[i]
		if m.New == (Place{}) {
			m.New = Place(s.World.NewHome(i))
		}
		key := m.applicant().key()
		switch {
		case len(m.household.Entries) > 0: // generated, and settled below
			fresh = append(fresh, m.household)
			made[key] = m.household
			continue
		case m.has(notFound):
			continue
		case len(made[key].Entries) > 0:
			m.household = made[key]
			continue
		case len(there[key]) > 0:
			m.household = known[key]
			continue
		}
		list, err := s.settled(*m, seed+uint64(i))
		if err != nil {
			return fmt.Errorf("move %s: %w", m.ID, err)
		}
		m.household = householdOf(list, m.applicant())
		made[key] = m.household
		fresh = append(fresh, list...)
	}
	for len(fresh) > 0 {
		n := min(len(fresh), householdsAtOnce)
		if err := s.World.Settle(ctx, s.Registers, fresh[:n]); err != nil {
			return err
		}
		fresh = fresh[n:]
	}
	return nil
}

func householdOf(list []Household, p Mover) Household {
	i := slices.IndexFunc(list, func(h Household) bool {
		return slices.ContainsFunc(h.People(), func(r register.Resident) bool { return moverOf(r).key() == p.key() })
	})
	switch {
	case len(list) == 0:
		return Household{} // nobody whom a register could hold
	case i < 0:
		return list[0]
	}
	return list[i]
}

func moverOf(r register.Resident) Mover {
	return Mover{Family: r.FamilyName, Given: register.AllNames(r.GivenNames), Birth: r.Birth.Date}
}

// settled makes the household of new people at their old home; with the fault "twin" another person of the same name and
// birthday a street away.
func (s *Story) settled(m Move, seed uint64) ([]Household, error) {
	home := m.Old.address()
	if home.IsZero() {
		houses := places[OldTown].houses()
		home = houses[seed%uint64(len(houses))]
	}
	if townOf(home) != OldTown {
		return nil, fmt.Errorf("new people live in %s before they move, not in %q", places[OldTown].town, home.Town)
	}
	list, err := s.households(m.People, home, seed)
	if err != nil || !m.has(twin) {
		return list, err
	}
	others, err := s.households(m.People[:1], at(OldTown, "Wiesengrund", "1"), seed+1)
	return append(list, others...), err
}

// households puts people into households at one address, the applicant's first: two adults and all minors together, every
// further adult alone. Minors without an adult get a parent, who does not move.
func (s *Story) households(people []Mover, home authority.Address, seed uint64) ([]Household, error) {
	var adults, minors []Given
	for _, p := range people {
		g := Given{Family: p.Family, Given: p.Given, Birth: p.Birth}
		if yearsOld(p.Birth, s.World.Day) < 18 {
			minors = append(minors, g)
		} else {
			adults = append(adults, g)
		}
	}
	if len(adults) == 0 {
		adults = append(adults, Given{Family: minors[0].Family, Given: "Alex", Birth: minors[0].Birth.AddMonths(-12 * 30)})
	}
	n := min(len(adults), 2)
	groups := [][]Given{slices.Concat(adults[:n], minors)}
	for _, alone := range adults[n:] {
		groups = append(groups, []Given{alone})
	}
	list := make([]Household, 0, len(groups))
	for i, g := range groups {
		h, err := s.World.Household(g, home, seed+uint64(i)<<32)
		if fault.CodeOf(err) == "demo.error.household" { // nobody a register could hold, such as who is not born yet
			continue
		}
		if err != nil {
			return nil, err
		}
		for k := range h.Entries {
			shape(&h.Entries[k].Resident, people, s.World.Day)
		}
		list = append(list, h)
	}
	return list, nil
}

// shape gives somebody who is new what the file says about them.
func shape(r *register.Resident, people []Mover, day clock.Date) {
	for _, p := range people {
		if moverOf(*r).key() != p.key() {
			continue
		}
		r.Sex, r.Religion, r.Doctorate, r.FormerNames.BirthName = or(p.Sex, r.Sex), p.Religion, p.Doctorate, p.BirthName
		r.AZRNumber, r.Nationalities = "", []string{or(p.Nationality, "DE")}
		if p.Nationality != "" && p.Nationality != "DE" {
			r.AZRNumber = "900000000001"
		}
		if p.Blocked {
			r.Blocks.Information = []register.Block{register.InformationBlock(day.AddDays(-1))}
		}
	}
}

// Count makes n moves in which everything fits: of residents of Ellerbrück who have not moved yet, and when they run
// out, of people who are generated.
func (s *Story) Count(n int, there map[string][]Registered, seed uint64) []Move {
	var list []Household
	for _, h := range s.World.Movers() {
		if len(list) < n && h.lives(there) {
			list = append(list, h)
		}
	}
	for round := uint64(0); len(list) < n; round++ {
		for _, h := range s.World.Generate(n-len(list), seed+round) {
			if h.unknown(there) {
				list = append(list, h)
			}
		}
	}
	moves := make([]Move, n)
	for i, h := range list {
		moves[i] = Move{
			ID: fmt.Sprintf("m%d", i+1), New: Place(s.World.NewHome(i)), MoveIn: fmt.Sprintf("today-%d", i%14), Kind: "sole", Referral: "valid", Landlord: "match",
		}
		for _, r := range h.People() {
			moves[i].People = append(moves[i].People, moverOf(r))
		}
		if h.unknown(there) {
			moves[i].household = h
		}
	}
	return moves
}

// lives reports whether everybody of a household lives in Ellerbrück and has no namesake.
func (h Household) lives(there map[string][]Registered) bool {
	for _, r := range h.People() {
		if at := there[moverOf(r).key()]; len(at) != 1 || at[0] != (Registered{Authority: OldTown}) {
			return false
		}
	}
	return true
}

func (h Household) unknown(there map[string][]Registered) bool {
	for _, r := range h.People() {
		if len(there[moverOf(r).key()]) > 0 {
			return false
		}
	}
	return true
}
