package register_test

import (
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

func entitlement() register.Entitlement {
	return register.Entitlement{
		Holder: "alt", Register: register.Residents, Evidence: "prefilled", Reader: "neu",
		Fields: []string{"family_name", "birth", "religion"}, Law: "§ 23a Abs. 1 BMG", Until: clock.Date{Y: 2030, M: 3, D: 4},
	}
}

func ask(fields ...string) register.Ask {
	return register.Ask{Holder: "alt", Register: register.Residents, Evidence: "prefilled", Reader: "neu", Fields: fields, Law: "§ 23a Abs. 1 BMG"}
}

func TestARegisterTrustsItsOwnEntitlements(t *testing.T) {
	story(t, func(t *towns) {
		if err := t.register.Entitlements.Grant(ctx, "test", entitlement()); err != nil {
			t.Fatal(err)
		}
		if n := t.records(); n != 1 {
			t.Errorf("%d records of the change", n)
		}
		check := func(a register.Ask, day clock.Date, want string) {
			t.Helper()
			err := t.register.Entitlements.Check(ctx, t.db, day, a)
			if fault.CodeOf(err) != want || (want != "" && !fault.Is(err, fault.Forbidden)) || (want == "" && err != nil) {
				t.Errorf("%+v on %s: got %v, want %q", a, day, err, want)
			}
		}
		now := today(t)
		check(ask("birth", "religion"), now, "")
		check(ask("birth", "tax_id"), now, "register.error.entitlement_field")
		check(ask("birth"), now.AddDays(1), "register.error.entitlement_expired")
		for name, spoil := range map[string]func(a *register.Ask){
			"another reader":   func(a *register.Ask) { a.Reader = "dritte" },
			"another holder":   func(a *register.Ask) { a.Holder = "dritte" },
			"another evidence": func(a *register.Ask) { a.Evidence = "family" },
			"another register": func(a *register.Ask) { a.Register = "vehicles" },
		} {
			t.Log(name)
			a := ask("birth")
			spoil(&a)
			check(a, now, "register.error.not_entitled")
		}
		other := ask("birth")
		other.Law = "§ 34 BMG"
		check(other, now, "register.error.entitlement_law")
		back := ask("birth")
		back.Holder, back.Reader = "neu", "alt" // entitlements have a direction
		check(back, now, "register.error.not_entitled")
		own := ask("provider")
		own.Holder, own.Register, own.Evidence = "neu", "landlord_confirmations", "landlord"
		check(own, now, "")
	})
}

func TestOnlyWhoIsOnTheListMayHideAndNotForLong(t *testing.T) {
	story(t, func(t *towns) {
		e := entitlement()
		e.Until, e.HideLaw, e.HideDays = clock.Date{Y: 2035, M: 1, D: 1}, "§ 11 Abs. 2 Nr. 4 BMG", 90
		plain := e
		plain.Evidence, plain.HideLaw, plain.HideDays = "family", "", 0
		half := e
		half.HideDays = 0
		if err := t.register.Entitlements.Grant(ctx, "test", half); !fault.Is(err, fault.Invalid) {
			t.Errorf("an entitlement to hide without an end: %v", err)
		}
		if err := t.register.Entitlements.Grant(ctx, "test", e, plain); err != nil {
			t.Fatal(err)
		}
		now := today(t)
		for name, c := range map[string]struct {
			change func(a *register.Ask)
			want   string
		}{
			"as listed":        {func(*register.Ask) {}, ""},
			"openly":           {func(a *register.Ask) { a.Hide = ledger.Hiding{} }, ""},
			"a day too long":   {func(a *register.Ask) { a.Hide.Until = now.AddDays(91) }, "register.error.entitlement_hide"},
			"until today":      {func(a *register.Ask) { a.Hide.Until = now }, "register.error.entitlement_hide"},
			"for ever":         {func(a *register.Ask) { a.Hide.Until = clock.Date{} }, "register.error.entitlement_hide"},
			"another law":      {func(a *register.Ask) { a.Hide.Law = "§ 51 BMG" }, "register.error.entitlement_hide"},
			"no law":           {func(a *register.Ask) { a.Hide.Law = "" }, "register.error.entitlement_hide"},
			"not on this list": {func(a *register.Ask) { a.Evidence = "family" }, "register.error.entitlement_hide"},
			"in its own house": {func(a *register.Ask) { a.Reader = a.Holder }, "register.error.not_entitled"},
		} {
			a := ask("birth")
			a.Hide = ledger.Hiding{Law: e.HideLaw, Until: now.AddDays(90)}
			c.change(&a)
			if err := t.register.Entitlements.Check(ctx, t.db, now, a); fault.CodeOf(err) != c.want || (c.want == "") != (err == nil) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
	})
}

func TestAnEntitlementIsReplacedNotDoubled(t *testing.T) {
	story(t, func(t *towns) {
		longer := entitlement()
		longer.Until = longer.Until.AddDays(365)
		for _, e := range []register.Entitlement{entitlement(), longer} {
			if err := t.register.Entitlements.Grant(ctx, "test", e); err != nil {
				t.Fatal(err)
			}
		}
		list, err := t.register.Entitlements.Of(ctx, "alt")
		if err != nil || len(list) != 1 || list[0].Until != longer.Until || len(list[0].Fields) != 3 {
			t.Errorf("got %+v, %v", list, err)
		}
		if list, err := t.register.Entitlements.Of(ctx, "neu"); err != nil || len(list) != 0 {
			t.Errorf("another authority's list: %+v, %v", list, err)
		}
	})
}

func TestAnIncompleteEntitlementIsRefused(t *testing.T) {
	story(t, func(t *towns) {
		for name, spoil := range map[string]func(e *register.Entitlement){
			"no law": func(e *register.Entitlement) { e.Law = "" }, "no end": func(e *register.Entitlement) { e.Until = clock.Date{} },
			"no fields": func(e *register.Entitlement) { e.Fields = nil }, "a field nobody has": func(e *register.Entitlement) { e.Fields = []string{"salary"} },
		} {
			e := entitlement()
			spoil(&e)
			if err := t.register.Entitlements.Grant(ctx, "test", entitlement(), e); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := t.records(); n != 0 {
			t.Errorf("%d records", n)
		}
		if list, err := t.register.Entitlements.Of(ctx, "alt"); err != nil || len(list) != 0 {
			t.Errorf("half was stored: %+v, %v", list, err)
		}
	})
}
