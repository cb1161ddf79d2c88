package register_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

func TestThePrefilledFormHasTheTwentyGroups(t *testing.T) {
	if got := len(register.FieldNames()); got != 20 {
		t.Fatalf("%d groups, § 9 Abs. 1 BMeldDigiV has 20", got)
	}
	story(t, func(t *towns) {
		t.load("alt", family()...)
		jana := t.one("alt", "Jana", register.FieldNames()...)
		for name, want := range map[string]string{
			"family_name": "Wittkamp", "former_names": `{"birth_name":"Hoyer"}`, "given_names": "Jana Maria (Rufname Jana)", "religion": "rk",
			"birth": `{"date":"1995-06-14","place":"Altstadt"}`, "homes": `[{"address":"Mühlgasse 7, 05233 Altstadt","kind":"sole"}]`,
			"passport_refusal": "false", "nationalities": `["DE"]`, "moved_in": "2020-01-01",
			"documents": `[{"issuer":"Altstadt","serial":"X000Jana Maria (Rufname Jana)","valid_until":"2033-01-01"}]`,
		} {
			if got := text(jana[name]); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
		for _, absent := range []string{"doctorate", "other_name", "blocks", "azr_number", "representative"} {
			if v, ok := jana[absent]; ok {
				t.Errorf("%s is %s though the register has none", absent, v)
			}
		}
		var spouse register.Relative
		if err := json.Unmarshal(jana["spouse"], &spouse); err != nil || spouse.GivenNames != "Tobias" || len(spouse.Homes) != 1 {
			t.Errorf("spouse is %s, %v", jana["spouse"], err)
		}
		if children := text(jana["children"]); !strings.Contains(children, "Mila") || strings.Contains(children, "Lea") {
			t.Errorf("minor children are %s", children)
		}
		if of := text(t.one("alt", "Mila", "representative")["representative"]); !strings.Contains(of, "Tobias") || !strings.Contains(of, "Jana") {
			t.Errorf("Mila's representatives are %s", of)
		}
	})
}

func TestOnlyTheFieldsAskedForAreAnswered(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		if got := t.one("alt", "Jana", "family_name", "birth"); len(got) != 2 {
			t.Errorf("got %v", got)
		}
		ask := register.Question{Holder: "alt", Register: register.Residents, Subjects: []ledger.Subject{t.subject["Jana"]}, Fields: []string{"salary"}}
		if got, err := t.register.Evidence.Read(ctx, t.db, today(t), ask); fault.CodeOf(err) != "register.error.field" || got != nil {
			t.Errorf("an unknown field: %v, %v", got, err)
		}
	})
}

func TestTheHashSaysWhetherTheValuesAreStillTheSame(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		fields := register.FieldNames()
		shown, again := t.read("alt", fields, false, "Jana"), t.read("alt", fields, false, "Jana")
		if shown[0].Hash != again[0].Hash || len(shown[0].Hash) != 64 {
			t.Errorf("%s became %s by itself", shown[0].Hash, again[0].Hash)
		}
		t.moveOut("case-1", register.Secondary, "Jana") // she has a second home now: homes differ
		if later := t.read("alt", fields, false, "Jana"); later[0].Hash == shown[0].Hash || later[0].Version == shown[0].Version {
			t.Error("a change did not show")
		}
		if hash, err := shown[0].Values.Hash(); err != nil || hash != shown[0].Hash {
			t.Errorf("computed again: %s, %v", hash, err)
		}
	})
}

func TestABlockedPersonsDataNeverLeaveThroughRelatives(t *testing.T) {
	for _, block := range []register.Block{register.InformationBlock(clock.Date{Y: 2029, M: 1, D: 1}), register.ShelterBlock()} {
		story(t, func(t *towns) {
			t.load("alt", family(block)...)
			everything := t.read("alt", register.FieldNames(), true, "Jana", "Tobias", "Mila")
			if len(everything) != 2 || everything[0].Subject != t.subject["Jana"] || everything[1].Subject != t.subject["Mila"] {
				t.Fatalf("told about %d people", len(everything))
			}
			all, err := json.Marshal(everything)
			if err != nil {
				t.Fatal(err)
			}
			for _, of := range []string{"Tobias", "1993-02-01", "§ 5"} {
				if strings.Contains(string(all), of) {
					t.Errorf("%q left the register: %s", of, all)
				}
			}
			if _, there := everything[0].Values["spouse"]; there {
				t.Error("an empty spouse betrays the block")
			}
			own := t.one("alt", "Tobias", "blocks")
			if !strings.Contains(text(own["blocks"]), block.Law) {
				t.Errorf("he himself reads %v", own)
			}
		})
	}
}

func TestAnExpiredBlockHidesNobody(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family(register.InformationBlock(clock.Date{Y: 2028, M: 3, D: 3}))...)
		if got := t.one("alt", "Jana", "spouse"); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
}

func TestABlockedPersonAndAnUnknownOneGetTheSameAnswer(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family(register.ShelterBlock())...)
		blocked := t.read("alt", []string{"family_name"}, true, "Tobias")
		unknown := t.read("alt", []string{"family_name"}, true, "nobody at all")
		if len(blocked) != 0 || len(unknown) != 0 {
			t.Errorf("blocked %v, unknown %v", blocked, unknown)
		}
	})
}

func TestAnotherAuthoritysRecordsAreInvisible(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		if got := t.read("neu", register.FieldNames(), false, "Jana", "Tobias", "Mila"); len(got) != 0 {
			t.Errorf("neu reads %v", got)
		}
		if got, err := t.register.Count(ctx, "neu", register.Residents, register.ByNothing); err != nil || len(got) != 0 {
			t.Errorf("neu counts %v, %v", got, err)
		}
	})
}

func TestNothingSensitiveStandsInTheRawTables(t *testing.T) {
	story(t, func(t *towns) {
		entries := family(register.InformationBlock(clock.Date{Y: 2029, M: 1, D: 1}))
		entries[2].Resident.PassportRefusal = true
		t.load("alt", entries...)
		rows, err := db.All(ctx, t.db, func(row db.Row) (s [2]string, err error) {
			var data, sealed []byte
			err = row.Scan(&data, &sealed)
			return [2]string{string(data), string(sealed)}, err
		}, `SELECT data, sealed FROM register_record`)
		if err != nil || len(rows) != 4 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for _, row := range rows {
			for _, secret := range []string{`"religion"`, `"rk"`, "X000Jana", `"documents"`, "§ 51 ", `"blocks"`, "passport_refusal"} {
				if strings.Contains(row[0], secret) || strings.Contains(row[1], secret) {
					t.Errorf("%q stands in clear: %s", secret, row[0])
				}
			}
			if len(row[1]) != len(rows[0][1]) {
				t.Error("the length tells who has a religion or a block")
			}
		}
	})
}

func TestASealedPartOpensOnlyInItsOwnRow(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		type part struct {
			area   string
			sealed []byte
		}
		parts, err := db.All(ctx, t.db, func(row db.Row) (p part, err error) { return p, row.Scan(&p.area, &p.sealed) },
			`SELECT area_id, sealed FROM register_record ORDER BY area_id`)
		if err != nil {
			t.Fatal(err)
		}
		err = t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { // somebody with the database moves the parts round
			for i, p := range parts {
				if _, err := tx.Exec(ctx, `UPDATE register_record SET sealed = ? WHERE area_id = ?`, parts[(i+1)%len(parts)].sealed, p.area); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		opened := 0
		for _, name := range []string{"Jana", "Tobias", "Mila", "Lea"} {
			ask := register.Question{Holder: "alt", Register: register.Residents, Subjects: []ledger.Subject{t.subject[name]}, Fields: []string{"religion"}}
			if _, err := t.register.Evidence.Read(ctx, t.db, today(t), ask); err == nil {
				opened++
			}
		}
		if opened > 0 {
			t.Errorf("%d foreign parts opened", opened)
		}
	})
}

func TestTheIndexAloneRevealsNobody(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		t.moveIn("case-1", register.Secondary, "Jana")
		if n := t.rows(`SELECT COUNT(*) FROM register_pointer`); n != 5 {
			t.Fatalf("%d pointers", n)
		}
		// No id of one table appears in another: neither index, records nor persons can be joined without the keys.
		for _, join := range []string{
			`SELECT COUNT(*) FROM register_pointer p JOIN register_record r ON r.area_id = p.index_id`,
			`SELECT COUNT(*) FROM register_pointer p JOIN register_person r ON r.subject = p.index_id`,
			`SELECT COUNT(*) FROM register_record p JOIN register_person r ON r.subject = p.area_id`,
			`SELECT COUNT(*) FROM register_record a JOIN register_record b ON a.area_id = b.area_id AND a.authority_id <> b.authority_id`,
		} {
			if n := t.rows(join); n != 0 {
				t.Errorf("%d rows: %s", n, join)
			}
		}
		subjects, err := db.All(ctx, t.db, db.Scalar[[]byte], `SELECT subject FROM register_area`)
		if err != nil || len(subjects) != 5 {
			t.Fatalf("%d areas, %v", len(subjects), err)
		}
		for _, sealed := range subjects {
			for name, s := range t.subject {
				if strings.Contains(string(sealed), string(s)) {
					t.Errorf("%s stands in clear beside an area id", name)
				}
			}
		}
	})
}

func TestAPointerIsFoundOnlyForTheKindAskedFor(t *testing.T) {
	story(t, func(t *towns) {
		t.load("alt", family()...)
		subjects := []ledger.Subject{t.subject["Jana"], t.subject["Mila"]}
		got, err := t.register.Evidence.Where(ctx, t.db, subjects, register.Residents, "vehicles")
		if err != nil || len(got) != 2 || !slices.Equal(got[subjects[0]], []register.Pointer{{Evidence: register.Residents, Authority: "alt"}}) {
			t.Errorf("got %v, %v", got, err)
		}
		for _, kinds := range [][]string{{"vehicles"}, nil} {
			if got, err := t.register.Evidence.Where(ctx, t.db, subjects, kinds...); err != nil || len(got) != 0 {
				t.Errorf("asked for %v, got %v, %v", kinds, got, err)
			}
		}
	})
}

func TestEvidenceIsReadInsideATransaction(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		n := migrated(t, d)
		n.load("alt", family()...)
		again := restarted(n) // a fresh process: no key is in memory
		if err := again.Ready(ctx, "alt", "neu"); err != nil {
			t.Fatal(err)
		}
		err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			ask := register.Question{Holder: "alt", Register: register.Residents, Subjects: []ledger.Subject{n.subject["Jana"]}, Fields: []string{"religion"}}
			got, err := again.Evidence.Read(ctx, tx, clock.DateOf(tx.Now()), ask)
			if err == nil && (len(got) != 1 || text(got[0].Values["religion"]) != "rk") {
				t.Errorf("got %v", got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
