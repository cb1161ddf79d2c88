package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/desk"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

const (
	osei     = "Miriam Osei"
	petersen = "Jonas Petersen"
)

func decides(p page, outcome, reason string) url.Values {
	return url.Values{"tat": {"entscheiden"}, "version": {p.version()}, "ergebnis": {outcome}, "grund": {reason}}
}

func TestAClerkSettlesAStoppedCase(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		clerk := t.clerk(osei)
		clerk.open(desk.Path).sees(http.StatusOK, "Malte Brandes", "Einzugsbestätigung fehlt", c.Number, "Wohnsitz anmelden", "Diese Woche", "Mi, 06.03.",
			`accesskey="w"`, "entscheiden")
		page := clerk.open(desk.Path+"/"+c.ID).sees(http.StatusOK,
			"Warum Sie gefragt sind", "Die Bestätigung Ihres Einzugs liegt uns nicht vor.", "Fragen Sie den Wohnungsgeber.", "§ 19 Abs. 2 BMG", // why
			"Das Haus steht im Adressverzeichnis", "Innerhalb von zwei Wochen gemeldet", "§ 17 Abs. 1 BMG", // what is in order
			"Unsere Frist", "Zusage der Behörde (Beispiel)", "Nordallee 11", "Alleinige Wohnung", "geboren 23.09.1998",
			"Ihr vorausgefüllter Meldeschein", "§ 23a Abs. 1 BMG", // released
			"Vorschlag der Maschine", "Wir tragen es ins Register ein.", "Amtliche Meldebestätigung", "Malte Brandes</strong>: schickt eine Seite ab")
		page.never(" checked", osei, "Reisepass", "Seriennummer:")

		clerk.send(page.path, decides(page, "registered", "  ")).sees(http.StatusUnprocessableEntity, "Bitte schreiben Sie einen Grund.", `href="#grund"`,
			`value="registered" id="ergebnis" checked`)
		clerk.send(page.path, decides(page, "", "Der Vermieter hat angerufen.")).sees(http.StatusUnprocessableEntity, "Bitte wählen Sie ein Ergebnis.",
			`href="#ergebnis"`, "Der Vermieter hat angerufen.</textarea>")
		if got := t.stands(c); got.Status != procedure.AtDesk || got.Outcome != "" || got.Version != c.Version {
			t.Fatalf("a refused form changed the case: %s %q", got.Status, got.Outcome)
		}

		form := decides(page, "registered", "")
		form.Set("klaerung_move_confirmed", "Wohnungsgeber am Telefon: Einzug bestätigt")
		if done := clerk.send(page.path, form).sees(http.StatusOK, "Entschieden. Alles Weitere läuft von selbst.", "Niemand wartet auf Sie"); done.path != desk.Path {
			t.Errorf("after the decision at %s", done.path)
		}
		got := t.stands(c)
		if got.Outcome != "registered" || got.DecidedBy != procedure.ByPerson || got.State.Decision.Reason != "Wohnungsgeber am Telefon: Einzug bestätigt" {
			t.Errorf("decided %q by %q: %+v", got.Outcome, got.DecidedBy, got.State.Decision)
		}
		clerk.open(desk.Path+"?sicht=wartet").sees(http.StatusOK, "Malte Brandes", "wartet auf Quittung")
		clerk.open(page.path).sees(http.StatusOK, "Angemeldet", "Bürgeramt", "Geklärt von Bürgeramt", "Mitteilungen", "Siegel geprüft", "§ 33 Abs. 1 BMG").
			never(osei, "Entscheiden und zustellen")
	})
}

func TestOfTwoClerksWhoDecideAtOnceTheSecondIsTold(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		first, second := t.clerk(osei), t.clerk(petersen)
		path := desk.Path + "/" + c.ID
		a, b := first.open(path), second.open(path)
		first.send(path, decides(a, "registered", "Vermieter angerufen, Einzug stimmt.")).sees(http.StatusOK)
		decided := t.stands(c)
		second.send(path, decides(b, "refused", "Nicht belegt.")).sees(http.StatusConflict, "Dieser Vorgang ist inzwischen weitergegangen.")
		second.send(path, url.Values{"tat": {"fragen"}, "frage": {"Wo ist die Bestätigung?"}}).sees(http.StatusConflict)
		if got := t.stands(c); got.Outcome != "registered" || got.Version != decided.Version || len(got.State.Letters) != 1 {
			t.Errorf("the second changed something: %q, %d letters", got.Outcome, len(got.State.Letters))
		}
		second.send(path, url.Values{"tat": {"entscheiden"}, "ergebnis": {"refused"}, "grund": {"x"}}).sees(http.StatusUnprocessableEntity, "unvollständig")
	})
}

func TestAnotherTownsCaseDoesNotExist(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		away := t.clerk("Ute Brandt")
		away.open(desk.Path).sees(http.StatusOK, "Niemand wartet auf Sie").never("Brandes", c.Number)
		away.open(desk.Path+"?nummer="+c.Number).sees(http.StatusOK, "Diesen Vorgang gibt es hier nicht").never("Brandes")
		foreign, missing := away.open(desk.Path+"/"+c.ID), away.open(desk.Path+"/"+ident.New())
		foreign.sees(http.StatusNotFound)
		if foreign.main() != missing.main() {
			t.Error("another town's case does not answer like a missing one")
		}
		for _, act := range []string{"entscheiden", "fragen", "einsehen"} {
			form := url.Values{"tat": {act}, "version": {"1"}, "ergebnis": {"registered"}, "grund": {"ein guter Grund"}, "frage": {"Wer sind Sie?"}}
			away.send(desk.Path+"/"+c.ID, form).sees(http.StatusNotFound).never("Brandes")
		}
		if got := t.stands(c); got.Version != c.Version {
			t.Error("somebody from another town changed the case")
		}
	})
}

func TestOnlyTheUnitThatDecidesSeesTheCase(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		if _, err := t.Access.Appoint(t.Context(), "node", "test", access.Staff{
			Authority: c.Authority, Unit: t.otherUnit(c), Name: "Kim Kasse", Roles: []access.Role{access.ClerkRole},
		}); err != nil {
			t.Fatal(err)
		}
		other := t.clerk("Kim Kasse")
		other.open(desk.Path).sees(http.StatusOK).never("Brandes", "Wohnsitz anmelden")
		other.open(desk.Path + "/" + c.ID).sees(http.StatusForbidden).never("Brandes")

		today := clock.DateOf(t.clock.Now())
		if err := t.Access.Deputize(t.Context(), "node", "Urlaub", t.staff(osei).ID, t.staff("Kim Kasse").ID, today, today); err != nil {
			t.Fatal(err)
		}
		page := other.open(desk.Path+"/"+c.ID).sees(http.StatusOK, "Malte Brandes")
		other.send(page.path, decides(page, "registered", "Vermieter angerufen.")).sees(http.StatusOK)
		if d := t.stands(c).State.Decision; d.Unit != t.staff(osei).Unit || d.Name != "Kim Kasse" {
			t.Errorf("the deputy decided for unit %q as %q", d.Unit, d.Name)
		}
	})
}

// otherUnit is a unit of the case's authority that does not decide it.
func (t town) otherUnit(c procedure.Case) string {
	t.Helper()
	units, err := t.Authorities.Units(t.Context(), c.Authority)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range units {
		if u.Key != t.staff(osei).Unit {
			return u.Key
		}
	}
	t.Skip("this town has one unit only")
	return ""
}

func TestDecidingAgainstTheProposalNeedsAReason(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("owner", map[string]string{"proof": "owner", "own_home": "yes", "mensch": "ja", "anmerkung": "Ich wohne vorerst im Hinterhaus."})
		clerk := t.clerk(osei)
		clerk.open(desk.Path).sees(http.StatusOK, "Gisela Marquardt")
		page := clerk.open(desk.Path+"/"+c.ID).sees(http.StatusOK, "Es soll ein Mensch entscheiden.", "Ich wohne vorerst im Hinterhaus.", "Vorschlag der Maschine")
		page.never(" checked")
		clerk.send(page.path, decides(page, "refused", "")).sees(http.StatusUnprocessableEntity, "Bitte schreiben Sie einen Grund.")
		if got := t.stands(c); got.Version != c.Version {
			t.Fatal("refused without a reason")
		}
		reason := "Das Hinterhaus ist unbewohnbar. Die Bauaufsicht hat es gesperrt."
		if _, err := t.Procedure.Hear(t.Context(), t.staff(osei), c.ID, procedure.Verdict{Outcome: "refused", Reason: reason}); err != nil {
			t.Fatal(err)
		}
		if _, err := t.Procedure.Answer(t.Context(), c.Account, c.ID, "Ich wohne dort trotzdem."); err != nil {
			t.Fatal(err)
		}
		clerk.send(page.path, decides(clerk.open(page.path), "refused", reason)).sees(http.StatusOK)
		if err := t.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := t.stands(c)
		if got.Outcome != "refused" || got.Status != procedure.Refused || len(got.State.Letters) != 1 {
			t.Fatalf("%s %q with %d letters", got.Status, got.Outcome, len(got.State.Letters))
		}
		letter, _, _, err := t.Letters.Files(t.Context(), got.Authority, got.State.Letters[0].ID)
		if err != nil || !strings.Contains(string(letter), osei) || !strings.Contains(string(letter), reason) {
			t.Errorf("the decision letter lacks the name of who decided, or the reason: %v", err)
		}
		opened := clerk.send(page.path, url.Values{"tat": {"einsehen"}, "grund": {"Rückfrage zum Bescheid"}}).sees(http.StatusOK, "Nicht angemeldet", reason)
		opened.never(osei)
	})
}

func TestWhatOnlyNeedsAPersonTakesOneClick(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("owner", map[string]string{"proof": "owner", "own_home": "yes", "mensch": "ja"})
		clerk := t.clerk(osei)
		page := clerk.open(desk.Path + "/" + c.ID)
		clerk.send(page.path, decides(page, "registered", "")).sees(http.StatusOK, "Entschieden.")
		if got := t.stands(c); got.Outcome != "registered" || got.DecidedBy != procedure.ByPerson {
			t.Errorf("%q by %q", got.Outcome, got.DecidedBy)
		}
	})
}

func TestAClosedFileCostsAReasonThatThePersonReads(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("owner", map[string]string{"proof": "owner", "own_home": "yes"})
		if err := t.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c = t.stands(c); c.Status != procedure.Done {
			t.Fatalf("%s, waits for %q", c.Status, c.Wait)
		}
		clerk, path := t.clerk(osei), desk.Path+"/"+c.ID
		clerk.open(desk.Path+"?sicht=fertig").sees(http.StatusOK, c.Number, "erledigt").never("Marquardt")
		if found := clerk.open(desk.Path + "?nummer=" + strings.ToLower(strings.ReplaceAll(c.Number, "-", "+"))); found.path != path {
			t.Errorf("the file number leads to %s", found.path)
		}
		clerk.open(path).sees(http.StatusOK, "Warum öffnen Sie diese Akte?", c.Number).never("Marquardt", "Gartenstraße", "Verlauf")
		for _, reason := range []string{"", "   ", "zu kurz", strings.Repeat("lang ", 200)} {
			clerk.send(path, url.Values{"tat": {"einsehen"}, "grund": {reason}}).sees(http.StatusUnprocessableEntity, "Bitte schreiben Sie den Grund", `href="#grund"`).
				never("Marquardt", "Gartenstraße")
		}
		if n := len(t.accesses(c)); n != 0 {
			t.Fatalf("%d accesses to a file that nobody saw", n)
		}
		reason := "Die Bürgerin fragt, wann sie angemeldet wurde."
		clerk.send(path, url.Values{"tat": {"einsehen"}, "grund": {reason}}).sees(http.StatusOK, "Sie sehen diese Akte jetzt einmal.", reason, "Gisela Marquardt",
			"Gartenstraße 8", "die Maschine", "Keine Freigabe ist offen.", "quittiert").never("Entscheiden und zustellen", "Frage senden")
		list := t.accesses(c)
		if len(list) != 1 || list[0].Reason != reason || list[0].Unit != "buergeramt" || list[0].Law == "" || list[0].Actor != t.staff(osei).ID.Actor() {
			t.Errorf("the person is told: %+v", list)
		}
		clerk.open(path).sees(http.StatusOK, "Warum öffnen Sie diese Akte?").never("Marquardt") // once means once
		clerk.send(path, url.Values{"tat": {"entscheiden"}, "version": {"9"}, "ergebnis": {"refused"}, "grund": {"Doch nicht."}}).sees(http.StatusConflict)
		if got := t.stands(c); got.Version != c.Version || len(t.accesses(c)) != 1 {
			t.Error("a closed case changed")
		}
	})
}

func TestEverybodyInAClosedFileSeesThatItWasOpened(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("family", map[string]string{"proof": "owner", "own_home": "yes", "relatives": "Tobias Wittkamp|Mila Wittkamp|Ben Wittkamp", "entitled": "yes"})
		if err := t.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c = t.stands(c); c.Status != procedure.Done {
			t.Fatalf("%s, waits for %q: %s", c.Status, c.Wait, c.Reason)
		}
		t.clerk(osei).send(desk.Path+"/"+c.ID, url.Values{"tat": {"einsehen"}, "grund": {"Rückfrage der Familie"}}).
			sees(http.StatusOK, "Jana Maria Wittkamp", "Ben Wittkamp", "Liegt vor, wird hier nicht gezeigt:")
		for name, subject := range c.State.Relatives {
			other := c
			other.Subject = subject
			if n := len(t.accesses(other)); n != 1 {
				t.Errorf("%s sees %d accesses", name, n)
			}
		}
		if len(c.State.Relatives) != 3 {
			t.Errorf("%d relatives in the file", len(c.State.Relatives))
		}
	})
}

func TestAClerkAsksBackAndTheAnswerComesToTheDesk(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		clerk, path := t.clerk(osei), desk.Path+"/"+c.ID
		clerk.send(path, url.Values{"tat": {"fragen"}, "frage": {" \n "}}).sees(http.StatusUnprocessableEntity, "Bitte schreiben Sie Ihre Frage.", `href="#frage"`)
		clerk.send(path, url.Values{"tat": {"fragen"}, "frage": {"Wer ist Ihr Wohnungsgeber?"}}).
			sees(http.StatusOK, "Ihre Frage ist unterwegs.", "Wer ist Ihr Wohnungsgeber?", "Die Antwort steht aus").never("Entscheiden und zustellen", osei)
		clerk.open(desk.Path).sees(http.StatusOK, "Niemand wartet auf Sie")
		clerk.open(desk.Path+"?sicht=wartet").sees(http.StatusOK, "wartet auf Antwort")
		if _, err := t.Procedure.Answer(t.Context(), c.Account, c.ID, "Die Wohnbau <Nord>."); err != nil {
			t.Fatal(err)
		}
		clerk.open(desk.Path).sees(http.StatusOK, "Antwort da", "Malte Brandes")
		page := clerk.open(path)
		page.sees(http.StatusOK, "Die Wohnbau <Nord>.", "Malte Brandes</strong>: antwortet", "Bürgeramt Lindenfurt</strong>: fragt zurück")
		clerk.send(path, url.Values{"tat": {"zaubern"}}).sees(http.StatusUnprocessableEntity, "Diesen Knopf gibt es nicht.")
	})
}

func TestTheListGoesOnWhereItEndedAndLosesNoCase(t *testing.T) {
	towns(t, func(t town) {
		var all []procedure.Case
		for _, key := range []string{"mover", "late", "church", "foreigner"} {
			all = append(all, t.moved(key, nil))
			if key == "late" {
				t.clock.Set(t.clock.Now().AddDate(0, 0, 1))
			}
		}
		d := procedure.Desk{Authority: all[0].Authority, Services: []string{all[0].Service}}
		seen := map[string]bool{}
		var place procedure.Place
		for {
			list, err := t.Procedure.Work(t.Context(), d, procedure.AtDesk, place, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			if seen[list[0].ID] || list[0].Due.Before(place.At) {
				t.Fatal("a case comes twice, or later than it is due")
			}
			seen[list[0].ID], place = true, procedure.Place{At: list[0].Due, ID: list[0].ID}
		}
		if len(seen) != len(all) {
			t.Errorf("the pages hold %d of %d cases", len(seen), len(all))
		}
		clerk := t.clerk(osei)
		clerk.open(desk.Path+"?leistung=residence-registration").sees(http.StatusOK, "Brandes", "Petersen", "Filter wegnehmen")
		clerk.open(desk.Path+"/"+all[1].ID).sees(http.StatusOK, "Nach der Zweiwochenfrist", "(nur ein Hinweis)", "Frist der Person", `rel="next"`)
		clerk.open(desk.Path+"?leistung=nirgends&nach=unsinn").sees(http.StatusOK, "Brandes")
		if list, err := t.Procedure.Work(t.Context(), procedure.Desk{Authority: d.Authority, Services: []string{"dog-tax"}}, procedure.AtDesk, procedure.Place{}, 9); err != nil || len(list) != 0 {
			t.Errorf("another service has %d cases, %v", len(list), err)
		}
		t.clock.Set(t.clock.Now().AddDate(0, 0, 6))
		late := t.clerk(petersen)
		late.open(desk.Path).sees(http.StatusOK, "Frist heute und überfällig", "überfällig")
		late.open(desk.Path+"?sprache=en").sees(http.StatusOK, "Due today and overdue", "No landlord’s confirmation")
	})
}
