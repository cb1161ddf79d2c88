package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// seed is a fault planted into the product for a self-test: one place of its source reads otherwise in the build that
// the drill must find broken. The source itself stays as it is.
type seed struct {
	what          string // that this build gets wrong
	file          string
	before, after string
}

// seeds are the faults by drill. A drill is blind if it holds with any of them.
var seeds = map[string][]seed{
	"D9": {
		{
			"takes a form a second time", "internal/procedure/form.go",
			"err != nil || c.Wait != ForForm || c.Stage != stage {", "err != nil || (c.Stage != stage && stage != \"confirm\") {",
		},
		{
			"receives a notice again with every delivery", "internal/exchange/store.go",
			"ON CONFLICT (recipient, notice_id) DO NOTHING RETURNING notice_id", "ON CONFLICT (recipient, notice_id) DO UPDATE SET received = excluded.received RETURNING notice_id",
		},
	},
	"D15": {
		{
			"shows a case to whoever knows its number", "internal/procedure/service.go",
			"err == nil && c.Account != account {", "err == nil && c.Account == \"\" {",
		},
		{
			"lets citizens into a page of staff", "internal/access/policy.go",
			"\t\tif !p.Has(r) {", "\t\tif len(p.Roles) == 0 {",
		},
	},
	"D21": {
		{
			"lets the later of two decisions win", "internal/procedure/store.go",
			"AND id = ? AND version = ?`", "AND id = ? AND version <> -1 - ?`",
		},
		{
			"goes on fetching on a grant that was revoked", "internal/consent/grant.go",
			"return g.ID != \"\" && g.EndedAt.IsZero() && now.Before(g.Until)", "return g.ID != \"\" && now.Before(g.Until)",
		},
		{
			"goes on fetching on a grant whose time is over", "internal/consent/grant.go",
			"return g.ID != \"\" && g.EndedAt.IsZero() && now.Before(g.Until)", "return g.ID != \"\" && g.EndedAt.IsZero()",
		},
		{
			"lets a referral begin two cases", "internal/lifeevent/store.go",
			"AND used_at = 0 AND ends > ?", "AND used_at >= 0 AND ends > ?",
		},
		{
			"enters a move again that was told in another case", "internal/procedure/store.go",
			"subject = ? AND service = ? AND closed = 0 AND received > 0", "subject = ? AND service = ? AND decided = 0 AND received > 0",
		},
	},
}

// wholeSeeds are those of the drills on the product's own program.
var wholeSeeds = map[string][]seed{
	"D1": {
		{
			"enters and tells in a transaction of its own", "internal/procedure/service.go",
			"\t\tfunc() error { return s.enact(ctx, tx, &c, &out, eff) },\n",
			"\t\tfunc() error {\n\t\t\tlater, copied := out, c\n\t\t\ttx.AfterCommit(func() {\n\t\t\t\tgo s.DB.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error { return s.enact(ctx, tx, &copied, &later, eff) })\n\t\t\t})\n\t\t\treturn nil\n\t\t},\n",
		},
	},
	"D2": {{
		"takes a failed commit for a success", "internal/base/db/group.go",
		"\t\tif w.on.unknown(err) {\n\t\t\tanswer(batch, fault.Wrap(fault.Unknown, \"db.error.unknown\", err))\n\t\t\treturn false, true\n\t\t}\n\t\treturn repeatable(err), false\n",
		"\t\tanswer(batch, nil)\n\t\treturn false, true\n",
	}},
}

// plant builds a program with a fault in it.
func (d *drills) plant(ctx context.Context, s seed, target, binary string) error {
	text, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), s.before); n != 1 {
		return fmt.Errorf("the self-test no longer fits: %s has the place for a build that %s %d times", s.file, s.what, n)
	}
	planted := filepath.Join(d.dir, "planted.go")
	if err := os.WriteFile(planted, []byte(strings.Replace(string(text), s.before, s.after, 1)), 0o600); err != nil {
		return err
	}
	file, err := filepath.Abs(s.file)
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: planted}})
	if err != nil {
		return err
	}
	list := filepath.Join(d.dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", binary, target).CombinedOutput(); err != nil {
		return fmt.Errorf("building a program that %s: %w: %s", s.what, err, out)
	}
	return nil
}
