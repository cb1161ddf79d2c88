package demo

import (
	"strconv"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/register"
)

// The towns of the made-up state.
const (
	OldTown authority.Key = "ellerbrueck"
	NewTown authority.Key = "lindenfurt"
)

const state = "mittelau"

type place struct {
	key            authority.Key
	town, postcode string
	streets        []string
}

var places = map[authority.Key]place{
	OldTown: {OldTown, "Ellerbrück", "05233", []string{
		"Mühlgasse", "Ellerweg", "Am Wehr", "Brückenstraße", "Marktplatz", "Kirchgasse", "Schulstraße", "Bahnhofstraße", "Gerberstraße",
		"Färbergasse", "Unter den Eschen", "Torfweg", "Hinter der Mauer", "Wiesengrund", "Ahornweg", "Birkenweg", "Postweg", "Töpferstraße",
		"Am alten Friedhof", "Sonnenhang", "Neue Straße", "Bleichwiese", "Steinweg", "Rosenstraße",
	}},
	NewTown: {NewTown, "Lindenfurt", "05417", []string{
		"Lindenallee", "Rathausplatz", "Nordallee", "Uferstraße", "Kirchgasse", "Bahnhofstraße", "Schulstraße", "Bachstraße", "Kaistraße",
		"Mühlengasse", "Ahornweg", "Birkenweg", "Lindenweg", "Furtstraße", "Gartenstraße", "Hafenstraße", "Am Speicher", "Goethestraße",
		"Südring", "Ostwall", "Kastanienhof", "Parkstraße", "Feldstraße", "Am Sportplatz", "Ziegelweg", "Wallgasse", "Poststraße", "Turmweg",
		"Finkenweg", "Straße der Einheit",
	}},
}

// houses returns the directory of a town: every street has 20 to 79 numbers, every seventh house a second entrance.
func (p place) houses() []authority.Address {
	var list []authority.Address
	for i, street := range p.streets {
		for n := 1; n <= 20+(i*37)%60; n++ {
			at := authority.Address{Street: street, House: strconv.Itoa(n), Postcode: p.postcode, Town: p.town}
			list = append(list, at)
			if n%7 == 0 {
				at.House += "a"
				list = append(list, at)
			}
		}
	}
	return list
}

func at(town authority.Key, street, house string) authority.Address {
	p := places[town]
	return authority.Address{Street: street, House: house, Postcode: p.postcode, Town: p.town}
}

// UnknownHome is an address in Lindenfurt whose house number no directory knows.
func UnknownHome() authority.Address { return at(NewTown, "Lindenallee", "400") }

// Landlord lets homes in Lindenfurt.
type Landlord struct {
	Key     string
	Name    string
	Address authority.Address
	Owner   string // if somebody else owns the houses
}

// Provider is the landlord as § 19 Abs. 3 Nr. 1 BMG wants it: name and address.
func (l Landlord) Provider() string { return l.Name + ", " + l.Address.String() }

// Landlords are those of the made-up world.
func Landlords() []Landlord {
	return []Landlord{
		{Key: "wohnwerk", Name: "Wohnwerk Lindenfurt eG", Address: at(NewTown, "Furtstraße", "3")},
		{Key: "uferhaus", Name: "Uferhaus Verwaltung GmbH", Address: at(NewTown, "Kaistraße", "9"), Owner: "Uferhaus Beteiligung KG"},
		{Key: "vogt", Name: "Renate Vogt", Address: at(NewTown, "Kirchgasse", "9")},
	}
}

// LandlordOf returns who lets homes in a street of Lindenfurt.
func LandlordOf(home authority.Address) Landlord {
	list := Landlords()
	for i, street := range places[NewTown].streets {
		if authority.Fold(street) == authority.Fold(home.Street) {
			return list[i%len(list)]
		}
	}
	return list[0]
}

// openings are the authorities of the state. The law that names the broadcasting fee service's part is made up.
func openings() []authority.Opening {
	const reason = "Vorführung: das ausgedachte Land Mittelau"
	office := func(key authority.Key, kind authority.Kind, name, short string, units ...authority.Unit) authority.Opening {
		return authority.Opening{
			Authority: authority.Authority{Key: key, Name: name, Short: short, Kind: kind, State: state, Contact: "poststelle@" + string(key) + ".example"},
			Units:     append(units, authority.Unit{Key: "poststelle", Name: "Poststelle", Duties: []string{"intake"}}), Reason: reason,
		}
	}
	town := func(key authority.Key, name, short, registry string) authority.Opening {
		o := office(key, authority.Town, name, short,
			authority.Unit{Key: "buergeramt", Name: registry, Duties: []string{"registry"}},
			authority.Unit{Key: "steueramt", Name: "Steueramt " + short, Duties: []string{"tax"}},
			authority.Unit{Key: "ordnungsamt", Name: "Ordnungsamt " + short, Duties: []string{"order"}})
		o.Addresses = places[key].houses()
		o.Competences = []authority.Competence{
			{Register: register.Residents, Area: key, Responsible: key}, {Register: "vehicles", Area: key, Responsible: "auenland"},
		}
		return o
	}
	old := town(OldTown, "Stadt Ellerbrück", "Ellerbrück", "Meldeamt Ellerbrück")
	old.Authority.Address = at(OldTown, "Marktplatz", "1")
	fresh := town(NewTown, "Stadt Lindenfurt", "Lindenfurt", "Bürgeramt Lindenfurt")
	fresh.Authority.Address = at(NewTown, "Rathausplatz", "1")
	county := office("auenland", authority.County, "Landkreis Auenland", "Auenland",
		authority.Unit{Key: "zulassung", Name: "Zulassungsstelle Auenland", Duties: []string{"vehicles"}})
	return []authority.Opening{
		old, fresh, county,
		office("bzst", authority.Federal, "Bundeszentralamt für Steuern (Vorführung)", "Bundeszentralamt für Steuern"),
		office("dsrv", authority.Insurance, "Datenstelle der Rentenversicherung (Vorführung)", "Rentenversicherung"),
		office("azr", authority.Federal, "Ausländerzentralregister (Vorführung)", "Ausländerzentralregister"),
		office("beitragsservice", authority.Broadcasting, "Beitragsservice (Vorführung)", "Beitragsservice"),
		office("rk", authority.Church, "Katholische Kirche in Mittelau (Vorführung)", "Katholische Kirche"),
		office("ev", authority.Church, "Evangelische Kirche in Mittelau (Vorführung)", "Evangelische Kirche"),
	}
}
