package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/services"
)

// move loads the shipped definition of the move.
func move(t *testing.T) *Edition {
	t.Helper()
	e, problems := Load(services.Files, "residence-registration.yaml")
	if len(problems) > 0 {
		t.Fatalf("%v", problems)
	}
	return e
}

func day(s string) clock.Date {
	d, err := clock.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func address(t testing.TB, s string) Address {
	t.Helper()
	a, err := authority.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return NewAddress(a, true)
}

// anna is a case in which everything agrees; facts are those of 8 March 2030.
func anna(t testing.TB) (Env, Facts) {
	t.Helper()
	old, home := address(t, "Mühlgasse 1, 05233 Ellerbrück"), address(t, "Lindenallee 4, 05417 Lindenfurt")
	calendar, _ := authority.CalendarOf("mittelau")
	values := Env{
		"proof": "landlord", "mark": "K7M2-Q9TX", "kind": "sole", "correct": true,
		"prefilled": map[string]any{
			"family_name": "Beispiel", "given_names": "Anna Maria (Rufname Anna)", "doctorate": "Dr.", "sex": "weiblich", "tax_id": "00000000001",
			"former_names": map[string]any{"birth_name": "Muster", "earlier": "Vorbild"},
			"birth":        map[string]any{"date": day("1990-05-17"), "place": "Ellerbrück"}, "nationalities": []any{"DE"},
			"homes": []any{map[string]any{"address": old, "kind": "sole"}}, "moved_in": day("2020-01-01"),
			"family_status": map[string]any{"status": "verheiratet", "date": day("2019-06-01"), "place": "Ellerbrück"},
			"blocks":        map[string]any{"information": []any{"§ 51"}, "transmission": []any{"§ 50 Abs. 5"}},
			"documents":     []any{map[string]any{"issuer": "Ellerbrück", "valid_until": day("2033-01-01"), "serial": "X1"}}, "passport_refusal": false,
		},
		"landlord": map[string]any{"provider": "Wohnbau", "moved_in": day("2030-03-01"), "home": home, "people": []any{"Anna Beispiel"}},
	}
	return values, Facts{
		Today: day("2030-03-08"), Received: day("2030-03-08"), Complete: day("2030-03-08"), Channel: "portal", Calendar: calendar,
	}
}

// decided is the case after its decision.
func decided(t *testing.T, e *Edition, values Env, f Facts) Env {
	t.Helper()
	f.Outcome, f.Decided = "registered", f.Today
	return e.Complete(values, f)
}

func TestTheShippedMoveIsSoundAndWhole(t *testing.T) {
	t.Parallel()
	x := examine(services.Files, "residence-registration.yaml")
	x.runTests()
	if len(x.problems) > 0 {
		t.Errorf("want neither errors nor warnings: %v", x.problems)
	}
	for _, r := range x.results {
		if !r.passed {
			t.Errorf("test %q failed", r.name)
		}
	}
	e := x.edition
	if got, want := e.Languages(), []string{"de", "en"}; !slices.Equal(got, want) {
		t.Errorf("languages %v", got)
	}
	if e.Path != "umzug" || e.Applicant.Trust != TrustHigh || e.Decision.PermittedBy == "" || !e.Decision.Example {
		t.Errorf("%+v", e.Decision)
	}
	if len(e.Hash()) != 64 || e.Hash() != move(t).Hash() {
		t.Errorf("hash %s", e.Hash())
	}
	if got := e.Marked(); slices.Contains(got, "decision") || !slices.Contains(got, "notices.broadcasting") {
		t.Errorf("marked: %v", got)
	}
}

func TestTextsSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	e := move(t)
	if got := e.Text("en", "fields.move_in.label"); got != "Date of moving in" {
		t.Error(got)
	}
	if got := e.Text("fr", "fields.move_in.label"); got != "Einzugsdatum" {
		t.Errorf("want German where there is nothing else, got %q", got)
	}
	if got := e.Text("en", "fields.nobody.label"); got != "fields.nobody.label" {
		t.Error(got)
	}
}

func TestCompleteTakesWhatEvidenceBrings(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	env := e.Complete(values, facts)
	if got := e.Print("de", env, "new_home"); got != "Lindenallee 4, 05417 Lindenfurt" {
		t.Error(got)
	}
	if got := env.At("deadline.duty"); got != day("2030-03-15") {
		t.Error(got)
	}
	if got := e.Print("en", env, "move_in"); strings.ReplaceAll(got, "\u00a0", " ") != "1 March 2030" {
		t.Error(got)
	}
	if _, changed := values["new_home"]; changed {
		t.Error("the case's own values were changed")
	}
	if got := e.Corrections(env); len(got) > 0 {
		t.Errorf("nothing was corrected, got %v", got)
	}
	values["move_in"] = day("2030-03-02")
	if got := e.Corrections(e.Complete(values, facts)); !slices.Equal(got, []string{"move_in"}) {
		t.Errorf("corrections %v", got)
	}
}

func TestAConditionThatDoesNotHoldTakesTheValueOut(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	values["own_home"], values["entitled"] = true, true
	env := e.Complete(values, facts)
	if env["own_home"] != nil || env["entitled"] != nil {
		t.Error("a tick that nobody was asked for counts")
	}
	values["proof"] = "owner"
	if env = e.Complete(values, facts); env["own_home"] != true || env["mark"] != nil || env["landlord"] != nil {
		t.Errorf("own_home %v, mark %v", env["own_home"], env["mark"])
	}
	if got := e.Asked(env, "entitled"); got != No {
		t.Error(got)
	}
	if got := e.Wanted(env, "landlord"); got != No {
		t.Error(got)
	}
}

func TestTheMachineDecidesOnlyThroughTheGate(t *testing.T) {
	t.Parallel()
	e := move(t)
	for _, c := range []struct {
		name   string
		change func(Env, *Facts)
		live   bool
		by     Hand
		why    []Ground
	}{
		{"all agrees", func(Env, *Facts) {}, false, ByMachine, nil},
		{"no real law permits it", func(Env, *Facts) {}, true, ByPerson, []Ground{{Code: GroundNoLaw}}},
		{"remarks", func(_ Env, f *Facts) { f.Applicant.Remarks = "Ich ziehe nur halb um." }, false, ByPerson, []Ground{{Code: GroundRemarks}}},
		{"spaces are no remark", func(_ Env, f *Facts) { f.Applicant.Remarks = "  " }, false, ByMachine, nil},
		{"asks for a person", func(_ Env, f *Facts) { f.Applicant.WantsPerson = true }, false, ByPerson, []Ground{{Code: GroundWantsPerson}}},
		{"the last tick is missing", func(v Env, _ *Facts) { v["correct"] = nil }, false, ByPerson, []Ground{{Code: GroundMissing}}},
		{"a second case", func(_ Env, f *Facts) { f.Applicant.OpenCases = 1 }, false, ByPerson, []Ground{{GroundCheck, "no_second_case"}}},
		{"impossible day", func(v Env, _ *Facts) { v["move_in"] = day("2050-01-01") }, false, ByNobody, []Ground{{GroundStopped, "within_a_year"}, {GroundCheck, "landlord_agrees"}}},
		{
			"and insists", func(v Env, f *Facts) { v["move_in"] = day("2050-01-01"); f.Applicant.Insists = true }, false, ByPerson,
			[]Ground{{GroundStopped, "within_a_year"}, {GroundCheck, "landlord_agrees"}, {Code: GroundInsists}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, facts := anna(t)
			c.change(values, &facts)
			env := e.Complete(values, facts)
			p := e.Decide(env, e.Findings(env, "examine"), c.live)
			if p.By != c.by || !slices.Equal(p.Why, c.why) {
				t.Errorf("got %s because of %v, want %s because of %v", p.By, p.Why, c.by, c.why)
			}
			if p.By != ByNobody && p.Outcome != "registered" {
				t.Errorf("outcome %q", p.Outcome)
			}
		})
	}
}

func TestNoMachineDecidesABurdenBeforeAHearing(t *testing.T) {
	t.Parallel()
	values, facts := anna(t)
	for _, c := range []struct {
		hearing authority.Period
		law     string
		burden  bool
		by      Hand
		why     []Ground
	}{
		{authority.Period{N: 2, Unit: authority.Weeks}, "", true, ByPerson, []Ground{{Code: GroundHearing}}},
		{authority.Period{}, "§ 28 Abs. 2 Nr. 3 VwVfG", true, ByMachine, nil},
		{authority.Period{}, "", false, ByMachine, nil},
	} {
		e := *move(t)
		e.Decision.Outcomes = slices.Clone(e.Decision.Outcomes)
		e.Decision.Outcomes[0].Burden, e.Decision.Outcomes[0].Hearing, e.Decision.Outcomes[0].Unheard = c.burden, c.hearing, c.law
		env := e.Complete(values, facts)
		if p := e.Decide(env, e.Findings(env, "examine"), false); p.By != c.by || !slices.Equal(p.Why, c.why) || p.Outcome != "registered" {
			t.Errorf("hearing %v, law %q: %q by %s because of %v", c.hearing, c.law, p.Outcome, p.By, p.Why)
		}
	}
}

func TestADeadlineThatPausesStandsStillAndAnotherDoesNot(t *testing.T) {
	t.Parallel()
	e := *move(t)
	values, facts := anna(t)
	at := func(name string) any { return e.Complete(values, facts).At("deadline." + name) }
	before := at("answer")
	facts.Pauses = []authority.Pause{{From: facts.Received, To: facts.Received.AddDays(7)}}
	if got := at("answer"); got != before {
		t.Errorf("a question moved a deadline that does not pause: %v, before %v", got, before)
	}
	given := slices.Clone(e.given)
	for i, g := range given {
		if g.deadline != nil && g.deadline.Name == "answer" {
			pausing := *g.deadline
			pausing.Pauses = true
			given[i].deadline = &pausing
		}
	}
	e.given = given
	if got, want := at("answer"), facts.Calendar.End(facts.Received.AddDays(7), authority.Period{N: 2, Unit: authority.WorkingDays}); got != want {
		t.Errorf("the clock did not stand: %v, want %v", got, want)
	}
}

func TestAMissingValueNeverPassesAndNeverRefuses(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	delete(values, "prefilled")
	env := e.Complete(values, facts)
	for _, f := range e.Findings(env, "") {
		if f.Severity == Stop || f.Severity == Person && !f.Unknown {
			t.Errorf("%s: %s, unknown %v", f.Check, f.Severity, f.Unknown)
		}
	}
	for _, f := range e.FindingsKnown(env, "") {
		t.Errorf("%s speaks although its values are missing", f.Check)
	}
	values, facts = anna(t)
	values["landlord"].(map[string]any)["moved_in"] = nil
	values["move_in"] = day("2030-03-01")
	env = e.Complete(values, facts)
	if f := e.Findings(env, ""); len(f) != 1 || f[0].Check != "landlord_agrees" || !f[0].Unknown {
		t.Errorf("a confirmation without a day: %v", f)
	}
}

func TestAPageShowsOnlyWhatItCanKnow(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	delete(values, "landlord")
	delete(values, "mark")
	values["proof"], values["new_home"], values["move_in"] = "code", address(t, "Lindenallee 4, 05417 Lindenfurt"), day("1980-01-01")
	env := e.Complete(values, facts)
	names := func(stage string) (out []string) {
		for _, f := range e.FindingsKnown(env, stage) {
			out = append(out, f.Check)
		}
		return out
	}
	if got := names("release"); len(got) > 0 {
		t.Errorf("before anything was asked: %v", got)
	}
	if got, want := names("apply"), []string{"after_birth", "in_time"}; !slices.Equal(got, want) {
		t.Errorf("on the page that asks the day: got %v, want %v", got, want)
	}
	if got := names("letter"); !slices.Contains(got, "move_confirmed") {
		t.Errorf("without a code: %v", got)
	}
	if got := e.FieldsOf("after_birth"); !slices.Equal(got, []string{"move_in"}) {
		t.Errorf("the check belongs beside %v", got)
	}
}

func TestAMoveInTheFutureWaitsForItsDay(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	values["move_in"] = day("2030-07-01")
	values["landlord"].(map[string]any)["moved_in"] = day("2030-07-01")
	env := e.Complete(values, facts)
	if f := e.FindingsKnown(env, "apply"); len(f) > 0 {
		t.Errorf("preparing must not be stopped: %v", f)
	}
	s, truth, ok := e.StageNext(env, "letter")
	if !ok || s.Name != "day" || truth != Yes || !s.Machine() {
		t.Fatalf("next %q %v", s.Name, truth)
	}
	if got, want := s.Acts(), []string{"until", "fetch"}; !slices.Equal(got, want) {
		t.Errorf("acts %v", got)
	}
	if got, ok := e.Until(env, "day"); !ok || got != day("2030-07-01") {
		t.Error(got)
	}
	facts.Today = day("2030-07-01")
	env = e.Complete(values, facts)
	if s, _, _ := e.StageNext(env, "letter"); s.Name != "confirm" || s.Who != "applicant" {
		t.Errorf("on the day itself one tap is left, got %q", s.Name)
	}
}

func TestTheWayOfACase(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	env := decided(t, e, values, facts)
	var way []string
	for at := ""; ; {
		s, truth, ok := e.StageNext(env, at)
		if !ok {
			break
		}
		if truth != Yes {
			t.Errorf("%s is %v", s.Name, truth)
		}
		way, at = append(way, s.Name), s.Name
	}
	if got := fmt.Sprint(way); got != "[arrive proof release apply family letter confirm examine decide enact tell]" {
		t.Error(got)
	}
	s, _ := e.StageNamed("enact")
	if !slices.Equal(s.Acts(), []string{"record", "send"}) || len(s.Send) != len(e.NoticeRules) {
		t.Errorf("enact does %v and sends %v", s.Acts(), s.Send)
	}
	values["handed_over"] = map[string]any{"mark": "M", "home": address(t, "Lindenallee 4, 05417 Lindenfurt"), "moved_in": day("2030-03-01")}
	delete(values, "proof")
	delete(values, "mark")
	env = e.Complete(values, facts)
	if s, _, _ := e.StageNext(env, "arrive"); s.Name != "release" || env["mark"] != "M" {
		t.Errorf("who comes from a portal is not asked for the mark: %q, mark %v", s.Name, env["mark"])
	}
	if got := e.With(env, "landlord"); got["mark"] != "M" {
		t.Errorf("the confirmation is found by %v", got)
	}
	facts.Outcome = "refused"
	if got := e.When(e.Complete(values, facts), "enact"); got != No {
		t.Errorf("a refusal registers nobody, got %v", got)
	}
	if got := e.When(e.Complete(values, Facts{}), "enact"); got != Unknown {
		t.Errorf("before the decision it is unknown, got %v", got)
	}
}
