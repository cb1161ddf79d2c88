package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/register"
)

func words(s string) []string { return strings.Fields(s) }

// Household is people who live together. The first is of age; Entries link to each other by their place in the list.
type Household struct {
	Town    authority.Key
	Entries []register.Entry
}

// Home is where the household lives.
func (h Household) Home() authority.Address { return h.Entries[0].Resident.Homes[0].Address }

// People returns the residents, the one who speaks for the household first.
func (h Household) People() []register.Resident {
	list := make([]register.Resident, len(h.Entries))
	for i, e := range h.Entries {
		list[i] = e.Resident
	}
	return list
}

// dice makes people. The same seed and day make the same people.
type dice struct {
	*rand.Rand
	day   clock.Date
	taken map[string]bool // names with birthdays: nobody is found twice by chance
	count int             // people so far: numbers of documents differ
}

func newDice(seed uint64, day clock.Date) *dice {
	return &dice{Rand: rand.New(rand.NewPCG(seed, 0x6d697474656c6175)), day: day, taken: map[string]bool{}}
}

func (d *dice) chance(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d *dice, list []T) T { return list[d.IntN(len(list))] }

// born returns a birthday that makes somebody between from and to years old.
func (d *dice) born(from, to int) clock.Date {
	return d.day.AddMonths(-12 * from).AddDays(-1 - d.IntN(365*(to-from+1)))
}

const (
	female = "weiblich"
	male   = "männlich"
)

// stock is the names and the citizenship a household draws from.
type stock struct {
	origin
	foreign bool
}

func (d *dice) stock() stock {
	if d.chance(78) {
		return stock{origin: origin{"DE", germanFamilies, germanWomen, germanMen, germanCities}}
	}
	o := pick(d, origins)
	return stock{origin: o, foreign: d.chance(55)} // the others are German citizens
}

// person makes somebody; the family name may be given.
func (d *dice) person(s stock, family, sex string, from, to int) register.Resident {
	if family == "" {
		family = pick(d, s.families)
	}
	names := s.women
	if sex == male {
		names = s.men
	}
	r := register.Resident{FamilyName: family, Sex: sex}
	for {
		r.Birth.Date = d.born(from, to)
		given := pick(d, names)
		r.GivenNames = given
		if second := pick(d, names); d.chance(25) && second != given {
			inUse := given
			if d.chance(30) {
				inUse = second
			}
			r.GivenNames = register.MarkCallName(given+" "+second, inUse)
		}
		if d.take(r) {
			break
		}
	}
	d.finish(&r, s)
	return r
}

// take reserves a name with a birthday and reports whether it was free.
func (d *dice) take(r register.Resident) bool {
	key := authority.Fold(r.FamilyName) + "/" + authority.Fold(register.AllNames(r.GivenNames)) + "/" + r.Birth.Date.String()
	if d.taken[key] {
		return false
	}
	d.taken[key] = true
	return true
}

// finish gives a person what every resident has.
func (d *dice) finish(r *register.Resident, s stock) {
	d.count++
	r.TaxID = fmt.Sprintf("0%010d", d.Int64N(1e10)) // a real number never begins with 0
	r.Birth.Place, r.Nationalities = pick(d, germanCities), []string{"DE"}
	years := yearsOld(r.Birth.Date, d.day)
	if s.foreign {
		r.Nationalities = []string{s.country}
		r.AZRNumber = fmt.Sprintf("9%011d", d.Int64N(1e11))
		if years >= 18 || d.chance(40) {
			r.Birth.Place, r.Birth.Country = pick(d, s.cities), s.country
		}
	} else if s.country != "DE" && d.chance(20) {
		r.Nationalities = append(r.Nationalities, s.country)
	}
	if s.country == "DE" || s.country == "IT" || s.country == "PL" {
		r.Religion = pick(d, []string{"", "", "", "rk", "ev"})
	}
	if years >= 28 && d.chance(3) {
		r.Doctorate = "Dr."
	}
	r.FamilyStatus.Status = "ledig"
	r.Documents = []register.Document{} // nobody under 16 needs a card
	if years >= 16 {
		issued := d.day.AddDays(-1 - d.IntN(365*6))
		issuer := "Stadt Ellerbrück"
		if s.foreign {
			issuer = "Botschaft (" + catalog.CountryName("de", s.country) + ")"
		}
		r.Documents = []register.Document{{Issuer: issuer, Issued: issued, ValidUntil: issued.AddMonths(120).AddDays(-1), Serial: fmt.Sprintf("X%08d", d.count)}}
	}
}

func yearsOld(born, day clock.Date) int {
	years := day.Y - born.Y
	if day.M < born.M || (day.M == born.M && day.D < born.D) {
		years--
	}
	return years
}

// household makes people who live together at an address: alone, as a couple, with children.
func (d *dice) household(home authority.Address) []register.Resident {
	s := d.stock()
	sex, other := female, male
	if d.chance(50) {
		sex, other = male, female
	}
	kind := d.IntN(100)
	if kind < 42 {
		return settle(d, home, d.person(s, "", sex, 18, 88))
	}
	if kind < 52 {
		parent := d.person(s, "", sex, 24, 50)
		return settle(d, home, append([]register.Resident{parent}, d.children(s, parent, 2)...)...)
	}
	first := d.person(s, "", sex, 26, 70)
	if d.chance(8) {
		other = sex // a partnership of two women or two men
	}
	age := yearsOld(first.Birth.Date, d.day)
	second := d.person(s, first.FamilyName, other, max(20, age-6), max(24, age+6))
	if d.chance(70) {
		second.FormerNames.BirthName = pick(d, s.families)
	}
	married := d.day.AddMonths(-12 * max(1, min(age-20, 1+d.IntN(20)))).AddDays(-d.IntN(300))
	for _, p := range []*register.Resident{&first, &second} {
		p.FamilyStatus = register.FamilyStatus{Status: "verheiratet", Date: married, Place: pick(d, germanCities)}
	}
	second.FamilyStatus.Place = first.FamilyStatus.Place
	people := []register.Resident{first, second}
	if kind >= 72 && age < 52 {
		people = append(people, d.children(s, first, 3)...)
	}
	return settle(d, home, people...)
}

func (d *dice) children(s stock, parent register.Resident, most int) (list []register.Resident) {
	oldest := min(17, yearsOld(parent.Birth.Date, d.day)-20)
	for range 1 + d.IntN(most) {
		list = append(list, d.person(s, parent.FamilyName, pick(d, []string{female, male}), 0, max(oldest, 0)))
	}
	return list
}

// settle puts people into a home.
func settle(d *dice, home authority.Address, people ...register.Resident) []register.Resident {
	since := d.day.AddDays(-60 - d.IntN(365*15))
	for i := range people {
		p := &people[i]
		p.Homes = []register.Home{{Address: home, Kind: register.Sole}}
		p.MovedIn = since
		if p.MovedIn.Before(p.Birth.Date) {
			p.MovedIn = p.Birth.Date
		}
	}
	return people
}

// join links a household's people: two adults of the same status "verheiratet" are spouses, minors are the children of
// all adults.
func join(town authority.Key, people []register.Resident, day clock.Date) Household {
	h := Household{Town: town}
	adults := adultsFirst(people, day)
	for i, p := range people {
		e := register.Entry{Resident: p, RegisteredOn: p.MovedIn.AddDays(3)}
		for j := range people {
			switch {
			case i == j:
			case i < adults && j < adults:
				e.Kin = append(e.Kin, register.KinTo{Kin: register.Spouse, To: j})
			case i < adults:
				e.Kin = append(e.Kin, register.KinTo{Kin: register.Child, To: j})
			case j < adults:
				e.Kin = append(e.Kin, register.KinTo{Kin: register.Parent, To: j})
			}
		}
		h.Entries = append(h.Entries, e)
	}
	return h
}
