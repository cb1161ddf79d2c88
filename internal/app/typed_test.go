package app_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// refused brings a case to the screens on which what was not released is typed; the landlord's confirmation is released.
func (t town) refused(key string) (demo.Persona, procedure.Case) {
	t.Helper()
	p, account := t.citizen(key)
	c := t.fill(t.start(account), map[string]string{"proof": "landlord", "mark": t.confirmation(p, p.NewHome)})
	c = t.keepsBack(c, "prefilled")
	t.wants(c, "release", procedure.ForTyping)
	return p, c
}

// keepsBack releases everything that is asked for but one kind of evidence.
func (t town) keepsBack(c procedure.Case, evidence string) procedure.Case {
	t.Helper()
	list, err := t.Procedure.Previews(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var replies []procedure.Reply
	for _, v := range list {
		replies = append(replies, procedure.Reply{Request: v.Request, Hash: v.Hash, Yes: v.Evidence.Name != evidence})
	}
	if c, err = t.Procedure.Release(t.Context(), c.Account, c.ID, replies); err != nil {
		t.Fatal(err)
	}
	return c
}

// screen is what a page sends.
type screen map[string]string

func (s screen) values(name string) []string {
	if v := s[name]; v != "" {
		return []string{v}
	}
	return nil
}

func (s screen) with(more screen) screen {
	out := maps.Clone(s)
	maps.Copy(out, more)
	return out
}

// sends sends one screen.
func (t town) sends(c procedure.Case, f procedure.TypedForm, s screen) (procedure.Case, procedure.TypedPlace, []error) {
	t.Helper()
	f.Lang, f.Values = "de", s.values
	c, place, wrong, err := t.Procedure.Type(t.Context(), c.Account, c.ID, f)
	if err != nil {
		t.Fatal(err)
	}
	return c, place, wrong
}

// types sends every screen with what of it stands there.
func (t town) types(c procedure.Case, s screen) procedure.Case {
	t.Helper()
	for part := 0; c.Wait == procedure.ForTyping; {
		next, place, wrong := t.sends(c, procedure.TypedForm{Part: part}, s)
		if len(wrong) > 0 || next.Wait == procedure.ForTyping && place.Part != part+1 {
			t.Fatalf("screen %d: %v, goes on at %d", part, wrong, place.Part)
		}
		c, part = next, place.Part
	}
	return c
}

// wrote is what somebody without a family types.
func wrote(p demo.Persona) screen {
	s := screen{
		"family_name": p.Family, "given_names": p.Given, "birth.date": p.Birth.String(), "birth.place": "Ellerbrück", "sex": "weiblich",
		"tax_id": "00000000001", "nationalities.0": "DE", "homes.0.kind": "sole", "moved_in": "1.1.2020", "family_status.status": "ledig",
		"former_names": "no", "representative": "no", "spouse": "no", "children": "no", "documents": "no",
	}
	return s.at("homes.0.address", p)
}

func (s screen) at(name string, p demo.Persona) screen {
	return s.with(screen{name + "_street": p.Address.Street, name + "_house": p.Address.House, name + "_postcode": p.Address.Postcode, name + "_town": p.Address.Town})
}

// unread fails if an authority has read somebody's own form, which they did not release.
func (t town) unread(c procedure.Case, subject ledger.Subject, evidence string) {
	t.Helper()
	accesses, err := t.Ledger.OfSubject(t.Context(), t.DB, subject, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accesses {
		if a.Kind == ledger.Access && a.Reader == string(demo.NewTown) && a.More["evidence"] == evidence {
			t.Errorf("the town read %s, which was not released", evidence)
		}
	}
	for key, f := range c.State.Fetched {
		if strings.HasSuffix(key, "/"+evidence) && (f.How != procedure.FromForm || f.From != "") {
			t.Errorf("%s counts as %+v, but was typed", key, f)
		}
	}
}

func TestWhoRefusesTypesAndAPersonComparesIt(t *testing.T) {
	towns(t, func(t town) {
		p, c := t.refused("mover")
		ed, typing, err := t.Procedure.Typing(t.Context(), c, "de")
		if err != nil || typing.Open != 0 || len(typing.Sheets) != 1 || len(typing.Sheets[0].Draft) != 0 {
			t.Fatalf("something stands there before anything was typed: %+v (%v)", typing, err)
		}
		c = t.types(c, wrote(p).with(screen{
			"religion": "rk", "nationalities.zeilen": "2", "nationalities.1": "FR", "representative": "yes",
			"representative.0.family_name": "Hagen", "representative.0.given_names": "Inge", "representative.0.birth_date": "2.3.1970", "representative.0.sex": "weiblich",
			"documents": "yes", "documents.zeilen": "2", "documents.0.issuer": "Stadt Ellerbrück", "documents.0.valid_until": "1.1.2035", "documents.0.serial": "L01X00T47",
			"documents.1.issuer": "Stadt Ellerbrück", "documents.1.valid_until": "2.2.2034", "documents.1.serial": "C01X00T47", "azr_number": "920300000001",
			"blocks.information.0": "§ 51 BMG", "passport_refusal": "no",
		}.at("representative.0.home", p)))
		t.wants(c, "apply", procedure.ForForm)
		x, err := t.Procedure.Examine(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{
			"prefilled.religion": "römisch-katholisch", "prefilled.nationalities": "Deutschland, Frankreich", "prefilled.blocks": "–", "prefilled.passport_refusal": "–",
			"prefilled.spouse": "–", "prefilled.azr_number": "920300000001",
		} {
			if got := ed.Print("de", x.Values, path); got != want {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
		if got := ed.Print("de", x.Values, "prefilled.documents"); !strings.Contains(got, "L01X00T47") || !strings.Contains(got, "C01X00T47") {
			t.Errorf("documents: %s", got)
		}
		c = t.fill(c, map[string]string{"kind": "sole"})
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.AtDesk || !strings.Contains(c.Reason, procedure.GroundTyped) {
			t.Fatalf("%s: %s", c.Status, c.Reason)
		}
		if c.State.Typing != nil {
			t.Error("the inputs are kept after the case was handed in")
		}
		t.unread(c, c.Subject, "prefilled")
	})
}

func TestNothingThatWasTypedIsLost(t *testing.T) {
	towns(t, func(t town) {
		p, c := t.refused("mover")
		first := wrote(p).with(screen{"birth.date": "31.2.1990"})
		c, place, wrong := t.sends(c, procedure.TypedForm{}, first)
		if len(wrong) != 1 || place.Part != 0 {
			t.Fatalf("a day that does not exist: %v, goes on at %d", wrong, place.Part)
		}
		draft := func() procedure.Draft {
			t.Helper()
			_, typing, err := t.Procedure.Typing(t.Context(), c, "de")
			if err != nil {
				t.Fatal(err)
			}
			return typing.Sheets[0].Draft
		}
		if got := draft(); got["family_name"][0] != p.Family || got["birth.date"][0] != "31.2.1990" {
			t.Errorf("kept %v", got)
		}
		if _, place, wrong = t.sends(c, procedure.TypedForm{Part: 5}, wrote(p)); len(wrong) != 0 || place.Part != 0 {
			t.Errorf("a later screen came before the first was in order: %d", place.Part)
		}
		for part := range 5 {
			c, _, _ = t.sends(c, procedure.TypedForm{Part: part}, wrote(p))
		}
		kids := screen{"children": "yes", "children.0.given_names": "Ada"}
		if c, place, wrong = t.sends(c, procedure.TypedForm{Part: 5, More: "children"}, kids); place.Row != "children.1" || place.Part != 5 || len(wrong) > 0 {
			t.Fatalf("another child: %+v %v", place, wrong)
		}
		kids = kids.with(screen{"children.zeilen": "2", "children.1.given_names": "Cleo"})
		c, place, _ = t.sends(c, procedure.TypedForm{Part: 5, Back: true}, kids)
		if got := draft(); place.Part != 4 || got["children.0.given_names"][0] != "Ada" || got["children.1.given_names"][0] != "Cleo" {
			t.Errorf("back at %d with %v", place.Part, got)
		}
		c, _, _ = t.sends(c, procedure.TypedForm{Part: 5, Less: "children.0"}, kids)
		if got := draft(); got["children.0.given_names"][0] != "Cleo" || got["children.1.given_names"] != nil {
			t.Errorf("the wrong child went: %v", got)
		}
		if c, _, wrong = t.sends(c, procedure.TypedForm{Part: 5}, kids); len(wrong) != 8 {
			t.Errorf("of two children only the given names are there: %d mistakes", len(wrong))
		}
		c = t.types(c, wrote(p))
		again := t.again(c)
		if second, _, wrong := t.sends(again, procedure.TypedForm{Part: 6}, screen{}); second.Version != again.Version || len(wrong) > 0 {
			t.Error("a second click changed something")
		}
		c = t.fill(c, map[string]string{"kind": "sole"})
		t.wants(c, "confirm", procedure.ForForm)
		c, err := t.Procedure.Reopen(t.Context(), c.Account, c.ID, "release")
		if err != nil {
			t.Fatal(err)
		}
		t.wants(c, "release", procedure.ForTyping)
		if got := draft(); got["given_names"][0] != p.Given {
			t.Errorf("what was typed is gone when it is opened again: %v", got)
		}
		c = t.types(c, wrote(p).with(screen{"given_names": "Anders"}))
		t.wants(c, "apply", procedure.ForForm)
		if got := string(c.State.Values); !strings.Contains(got, `"given_names":"Anders"`) || strings.Contains(got, `"given_names":"`+p.Given) {
			t.Errorf("the correction is not what counts: %s", got)
		}
	})
}

// relatives are what the mover of a family types about the others.
func relatives(p demo.Persona, s screen) screen {
	n := 0
	for _, r := range p.Household.People() {
		at, own := fmt.Sprintf("children.%d.", n), r.Birth.Date == p.Birth
		if r.FamilyStatus.Status == "verheiratet" {
			at = "spouse."
		}
		if own {
			continue
		}
		s = s.with(screen{at + "family_name": r.FamilyName, at + "given_names": r.GivenNames, at + "birth_date": r.Birth.Date.String(), at + "sex": r.Sex})
		if at == "spouse." {
			s = s.with(screen{"spouse": "yes"}).at(at+"homes.0", p)
			continue
		}
		n++
		s = s.with(screen{"children": "yes", "children.zeilen": fmt.Sprint(n)}).at(at+"home", p)
	}
	return s
}

func TestWhoTypesTakesTheFamilyAlong(t *testing.T) {
	towns(t, func(t town) {
		p, c := t.refused("family")
		everybody := relatives(p, wrote(p))
		c = t.types(c, everybody)
		c = t.fill(c, map[string]string{"kind": "sole", "relatives": t.picked(c), "entitled": "yes"})
		t.wants(c, "family", procedure.ForRelease)
		c = t.keepsBack(c, "family")
		t.wants(c, "family", procedure.ForTyping)
		_, typing, err := t.Procedure.Typing(t.Context(), c, "de")
		if err != nil || len(typing.Sheets) != 3 {
			t.Fatalf("%d sheets (%v)", len(typing.Sheets), err)
		}
		var subjects []ledger.Subject
		for part := 0; c.Wait == procedure.ForTyping; part++ {
			sheet := typing.Sheets[typing.Parts[part].Sheet]
			if !slices.Contains(subjects, sheet.Subject) {
				subjects = append(subjects, sheet.Subject)
			}
			s := screen{}
			for name, values := range sheet.Draft { // nobody types again what stands there
				s[name] = values[0]
			}
			if s["family_name"] != p.Family || s["birth.date"] == "" || s["homes.0.address_street"] != p.Address.Street {
				t.Fatalf("%s begins with %v", sheet.Name, s)
			}
			s = screen{"birth.place": "Ellerbrück", "nationalities.0": "DE", "homes.0.kind": "sole", "moved_in": "1.1.2020", "family_status.status": "ledig"}.with(s)
			for _, name := range []string{"former_names", "representative", "spouse", "children", "documents"} {
				s = screen{name: "no"}.with(s)
			}
			var wrong []error
			if c, _, wrong = t.sends(c, procedure.TypedForm{Part: part}, s); len(wrong) > 0 {
				t.Fatalf("%s, screen %d: %v", sheet.Name, part, wrong)
			}
		}
		t.wants(c, "confirm", procedure.ForForm)
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.AtDesk || c.Reason != procedure.GroundTyped {
			t.Fatalf("%s: %s", c.Status, c.Reason)
		}
		if _, err = t.Procedure.Decide(t.Context(), t.clerk(demo.NewTown), c.ID, procedure.Verdict{Outcome: "registered", Reason: "Verglichen."}); err != nil {
			t.Fatal(err)
		}
		c = t.drained(c)
		if c.Status != procedure.Done || len(c.State.Letters) != 4 {
			t.Errorf("%s waits for %q, %d confirmations", c.Status, c.Wait, len(c.State.Letters))
		}
		for _, subject := range subjects {
			t.unread(c, subject, "family")
		}
	})
}

func TestSomebodyWhomNoRegisterLinksIsTypedButNeverOfferedFromARegister(t *testing.T) {
	towns(t, func(t town) {
		p, c := t.refused("mover")
		stranger, _ := t.citizen("church") // she is in the register, and nothing links her with him
		c = t.types(c, wrote(p).with(screen{
			"spouse": "yes", "spouse.family_name": stranger.Family, "spouse.given_names": stranger.Given, "spouse.birth_date": stranger.Birth.String(), "spouse.sex": "weiblich",
		}).at("spouse.homes.0", p))
		c = t.fill(c, map[string]string{"kind": "sole", "relatives": stranger.Given + " " + stranger.Family, "entitled": "yes"})
		t.wants(c, "confirm", procedure.ForForm)
		c = t.drained(t.fill(c, map[string]string{"correct": "yes"}))
		if c.Status != procedure.AtDesk || !strings.Contains(c.Reason, "family_complete") || !strings.Contains(c.Reason, procedure.GroundTyped) {
			t.Errorf("%s: %s", c.Status, c.Reason)
		}
		if len(c.State.Relatives) != 0 || len(c.State.Answers["family"]) != 0 {
			t.Errorf("a stranger stands behind the name: %v", c.State.Relatives)
		}
	})
}
