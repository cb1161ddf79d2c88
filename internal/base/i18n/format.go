package i18n

import (
	"strconv"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// nb is the no-break space that keeps a number and its word on one line.
const nb = "\u00a0"

var (
	monthsDE = [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
	daysDE   = [...]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"}
)

func english(lang string) bool { return lang == "en" }

// Day writes "4. März 2030" or "4 March 2030"; the zero day is empty.
func Day(lang string, d clock.Date) string {
	switch {
	case d.IsZero():
		return ""
	case english(lang):
		return strconv.Itoa(d.D) + nb + time.Month(d.M).String() + nb + strconv.Itoa(d.Y)
	}
	return strconv.Itoa(d.D) + "." + nb + monthsDE[d.M-1] + nb + strconv.Itoa(d.Y)
}

// LongDay puts the weekday first: "Montag, 4. März 2030".
func LongDay(lang string, d clock.Date) string {
	switch {
	case d.IsZero():
		return ""
	case english(lang):
		return d.Weekday().String() + ", " + Day(lang, d)
	}
	return daysDE[d.Weekday()] + ", " + Day(lang, d)
}

// ShortDay is for tables: "04.03.2030" or "04/03/2030".
func ShortDay(lang string, d clock.Date) string {
	switch {
	case d.IsZero():
		return ""
	case english(lang):
		return d.Time().Format("02/01/2006")
	}
	return d.Time().Format("02.01.2006")
}

// ListDay is for work lists: "Mo, 04.03." or "Mon 4 Mar".
func ListDay(lang string, d clock.Date) string {
	switch {
	case d.IsZero():
		return ""
	case english(lang):
		return d.Time().Format("Mon" + nb + "2" + nb + "Jan")
	}
	return daysDE[d.Weekday()][:2] + "," + nb + d.Time().Format("02.01.")
}

// Time writes "9:06 Uhr" or "9:06", as the clock hangs in Berlin.
func Time(lang string, t time.Time) string {
	t = t.In(clock.Berlin)
	text := strconv.Itoa(t.Hour()) + t.Format(":04")
	if english(lang) {
		return text
	}
	return text + nb + "Uhr"
}

// Moment writes "4. März 2030, 9:06 Uhr" in Berlin time; the zero time is empty.
func Moment(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return Day(lang, clock.DateOf(t)) + ", " + Time(lang, t)
}

// LongMoment is for ends: "Dienstag, 5. März 2030, 9:06 Uhr".
func LongMoment(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return LongDay(lang, clock.DateOf(t)) + ", " + Time(lang, t)
}

type unit struct {
	size          time.Duration
	oneDE, manyDE string
	oneEN, manyEN string
	from          time.Duration // the unit is used from this much on
}

var units = [...]unit{
	{24 * time.Hour, "Tag", "Tage", "day", "days", 48 * time.Hour},
	{time.Hour, "Stunde", "Stunden", "hour", "hours", time.Hour},
	{time.Minute, "Minute", "Minuten", "minute", "minutes", time.Minute},
}

// Span says in words how much is left: "noch 22 Stunden", rounded down so that it never promises too much; from two
// days on in days. Nothing left reads "abgelaufen".
func Span(lang string, d time.Duration) string {
	if d <= 0 {
		return pick(lang, "abgelaufen", "ended")
	}
	for _, u := range units {
		if d < u.from {
			continue
		}
		n := int(d / u.size)
		if english(lang) {
			return strconv.Itoa(n) + nb + one(n, u.oneEN, u.manyEN) + " left"
		}
		return "noch " + strconv.Itoa(n) + nb + one(n, u.oneDE, u.manyDE)
	}
	return pick(lang, "noch weniger als 1"+nb+"Minute", "less than 1"+nb+"minute left")
}

func one(n int, single, many string) string {
	if n == 1 {
		return single
	}
	return many
}

func pick(lang, de, en string) string {
	if english(lang) {
		return en
	}
	return de
}

// Euro writes cents as "1.284,00 Euro" or "€1,284.00".
func Euro(lang string, cents int64) string {
	sign := ""
	if cents < 0 {
		sign = "−"
	}
	whole, rest := abs(cents/100), abs(cents%100)
	small := string([]byte{byte('0' + rest/10), byte('0' + rest%10)})
	if english(lang) {
		return sign + "€" + group(whole, ",") + "." + small
	}
	return sign + group(whole, ".") + "," + small + nb + "Euro"
}

// Number writes a whole number with its thousands apart: "1.284" or "1,284".
func Number(lang string, n int64) string {
	sign := ""
	if n < 0 {
		sign = "−"
	}
	return sign + group(abs(n), pick(lang, ".", ","))
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-(n + 1)) + 1 // the smallest number has no positive twin
	}
	return uint64(n)
}

func group(n uint64, mark string) string {
	digits := strconv.FormatUint(n, 10)
	var out strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteString(mark)
		}
		out.WriteRune(c)
	}
	return out.String()
}
