package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// town is a node with a ledger.
type town struct {
	*ledger.Ledger
	t     *testing.T
	db    *db.DB
	ring  *keys.Ring
	clock *clock.Fixed
	jobs  *job.Queue
	head  string
}

// towns tells a story in a fresh town on each engine.
func towns(t *testing.T, story func(t *testing.T, w *town)) {
	t.Parallel()
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		if err := d.Migrate(t.Context(), keys.Migrations, job.Migrations, ledger.Migrations); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		ring, err := keys.Open(t.Context(), d, filepath.Join(dir, "master.key"))
		if err != nil {
			t.Fatal(err)
		}
		w := &town{t: t, db: d, ring: ring, clock: c, head: filepath.Join(dir, "ledger.head")}
		w.Ledger = w.open()
		story(t, w)
	})
}

// open starts the node's ledger, as after a restart of the process.
func (w *town) open() *ledger.Ledger {
	w.t.Helper()
	w.jobs = job.New(w.db, w.db.Log())
	l, err := ledger.New(w.t.Context(), w.db, w.ring, ledger.Options{Name: "amtsweg.example/lindenfurt", HeadFile: w.head, Jobs: w.jobs})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// access is what a town hall reads of a person.
func access(who ledger.Subject) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Access, Authority: "ellerbrueck", Unit: "Bürgeramt", Role: "Sachbearbeitung", Subject: who, Reader: "lindenfurt",
		Fields: []string{"family", "given", "birth"}, Purpose: "Anmeldung der Wohnung", Law: "§ 23a (1) BMG", Basis: "request",
		Case: "LF-2030-0112", Reason: "Lindenfurt holt Ihre Angaben für den Meldeschein.", DeleteOn: clock.Date{Y: 2032, M: 1, D: 1},
	}
}

// record writes entries in a transaction of their own, a second after the last.
func (w *town) record(entries ...ledger.Entry) (out []ledger.Recorded) {
	w.t.Helper()
	w.clock.Advance(time.Second)
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = w.Record(ctx, tx, entries...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// sequence places everything that waits.
func (w *town) sequence() (n int) {
	w.t.Helper()
	for {
		step, err := w.Sequence(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if n += step; step == 0 {
			return n
		}
	}
}

func (w *town) checkpoint() ledger.Checkpoint {
	w.t.Helper()
	text, err := w.Checkpoint(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := ledger.OpenCheckpoint(text, w.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *town) ofSubject(who ledger.Subject, before int64, limit int) []ledger.Item {
	w.t.Helper()
	items, err := w.OfSubject(w.t.Context(), w.db, who, before, limit)
	if err != nil {
		w.t.Fatal(err)
	}
	return items
}

func TestARecordGetsItsPlaceAndItsProof(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		rec := w.record(access("mover"), access("spouse"), ledger.Entry{Kind: ledger.Configuration, Authority: "lindenfurt", Purpose: "Öffnungszeiten"})
		if c := w.checkpoint(); c.Size != 0 || c.Root != sha256.Sum256(nil) {
			t.Errorf("a tree of %d records is shown before anything was sequenced", c.Size)
		}
		if _, err := w.Proof(t.Context(), rec[0].ID); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a record without a place has a proof: %v", err)
		}
		if items := w.ofSubject("mover", 0, 10); len(items) != 1 || items[0].Included() {
			t.Errorf("got %+v", items)
		}
		if n := w.sequence(); n != 3 {
			t.Fatalf("%d records were placed, want 3", n)
		}
		c := w.checkpoint()
		if c.Size != 3 || c.Name != "amtsweg.example/lindenfurt" {
			t.Fatalf("got %+v", c)
		}
		for _, r := range rec {
			p, err := w.Proof(t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, tlog.RecordHash(r.Leaf[:])); err != nil {
				t.Errorf("%s: %v", r.ID, err)
			}
		}
		filed, err := os.ReadFile(w.head)
		signed, _ := w.Checkpoint(t.Context())
		if err != nil || string(filed) != signed {
			t.Errorf("the file beside the database holds %q (%v), want %q", filed, err, signed)
		}
		if _, err := w.Proof(t.Context(), "unknown"); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
		if n := w.sequence(); n != 0 {
			t.Errorf("%d records were placed twice", n)
		}
	})
}

func TestAPersonsRecordsAreAChain(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		var leaves [][32]byte
		for range 3 {
			for _, r := range w.record(access("mover"), access("mover")) {
				leaves = append(leaves, r.Leaf)
			}
			w.record(access("child"))
			w.sequence()
		}
		items := w.ofSubject("mover", 0, 100)
		if len(items) != 6 {
			t.Fatalf("got %d records, want 6", len(items))
		}
		for i, item := range items {
			seq := 6 - i
			want := []byte(nil)
			if seq > 1 {
				want = leaves[seq-2][:]
			}
			if item.SubjectSeq != int64(seq) || !bytes.Equal(item.Prev, want) || !bytes.Equal(item.Leaf, leaves[seq-1][:]) {
				t.Errorf("record %d: seq %d, prev %x, want %x", seq, item.SubjectSeq, item.Prev, want)
			}
			if i > 0 && item.Position >= items[i-1].Position {
				t.Errorf("record %d stands after record %d", seq, seq+1)
			}
		}
		page := w.ofSubject("mover", 4, 2)
		if len(page) != 2 || page[0].SubjectSeq != 3 || page[1].SubjectSeq != 2 {
			t.Errorf("the second page is %+v", page)
		}
		if got := w.ofSubject("", 0, 10); len(got) != 0 {
			t.Errorf("records of nobody: %+v", got)
		}
	})
}

func TestManyTransactionsAtOnceLeaveNoGap(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		const clients, each = 16, 12
		second := w.open() // another instance on the same database
		var all sync.WaitGroup
		for c := range clients {
			all.Go(func() {
				for i := range each {
					who := ledger.Subject(fmt.Sprintf("person %d", (c+i)%5))
					busy := 0
					for {
						err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
							_, err := w.Record(ctx, tx, access(who), access(ledger.Subject(fmt.Sprintf("only %d", c))))
							return err
						})
						if err == nil {
							break
						}
						if busy++; !fault.Is(err, fault.Busy) || busy > 200 {
							t.Errorf("client %d: %v", c, err)
							return
						}
					}
				}
			})
		}
		done := make(chan struct{})
		var sequencers sync.WaitGroup
		for _, l := range []*ledger.Ledger{w.Ledger, second} {
			sequencers.Go(func() {
				for {
					if _, err := l.Sequence(t.Context()); err != nil {
						t.Error(err)
						return
					}
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		all.Wait()
		close(done)
		sequencers.Wait()
		w.sequence()
		if c := w.checkpoint(); c.Size != 2*clients*each {
			t.Errorf("the tree has %d records, want %d", c.Size, 2*clients*each)
		}
		total := 0
		for p := range 5 {
			items := w.ofSubject(ledger.Subject(fmt.Sprintf("person %d", p)), 0, 1000)
			for i := 1; i < len(items); i++ {
				if items[i-1].SubjectSeq != items[i].SubjectSeq+1 || !bytes.Equal(items[i-1].Prev, items[i].Leaf) || items[i-1].Position <= items[i].Position {
					t.Errorf("person %d: record %d does not follow %d", p, items[i-1].SubjectSeq, items[i].SubjectSeq)
				}
			}
			total += len(items)
		}
		if total != clients*each {
			t.Errorf("%d records of the five, want %d", total, clients*each)
		}
	})
}

func TestNothingIsRecordedByATransactionThatFails(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		boom := fault.New(fault.Conflict, "ledger.error.kind")
		err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := w.Record(ctx, tx, access("mover")); err != nil {
				return err
			}
			return boom
		})
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("got %v", err)
		}
		w.record(access("mover"))
		w.sequence()
		if items := w.ofSubject("mover", 0, 10); len(items) != 1 || items[0].SubjectSeq != 1 {
			t.Errorf("got %+v", items)
		}
	})
}

func TestAnAccessNeedsPurposeAndLaw(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		noLaw, noPurpose, nobody := access("mover"), access("mover"), access("mover")
		noLaw.Law, noPurpose.Purpose, nobody.Authority = "", "", ""
		garbled := access("mover")
		garbled.Reason = "\xff"
		for name, e := range map[string]ledger.Entry{
			"no law": noLaw, "no purpose": noPurpose, "no authority": nobody, "garbled": garbled,
			"forged erasure": {Kind: ledger.Erasure, Authority: "lindenfurt", Law: "§ 40 (5) BMG"},
			"forged restart": {Kind: ledger.Restarted, Authority: "node", More: map[string]string{"checkpoint": "x"}},
		} {
			err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := w.Record(ctx, tx, e)
				return err
			})
			if err == nil {
				t.Errorf("%s: recorded", name)
			}
		}
		if n := w.sequence(); n != 0 {
			t.Errorf("%d records were written", n)
		}
	})
}

func TestAReceiptIsAPromiseOthersCanCheck(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		rec := w.record(access("mover"))[0]
		signed, err := w.Receipt(rec)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ledger.OpenReceipt(signed, w.Public())
		if err != nil {
			t.Fatal(err)
		}
		if r.Log != w.Name() || r.Record != rec.ID || !bytes.Equal(r.Commitment, rec.Leaf[:]) || r.IncludeBy.Sub(r.Time) != ledger.Promise {
			t.Errorf("got %+v", r)
		}
		stranger, err := w.ring.Signer(t.Context(), "ellerbrueck", "answer")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ledger.OpenReceipt(signed, stranger.Public()); err == nil {
			t.Error("the receipt passes for a stranger's")
		}
		bent := []byte(signed)
		bent[len(bent)/2] ^= 1
		if _, err := ledger.OpenReceipt(string(bent), w.Public()); err == nil {
			t.Error("a changed receipt passes")
		}

		if late, err := w.Overdue(t.Context()); err != nil || late.Records != 0 {
			t.Errorf("overdue at once: %+v, %v", late, err)
		}
		w.clock.Advance(ledger.Promise + time.Second)
		if late, err := w.Overdue(t.Context()); err != nil || late.Records != 1 || !late.Oldest.Equal(rec.Time) {
			t.Errorf("a missed promise is not seen: %+v, %v", late, err)
		}
		w.sequence()
		if late, _ := w.Overdue(t.Context()); late.Records != 0 {
			t.Errorf("overdue after it was placed: %+v", late)
		}
	})
}

func TestRotationOfTheLedgersKey(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		w.record(access("mover"))
		w.sequence()
		old := w.Public()
		if err := w.ring.Rotate(t.Context(), keys.Node, ledger.Purpose); err != nil {
			t.Fatal(err)
		}
		again := w.open()
		if err := again.Health(); err != nil {
			t.Fatalf("a head signed with the older key is refused: %v", err)
		}
		if _, err := again.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		c := w.checkpoint() // opens with the new key only
		if c.Size != 1 || bytes.Equal(old, w.Public()) {
			t.Errorf("got %+v", c)
		}
	})
}

func TestTheSequencerRunsByItself(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		rec := w.record(access("mover"))[0]
		limit := time.NewTimer(30 * time.Second)
		defer limit.Stop()
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		for {
			if _, err := w.Proof(ctx, rec.ID); err == nil {
				break
			}
			select {
			case <-limit.C:
				t.Fatal("the record got no place")
			case <-look.C:
			}
		}
		stop()
		running.Wait()
	})
}

func TestTilesAreServedByTheirPath(t *testing.T) {
	towns(t, func(t *testing.T, w *town) {
		for range 20 {
			w.record(access("a"), access("b"), access("c"), access("d"), access("e"), access("f"), access("g"), access("h"), access("i"),
				access("j"), access("k"), access("l"), access("m"), access("n"), access("o"), access("p"), access("q"), access("r"))
		}
		w.sequence()
		for path, hashes := range map[string]int{"tile/0/000": 256, "tile/0/001.p/104": 104, "tile/0/000.p/7": 7, "tile/1/000.p/1": 1} {
			if got, err := w.Tile(t.Context(), path); err != nil || len(got) != hashes*32 {
				t.Errorf("%s: %d bytes, %v", path, len(got), err)
			}
		}
		for _, path := range []string{
			"tile/0/001", "tile/0/001.p/105", "tile/1/000", "tile/2/000", "tile/0/002.p/1", "tile/../head",
			"epochs/2/tile/0/000", "epochs/0/tile/0/000", "epochs/01/tile/0/000", "epochs/-1/tile/0/000", "epochs/x/tile/0/000", "epochs/1", "epochs/1/checkpoint",
		} {
			if _, err := w.Tile(t.Context(), path); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", path, err)
			}
		}
		whole, err := w.Tile(t.Context(), "epochs/1/tile/0/000")
		if err != nil || len(whole) != 256*32 {
			t.Errorf("%d bytes, %v", len(whole), err)
		}
		if err := w.Restart(t.Context(), "", "Übung"); err != nil {
			t.Fatal(err)
		}
		if got, err := w.Tile(t.Context(), "epochs/1/tile/0/000"); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("a tile of the closed tree: %v", err)
		}
		now, err := w.Tile(t.Context(), "tile/0/000.p/1")
		if err != nil || bytes.Equal(now, whole[:32]) {
			t.Errorf("a tile of the new tree: %v", err)
		}
		if got, err := w.Tile(t.Context(), "epochs/2/tile/0/000.p/1"); err != nil || !bytes.Equal(got, now) {
			t.Errorf("the same by its number: %v", err)
		}
	})
}
