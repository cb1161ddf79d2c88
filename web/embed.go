// Package web keeps what a browser gets beside the pages: the KERN design system with our one stylesheet, the fonts,
// the scripts, and the layout and shared parts of all pages.
//
// KERN and Fira Sans come from the npm package @kern-ux/native (EUPL-1.2; the fonts under the SIL Open Font License 1.1)
// and are never committed: `make build` bundles them into dist, which is embedded here. The package never holds texts
// (they are in the modules' language files) and no page of a module.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

//go:embed templates
var templates embed.FS

// Dist holds manifest.json and the hashed files; before `make build` it holds only a placeholder.
func Dist() fs.FS { return sub(dist, "dist") }

// Layout holds layout.html and the shared parts, and in the folder pages the error page and its like.
func Layout() fs.FS { return sub(templates, "templates") }

func sub(files embed.FS, dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic("web: " + err.Error()) // dir is a constant above
	}
	return f
}
