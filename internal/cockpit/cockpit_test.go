package cockpit_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

func TestARequestIsReadHereAndAnsweredInItsCase(t *testing.T) {
	story(t, func(w *town) {
		jana := w.as("Jana")
		jana.open("/freigaben").sees("Niemand wartet auf Ihre Antwort")
		r := w.ask("Jana", "Jana", "case-1")
		if n, err := w.Waiting(t.Context(), w.account["Jana"]); err != nil || n != 1 {
			t.Errorf("%d requests wait, %v; want 1", n, err)
		}
		jana.open("/freigaben").
			sees("Meldebehörde Lindenfurt", "Ihr vorausgefüllter Meldeschein", "Familienname", "Anschriften", form, "Stadt Ellerbrück", "UM-2030-1",
											"Noch 23 Stunden", `href="/umzug/case-1/meldeschein"`, "/freigaben/"+r.ID+"/ablehnen").
			doesNotSee(`type="checkbox"`, "Niemand wartet", "Mühlgasse") // released is only where the values are read
		jana.press(path("/freigaben/%s/ablehnen", r.ID)).answers(http.StatusOK).sees("Sie haben die Anfrage abgelehnt", "Niemand wartet auf Ihre Antwort")
		if n, err := w.Waiting(t.Context(), w.account["Jana"]); err != nil || n != 0 {
			t.Errorf("%d requests wait, %v; want none", n, err)
		}
		jana.open("/zugriffe?art=freigaben").sees("Sie haben „Ihr vorausgefüllter Meldeschein“ nicht freigegeben für: Stadt Lindenfurt.")
	})
}

func TestNobodyAnswersForSomebodyElse(t *testing.T) {
	story(t, func(w *town) {
		r := w.ask("Jana", "Jana", "case-1")
		other := w.ask("Jana", "Tobias", "case-1")
		w.as("Finn").open("/freigaben").doesNotSee("Meldeschein")
		for _, id := range []string{r.ID, other.ID, "there-is-none"} {
			for _, who := range []string{"Finn", "Tobias"} {
				w.as(who).press(path("/freigaben/%s/ablehnen", id)).answers(http.StatusNotFound)
			}
		}
		w.as("").press(path("/freigaben/%s/ablehnen", r.ID)).answers(http.StatusUnauthorized)
		w.as("Tobias").open("/freigaben").sees("Jemand anders antwortet").doesNotSee("/ablehnen", "Ansehen und antworten")
		w.as("Jana").open("/freigaben").sees("eine andere Person aus Ihrer Familie")
		if n, err := w.Waiting(t.Context(), w.account["Jana"]); err != nil || n != 2 {
			t.Errorf("%d requests wait, %v; want 2", n, err)
		}
		if n, err := w.Waiting(t.Context(), w.account["Tobias"]); err != nil || n != 0 {
			t.Errorf("%d requests wait for Tobias, %v; want none", n, err)
		}
	})
}

func TestEndingAReleaseEndsTheFetching(t *testing.T) {
	story(t, func(w *town) {
		g := w.grant("Jana", "Jana", "case-1")
		jana := w.as("Jana")
		jana.open("/freigaben/laufend").sees("Sofort beenden", "Noch 23 Stunden", "bis Dienstag", "noch nie", "Vornamen").doesNotSee("Mühlgasse")
		w.must(w.fetch(g))
		jana.open("/freigaben/laufend").sees("1-mal, zuletzt am 4.")
		jana.press(path("/freigaben/%s/beenden", g.ID)).answers(http.StatusOK).
			sees("Die Freigabe ist beendet", "Gerade läuft keine Freigabe").doesNotSee("Sofort beenden")
		if err := w.fetch(g); !fault.Is(err, fault.Gone) {
			t.Errorf("after the end the new town still gets: %v", err)
		}
		jana.press(path("/freigaben/%s/beenden", g.ID)).answers(http.StatusOK) // a double click
		jana.open("/freigaben/beendet").sees("Widerrufen", "Zurückgenommen am 4.")
		text := jana.open("/zugriffe?art=freigaben").sees("Sie haben die Freigabe").text
		if n := strings.Count(text, "Sie haben die Freigabe"); n != 1 {
			t.Errorf("the double click stands there %d times", n)
		}
	})
}

func TestNobodyEndsTheReleaseOfSomebodyElse(t *testing.T) {
	story(t, func(w *town) {
		g := w.grant("Jana", "Jana", "case-1")
		tobias := w.grant("Jana", "Tobias", "case-1")
		finn := w.as("Finn")
		finn.open("/freigaben/laufend").doesNotSee("Meldeschein")
		missing := finn.press("/freigaben/there-is-none/beenden").answers(http.StatusNotFound)
		foreign := finn.press(path("/freigaben/%s/beenden", g.ID)).answers(http.StatusNotFound)
		if a, b := heading(missing), heading(foreign); a != b {
			t.Errorf("a foreign release answers %q, a missing one %q", b, a)
		}
		finn.press(path("/freigaben/%s/beenden", g.ID), "fuer", string(w.subject["Jana"])).answers(http.StatusNotFound)
		w.as("Tobias").press(path("/freigaben/%s/beenden", g.ID), "fuer", string(w.subject["Jana"])).answers(http.StatusNotFound)
		w.must(w.fetch(g))

		w.as("Tobias").open("/freigaben/laufend").sees("Sofort beenden") // Jana released his data in the family's form
		w.as("Jana").open("/freigaben/laufend").sees("eine andere Person aus Ihrer Familie")
		w.as("Tobias").press(path("/freigaben/%s/beenden", tobias.ID)).answers(http.StatusOK)
		if err := w.fetch(tobias); !fault.Is(err, fault.Gone) {
			t.Errorf("after the end the new town still gets: %v", err)
		}
		w.as("Jana").open("/freigaben/beendet").sees("Widerrufen")
	})
}

func heading(p page) string {
	_, after, _ := strings.Cut(p.text, "<h1")
	text, _, _ := strings.Cut(after, "</h1>")
	return text
}

func TestParentsLookForTheirChildAndNobodyElse(t *testing.T) {
	story(t, func(w *town) {
		g := w.grant("Jana", "Mila", "case-1")
		mila, jana := w.subject["Mila"], w.as("Jana")
		jana.open("/zugriffe/familie").sees("Mila Wittkamp", path("/zugriffe?fuer=%s", mila)).doesNotSee("Tobias", "Finn")
		jana.open(path("/zugriffe?fuer=%s", mila)).sees("Sie sehen die Daten von Mila", "Sie haben „Ihr vorausgefüllter Meldeschein“ freigegeben")
		jana.open(path("/zugriffe/nachweis.json?fuer=%s", mila)).sees("checkpoint")
		jana.open(path("/freigaben/laufend?fuer=%s", mila)).sees("Sofort beenden", string(mila))
		tobias := w.as("Tobias")
		tobias.open(path("/freigaben/laufend?fuer=%s", mila)).sees("Sie sehen die Daten von Ihrem Kind") // he has not asked for names
		tobias.press(path("/freigaben/%s/beenden", g.ID), "fuer", string(mila)).answers(http.StatusOK).sees("Gerade läuft keine Freigabe")
		if err := w.fetch(g); !fault.Is(err, fault.Gone) {
			t.Errorf("after the end the new town still gets: %v", err)
		}
		jana.open(path("/zugriffe?fuer=%s&art=freigaben", mila)).sees("Für Ihre Familie wurde die Freigabe")

		for _, p := range []string{"/zugriffe", "/freigaben", "/freigaben/laufend", "/freigaben/beendet", "/zugriffe/nachpruefen", "/zugriffe/nachweis.json", "/zugriffe/nachweis.zip"} {
			missing := heading(jana.send("GET", p+"?fuer=there-is-none", nil).answers(http.StatusNotFound))
			for _, who := range []string{"Tobias", "Finn"} { // not the spouse, nor the neighbour
				got := heading(jana.send("GET", path("%s?fuer=%s", p, w.subject[who]), nil).answers(http.StatusNotFound))
				if got != missing {
					t.Errorf("%s of %s answers %q, of nobody %q", p, who, got, missing)
				}
			}
			w.as("Finn").send("GET", path("%s?fuer=%s", p, mila), nil).answers(http.StatusNotFound)
			w.as("").send("GET", p, nil).answers(http.StatusUnauthorized)
		}
	})
}

func TestEveryAccessStandsThereWithItsReason(t *testing.T) {
	story(t, func(w *town) {
		g := w.grant("Jana", "Jana", "case-1")
		w.must(w.fetch(g))
		w.notice("Jana")
		w.record(ledger.Entry{
			Kind: ledger.Access, Authority: string(newTown), Unit: "registry", Role: "registry", Actor: "staff:krohn", Subject: w.subject["Jana"],
			Reader: string(newTown), Fields: []string{"homes", "plates"}, Purpose: "Auskunft", Law: "§ 44 Abs. 1 BMG", Basis: "law", Case: "case-1",
			Reason: "Im Bürgeramt wurde Ihre Anschrift nachgesehen.", More: map[string]string{"door": "view"},
		}, ledger.Entry{
			Kind: ledger.Decision, Authority: string(newTown), Unit: "registry", Role: "machine", Subject: w.subject["Jana"], Purpose: "Wohnsitz anmelden",
			Law: "§ 17 Abs. 1 BMG", Case: "case-1", Reason: "Sie sind angemeldet.",
		}, ledger.Entry{
			Kind: ledger.Delivery, Authority: string(newTown), Unit: "registry", Subject: w.subject["Jana"], Purpose: "Zustellung in das Postfach",
			Law: "§ 24 Abs. 2 BMG", Case: "case-1", Reason: "Ihre Meldebestätigung",
		})
		jana := w.as("Jana")
		p := jana.open("/zugriffe").sees(
			"Heute, Montag, 4. März 2030", "Meldebehörde Lindenfurt", "Ein Programm hat Ihren Meldeschein geholt.", "Familienname", "Im Bürgeramt wurde Ihre Anschrift nachgesehen.",
			"Meldebehörde Lindenfurt an Stadt Ellerbrück", "Die Behörde hat eine Mitteilung erhalten. Sie kam von: Stadt Lindenfurt", "Geburtsdatum",
			"Sie sind angemeldet.", "„Ihre Meldebestätigung“: Zustellung in das Postfach", "Sie selbst", "UM-2030-1", "ein Programm", "plates",
			"Das kann nicht abgelehnt werden, weil ein Gesetz es vorschreibt: § 33 Abs. 1 BMG.", "Dieser Zugriff beruht auf Ihrer Freigabe",
			"wartet auf seinen Platz, höchstens 60 Sekunden", "Wartet auf Platz")
		p.doesNotSee("krohn", "staff:", "Nachgeprüft<", "überfällig")
		if strings.Count(p.text, "Das kann nicht abgelehnt werden") != 3 { // the notice, its arrival, the look; not the grant, not her own look
			t.Errorf("the laws that leave no choice: %d", strings.Count(p.text, "Das kann nicht abgelehnt werden"))
		}
		w.sequence()
		jana.open("/zugriffe").sees("Im Protokoll", "steht im Protokoll, Platz").doesNotSee("Wartet auf Platz")
		jana.open("/freigaben").sees("Das geschieht ohne Ihre Freigabe", "§ 44 Abs. 1 BMG").doesNotSee(`type="checkbox"`)
		w.as("Finn").open("/zugriffe").doesNotSee("Meldeschein geholt", "angemeldet.")
	})
}

func TestEachKindOfEntryCanBeSeenByItself(t *testing.T) {
	story(t, func(w *town) {
		g := w.grant("Jana", "Jana", "case-1")
		w.must(w.fetch(g))
		w.notice("Jana")
		w.sequence()
		jana := w.as("Jana")
		marks := map[string]string{
			"stellen": "Ein Programm hat Ihren Meldeschein geholt.", "freigaben": "Sie haben „Ihr vorausgefüllter Meldeschein“ freigegeben",
			"mitteilungen": "Meldebehörde Lindenfurt an Stadt Ellerbrück", "selbst": "Sie haben ihn selbst aufgerufen.",
		}
		for group := range marks {
			p := jana.open("/zugriffe?art=" + group)
			for other, mark := range marks {
				if other == group {
					p.sees(mark, `value="`+group+`" selected`)
				} else {
					p.doesNotSee(mark)
				}
			}
		}
		jana.open("/zugriffe?art=bescheide").sees("Davon gibt es keinen Eintrag", "Alle Einträge zeigen")
		jana.open("/zugriffe?art=nonsense").sees(marks["stellen"], marks["freigaben"], marks["mitteilungen"], marks["selbst"])
		jana.send("GET", "/zugriffe?vor=nonsense", nil).answers(http.StatusUnprocessableEntity)
		jana.send("GET", "/zugriffe?vor=-1", nil).answers(http.StatusUnprocessableEntity)
	})
}

func TestALongListIsReadPageByPage(t *testing.T) {
	story(t, func(w *town) {
		for range 45 {
			w.clock.Advance(time.Minute)
			w.record(ledger.Entry{
				Kind: ledger.Access, Authority: string(newTown), Unit: "registry", Subject: w.subject["Finn"], Reader: string(newTown), Purpose: "Prüfung",
				Law: "§ 44 Abs. 1 BMG", Reason: "Gelesen um " + w.clock.Now().Format("15:04") + ".",
			})
		}
		finn := w.as("Finn")
		var seen []string
		p := finn.open("/zugriffe?art=stellen")
		for pages := 1; ; pages++ {
			for _, part := range strings.Split(p.text, "Gelesen um ")[1:] {
				seen = append(seen, part[:5])
			}
			if !strings.Contains(p.text, `rel="next"`) {
				if pages != 3 {
					t.Errorf("%d pages, want 3", pages)
				}
				break
			}
			p = finn.open(p.link("Ältere"))
			p.sees("Neuere")
		}
		if len(seen) != 45 || len(slices.Compact(slices.Clone(seen))) != 45 || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("%d entries seen: %v", len(seen), seen)
		}
	})
}

func TestReleasesAreReadPageByPage(t *testing.T) {
	story(t, func(w *town) {
		for i := range 23 {
			w.clock.Advance(time.Minute)
			about := "Jana"
			if i%2 == 1 {
				about = "Tobias" // in the family's form
			}
			w.grant("Jana", about, path("case-%d", 100+i))
		}
		jana := w.as("Jana")
		first := jana.open("/freigaben/laufend").sees("UM-2030-122", "UM-2030-103").doesNotSee("UM-2030-102")
		second := jana.open(first.link("Ältere")).sees("UM-2030-102", "UM-2030-100").doesNotSee("UM-2030-103")
		if n := strings.Count(first.text, "Sofort beenden<") + strings.Count(second.text, "Sofort beenden<"); n != 23 {
			t.Errorf("%d releases, want 23", n)
		}
		jana.send("GET", "/freigaben/laufend?vor=nonsense", nil).answers(http.StatusUnprocessableEntity)
	})
}

func TestEndedReleasesSayHow(t *testing.T) {
	story(t, func(w *town) {
		w.grant("Jana", "Jana", "case-1")
		w.grant("Jana", "Jana", "case-1") // newer values of the same
		jana := w.as("Jana")
		jana.open("/freigaben/beendet").sees("Ersetzt")
		w.clock.Advance(24 * time.Hour)
		jana = w.as("Jana")
		jana.open("/freigaben/laufend").sees("Gerade läuft keine Freigabe")
		jana.open("/freigaben/beendet").sees("Abgelaufen", "Lief am 5.").doesNotSee("Widerrufen")
	})
}

func TestALateEntryIsCalledLate(t *testing.T) {
	story(t, func(w *town) {
		w.record(ledger.Entry{Kind: ledger.Decision, Authority: string(newTown), Subject: w.subject["Jana"], Purpose: "Wohnsitz anmelden", Law: "§ 17 Abs. 1 BMG"})
		w.clock.Advance(61 * time.Second)
		w.as("Jana").open("/zugriffe?art=bescheide").sees("Platz überfällig", "länger als die zugesagten 60 Sekunden")
	})
}

func TestAnErasedEntryLeavesItsPlace(t *testing.T) {
	story(t, func(w *town) {
		w.record(ledger.Entry{
			Kind: ledger.Access, Authority: string(newTown), Subject: w.subject["Finn"], Reader: string(newTown), Purpose: "Auskunft", Law: "§ 44 Abs. 1 BMG",
			Reason: "Das steht bald nicht mehr da.", DeleteOn: day("2030-03-05"),
		})
		w.sequence()
		w.clock.Advance(48 * time.Hour)
		if n, err := w.ledger.EraseDue(t.Context(), 10); n != 1 || err != nil {
			t.Fatalf("%d erased, %v", n, err)
		}
		w.sequence()
		w.as("Finn").open("/zugriffe").sees("Gelöschter Eintrag", "sein Platz bleibt", "Nach Fristablauf gelöscht").doesNotSee("bald nicht mehr")
	})
}

func TestAHiddenAccessAppearsOnItsDay(t *testing.T) {
	story(t, func(w *town) {
		w.must(w.ledger.ReadyToHide(w.Context(), string(oldTown)))
		for range 11 {
			w.record(ledger.Entry{
				Kind: ledger.Access, Authority: string(oldTown), Subject: w.subject["Jana"], Reader: "polizei", Fields: fields, Purpose: "Ermittlung",
				Law: "§ 34 Abs. 4 BMG", Reason: "Die Polizei hat Ihre Anschrift abgerufen.", Basis: "law",
				Hide: ledger.Hiding{Law: "§ 11 Abs. 2 Nr. 4 BMG", Until: day("2030-04-01")},
			})
		}
		w.sequence()
		w.as("Jana").open("/zugriffe").doesNotSee("Polizei", "Ermittlung")
		w.as("").open("/zugriffe/verdeckt").sees("4. Quartal 2029", "weniger als 10").doesNotSee(">11<")
		w.clock.Set(day("2030-04-01").Start())
		w.must(w.jobs.Drain(w.Context()))
		w.sequence()
		w.as("Jana").open("/zugriffe").sees("Die Polizei hat Ihre Anschrift abgerufen.", "war bis zu diesem Tag verdeckt", "am 4. März 2030, 9:00 Uhr")
		w.as("Tobias").open("/zugriffe").doesNotSee("Polizei")
		w.as("").open("/zugriffe/verdeckt").sees("1. Quartal 2030", ">11<")
	})
}

func TestTheEvidenceHoldsOutsideTheHouse(t *testing.T) {
	story(t, func(w *town) {
		g := w.grant("Jana", "Jana", "case-1")
		w.must(w.fetch(g))
		w.sequence()
		w.record(ledger.Entry{Kind: ledger.Decision, Authority: string(newTown), Subject: w.subject["Jana"], Purpose: "noch ohne Platz", Law: "§ 17 Abs. 1 BMG"})
		jana := w.as("Jana")
		for _, p := range []string{"/zugriffe/nachweis.json", "/zugriffe/nachweis.zip"} {
			b := jana.open(p).body
			r, err := ledger.VerifyBytes(b, ledger.FileOptions{Public: w.ledger.Public()})
			if err != nil || !r.OK || r.Persons != 1 || r.Waiting == 0 {
				t.Errorf("%s: %+v, %v", p, r, err)
			}
			if bytes.Contains(b, []byte(w.subject["Finn"])) {
				t.Errorf("%s tells of somebody else", p)
			}
		}
		jana.open("/zugriffe/nachpruefen").sees("Nichts, was Sie sehen, wurde geändert.", "Sie zeigt nicht, dass jede Abfrage eingetragen wurde.",
			"amtsweg ledger verify", "--head checkpoint", "https://mittelau.test", "amtsweg.test/mittelau", "/zugriffe/nachweis.zip", "<noscript>")
	})
}

func TestLeafingThroughAsksTheRegisterOnce(t *testing.T) {
	story(t, func(w *town) {
		jana := w.as("Jana")
		for range 5 {
			jana.open("/zugriffe")
			jana.open("/freigaben")
		}
		if n := looks(w, "Jana"); n != 1 {
			t.Errorf("ten pages made %d accesses, want 1", n)
		}
		w.clock.Advance(6 * time.Minute)
		jana.open("/zugriffe")
		if n := looks(w, "Jana"); n != 2 {
			t.Errorf("six minutes later: %d accesses, want 2", n)
		}
		if n, err := w.Waiting(t.Context(), w.account["Tobias"]); n != 0 || err != nil || looks(w, "Tobias") != 0 {
			t.Errorf("counting what waits: %d, %v, %d accesses; want none", n, err, looks(w, "Tobias"))
		}
	})
}

func looks(w *town, name string) int {
	w.Helper()
	items, err := w.ledger.OfSubject(w.Context(), w.db, w.subject[name], 0, 100)
	w.must(err)
	return len(items)
}

func TestThePagesSpeakEnglish(t *testing.T) {
	story(t, func(w *town) {
		w.must(w.fetch(w.grant("Jana", "Jana", "case-1")))
		w.ask("Jana", "Jana", "case-2")
		jana := w.as("Jana")
		jana.lang = "en"
		jana.open("/freigaben").sees("Open requests", "Read and answer", "Family name").doesNotSee("Anfragen")
		jana.open("/freigaben/laufend").sees("End now", "23 hours left").doesNotSee("Sofort")
		jana.open("/zugriffe").sees("Accesses", "Today, Monday", "waits for its place")
		jana.open("/zugriffe/nachpruefen").sees("Nothing you see was changed.")
		jana.open("/zugriffe/familie").sees("Mila")
	})
}

func TestConsentSaysThatNoLawObliges(t *testing.T) {
	story(t, func(w *town) {
		w.ask("Jana", "Jana", "case-1", func(r *consent.Request) { r.Basis, r.Law, r.Whole = consent.ByConsent, "", false })
		w.as("Jana").open("/freigaben").sees("Nur Ihre Einwilligung. Kein Gesetz verpflichtet Sie.", "Sie haben keinen Nachteil").doesNotSee("Sie tippen die Angaben")
	})
}
