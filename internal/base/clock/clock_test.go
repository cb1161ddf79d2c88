package clock

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestADayBeginsInBerlin(t *testing.T) {
	late := time.Date(2030, 3, 3, 23, 30, 0, 0, time.UTC)
	if got, want := DateOf(late), (Date{2030, 3, 4}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := (Date{2030, 7, 1}).Start().UTC().Hour(), 22; got != want {
		t.Errorf("summer day starts at %d UTC, want %d", got, want)
	}
}

func TestADayThatDoesNotExistIsRefused(t *testing.T) {
	for _, s := range []string{"2030-02-29", "2030-13-01", "", "1.3.2030", "2030-3-1", "0000-00-00"} {
		if d, err := ParseDate(s); err == nil {
			t.Errorf("%q became %v", s, d)
		}
	}
}

func TestTheLastDayOfAMonthStandsInForAMissingOne(t *testing.T) {
	if got, want := (Date{2030, 1, 31}).AddMonths(1), (Date{2030, 2, 28}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := (Date{2030, 1, 31}).AddMonths(-11), (Date{2029, 2, 28}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDaysSurviveJSONAndCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date{2000, 1, 1}.AddDays(rapid.IntRange(0, 40000).Draw(t, "days"))
		n := rapid.IntRange(-4000, 4000).Draw(t, "n")
		if back := d.AddDays(n).AddDays(-n); back != d {
			t.Fatalf("%v + %d - %d = %v", d, n, n, back)
		}
		if got := d.DaysUntil(d.AddDays(n)); got != n {
			t.Fatalf("counted %d, want %d", got, n)
		}
		b, err := json.Marshal(d)
		var back Date
		if err != nil || json.Unmarshal(b, &back) != nil || back != d {
			t.Fatalf("%v became %s became %v", d, b, back)
		}
	})
}

func TestAFixedClockMovesOnlyWhenTold(t *testing.T) {
	c := At("2030-03-04 09:00")
	before := c.Now()
	if c.Now() != before {
		t.Error("moved by itself")
	}
	c.Advance(25 * time.Hour)
	if got := DateOf(c.Now()); got != (Date{2030, 3, 5}) {
		t.Errorf("got %v", got)
	}
}
