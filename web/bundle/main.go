// Command bundle makes web/dist from the stylesheet, the islands and the npm package @kern-ux/native: one stylesheet
// with its fonts and one file per island, with the hash of their content in their names, a compressed copy beside each
// text file and manifest.json, which tells the names. It runs from the root of the repository; `make build` calls it
// after `npm ci` in web.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if err := bundle("web"); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

// bundle builds DIR/dist from DIR.
func bundle(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@kern-ux", "native")); err != nil {
		return errors.New("the design system is missing: run \"npm ci\" in web, or \"make build\" from the root")
	}
	islands, err := filepath.Glob(filepath.Join(dir, "islands", "*.ts"))
	if err != nil {
		return err
	}
	entries := []string{filepath.Join(dir, "amtsweg.css")}
	for _, island := range islands {
		if !strings.HasPrefix(filepath.Base(island), "_") {
			entries = append(entries, island)
		}
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       entries,
		Outdir:            filepath.Join(dir, "dist"),
		EntryNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		Bundle:            true,
		Splitting:         false,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Engines:           []api.Engine{{Name: api.EngineChrome, Version: "111"}, {Name: api.EngineFirefox, Version: "113"}, {Name: api.EngineSafari, Version: "16.4"}},
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsInline,
		Charset:           api.CharsetUTF8,
		Loader:            map[string]api.Loader{".woff2": api.LoaderFile},
		LogLevel:          api.LogLevelWarning,
		Metafile:          true,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("%d errors, the first: %s", len(result.Errors), result.Errors[0].Text)
	}
	return write(filepath.Join(dir, "dist"), result)
}

// write replaces what a former bundle left by the new files; only then the manifest names them.
func write(dist string, result api.BuildResult) error {
	names, err := manifest(result.Metafile)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	keep := []string{"README", "manifest.json"}
	for _, f := range result.OutputFiles {
		name := filepath.Base(f.Path)
		keep = append(keep, name)
		if err := os.WriteFile(f.Path, f.Contents, 0o644); err != nil { //nolint:gosec // public files
			return err
		}
		if filepath.Ext(name) == ".woff2" {
			continue // compressed already
		}
		packed, err := gzipped(f.Contents)
		if err != nil {
			return err
		}
		keep = append(keep, name+".gz")
		if err := os.WriteFile(f.Path+".gz", packed, 0o644); err != nil { //nolint:gosec // public files
			return err
		}
	}
	b, err := json.MarshalIndent(names, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dist, "manifest.json"), append(b, '\n'), 0o644); err != nil { //nolint:gosec // public file
		return err
	}
	return sweep(dist, keep)
}

// manifest reads from esbuild's own record which file became which.
func manifest(metafile string) (map[string]string, error) {
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string              `json:"entryPoint"`
			Inputs     map[string]struct{} `json:"inputs"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, fmt.Errorf("metafile: %w", err)
	}
	names := map[string]string{}
	for out, what := range meta.Outputs {
		source := what.EntryPoint
		if source == "" {
			for input := range what.Inputs { // a font has exactly one
				source = input
			}
		}
		name := filepath.Base(source)
		if stem, isScript := strings.CutSuffix(name, ".ts"); isScript {
			name = stem + ".js"
		}
		if _, double := names[name]; double || source == "" {
			return nil, fmt.Errorf("two files are called %q", name)
		}
		names[name] = filepath.Base(out)
	}
	return names, nil
}

func gzipped(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func sweep(dist string, keep []string) error {
	entries, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.Contains(keep, e.Name()) {
			if err := os.RemoveAll(filepath.Join(dist, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
