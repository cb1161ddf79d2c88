// Command amtsweg runs Amtsweg: one binary for a town, a county or a shared-service centre.
package main

import (
	"os"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/base/config"
)

func main() {
	os.Exit(app.Main(os.Args[1:], config.Environment(), os.Stdout, os.Stderr))
}
