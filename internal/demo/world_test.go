package demo_test

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

var worldDay = clock.Date{Y: 2030, M: 3, D: 4}

// state is a demo database with the made-up world in it.
type state struct {
	demo.WorldServices
	ledger *ledger.Ledger
}

func newState(t *testing.T, d *db.DB) state {
	t.Helper()
	ctx := t.Context()
	if err := d.Migrate(ctx, keys.Migrations, ledger.Migrations, authority.Migrations, register.Migrations, demo.Migrations); err != nil {
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
	r, err := register.New(ctx, d, ring, l)
	if err != nil {
		t.Fatal(err)
	}
	return state{demo.WorldServices{DB: d, Authorities: authority.New(d, l), Registers: r}, l}
}

func built(t *testing.T, d *db.DB) (state, *demo.World) {
	t.Helper()
	s := newState(t, d)
	if err := demo.Mark(t.Context(), d, s.Authorities); err != nil {
		t.Fatal(err)
	}
	w, err := demo.BuildWorld(t.Context(), s.WorldServices)
	if err != nil {
		t.Fatal(err)
	}
	return s, w
}

func (s state) self(ctx context.Context, c demo.Card) (ledger.Subject, error) {
	return s.Registers.Links.Self(ctx, register.Identity{Family: c.Family, Given: c.Given, Birth: c.Birth, Home: c.Address}, register.Cause{Actor: "test"})
}

func TestTheWorldIsTheSameEveryTime(t *testing.T) {
	if !reflect.DeepEqual(demo.NewWorld(worldDay), demo.NewWorld(worldDay)) {
		t.Error("the same day made two worlds")
	}
	if reflect.DeepEqual(demo.NewWorld(worldDay).Movers(), demo.NewWorld(worldDay.AddDays(1)).Movers()) {
		t.Error("another day made the same birthdays")
	}
	if !reflect.DeepEqual(demo.NewWorld(worldDay).Generate(50, 7), demo.NewWorld(worldDay).Generate(50, 7)) {
		t.Error("the same seed made different people")
	}
}

func TestAboutAThousandPeopleOfEverySort(t *testing.T) {
	w := demo.NewWorld(worldDay)
	if n := w.Size(demo.OldTown) + w.Size(demo.NewTown); n < 950 || n > 1050 {
		t.Errorf("%d residents", n)
	}
	sorts, names := map[string]int{}, map[string]int{}
	for _, h := range slices.Concat(w.Households(demo.OldTown), w.Households(demo.NewTown)) {
		for _, r := range h.People() {
			names[authority.Fold(r.FamilyName+" "+register.AllNames(r.GivenNames))+r.Birth.Date.String()]++
			sorts[r.Religion]++
			for sort, is := range map[string]bool{
				"blocked": len(r.Blocks.Information) > 0, "foreign": r.AZRNumber != "", "doctor": r.Doctorate != "", "married": r.FamilyStatus.Status == "verheiratet",
				"minor": r.Birth.Date.AddMonths(18 * 12).After(worldDay), "two nationalities": len(r.Nationalities) > 1,
			} {
				if is {
					sorts[sort]++
				}
			}
			if (r.AZRNumber != "") == slices.Contains(r.Nationalities, "DE") {
				t.Errorf("%s: AZR number %q, nationalities %v", r.Name(), r.AZRNumber, r.Nationalities)
			}
			if r.MovedIn.Before(r.Birth.Date) || r.Birth.Date.After(worldDay) || len(r.TaxID) != 11 || r.TaxID[0] != '0' || len(r.Homes) != 1 {
				t.Errorf("%s cannot be: %+v", r.Name(), r)
			}
		}
	}
	for sort, least := range map[string]int{"rk": 50, "ev": 50, "": 200, "blocked": 5, "foreign": 40, "doctor": 5, "married": 200, "minor": 150, "two nationalities": 5} {
		if sorts[sort] < least {
			t.Errorf("only %d of sort %q", sorts[sort], sort)
		}
	}
	twice := 0
	for _, n := range names {
		if n > 2 {
			t.Errorf("%d people with one name and birthday", n)
		}
		if n == 2 {
			twice++
		}
	}
	if twice != 1 {
		t.Errorf("%d pairs of namesakes, want Katrin Sommer alone", twice)
	}
}

func TestEverybodyLivesAtAnAddressThatExists(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, w := built(t, d)
		ctx := t.Context()
		homes := map[authority.Address]authority.Key{}
		for _, town := range []authority.Key{demo.OldTown, demo.NewTown} {
			for _, h := range w.Households(town)[:20] {
				for _, r := range h.People() {
					homes[r.Homes[0].Address] = town
				}
			}
		}
		for _, p := range w.Personas() {
			homes[p.NewHome] = demo.NewTown
		}
		for _, l := range demo.Landlords() {
			homes[l.Address] = demo.NewTown
		}
		for i := range 20 {
			homes[w.NewHome(i)] = demo.NewTown
		}
		list, err := s.Authorities.List(ctx)
		if err != nil || len(list) != 9 {
			t.Fatalf("%d authorities, %v", len(list), err)
		}
		for _, a := range list {
			if !a.Address.IsZero() {
				homes[a.Address] = a.Key
			}
			if _, err := s.Authorities.Calendar(ctx, a.Key); err != nil {
				t.Error(err)
			}
		}
		for home, town := range homes {
			known, err := s.Authorities.AddressKnown(ctx, home)
			key, err2 := s.Authorities.ResponsibleFor(ctx, register.Residents, home)
			if !known || err != nil || key != town || err2 != nil {
				t.Errorf("%s: known %v, %v; %q instead of %q, %v", home, known, err, key, town, err2)
			}
		}
		if known, err := s.Authorities.AddressKnown(ctx, demo.UnknownHome()); known || err != nil {
			t.Errorf("%s is known, %v", demo.UnknownHome(), err)
		}
		if key, err := s.Authorities.ResponsibleFor(ctx, register.Residents, demo.UnknownHome()); key != demo.NewTown || err != nil {
			t.Errorf("somebody must look into it: %q, %v", key, err)
		}
	})
}

func TestEachPersonaIsWhatItsCardSays(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, w := built(t, d)
		ctx := t.Context()
		nobody := map[string]string{"twin": register.CodeAmbiguous, "stranger": register.CodeNotFound}
		for _, p := range w.Personas() {
			if len(p.Try) != 2 || p.Try["de"] == "" || p.Try["en"] == "" {
				t.Errorf("%s: nothing to try", p.Key)
			}
			subject, err := s.self(ctx, p.Card)
			if want := nobody[p.Key]; fault.CodeOf(err) != want || (want == "") != (subject != "") {
				t.Errorf("%s: found %q, %v, want %q", p.Key, subject, err, want)
			}
		}
		family, err := w.Persona("family")
		if err != nil {
			t.Fatal(err)
		}
		jana, err := s.self(ctx, family.Card)
		if err != nil {
			t.Fatal(err)
		}
		if kin, err := s.Registers.Links.Family(ctx, jana, register.Cause{Actor: "test"}); err != nil || len(kin) != 3 {
			t.Errorf("Jana's family: %+v, %v", kin, err)
		}
		henrik, err := w.Persona("blocked-spouse")
		if err != nil {
			t.Fatal(err)
		}
		subject, err := s.self(ctx, henrik.Card)
		if err != nil {
			t.Fatal(err)
		}
		if kin, err := s.Registers.Links.Family(ctx, subject, register.Cause{Actor: "test"}); err != nil || len(kin) != 0 {
			t.Errorf("Henrik learns of %+v, %v", kin, err)
		}
		teen, err := w.Persona("teen")
		if err != nil || teen.Birth.AddMonths(15*12).After(worldDay) || !teen.Birth.AddMonths(16*12).After(worldDay) {
			t.Errorf("Finn was born on %s, %v", teen.Birth, err)
		}
		foreigner, err := w.Persona("foreigner")
		if r := foreigner.Resident(); err != nil || !slices.Equal(r.Nationalities, []string{"FR"}) || r.AZRNumber == "" || r.Birth.Country != "FR" {
			t.Errorf("Camille is %+v, %v", r, err)
		}
		if _, err := w.Persona("nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a persona nobody knows: %v", err)
		}
	})
}

func TestTheWorldIsBuiltOnceAndFoundAgain(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, now *clock.Fixed) {
		s, w := built(t, d)
		n, err := s.ledger.Sequence(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		now.Set(clock.At("2031-01-01 10:00").Now())
		again, err := demo.BuildWorld(t.Context(), s.WorldServices)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(w.Movers(), again.Movers()) || again.Day != worldDay {
			t.Error("after a restart there are other people")
		}
		if more, err := s.ledger.Sequence(t.Context()); err != nil || more != 0 || n == 0 {
			t.Errorf("%d records at first, %d more the second time, %v", n, more, err)
		}
		persons, err := db.One(t.Context(), d, db.Scalar[int], `SELECT COUNT(*) FROM register_record`)
		if err != nil || persons != w.Size(demo.OldTown)+w.Size(demo.NewTown) {
			t.Errorf("%d records, %v", persons, err)
		}
	})
}

func TestALiveDatabaseGetsNoMadeUpPeople(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newState(t, d)
		if _, err := demo.BuildWorld(t.Context(), s.WorldServices); !fault.Is(err, fault.Forbidden) {
			t.Errorf("built: %v", err)
		}
		if list, err := s.Authorities.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%d authorities, %v", len(list), err)
		}
	})
}

func TestTheTownsMayFetchFromEachOtherAndNobodyElse(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, _ := built(t, d)
		check := func(holder, reader authority.Key, evidence, law string) error {
			return s.Registers.Entitlements.Check(t.Context(), d, worldDay, register.Ask{
				Holder: holder, Register: register.Residents, Evidence: evidence,
				Reader: reader, Fields: register.FieldNames(), Law: law,
			})
		}
		for _, err := range []error{
			check(demo.OldTown, demo.NewTown, "prefilled", "§ 23a Abs. 1 BMG"), check(demo.NewTown, demo.OldTown, "prefilled", "§ 23a Abs. 1 BMG"),
			check(demo.OldTown, demo.NewTown, "family", "§ 23a Abs. 1 Satz 5 BMG"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		for _, err := range []error{
			check(demo.OldTown, "beitragsservice", "prefilled", "§ 23a Abs. 1 BMG"), check(demo.OldTown, demo.NewTown, "family", "§ 23a Abs. 1 BMG"),
		} {
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("allowed: %v", err)
			}
		}
	})
}

func TestMorePeopleMoveInWhenTheyRunOut(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, w := built(t, d)
		more := w.Generate(40, 1)
		named, err := w.Household([]demo.Given{
			{"Nachname", "Kind", clock.Date{Y: 2022, M: 1, D: 1}}, {"Nachname", "Vorname", clock.Date{Y: 1990, M: 1, D: 1}},
		}, more[0].Home(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if named.People()[0].GivenNames != "Vorname" {
			t.Errorf("a child speaks for the household: %v", named.People()[0].Name())
		}
		if err := w.Settle(t.Context(), s.Registers, append(more, named)); err != nil {
			t.Fatal(err)
		}
		for _, h := range append(more, named) {
			r := h.People()[0]
			c := demo.Card{Family: r.FamilyName, Given: register.AllNames(r.GivenNames), Birth: r.Birth.Date}
			subject, err := s.self(t.Context(), c)
			if err != nil {
				t.Errorf("%s: %v", r.Name(), err)
				continue
			}
			if kin, err := s.Registers.Links.Family(t.Context(), subject, register.Cause{Actor: "test"}); err != nil || len(kin) != len(h.Entries)-1 {
				t.Errorf("%s's family of %d: %d, %v", r.Name(), len(h.Entries), len(kin), err)
			}
		}
		if _, err := w.Household([]demo.Given{{"Nachname", "Kind", clock.Date{Y: 2022, M: 1, D: 1}}}, more[0].Home(), 1); !fault.Is(err, fault.Invalid) {
			t.Errorf("a child alone: %v", err)
		}
	})
}
