package desk

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// shortest is how many letters the column "Warum ein Mensch?" has room for.
const shortest = 28

// cut shortens a sentence to n letters at the end of a word.
func cut(s string, n int) string {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".")
	letters := []rune(s)
	if len(letters) <= n {
		return s
	}
	kept := string(letters[:n-1])
	if unicode.IsLetter(letters[n-1]) {
		if i := strings.LastIndexByte(kept, ' '); i > 0 {
			kept = kept[:i]
		}
	}
	return strings.TrimRight(kept, " ,;:–-.") + "…"
}

// days are the borders between the groups of a work list: what is due before today ends, and before this week does.
func days(today clock.Date) (soon, week time.Time) {
	weekday := (int(today.Weekday()) + 6) % 7 // Monday is 0
	return today.AddDays(1).Start(), today.AddDays(7 - weekday).Start()
}

// urgency is the group of a work list that a case belongs to.
func urgency(due time.Time, today clock.Date) procedure.Urgency {
	soon, week := days(today)
	switch {
	case due.IsZero():
		return procedure.NoDay
	case due.Before(soon):
		return procedure.Overdue
	case due.Before(week):
		return procedure.ThisWeek
	}
	return procedure.Later
}

// meterWidth is the length of the bar beside a deadline, in units of its picture.
const meterWidth = 36

// meter is how much of the time from a moment until a deadline is used, as the length of a bar.
func meter(from, due, now time.Time) string {
	share := 1.0
	if whole := due.Sub(from); whole > 0 && now.Before(due) {
		share = max(0, now.Sub(from).Hours()/whole.Hours())
	}
	return strconv.FormatFloat(share*meterWidth, 'f', 1, 64)
}

// number brings a file number into the form in which it is kept, however it was typed: "2030 ab3d-efgh". It is false for
// what cannot be one.
func number(typed string) (string, bool) {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return unicode.ToUpper(r)
		}
		return -1
	}, typed)
	if len(kept) != 12 || strings.Trim(kept[:4], "0123456789") != "" {
		return "", false
	}
	return kept[:4] + "-" + kept[4:8] + "-" + kept[8:], true
}

// cursor writes where a page of a list ends; place reads it back. What cannot be read is the beginning.
func cursor(p procedure.Place) string { return strconv.FormatInt(p.At.UnixMicro(), 36) + "." + p.ID }

func place(s string) procedure.Place {
	at, id, ok := strings.Cut(s, ".")
	micros, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil {
		return procedure.Place{}
	}
	p := procedure.Place{ID: id}
	if micros > 0 { // zero is no day, as the database keeps it
		p.At = time.UnixMicro(micros).UTC()
	}
	return p
}

// whys are the reasons why a case stopped, the gravest first: findings before what people asked for.
func whys(c procedure.Case) []string {
	words := strings.Fields(c.Reason)
	slices.SortStableFunc(words, func(a, b string) int { return grave(a) - grave(b) })
	return words
}

// grave orders grounds: what was found first, then what somebody wants, then what is always so.
func grave(word string) int {
	switch word {
	case "wants_person", "remarks", "insists", procedure.GroundTyped:
		return 1
	case "mode", "no_law", "no_outcome":
		return 2
	}
	return 0
}

// onlyForm reports whether a person decides for no other reason than that a machine may not: then what the machine
// prepared is taken over by one click.
func onlyForm(words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return w != "mode" && w != "no_law" })
}
