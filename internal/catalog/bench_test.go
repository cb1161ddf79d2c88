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

func BenchmarkSchemas(b *testing.B) {
	for b.Loop() {
		compileShapes()
	}
}
