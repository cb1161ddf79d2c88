package i18n_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"pgregory.net/rapid"
)

// plain makes no-break spaces readable in a test table.
func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", "_") }

func TestDaysAndMomentsAsPeopleWriteThem(t *testing.T) {
	day := clock.Date{Y: 2030, M: 3, D: 4}
	moment := clock.At("2030-03-04 09:06").Now()
	summer := time.Date(2030, 7, 1, 22, 30, 0, 0, time.UTC) // half past midnight in Berlin, a day later
	for _, c := range []struct{ got, want string }{
		{i18n.Day("de", day), "4._März_2030"},
		{i18n.Day("en", day), "4_March_2030"},
		{i18n.Day("de", clock.Date{}), ""},
		{i18n.LongDay("de", day), "Montag, 4._März_2030"},
		{i18n.LongDay("en", day), "Monday, 4_March_2030"},
		{i18n.ShortDay("de", day), "04.03.2030"},
		{i18n.ShortDay("en", day), "04/03/2030"},
		{i18n.ListDay("de", day), "Mo,_04.03."},
		{i18n.ListDay("en", day), "Mon_4_Mar"},
		{i18n.Time("de", moment), "9:06_Uhr"},
		{i18n.Moment("de", moment), "4._März_2030, 9:06_Uhr"},
		{i18n.Moment("en", moment), "4_March_2030, 9:06"},
		{i18n.Moment("de", summer), "2._Juli_2030, 0:30_Uhr"},
		{i18n.Moment("de", time.Time{}), ""},
		{i18n.LongMoment("de", moment), "Montag, 4._März_2030, 9:06_Uhr"},
	} {
		if plain(c.got) != c.want {
			t.Errorf("got %q, want %q", plain(c.got), c.want)
		}
	}
}

func TestSpanNeverPromisesTooMuch(t *testing.T) {
	for _, c := range []struct {
		left   time.Duration
		de, en string
	}{
		{0, "abgelaufen", "ended"},
		{-time.Hour, "abgelaufen", "ended"},
		{59 * time.Second, "noch weniger als 1_Minute", "less than 1_minute left"},
		{time.Minute, "noch 1_Minute", "1_minute left"},
		{59*time.Minute + 59*time.Second, "noch 59_Minuten", "59_minutes left"},
		{22*time.Hour + 59*time.Minute, "noch 22_Stunden", "22_hours left"},
		{47 * time.Hour, "noch 47_Stunden", "47_hours left"},
		{5*24*time.Hour + time.Hour, "noch 5_Tage", "5_days left"},
	} {
		if got := plain(i18n.Span("de", c.left)); got != c.de {
			t.Errorf("Span(de, %v) = %q, want %q", c.left, got, c.de)
		}
		if got := plain(i18n.Span("en", c.left)); got != c.en {
			t.Errorf("Span(en, %v) = %q, want %q", c.left, got, c.en)
		}
	}
}

func TestMoneyAndNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{i18n.Euro("de", 8000), "80,00_Euro"},
		{i18n.Euro("de", 128405), "1.284,05_Euro"},
		{i18n.Euro("en", 128405), "€1,284.05"},
		{i18n.Euro("de", -1842), "−18,42_Euro"},
		{i18n.Euro("de", -5), "−0,05_Euro"},
		{i18n.Number("de", 1284), "1.284"},
		{i18n.Number("en", -1234567), "−1,234,567"},
		{i18n.Number("de", math.MinInt64), "−9.223.372.036.854.775.808"},
	} {
		if plain(c.got) != c.want {
			t.Errorf("got %q, want %q", plain(c.got), c.want)
		}
	}
}

func TestEuroKeepsEveryCent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.Int64().Draw(t, "cents")
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, i18n.Euro("de", cents))
		other := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, i18n.Number("de", cents))
		if got := strings.TrimLeft(digits, "0"); got != strings.TrimLeft(other, "0") {
			t.Fatalf("%d cents became %s", cents, digits)
		}
	})
}
