package register_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

func TestAFamilyMovesFromOneRegisterToAnother(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		written := t.moveIn("case-1", register.Sole, "Jana", "Tobias", "Mila")
		if len(written) != 3 || written[0].Subject != t.subject["Jana"] || written[0].Version != 1 {
			t.Fatalf("written %+v", written)
		}
		t.moveOut("case-1", register.Sole, "Jana", "Tobias", "Mila")

		jana := t.one("neu", "Jana", register.FieldNames()...)
		for name, want := range map[string]string{
			"given_names": "Jana Maria (Rufname Jana)", "religion": "rk", "moved_in": "2030-03-01", "former_names": `{"birth_name":"Hoyer"}`,
			"homes": `[{"address":"Lindenallee 12, 05417 Neustadt","kind":"sole"}]`,
		} {
			if got := text(jana[name]); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		// The new town knows the family as its own people: the relatives' new home is theirs, not the one reported.
		if spouse := text(jana["spouse"]); !strings.Contains(spouse, "Tobias") || !strings.Contains(spouse, "Lindenallee 12") {
			t.Errorf("spouse is %s", spouse)
		}
		if family, err := t.register.Links.Family(ctx, t.subject["Tobias"], why); err != nil || len(family) != 2 {
			t.Errorf("Tobias's family in the new town is %+v, %v", family, err)
		}
		if got := t.read("alt", register.FieldNames(), false, "Jana", "Tobias", "Mila"); len(got) != 0 {
			t.Errorf("the old town still answers %v", got)
		}
		where, err := t.register.Evidence.Where(ctx, t.db, []ledger.Subject{t.subject["Jana"]}, register.Residents)
		if err != nil || len(where[t.subject["Jana"]]) != 1 || where[t.subject["Jana"]][0].Authority != "neu" {
			t.Errorf("the index points to %v, %v", where, err)
		}
		if lea := t.one("alt", "Lea", "family_name"); lea == nil {
			t.Error("who stayed is gone")
		}
	})
}

func TestTheSameCaseRegistersOnce(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		first := t.moveIn("case-1", register.Sole, "Jana", "Mila")
		rows := t.rows(`SELECT COUNT(*) FROM register_record`)
		again := t.moveIn("case-1", register.Sole, "Jana", "Mila")
		if !slices.EqualFunc(first, again, func(a, b register.Written) bool { return a.Subject == b.Subject && a.Version == b.Version }) {
			t.Errorf("first %+v, again %+v", first, again)
		}
		if n := t.rows(`SELECT COUNT(*) FROM register_record`); n != rows {
			t.Errorf("%d rows became %d", rows, n)
		}
		out := t.moveOut("case-1", register.Sole, "Jana")
		if twice := t.moveOut("case-1", register.Sole, "Jana"); twice[0].Version != out[0].Version || out[0].Version != 2 {
			t.Errorf("moved out %+v, then %+v", out, twice)
		}
		p, err := t.register.PlanMoveIn(ctx, register.MoveIn{
			Authority: "neu", Case: "case-1", Day: today(t), Home: newHome, Kind: register.Sole,
			MovedIn: today(t), People: []register.Person{{Subject: t.subject["Tobias"], Values: t.one("alt", "Tobias", register.FieldNames()...)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		err = t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { _, err := t.register.Apply(ctx, tx, p); return err })
		if fault.CodeOf(err) != "register.error.other_people" {
			t.Errorf("other people under the same case: %v", err)
		}
		if got := t.one("neu", "Tobias", "family_name"); got != nil {
			t.Errorf("he was registered: %v", got)
		}
	})
}

func TestADecisionThatFailsRegistersNobody(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		values := t.one("alt", "Jana", register.FieldNames()...)
		p, err := t.register.PlanMoveIn(ctx, register.MoveIn{
			Authority: "neu", Case: "case-1", Day: today(t), Home: newHome, Kind: register.Sole,
			MovedIn: today(t), People: []register.Person{{Subject: t.subject["Jana"], Values: values}},
		})
		if err != nil {
			t.Fatal(err)
		}
		refused := errors.New("the decision fails after the register was written")
		err = t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := t.register.Apply(ctx, tx, p); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if got := t.one("neu", "Jana", "family_name"); got != nil {
			t.Errorf("she is registered: %v", got)
		}
		if n := t.rows(`SELECT COUNT(*) FROM register_pointer`); n != 4 {
			t.Errorf("%d pointers", n)
		}
		t.move(p, nil) // the same plan serves again
		if got := t.one("neu", "Jana", "family_name"); got == nil {
			t.Error("she is not registered")
		}
	})
}

func TestWhoFollowsLaterIsFamilyAgain(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		t.moveIn("case-1", register.Sole, "Jana")
		t.moveOut("case-1", register.Sole, "Jana")
		if got, err := t.register.Links.Family(ctx, t.subject["Jana"], why); err != nil || len(got) != 0 {
			t.Errorf("she acts for people in another town: %+v, %v", got, err)
		}
		jana := t.one("neu", "Jana", "spouse", "children")
		if spouse := text(jana["spouse"]); !strings.Contains(spouse, "Tobias") || !strings.Contains(spouse, "Mühlgasse 7") {
			t.Errorf("the register keeps of her husband %s", spouse)
		}
		if spouse := text(t.one("alt", "Tobias", "spouse")["spouse"]); !strings.Contains(spouse, "Lindenallee 12") {
			t.Errorf("the old register keeps of her %s", spouse) // § 3 Abs. 1 Nr. 15 g BMG
		}
		t.moveIn("case-2", register.Sole, "Tobias", "Mila")
		got, err := t.register.Links.Family(ctx, t.subject["Jana"], why)
		if err != nil || len(got) != 2 {
			t.Errorf("her family is %+v, %v", got, err)
		}
	})
}

func TestSomebodyWithoutARegisterIsEnteredOnce(t *testing.T) {
	story(t, func(t *towns) {
		typed, err := someone("Noor", "Haddad", "1990-05-17").Values("family_name", "given_names", "birth", "sex", "nationalities")
		if err != nil {
			t.Fatal(err)
		}
		in := register.MoveIn{
			Authority: "neu", Case: "case-1", Day: today(t), Home: newHome, Kind: register.Sole, MovedIn: today(t),
			People: []register.Person{{Values: typed}},
		}
		first := t.move(t.register.PlanMoveIn(ctx, in))
		again := t.move(t.register.PlanMoveIn(ctx, in)) // a retry plans anew, and would make another person
		if first[0].Subject == "" || first[0].Subject != again[0].Subject {
			t.Errorf("first %+v, again %+v", first, again)
		}
		if n := t.rows(`SELECT COUNT(*) FROM register_person`); n != 1 {
			t.Errorf("%d persons", n)
		}
		if got, err := t.register.Links.Self(ctx, who("Noor", "Haddad", "1990-05-17"), why); err != nil || got != first[0].Subject {
			t.Errorf("found %s, %v", got, err)
		}
	})
}

func TestMovingInsideTheTownLosesNothing(t *testing.T) {
	story(t, func(t *towns) {
		t.load("neu", family(register.InformationBlock(clock.Date{Y: 2029, M: 1, D: 1}))...)
		for name, typed := range map[string]register.Resident{"Tobias": someone("Tobias", "Wittkamp", "1993-02-01"), "Jana": someone("Jana Maria", "Wittkamp", "1995-06-14")} {
			values, err := typed.Values("family_name", "given_names", "birth") // she and he typed the form themselves
			if err != nil {
				t.Fatal(err)
			}
			t.move(t.register.PlanMoveIn(ctx, register.MoveIn{
				Authority: "neu", Case: "case-" + name, Day: today(t), Home: newHome, Kind: register.Sole,
				MovedIn: today(t), People: []register.Person{{Subject: t.subject[name], Values: values}},
			}))
		}
		if blocks := text(t.one("neu", "Tobias", "blocks")["blocks"]); !strings.Contains(blocks, "§ 51 BMG") {
			t.Errorf("his block is gone: %q", blocks)
		}
		if spouse := t.one("neu", "Jana", "spouse"); len(spouse) != 0 {
			t.Errorf("she reads %v", spouse)
		}
		if spouse := text(t.one("neu", "Tobias", "spouse")["spouse"]); !strings.Contains(spouse, "Jana") || !strings.Contains(spouse, "Lindenallee") {
			t.Errorf("he reads %s", spouse)
		}
	})
}

func TestAReportSaysWhatDiffers(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		told := t.one("alt", "Jana", register.FieldNames()...)
		told["doctorate"] = []byte(`"Dr."`)
		told["sex"] = []byte(` "divers"`)
		told["birth"] = []byte(`{"place":"Altstadt","date":"1995-06-14"}`) // the same, written otherwise
		out := register.MoveOut{
			Authority: "alt", Case: "case-1", Day: today(t), Forward: newHome, Kind: register.Sole,
			People: []register.Person{{Subject: t.subject["Jana"], Values: told}},
		}
		for range 2 { // the answer is the same the second time
			if got := t.move(t.register.PlanMoveOut(ctx, out)); !slices.Equal(got[0].Differing, []string{"doctorate", "sex"}) {
				t.Errorf("differing: %v", got[0].Differing)
			}
		}
	})
}

func TestASecondHomeLeavesTheFirst(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		t.moveIn("case-1", register.Secondary, "Jana")
		t.moveOut("case-1", register.Secondary, "Jana")
		for _, town := range []string{"alt", "neu"} {
			homes := text(t.one(authority.Key(town), "Jana", "homes")["homes"])
			if !strings.Contains(homes, `"Mühlgasse 7, 05233 Altstadt","kind":"main"`) || !strings.Contains(homes, `"Lindenallee 12, 05417 Neustadt","kind":"secondary"`) {
				t.Errorf("%s keeps %s", town, homes)
			}
		}
		if got, err := t.register.Links.Self(ctx, who("Jana Maria", "Wittkamp", "1995-06-14"), why); err != nil || got != t.subject["Jana"] {
			t.Errorf("in two registers she is %s, %v", got, err)
		}
	})
}

func TestAPlanThatCannotBeRightIsRefused(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		good := register.MoveIn{
			Authority: "neu", Case: "c", Day: today(t), Home: newHome, Kind: register.Sole, MovedIn: today(t),
			People: []register.Person{{Subject: t.subject["Jana"], Values: t.one("alt", "Jana", register.FieldNames()...)}},
		}
		for name, spoil := range map[string]func(in *register.MoveIn){
			"no case": func(in *register.MoveIn) { in.Case = "" },
			"no home": func(in *register.MoveIn) { in.Home = authority.Address{} },
			"no day":  func(in *register.MoveIn) { in.MovedIn = clock.Date{} },
			"no kind": func(in *register.MoveIn) { in.Kind = "boat" },
			"nobody":  func(in *register.MoveIn) { in.People = nil },
			"twice":   func(in *register.MoveIn) { in.People = append(in.People, in.People[0]) },
			"stranger": func(in *register.MoveIn) {
				in.People = []register.Person{{Subject: "nobody", Values: in.People[0].Values}}
			},
			"nameless": func(in *register.MoveIn) { in.People = []register.Person{{Subject: in.People[0].Subject}} },
			"bad field": func(in *register.MoveIn) {
				in.People = []register.Person{{Values: register.Values{"salary": []byte("1")}}}
			},
			"bad value": func(in *register.MoveIn) {
				in.People = []register.Person{{Values: register.Values{"birth": []byte(`"today"`)}}}
			},
		} {
			in := good
			in.People = slices.Clone(good.People)
			spoil(&in)
			if p, err := t.register.PlanMoveIn(ctx, in); err == nil {
				t.Errorf("%s: planned %v", name, p)
			}
		}
		if _, err := t.register.PlanMoveOut(ctx, register.MoveOut{
			Authority: "alt", Case: "c", Day: today(t), Forward: newHome, Kind: register.Sole,
			People: []register.Person{{}},
		}); fault.CodeOf(err) != register.CodeNotFound {
			t.Errorf("nobody moves out: %v", err)
		}
	})
}

func TestWhoIsUnknownCannotMoveOut(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		p, err := t.register.PlanMoveOut(ctx, register.MoveOut{
			Authority: "neu", Case: "c", Day: today(t), Forward: newHome, Kind: register.Sole,
			People: []register.Person{{Subject: t.subject["Jana"]}},
		})
		if err != nil {
			t.Fatal(err)
		}
		err = t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { _, err := t.register.Apply(ctx, tx, p); return err })
		if fault.CodeOf(err) != register.CodeNotFound {
			t.Errorf("got %v", err)
		}
	})
}
