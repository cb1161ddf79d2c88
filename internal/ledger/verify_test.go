package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// busy fills a ledger with two full tiles of leaves and a third begun, five persons among them, one erasure, and two
// records that wait.
func (w *town) busy() {
	w.t.Helper()
	old := access("person 4")
	old.DeleteOn = clock.Date{Y: 2030, M: 3, D: 5}
	w.record(old, old, access("person 4"))
	w.sequence()
	w.clock.Advance(48 * time.Hour)
	if n, err := w.EraseDue(w.t.Context(), 100); err != nil || n != 2 {
		w.t.Fatalf("%d bodies were erased, want 2: %v", n, err)
	}
	for i := range 110 {
		var batch []ledger.Entry
		for p := range 5 {
			e := access(ledger.Subject(fmt.Sprintf("person %d", (p+i)%5)))
			e.Case = fmt.Sprintf("LF-%d", i)
			batch = append(batch, e)
		}
		w.record(batch...)
		if i%50 == 0 {
			w.sequence()
		}
	}
	w.sequence()
	w.record(access("person 1"), access("person 2"))
}

// report verifies the database as the command does.
func (w *town) report(o ledger.VerifyOptions) ledger.Report {
	w.t.Helper()
	key, err := w.ring.Signer(w.t.Context(), keys.Node, ledger.Purpose)
	if err != nil {
		w.t.Fatal(err)
	}
	mac, err := w.ring.MAC(w.t.Context(), keys.Node, ledger.SaltPurpose)
	if err != nil {
		w.t.Fatal(err)
	}
	if o.Public == nil {
		o.Key = key
	}
	o.MAC = mac
	r, err := ledger.Verify(w.t.Context(), w.db, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *town) exec(statements ...string) {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, s := range statements {
			n, err := tx.Exec(ctx, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
			if n == 0 && !strings.HasPrefix(s, "CREATE") && !strings.HasPrefix(s, "DROP") {
				return fmt.Errorf("%s: touched nothing", s)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

var tables = []string{"ledger_record", "ledger_tile", "ledger_head", "ledger_epoch"}

func (w *town) keep() {
	for _, table := range tables {
		w.exec("CREATE TABLE kept_" + table + " AS SELECT * FROM " + table)
	}
}

func (w *town) restore() {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, table := range tables {
			_, err := tx.Exec(ctx, "DELETE FROM "+table)
			_, err2 := tx.Exec(ctx, "INSERT INTO "+table+" SELECT * FROM kept_"+table)
			if err := errors.Join(err, err2); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// row is what identifies a record in a report.
func (w *town) row(position int) (id string, at time.Time) {
	w.t.Helper()
	type row struct {
		id string
		at time.Time
	}
	r, err := db.One(w.t.Context(), w.db, func(r db.Row) (x row, err error) {
		err = r.Scan(&x.id, db.Time(&x.at))
		return x, err
	}, "SELECT id, time FROM ledger_record WHERE position = ?", position)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.id, r.at
}

func TestAnUntouchedLedgerVerifies(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		if r := w.report(ledger.VerifyOptions{}); !r.OK || r.Size != 0 {
			t.Errorf("an empty ledger: %+v", r)
		}
		w.busy()
		r := w.report(ledger.VerifyOptions{HeadFile: w.head, Name: "amtsweg.example/lindenfurt"})
		if !r.OK || r.Size != 554 || r.Waiting != 2 || r.Erased != 2 || r.Persons != 5 || r.Name != "amtsweg.example/lindenfurt" {
			t.Errorf("got %+v", r)
		}
		if r := w.report(ledger.VerifyOptions{Public: w.Public()}); !r.OK {
			t.Errorf("with the public key alone: %+v", r)
		}
		var out bytes.Buffer
		if err := r.Print(&out); err != nil || !strings.HasPrefix(out.String(), "ok: amtsweg.example/lindenfurt, 554 records in the tree, 2 waiting, 2 erased") ||
			!strings.Contains(out.String(), "only a witness") {
			t.Errorf("got %s", out.String())
		}
		if _, err := w.Verify(t.Context()); err != nil || w.Health() != nil {
			t.Errorf("the node stopped writing: %v, %v", err, w.Health())
		}
	})
}

func TestEveryChangeIsFoundWithRowAndTime(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.busy()
		w.keep()
		a, at := w.row(300)
		b, bt := w.row(301)
		erased, _ := w.row(0)
		quote := func(id string) string { return "'" + id + "'" }
		set := func(id, what string) string { return "UPDATE ledger_record SET " + what + " WHERE id = " + quote(id) }
		blob := "X'00'"
		if w.db.Engine() == db.Postgres {
			blob = "'\\x00'::bytea"
		}
		for name, story := range map[string]struct {
			do    []string
			table string
			row   string
			at    time.Time
			what  string
		}{
			"a row deleted":             {[]string{"DELETE FROM ledger_record WHERE id = " + quote(a)}, "ledger_record", "place 300", at, "gone"},
			"a body changed":            {[]string{set(a, "body = salt")}, "ledger_record", a, at, "does not give its leaf"},
			"a body taken out":          {[]string{set(a, "body = "+strings.Replace(blob, "00", "", 1))}, "ledger_record", a, at, "its body is missing"},
			"a body taken out properly": {[]string{set(a, "body = "+strings.Replace(blob, "00", "", 1)+", salt = "+strings.Replace(blob, "00", "", 1)+", kind = 'erased', authority = '', delete_on = '', time = 0")}, "ledger_record", a, time.Time{}, "does not account for it"},
			"a salt changed":            {[]string{set(a, "salt = "+blob)}, "ledger_record", a, at, "does not give its leaf"},
			"a leaf changed":            {[]string{set(a, "leaf = "+blob)}, "ledger_record", a, at, "it is not the record that was placed at 300"},
			"column id":                 {[]string{set(a, "id = 'x'")}, "ledger_record", "x", at, "column id"},
			"column time":               {[]string{set(a, "time = time + 1000000")}, "ledger_record", a, at, "column time"},
			"column kind":               {[]string{set(a, "kind = 'notice'")}, "ledger_record", a, at, "column kind"},
			"column authority":          {[]string{set(a, "authority = 'lindenfurt'")}, "ledger_record", a, at, "column authority"},
			"column case_id":            {[]string{set(a, "case_id = 'LF-1'")}, "ledger_record", a, at, "column case_id"},
			"column subject":            {[]string{set(a, "subject = 'somebody else'")}, "ledger_record", a, at, "column subject"},
			"column subject emptied":    {[]string{set(a, "subject = ''")}, "ledger_record", a, at, "column subject"},
			"column subject_seq":        {[]string{set(a, "subject_seq = 9999")}, "ledger_record", a, at, "column subject_seq"},
			"column delete_on":          {[]string{set(a, "delete_on = '2031-01-01'")}, "ledger_record", a, at, "column delete_on"},
			"column mark":               {[]string{set(a, "mark = "+blob)}, "ledger_record", a, at, "column mark"},
			"column epoch":              {[]string{set(a, "epoch = 7")}, "ledger_record", a, at, "which the signed tree does not have"},
			"a position taken away":     {[]string{set(a, "position = NULL")}, "ledger_record", a, at, "lost its position"},
			"a position beyond the end": {[]string{set(a, "position = 10000")}, "ledger_record", a, at, "which the signed tree does not have"},
			"an order swapped": {
				[]string{set(a, "position = 10000"), set(b, "position = 300"), set(a, "position = 301")},
				"ledger_record", b, bt, "it is not the record that was placed at 300",
			},
			"a record inserted": {
				[]string{"INSERT INTO ledger_record SELECT 'forged', time, kind, authority, case_id, 'person 9', 1, delete_on, leaf, salt, mark, body, 1, 554 FROM ledger_record WHERE id = " + quote(a)},
				"ledger_record", "forged", at, "which the signed tree does not have",
			},
			"a waiting record inserted": {
				[]string{"INSERT INTO ledger_record SELECT 'forged', time, kind, authority, case_id, 'person 9', 1, delete_on, leaf, salt, mark, body, 0, NULL FROM ledger_record WHERE id = " + quote(a)},
				"ledger_record", "forged", at, "column id",
			},
			"an erasure's number changed": {[]string{set(erased, "id = 'other'")}, "ledger_record", "other", time.Time{}, "does not account for it"},
			"an erasure's rest":           {[]string{set(erased, "authority = 'x'")}, "ledger_record", erased, time.Time{}, "columns are left"},
			"a tile of leaves flipped":    {[]string{flip(w, 0, 1, (300-256)*32+5)}, "ledger_tile", "1/0/1", at, "the hash of the record at place 300 was changed"},
			"the last tile flipped":       {[]string{flip(w, 0, 2, 3)}, "ledger_tile", "1/0/2", time.Time{}, "the hash of the record at place 512 was changed"},
			"an upper tile flipped":       {[]string{flip(w, 1, 0, 40)}, "ledger_tile", "1/1/0", time.Time{}, "not the one that the leaves below it give"},
			"a tile deleted":              {[]string{"DELETE FROM ledger_tile WHERE level = 0 AND number = 1"}, "ledger_tile", "1/0/1", time.Time{}, "missing"},
			"an upper tile deleted":       {[]string{"DELETE FROM ledger_tile WHERE level = 1"}, "ledger_tile", "1/1/0", time.Time{}, "missing"},
			"a tile cut short":            {[]string{"UPDATE ledger_tile SET data = " + blob + " WHERE level = 0 AND number = 0"}, "ledger_tile", "1/0/0", time.Time{}, "wrong length"},
			"a tile inserted":             {[]string{"INSERT INTO ledger_tile SELECT 1, 3, 0, data FROM ledger_tile WHERE level = 1"}, "ledger_tile", "1/3/0", time.Time{}, "no such tile"},
			"tiles swapped":               {[]string{"UPDATE ledger_tile SET number = 9 WHERE level = 0 AND number = 0", "UPDATE ledger_tile SET number = 0 WHERE level = 0 AND number = 1", "UPDATE ledger_tile SET number = 1 WHERE number = 9"}, "ledger_tile", "1/0/1", at.Add(-9 * time.Second), "the hash of the record at places 256 to 511 was changed"},
			"the head's size":             {[]string{"UPDATE ledger_head SET size = 553"}, "ledger_head", "1", time.Time{}, "not those that were signed"},
			"the head's root":             {[]string{"UPDATE ledger_head SET root = " + blob}, "ledger_head", "1", time.Time{}, "not those that were signed"},
			"the head's epoch":            {[]string{"UPDATE ledger_head SET epoch = 2"}, "ledger_head", "2", time.Time{}, "has the checkpoint of"},
			"the checkpoint":              {[]string{"UPDATE ledger_head SET checkpoint = REPLACE(checkpoint, '554', '553')"}, "ledger_head", "1", time.Time{}, "signature"},
			"the head deleted":            {[]string{"DELETE FROM ledger_head"}, "ledger_head", "1", time.Time{}, "missing"},
			"an epoch inserted":           {[]string{"INSERT INTO ledger_epoch SELECT 3, size, root, checkpoint FROM ledger_head"}, "ledger_epoch", "3", time.Time{}, "has the checkpoint of"},
			"everything deleted":          {[]string{"DELETE FROM ledger_record", "DELETE FROM ledger_tile"}, "ledger_record", "places 0 to 255", time.Time{}, "gone"},
			"the newest cut off":          {[]string{"DELETE FROM ledger_record WHERE position >= 553"}, "ledger_record", "place 553", time.Time{}, "gone"},
		} {
			w.exec(story.do...)
			r := w.report(ledger.VerifyOptions{})
			found := false
			for _, p := range r.Problems {
				found = found || p.Table == story.table && p.Row == story.row && strings.Contains(p.What, story.what) &&
					(story.at.IsZero() || p.Time.Sub(story.at).Abs() <= 3*time.Second)
			}
			if r.OK || !found {
				t.Errorf("%s: not found as %s %s (%s) %q in\n%+v", name, story.table, story.row, story.at, story.what, r.Problems)
			}
			if len(r.Problems) > 7 {
				t.Errorf("%s: accuses too many: %d\n%+v", name, len(r.Problems), r.Problems)
			}
			w.restore()
		}
		if r := w.report(ledger.VerifyOptions{HeadFile: w.head}); !r.OK {
			t.Errorf("after all was put back: %+v", r.Problems)
		}
	})
}

// flip is a statement that changes one byte of a tile.
func flip(w *town, level, number, at int) string {
	data, err := db.One(w.t.Context(), w.db, db.Scalar[[]byte], "SELECT data FROM ledger_tile WHERE level = ? AND number = ?", level, number)
	if err != nil {
		w.t.Fatal(err)
	}
	data[at] ^= 0x10
	format := "UPDATE ledger_tile SET data = X'%x' WHERE level = %d AND number = %d"
	if w.db.Engine() == db.Postgres {
		format = "UPDATE ledger_tile SET data = '\\x%x'::bytea WHERE level = %d AND number = %d"
	}
	return fmt.Sprintf(format, data, level, number)
}

func TestADatabaseOfLastNightIsFound(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"), access("child"))
		w.sequence()
		evening, err := os.ReadFile(w.head)
		if err != nil {
			t.Fatal(err)
		}
		w.keep()
		w.record(access("mover"))
		w.sequence()
		morning, err := os.ReadFile(w.head)
		if err != nil {
			t.Fatal(err)
		}
		if r := w.report(ledger.VerifyOptions{Head: string(evening)}); !r.OK || !strings.Contains(strings.Join(r.Remarks, "\n"), "the database continues it") {
			t.Errorf("an older head: %+v", r)
		}

		w.restore()
		r := w.report(ledger.VerifyOptions{HeadFile: w.head})
		if r.OK || !strings.Contains(r.Problems[0].What, "signed for 3 records, the database ends at 2: the database is older") {
			t.Errorf("last night's database beside today's head: %+v", r)
		}
		if err := w.open().Health(); !fault.Is(err, fault.Unavailable) {
			t.Errorf("the node writes on: %v", err)
		}

		if err := os.WriteFile(w.head, evening, 0o600); err != nil {
			t.Fatal(err)
		}
		r = w.report(ledger.VerifyOptions{HeadFile: w.head})
		if !r.OK || !strings.Contains(strings.Join(r.Remarks, "\n"), "only a witness could tell") {
			t.Errorf("both of last night: %+v", r)
		}
		if r := w.report(ledger.VerifyOptions{HeadFile: w.head, Head: string(morning)}); r.OK {
			t.Error("a witness's checkpoint does not help")
		}

		w.record(access("somebody else")) // another history from here on
		w.sequence()
		if r := w.report(ledger.VerifyOptions{Head: string(morning)}); r.OK || !strings.Contains(r.Problems[0].What, "are not those it was signed for") {
			t.Errorf("another history of the same length passes: %+v", r)
		}
		if err := os.Remove(w.head); err != nil {
			t.Fatal(err)
		}
		if r := w.report(ledger.VerifyOptions{HeadFile: w.head}); r.OK {
			t.Error("the file was taken away and nobody minds")
		}
	})
}

func TestABrokenTreeIsReadButNotWritten(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"), access("mover"))
		w.sequence()
		w.exec(flip(w, 0, 0, 40))
		refused := func(l *ledger.Ledger, why string) {
			t.Helper()
			err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := l.Record(ctx, tx, access("mover"))
				return err
			})
			if !fault.Is(err, fault.Unavailable) || fault.CodeOf(err) != "ledger.error.broken" {
				t.Errorf("%s: got %v", why, err)
			}
			if items, err := l.OfSubject(t.Context(), w.db, "mover", 0, 10); err != nil || len(items) < 2 {
				t.Errorf("%s: reading stopped: %v", why, err)
			}
			if _, err := l.Checkpoint(t.Context()); err != nil {
				t.Errorf("%s: %v", why, err)
			}
		}
		refused(w.open(), "found at the start")

		w.record(access("mover")) // nobody has noticed yet
		before := w.checkpoint()
		if _, err := w.Sequence(t.Context()); err == nil {
			t.Error("the sequencer went on")
		}
		refused(w.Ledger, "found by the sequencer")
		if after := w.checkpoint(); after != before {
			t.Errorf("a head was signed over a broken tree: %+v", after)
		}
	})
}

func TestAForgedRecordIsNeverPlaced(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"))
		// The forger knows everything but the node's key: a record of another node, whole in itself.
		w.exec("UPDATE keys_keyset SET purpose = 'aside' WHERE purpose = '" + ledger.SaltPurpose + "'")
		if _, err := keys.Open(t.Context(), w.db, strings.Replace(w.head, "ledger.head", "master.key", 1)); err == nil {
			t.Fatal("a keyset moved to another purpose opens")
		}
		w.exec("DELETE FROM keys_keyset WHERE purpose = 'aside'")
		ring, err := keys.Open(t.Context(), w.db, strings.Replace(w.head, "ledger.head", "master.key", 1))
		if err != nil {
			t.Fatal(err)
		}
		forger, err := ledger.New(t.Context(), w.db, ring, ledger.Options{Name: "amtsweg.example/lindenfurt"})
		if err != nil {
			t.Fatal(err)
		}
		err = w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := forger.Record(ctx, tx, access("victim"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Sequence(t.Context()); err == nil || !strings.Contains(err.Error(), "was not written by this node") {
			t.Errorf("got %v", err)
		}
		if r := w.report(ledger.VerifyOptions{}); r.OK || !strings.Contains(r.Problems[0].What, "was not written by this node") {
			t.Errorf("got %+v", r)
		}
	})
}

func TestErasureLeavesTheTreeStanding(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		due := access("mover")
		due.DeleteOn = ledger.RetrievalLog(w.clock.Now())
		if due.DeleteOn != (clock.Date{Y: 2032, M: 1, D: 1}) {
			t.Errorf("§ 40 (5) BMG: got %s", due.DeleteOn)
		}
		file := access("mover")
		file.DeleteOn = clock.Date{}
		rec := w.record(due, file, due)
		if n, err := w.EraseDue(t.Context(), 10); err != nil || n != 0 {
			t.Fatalf("%d bodies were erased before their day: %v", n, err)
		}
		w.sequence()
		before := w.checkpoint()
		w.clock.Set(clock.At("2031-12-31 23:59").Now())
		if n, err := w.EraseDue(t.Context(), 10); err != nil || n != 0 {
			t.Fatalf("%d bodies were erased a day early: %v", n, err)
		}
		w.clock.Advance(time.Minute)
		if n, err := w.EraseDue(t.Context(), 10); err != nil || n != 2 {
			t.Fatalf("%d bodies were erased on the day, want 2: %v", n, err)
		}
		if n, err := w.EraseDue(t.Context(), 10); err != nil || n != 0 {
			t.Fatalf("%d bodies were erased twice: %v", n, err)
		}
		w.sequence()
		items := w.ofSubject("mover", 0, 10)
		if len(items) != 4 || items[0].Kind != ledger.Erasure || items[0].Law != due.Law || len(items[0].Erases) != 2 ||
			items[1].ID != rec[2].ID || !items[1].Erased || items[1].Reason != "" || items[2].Erased || !items[3].Erased {
			t.Errorf("got %+v", items)
		}
		if r := w.report(ledger.VerifyOptions{HeadFile: w.head}); !r.OK || r.Erased != 2 {
			t.Errorf("got %+v", r)
		}
		if c := w.checkpoint(); c.Size != before.Size+1 {
			t.Errorf("the tree has %d records, had %d", c.Size, before.Size)
		}

		with := ledger.Entry{Authority: "lindenfurt", Law: "§ 13 (2) BMG", DeleteOn: clock.Date{Y: 2032, M: 1, D: 1}, Case: "LF-2030-0112"}
		erase := func(why ledger.Entry) error {
			return w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.Erase(ctx, tx, why, rec[0].ID, rec[1].ID) })
		}
		early, lawless := with, with
		early.DeleteOn, lawless.Law = clock.Date{Y: 2032, M: 1, D: 2}, ""
		if erase(early) == nil || erase(lawless) == nil {
			t.Error("a body was erased without law or before its day")
		}
		if err := erase(with); err != nil {
			t.Fatal(err)
		}
		w.sequence()
		if r := w.report(ledger.VerifyOptions{HeadFile: w.head}); !r.OK || r.Erased != 3 {
			t.Errorf("got %+v", r)
		}
	})
}

func TestARestoreBeginsANewEpoch(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"), access("child"))
		w.sequence()
		w.keep()
		w.record(access("mover"), access("mover"))
		w.sequence()
		w.restore()

		l := w.open()
		if l.Health() == nil {
			t.Fatal("the roll-back was not noticed")
		}
		if err := l.Restart(t.Context(), "", "Plattenschaden, Sicherung vom Vorabend"); err != nil {
			t.Fatal(err)
		}
		w.Ledger = l
		if l.Health() != nil || l.Name() != "amtsweg.example/lindenfurt/2" {
			t.Errorf("got %v, %s", l.Health(), l.Name())
		}
		rec := w.record(access("mover"))
		w.sequence()
		if c := w.checkpoint(); c.Size != 2 || c.Name != l.Name() {
			t.Errorf("got %+v", c)
		}
		if p, err := w.Proof(t.Context(), rec[0].ID); err != nil || p.Index != 1 {
			t.Errorf("got %+v, %v", p, err)
		}
		old := w.ofSubject("mover", 0, 10)
		if len(old) != 2 || old[0].SubjectSeq != 2 || old[0].Epoch != 2 || old[1].Epoch != 1 {
			t.Errorf("got %+v", old)
		}
		if p, err := w.Proof(t.Context(), old[1].ID); err != nil || !strings.HasPrefix(p.Checkpoint, "amtsweg.example/lindenfurt\n2\n") {
			t.Errorf("a record of the closed epoch has no proof: %+v, %v", p, err)
		}
		body := w.bodyAt(2, 0)
		if body.Kind != ledger.Restarted || body.More["lost"] != "amtsweg.example/lindenfurt 2 to 3" || !strings.HasPrefix(body.More["last"], "amtsweg.example/lindenfurt\n4\n") {
			t.Errorf("the first leaf says %+v", body)
		}
		if r := w.report(ledger.VerifyOptions{HeadFile: w.head}); !r.OK || r.Size != 4 {
			t.Errorf("got %+v", r)
		}
		if err := w.open().Health(); err != nil {
			t.Errorf("after the next start: %v", err)
		}
		w.exec("DELETE FROM ledger_epoch")
		if r := w.report(ledger.VerifyOptions{HeadFile: w.head}); r.OK {
			t.Error("the closed epoch vanished and nobody minds")
		}
	})
}

func (w *town) bodyAt(epoch, position int) ledger.Body {
	w.t.Helper()
	b, err := db.One(w.t.Context(), w.db, db.Scalar[[]byte], "SELECT body FROM ledger_record WHERE epoch = ? AND position = ?", epoch, position)
	if err != nil {
		w.t.Fatal(err)
	}
	body, err := ledger.ParseBody(b)
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}

func TestTheCommandLooksOnWhileTheNodeWrites(t *testing.T) {
	t.Parallel()
	url := testkit.SQLite(t)
	c := clock.At("2030-03-04 09:00")
	d := testkit.Open(t, url, c)
	if err := d.Migrate(t.Context(), keys.Migrations, ledger.Migrations); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ring, err := keys.Open(t.Context(), d, filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, db: d, ring: ring, clock: c, head: filepath.Join(dir, "ledger.head")}
	w.Ledger = w.open()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := w.Record(ctx, tx, access("mover"), access("child"))
				return err
			})
			if err == nil {
				_, err = w.Sequence(ctx)
			}
			if err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	for range 10 {
		looker, err := db.Open(t.Context(), url, db.Options{ReadOnly: true, Clock: c})
		if err != nil {
			t.Fatal(err)
		}
		other, err := keys.Open(t.Context(), looker, filepath.Join(dir, "master.key"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := other.Signer(t.Context(), keys.Node, ledger.Purpose)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ledger.Verify(t.Context(), looker, ledger.VerifyOptions{Key: key, HeadFile: w.head})
		if err != nil || !r.OK {
			t.Errorf("%+v, %v", r, err)
		}
		if err := looker.Close(); err != nil {
			t.Error(err)
		}
	}
	stop()
	running.Wait()
}

func TestAFolderOfAnotherDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"))
		w.sequence()
		before, err := os.ReadFile(w.head)
		if err != nil {
			t.Fatal(err)
		}
		other, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "other.db"), db.Options{Clock: w.clock})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close() //nolint:errcheck // the test is over
		if err := other.Migrate(t.Context(), keys.Migrations, ledger.Migrations); err != nil {
			t.Fatal(err)
		}
		ring, err := keys.Open(t.Context(), other, filepath.Join(t.TempDir(), "master.key"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.New(t.Context(), other, ring, ledger.Options{Name: w.Name(), HeadFile: w.head}); !fault.Is(err, fault.Invalid) || fault.CodeOf(err) != "ledger.error.other_head" {
			t.Errorf("got %v", err)
		}
		if after, err := os.ReadFile(w.head); err != nil || !bytes.Equal(before, after) {
			t.Errorf("the head of the first database was changed: %s, %v", after, err)
		}
	})
}
