package register_test

import (
	"context"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/register"
)

func confirmation() register.Confirmation {
	return register.Confirmation{
		Authority: "neu", Source: register.ByLandlord, Provider: "Wohnwerk eG, Markt 1, 05417 Neustadt",
		MovedIn: clock.Date{Y: 2030, M: 3, D: 1}, Home: newHome, People: []string{"Jana Wittkamp", "Mila Wittkamp"},
	}
}

func (t *towns) use(c register.Confirmation, caseID string) error {
	return t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return t.register.Landlords.Use(ctx, tx, c, caseID) })
}

func TestAMarkLeadsToTheLandlordsConfirmation(t *testing.T) {
	story(t, func(t *towns) {
		mark, err := t.register.Landlords.Confirm(ctx, confirmation())
		if err != nil || len(mark) != 14 {
			t.Fatalf("mark %q, %v", mark, err)
		}
		for _, typed := range []string{mark, strings.ToLower(mark), strings.ReplaceAll(mark, "-", " "), " " + strings.ReplaceAll(mark, "-", "")} {
			c, err := t.register.Landlords.Confirmation(ctx, "neu", typed)
			if err != nil || c.Home != newHome || len(c.People) != 2 || c.Source != register.ByLandlord || c.Case != "" {
				t.Errorf("%q: %+v, %v", typed, c, err)
			}
		}
		values, err := confirmation().Values()
		if err != nil || len(values) != 4 || text(values["home"]) != newHome.String() {
			t.Errorf("as evidence %v, %v", values, err)
		}
		if _, err := t.register.Landlords.Confirmation(ctx, "alt", mark); fault.CodeOf(err) != "register.error.mark" {
			t.Errorf("another authority finds it: %v", err)
		}
		if _, err := t.register.Landlords.Confirmation(ctx, "neu", mark[1:]); fault.CodeOf(err) != "register.error.mark" {
			t.Errorf("a wrong mark: %v", err)
		}
		plain := strings.ToLower(strings.ReplaceAll(mark, "-", ""))
		if n := t.rows(`SELECT COUNT(*) FROM register_landlord WHERE mark LIKE ? OR people LIKE ?`, "%"+plain+"%", "%"+plain+"%"); n != 0 {
			t.Error("the mark stands in the database")
		}
	})
}

func TestAMarkServesOneCase(t *testing.T) {
	story(t, func(t *towns) {
		mark, err := t.register.Landlords.Confirm(ctx, confirmation())
		if err != nil {
			t.Fatal(err)
		}
		c, err := t.register.Landlords.Confirmation(ctx, "neu", mark)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := t.use(c, "case-1"); err != nil {
				t.Errorf("its own case: %v", err)
			}
		}
		if err := t.use(c, "case-2"); !fault.Is(err, fault.Conflict) {
			t.Errorf("another case: %v", err)
		}
		if c, err := t.register.Landlords.Confirmation(ctx, "neu", mark); err != nil || c.Case != "case-1" {
			t.Errorf("belongs to %q, %v", c.Case, err)
		}
	})
}

func TestAConfirmationNeedsItsFourItems(t *testing.T) {
	story(t, func(t *towns) {
		for field, spoil := range map[string]func(c *register.Confirmation){
			"provider": func(c *register.Confirmation) { c.Provider = " " },
			"moved_in": func(c *register.Confirmation) { c.MovedIn = clock.Date{} },
			"home":     func(c *register.Confirmation) { c.Home = authority.Address{} },
			"people":   func(c *register.Confirmation) { c.People = make([]string, 21) },
		} {
			c := confirmation()
			spoil(&c)
			mark, err := t.register.Landlords.Confirm(ctx, c)
			if mark != "" || !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "("+field+")") {
				t.Errorf("%s: mark %q, %v", field, mark, err)
			}
		}
		if n := t.rows(`SELECT COUNT(*) FROM register_landlord`); n != 0 {
			t.Errorf("%d stored", n)
		}
	})
}

func (t *towns) post(caseID string) (code string) {
	t.Helper()
	c := confirmation()
	c.Source, c.Case = register.ByCode, caseID
	d, err := t.register.Landlords.Prepare(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return t.register.Landlords.Store(ctx, tx, d) }); err != nil {
		t.Fatal(err)
	}
	return d.Secret
}

func TestAPostedCodeStandsInForTheLandlord(t *testing.T) {
	story(t, func(t *towns) {
		code := t.post("case-1")
		if _, err := t.register.Landlords.Confirmation(ctx, "neu", code); !fault.Is(err, fault.NotFound) {
			t.Errorf("a code is no mark: %v", err)
		}
		if _, err := t.register.Landlords.Redeem(ctx, "neu", "case-2", code); !fault.Is(err, fault.NotFound) {
			t.Errorf("another case redeems it: %v", err)
		}
		for range 2 { // a double click
			if c, err := t.register.Landlords.Redeem(ctx, "neu", "case-1", strings.ToLower(code)); err != nil || c.Home != newHome || c.Source != register.ByCode {
				t.Errorf("redeemed %+v, %v", c, err)
			}
		}
	})
}

func TestACodeCannotBeGuessed(t *testing.T) {
	story(t, func(t *towns) {
		code := t.post("case-1")
		for i := range 5 {
			if _, err := t.register.Landlords.Redeem(ctx, "neu", "case-1", "AAAA-AAAA"); fault.CodeOf(err) != "register.error.code" {
				t.Errorf("try %d: %v", i+1, err)
			}
		}
		if c, err := t.register.Landlords.Redeem(ctx, "neu", "case-1", code); !fault.Is(err, fault.Gone) || c.Provider != "" {
			t.Errorf("after five wrong tries: %+v, %v", c, err)
		}
	})
}
