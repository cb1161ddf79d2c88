package demo

import (
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Persona is somebody with a name and a story in the made-up world: used by pages, tests and `story`. The keys never
// change. Household is zero for somebody in no register.
type Persona struct {
	Card
	Household Household
	NewHome   authority.Address // where this person means to move
	Ago       int               // how many days ago the move was; negative: it is still to come
}

// MovedIn returns the day of the move, seen from today.
func (p Persona) MovedIn(today clock.Date) clock.Date { return today.AddDays(-p.Ago) }

// In reports whether the persona stands in a register.
func (p Persona) In() bool { return len(p.Household.Entries) > 0 }

// Resident returns the persona's own record as the world made it; zero for somebody in no register.
func (p Persona) Resident() register.Resident {
	for _, r := range p.Household.People() {
		if r.Birth.Date == p.Birth && register.AllNames(r.GivenNames) == p.Given {
			return r
		}
	}
	return register.Resident{}
}

// casting says who a persona is before the dice add the rest.
type casting struct {
	key            string
	street, house  string // in Ellerbrück; empty for somebody in no register
	newStreet, new string // in Lindenfurt
	movedIn        int    // days ago
	people         []register.Resident
	shape          func(people []register.Resident)
	card           int  // who of the people holds the card
	homeless       bool // the card carries no address
	de, en         string
}

func somebody(given, family, sex string, y, m, d int) register.Resident {
	return register.Resident{GivenNames: given, FamilyName: family, Sex: sex, Birth: register.Birth{Date: clock.Date{Y: y, M: m, D: d}}}
}

func married(day clock.Date, people []register.Resident) {
	for i := range 2 {
		people[i].FamilyStatus = register.FamilyStatus{Status: "verheiratet", Date: day, Place: "Ellerbrück"}
	}
}

// cast lists the personas in the order of the page.
func cast(day clock.Date) []casting {
	child := clock.Date{Y: day.Y - 15, M: day.M, D: 1}.AddMonths(-5)
	return []casting{
		{
			key: "mover", street: "Gerberstraße", house: "12", newStreet: "Nordallee", new: "11", movedIn: 3,
			people: []register.Resident{somebody("Malte", "Brandes", male, 1998, 9, 23)},
			de:     "Zieht allein um. Alles passt: der kürzeste Weg durch die Anmeldung.",
			en:     "Moves alone. Everything fits: the shortest way through.",
		},
		{
			key: "family", street: "Mühlgasse", house: "7", newStreet: "Lindenallee", new: "12", movedIn: 3,
			people: []register.Resident{
				somebody(register.MarkCallName("Jana Maria", "Jana"), "Wittkamp", female, 1995, 6, 14), somebody("Tobias", "Wittkamp", male, 1993, 2, 1),
				somebody("Mila", "Wittkamp", female, 2020, 5, 21), somebody("Ben", "Wittkamp", male, 2024, 11, 5),
			},
			shape: func(p []register.Resident) {
				married(clock.Date{Y: 2019, M: 9, D: 7}, p)
				p[0].FormerNames.BirthName = "Hoyer"
			},
			de: "Zieht mit Mann und zwei Kindern um: ein Antrag für alle vier.",
			en: "Moves with husband and two children: one application for all four.",
		},
		{
			key: "church", street: "Kirchgasse", house: "4", newStreet: "Bachstraße", new: "5", movedIn: 5,
			people: []register.Resident{somebody("Theresa", "Lindner", female, 1987, 12, 3)},
			shape:  func(p []register.Resident) { p[0].Religion = "rk" },
			de:     "Gehört einer Kirche an. Auch die Kirche erfährt die neue Anschrift, nach § 42 BMG.",
			en:     "Belongs to a church. The church learns the new address too, by § 42 BMG.",
		},
		{
			key: "foreigner", street: "Bahnhofstraße", house: "20", newStreet: "Uferstraße", new: "12", movedIn: 4,
			people: []register.Resident{somebody("Camille", "Durand", female, 1991, 4, 18)},
			shape: func(p []register.Resident) {
				p[0].Nationalities, p[0].AZRNumber = []string{"FR"}, "920300418007"
				p[0].Birth.Place, p[0].Birth.Country, p[0].Documents[0].Issuer = "Lyon", "FR", "Botschaft (Frankreich)"
			},
			de: "Ist Französin. Auch das Ausländerzentralregister erfährt die neue Anschrift.",
			en: "Is French. The central register of foreigners learns the new address too.",
		},
		{
			key: "owner", street: "Sonnenhang", house: "3", newStreet: "Gartenstraße", new: "8", movedIn: 6,
			people: []register.Resident{somebody("Gisela", "Marquardt", female, 1968, 8, 30)},
			shape:  func(p []register.Resident) { p[0].Doctorate = "Dr." },
			de:     "Zieht in die eigene Wohnung und bestätigt den Einzug selbst.",
			en:     "Moves into a home of her own and confirms the move herself.",
		},
		{
			key: "late", street: "Steinweg", house: "9", newStreet: "Furtstraße", new: "17", movedIn: 40,
			people: []register.Resident{somebody("Ulrike", "Petersen", female, 1979, 1, 27)},
			de:     "Ist schon vor Wochen umgezogen: zu spät, aber willkommen.",
			en:     "Moved weeks ago: late, but welcome.",
		},
		{
			key: "early", street: "Torfweg", house: "6", newStreet: "Kaistraße", new: "2", movedIn: -10,
			people: []register.Resident{somebody("Deniz", "Yıldız", male, 1989, 7, 7)},
			de:     "Zieht erst in zehn Tagen um. Alles wird vorbereitet, am Tag genügt ein Tipp.",
			en:     "Moves in ten days. Everything is prepared, one tap on the day finishes it.",
		},
		{
			key: "blocked-spouse", street: "Ellerweg", house: "15", newStreet: "Ostwall", new: "6", movedIn: 3,
			people: []register.Resident{
				somebody("Henrik", "Asmus", male, 1984, 3, 12), somebody("Solveig", "Asmus", female, 1986, 10, 9), somebody("Jorin", "Asmus", male, 2021, 2, 17),
			},
			shape: func(p []register.Resident) {
				married(clock.Date{Y: 2015, M: 6, D: 20}, p)
				for i := 1; i <= 2; i++ {
					p[i].Blocks.Information = []register.Block{register.InformationBlock(day.AddDays(-100))}
					p[i].Homes[0].Address = at(OldTown, "Rosenstraße", "18")
				}
			},
			de: "Die Ehefrau hat eine Auskunftssperre. Er erfährt nichts über sie, auch nicht, dass etwas fehlt.",
			en: "His wife has an information block. He learns nothing about her, nor that something is missing.",
		},
		{
			key: "twin", street: "Schulstraße", house: "2", newStreet: "Parkstraße", new: "4", movedIn: 3, homeless: true,
			people: []register.Resident{somebody("Katrin", "Sommer", female, 1990, 5, 5)},
			de:     "Es gibt sie zweimal: gleicher Name, gleicher Geburtstag. Ein Mensch muss das klären.",
			en:     "There are two of her: same name, same birthday. A person has to sort it out.",
		},
		{
			key: "teen", street: "Postweg", house: "11", newStreet: "Turmweg", new: "3", movedIn: 3, card: 1,
			people: []register.Resident{somebody("Maren", "Albers", female, 1985, 11, 2), {
				GivenNames: "Finn", FamilyName: "Albers", Sex: male, Birth: register.Birth{Date: child},
			}},
			de: "Ist 15. Für ihn melden die Menschen an, bei denen er einzieht (§ 17 Abs. 3 BMG).",
			en: "Is 15. The people he moves in with register him (§ 17 (3) BMG).",
		},
		{
			key: "stranger", newStreet: "Südring", new: "10", movedIn: 3,
			people: []register.Resident{somebody("Robin", "Kaltenbach", male, 1994, 2, 22)},
			de:     "Steht in keinem Register, das wir erreichen.",
			en:     "Stands in no register we can reach.",
		},
	}
}

// settlePersonas gives the personas their households. The second Katrin Sommer lives in Ellerbrück too and has no card.
func (w *World) settlePersonas(d *dice) {
	german := stock{origin: origin{"DE", germanFamilies, germanWomen, germanMen, germanCities}}
	for _, c := range cast(w.Day) {
		for i := range c.people {
			d.take(c.people[i])
			d.finish(&c.people[i], german)
			c.people[i].Religion, c.people[i].Doctorate = "", ""
		}
		p := Persona{NewHome: at(NewTown, c.newStreet, c.new), Ago: c.movedIn}
		home := authority.Address{}
		if c.street != "" {
			home = at(OldTown, c.street, c.house)
			people := settle(d, home, c.people...)
			if c.shape != nil {
				c.shape(people)
			}
			p.Household = join(OldTown, people, w.Day)
			w.towns[OldTown] = append(w.towns[OldTown], p.Household)
		}
		me := c.people[c.card]
		p.Card = Card{
			Key: c.key, Family: me.FamilyName, Given: register.AllNames(me.GivenNames), Birth: me.Birth.Date, Address: home,
			Try: map[string]string{"de": c.de, "en": c.en},
		}
		if c.homeless {
			p.Address = authority.Address{}
		}
		w.personas = append(w.personas, p)
	}
	double := somebody("Katrin", "Sommer", female, 1990, 5, 5)
	d.finish(&double, german)
	people := settle(d, at(OldTown, "Wiesengrund", "21"), double)
	w.towns[OldTown] = append(w.towns[OldTown], join(OldTown, people, w.Day))
}
