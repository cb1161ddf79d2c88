package catalog

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// Format brings the bytes of a definition into normal form: no byte order mark, lines that end with a line feed and
// without spaces, a last line that ends. Nothing that a person reads changes. A tab has no fixed width, so it stays, and
// Check names its line.
func Format(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	lines := bytes.Split(data, []byte("\n"))
	for i, l := range lines {
		lines[i] = bytes.TrimRight(l, " \r")
	}
	data = bytes.TrimRight(bytes.Join(lines, []byte("\n")), "\n")
	return append(data, '\n')
}

// FormatPaths writes definitions back in normal form and names those that changed. ok is false if a path holds none, or
// a file cannot be read or written.
func FormatPaths(w io.Writer, paths []string) (ok bool) {
	ok = len(paths) > 0
	for _, p := range paths {
		files, err := definitionsAt(p)
		for _, f := range files {
			if err == nil {
				err = formatFile(w, f)
			}
		}
		if err != nil {
			fmt.Fprintf(w, "%s: %v\n", p, err)
			ok = false
		}
	}
	return ok
}

func formatFile(w io.Writer, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Size() > maxFile {
		return fmt.Errorf("%s is larger than 1 MB", info.Name())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	formatted := Format(data)
	if bytes.Equal(data, formatted) {
		return nil
	}
	fmt.Fprintf(w, "%s: formatted\n", info.Name())
	return os.WriteFile(name, formatted, info.Mode().Perm()) //nolint:gosec // the file the person named on the command line
}
