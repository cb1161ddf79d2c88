package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/desk"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

const grounds = "Niemand wohnt in diesem Haus.\nDie Bauaufsicht hat es gesperrt."

func hears(p page, outcome, reason string) url.Values {
	form := decides(p, outcome, reason)
	form.Set("tat", "anhoeren")
	return form
}

// heard lets a clerk announce a burden.
func (t town) heard(who string, c procedure.Case, outcome string) procedure.Case {
	t.Helper()
	c, err := t.Procedure.Hear(t.Context(), t.staff(who), c.ID, procedure.Verdict{Outcome: outcome, Reason: grounds})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// decided tries to decide a case as it stands.
func (t town) decided(c procedure.Case, outcome string) (procedure.Case, error) {
	return t.Procedure.Decide(t.Context(), t.staff(osei), c.ID, procedure.Verdict{Outcome: outcome, Reason: grounds})
}

// drained lets everything due happen and reads the case anew.
func (t town) drained(c procedure.Case) procedure.Case {
	t.Helper()
	if err := t.Jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return t.stands(c)
}

// decisions are what the ledger keeps of who decided the case.
func (t town) decisions(c procedure.Case) (out []string) {
	t.Helper()
	all, err := t.Ledger.OfSubject(t.Context(), t.DB, c.Subject, 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range all {
		if item.Kind == ledger.Decision && item.Case == c.ID {
			out = append(out, item.Reason)
		}
	}
	return out
}

// happened counts the events of a kind in a case.
func (t town) happened(c procedure.Case, kind procedure.EventKind) (n int) {
	t.Helper()
	events, err := t.Procedure.History(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func TestABurdenIsDecidedOnlyAfterThePersonWasHeard(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		clerk, citizen := t.clerk(osei), t.citizen("mover")
		page := clerk.open(desk.Path+"/"+c.ID).sees(http.StatusOK, "Hören Sie die Person vorher an. Sie hat dann Zeit bis Mo, 18.03. (§ 28 Abs. 1 VwVfG).", "Erst anhören")

		// Nobody is refused unheard, neither by the page nor by the engine.
		clerk.send(page.path, decides(page, "refused", grounds)).sees(http.StatusUnprocessableEntity, "Hören Sie die Person erst an.", `href="#ergebnis"`, grounds[:20])
		if _, err := t.decided(c, "refused"); !fault.Is(err, fault.Invalid) {
			t.Errorf("the engine refused unheard: %v", err)
		}
		clerk.send(page.path, hears(page, "refused", " ")).sees(http.StatusUnprocessableEntity, "Bitte schreiben Sie, warum Sie so entscheiden wollen.", `href="#grund"`)
		clerk.send(page.path, hears(page, "registered", grounds)).sees(http.StatusUnprocessableEntity, "keine Anhörung nötig", `href="#ergebnis"`)
		clerk.send(page.path, hears(page, "", "")).sees(http.StatusUnprocessableEntity, "Bitte wählen Sie ein Ergebnis.", `href="#grund"`)
		if got := t.stands(c); got.Version != c.Version {
			t.Fatal("a refused form changed the case")
		}

		// The clerk announces what is intended; now nobody decides.
		clerk.send(page.path, hears(page, "refused", grounds)).sees(http.StatusOK, "Die Anhörung ist unterwegs.", "Anhörung zu „Nicht angemeldet“, Antwort bis Mo, 18.03.",
			"Die Antwort steht aus", "Anhörung läuft", "Bürgeramt Lindenfurt</strong>: hört an (Nicht angemeldet)").never("Entscheiden und zustellen", osei)
		clerk.send(page.path, decides(page, "refused", grounds)).sees(http.StatusConflict)
		clerk.open(desk.Path+"?sicht=wartet").sees(http.StatusOK, "Anhörung läuft")
		if _, err := t.decided(c, "refused"); !fault.Is(err, fault.Conflict) {
			t.Errorf("decided before the end of the period: %v", err)
		}

		// The person reads what, why and until when, and answers; somebody else does not.
		citizen.open("/postfach").sees(http.StatusOK, "Anhörung: Was sagen Sie dazu?")
		path := "/vorgang/" + c.ID
		citizen.open(path).sees(http.StatusOK, "Bevor wir entscheiden: Was sagen Sie dazu?", "Wir wollen so entscheiden: „Nicht angemeldet“.", grounds,
			"Montag, 18. März 2030", "§ 28 Abs. 1 VwVfG", "Sie müssen nicht.", "Anhörung läuft").never(osei)
		stranger := t.citizen("church")
		stranger.open(path).sees(http.StatusNotFound).never(grounds)
		stranger.send(path+"/antwort", url.Values{"antwort": {"Das stimmt alles."}}).sees(http.StatusNotFound)
		citizen.send(path+"/antwort", url.Values{"antwort": {" "}}).sees(http.StatusUnprocessableEntity, "Bitte schreiben Sie eine Antwort.", `href="#antwort"`)
		if got := t.stands(c); got.Wait != procedure.ForAnswer {
			t.Fatalf("somebody else's answer, or none, was taken: %s", got.Wait)
		}
		for range 2 { // the second click changes nothing
			citizen.send(path+"/antwort", url.Values{"antwort": {"Ich wohne dort seit Freitag."}}).sees(http.StatusOK, "Wird geprüft").never("Was sagen Sie dazu?")
		}
		citizen.send(path+"/antwort", url.Values{"antwort": {"Doch erst seit Montag."}}).sees(http.StatusConflict)

		// The clerk reads the answer and may decide now.
		clerk.open(desk.Path).sees(http.StatusOK, "Antwort da")
		page = clerk.open(desk.Path+"/"+c.ID).sees(http.StatusOK, "Ich wohne dort seit Freitag.", "Angehört, Antwort vom 04.03.", grounds)
		page.sees(http.StatusOK, "Noch einmal anhören").never("Doch erst seit Montag.", "Ohne Anhörung entscheiden")
		clerk.send(page.path, decides(page, "refused", grounds)).sees(http.StatusOK, "Entschieden.")
		c = t.drained(c)
		if c.Status != procedure.Refused || t.happened(c, procedure.Heard) != 1 || t.happened(c, procedure.Answered) != 1 {
			t.Errorf("%s, heard %d times, answered %d times", c.Status, t.happened(c, procedure.Heard), t.happened(c, procedure.Answered))
		}
		if list := t.decisions(c); len(list) != 1 || !strings.Contains(list[0], "Sie wurden vorher angehört (§ 28 Abs. 1 VwVfG).") {
			t.Errorf("the ledger says %q", list)
		}
		clerk.send(page.path, url.Values{"tat": {"einsehen"}, "grund": {"Rückfrage zum Bescheid"}}).
			sees(http.StatusOK, "Die Person wurde angehört (§ 28 Abs. 1 VwVfG).", "Ich wohne dort seit Freitag.")
	})
}

func TestWhoIsSilentWasHeardWhenThePeriodEndsAndNoDayEarlier(t *testing.T) {
	townsOn(t, "2030-04-05 17:00", func(t town) { // two weeks end on Good Friday, so on the Tuesday after Easter
		c := t.heard(osei, t.moved("mover", nil), "refused")
		path := "/vorgang/" + c.ID
		t.citizen("mover").open(path).sees(http.StatusOK, "Dienstag, 23. April 2030")
		for _, wall := range []string{"2030-04-19 12:00", "2030-04-22 12:00", "2030-04-23 23:59"} {
			t.clock.Set(clockAt(wall))
			if c = t.drained(c); c.Wait != procedure.ForAnswer {
				t.Fatalf("at %s the case waits for %q", wall, c.Wait)
			}
			if _, err := t.decided(c, "refused"); !fault.Is(err, fault.Conflict) {
				t.Errorf("decided at %s, before the end: %v", wall, err)
			}
		}
		t.clock.Set(clockAt("2030-04-24 00:00"))
		if c = t.drained(c); c.Status != procedure.AtDesk || t.happened(c, procedure.Unanswered) != 1 {
			t.Fatalf("after the end: %s", c.Status)
		}
		clerk, citizen := t.clerk(osei), t.citizen("mover") // their sessions have ended, too
		clerk.open(desk.Path).sees(http.StatusOK, "ohne Antwort")
		old := clerk.open(desk.Path+"/"+c.ID).sees(http.StatusOK, "Angehört, keine Antwort bis 23.04.", "Die Frist ist um, keine Antwort")

		// Who answers late is read as long as nothing is decided, and the clerk is told to look again.
		citizen.open(path).sees(http.StatusOK, "Die Frist ist abgelaufen: Dienstag, 23. April 2030.")
		citizen.send(path+"/antwort", url.Values{"antwort": {"Entschuldigung, ich war im Urlaub."}}).sees(http.StatusOK)
		clerk.send(old.path, decides(old, "refused", grounds)).sees(http.StatusConflict)
		page := clerk.open(old.path).sees(http.StatusOK, "Entschuldigung, ich war im Urlaub.", "Angehört, Antwort vom 24.04.")
		clerk.send(page.path, decides(page, "refused", grounds)).sees(http.StatusOK, "Entschieden.")
		citizen.send(path+"/antwort", url.Values{"antwort": {"Und noch etwas."}}).sees(http.StatusConflict)
		if got := t.drained(c); got.Status != procedure.Refused || len(t.decisions(got)) != 1 {
			t.Errorf("%s, %d decisions", got.Status, len(t.decisions(got)))
		}
	})
}

func TestWhoDispensesWithAHearingSaysByWhichLawAndWhy(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		clerk := t.clerk(osei)
		page := clerk.open(desk.Path+"/"+c.ID).sees(http.StatusOK, "Ohne Anhörung entscheiden", "§ 28 Abs. 2 Nr. 1 VwVfG", "§ 28 Abs. 3 VwVfG")
		without := func(law, reason string) url.Values {
			form := decides(page, "refused", grounds)
			form.Set("absehen", law)
			form.Set("absehen_grund", reason)
			return form
		}
		const law, why = "§ 28 Abs. 2 Nr. 1 VwVfG", "Das Haus stürzt ein."
		clerk.send(page.path, without(law, " \n ")).sees(http.StatusUnprocessableEntity, "warum die Anhörung entfällt", `href="#absehen_grund"`, "<details class=\"aw-details\" open>")
		clerk.send(page.path, without("", why)).sees(http.StatusUnprocessableEntity, "nach welchem Gesetz", `href="#absehen"`, why)
		clerk.send(page.path, without("§ 1 BMG", why)).sees(http.StatusUnprocessableEntity, "nach welchem Gesetz")
		if got := t.stands(c); got.Version != c.Version {
			t.Fatal("half a dispensation changed the case")
		}
		clerk.send(page.path, without(law, why)).sees(http.StatusOK, "Entschieden.")
		c = t.drained(c)
		if d := c.State.Decision; d == nil || d.Dispensed == nil || d.Dispensed.Law != law || d.Dispensed.Reason != why || t.happened(c, procedure.Heard) != 0 {
			t.Fatalf("the file holds %+v", d)
		}
		if list := t.decisions(c); len(list) != 1 || !strings.Contains(list[0], "Von Ihrer Anhörung wurde abgesehen ("+law+"): "+why) || strings.Contains(list[0], "vorher angehört") {
			t.Errorf("the ledger says %q", list)
		}
		clerk.send(page.path, url.Values{"tat": {"einsehen"}, "grund": {"Rückfrage zum Bescheid"}}).sees(http.StatusOK, "Davon wurde abgesehen ("+law+").", why)
	})
}

func TestAHearingCountsForTheOutcomeItNamed(t *testing.T) {
	townsOn(t, "2030-03-04 09:00", func(t town) {
		c := t.heard(osei, t.applied("mover"), "moved")
		if got := c.State.Questions[0].Until.String(); got != "2030-03-07" {
			t.Errorf("three days end on %s", got)
		}
		c, err := t.Procedure.Answer(t.Context(), c.Account, c.ID, "Dann nehme ich den anderen Platz.")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := t.decided(c, "refused"); !fault.Is(err, fault.Invalid) {
			t.Fatalf("refused after a hearing about something else: %v", err)
		}
		if _, err := t.decided(c, "moved"); err != nil {
			t.Fatal(err)
		}

		// Where the definition names the law that dispenses with it, nobody is heard, and the ledger names the law.
		other := t.applied("owner")
		page := t.clerk(osei).open(desk.Path+"/"+other.ID).sees(http.StatusOK, "Eine Anhörung ist nicht nötig (§ 28 Abs. 2 Nr. 3 VwVfG).")
		t.clerk(osei).send(page.path, hears(page, "stated", grounds)).sees(http.StatusUnprocessableEntity, "keine Anhörung nötig")
		if other, err = t.decided(other, "stated"); err != nil {
			t.Fatal(err)
		}
		if list := t.decisions(other); len(list) != 1 || !strings.Contains(list[0], "Eine Anhörung war nicht nötig (§ 28 Abs. 2 Nr. 3 VwVfG).") {
			t.Errorf("the ledger says %q", list)
		}
		granted, err := t.decided(t.applied("late"), "granted")
		if err != nil {
			t.Fatal(err)
		}
		if list := t.decisions(granted); len(list) != 1 || strings.Contains(list[0], "Anhörung") || strings.Contains(list[0], "angehört") {
			t.Errorf("the ledger says of a decision that burdens nobody: %q", list)
		}
	}, stall(t))
}

func TestAHearingSurvivesTwoClicksARestartAndAnotherClerk(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		var both sync.WaitGroup
		for range 4 {
			both.Go(func() {
				_, err := t.Procedure.Hear(t.Context(), t.staff(osei), c.ID, procedure.Verdict{Outcome: "refused", Reason: grounds, Version: c.Version})
				if err != nil {
					t.Errorf("a click: %v", err)
				}
			})
		}
		both.Wait()
		if c = t.stands(c); len(c.State.Questions) != 1 || t.happened(c, procedure.Heard) != 1 {
			t.Fatalf("%d hearings, %d events", len(c.State.Questions), t.happened(c, procedure.Heard))
		}
		// Another word is no second click.
		if _, err := t.Procedure.Hear(t.Context(), t.staff(petersen), c.ID, procedure.Verdict{Outcome: "refused", Reason: "Anders."}); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second hearing while the first runs: %v", err)
		}
		t = t.restarted()
		t.clock.Set(t.clock.Now().Add(15 * 24 * time.Hour))
		if c = t.drained(c); c.Status != procedure.AtDesk {
			t.Fatalf("after a restart the end of the period was missed: %s", c.Status)
		}
		done, err := t.Procedure.Decide(t.Context(), t.staff(petersen), c.ID, procedure.Verdict{Outcome: "refused", Reason: grounds, Version: c.Version})
		if err != nil || done.State.Decision.Dispensed != nil {
			t.Errorf("the deputy: %v", err)
		}
	})
}

func TestTheOfficesClockStandsWhileItAsks(t *testing.T) {
	townsOn(t, "2030-04-02 09:00", func(t town) { // Easter is on 21 April: two weeks from a Tuesday end on 16 April
		c := t.applied("mover")
		path := desk.Path + "/" + c.ID
		due := func(want string) {
			t.Helper()
			got := "none"
			if c = t.stands(c); !c.Due.IsZero() {
				got = c.Due.Format("2006-01-02")
			}
			if got != want {
				t.Errorf("due %s, want %s", got, want)
			}
		}
		due("2030-04-16")
		t.clock.Set(clockAt("2030-04-04 15:00"))
		if _, err := t.Procedure.AskBack(t.Context(), t.staff(osei), c.ID, "Woher kommt der Honig?"); err != nil {
			t.Fatal(err)
		}
		due("none") // nothing can fall due, nothing is late
		t.clock.Set(clockAt("2030-04-30 08:00"))
		clerk, citizen := t.clerk(osei), t.citizen("mover")
		clerk.open(desk.Path+"?sicht=wartet").sees(http.StatusOK, "ruht", "Ohne Frist").never("überfällig")
		clerk.open(path).sees(http.StatusOK, "ruht bis zur Antwort, danach frühestens Mo, 13.05.").never("überfällig")
		citizen.open("/vorgang/"+c.ID).sees(http.StatusOK, "Die Frist ruht, bis Sie antworten.")
		if _, err := t.Procedure.Answer(t.Context(), c.Account, c.ID, "Aus dem eigenen Garten."); err != nil {
			t.Fatal(err)
		}
		due("2030-05-13") // 27 days stood still, the first and the last among them; 16 April and they are a Monday
		clerk.open(path).sees(http.StatusOK, "Mo, 13.05.").never("ruht")
		citizen.open("/vorgang/"+c.ID).sees(http.StatusOK, "Montag, 13. Mai 2030").never("ruht")

		// A hearing gives the person time, not the office.
		c = t.heard(osei, c, "refused")
		due("2030-05-13")
		t.clock.Set(clockAt("2030-05-14 08:00"))
		t.clerk(osei).open(desk.Path+"?sicht=wartet").sees(http.StatusOK, "überfällig").never("ruht")
	}, stall(t))
}

func TestADeadlineThatDoesNotPauseRunsWhileTheOfficeAsks(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		before := c.Due
		c, err := t.Procedure.AskBack(t.Context(), t.staff(osei), c.ID, "Wer ist Ihr Wohnungsgeber?")
		if err != nil || !c.Due.Equal(before) {
			t.Fatalf("due %v, before %v (%v)", c.Due, before, err)
		}
		t.clerk(osei).open(desk.Path+"?sicht=wartet").sees(http.StatusOK, "Mi, 06.03.").never("ruht")
		t.citizen("mover").open("/vorgang/" + c.ID).sees(http.StatusOK).never("ruht")
	})
}

func TestTheDemonstrationShowsAHearing(t *testing.T) {
	towns(t, func(t town) {
		t.citizen("mover").open("/demo?als=mover&stand=anhoerung").sees(http.StatusOK, "Bevor wir entscheiden: Was sagen Sie dazu?", "Antwort senden")
		t.clerk(osei).open(desk.Path+"?sicht=wartet").sees(http.StatusOK, "Anhörung läuft", "Malte Brandes")
	})
}

func clockAt(wall string) time.Time { return testkit.At(wall).Now() }

func TestAClerkNeedNotWaitForEverForAnAnswer(t *testing.T) {
	towns(t, func(t town) {
		c := t.moved("mover", nil)
		clerk, citizen := t.clerk(osei), t.citizen("mover")
		path := desk.Path + "/" + c.ID
		takeBack := url.Values{"tat": {"zuruecknehmen"}}
		clerk.open(path).sees(http.StatusOK, "Erst anhören").never("Nicht länger warten")
		clerk.send(path, takeBack).sees(http.StatusConflict) // nobody was asked

		clerk.send(path, url.Values{"tat": {"fragen"}, "frage": {"Seit wann wohnen Sie dort?"}}).sees(http.StatusOK, "Nicht länger warten")
		for range 2 { // the second click changes nothing
			clerk.send(path, takeBack).sees(http.StatusOK, "Der Vorgang ist wieder auf Ihrem Tisch.", "zurückgenommen am", "Entscheiden und zustellen").never("Nicht länger warten")
		}
		if got := t.stands(c); got.Status != procedure.AtDesk || t.happened(c, procedure.TakenBack) != 1 {
			t.Fatalf("%s, taken back %d times", got.Status, t.happened(c, procedure.TakenBack))
		}
		citizen.open("/vorgang/"+c.ID).sees(http.StatusOK, "Die Behörde wartet nicht länger auf Ihre Antwort").never("Antwort senden")
		citizen.send("/vorgang/"+c.ID+"/antwort", url.Values{"antwort": {"Seit Freitag."}}).sees(http.StatusConflict)

		// A hearing that is taken back was not held: not then, and not when its period would have ended.
		c = t.heard(osei, t.stands(c), "refused")
		clerk.send(path, takeBack).sees(http.StatusOK, "Hören Sie die Person vorher an.")
		for range 2 {
			if _, err := t.decided(t.stands(c), "refused"); !fault.Is(err, fault.Invalid) {
				t.Errorf("refused after a hearing that was taken back: %v", err)
			}
			t.clock.Set(clockAt("2030-04-01 09:00"))
			if got := t.drained(t.stands(c)); t.happened(got, procedure.Unanswered) != 0 {
				t.Error("a hearing that was taken back ran out")
			}
		}
		if got, err := t.decided(t.stands(c), "registered"); err != nil || got.Outcome != "registered" {
			t.Errorf("what the person wanted: %v, %v", got.Outcome, err)
		}
	})
}
