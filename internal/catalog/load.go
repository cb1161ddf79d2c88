package catalog

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

// Texts are the words of this module's own messages.
//
//go:embed locale/*.json
var Texts embed.FS

//locale:prefix catalog.error.
//locale:prefix catalog.ground.

// Load reads, checks and compiles the definition at name: a service, or an overlay, which it lays over its base. English
// texts, shared parts, the base and older editions are found beside it or in the folders texts, parts, overlays and
// editions. The edition is nil if there are errors; warnings alone leave it. The tests inside are not run: that is
// Check's work.
func Load(fsys fs.FS, name string) (*Edition, []Problem) {
	x := examine(fsys, name)
	return x.edition, sorted(x.problems)
}

// Check reads definitions and shared parts, checks every rule of the language and runs the tests inside.
func Check(fsys fs.FS, names ...string) []Problem {
	var out []Problem
	for _, n := range names {
		x := examine(fsys, n)
		x.runTests()
		out = append(out, sorted(x.problems)...)
	}
	return out
}

// examination is one file being looked at.
type examination struct {
	name     string
	draft    *draft   // nil if the file has no shape, or is a part
	edition  *Edition // nil after an error
	problems []Problem
	results  []testResult
	marks    int // elements marked as an example
}

func examine(fsys fs.FS, name string) *examination {
	x := &examination{name: name}
	root, data, problems := read(fsys, name)
	if len(problems) == 0 {
		problems = shape(root)
	}
	if len(problems) > 0 {
		x.problems = problems
		return x
	}
	var marks []string
	marksOf(root, "", &marks)
	x.marks = len(marks)
	parts := shelfOf(fsys, name)
	switch {
	case root.at("part").ok():
		x.part(root, parts)
	case root.at("overlay").ok():
		x.overlay(root, parts, data)
	default:
		x.service(root, root, parts, data)
	}
	return x
}

// part checks a shared part: its laws and the conditions of its fields.
func (x *examination) part(root *node, parts *shelf) {
	d := newDraft(root, parts)
	d.opening[root.at("part").str()] = true
	d.citations(root, false)
	fields := root.at("fields")
	d.within(d.membersOf(fields, "fields"), func() { d.fieldRules(fields, "fields") })
	x.problems = d.problems
}

// overlay lays an overlay over its base and checks the result as if it had been written by hand.
func (x *examination) overlay(over *node, parts *shelf, data []byte) {
	fail := func(problems ...Problem) { x.problems = append(x.problems, problems...) }
	p, ok := parts.find("services", over.at("overlay").str()+".yaml")
	if !ok {
		fail(problem(over.at("overlay"), "there is no base "+quote(over.at("overlay").str()), "it lies beside the overlay or one folder above"))
		return
	}
	base, baseData, problems := read(parts.fsys, p)
	if len(problems) == 0 {
		problems = shape(base)
	}
	if len(problems) > 0 {
		fail(problem(over.at("overlay"), "the base cannot be read", problems[0].Msg))
		return
	}
	root, problems := lay(base, over)
	if len(problems) == 0 {
		problems = shape(root)
	}
	if fail(problems...); len(problems) > 0 {
		return
	}
	x.service(root, over, parts, data, baseData)
	if x.edition != nil {
		x.edition.Overlay = over.at("authority").str()
	}
}

// service checks a definition and compiles it; own is the file it was written in, its overlay if it has one.
func (x *examination) service(root, own *node, parts *shelf, files ...[]byte) {
	d := newDraft(root, parts)
	x.draft = d
	d.meaning()
	d.migrations(own.file)
	english, data := d.english(own)
	for _, name := range sortedKeys(parts.bytes) {
		files = append(files, parts.bytes[name])
	}
	if data != nil {
		files = append(files, data)
	}
	x.problems = append(x.problems, d.problems...)
	if errorsOf(x.problems) == 0 {
		x.edition = d.build(english, files...)
	}
}

// shortName is the file's name without its folder.
func (x *examination) shortName() string { return path.Base(x.name) }

// isTexts reports whether a file holds the English texts of a definition rather than one.
func isTexts(name string) bool { return strings.HasSuffix(name, ".en.yaml") }
