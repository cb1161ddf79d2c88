package web

import (
	"io/fs"
	"strings"
)

// layoutPages shows the folder pages of the layout as a module of its own: web/error.html, web/help.html.
type layoutPages struct{ layout fs.FS }

// Open maps templates/x.html to pages/x.html.
func (l layoutPages) Open(name string) (fs.File, error) {
	return l.layout.Open(strings.Replace(name, "templates", "pages", 1))
}
