package mandate_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/mandate"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// town is a register with the Wittkamps, and accounts.
type town struct {
	*mandate.Service
	db       *db.DB
	people   *identity.Service
	ledger   *ledger.Ledger
	register *register.Service
	subject  map[string]ledger.Subject
}

func newTown(t *testing.T, d *db.DB) *town {
	t.Helper()
	ctx := t.Context()
	if err := d.Migrate(ctx, web.Migrations, keys.Migrations, ledger.Migrations, identity.Migrations, register.Migrations); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(ctx, d, ring, ledger.Options{Name: "amtsweg.test/mittelau"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := register.New(ctx, d, ring, l)
	if err != nil {
		t.Fatal(err)
	}
	people, err := identity.New(ctx, identity.Options{DB: d, Keys: ring, PublicURL: "http://localhost:8080"})
	if err != nil {
		t.Fatal(err)
	}
	return &town{
		Service: mandate.New(d, people, r.Links), db: d, people: people, ledger: l, register: r, subject: map[string]ledger.Subject{},
	}
}

const muehlgasse = "Mühlgasse 7, 05233 Ellerbrück"

// resident lives at an address and has nothing special.
func resident(t *testing.T, given, family, born, at string) register.Resident {
	t.Helper()
	day, err := clock.ParseDate(born)
	if err != nil {
		t.Fatal(err)
	}
	home := register.Home{Kind: register.Sole}
	if err := home.Address.UnmarshalText([]byte(at)); err != nil {
		t.Fatal(err)
	}
	return register.Resident{
		FamilyName: family, GivenNames: given, Birth: register.Birth{Date: day, Place: "Ellerbrück"}, Sex: "weiblich",
		TaxID: "00000000001", Nationalities: []string{"DE"}, Homes: []register.Home{home}, MovedIn: clock.Date{Y: 2020, M: 1, D: 1},
	}
}

// load takes over a register; each person is then known by the given name used here.
func (w *town) load(t *testing.T, names []string, entries ...register.Entry) {
	t.Helper()
	subjects, err := w.register.Load(t.Context(), "ellerbrueck", "test", entries)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range subjects {
		w.subject[names[i]] = s
	}
}

// wittkamps are Jana and Tobias with Mila (9) and Lea, who comes of age tomorrow; and the neighbours' child Finn.
func (w *town) wittkamps(t *testing.T, tobiasIsBlocked bool) {
	t.Helper()
	tobias := resident(t, "Tobias", "Wittkamp", "1993-02-01", muehlgasse)
	if tobiasIsBlocked {
		tobias.Blocks.Information = []register.Block{register.InformationBlock(clock.Date{Y: 2029, M: 9, D: 1})}
	}
	parents := []register.KinTo{{Kin: register.Parent, To: 0}, {Kin: register.Parent, To: 1}}
	w.load(t, []string{"Jana", "Tobias", "Mila", "Lea", "Finn"},
		register.Entry{
			Resident: resident(t, "Jana Maria (Rufname Jana)", "Wittkamp", "1995-06-14", muehlgasse),
			Kin:      []register.KinTo{{Kin: register.Spouse, To: 1}, {Kin: register.Child, To: 2}, {Kin: register.Child, To: 3}},
		},
		register.Entry{
			Resident: tobias,
			Kin:      []register.KinTo{{Kin: register.Spouse, To: 0}, {Kin: register.Child, To: 2}, {Kin: register.Child, To: 3}},
		},
		register.Entry{Resident: resident(t, "Mila Sofie (Rufname Mila)", "Wittkamp", "2020-05-21", muehlgasse), Kin: parents},
		register.Entry{Resident: resident(t, "Lea", "Wittkamp", "2012-03-05", muehlgasse), Kin: parents},
		register.Entry{Resident: resident(t, "Finn", "Brandt", "2021-01-01", "Mühlgasse 9, 05233 Ellerbrück")},
	)
}

// account opens an account by card.
func (w *town) account(t *testing.T, given, family, born, at string) identity.AccountID {
	t.Helper()
	day, err := clock.ParseDate(born)
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.people.ByAssertion(t.Context(), identity.Assertion{
		Family: family, Given: given, Birth: day, Address: at, Pseudonym: ident.New(), Level: web.High,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func (w *town) jana(t *testing.T) identity.AccountID {
	t.Helper()
	return w.account(t, "Jana Maria", "Wittkamp", "1995-06-14", muehlgasse)
}

func TestAPersonActsForThemselvesAndTheirMinorChildren(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		w := newTown(t, d)
		w.wittkamps(t, false)
		jana := w.jana(t)
		if self, err := w.Self(t.Context(), jana); err != nil || self != w.subject["Jana"] {
			t.Fatalf("Jana is %s, %v", self, err)
		}
		persons, err := w.Persons(t.Context(), jana)
		if err != nil {
			t.Fatal(err)
		}
		got := map[ledger.Subject]mandate.Person{}
		for _, p := range persons {
			got[p.Subject] = p
		}
		for name, want := range map[string]mandate.Person{
			"Jana":   {Relation: mandate.Self, Given: "Jana Maria", Allowed: mandate.Everything, Birth: clock.Date{Y: 1995, M: 6, D: 14}},
			"Tobias": {Relation: mandate.Spouse, Given: "Tobias", Allowed: mandate.Registration, Birth: clock.Date{Y: 1993, M: 2, D: 1}},
			"Mila":   {Relation: mandate.Child, Given: "Mila Sofie", Allowed: mandate.Everything, Birth: clock.Date{Y: 2020, M: 5, D: 21}},
			"Lea":    {Relation: mandate.Child, Given: "Lea", Allowed: mandate.Everything, Birth: clock.Date{Y: 2012, M: 3, D: 5}},
		} {
			want.Subject, want.Family = w.subject[name], "Wittkamp"
			if got[want.Subject] != want {
				t.Errorf("%s: %+v, want %+v", name, got[want.Subject], want)
			}
		}
		if len(persons) != 4 || persons[0].Relation != mandate.Self {
			t.Errorf("%d persons, the first is %s; want 4 and herself", len(persons), persons[0].Relation)
		}

		w.mayOrNot(t, jana, map[string][2]bool{
			"Jana": {true, true}, "Tobias": {false, true}, "Mila": {true, true}, "Lea": {true, true}, "Finn": {false, false}, "nobody": {false, false},
		})
		c.Advance(24 * time.Hour) // Lea comes of age
		w.mayOrNot(t, jana, map[string][2]bool{"Mila": {true, true}, "Lea": {false, false}})
		if persons, err := w.Persons(t.Context(), jana); err != nil || len(persons) != 3 {
			t.Errorf("the day after: %d persons, %v; want 3", len(persons), err)
		}

		mila := w.account(t, "Mila Sofie", "Wittkamp", "2020-05-21", muehlgasse)
		w.mayOrNot(t, mila, map[string][2]bool{"Mila": {true, true}, "Jana": {false, false}, "Lea": {false, false}})
	})
}

// mayOrNot checks, by name, whether an account may do everything and whether it may register the move.
func (w *town) mayOrNot(t *testing.T, account identity.AccountID, want map[string][2]bool) {
	t.Helper()
	for name, may := range want {
		subject, known := w.subject[name]
		if !known {
			subject = ledger.Subject(ident.New())
		}
		for i, err := range []error{w.May(t.Context(), account, subject), w.MayRegister(t.Context(), account, subject)} {
			if (err == nil) != may[i] || (err != nil && (!fault.Is(err, fault.NotFound) || fault.CodeOf(err) != "mandate.error.not_yours")) {
				t.Errorf("%s, question %d: %v, want %v", name, i, err, may[i])
			}
		}
	}
}

func TestABlockedSpouseIsNotThereAndNothingHintsAtIt(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		w.wittkamps(t, true)
		jana := w.jana(t)
		persons, err := w.Persons(t.Context(), jana)
		if err != nil || len(persons) != 3 {
			t.Errorf("%+v, %v", persons, err)
		}
		for _, p := range persons {
			if p.Subject == w.subject["Tobias"] {
				t.Error("the blocked spouse is shown")
			}
		}
		blocked := w.MayRegister(t.Context(), jana, w.subject["Tobias"])
		nobody := w.MayRegister(t.Context(), jana, ledger.Subject(ident.New()))
		if blocked == nil || blocked.Error() != nobody.Error() {
			t.Errorf("a blocked spouse (%v) does not answer like nobody (%v)", blocked, nobody)
		}
		tobias := w.account(t, "Tobias", "Wittkamp", "1993-02-01", "")
		if self, err := w.Self(t.Context(), tobias); err != nil || self != w.subject["Tobias"] {
			t.Errorf("he himself: %s, %v", self, err)
		}
	})
}

func TestNobodyIsTakenForSomebodyElse(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		w.load(t, []string{"Kim at 1", "Kim at 2", "Uwe"},
			register.Entry{Resident: resident(t, "Kim", "Berg", "2000-01-01", "Mühlgasse 1, 05233 Ellerbrück")},
			register.Entry{Resident: resident(t, "Kim", "Berg", "2000-01-01", "Mühlgasse 2, 05233 Ellerbrück")},
			register.Entry{Resident: resident(t, "Uwe", "Berg", "1980-01-01", "Mühlgasse 2, 05233 Ellerbrück")},
		)
		for name, card := range map[string]struct{ given, born, at, who, code string }{
			"two Kims":                     {"Kim", "2000-01-01", "", "", "mandate.error.ambiguous"},
			"two Kims, a card from abroad": {"Kim", "2000-01-01", "12 High Street, Leeds", "", "mandate.error.ambiguous"},
			"Kim with the address":         {"Kim", "2000-01-01", "Mühlgasse 2, 05233 Ellerbrück", "Kim at 2", ""},
			"Uwe before his card is new":   {"Uwe", "1980-01-01", "Alte Gasse 3, 05233 Ellerbrück", "Uwe", ""},
			"Uwe from abroad":              {"Uwe", "1980-01-01", "12 High Street, Leeds", "Uwe", ""},
			"a day younger":                {"Uwe", "1980-01-02", "", "", "mandate.error.not_found"},
			"somebody else":                {"Ole", "1980-01-01", "", "", "mandate.error.not_found"},
		} {
			account := w.account(t, card.given, "Berg", card.born, card.at)
			self, err := w.Self(t.Context(), account)
			if self != w.subject[card.who] || fault.CodeOf(err) != card.code {
				t.Errorf("%s: %q, %v", name, self, err)
			}
			if card.code == "" {
				continue
			}
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: kind %v", name, fault.KindOf(err))
			}
			if persons, err := w.Persons(t.Context(), account); len(persons) != 0 || fault.CodeOf(err) != card.code {
				t.Errorf("%s acts for %+v, %v", name, persons, err)
			}
			for _, subject := range w.subject {
				if w.May(t.Context(), account, subject) == nil {
					t.Errorf("%s may act for %s", name, subject)
				}
			}
		}
		if _, err := w.Self(t.Context(), identity.AccountID(ident.New())); !fault.Is(err, fault.NotFound) {
			t.Errorf("an account that does not exist: %v", err)
		}
	})
}

func TestEveryQuestionIsAnAccessThePersonSees(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newTown(t, d)
		w.wittkamps(t, false)
		jana := w.jana(t)
		if _, err := w.Persons(t.Context(), jana); err != nil {
			t.Fatal(err)
		}
		if err := w.May(t.Context(), jana, w.subject["Finn"]); err == nil {
			t.Fatal("she acts for the neighbours' child")
		}
		if _, err := w.ledger.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]int{"Jana": 4, "Tobias": 1, "Mila": 1, "Finn": 0} {
			items, err := w.ledger.OfSubject(t.Context(), d, w.subject[name], 0, 20)
			if err != nil || len(items) != want {
				t.Errorf("%s sees %d accesses, %v; want %d", name, len(items), err, want)
			}
		}
	})
}
