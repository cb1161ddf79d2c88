package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/register"
)

// worldSeed is the seed of the world that everybody sees.
const worldSeed = 2030

// The sizes of the towns, in residents. A household that has begun is finished.
const (
	oldTownSize = 620
	newTownSize = 380
)

// World is the made-up state: its authorities, addresses and residents, computed from a seed and the day on which it began.
type World struct {
	Day      clock.Date
	personas []Persona
	towns    map[authority.Key][]Household
	movers   []Household
	homes    []authority.Address // in Lindenfurt, for whoever moves there
	taken    map[string]bool     // of everybody, so that nobody made later is found twice
}

// WorldServices are the doors through which the world is built.
type WorldServices struct {
	DB          *db.DB
	Authorities *authority.Service
	Registers   *register.Service
}

// NewWorld computes the world of a day without storing anything.
func NewWorld(day clock.Date) *World { return newWorld(worldSeed, day) }

func newWorld(seed uint64, day clock.Date) *World {
	d := newDice(seed, day)
	w := &World{Day: day, towns: map[authority.Key][]Household{}, taken: d.taken}
	w.settlePersonas(d)
	for _, town := range []struct {
		key  authority.Key
		size int
	}{{OldTown, oldTownSize}, {NewTown, newTownSize}} {
		w.fill(d, town.key, town.size)
	}
	w.homes = shuffled(d, places[NewTown].houses())
	return w
}

func shuffled(d *dice, list []authority.Address) []authority.Address {
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// fill adds households until the town has its size. One in forty has somebody with an information block.
func (w *World) fill(d *dice, town authority.Key, size int) {
	homes := shuffled(d, places[town].houses())
	for i := 0; count(w.towns[town]) < size; i++ {
		h := join(town, d.household(homes[i%len(homes)]), w.Day)
		blocked := d.chance(3)
		if blocked {
			last := &h.Entries[len(h.Entries)-1].Resident
			last.Blocks.Information = []register.Block{register.InformationBlock(w.Day.AddDays(-d.IntN(600)))}
		}
		w.towns[town] = append(w.towns[town], h)
		if town == OldTown && !blocked {
			w.movers = append(w.movers, h)
		}
	}
}

func count(list []Household) (n int) {
	for _, h := range list {
		n += len(h.Entries)
	}
	return n
}

// Households returns the households of a town in a fixed order, the personas' first.
func (w *World) Households(town authority.Key) []Household { return slices.Clone(w.towns[town]) }

// Size returns how many people live in a town.
func (w *World) Size(town authority.Key) int { return count(w.towns[town]) }

// Movers returns the households of Ellerbrück that can move without a surprise, in a fixed order: no personas, no blocks.
func (w *World) Movers() []Household { return slices.Clone(w.movers) }

// NewHome returns the i-th home in Lindenfurt to move to: an address that exists. After the last the first comes again,
// because houses have more than one flat.
func (w *World) NewHome(i int) authority.Address { return w.homes[i%len(w.homes)] }

// Generate makes n households more, none of whose people is in this world already. They live in Ellerbrück, but stand in
// no register until Settle.
func (w *World) Generate(n int, seed uint64) []Household {
	d := newDice(seed, w.Day)
	d.taken = w.taken
	homes := shuffled(d, places[OldTown].houses())
	list := make([]Household, n)
	for i := range list {
		list[i] = join(OldTown, d.household(homes[i%len(homes)]), w.Day)
	}
	return list
}

// Given is a person from outside the world, as a file of moves names people.
type Given struct {
	Family, Given string
	Birth         clock.Date
}

// Household makes a household of people named elsewhere, at their old home. The first two adults are a couple, minors
// their children. Nobody of age is fault Invalid "demo.error.household", and so are more than two adults.
func (w *World) Household(people []Given, home authority.Address, seed uint64) (Household, error) {
	d := newDice(seed, w.Day)
	s := stock{origin: origin{"DE", germanFamilies, germanWomen, germanMen, germanCities}}
	var list []register.Resident
	for _, p := range people {
		r := register.Resident{FamilyName: p.Family, GivenNames: p.Given, Sex: pick(d, []string{female, male}), Birth: register.Birth{Date: p.Birth}}
		d.finish(&r, s)
		list = append(list, r)
	}
	adults := adultsFirst(list, w.Day)
	if adults == 0 || adults > 2 {
		return Household{}, fault.New(fault.Invalid, "demo.error.household")
	}
	if adults == 2 {
		married(w.Day.AddMonths(-24), list)
	}
	return join(OldTown, settle(d, home, list...), w.Day), nil
}

// adultsFirst puts minors last, otherwise in the order given, and returns how many adults there are.
func adultsFirst(list []register.Resident, day clock.Date) (adults int) {
	minor := func(r register.Resident) int {
		if yearsOld(r.Birth.Date, day) < 18 {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b register.Resident) int { return minor(a) - minor(b) })
	for _, r := range list {
		adults += 1 - minor(r)
	}
	return adults
}

// Settle enters households into the registers of their towns, a town at a time.
func (w *World) Settle(ctx context.Context, s *register.Service, list []Household) error {
	for _, town := range []authority.Key{OldTown, NewTown} {
		entries := entriesOf(list, town)
		if len(entries) == 0 {
			continue
		}
		if _, err := s.Load(ctx, town, "Vorführung: ausgedachte Menschen", entries); err != nil {
			return fmt.Errorf("people of %s: %w", town, err)
		}
	}
	return nil
}

// entriesOf lays households of a town one behind the other; the places of relatives move along.
func entriesOf(list []Household, town authority.Key) (entries []register.Entry) {
	for _, h := range list {
		if h.Town != town {
			continue
		}
		base := len(entries)
		for _, e := range h.Entries {
			e.Kin = slices.Clone(e.Kin)
			for i := range e.Kin {
				e.Kin[i].To += base
			}
			entries = append(entries, e)
		}
	}
	return entries
}

// BuildWorld makes the state's authorities, registers and entitlements in a demo database, or finds them there and
// computes the same world again. What a crash left half done is finished. A database without the demo mark is fault
// Forbidden "demo.error.not_demo".
func BuildWorld(ctx context.Context, s WorldServices) (*World, error) {
	is, err := Marked(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	if !is {
		return nil, fault.New(fault.Forbidden, "demo.error.not_demo")
	}
	seed, day, err := worldBegun(ctx, s.DB, worldSeed, clock.DateOf(s.DB.Clock().Now()))
	if err != nil {
		return nil, fmt.Errorf("begin of the world: %w", err)
	}
	w := newWorld(seed, day)
	if err := w.openAuthorities(ctx, s.Authorities); err != nil {
		return nil, err
	}
	for _, town := range []authority.Key{OldTown, NewTown} {
		cells, err := s.Registers.Count(ctx, town, register.Residents, register.ByNothing)
		if err != nil {
			return nil, err
		}
		if len(cells) > 0 {
			continue
		}
		if err := w.Settle(ctx, s.Registers, w.towns[town]); err != nil {
			return nil, err
		}
	}
	return w, w.entitle(ctx, s.Registers)
}

func (w *World) openAuthorities(ctx context.Context, s *authority.Service) error {
	_, err := s.Get(ctx, OldTown)
	if fault.Is(err, fault.NotFound) {
		err = s.Add(ctx, openings()...)
	}
	if err != nil {
		return fmt.Errorf("authorities of %s: %w", state, err)
	}
	return nil
}

// entitle lets each town retrieve the pre-filled form from the other. The laws are those of the shipped definition.
func (w *World) entitle(ctx context.Context, s *register.Service) error {
	var list []register.Entitlement
	for _, pair := range [][2]authority.Key{{OldTown, NewTown}, {NewTown, OldTown}} {
		has, err := s.Entitlements.Of(ctx, pair[0])
		if err != nil {
			return err
		}
		if len(has) > 0 {
			continue
		}
		for evidence, law := range map[string]string{"prefilled": "§ 23a Abs. 1 BMG", "family": "§ 23a Abs. 1 Satz 5 BMG"} {
			list = append(list, register.Entitlement{
				Holder: pair[0], Register: register.Residents, Evidence: evidence, Reader: pair[1],
				Fields: register.FieldNames(), Law: law, Until: w.Day.AddMonths(120),
			})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return s.Entitlements.Grant(ctx, "Vorführung: die Städte dürfen den vorausgefüllten Meldeschein voneinander abrufen", list...)
}

// Persona returns the named person, or fault NotFound "demo.error.card".
func (w *World) Persona(key string) (Persona, error) {
	i := slices.IndexFunc(w.personas, func(p Persona) bool { return p.Key == key })
	if i < 0 {
		return Persona{}, fault.New(fault.NotFound, "demo.error.card")
	}
	return w.personas[i], nil
}

// Personas returns the named people in the order of the page.
func (w *World) Personas() []Persona { return slices.Clone(w.personas) }

// Cards returns the personas' identity cards, for the eID simulator.
func (w *World) Cards(context.Context) ([]Card, error) {
	list := make([]Card, len(w.personas))
	for i, p := range w.personas {
		list[i] = p.Card
	}
	return list, nil
}
