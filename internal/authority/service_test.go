package authority_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

func open(t *testing.T, d *db.DB) (*authority.Service, *ledger.Ledger) {
	t.Helper()
	ctx := context.Background()
	if err := d.Migrate(ctx, keys.Migrations, ledger.Migrations, authority.Migrations); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(ctx, d, ring, ledger.Options{Name: "amtsweg.test/mittelau"})
	if err != nil {
		t.Fatal(err)
	}
	return authority.New(d, l), l
}

func address(t *testing.T, s string) authority.Address {
	t.Helper()
	a, err := authority.ParseAddress(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return a
}

func town(key authority.Key, addresses ...authority.Address) authority.Opening {
	return authority.Opening{
		Authority: authority.Authority{Key: key, Name: "Stadt " + string(key), Short: string(key), Kind: authority.Town, State: "mittelau"},
		Units: []authority.Unit{
			{Key: "buergeramt", Name: "Bürgeramt", Duties: []string{"registry", "counter"}}, {Key: "kasse", Name: "Stadtkasse"},
		},
		Competences: []authority.Competence{{Register: "residents", Area: key, Responsible: key}},
		Addresses:   addresses, Reason: "test",
	}
}

func TestANewAuthorityIsLiveAtOnceAndInTheLedger(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, l := open(t, d)
		other := authority.New(d, l) // a second instance on the same data
		if err := s.Add(ctx, town("neustadt")); err != nil {
			t.Fatal(err)
		}
		if list, err := other.List(ctx); err != nil || len(list) != 1 {
			t.Fatalf("the other instance lists %v, %v", list, err)
		}
		if err := s.Add(ctx, town("altstadt")); err != nil {
			t.Fatal(err)
		}
		list, err := other.List(ctx)
		if err != nil || len(list) != 2 || list[0].Key != "altstadt" {
			t.Errorf("the other instance lists %v, %v", list, err)
		}
		if a, err := other.Get(ctx, "altstadt"); err != nil || a.Name != "Stadt altstadt" || a.State != "mittelau" {
			t.Errorf("got %+v, %v", a, err)
		}
		if _, err := s.Get(ctx, "nirgends"); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown authority: %v", err)
		}
		if n, err := l.Sequence(ctx); err != nil || n != 2 {
			t.Errorf("the ledger took %d records, %v", n, err)
		}
		if c, err := s.Calendar(ctx, "neustadt"); err != nil || c.State != "mittelau" {
			t.Errorf("calendar %q, %v", c.State, err)
		}
	})
}

func TestADutyBelongsToTheTownsOwnOffice(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, _ := open(t, d)
		if err := s.Add(ctx, town("neustadt")); err != nil {
			t.Fatal(err)
		}
		if u, err := s.Unit(ctx, "neustadt", "registry"); err != nil || u.Key != "buergeramt" || len(u.Duties) != 2 {
			t.Errorf("got %+v, %v", u, err)
		}
		if _, err := s.Unit(ctx, "neustadt", "fire"); fault.CodeOf(err) != "authority.error.no_unit" {
			t.Errorf("nobody's duty: %v", err)
		}
		units, err := s.Units(ctx, "neustadt")
		if err != nil || len(units) != 2 || units[1].Key != "kasse" || len(units[1].Duties) != 0 {
			t.Errorf("got %+v, %v", units, err)
		}
	})
}

func TestAnOpeningThatCannotBeRightLeavesNothingBehind(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, l := open(t, d)
		twice := town("zwei")
		twice.Units[1].Duties = []string{"registry"}
		nameless := town("drei")
		nameless.Authority.Name = ""
		for code, o := range map[string]authority.Opening{
			"authority.error.key": town("Groß"), "authority.error.duty_twice": twice, "authority.error.incomplete": nameless,
			"authority.error.address": town("vier", authority.Address{Street: "Weg", House: "1", Postcode: "123", Town: "Ort"}),
		} {
			if err := s.Add(ctx, town("gut"), o); fault.CodeOf(err) != code || !fault.Is(err, fault.Invalid) {
				t.Errorf("want %s, got %v", code, err)
			}
		}
		if err := s.Add(ctx, town("eins")); err != nil {
			t.Fatal(err)
		}
		if err := s.Add(ctx, town("neu"), town("eins")); !fault.Is(err, fault.Conflict) {
			t.Errorf("a key twice: %v", err)
		}
		if list, err := s.List(ctx); err != nil || len(list) != 1 {
			t.Errorf("left behind: %v, %v", list, err)
		}
		if n, err := l.Sequence(ctx); err != nil || n != 1 {
			t.Errorf("the ledger took %d records, %v", n, err)
		}
	})
}

func TestAnAddressIsKnownHoweverItIsSpelt(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, _ := open(t, d)
		if err := s.Add(ctx, town("neustadt", address(t, "Mühlenstraße 12a, 05417 Neustadt an der Au"), address(t, "Markt 3-5, 05417 Neustadt an der Au"))); err != nil {
			t.Fatal(err)
		}
		for _, spelling := range []string{
			"Mühlenstraße 12a, 05417 Neustadt an der Au", "Mühlenstr. 12 A, 05417 Neustadt an der Au", "MUEHLENSTRASSE 12a, 05417 NEUSTADT AN DER AU",
			"Mühlen-Straße 12a, 05417 Neustadt  an der Au", "Mu\u0308hlenstr 12a, 05417 Neustadt an der Au",
		} {
			got, known, err := s.Canonical(ctx, address(t, spelling))
			if err != nil || !known || got.String() != "Mühlenstraße 12a, 05417 Neustadt an der Au" {
				t.Errorf("%q became %q, %v, %v", spelling, got, known, err)
			}
		}
		for _, stranger := range []string{
			"Mühlenstraße 12, 05417 Neustadt an der Au", "Mühlenstraße 12b, 05417 Neustadt an der Au", "Mühlenweg 12a, 05417 Neustadt an der Au",
			"Mühlenstraße 12a, 05418 Neustadt an der Au", "Mühlenstraße 12a, 05417 Altstadt",
		} {
			if known, err := s.AddressKnown(ctx, address(t, stranger)); known || err != nil {
				t.Errorf("%q is known, %v", stranger, err)
			}
		}
		if known, err := s.AddressKnown(ctx, address(t, "Markt 3 – 5, 05417 Neustadt an der Au")); !known || err != nil {
			t.Errorf("a range is not known, %v", err)
		}
		streets, err := s.Streets(ctx, "05417", "muehl")
		if err != nil || len(streets) != 1 || streets[0] != "Mühlenstraße" {
			t.Errorf("suggested %v, %v", streets, err)
		}
		if streets, err := s.Streets(ctx, "05417", "%"); err != nil || len(streets) != 2 {
			t.Errorf("a sign that is no letter changes nothing: %v, %v", streets, err)
		}
	})
}

func TestSomebodyIsResponsibleForAHouseThatNobodyKnows(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, _ := open(t, d)
		neu, alt := town("neu", address(t, "Weg 1, 05417 Ort"), address(t, "Allee 2, 05417 Ort")), town("alt", address(t, "Gasse 1, 05417 Ort"))
		neu.Competences = append(neu.Competences, authority.Competence{Register: "vehicles", Area: "neu", Responsible: "alt"})
		if err := s.Add(ctx, neu, alt); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[string]authority.Key{
			"Weg 1, 05417 Ort": "neu", "Weg 400, 05417 Ort": "neu", "Gasse 9, 05417 Ort": "alt", "Unbekannt 1, 05417 Ort": "alt",
		} {
			if got, err := s.ResponsibleFor(ctx, "residents", address(t, at)); err != nil || got != want {
				t.Errorf("%s: got %q, %v, want %q", at, got, err, want)
			}
		}
		if got, err := s.ResponsibleFor(ctx, "vehicles", address(t, "Weg 1, 05417 Ort")); err != nil || got != "alt" {
			t.Errorf("vehicles: got %q, %v", got, err)
		}
		for register, at := range map[string]string{"residents": "Weg 1, 99999 Ort", "dogs": "Weg 1, 05417 Ort"} {
			if got, err := s.ResponsibleFor(ctx, register, address(t, at)); fault.CodeOf(err) != "authority.error.nobody_responsible" {
				t.Errorf("%s at %s: got %q, %v", register, at, got, err)
			}
		}
	})
}

func TestAThousandAuthoritiesOpenInOneGo(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s, _ := open(t, d)
		var openings []authority.Opening
		for i := range 1000 {
			at := authority.Address{Street: "Weg", House: "1", Postcode: fmt.Sprintf("%05d", i), Town: "Ort"}
			openings = append(openings, town(authority.Key(fmt.Sprintf("ort-%03d", i)), at))
		}
		if err := s.Add(ctx, openings...); err != nil {
			t.Fatal(err)
		}
		if list, err := s.List(ctx); err != nil || len(list) != 1000 || list[999].Key != "ort-999" {
			t.Errorf("%d authorities, %v", len(list), err)
		}
		if got, err := s.ResponsibleFor(ctx, "residents", address(t, "Weg 7, 00512 Ort")); err != nil || got != "ort-512" {
			t.Errorf("got %q, %v", got, err)
		}
		var after authority.Address
		houses, err := s.Houses(ctx, "ort-512", after, 5)
		if err != nil || len(houses) != 1 || houses[0].Area != "ort-512" {
			t.Errorf("another town's houses: %v, %v", houses, err)
		}
	})
}
