package clock

import (
	"sync"
	"time"
	_ "time/tzdata" // Berlin must be known on a machine without zone files
)

// Berlin is the zone in which days begin and moments are shown.
var Berlin = mustLoad("Europe/Berlin")

func mustLoad(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic("clock: " + err.Error()) // the zone is compiled in
	}
	return zone
}

// A Clock tells what time it is.
type Clock interface {
	Now() time.Time
}

type system struct{}

func (system) Now() time.Time { return time.Now() }

// System returns the machine's clock.
func System() Clock { return system{} }

// Monotonic measures a span on the machine's clock, whatever a Clock says; it is for budgets and figures, not for rules.
func Monotonic() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// Fixed is a clock that stands still until it is told to move. It may be used by several goroutines.
type Fixed struct {
	mu  sync.Mutex
	now time.Time
}

// At returns a clock that stands at the given Berlin wall time, written "2030-03-04 09:00". It panics on anything else.
func At(wall string) *Fixed {
	t, err := time.ParseInLocation("2006-01-02 15:04", wall, Berlin)
	if err != nil {
		panic("clock: " + err.Error())
	}
	return &Fixed{now: t}
}

// Now returns the moment at which the clock stands.
func (f *Fixed) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves the clock forward (or back, for drills).
func (f *Fixed) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// Set puts the clock to a moment.
func (f *Fixed) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = t
}
