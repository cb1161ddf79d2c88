package ledger

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

// VerifyCommand is `amtsweg ledger verify --data DIR | --database URL [--head FILE]`: it checks a database, which another
// process may be writing, prints the report and says whether all is well. headPath names a checkpoint got elsewhere.
func VerifyCommand(ctx context.Context, out io.Writer, d *db.DB, o VerifyOptions, headPath string) (bool, error) {
	var err error
	if o.Head, err = headText(headPath); err != nil {
		return false, err
	}
	o.Pages = true
	r, err := Verify(ctx, d, o)
	if err != nil {
		return false, err
	}
	return r.OK, r.Print(out)
}

// VerifyFileCommand is `amtsweg ledger verify FILE [--head FILE]`: it checks an evidence pack without any database.
func VerifyFileCommand(out io.Writer, name, headPath string, public []byte) (bool, error) {
	head, err := headText(headPath)
	if err != nil {
		return false, err
	}
	r, err := VerifyFile(name, FileOptions{Public: public, Head: head})
	if err != nil {
		return false, err
	}
	return r.OK, r.Print(out)
}

// headText reads a checkpoint that was asked for by name, so it must be there.
func headText(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("given head: %w", err)
	}
	if len(text) == 0 {
		return "", fmt.Errorf("given head: %s is empty", name)
	}
	return string(text), nil
}
