package app_test

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/base/config"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"amtsweg": func() { os.Exit(app.Main(os.Args[1:], config.Environment(), os.Stdout, os.Stderr)) },
	})
}

// The stories of the command line: what a person types, what they read, and with which code the program ends.
func TestTheCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/cli",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "de_DE.UTF-8")
			return nil
		},
	})
}
