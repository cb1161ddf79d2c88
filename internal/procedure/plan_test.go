package procedure

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/services"
)

var noon = clock.At("2030-03-08 12:00").Now()

func shipped(t interface{ Fatal(...any) }) *catalog.Edition {
	ed, problems := catalog.Load(services.Files, "residence-registration.yaml")
	if ed == nil {
		t.Fatal(problems)
	}
	return ed
}

func plannerOf(ed *catalog.Edition, live bool) planner {
	calendar, _ := authority.CalendarOf("mittelau")
	return planner{ed: ed, now: noon, live: live, facts: catalog.Facts{Today: clock.DateOf(noon), Calendar: calendar}}
}

const anna = `{
	"prefilled": {"family_name": "Beispiel", "given_names": "Anna", "birth": {"date": "1990-05-17", "place": "Altstadt"}, "sex": "weiblich",
		"tax_id": "00000000001", "nationalities": ["DE"], "homes": [{"address": {"street": "Alte Gasse", "house": "1", "postcode": "11111",
		"town": "Altstadt", "verified": true}, "kind": "sole"}], "moved_in": "2020-01-01", "family_status": {"status": "ledig"},
		"documents": [], "passport_refusal": false},
	"proof": "owner", "own_home": true, "kind": "sole", "move_in": "2030-03-01", "correct": true,
	"new_home": {"street": "Lindenweg", "house": "4", "postcode": "22222", "town": "Neustadt", "verified": true}}`

// handedIn is a case whose forms have all been sent.
func handedIn(values string) Case {
	return Case{
		ID: "case", Stage: "arrive", Subject: "anna", Channel: "app", Received: noon,
		State: State{
			Values: json.RawMessage(values), Filled: []string{"proof", "apply", "confirm"},
			Fetched: map[string]Fetched{"release/prefilled": {How: FromRegister}, "day/prefilled": {How: FromRegister}},
		},
	}
}

func TestACaseThatNeedsNobodyRunsToItsEndInOneGo(t *testing.T) {
	out, err := plannerOf(shipped(t), false).advance(handedIn(anna))
	if err != nil {
		t.Fatal(err)
	}
	if !out.ended || out.c.Outcome != "registered" || out.c.DecidedBy != ByMachine || len(out.enact) != 2 {
		t.Errorf("ended %v, %q by %q, %d stages enacted, waits for %q %s", out.ended, out.c.Outcome, out.c.DecidedBy, len(out.enact), out.c.Wait, out.c.Reason)
	}
}

func TestAMadeUpPermissionLetsNoMachineDecideAboutRealPeople(t *testing.T) {
	out, err := plannerOf(shipped(t), true).advance(handedIn(anna))
	if err != nil {
		t.Fatal(err)
	}
	if out.c.Status != AtDesk || out.c.State.Decision != nil || len(out.enact) != 0 || out.c.State.Proposal != "registered" {
		t.Errorf("%s, decided %v, %d enacted, proposed %q", out.c.Status, out.c.State.Decision, len(out.enact), out.c.State.Proposal)
	}
}

// Whatever a person says, planning twice from the same state gives the same plan, a plan never writes into the case it was
// made from, and nothing is enacted that nobody decided, or twice.
func TestPlansAreRepeatableAndNeverActWithoutADecision(t *testing.T) {
	ed := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		var values map[string]any
		if err := json.Unmarshal([]byte(anna), &values); err != nil {
			t.Fatal(err)
		}
		days := rapid.IntRange(-400, 400).Draw(t, "days")
		values["move_in"] = clock.DateOf(noon).AddDays(days).String()
		values["kind"] = rapid.SampledFrom([]string{"sole", "main", "secondary"}).Draw(t, "kind")
		values["new_home"].(map[string]any)["verified"] = rapid.Bool().Draw(t, "verified")
		for _, name := range []string{"own_home", "correct", "kind", "proof", "move_in", "prefilled"} {
			if rapid.IntRange(0, 9).Draw(t, "lacks "+name) == 0 {
				delete(values, name)
			}
		}
		raw, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		c := handedIn(string(raw))
		c.State.Insists, c.State.WantsPerson = rapid.Bool().Draw(t, "insists"), rapid.IntRange(0, 3).Draw(t, "wants") == 0
		for _, stage := range []string{"proof", "apply", "confirm"} {
			if rapid.IntRange(0, 4).Draw(t, "not sent "+stage) == 0 {
				c.State.Filled = without(c.State.Filled, stage)
			}
		}
		p := plannerOf(ed, rapid.Bool().Draw(t, "live"))
		before := clone(t, c)
		first, err := p.advance(c)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(clone(t, c), before) {
			t.Fatal("the plan wrote into its case")
		}
		second, err := p.advance(c)
		if err != nil || !reflect.DeepEqual(clone(t, first.c), clone(t, second.c)) || len(first.enact) != len(second.enact) {
			t.Fatalf("the same case gave two plans: %v", err)
		}
		if len(first.enact) > 0 && first.c.State.Decision == nil {
			t.Fatal("something happens that nobody decided")
		}
		if first.c.DecidedBy == ByMachine && (p.live || c.State.WantsPerson) {
			t.Fatal("the machine decided where a person must")
		}
		third, err := p.advance(first.c)
		if err != nil || len(third.enact) != 0 {
			t.Fatalf("planning on enacts %d stages again (%v)", len(third.enact), err)
		}
	})
}

func clone(t *rapid.T, c Case) map[string]any {
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAFileNumberSaysTheYearAndNothingAboutAnybody(t *testing.T) {
	if got, want := number("abcdefghijkmnpqrstuvwxyz23", clock.Date{Y: 2030, M: 3, D: 4}), "2030-ABCD-EFGH"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if noon.Location() == time.UTC {
		t.Error("the clock of this test stands in Berlin")
	}
}
