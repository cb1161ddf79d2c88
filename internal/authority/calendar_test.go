package authority

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

func day(t *testing.T, s string) clock.Date {
	t.Helper()
	d, err := clock.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func calendar(t *testing.T, state string) Calendar {
	t.Helper()
	c, ok := CalendarOf(state)
	if !ok {
		t.Fatalf("no calendar for %s", state)
	}
	return c
}

func period(t *testing.T, s string) Period {
	t.Helper()
	p, err := ParsePeriod(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Periods end as §§ 187 to 193 BGB say.
func TestPeriodsEndAsTheCivilCodeSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ state, from, within, want, why string }{
		{"DE", "2030-01-31", "1 month", "2030-02-28", "a missing day becomes the last of the month"},
		{"DE", "2028-01-31", "1 month", "2028-02-29", "a leap year"},
		{"DE", "2028-02-29", "1 year", "2029-02-28", "no leap year after it"},
		{"DE", "2030-03-01", "2 weeks", "2030-03-15", "the day of the event does not count"},
		{"DE", "2030-03-03", "2 weeks", "2030-03-18", "a Sunday becomes Monday"},
		{"DE", "2030-03-02", "2 weeks", "2030-03-18", "a Saturday becomes Monday"},
		{"DE", "2030-04-05", "2 weeks", "2030-04-23", "Good Friday becomes the Tuesday after Easter"},
		{"DE", "2030-04-18", "3 working days", "2030-04-24", "Thursday before Easter: Saturday counts, holidays do not"},
		{"DE", "2030-03-06", "3 working days", "2030-03-11", "Saturday counts but is no end"},
		{"DE", "2030-12-11", "2 weeks", "2030-12-27", "Christmas"},
		{"BY", "2030-06-06", "2 weeks", "2030-06-21", "Corpus Christi in Bavaria"},
		{"BE", "2030-06-06", "2 weeks", "2030-06-20", "and not in Berlin"},
		{"BE", "2030-02-22", "2 weeks", "2030-03-11", "8 March in Berlin"},
		{"BE", "2018-02-22", "2 weeks", "2018-03-08", "which was no holiday there in 2018"},
		{"SN", "2030-11-06", "2 weeks", "2030-11-21", "the Day of Repentance in Saxony"},
		{"DE", "2030-03-08", "48 hours", "2030-03-10", "hours run through Saturday and Sunday"},
	} {
		if got := calendar(t, c.state).End(day(t, c.from), period(t, c.within)).String(); got != c.want {
			t.Errorf("%s: %s and %s: got %s, want %s (%s)", c.state, c.from, c.within, got, c.want, c.why)
		}
	}
}

func TestWhetherSaturdayCountsIsASetting(t *testing.T) {
	t.Parallel()
	c := calendar(t, "mittelau")
	friday := day(t, "2030-03-01")
	if got, want := c.End(friday, period(t, "3 working days")), day(t, "2030-03-05"); got != want {
		t.Errorf("with Saturday: got %v, want %v", got, want)
	}
	c.SaturdayOff = true
	if got, want := c.End(friday, period(t, "3 working days")), day(t, "2030-03-06"); got != want {
		t.Errorf("without Saturday: got %v, want %v", got, want)
	}
}

func TestEasterFallsWhereTheChurchesKeepIt(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"1954-04-18", "2000-04-23", "2024-03-31", "2025-04-20", "2026-04-05", "2030-04-21", "2038-04-25", "2285-03-22"} {
		if d := day(t, s); easter(d.Y) != d {
			t.Errorf("%d: got %v, want %s", d.Y, easter(d.Y), s)
		}
	}
}

func TestEveryStateHasACalendarAndNoMoreThanTheYearHolds(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH", "mittelau"} {
		c, n := calendar(t, state), 0
		for d := (clock.Date{Y: 2030, M: 1, D: 1}); d.Y == 2030; d = d.AddDays(1) {
			if c.Holiday(d) {
				n++
			}
		}
		if n < 9 || n > 13 {
			t.Errorf("%s has %d holidays in 2030", state, n)
		}
	}
	if _, ok := CalendarOf("Bayern"); ok {
		t.Error("a calendar nobody named was found")
	}
}

func TestAPeriodNeverEndsOnAClosedDayOrBeforeItStarts(t *testing.T) {
	t.Parallel()
	states := CalendarStates()
	rapid.Check(t, func(t *rapid.T) {
		c, _ := CalendarOf(rapid.SampledFrom(states).Draw(t, "state"))
		c.SaturdayOff = rapid.Bool().Draw(t, "saturday off")
		from := clock.Date{Y: 2020, M: 1, D: 1}.AddDays(rapid.IntRange(0, 9000).Draw(t, "day"))
		unit := rapid.SampledFrom([]PeriodUnit{Days, WorkingDays, Weeks, Months, Years}).Draw(t, "unit")
		n := rapid.IntRange(1, 40).Draw(t, "n")
		end, later := c.End(from, Period{n, unit}), c.End(from, Period{n + 1, unit})
		if !end.After(from) || later.Before(end) {
			t.Fatalf("%v + %d %s ends on %v, one more on %v", from, n, unit, end, later)
		}
		if w := end.Weekday(); w == time.Saturday || w == time.Sunday || c.Holiday(end) {
			t.Fatalf("%v + %d %s ends on %v, a closed day", from, n, unit, end)
		}
	})
}

func TestAPeriodStandsStillWhileAQuestionIsOpen(t *testing.T) {
	t.Parallel()
	pause := func(from, to string) Pause { return Pause{day(t, from), day(t, to)} }
	for _, c := range []struct {
		from, within string
		pauses       []Pause
		want, why    string
	}{
		{"2030-03-04", "2 weeks", nil, "2030-03-18", "nothing was asked"},
		{"2030-03-04", "2 weeks", []Pause{pause("2030-03-06", "2030-03-08")}, "2030-03-21", "three days, the first and the last belong to it"},
		{"2030-03-04", "2 weeks", []Pause{pause("2030-03-06", "2030-03-06")}, "2030-03-19", "asked and answered on one day"},
		{"2030-03-04", "2 weeks", []Pause{pause("2030-03-04", "2030-03-05")}, "2030-03-19", "the day of the event never counted"},
		{"2030-03-04", "2 weeks", []Pause{pause("2030-03-18", "2030-03-20")}, "2030-03-21", "asked on the last day, a day is left"},
		{"2030-03-04", "2 weeks", []Pause{pause("2030-03-19", "2030-04-20")}, "2030-03-18", "asked too late"},
		{"2030-03-04", "2 weeks", []Pause{pause("2030-03-06", "2030-03-07"), pause("2030-03-07", "2030-03-08")}, "2030-03-21", "a day that two questions share counts once"},
		{"2030-03-04", "2 weeks", []Pause{pause("2030-03-19", "2030-03-19"), pause("2030-03-05", "2030-03-05")}, "2030-03-20", "the first brings the second in"},
		{"2030-03-02", "2 weeks", []Pause{pause("2030-03-18", "2030-03-19")}, "2030-03-20", "a last day moved to Monday is asked on"},
		{"2030-04-05", "2 weeks", []Pause{pause("2030-04-10", "2030-04-11")}, "2030-04-23", "the end that Easter moves anyway"},
		{"2030-03-07", "2 working days", []Pause{pause("2030-03-08", "2030-03-11")}, "2030-03-13", "no working day of the pause counts"},
		{"2030-03-07", "2 working days", []Pause{pause("2030-03-09", "2030-03-10")}, "2030-03-11", "Saturday would have counted"},
		{"2030-03-08", "48 hours", []Pause{pause("2030-03-09", "2030-03-09")}, "2030-03-11", "hours stand still by days"},
	} {
		if got := calendar(t, "mittelau").End(day(t, c.from), period(t, c.within), c.pauses...).String(); got != c.want {
			t.Errorf("%s and %s with %v: got %s, want %s (%s)", c.from, c.within, c.pauses, got, c.want, c.why)
		}
	}
}

// Whatever was asked when, a period has as many days that count as the law gives, it is never shorter for a pause, and it
// ends on no closed day and in no pause.
func TestAPauseTakesNoDayAndGivesNone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, _ := CalendarOf("mittelau")
		from := clock.Date{Y: 2030, M: 1, D: 1}.AddDays(rapid.IntRange(0, 700).Draw(t, "day"))
		p := Period{rapid.IntRange(1, 12).Draw(t, "n"), rapid.SampledFrom([]PeriodUnit{Days, WorkingDays, Weeks, Months}).Draw(t, "unit")}
		var pauses []Pause
		for range rapid.IntRange(0, 5).Draw(t, "pauses") {
			first := from.AddDays(rapid.IntRange(-5, 60).Draw(t, "from"))
			pauses = append(pauses, Pause{first, first.AddDays(rapid.IntRange(0, 20).Draw(t, "long"))})
		}
		counts := func(d clock.Date) bool { return !paused(d, pauses) && (p.Unit != WorkingDays || c.WorkingDay(d)) }
		left, end := p.N, from
		if p.Unit != WorkingDays {
			left = from.DaysUntil(p.From(from))
		}
		for left > 0 {
			if end = end.AddDays(1); counts(end) {
				left--
			}
		}
		for end.Weekday() == time.Saturday || end.Weekday() == time.Sunday || c.Holiday(end) || paused(end, pauses) {
			end = end.AddDays(1)
		}
		if got := c.End(from, p, pauses...); got != end || got.Before(c.End(from, p)) {
			t.Fatalf("%v and %v with %v: got %v, want %v, without a pause %v", from, p, pauses, got, end, c.End(from, p))
		}
	})
}

func TestPeriodsReadWhatTheyWrite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Period{rapid.IntRange(1, 1000).Draw(t, "n"), rapid.SampledFrom(periodUnits).Draw(t, "unit")}
		if back, err := ParsePeriod(p.String()); err != nil || back != p {
			t.Fatalf("%v became %q became %v (%v)", p, p.String(), back, err)
		}
	})
	for _, s := range []string{"", "2", "weeks", "0 weeks", "-1 day", "2 fortnights", "2  weeks", "99999999999 days", "1e3 days"} {
		if p, err := ParsePeriod(s); err == nil {
			t.Errorf("%q became %v", s, p)
		}
	}
}
