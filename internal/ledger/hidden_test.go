package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

const hideLaw = "§ 11 Abs. 2 Nr. 4 BMG"

// covert is an access that its person must not see yet.
func covert(who ledger.Subject, until string) ledger.Entry {
	e := access(who)
	e.Reader, e.Case, e.Reason = "kriminalamt", "KA-77", "Ein Ermittlungsverfahren."
	e.Hide = ledger.Hiding{Law: hideLaw, Until: date(until)}
	return e
}

func date(s string) clock.Date {
	d, err := clock.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// work runs what is due.
func (w *town) work() {
	w.t.Helper()
	if err := w.jobs.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) readyToHide() {
	w.t.Helper()
	if err := w.ReadyToHide(w.t.Context(), "ellerbrueck"); err != nil {
		w.t.Fatal(err)
	}
}

// everything is all that the tables of the ledger and the queue hold, as somebody with the database file sees it.
func (w *town) everything() string {
	w.t.Helper()
	var out strings.Builder
	text := func(r db.Row) ([]byte, error) {
		var b []byte
		err := r.Scan(&b)
		return b, err
	}
	for _, q := range []string{
		"SELECT body FROM ledger_record WHERE kind = 'hidden'", "SELECT payload FROM job_job",
		"SELECT CAST(subject || case_id || authority AS BLOB) FROM ledger_record WHERE kind = 'hidden'",
	} {
		if w.db.Engine() == db.Postgres {
			q = strings.ReplaceAll(q, "AS BLOB", "AS BYTEA")
		}
		rows, err := db.All(w.t.Context(), w.db, text, q)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, b := range rows {
			out.Write(b)
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func TestAHiddenAccessIsSeenOnItsDay(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.readyToHide()
		w.record(access("mover"))
		then := w.record(covert("mover", "2030-09-01"))[0]
		w.record(access("mover"))
		w.sequence()
		if items := w.ofSubject("mover", 0, 10); len(items) != 2 || items[0].SubjectSeq != 2 {
			t.Fatalf("before its day the person sees %d entries, the newest is number %d; want 2 without a gap", len(items), items[0].SubjectSeq)
		}
		for _, word := range []string{"mover", "kriminalamt", "KA-77", "birth", "Ermittlung"} {
			if strings.Contains(w.everything(), word) {
				t.Errorf("the sealed record tells %q", word)
			}
		}
		w.verifies()

		w.clock.Set(date("2030-09-01").Start().Add(-time.Second))
		w.work()
		if items := w.ofSubject("mover", 0, 10); len(items) != 2 {
			t.Fatalf("a second before its day the person sees %d entries", len(items))
		}
		w.clock.Advance(time.Second)
		w.Ledger = w.open() // another process than the one that hid it
		w.work()
		w.work()
		w.sequence()
		items := w.ofSubject("mover", 0, 10)
		if len(items) != 3 {
			t.Fatalf("on its day the person sees %d entries, want 3", len(items))
		}
		got := items[0]
		if got.Kind != ledger.Access || got.Reader != "kriminalamt" || got.Case != "KA-77" || len(got.Fields) != 3 || got.Reason != "Ein Ermittlungsverfahren." ||
			got.Opens != then.ID || !got.Happened.Equal(then.Time) || !got.Opening() || got.SubjectSeq != 3 || got.DeleteOn != date("2032-01-01") {
			t.Errorf("got %+v", got)
		}
		w.verifies()
		p := w.packOf("mover")
		if r, err := ledger.VerifyBytes(marshal(t, p), ledger.FileOptions{Public: w.Public()}); err != nil || !r.OK || r.Persons != 1 || len(p.Records) != 4 {
			t.Errorf("%d records in the pack, %+v, %v", len(p.Records), r, err)
		}
		if p := w.packOf("other"); len(p.Records) != 0 {
			t.Errorf("somebody else's pack has %d records", len(p.Records))
		}
	})
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verifies checks the whole ledger, in the database and as the folder for strangers.
func (w *town) verifies() {
	w.t.Helper()
	r, err := w.Verify(w.t.Context())
	if err != nil || !r.OK {
		w.t.Fatalf("database: %+v, %v", r, err)
	}
	dir := w.t.TempDir()
	if err := w.WritePack(w.t.Context(), dir, nil); err != nil {
		w.t.Fatal(err)
	}
	if r, err := ledger.VerifyFile(dir, ledger.FileOptions{Public: w.Public()}); err != nil || !r.OK {
		w.t.Fatalf("folder: %+v, %v", r, err)
	}
}

func TestWhatMustNotBeHidden(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		try := func(e ledger.Entry) error {
			return w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := w.Record(ctx, tx, e)
				return err
			})
		}
		if err := try(covert("mover", "2030-09-01")); err == nil {
			t.Error("an access was hidden without a key")
		}
		w.readyToHide()
		for name, e := range map[string]ledger.Entry{
			"without law":    func() ledger.Entry { e := covert("mover", "2030-09-01"); e.Hide.Law = ""; return e }(),
			"for ever":       func() ledger.Entry { e := covert("mover", "2030-09-01"); e.Hide.Until = clock.Date{}; return e }(),
			"until today":    covert("mover", "2030-03-04"),
			"about nobody":   covert("", "2030-09-01"),
			"a decision":     func() ledger.Entry { e := covert("mover", "2030-09-01"); e.Kind = ledger.Decision; return e }(),
			"by its callers": {Kind: ledger.Hidden, Authority: "ellerbrueck", Law: hideLaw},
		} {
			if err := try(e); !fault.Is(err, fault.Internal) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := w.sequence(); n != 0 {
			t.Errorf("%d records came into the tree", n)
		}
	})
}

func TestAForgedOpeningIsFound(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.readyToHide()
		w.record(covert("mover", "2030-03-06"))
		w.sequence()
		w.clock.Set(date("2030-03-06").Start())
		w.work()
		w.sequence()
		good := w.packOf("mover")
		for name, change := range map[string][2]string{
			"another reader": {"kriminalamt", "finanzamt12"},
			"another person": {`"subject":"mover"`, `"subject":"other"`},
			"fewer fields":   {`"fields":["family","given","birth"]`, `"fields":["family"]`},
			"another time":   {`"happened":"2030-03-04`, `"happened":"2030-03-05`},
		} {
			p := good
			p.Records = append([]ledger.PackRecord{}, good.Records...)
			changed := false
			for i, r := range p.Records {
				body := bytes.Replace(r.Body, []byte(change[0]), []byte(change[1]), 1)
				changed = changed || !bytes.Equal(body, r.Body)
				p.Records[i].Body = body
			}
			r, err := ledger.VerifyBytes(marshal(t, p), ledger.FileOptions{Public: w.Public()})
			if err != nil || !changed || r.OK || !strings.Contains(string(marshal(t, r.Problems)), "committed to") {
				t.Errorf("%s: changed %t, %+v, %v", name, changed, r, err)
			}
		}
		// the same access brought to light a second time, by somebody who runs the node
		again := func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE job_job SET state = 'ready', leased_until = 0, payload = ? WHERE kind = 'ledger.open'",
				[]byte(`{"record":"`+w.ofSubject("mover", 0, 1)[0].Opens+`"}`))
			return err
		}
		if err := w.db.Do(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		w.work()
		w.sequence()
		if r, err := w.Verify(t.Context()); err != nil || r.OK || !strings.Contains(r.Problems[0].What, "opened before") {
			t.Errorf("opened twice: %+v, %v", r, err)
		}
	})
}

func TestALateOpeningIsRemarked(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.readyToHide()
		w.record(covert("mover", "2030-03-06"))
		w.clock.Set(date("2030-03-09").Start())
		w.record(access("other"))
		w.sequence()
		r, err := w.Verify(t.Context())
		if err != nil || !r.OK || !strings.Contains(strings.Join(r.Remarks, "\n"), "1 hidden accesses should have been opened") {
			t.Errorf("got %+v, %v", r, err)
		}
		w.clock.Set(date("2040-01-01").Start())
		for n := 1; n > 0; {
			if n, err = w.EraseDue(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(w.everything(), "sealed") {
			t.Fatal("a hidden access was erased that nobody has seen")
		}
		w.work() // late is better than never, and then all is well
		w.sequence()
		if r, err := w.Verify(t.Context()); err != nil || !r.OK || strings.Contains(strings.Join(r.Remarks, "\n"), "should have been opened") {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestThePublicIsToldHowManyAreHidden(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.readyToHide()
		several := func(n int) {
			for range n {
				w.record(covert("mover", "2031-06-01"))
			}
		}
		several(10) // first quarter
		w.clock.Set(date("2030-04-01").Start())
		several(9)
		w.clock.Set(date("2030-07-01").Start())
		several(12)
		want := []ledger.Quarter{{2030, 2, 0, true}, {2030, 1, 10, false}, {2029, 4, 0, true}, {2029, 3, 0, true}}
		got, err := w.HiddenByQuarter(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("got %+v, %v", got, err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("got %+v, want %+v", got[i], want[i])
			}
		}
		// when they are opened and their sealed records go, the year after is still told in full
		w.sequence()
		w.clock.Set(date("2031-06-01").Start())
		w.work()
		w.sequence()
		if got, err := w.HiddenByQuarter(t.Context()); err != nil || got[2] != (ledger.Quarter{2030, 3, 12, false}) {
			t.Errorf("got %+v, %v", got, err)
		}
		w.clock.Set(date("2033-01-01").Start())
		for n := 1; n > 0; {
			var err error
			if n, err = w.EraseDue(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
			w.sequence()
		}
		if strings.Contains(w.everything(), "sealed") {
			t.Error("sealed records are left after their day of deletion")
		}
		w.verifies()
	})
}
