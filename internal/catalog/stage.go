package catalog

import "github.com/amtsweg/amtsweg/internal/base/clock"

// Acts are what the stage makes the machine do, in the order in which it is done: until, fetch, check, decide, pay,
// record, issue, send, propose. A stage that is somebody's work has none.
func (s Stage) Acts() []string { return s.acts }

// Machine reports whether the stage is the machine's own.
func (s Stage) Machine() bool { return s.Who == "" && len(s.Parallel) == 0 }

// When reports whether a case goes through a stage: No skips it, Unknown waits for a person. It is asked once, when the
// case comes to the stage.
func (e *Edition) When(env Env, stage string) Truth {
	s, _ := e.StageNamed(stage)
	return s.when.truth(env)
}

// WorkWhen reports whether a unit has to do its share of a stage that several units work on.
func (e *Edition) WorkWhen(env Env, stage, unit string) Truth {
	s, _ := e.StageNamed(stage)
	w, ok := byName(s.Parallel, func(w Work) bool { return w.Unit == unit })
	if !ok {
		return No
	}
	return w.when.truth(env)
}

// Until is the day that a stage waits for; false if it waits for none, or if the day is unknown (Stage.Waits tells which).
func (e *Edition) Until(env Env, stage string) (clock.Date, bool) {
	s, _ := e.StageNamed(stage)
	v, _ := s.until.run(env)
	day, ok := v.(clock.Date)
	return day, ok
}

// Rank is the case's place in a waiting list in front of a person: a smaller number comes first.
func (e *Edition) Rank(env Env, stage string) (int, bool) {
	s, _ := e.StageNamed(stage)
	v, _ := s.ranks.run(env)
	n, ok := v.(int)
	return n, ok
}

// StageNext is the next stage after one that is not skipped, and whether its condition holds for certain; after "" it is
// the first. It is false at the end of the way.
func (e *Edition) StageNext(env Env, after string) (Stage, Truth, bool) {
	passed := after == ""
	for _, s := range e.Stages {
		if !passed {
			passed = s.Name == after
			continue
		}
		if t := s.when.truth(env); t != No {
			return s, t, true
		}
	}
	return Stage{}, No, false
}
