package catalog

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// shelf finds the files that belong to a definition: beside it, or in a folder of their kind.
type shelf struct {
	fsys  fs.FS
	dir   string
	parts map[string]*node  // by name, once read
	bytes map[string][]byte // of the parts that were read
}

func shelfOf(fsys fs.FS, name string) *shelf {
	return &shelf{fsys: fsys, dir: path.Dir(name), parts: map[string]*node{}, bytes: map[string][]byte{}}
}

// find returns the path of a file that lies beside the definition, in a folder of its kind, or one level up: an overlay
// lies in overlays/, its base above it.
func (s *shelf) find(folder, file string) (string, bool) {
	for _, dir := range []string{s.dir, path.Join(s.dir, folder), path.Dir(s.dir), path.Join(path.Dir(s.dir), folder)} {
		p := path.Join(dir, file)
		if info, err := fs.Stat(s.fsys, p); err == nil && info.Mode().IsRegular() {
			return p, true
		}
	}
	return "", false
}

// named is a shared part, or nil if there is none that can be read.
func (s *shelf) named(name string) *node {
	if n, read := s.parts[name]; read {
		return n
	}
	s.parts[name] = nil
	p, ok := s.find("parts", name+".yaml")
	if !ok {
		return nil
	}
	n, data, problems := read(s.fsys, p)
	if len(problems) > 0 || n.at("part").str() != name || errorsOf(shape(n)) > 0 {
		return nil
	}
	s.parts[name], s.bytes[name] = n, data
	return n
}

// all are the shared parts within reach, as a definition names them.
func (s *shelf) all() []string {
	var out []string
	for _, dir := range []string{path.Join(s.dir, "parts"), path.Join(path.Dir(s.dir), "parts"), s.dir} {
		files, _ := fs.Glob(s.fsys, path.Join(dir, "*.yaml"))
		for _, f := range files {
			if n := s.named(strings.TrimSuffix(path.Base(f), ".yaml")); n != nil {
				out = append(out, n.at("part").str()+"@"+n.at("edition").str())
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
