package procedure

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// Whatever was asked and answered before, a burden is decided only if the person was heard about it to the end, or the
// clerk names one of the laws and a reason.
func TestNobodyIsBurdenedUnheard(t *testing.T) {
	t.Parallel()
	today := clock.DateOf(noon)
	rapid.Check(t, func(t *rapid.T) {
		var s State
		heard := false
		for range rapid.IntRange(0, 4).Draw(t, "questions") {
			q := Question{
				Outcome: rapid.SampledFrom([]string{"", "refused", "moved"}).Draw(t, "about"),
				Until:   today.AddDays(rapid.IntRange(-2, 2).Draw(t, "until")),
			}
			if rapid.Bool().Draw(t, "answered") {
				q.Answered = noon
			}
			if q.Outcome == "" {
				q.Until = clock.Date{}
			}
			ended := !q.Answered.IsZero() || q.Until.Before(today)
			heard = heard || q.Outcome == "refused" && ended
			s.Questions = append(s.Questions, q)
		}
		o := catalog.Outcome{Name: "refused", Burden: rapid.Bool().Draw(t, "burden"), Hearing: authority.Period{N: 2, Unit: authority.Weeks}}
		if rapid.IntRange(0, 3).Draw(t, "law dispenses") == 0 {
			o.Hearing, o.Unheard = authority.Period{}, "§ 28 Abs. 2 Nr. 3 VwVfG"
		}
		d := Dispensation{
			Law:    rapid.SampledFrom(append([]string{"", "§ 1 BMG", "§ 28 Abs. 1 VwVfG"}, Dispensations...)).Draw(t, "law"),
			Reason: rapid.SampledFrom([]string{"", " ", "Gefahr."}).Draw(t, "reason"),
		}
		lawful := len(d.Law) > 10 && d.Law != "§ 28 Abs. 1 VwVfG" && d.Reason == "Gefahr."
		needed := o.Burden && o.Unheard == "" && !heard
		used, err := mustHear(s, o, d, today)
		if (err == nil) != (!needed || lawful) {
			t.Fatalf("needed %v, lawful %v: %v", needed, lawful, err)
		}
		if err == nil && (used != nil) != needed {
			t.Fatalf("needed %v, and the file holds %v", needed, used)
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

func TestOnlyTheLastQuestionIsOpenAndOnlyUntilTheDecision(t *testing.T) {
	t.Parallel()
	lapsed := Question{Text: "a", Outcome: "refused", Until: clock.DateOf(noon).AddDays(-1)}
	asked := Question{Text: "b"}
	c := Case{Status: Waiting, State: State{Questions: []Question{lapsed, asked}}}
	if q, open := c.Asked(); !open || q.Text != "b" {
		t.Errorf("got %q, %v", q.Text, open)
	}
	decided := c
	decided.State.Decision = &Decision{}
	closed := c
	closed.Status = Done
	for _, c := range []Case{decided, closed, {}} {
		if _, open := c.Asked(); open {
			t.Error("a question is open that nobody reads any more")
		}
	}
}

// Cases that an earlier release wrote go on: their questions are questions and no hearings.
func TestCasesOfEarlierReleasesKeepTheirQuestions(t *testing.T) {
	t.Parallel()
	var s State
	old := `{"questions":[{"text":"Wo?","unit":"buergeramt","asked":"2030-03-04T08:00:00Z"}],"decision":null}`
	if err := json.Unmarshal([]byte(old), &s); err != nil {
		t.Fatal(err)
	}
	c := Case{Status: Waiting, State: s}
	q, open := c.Asked()
	if !open || q.IsHearing() || q.Over(clock.Date{Y: 2040, M: 1, D: 1}) || q.Text != "Wo?" {
		t.Errorf("%+v", q)
	}
	if _, heard := s.Heard("", clock.Date{Y: 2040, M: 1, D: 1}); heard {
		t.Error("a question was taken for a hearing")
	}
	again, err := json.Marshal(Question{Text: "Wo?", Asked: time.Unix(0, 0).UTC()})
	if err != nil || string(again) != `{"text":"Wo?","unit":"","asked":"1970-01-01T00:00:00Z"}` {
		t.Errorf("%s, which an earlier release would not read (%v)", again, err)
	}
}

func TestAPauseLastsFromTheQuestionToItsAnswer(t *testing.T) {
	t.Parallel()
	at := func(wall string) time.Time { return clock.At(wall).Now() }
	c := Case{Status: Waiting, State: State{Questions: []Question{
		{Asked: at("2030-03-04 23:30"), Answered: at("2030-03-06 00:10")},
		{Asked: at("2030-03-07 09:00"), Answered: at("2030-03-20 09:00"), Outcome: "refused"},
		{Asked: at("2030-03-21 09:00")},
	}}}
	day := func(m, d int) clock.Date { return clock.Date{Y: 2030, M: m, D: d} }
	want := []authority.Pause{{From: day(3, 4), To: day(3, 6)}, {From: day(3, 21), To: day(3, 25)}}
	if got := c.pauses(day(3, 25)); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
	if !c.Stands(catalog.Deadline{Pauses: true}) || c.Stands(catalog.Deadline{}) {
		t.Error("only the clock of a deadline that pauses stands")
	}
	c.State.Questions = c.State.Questions[:2]
	if c.Stands(catalog.Deadline{Pauses: true}) {
		t.Error("it stands though all is answered")
	}
}
