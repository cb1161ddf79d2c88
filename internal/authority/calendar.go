package authority

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// PeriodUnit is the unit in which a law counts.
type PeriodUnit string

// The units in which laws count.
const (
	Hours       PeriodUnit = "hour"
	Days        PeriodUnit = "day"
	WorkingDays PeriodUnit = "working day" // Werktag
	Weeks       PeriodUnit = "week"
	Months      PeriodUnit = "month"
	Years       PeriodUnit = "year"
)

var periodUnits = []PeriodUnit{Hours, Days, WorkingDays, Weeks, Months, Years}

// Period (Frist) is a length of time as a law names it: two weeks, three working days. It may be negative in a sum.
type Period struct {
	N    int
	Unit PeriodUnit
}

// ParsePeriod reads "2 weeks" or "1 working day".
func ParsePeriod(s string) (Period, error) {
	number, unit, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(number)
	p := Period{n, PeriodUnit(strings.TrimSuffix(unit, "s"))}
	if err != nil || n < 1 || n > 100_000 || !slices.Contains(periodUnits, p.Unit) {
		return Period{}, fmt.Errorf("period %q: want a number and hours, days, working days, weeks, months or years", s)
	}
	return p, nil
}

// String writes what ParsePeriod reads.
func (p Period) String() string {
	if p.N == 1 {
		return "1 " + string(p.Unit)
	}
	return fmt.Sprintf("%d %ss", p.N, p.Unit)
}

// IsZero reports whether no period is meant.
func (p Period) IsZero() bool { return p == Period{} }

// Negative is the same length backwards.
func (p Period) Negative() Period { return Period{-p.N, p.Unit} }

// From adds the period to a day as § 188 BGB counts: a day missing at the end of a month becomes its last. It asks no
// calendar, so a working day counts as a day; hours count as whole days, rounded up.
func (p Period) From(d clock.Date) clock.Date {
	switch p.Unit {
	case Weeks:
		return d.AddDays(7 * p.N)
	case Months:
		return d.AddMonths(p.N)
	case Years:
		return d.AddMonths(12 * p.N)
	case Hours:
		return d.AddDays((p.N + 23) / 24)
	}
	return d.AddDays(p.N)
}

// Calendar holds one state's public holidays and its rule for Saturday. The zero Calendar knows Sundays only.
type Calendar struct {
	State string // "BY", or the key of a made-up state
	// SaturdayOff says that Saturday is no working day where a law counts working days. The end of a period never
	// falls on a Saturday in any state (§ 193 BGB, § 31 Abs. 3 VwVfG); this setting is about counting only.
	SaturdayOff bool
	rules       []holiday
}

// holiday is one rule: a fixed day, days after Easter Sunday, or the last given weekday before a fixed day.
type holiday struct {
	month, day int
	easter     bool
	offset     int
	weekday    time.Weekday
	before     bool
	since      int // first year
}

//go:embed calendars.txt
var calendarsText string

var calendars = mustReadCalendars(calendarsText)

// CalendarOf returns the calendar of a state by its key, "BY", "NW", "mittelau"; "DE" holds what all states share.
func CalendarOf(state string) (Calendar, bool) {
	c, ok := calendars[state]
	return c, ok
}

// CalendarStates lists the keys that CalendarOf knows.
func CalendarStates() []string { return slices.Sorted(maps.Keys(calendars)) }

// Holiday reports whether d is a public holiday here.
func (c Calendar) Holiday(d clock.Date) bool {
	for _, h := range c.rules {
		if d.Y >= h.since && h.on(d) {
			return true
		}
	}
	return false
}

func (h holiday) on(d clock.Date) bool {
	switch {
	case h.easter:
		return easter(d.Y).AddDays(h.offset) == d
	case h.before:
		limit := clock.Date{Y: d.Y, M: h.month, D: h.day}
		return d.Weekday() == h.weekday && d.Before(limit) && !d.AddDays(7).Before(limit)
	}
	return d.M == h.month && d.D == h.day
}

// WorkingDay reports whether d counts where a law counts working days (Werktage).
func (c Calendar) WorkingDay(d clock.Date) bool {
	w := d.Weekday()
	return w != time.Sunday && (!c.SaturdayOff || w != time.Saturday) && !c.Holiday(d)
}

// Pause is a stretch in which a period stands still: its first and its last day, which both belong to it. The law on
// how a pause is counted is not among our sources: this way of counting is ours.
type Pause struct{ From, To clock.Date }

func (p Pause) holds(d clock.Date) bool { return !d.Before(p.From) && !d.After(p.To) }

// End returns the last day of a period that an event on the day from starts: §§ 187 Abs. 1, 188 and 193 BGB, § 31
// Abs. 3 VwVfG. The day of the event does not count; an end on a Saturday, Sunday or holiday moves to the next
// working day. Hours run through (§ 31 Abs. 6 VwVfG): for them the day in which they end does not move. Days of a pause do
// not count, and no period ends on one.
func (c Calendar) End(from clock.Date, p Period, pauses ...Pause) clock.Date {
	switch p.Unit {
	case Hours:
		return longer(from, p.From(from), pauses)
	case WorkingDays:
		d := from
		for n := p.N; n > 0; {
			if d = d.AddDays(1); c.WorkingDay(d) && !paused(d, pauses) {
				n--
			}
		}
		return c.openDay(d, pauses)
	}
	return c.openDay(longer(from, p.From(from), pauses), pauses)
}

// longer moves the end of a period that begins after the day from by the days of those pauses that it runs into.
func longer(from, end clock.Date, pauses []Pause) clock.Date {
	counted := from // up to here it is known which days count
	for _, p := range slices.SortedFunc(slices.Values(pauses), func(a, b Pause) int { return a.From.Compare(b.From) }) {
		first := counted.AddDays(1)
		if first.Before(p.From) {
			first = p.From
		}
		if first.After(end) {
			break
		}
		if !p.To.Before(first) {
			end, counted = end.AddDays(first.DaysUntil(p.To)+1), p.To
		}
	}
	return end
}

func paused(d clock.Date, pauses []Pause) bool {
	return slices.ContainsFunc(pauses, func(p Pause) bool { return p.holds(d) })
}

// openDay is d, or the next day that is neither Saturday nor Sunday nor a holiday nor one of a pause.
func (c Calendar) openDay(d clock.Date, pauses []Pause) clock.Date {
	for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday || c.Holiday(d) || paused(d, pauses) {
		d = d.AddDays(1)
	}
	return d
}

// easter is Easter Sunday of the Gregorian calendar: Gauss's rule in Butcher's form.
func easter(year int) clock.Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	return clock.Date{Y: year, M: month, D: (h + l - 7*m + 33*month + 19) % 32}
}

// mustReadCalendars reads the shipped table; a mistake in it stops every program at its start and so every test.
func mustReadCalendars(text string) map[string]Calendar {
	out := map[string]Calendar{}
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		state, words, found := strings.Cut(line, ":")
		c := Calendar{State: state, rules: slices.Clone(out["DE"].rules)}
		for _, w := range strings.Fields(words) {
			if w == "saturday-off" {
				c.SaturdayOff = true
				continue
			}
			h, err := parseHoliday(w)
			if err != nil || !found {
				panic(fmt.Sprintf("calendars.txt:%d: %q: %v", n+1, w, err))
			}
			c.rules = append(c.rules, h)
		}
		out[state] = c
	}
	return out
}

// parseHoliday reads "05-01", "easter+39", "wednesday<11-23", each with "@2019" if it exists only since that year.
func parseHoliday(w string) (h holiday, err error) {
	if rule, year, since := strings.Cut(w, "@"); since {
		if h.since, err = strconv.Atoi(year); err != nil {
			return h, err
		}
		w = rule
	}
	if days, is := strings.CutPrefix(w, "easter"); is {
		h.easter = true
		h.offset, err = strconv.Atoi(days)
		return h, err
	}
	if day, is := strings.CutPrefix(w, "wednesday<"); is {
		h.before, h.weekday, w = true, time.Wednesday, day
	}
	at, err := clock.ParseDate("2000-" + w)
	h.month, h.day = at.M, at.D
	return h, err
}
