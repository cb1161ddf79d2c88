package catalog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// CheckPaths checks definitions and shared parts and writes every problem, and one line for each file: errors, warnings,
// how many of its tests passed, and whether it may run in a sandbox only. A path is a file or a folder; a folder stands
// for every definition in it, English texts and older editions left out: those are checked with their definition. ok is
// false if any file has an error or a path holds no definition.
func CheckPaths(w io.Writer, paths []string) (ok bool) { return reportOn(w, paths, false) }

// TestPaths does what CheckPaths does and names every test with its result.
func TestPaths(w io.Writer, paths []string) (ok bool) { return reportOn(w, paths, true) }

func reportOn(w io.Writer, paths []string, tests bool) bool {
	ok := len(paths) > 0
	for _, p := range paths {
		files, err := definitionsAt(p)
		if err != nil {
			fmt.Fprintf(w, "%s: %v\n", p, err)
			ok = false
		}
		for _, f := range files {
			ok = reportFile(w, f, tests) && ok
		}
	}
	return ok
}

// definitionsAt are the files that a path stands for.
func definitionsAt(p string) ([]string, error) {
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file or folder")
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []string{p}, nil
	}
	var files []string
	err = filepath.WalkDir(p, func(f string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"texts", "editions"}, entry.Name()):
			return fs.SkipDir
		case entry.Type().IsRegular() && strings.HasSuffix(f, ".yaml") && !isTexts(f):
			files = append(files, f)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = errors.New("there is no definition in this folder")
	}
	return files, err
}

func reportFile(w io.Writer, file string, tests bool) bool {
	if isTexts(file) {
		return true // checked with its definition
	}
	full, err := filepath.Abs(file)
	if err != nil {
		fmt.Fprintf(w, "%s: %v\n", file, err)
		return false
	}
	root := filepath.VolumeName(full) + string(filepath.Separator)
	x := examine(os.DirFS(root), filepath.ToSlash(strings.TrimPrefix(full, root)))
	x.runTests()
	x.problems = sorted(x.problems)
	for _, p := range x.problems {
		fmt.Fprintln(w, p)
	}
	passed := 0
	for _, t := range x.results {
		word := "failed"
		if t.passed {
			word = "passed"
			passed++
		}
		if tests {
			fmt.Fprintf(w, "%s: %s\n", word, t.name)
		}
	}
	bad := errorsOf(x.problems)
	fmt.Fprintf(w, "%s: %s, %s, %d of %s passed%s\n", x.shortName(), counted(bad, "error"), counted(len(x.problems)-bad, "warning"), passed, counted(len(x.results), "test"), x.sandbox())
	return bad == 0
}

func (x *examination) sandbox() string {
	if x.marks == 0 {
		return ""
	}
	return "; sandbox only (" + counted(x.marks, "element") + " marked example)"
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
