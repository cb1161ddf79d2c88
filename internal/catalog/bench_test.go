package catalog

import (
	"testing"

	"github.com/amtsweg/amtsweg/services"
)

func BenchmarkLoadTheMove(b *testing.B) {
	shapes() // compiled once for all definitions
	for b.Loop() {
		if _, problems := Load(services.Files, "residence-registration.yaml"); errorsOf(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func benchCase(b *testing.B) (*Edition, Env, Facts) {
	b.Helper()
	e, problems := Load(services.Files, "residence-registration.yaml")
	if e == nil {
		b.Fatal(problems)
	}
	values, facts := anna(b)
	return e, values, facts
}

func BenchmarkSchemas(b *testing.B) {
	for b.Loop() {
		compileShapes()
	}
}

func BenchmarkCheckAndDecideAMove(b *testing.B) {
	e, values, facts := benchCase(b)
	for b.Loop() {
		env := e.Complete(values, facts)
		if p := e.Decide(env, e.Findings(env, "examine"), false); p.By != ByMachine {
			b.Fatal(p)
		}
	}
}

func BenchmarkWhatFollowsFromAMove(b *testing.B) {
	e, values, facts := benchCase(b)
	facts.Outcome, facts.Decided = "registered", facts.Today
	env := e.Complete(values, facts)
	for b.Loop() {
		due, _ := e.Notices(env)
		letters, _ := e.Letters(env, "de", ByMachine)
		if len(due) != 4 || len(letters) != 1 {
			b.Fatal(len(due), len(letters))
		}
	}
}
