package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func notice(t *testing.T, due []NoticeDue, key string) NoticeDue {
	t.Helper()
	n, ok := byName(due, func(n NoticeDue) bool { return n.Key == key })
	if !ok {
		t.Fatalf("no notice %s among %d", key, len(due))
	}
	return n
}

func sent(p NoticePerson, path string) any {
	s, _ := byName(p.Values, func(s Sent) bool { return s.Path == path })
	return s.Value
}

// Of each field only the sheets that the law names are sent.
func TestANoticeIsCutToTheSheetsItsLawNames(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	due, open := e.Notices(decided(t, e, values, facts))
	if len(open) > 0 {
		t.Errorf("open: %v", open)
	}
	for _, n := range due {
		law, known := shippedSheets()[n.Law]
		if known {
			for _, s := range n.Sheets {
				if !law.names[s] {
					t.Errorf("%s sends sheet %s, which %s does not name", n.Key, s, n.Law)
				}
			}
		}
	}
	office := notice(t, due, "tax_number_office")
	p := office.Persons[0]
	if got := fmt.Sprint(sent(p, "former_names")); got != "map[birth_name:Muster]" {
		t.Errorf("the tax office gets the birth name only, not %v", got)
	}
	if sent(p, "blocks.information") == nil || sent(p, "blocks") != nil || strings.Contains(fmt.Sprint(p.Values), "§ 50") {
		t.Errorf("the tax office gets blocks on information only: %v", p.Values)
	}
	pension := notice(t, due, "pension_office")
	if got := fmt.Sprint(sent(pension.Persons[0], "former_names")); got != "map[birth_name:Muster earlier:Vorbild]" {
		t.Errorf("the pension office gets all former names, not %v", got)
	}
	if sent(pension.Persons[0], "family_status.date") != day("2019-06-01") || sent(pension.Persons[0], "family_status.status") != nil {
		t.Errorf("of the family status the pension office gets the day only: %v", pension.Persons[0].Values)
	}
	if slices.Contains(pension.Sheets, "1401") || !slices.Contains(pension.Sheets, "1402") {
		t.Errorf("sheets %v", pension.Sheets)
	}
	if slices.Contains(pension.Sheets, "0501") {
		t.Error("a name that is unknown was named as sent")
	}
}

func TestTheOldTownHearsWithinThreeWorkingDaysAndAnswers(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	env := decided(t, e, values, facts)
	due, _ := e.Notices(env)
	n := notice(t, due, "old_town")
	if n.To.Register != "residents" || n.To.At.String() != "Mühlgasse 1, 05233 Ellerbrück" || n.To.Authority != "" {
		t.Errorf("to %+v", n.To)
	}
	if got := facts.Calendar.End(facts.Today, n.Within); got != day("2030-03-12") {
		t.Errorf("registered on Friday, told until %v", got)
	}
	if n.Answer.IsZero() || n.AnswerLaw != "§ 33 Abs. 2 BMG" {
		t.Errorf("answer %v by %s", n.Answer, n.AnswerLaw)
	}
}

func TestEachPersonIsToldToTheirOwnChurchAndNobodyElse(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	ben := maps.Clone(values["prefilled"].(map[string]any))
	ben["given_names"], ben["religion"] = "Ben", "ev"
	carla := maps.Clone(ben)
	carla["given_names"], carla["religion"] = "Carla", "rk"
	dora := maps.Clone(ben)
	dora["given_names"] = "Dora"
	delete(dora, "religion")
	values["relatives"], values["entitled"] = []any{"Ben Beispiel", "Carla Beispiel", "Dora Beispiel"}, true
	values["family"] = []any{ben, carla, dora}
	due, open := e.Notices(decided(t, e, values, facts))
	told := map[string]string{}
	for _, n := range due {
		if n.Key == "church" {
			for _, p := range n.Persons {
				told[n.To.Community] += fmt.Sprint(sent(p, "given_names"), " ")
			}
		}
	}
	if got := fmt.Sprint(told); got != "map[ev:Ben  rk:Carla ]" || len(open) > 0 {
		t.Errorf("told %v, open %v", got, open)
	}
	if n := notice(t, due, "old_town"); len(n.Persons) != 4 {
		t.Errorf("one notice about %d people", len(n.Persons))
	}
	for _, n := range due {
		if n.Key != "church" && n.Key != "old_town" && slices.Contains(n.Sheets, "1101") {
			t.Errorf("%s is told the religion", n.Key)
		}
	}
}

func TestANoticeThatCannotBeAddressedWaitsForAPerson(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	delete(values["prefilled"].(map[string]any), "homes")
	due, open := e.Notices(decided(t, e, values, facts))
	if !slices.Equal(open, []string{"old_town"}) {
		t.Errorf("open %v", open)
	}
	if slices.ContainsFunc(due, func(n NoticeDue) bool { return n.Key == "old_town" }) {
		t.Error("it was addressed to nobody")
	}
	delete(values["prefilled"].(map[string]any), "nationalities")
	if _, open = e.Notices(decided(t, e, values, facts)); !slices.Equal(open, []string{"old_town", "foreigners_register"}) {
		t.Errorf("without a nationality: open %v", open)
	}
}

func TestRecordsAreWrittenForEachPerson(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	values["family"], values["relatives"], values["entitled"] = []any{values["prefilled"]}, []any{"Anna Maria"}, true
	values["objections"] = []any{"parties"}
	due, open := e.Records(decided(t, e, values, facts))
	if len(due) != 2 || len(open) > 0 {
		t.Fatalf("%d entries, open %v", len(due), open)
	}
	r := due[1]
	if r.Register != "residents" || r.Source != "family" || r.Writes["moved_in"] != day("2030-03-01") || r.Writes["kind"] != "sole" {
		t.Errorf("%+v", r)
	}
	if got := fmt.Sprint(r.Writes["objections"]); got != "[parties]" {
		t.Error(got)
	}
}

// The confirmation has exactly the eight items of § 24 Abs. 2 BMG for each person, and is free.
func TestTheConfirmationShowsEightItems(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	delete(values["prefilled"].(map[string]any), "doctorate")
	env := decided(t, e, values, facts)
	letters, open := e.Letters(env, "en", ByMachine)
	if len(letters) != 1 || len(open) > 0 {
		t.Fatalf("%d letters, open %v", len(letters), open)
	}
	l := letters[0]
	if l.Title != "Official confirmation of registration" || l.Kind != "certificate" || len(l.Shows) != 8 {
		t.Errorf("%s with %d items", l.Title, len(l.Shows))
	}
	var got []string
	law := shippedSheets()["§ 24 Abs. 2 BMG"]
	for _, s := range l.Shows {
		got = append(got, s.Label+" = "+strings.ReplaceAll(s.Printed, "\u00a0", " "))
		for _, sheet := range s.Sheets {
			if !law.names[sheet] {
				t.Errorf("%s is sheet %s", s.Label, sheet)
			}
		}
		if len(s.Sheets) == 0 {
			t.Errorf("%s has no sheet", s.Label)
		}
	}
	want := "Family name = Beispiel|Given names, the one in use marked = Anna Maria (Rufname Anna)|Doctorate = –|Date of birth = 17 May 1990|" +
		"Date of moving in = 1 March 2030|Day of registration = 8 March 2030|New address = Lindenallee 4, 05417 Lindenfurt|Which home is it? = Only home"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	if fee, known := e.Due(env); !known || fee.Cents != 0 || e.Fee.None != "§ 24 Abs. 2 BMG" {
		t.Errorf("fee %v", fee)
	}
}

func TestARefusalCarriesThePersonsReasons(t *testing.T) {
	t.Parallel()
	e := move(t)
	values, facts := anna(t)
	facts.Outcome, facts.Decided, facts.Reason = "refused", facts.Today, "Die Wohnung gibt es nicht."
	env := e.Complete(values, facts)
	letters, _ := e.Letters(env, "de", ByPerson)
	if len(letters) != 1 || letters[0].Key != "refusal" {
		t.Fatalf("%+v", letters)
	}
	l := letters[0]
	if strings.ReplaceAll(l.Orders, "\u00a0", " ") != "Ihre Anmeldung vom 8. März 2030 für Lindenallee 4, 05417 Lindenfurt wird nicht eingetragen." || l.Reasons != "Die Wohnung gibt es nicht." {
		t.Errorf("%q because %q", l.Orders, l.Reasons)
	}
	if o, _ := e.OutcomeNamed("refused"); !o.NeedsHearing() || o.Hearing.String() != "2 weeks" || o.Unheard != "" || o.Proposable {
		t.Errorf("%+v", o)
	}
}
