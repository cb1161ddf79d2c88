package clock

import (
	"fmt"
	"time"
)

// Date is a day of the civil calendar. The zero Date means "no day".
type Date struct{ Y, M, D int }

// DateOf returns the day on which t falls in Berlin.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Berlin).Date()
	return Date{y, int(m), d}
}

// ParseDate reads "2030-03-01". A day that does not exist, such as 2030-02-30, is an error.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("day %q: %w", s, err)
	}
	return fromUTC(t), nil
}

func fromUTC(t time.Time) Date { return Date{t.Year(), int(t.Month()), t.Day()} }

// Time returns midnight UTC of the day: for counting, not for showing.
func (d Date) Time() time.Time {
	return time.Date(d.Y, time.Month(d.M), d.D, 0, 0, 0, 0, time.UTC)
}

// Start returns the moment the day begins in Berlin.
func (d Date) Start() time.Time {
	return time.Date(d.Y, time.Month(d.M), d.D, 0, 0, 0, 0, Berlin)
}

// IsZero reports whether no day is meant.
func (d Date) IsZero() bool { return d == Date{} }

// Before reports whether d comes before e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After reports whether d comes after e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// Compare is negative if d comes before e, zero if they are the same day, positive if after.
func (d Date) Compare(e Date) int {
	switch {
	case d.Y != e.Y:
		return d.Y - e.Y
	case d.M != e.M:
		return d.M - e.M
	}
	return d.D - e.D
}

// AddDays returns the day n days later.
func (d Date) AddDays(n int) Date { return fromUTC(d.Time().AddDate(0, 0, n)) }

// AddMonths returns the day n months later; a day missing there becomes the last of the month (§ 188 Abs. 3 BGB).
func (d Date) AddMonths(n int) Date {
	first := time.Date(d.Y, time.Month(d.M+n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date{first.Year(), int(first.Month()), min(d.D, last)}
}

// DaysUntil returns how many days later e is.
func (d Date) DaysUntil(e Date) int { return int(e.Time().Sub(d.Time()) / (24 * time.Hour)) }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.Time().Weekday() }

// String returns "2030-03-01", or nothing for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Y, d.M, d.D)
}

// MarshalText writes the day as String does; JSON uses it too.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	p, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = p
	return nil
}
