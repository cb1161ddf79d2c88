package register_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// towns is a node with two towns: "alt", where people live, and "neu", to which they move.
type towns struct {
	*testing.T
	db       *db.DB
	ledger   *ledger.Ledger
	register *register.Service
	subject  map[string]ledger.Subject // by given name
	master   string                    // file of the master key
}

var ctx = context.Background()

func migrated(t *testing.T, d *db.DB) *towns {
	t.Helper()
	if err := d.Migrate(ctx, keys.Migrations, ledger.Migrations, authority.Migrations, register.Migrations); err != nil {
		t.Fatal(err)
	}
	master := filepath.Join(t.TempDir(), "master.key")
	ring, err := keys.Open(ctx, d, master)
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
	return &towns{T: t, db: d, ledger: l, register: r, subject: map[string]ledger.Subject{}, master: master}
}

// restarted is the register after a restart.
func restarted(t *towns) *register.Service {
	t.Helper()
	ring, err := keys.Open(ctx, t.db, t.master)
	if err != nil {
		t.Fatal(err)
	}
	r, err := register.New(ctx, t.db, ring, t.ledger)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func today(t *towns) clock.Date { return clock.DateOf(t.db.Clock().Now()) }

var (
	oldHome = authority.Address{Street: "Mühlgasse", House: "7", Postcode: "05233", Town: "Altstadt"}
	newHome = authority.Address{Street: "Lindenallee", House: "12", Postcode: "05417", Town: "Neustadt"}
)

// someone lives at the old home, alone and with nothing special.
func someone(given, family, born string) register.Resident {
	day, err := clock.ParseDate(born)
	if err != nil {
		panic(err)
	}
	return register.Resident{
		FamilyName: family, GivenNames: given, Birth: register.Birth{Date: day, Place: "Altstadt"}, Sex: "weiblich", TaxID: "00000000" + born[2:4],
		Nationalities: []string{"DE"}, Homes: []register.Home{{Address: oldHome, Kind: register.Sole}}, MovedIn: clock.Date{Y: 2020, M: 1, D: 1},
		FamilyStatus: register.FamilyStatus{Status: "ledig"},
		Documents:    []register.Document{{Issuer: "Altstadt", ValidUntil: clock.Date{Y: 2033, M: 1, D: 1}, Serial: "X000" + given}},
	}
}

// family is Jana and Tobias with Mila (9) and Lea (18), and Tobias's block if he has one.
func family(blocks ...register.Block) []register.Entry {
	jana, tobias := someone("Jana Maria (Rufname Jana)", "Wittkamp", "1995-06-14"), someone("Tobias", "Wittkamp", "1993-02-01")
	mila, lea := someone("Mila", "Wittkamp", "2020-05-21"), someone("Lea", "Wittkamp", "2012-03-04")
	jana.Religion, jana.FormerNames.BirthName, tobias.Blocks.Information = "rk", "Hoyer", blocks
	return []register.Entry{
		{Resident: jana, Kin: []register.KinTo{{Kin: register.Spouse, To: 1}, {Kin: register.Child, To: 2}, {Kin: register.Child, To: 3}}},
		{Resident: tobias, Kin: []register.KinTo{{Kin: register.Spouse, To: 0}, {Kin: register.Child, To: 2}, {Kin: register.Child, To: 3}}},
		{Resident: mila, Kin: []register.KinTo{{Kin: register.Parent, To: 0}, {Kin: register.Parent, To: 1}}},
		{Resident: lea, Kin: []register.KinTo{{Kin: register.Parent, To: 0}, {Kin: register.Parent, To: 1}}},
	}
}

func (t *towns) load(holder authority.Key, entries ...register.Entry) {
	t.Helper()
	subjects, err := t.register.Load(ctx, holder, "test", entries)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range subjects {
		t.subject[register.CallName(entries[i].Resident.GivenNames)] = s
	}
}

// read asks a town for fields about people, by given name.
func (t *towns) read(holder authority.Key, fields []string, unlessBlocked bool, names ...string) []register.Answer {
	t.Helper()
	ask := register.Question{Holder: holder, Register: register.Residents, Fields: fields, UnlessBlocked: unlessBlocked}
	for _, n := range names {
		ask.Subjects = append(ask.Subjects, t.subject[n])
	}
	answers, err := t.register.Evidence.Read(ctx, t.db, today(t), ask)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// one is read about one person; nil if there is no answer.
func (t *towns) one(holder authority.Key, name string, fields ...string) register.Values {
	t.Helper()
	if answers := t.read(holder, fields, false, name); len(answers) == 1 {
		return answers[0].Values
	}
	return nil
}

func (t *towns) move(p *register.Plan, err error) []register.Written {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var written []register.Written
	err = t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		written, err = t.register.Apply(ctx, tx, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// moveIn registers people in neu with what alt holds about them.
func (t *towns) moveIn(caseID string, kind register.HomeKind, names ...string) []register.Written {
	t.Helper()
	in := register.MoveIn{
		Authority: "neu", Case: caseID, Day: today(t), Home: newHome, Kind: kind, MovedIn: clock.Date{Y: 2030, M: 3, D: 1},
		Objections: []string{"parties"},
	}
	for _, a := range t.read("alt", register.FieldNames(), false, names...) {
		in.People = append(in.People, register.Person{Subject: a.Subject, Values: a.Values})
	}
	return t.move(t.register.PlanMoveIn(ctx, in))
}

func (t *towns) moveOut(caseID string, kind register.HomeKind, names ...string) []register.Written {
	t.Helper()
	out := register.MoveOut{Authority: "alt", Case: caseID, Day: clock.Date{Y: 2030, M: 3, D: 1}, Forward: newHome, Kind: kind}
	for _, n := range names {
		out.People = append(out.People, register.Person{Subject: t.subject[n]})
	}
	return t.move(t.register.PlanMoveOut(ctx, out))
}

// rows counts what a query finds in the raw tables.
func (t *towns) rows(query string, args ...any) int {
	t.Helper()
	n, err := db.One(ctx, t.db, db.Scalar[int], query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// records sequences the ledger and returns how many records it took.
func (t *towns) records() int {
	t.Helper()
	total := 0
	for {
		n, err := t.ledger.Sequence(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if total += n; n == 0 {
			return total
		}
	}
}

func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) != nil {
		return string(v)
	}
	return s
}

func story(t *testing.T, tell func(t *towns)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, d *db.DB) { tell(migrated(t, d)) })
}
