package exchange_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

var ctx = context.Background()

const (
	oldTown = authority.Key("ellerbrueck")
	newTown = authority.Key("lindenfurt")
	account = "account:jana"
	form    = "§ 23a Abs. 1 BMG"
	notices = "§ 33 Abs. 1 BMG"
)

var fields = []string{"family_name", "given_names", "birth", "homes", "religion"}

// may lets Jana's account act for herself, and for Tobias in the family's form.
func (w *town) may(_ context.Context, who string, s ledger.Subject, family bool) error {
	if who == account && (s == w.jana || family && s == w.tobias) {
		return nil
	}
	return fault.New(fault.NotFound, "mandate.error.not_yours")
}

// town is a node with the old and the new town; Jana and Tobias live in the old one.
type town struct {
	*testing.T
	db       *db.DB
	clock    *clock.Fixed
	ledger   *ledger.Ledger
	ring     *keys.Ring
	register *register.Service
	consent  *consent.Service
	jobs     *job.Queue
	gate     *exchange.Service
	jana     ledger.Subject
	tobias   ledger.Subject
	mu       sync.Mutex
	events   []event.Event
}

func story(t *testing.T, tell func(w *town)) {
	t.Helper()
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		w := &town{T: t, db: d, clock: c}
		err := d.Migrate(ctx, keys.Migrations, job.Migrations, ledger.Migrations, authority.Migrations, register.Migrations, consent.Migrations,
			exchange.Migrations)
		w.must(err)
		w.ring, err = keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key"))
		w.must(err)
		w.jobs = job.New(d, d.Log())
		w.ledger, err = ledger.New(ctx, d, w.ring, ledger.Options{Name: "amtsweg.test/mittelau", Jobs: w.jobs})
		w.must(err)
		w.register, err = register.New(ctx, d, w.ring, w.ledger)
		w.must(err)
		w.people()
		bus := event.New(w.jobs)
		bus.Watch(w.see)
		w.consent, err = consent.New(ctx, d, w.ledger, bus, w.ring)
		w.must(err)
		w.gate = exchange.New(exchange.Deps{
			DB: d, Ledger: w.ledger, Registers: w.register, Consent: w.consent, May: w.may, Keys: w.ring,
			Jobs: w.jobs, Events: bus,
		})
		w.must(w.gate.Ready(ctx, oldTown, newTown))
		tell(w)
	})
}

func (w *town) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *town) see(_ context.Context, tx *db.Tx, e event.Event) {
	tx.AfterCommit(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
	})
}

func (w *town) people() {
	w.Helper()
	home := authority.Address{Street: "Mühlgasse", House: "7", Postcode: "05233", Town: "Ellerbrück"}
	person := func(given, religion string) register.Entry {
		return register.Entry{Resident: register.Resident{
			FamilyName: "Wittkamp", GivenNames: given, Birth: register.Birth{Date: clock.Date{Y: 1995, M: 6, D: 14}, Place: "Ellerbrück"}, Sex: "weiblich",
			TaxID: "00000000001", Nationalities: []string{"DE"}, Homes: []register.Home{{Address: home, Kind: register.Sole}}, Religion: religion,
			MovedIn: clock.Date{Y: 2020, M: 1, D: 1}, FamilyStatus: register.FamilyStatus{Status: "ledig"},
		}}
	}
	subjects, err := w.register.Load(ctx, oldTown, "test", []register.Entry{person("Jana", "rk"), person("Tobias", "")})
	w.must(err)
	w.jana, w.tobias = subjects[0], subjects[1]
	w.must(w.register.Entitlements.Grant(ctx, "test",
		register.Entitlement{
			Holder: oldTown, Register: register.Residents, Evidence: "prefilled", Reader: newTown, Fields: fields, Law: form,
			Until: clock.Date{Y: 2035, M: 12, D: 31},
		},
		register.Entitlement{
			Holder: oldTown, Register: register.Residents, Evidence: "address", Reader: newTown, Fields: []string{"homes"},
			Law: "§ 34 Abs. 1 BMG", Until: clock.Date{Y: 2035, M: 12, D: 31},
		},
		register.Entitlement{
			Holder: oldTown, Register: register.Residents, Evidence: "address", Reader: police, Fields: []string{"homes"},
			Law: "§ 34 Abs. 4 BMG", Until: clock.Date{Y: 2035, M: 12, D: 31}, HideLaw: hideLaw, HideDays: 180,
		},
	))
}

// look is what Jana's account does to read a person's form.
func (w *town) look(s ledger.Subject) exchange.Look {
	return exchange.Look{
		Account: account, Subject: s, Family: s == w.tobias, Holder: oldTown, Register: register.Residents, Evidence: "prefilled", Fields: fields,
		Case:    "case-1",
		Purpose: "Sie lesen Ihren Meldeschein, bevor ihn jemand bekommt.", Law: "§ 40 Abs. 4 BMG", Reason: "Sie haben ihn selbst aufgerufen.",
	}
}

func (w *town) preview(s ledger.Subject) exchange.Answer {
	w.Helper()
	a, err := w.gate.Preview(ctx, w.look(s))
	w.must(err)
	return a
}

// released is a grant for the form of a person in a case, after a preview.
func (w *town) released(caseID string, s ledger.Subject) consent.Grant {
	w.Helper()
	hash := w.preview(s).Hash
	var g consent.Grant
	w.must(w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := w.consent.Ask(ctx, tx, consent.Request{
			Subject: s, Account: account, Reader: newTown, Unit: "buergeramt", Register: register.Residents, Holder: oldTown, Evidence: "prefilled",
			Title: "Ihr vorausgefüllter Meldeschein", Purpose: "Sie müssen nichts abtippen.", Law: form, Basis: consent.ByRequest, Case: caseID,
			Fields: fields, Whole: true, Until: tx.Now().Add(24 * time.Hour),
		})
		if err == nil {
			g, err = w.consent.Release(ctx, tx, account, r.ID, fields, hash)
		}
		return err
	}))
	return g
}

func (w *town) revoke(g consent.Grant) error {
	return w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return w.consent.Revoke(ctx, tx, account, g.ID) })
}

// question is what the new town asks the old one on a grant.
func question(g consent.Grant) exchange.Question {
	return exchange.Question{
		Case: g.Case, Reader: newTown, Unit: "buergeramt", Role: "registry", Actor: account, Holder: oldTown, Register: register.Residents,
		Subject: g.Subject, Evidence: "prefilled", Fields: fields, Purpose: "Sie melden Ihren neuen Wohnsitz an.", Law: form,
		Reason: "Sie haben Ihren Meldeschein freigegeben.", Basis: consent.ByRequest, Grant: g.ID,
	}
}

// marry changes Jana's name in the old town's register.
func (w *town) change(s ledger.Subject) {
	w.Helper()
	forward := authority.Address{Street: "Am Wehr", House: "2", Postcode: "05233", Town: "Ellerbrück"}
	p, err := w.register.PlanMoveIn(ctx, register.MoveIn{
		Authority: oldTown, Case: ident.New(), Day: clock.Date{Y: 2030, M: 3, D: 4}, Home: forward, Kind: register.Sole,
		MovedIn: clock.Date{Y: 2030, M: 3, D: 1}, People: []register.Person{{Subject: s, Values: w.preview(s).Values}},
	})
	w.must(err)
	w.must(w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := w.register.Apply(ctx, tx, p)
		return err
	}))
}

// accesses are a person's records of one kind, oldest first.
func (w *town) records(s ledger.Subject, kind ledger.Kind) []ledger.Item {
	w.Helper()
	items, err := w.ledger.OfSubject(ctx, w.db, s, 0, 1000)
	w.must(err)
	slices.Reverse(items)
	return slices.DeleteFunc(items, func(i ledger.Item) bool { return i.Kind != kind })
}

// fetches are the accesses by the new town.
func (w *town) fetches(s ledger.Subject) []ledger.Item {
	return slices.DeleteFunc(w.records(s, ledger.Access), func(i ledger.Item) bool { return i.Reader != string(newTown) })
}

func (w *town) happened(name string) (list []event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.Name == name {
			list = append(list, e)
		}
	}
	return list
}

func (w *town) count(query string, args ...any) int {
	w.Helper()
	n, err := db.One(ctx, w.db, db.Scalar[int], query, args...)
	w.must(err)
	return n
}

// notice tells the old town about Jana's move; each kind of recipient has its own name.
func (w *town) notice(key string, to authority.Key, values string) exchange.Notice {
	w.Helper()
	var named map[string]json.RawMessage
	w.must(json.Unmarshal([]byte(values), &named))
	var list []string
	for name := range named {
		list = append(list, "."+name)
	}
	slices.Sort(list)
	return exchange.Notice{
		ID: ident.New(), Case: "case-1", Key: key, From: newTown, Unit: "buergeramt", To: to, Subject: w.jana, Actor: account, Law: notices,
		Purpose: "Die alte Stadt erfährt, dass Sie weggezogen sind.", Reason: "Sie haben sich in Lindenfurt angemeldet.", Fields: list,
		Sheets: []string{"0101", "1201"}, Values: json.RawMessage(values), Due: w.clock.Now().Add(72 * time.Hour),
	}
}

func (w *town) send(list ...exchange.Notice) error {
	return w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return w.gate.Send(ctx, tx, list...) })
}

func (w *town) states() (line string, list []exchange.NoticeState) {
	w.Helper()
	list, err := w.gate.NoticesOf(ctx, w.db, "case-1")
	w.must(err)
	var parts []string
	for _, n := range list {
		state := n.Key + " sent"
		if n.Acknowledged {
			state = n.Key + " acknowledged"
		}
		if n.Answered {
			state = n.Key + " answered"
		}
		if n.Late {
			state += " late"
		}
		parts = append(parts, state)
	}
	return strings.Join(parts, ", "), list
}

func (w *town) sees(want string) {
	w.Helper()
	if got, _ := w.states(); got != want {
		w.Errorf("the list says %q, want %q", got, want)
	}
}
