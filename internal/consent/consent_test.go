package consent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

var ctx = context.Background()

const (
	jana     = ledger.Subject("jana")
	account  = "account:jana"
	stranger = "account:stranger"
)

var seen = strings.Repeat("ab", 32) // hash of the values Jana saw

// house is a node with a consent service, and every event that happened in it.
type house struct {
	*testing.T
	db      *db.DB
	clock   *clock.Fixed
	ledger  *ledger.Ledger
	ring    *keys.Ring
	consent *consent.Service
	mu      sync.Mutex
	events  []string
}

func story(t *testing.T, tell func(h *house)) {
	t.Helper()
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		if err := d.Migrate(ctx, keys.Migrations, job.Migrations, ledger.Migrations, consent.Migrations); err != nil {
			t.Fatal(err)
		}
		h := &house{T: t, db: d, clock: c}
		var err error
		if h.ring, err = keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key")); err != nil {
			t.Fatal(err)
		}
		if h.ledger, err = ledger.New(ctx, d, h.ring, ledger.Options{Name: "amtsweg.test/mittelau"}); err != nil {
			t.Fatal(err)
		}
		bus := event.New(job.New(d, d.Log()))
		bus.Watch(func(_ context.Context, tx *db.Tx, e event.Event) {
			tx.AfterCommit(func() {
				h.mu.Lock()
				defer h.mu.Unlock()
				h.events = append(h.events, e.Name)
			})
		})
		if h.consent, err = consent.New(ctx, d, h.ledger, bus, h.ring); err != nil {
			t.Fatal(err)
		}
		tell(h)
	})
}

// question is what the new town asks Jana: her form of the old one, as a whole.
func question(caseID string) consent.Request {
	return consent.Request{
		Subject: jana, Account: account, Reader: "lindenfurt", Unit: "buergeramt", Register: "residents", Holder: "ellerbrueck", Evidence: "prefilled",
		Title: "Ihr vorausgefüllter Meldeschein", Purpose: "Sie müssen Ihre Daten nicht noch einmal eintippen.", Law: "§ 23a Abs. 1 BMG",
		Basis: consent.ByRequest, Case: caseID, Fields: []string{"family_name", "birth", "homes"}, Whole: true,
		Until: testkit.Clock.Now().Add(24 * time.Hour),
	}
}

// extra is a question on consent, item by item.
func extra(caseID string) consent.Request {
	r := question(caseID)
	r.Evidence, r.Title, r.Basis, r.Law, r.Whole, r.Fields = "vehicles", "Ihre Fahrzeuge", consent.ByConsent, "", false, []string{"plates", "since", "kind"}
	return r
}

func (h *house) do(fn func(ctx context.Context, tx *db.Tx) error) error { return h.db.Do(ctx, fn) }

func (h *house) ask(r consent.Request) consent.Request {
	h.Helper()
	err := h.do(func(ctx context.Context, tx *db.Tx) (err error) {
		r, err = h.consent.Ask(ctx, tx, r)
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return r
}

func (h *house) release(who, id string, fields []string, hash string) (g consent.Grant, err error) {
	err = h.do(func(ctx context.Context, tx *db.Tx) (err error) {
		g, err = h.consent.Release(ctx, tx, who, id, fields, hash)
		return err
	})
	return g, err
}

func (h *house) granted(r consent.Request) consent.Grant {
	h.Helper()
	g, err := h.release(account, h.ask(r).ID, r.Fields, seen)
	if err != nil {
		h.Fatal(err)
	}
	return g
}

func (h *house) revoke(who, id string) error {
	return h.do(func(ctx context.Context, tx *db.Tx) error { return h.consent.Revoke(ctx, tx, who, id) })
}

func (h *house) happened(want ...string) {
	h.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.events, want) {
		h.Errorf("events %v, want %v", h.events, want)
	}
}

// records counts the ledger's records by kind.
func (h *house) records(want string) {
	h.Helper()
	items, err := h.ledger.OfSubject(ctx, h.db, jana, 0, 100)
	if err != nil {
		h.Fatal(err)
	}
	var got []string
	for _, i := range items {
		got = append(got, i.Body.Kind)
	}
	slices.Reverse(got)
	if strings.Join(got, " ") != want {
		h.Errorf("ledger has %q, want %q", strings.Join(got, " "), want)
	}
}

func (h *house) open() int {
	h.Helper()
	n, err := h.consent.CountOpen(ctx, h.db)
	if err != nil {
		h.Fatal(err)
	}
	return n
}

func (h *house) list(f consent.Filter) []consent.Item {
	h.Helper()
	items, err := h.consent.ForSubject(ctx, h.db, jana, f, "", 10)
	if err != nil {
		h.Fatal(err)
	}
	return items
}

func TestAReleaseIsExactlyWhatWasSeenAndTicked(t *testing.T) {
	story(t, func(h *house) {
		r := h.ask(question("case-1"))
		if r.ID == "" || len(h.list(consent.ShowAsked)) != 1 {
			h.Fatal("the question is not on her list")
		}
		g, err := h.release(account, r.ID, []string{"homes", "birth", "family_name"}, seen)
		if err != nil {
			h.Fatal(err)
		}
		if !slices.Equal(g.Fields, r.Fields) || g.ValuesHash != seen || !g.Running(h.clock.Now()) || !g.Until.Equal(r.Until) {
			h.Errorf("released %+v", g)
		}
		h.happened("consent.Granted")
		h.records("release")
		if n := len(h.list(consent.ShowAsked)); n != 0 {
			h.Errorf("%d questions still wait", n)
		}
		if l := h.list(consent.ShowRunning); len(l) != 1 || l[0].Grant.ID != g.ID || l[0].Request.Title != r.Title {
			h.Errorf("running: %+v", l)
		}
	})
}

func TestWhatCannotBeReleased(t *testing.T) {
	story(t, func(h *house) {
		whole, single := h.ask(question("case-1")), h.ask(extra("case-1"))
		for name, c := range map[string]struct {
			who, id string
			fields  []string
			hash    string
			want    string
		}{
			"another's question":     {stranger, whole.ID, whole.Fields, seen, "consent.error.not_found"},
			"no such question":       {account, "nothing", whole.Fields, seen, "consent.error.not_found"},
			"part of a whole":        {account, whole.ID, []string{"birth"}, seen, "consent.error.whole"},
			"more than was asked":    {account, single.ID, []string{"plates", "religion"}, seen, "consent.error.field"},
			"nothing ticked":         {account, single.ID, nil, seen, "consent.error.nothing"},
			"values nobody has seen": {account, single.ID, []string{"plates"}, "", "consent.error.unseen"},
		} {
			if _, err := h.release(c.who, c.id, c.fields, c.hash); fault.CodeOf(err) != c.want {
				h.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		h.happened()
		h.records("")
		if h.open() != 0 {
			h.Error("a grant came of it")
		}
	})
}

func TestNobodyIsAskedWhereTheLawLeavesNoChoice(t *testing.T) {
	story(t, func(h *house) {
		law, bundled, nameless := question("case-1"), extra("case-1"), question("case-1")
		law.Basis, bundled.Whole, nameless.Purpose = consent.ByLaw, true, ""
		late := question("case-1")
		late.Until = h.clock.Now()
		for want, r := range map[string]consent.Request{
			"consent.error.basis": law, "consent.error.bundled": bundled, "consent.error.incomplete": nameless, "consent.error.expired": late,
		} {
			err := h.do(func(ctx context.Context, tx *db.Tx) error {
				_, err := h.consent.Ask(ctx, tx, r)
				return err
			})
			if fault.CodeOf(err) != want {
				h.Errorf("%v, want %s", err, want)
			}
		}
		if n := len(h.list(consent.ShowAsked)); n != 0 {
			h.Errorf("%d questions were asked", n)
		}
	})
}

func TestTwoClicksAreOneAnswer(t *testing.T) {
	story(t, func(h *house) {
		r := h.ask(question("case-1"))
		if again := h.ask(question("case-1")); again.ID != r.ID {
			h.Error("the same question was asked twice")
		}
		var wg sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			wg.Go(func() {
				g, err := h.release(account, r.ID, r.Fields, seen)
				if err != nil {
					h.Error(err)
				}
				ids[i] = g.ID
			})
		}
		wg.Wait()
		if slices.Sort(ids); ids[0] != ids[7] {
			h.Errorf("grants %v", ids)
		}
		h.happened("consent.Granted")
		h.records("release")
		if _, err := h.release(account, r.ID, r.Fields, strings.Repeat("cd", 32)); !fault.Is(err, fault.Conflict) {
			h.Errorf("another answer to the same question: %v", err)
		}
		err := h.do(func(ctx context.Context, tx *db.Tx) error { return h.consent.Refuse(ctx, tx, account, r.ID) })
		if !fault.Is(err, fault.Conflict) {
			h.Errorf("a refusal after the release: %v", err)
		}
	})
}

func TestARefusalIsAnAnswer(t *testing.T) {
	story(t, func(h *house) {
		r := h.ask(extra("case-1"))
		for range 2 {
			err := h.do(func(ctx context.Context, tx *db.Tx) error { return h.consent.Refuse(ctx, tx, account, r.ID) })
			if err != nil {
				h.Fatal(err)
			}
		}
		if _, err := h.release(account, r.ID, r.Fields, seen); fault.CodeOf(err) != "consent.error.answered" {
			h.Errorf("released after the refusal: %v", err)
		}
		h.happened("consent.Refused")
		h.records("refusal")
	})
}

func TestARevocationEndsAGrantOnceAndForAll(t *testing.T) {
	story(t, func(h *house) {
		g := h.granted(extra("case-1"))
		if err := h.revoke(stranger, g.ID); !fault.Is(err, fault.NotFound) {
			h.Errorf("a stranger revoked: %v", err)
		}
		if h.open() != 1 {
			h.Fatal("the stranger ended it")
		}
		for range 2 {
			if err := h.revoke(account, g.ID); err != nil {
				h.Fatal(err)
			}
		}
		h.happened("consent.Granted", "consent.Revoked")
		h.records("release revocation")
		if l := h.list(consent.ShowEnded); len(l) != 1 || l[0].Grant.EndedHow != consent.Revoked || h.open() != 0 {
			h.Errorf("ended: %+v", l)
		}
		other := h.granted(extra("case-2"))
		err := h.do(func(ctx context.Context, tx *db.Tx) error {
			return h.consent.RevokeFor(ctx, tx, "account:spouse", jana, other.ID)
		})
		if err != nil || h.open() != 0 {
			h.Errorf("the person concerned could not revoke: %v", err)
		}
	})
}

func TestAGrantIsVoidByItsTimeEvenUnmarked(t *testing.T) {
	story(t, func(h *house) {
		g, r := h.granted(question("case-1")), h.ask(extra("case-1"))
		h.clock.Advance(24*time.Hour - time.Microsecond)
		if h.open() != 1 {
			h.Error("it ended early")
		}
		h.clock.Advance(time.Microsecond)
		if h.open() != 0 || len(h.list(consent.ShowRunning)) != 0 || len(h.list(consent.ShowAsked)) != 0 {
			h.Error("it runs beyond its last moment")
		}
		if _, err := h.release(account, r.ID, r.Fields, seen); fault.CodeOf(err) != "consent.error.expired" {
			h.Errorf("released too late: %v", err)
		}
		if err := h.revoke(account, g.ID); err != nil {
			h.Error(err)
		}
		h.happened("consent.Granted")
		h.clock.Advance(time.Hour)
		for want := 1; want >= 0; want-- {
			if n, err := h.consent.Expire(ctx); n != want || err != nil {
				h.Errorf("marked %d, %v; want %d", n, err, want)
			}
		}
		h.happened("consent.Granted", "consent.Ended")
		h.records("release")
		l := h.list(consent.ShowEnded)
		if len(l) != 1 || l[0].Grant.EndedHow != consent.Expired || !l[0].Grant.EndedAt.Equal(g.Until) {
			h.Errorf("ended: %+v", l)
		}
	})
}

func TestACaseTakesItsGrantsAlongAndNoOthers(t *testing.T) {
	story(t, func(h *house) {
		h.granted(question("case-1"))
		h.granted(extra("case-1"))
		waiting := question("case-1")
		waiting.Evidence = "family"
		r := h.ask(waiting)
		other := h.granted(question("case-2"))
		for want := 2; want >= 0; want -= 2 {
			err := h.do(func(ctx context.Context, tx *db.Tx) error {
				n, err := h.consent.EndCase(ctx, tx, "case-1")
				if n != want {
					h.Errorf("ended %d, want %d", n, want)
				}
				return err
			})
			if err != nil {
				h.Fatal(err)
			}
		}
		items, err := h.consent.Open(ctx, h.db, consent.Scope{Case: "case-1"})
		if err != nil || len(items) != 0 {
			h.Errorf("still open in the closed case: %v, %v", items, err)
		}
		items, err = h.consent.Open(ctx, h.db, consent.Scope{Subject: jana})
		if err != nil || len(items) != 1 || items[0].Grant.ID != other.ID {
			h.Errorf("open elsewhere: %+v, %v", items, err)
		}
		if _, err := h.release(account, r.ID, r.Fields, seen); !fault.Is(err, fault.Gone) {
			h.Errorf("released for a closed case: %v", err)
		}
		h.happened("consent.Granted", "consent.Granted", "consent.Granted", "consent.Ended", "consent.Ended")
	})
}

func TestNewerValuesReplaceTheOlderRelease(t *testing.T) {
	story(t, func(h *house) {
		first := h.granted(question("case-1"))
		second, err := h.release(account, h.ask(question("case-1")).ID, question("").Fields, strings.Repeat("cd", 32))
		if err != nil {
			h.Fatal(err)
		}
		if second.ID == first.ID || h.open() != 1 {
			h.Error("both run")
		}
		if l := h.list(consent.ShowEnded); len(l) != 1 || l[0].Grant.ID != first.ID || l[0].Grant.EndedHow != consent.Replaced {
			h.Errorf("ended: %+v", l)
		}
		h.happened("consent.Granted", "consent.Ended", "consent.Granted")
	})
}

func TestAPageGoesOnWhereTheLastOneEnded(t *testing.T) {
	story(t, func(h *house) {
		for i := range 7 {
			h.granted(question(fmt.Sprint("case-", i)))
			if i%2 == 0 {
				h.clock.Advance(time.Second) // some at the same moment
			}
		}
		seen, before := map[string]bool{}, ""
		for pages := 0; ; pages++ {
			items, err := h.consent.ForSubject(ctx, h.db, jana, consent.ShowRunning, before, 3)
			if err != nil {
				h.Fatal(err)
			}
			if len(items) == 0 {
				break
			}
			for _, i := range items {
				if seen[i.Grant.ID] {
					h.Fatal("a line came twice")
				}
				seen[i.Grant.ID], before = true, i.Cursor
			}
		}
		if len(seen) != 7 {
			h.Errorf("%d of 7 lines", len(seen))
		}
		if other, err := h.consent.ForSubject(ctx, h.db, "somebody else", consent.ShowRunning, "", 10); err != nil || len(other) != 0 {
			h.Errorf("somebody else sees %v, %v", other, err)
		}
		if _, err := h.consent.ForSubject(ctx, h.db, jana, consent.ShowRunning, "nonsense", 10); !fault.Is(err, fault.Invalid) {
			h.Errorf("a made-up cursor: %v", err)
		}
	})
}

func TestAStrangerCanCheckAGrant(t *testing.T) {
	story(t, func(h *house) {
		g, dir := h.granted(question("case-1")), h.TempDir()
		if err := h.consent.Export(ctx, dir); err != nil {
			h.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "grants", g.ID+".jws"))
		if err != nil {
			h.Fatal(err)
		}
		pack := map[string]string{}
		put := func(name string, content []byte) error { pack[name] = string(content); return nil }
		if err := h.consent.Evidence(ctx, jana, put); err != nil {
			h.Fatal(err)
		}
		if len(pack) != 1 || pack["grants/"+g.ID+".jws"] != string(text) {
			h.Errorf("the person's own pack holds %d grants", len(pack))
		}
		if err := h.consent.Evidence(ctx, "somebody else", put); err != nil || len(pack) != 1 {
			h.Errorf("somebody else's pack holds this grant (%v)", err)
		}
		payload, owner, err := jws.Verify(string(text), consent.StatementType, func(owner string) (jws.Verifier, error) {
			return h.ring.Signer(ctx, owner, "sign")
		})
		if err != nil || owner != keys.Node {
			h.Fatalf("signed by %q, %v", owner, err)
		}
		var said map[string]any
		if err := json.Unmarshal(payload, &said); err != nil {
			h.Fatal(err)
		}
		for name, want := range map[string]any{
			"id": g.ID, "reader": "lindenfurt", "holder": "ellerbrueck", "case": "case-1", "basis": "request", "values_sha256": seen,
			"until": g.Until.UTC().Format(time.RFC3339),
		} {
			if said[name] != want {
				h.Errorf("%s is %v, want %v", name, said[name], want)
			}
		}
	})
}

func TestAnAccountSeesWhatItAnsweredForOthers(t *testing.T) {
	story(t, func(h *house) {
		spouse, another := question("case-1"), question("case-2")
		spouse.Subject, another.Account = "tobias", "account:somebody-else"
		h.granted(spouse)
		h.ask(another)
		h.ask(question("case-3"))
		for filter, want := range map[consent.Filter]string{consent.ShowAsked: "case-3", consent.ShowRunning: "case-1", consent.ShowEnded: ""} {
			items, err := h.consent.ForAccount(ctx, h.db, account, filter, "", 10)
			var got []string
			for _, i := range items {
				got = append(got, i.Request.Case)
			}
			if err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s: %v, %v; want %s", filter, got, err, want)
			}
		}
		if _, err := h.consent.ForAccount(ctx, h.db, account, consent.ShowRunning, "nonsense", 10); !fault.Is(err, fault.Invalid) {
			t.Errorf("a made-up cursor: %v", err)
		}
	})
}
