package letter

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// remedy (Rechtsbehelf) is what a state's law gives against a decision, and the words that say so (§ 37 Abs. 6 VwVfG).
// States differ, and only those whose law was read are listed.
type remedy struct {
	Notified int    `json:"notified"` // days after which a decision in the mailbox counts as made known (§ 9 Abs. 1 OZG)
	Period   string `json:"period"`
	Example  bool   `json:"example"` // a made-up state
	Text     string `json:"text"`
}

//go:embed remedies.json
var remediesText []byte

var remedies = mustReadRemedies(remediesText)

func mustReadRemedies(text []byte) map[string]remedy {
	var all map[string]remedy
	if err := json.Unmarshal(text, &all); err != nil {
		panic("letter: remedies.json: " + err.Error()) // compiled in
	}
	return all
}

// remedyAgainst returns the words, the day of notification and the last day for a decision put into the mailbox on a
// day. The day of notification may be a Sunday; the end of the period never is (§ 31 Abs. 3 VwVfG).
func remedyAgainst(a authority.Authority, unit string, put clock.Date) (text string, notified, due clock.Date, err error) {
	r, ok := remedies[a.State]
	calendar, known := authority.CalendarOf(a.State)
	if !ok || !known {
		return "", notified, due, fault.New(fault.Invalid, "letter.error.remedy", "State", a.State)
	}
	period, err := authority.ParsePeriod(r.Period)
	if err != nil {
		return "", notified, due, fmt.Errorf("remedy of %s: %w", a.State, err)
	}
	notified = put.AddDays(r.Notified)
	due = calendar.End(notified, period)
	text = strings.NewReplacer(
		"{office}", strings.Join([]string{a.Name, unit, a.Address.String()}, ", "),
		"{notified}", i18n.Day("de", notified),
		"{due}", i18n.LongDay("de", due),
	).Replace(r.Text)
	return text, notified, due, nil
}
