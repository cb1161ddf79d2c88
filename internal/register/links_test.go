package register_test

import (
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

var why = register.Cause{Actor: "account-1"}

func who(given, family, born string) register.Identity {
	r := someone(given, family, born)
	return register.Identity{Family: family, Given: given, Birth: r.Birth.Date}
}

func TestAPersonIsFoundByNameAndBirthdayAndSeesIt(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		t.records()
		for _, spelling := range []register.Identity{
			who("Jana Maria", "Wittkamp", "1995-06-14"), who("JANA MARIA", "wittkamp", "1995-06-14"),
			{Family: "Wittkamp", Given: "Jana Maria", Birth: clock.Date{Y: 1995, M: 6, D: 14}, Home: oldHome},
			{Family: "Wittkamp", Given: "Jana Maria", Birth: clock.Date{Y: 1995, M: 6, D: 14}, Home: newHome}, // the card is older than the move
		} {
			if got, err := t.register.Links.Self(ctx, spelling, why); err != nil || got != t.subject["Jana"] {
				t.Errorf("%+v: got %s, %v", spelling, got, err)
			}
		}
		if n := t.records(); n != 4 {
			t.Errorf("%d records, want one for each search", n)
		}
		items, err := t.ledger.OfSubject(ctx, t.db, t.subject["Jana"], 0, 10)
		if err != nil || len(items) != 4 {
			t.Fatalf("she sees %d accesses, %v", len(items), err)
		}
	})
}

func TestNobodyIsToldWhoIsNotMeant(t *testing.T) {
	story(t, func(t *towns) {
		twin := someone("Kim", "Berg", "2000-01-01")
		elsewhere := twin
		elsewhere.Homes = []register.Home{{Address: newHome, Kind: register.Sole}}
		t.load("alt", append(family(), register.Entry{Resident: twin})...)
		t.load("neu", register.Entry{Resident: elsewhere})
		t.records()
		for _, stranger := range []register.Identity{
			who("Jana", "Wittkamp", "1995-06-14"), who("Jana Maria", "Wittkamp", "1995-06-15"), who("Jana Maria", "Wittkampf", "1995-06-14"),
			{Family: "Wittkamp", Given: "Jana Maria"},
			{},
			{Family: "Wittkamp", Birth: clock.Date{Y: 1995, M: 6, D: 14}},
		} {
			if got, err := t.register.Links.Self(ctx, stranger, why); got != "" || fault.CodeOf(err) != register.CodeNotFound {
				t.Errorf("%+v: got %s, %v", stranger, got, err)
			}
		}
		if got, err := t.register.Links.Self(ctx, who("Kim", "Berg", "2000-01-01"), why); got != "" || fault.CodeOf(err) != register.CodeAmbiguous {
			t.Errorf("found twice: got %s, %v", got, err)
		}
		if n := t.records(); n != 0 {
			t.Errorf("%d accesses recorded though nobody's data were told", n)
		}
		one := who("Kim", "Berg", "2000-01-01")
		one.Home = authority.Address{Street: "Nirgendweg", House: "1", Postcode: "05233", Town: "Altstadt"}
		if got, err := t.register.Links.Self(ctx, one, why); got != "" || fault.CodeOf(err) != register.CodeNotFound {
			t.Errorf("found twice, living elsewhere: got %s, %v", got, err)
		}
		one.Home = newHome
		if got, err := t.register.Links.Self(ctx, one, why); err != nil || got != t.subject["Kim"] {
			t.Errorf("with the address: got %s, %v", got, err)
		}
	})
}

func TestAFamilyIsSpouseAndMinorChildren(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		t.records()
		got, err := t.register.Links.Family(ctx, t.subject["Jana"], why)
		if err != nil {
			t.Fatal(err)
		}
		is := map[ledger.Subject]register.Kin{}
		for _, r := range got {
			is[r.Subject] = r.Kin
		}
		if len(got) != 2 || is[t.subject["Tobias"]] != register.Spouse || is[t.subject["Mila"]] != register.Child {
			t.Errorf("Jana's family is %+v", got) // not Lea: she turned 18 today
		}
		if n := t.records(); n != 3 {
			t.Errorf("%d records, want one for Jana and one for each relative told", n)
		}
		if got, err := t.register.Links.Family(ctx, t.subject["Mila"], why); err != nil || len(got) != 0 {
			t.Errorf("a child acts for %+v, %v", got, err)
		}
		if kin, yes, err := t.register.Links.Is(ctx, t.subject["Tobias"], t.subject["Mila"], why); err != nil || !yes || kin != register.Child {
			t.Errorf("Mila is Tobias's %s: %v, %v", kin, yes, err)
		}
		if _, yes, err := t.register.Links.Is(ctx, t.subject["Mila"], t.subject["Tobias"], why); err != nil || yes {
			t.Errorf("Tobias is Mila's relative to act for: %v, %v", yes, err)
		}
		if _, err := t.register.Links.Family(ctx, "nobody", why); fault.CodeOf(err) != register.CodeNotFound {
			t.Errorf("nobody's family: %v", err)
		}
	})
}

func TestABlockedSpouseIsNeitherFamilyNorMissing(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family(register.InformationBlock(clock.Date{Y: 2029, M: 1, D: 1}))...)
		t.records()
		got, err := t.register.Links.Family(ctx, t.subject["Jana"], why)
		if err != nil || len(got) != 1 || got[0].Subject != t.subject["Mila"] {
			t.Errorf("Jana's family is %+v, %v", got, err)
		}
		if _, yes, err := t.register.Links.Is(ctx, t.subject["Jana"], t.subject["Tobias"], why); err != nil || yes {
			t.Errorf("she learns that it is he: %v, %v", yes, err)
		}
		t.records()
		if items, err := t.ledger.OfSubject(ctx, t.db, t.subject["Tobias"], 0, 10); err != nil || len(items) != 0 {
			t.Errorf("an access to him was recorded: %v, %v", items, err)
		}
		if got, err := t.register.Links.Self(ctx, who("Tobias", "Wittkamp", "1993-02-01"), why); err != nil || got != t.subject["Tobias"] {
			t.Errorf("he himself is still found: %s, %v", got, err)
		}
	})
}

func TestWhoMovedAwayIsFoundOnlyInTheNewTown(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		t.moveOut("case-1", register.Sole, "Jana")
		if _, err := t.register.Links.Self(ctx, who("Jana Maria", "Wittkamp", "1995-06-14"), why); fault.CodeOf(err) != register.CodeNotFound {
			t.Errorf("still found: %v", err)
		}
		if got, err := t.register.Links.Family(ctx, t.subject["Tobias"], why); err != nil || len(got) != 1 {
			t.Errorf("he acts for who lives here no more: %+v, %v", got, err)
		}
	})
}
