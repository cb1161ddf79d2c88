package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// look opens a database to look at it, also while somebody else writes.
func (s *shell) look(store config.Store, see func(ctx context.Context, d *db.DB) error) (err error) {
	d, err := db.Open(s.ctx, store.DatabaseURL(), db.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return see(s.ctx, d)
}

type caseCommands struct {
	List caseList `cmd:"" help:"List the cases, oldest first: id, service, status, created."`
}

type caseList struct {
	config.Store
	JSON bool `name:"json" help:"Write JSON lines."`
}

// Run lists every case.
func (c *caseList) Run(s *shell) error {
	enc := json.NewEncoder(s.out)
	return s.look(c.Store, func(ctx context.Context, d *db.DB) error {
		return procedure.EachCase(ctx, d, func(l procedure.Line) error {
			if c.JSON {
				return enc.Encode(l)
			}
			_, err := fmt.Fprintf(s.out, "%s  %-10s  %s  %s\n", l.Created.Format("2006-01-02 15:04"), l.Status, l.Number, l.Service)
			return err
		})
	})
}

type ledgerCommands struct {
	Verify ledgerVerify `cmd:"" help:"Verify the ledger of a database, or an evidence pack."`
}

type ledgerVerify struct {
	config.Store
	File string `arg:"" optional:"" help:"An evidence pack: JSON document, zip or folder."`
	Head string `placeholder:"FILE" help:"A signed checkpoint kept elsewhere, to compare with."`
	Log  string `placeholder:"URL" help:"Where the log shows its tiles, such as https://stadt.example, to compare a checkpoint with a pack that has none."`
}

// Run says ok, or what is wrong.
func (c *ledgerVerify) Run(s *shell) error {
	report, err := c.verify(s)
	if err != nil {
		return err
	}
	if err := report.Print(s.out); err != nil {
		return err
	}
	if !report.OK {
		return errNo
	}
	return nil
}

func (c *ledgerVerify) verify(s *shell) (report ledger.Report, err error) {
	var head []byte
	if c.Head != "" {
		if head, err = os.ReadFile(c.Head); err != nil {
			return report, fault.Wrap(fault.Invalid, "ledger.error.head_file", err)
		}
	}
	if c.File != "" {
		o := ledger.FileOptions{Head: string(head)}
		if c.Log != "" {
			o.Tile = func(path string) ([]byte, error) { return readTile(s.ctx, strings.TrimSuffix(c.Log, "/")+"/"+path) }
		}
		return ledger.VerifyFile(c.File, o)
	}
	err = s.look(c.Store, func(ctx context.Context, d *db.DB) error {
		o := ledger.VerifyOptions{HeadFile: filepath.Join(c.Folder(), "ledger.head"), Head: string(head)}
		ring, err := keys.Open(ctx, d, c.KeyFile())
		if err != nil {
			return err
		}
		if o.Key, err = ring.Signer(ctx, keys.Node, ledger.Purpose); err != nil {
			return err
		}
		if o.MAC, err = ring.MAC(ctx, keys.Node, ledger.SaltPurpose); err != nil {
			return err
		}
		report, err = ledger.Verify(ctx, d, o)
		return err
	})
	return report, err
}

type procedureCommand struct {
	Check  procedureCheck  `cmd:"" help:"Check definitions and the tests inside."`
	Test   procedureTest   `cmd:"" help:"Run the tests inside definitions and name each."`
	Format procedureFormat `cmd:"" help:"Write definitions in their one normal form."`
}

type procedureCheck struct {
	Paths []string `arg:"" help:"Files or folders."`
}

// Run checks definitions.
func (c *procedureCheck) Run(s *shell) error { return yes(catalog.CheckPaths(s.out, c.Paths)) }

type procedureTest struct {
	Paths []string `arg:"" help:"Files or folders."`
}

// Run tests definitions.
func (c *procedureTest) Run(s *shell) error { return yes(catalog.TestPaths(s.out, c.Paths)) }

type procedureFormat struct {
	Paths []string `arg:"" help:"Files or folders."`
}

// Run brings definitions into normal form.
func (c *procedureFormat) Run(s *shell) error { return yes(catalog.FormatPaths(s.out, c.Paths)) }

func yes(ok bool) error {
	if ok {
		return nil
	}
	return errNo
}

type keysCommands struct {
	List   keysList   `cmd:"" help:"List the key sets: owner, purpose, kind, keys. Never the keys themselves."`
	Rotate keysRotate `cmd:"" help:"Add a new key to a key set; the older ones go on checking and opening."`
}

type keysList struct{ config.Store }

// Run lists the key sets.
func (c *keysList) Run(s *shell) error {
	return s.look(c.Store, func(ctx context.Context, d *db.DB) error {
		ring, err := keys.Open(ctx, d, c.KeyFile())
		if err != nil {
			return err
		}
		list, err := ring.List(ctx)
		if err != nil {
			return err
		}
		for _, k := range list {
			if err := printKey(s.out, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func printKey(out io.Writer, k keys.Info) error {
	ids := make([]string, len(k.Keys))
	for i, one := range k.Keys {
		ids[i] = one.ID
	}
	_, err := fmt.Fprintf(out, "%-24s %-24s %-8s %s  %s\n", k.Owner, k.Purpose, k.Kind, k.Created.UTC().Format(time.RFC3339), strings.Join(ids, " "))
	return err
}

type keysRotate struct {
	config.Store
	Owner   string `arg:"" help:"\"node\" or the key of an authority."`
	Purpose string `arg:"" help:"What the key set is for, as keys list names it."`
}

// Run rotates a key set. The database must not be in use.
func (c *keysRotate) Run(s *shell) (err error) {
	d, err := db.Open(s.ctx, c.DatabaseURL(), db.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	ring, err := keys.Open(s.ctx, d, c.KeyFile())
	if err != nil {
		return err
	}
	return ring.Rotate(s.ctx, c.Owner, c.Purpose)
}

type helpCommand struct {
	Topic string `arg:"" optional:"" enum:"config," default:"config" help:"config"`
}

// Run prints every setting with its default.
func (c *helpCommand) Run(s *shell) error { return config.WriteHelp(s.out, s.text) }
