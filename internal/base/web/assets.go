package web

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const assetsPath = "/assets/"

// assets are the files of web/dist: the manifest tells the hashed name of each, so that browsers may keep them for ever.
type assets struct {
	files fs.FS
	names map[string]string // amtsweg.css → amtsweg-4F2K7Q.css
	known map[string]bool
}

func (a *assets) load(fsys fs.FS) error {
	a.names, a.known = map[string]string{}, map[string]bool{}
	if fsys == nil {
		return nil
	}
	raw, err := fs.ReadFile(fsys, "manifest.json")
	if err != nil {
		return fmt.Errorf("stylesheet and scripts are missing: run \"make build\" first (%w)", err)
	}
	if err := json.Unmarshal(raw, &a.names); err != nil {
		return fmt.Errorf("manifest.json of the assets: %w", err)
	}
	for name, hashed := range a.names {
		if _, err := fs.Stat(fsys, hashed); err != nil {
			return fmt.Errorf("asset %s is missing: run \"make build\" first (%w)", name, err)
		}
		a.known[hashed] = true
	}
	a.files = fsys
	return nil
}

// path returns where a browser gets an asset.
func (a *assets) path(name string) (string, error) {
	if a.files == nil {
		return assetsPath + name, nil
	}
	hashed, ok := a.names[name]
	if !ok {
		return "", fmt.Errorf("web: no asset %q", name)
	}
	return assetsPath + hashed, nil
}

// serve sends one file, compressed where the bundle has it so and the browser takes it.
func (a *assets) serve(c *Call) error {
	name := c.Param("name")
	if !a.known[name] {
		return fault.New(fault.NotFound, "web.error.not_found")
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".woff2" {
		kind = "font/woff2"
	}
	h := c.W.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Add("Vary", "Accept-Encoding")
	file := name
	if strings.Contains(c.R.Header.Get("Accept-Encoding"), "gzip") {
		if _, err := fs.Stat(a.files, name+".gz"); err == nil {
			file = name + ".gz"
			h.Set("Content-Encoding", "gzip")
		}
	}
	b, err := fs.ReadFile(a.files, file)
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, kind, b)
}
