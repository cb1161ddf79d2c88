package lifeevent_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
)

func TestTheServiceSaysWhatItCostsAndNeedsBeforeAnybodyLogsIn(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.open("/umzug").is(http.StatusOK).sees("Wohnsitz anmelden", "§\u00a024 Abs.\u00a02 BMG", "2 Wochen nach dem Einzug (§\u00a017 Abs.\u00a01 BMG)", "2 Werktage",
			"Online-Funktion", "Meldebehörde", `href="/umzug/beginnen?ort=lindenfurt"`, `href="/wohnungsgeber"`, "Ihr vorausgefüllter Meldeschein", "(Beispiel)")
		b.lang = "en"
		b.open("/umzug").is(http.StatusOK).sees("Register your new home", "2 weeks after moving in", "Register my move").seesNot("Umzug melden", "kostet")
	})
}

func TestWhereSeveralTownsOfferItOneChooses(t *testing.T) {
	story(t, func(w *town) {
		w.pages.Towns = []authority.Key{"lindenfurt", "ellerbrueck"}
		b := w.browser()
		b.open("/umzug").sees("Umzug nach Lindenfurt melden", "Umzug nach Ellerbrück melden")
		b.open("/hinein?wer=malte")
		b.open("/umzug/beginnen").is(http.StatusOK).sees("In welche Stadt ziehen Sie?").seesNot("checked")
		b.open("/umzug/beginnen?ort=ellerbrueck").sees("Willkommen in Ellerbrück", `value="ellerbrueck" checked`)
		b.open("/umzug/beginnen?ort=fernstadt").seesNot("checked")
		for _, ort := range []string{"", "fernstadt", "bzst"} {
			b.send("/umzug/beginnen", url.Values{"ort": {ort}}).is(http.StatusUnprocessableEntity).sees(`href="#ort"`, "<title>Fehler")
		}
		if n := w.count("cases"); n != 0 {
			w.Fatalf("%d cases in no town", n)
		}
		b.send("/umzug/beginnen", url.Values{"ort": {"ellerbrueck"}}).is(http.StatusOK)
		if n := w.count("cases WHERE town = 'ellerbrueck' AND referral = ''"); n != 1 {
			w.Errorf("%d cases", n)
		}
	})
}

func TestOneBeginsOnlyAfterShowingTheCard(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		if got := b.open("/umzug/beginnen?ort=lindenfurt"); got.path != "/anmelden" {
			w.Errorf("a stranger stands at %s", got.path)
		}
		if got := b.send("/umzug/beginnen", url.Values{"ort": {"lindenfurt"}}); got.path != "/anmelden" || w.count("cases") != 0 {
			w.Errorf("a stranger began at %s, %d cases", got.path, w.count("cases"))
		}
	})
}

func TestWhomNoRegisterKnowsIsToldWhatToDo(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.open("/hinein?wer=malte")
		w.refuses = fault.New(fault.Conflict, "mandate.error.not_found")
		b.send("/umzug/beginnen", url.Values{"ort": {"lindenfurt"}}).is(http.StatusConflict).
			sees("Wir finden Sie in keinem Melderegister", "Malte Brandes", "tel:115", "Stadt Lindenfurt", "aus dem Ausland", "kein Vorgang begonnen")
		w.refuses = fault.New(fault.Conflict, "mandate.error.ambiguous")
		b.send("/umzug/beginnen", url.Values{"ort": {"lindenfurt"}}).is(http.StatusConflict).
			sees("Wir wissen nicht sicher, wer Sie sind", "tel:115").seesNot("aus dem Ausland")
		b.lang = "en"
		b.send("/umzug/beginnen", url.Values{"ort": {"lindenfurt"}}).sees("We are not sure who you are")
	})
}

func TestServicesAreFoundByTheirWords(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.open("/leistungen").is(http.StatusOK).sees(`href="/umzug"`, `href="/wohnungsgeber"`, "kostenlos")
		for _, query := range []string{"umzug", "Wohnsitz anmelden", "WOHNSITZ", "umgez", "sitz"} {
			b.open("/leistungen?suche=" + url.QueryEscape(query)).sees(`href="/umzug"`)
		}
		b.open("/leistungen?suche=vermieter+hund").is(http.StatusOK).sees("haben wir nichts gefunden").seesNot(`href="/umzug"`)
		b.open("/leistungen?suche=" + url.QueryEscape(`"><script>alert(1)</script>`)).seesNot("<script>alert")
	})
}

func TestTheStartPageGreetsAndShowsWhatWaits(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.open("/").is(http.StatusOK).sees("Was möchten Sie erledigen?", `href="/umzug"`).seesNot("Das wartet auf Sie")
		b.open("/hinein?wer=jana")
		b.open("/").is(http.StatusOK).sees("Sie müssen gerade nichts tun", "Sie haben noch keinen Vorgang")
		w.pages.Waiting = func(*web.Call) (lifeevent.Waiting, error) {
			return lifeevent.Waiting{
				Name:  "Jana Wittkamp",
				Act:   []web.Item{{Icon: "shield", Title: "Eine Stelle bittet um Angaben", Path: "/freigaben", Chip: web.Chip{Look: "you", Text: "Ihre Antwort fehlt"}}},
				Cases: []web.Item{{Icon: "house", Title: "Wohnsitz anmelden", Path: "/vorgang/x", Chip: web.Chip{Look: "work", Text: "In Arbeit"}}},
				Box:   []web.Fact{{Name: "laufende Freigaben", Value: "4"}},
			}, nil
		}
		b.open("/").sees("Guten Morgen, Jana Wittkamp", "Eine Stelle bittet um Angaben", `href="/vorgang/x"`, "laufende Freigaben").seesNot("gerade nichts tun")
		w.clock.Advance(10 * time.Hour)
		b.open("/hinein?wer=jana")
		b.open("/").sees("Guten Abend, Jana Wittkamp")
	})
}

// landlordForm is complete.
func landlordForm() url.Values {
	return url.Values{
		"name": {"Wohnwerk eG"}, "sitz_street": {"Marktplatz"}, "sitz_house": {"1"}, "sitz_postcode": {"10115"}, "sitz_town": {"Berlin"},
		"eigentuemer": {""}, "einzug": {"1.3.2030"}, "berechtigt": {"ja"}, "personen": {"Jana Maria Wittkamp\r\n\r\nMila Wittkamp\r\nMila  Wittkamp"},
		"wohnung_street": {"Linden-Allee"}, "wohnung_house": {"12"}, "wohnung_postcode": {"05417"}, "wohnung_town": {"Lindenfurt"},
	}
}

var shownMark = regexp.MustCompile(`id="merkmal">([A-Z0-9-]+)<`)

func TestALandlordConfirmsAndGetsTheMark(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.open("/wohnungsgeber").is(http.StatusOK).sees("weder stattfindet noch beabsichtigt ist (§\u00a019 Abs.\u00a06 BMG)", "§\u00a054 BMG").seesNot("checked")
		got := b.send("/wohnungsgeber", landlordForm()).is(http.StatusOK).sees("Der Einzug ist bestätigt", "Lindenallee 12, 05417 Lindenfurt")
		m := shownMark.FindStringSubmatch(got.body)
		if m == nil {
			w.Fatal("no mark")
		}
		c, err := w.register.Landlords.Confirmation(w.Context(), "lindenfurt", m[1])
		check(w.T, err)
		if c.Provider != "Wohnwerk eG, Marktplatz 1, 10115 Berlin" || c.Owner != "" || c.MovedIn != (clock.Date{Y: 2030, M: 3, D: 1}) ||
			c.Home.String() != "Lindenallee 12, 05417 Lindenfurt" || strings.Join(c.People, "|") != "Jana Maria Wittkamp|Mila Wittkamp" {
			w.Errorf("stored %+v", c)
		}
		b.open("/wohnungsgeber/fertig?sprache=en").sees("The move is confirmed", m[1])
		w.browser().open("/wohnungsgeber/fertig").seesNot(m[1])
	})
}

func TestALandlordsMistakesAreAtTheirFields(t *testing.T) {
	story(t, func(w *town) {
		for name, c := range map[string]struct {
			change map[string]string
			field  string
			says   string
		}{
			"nobody":              {map[string]string{"name": " "}, "name", "Bitte nennen Sie den Wohnungsgeber"},
			"no seat":             {map[string]string{"sitz_house": ""}, "sitz", "Anschrift des Wohnungsgebers"},
			"an owner of dashes":  {map[string]string{"eigentuemer": "--"}, "eigentuemer", "Namen des Eigentümers"},
			"an impossible day":   {map[string]string{"einzug": "30.2.2030"}, "einzug", "zum Beispiel 1.3.2030"},
			"in five years":       {map[string]string{"einzug": "1.3.2035"}, "einzug", "höchstens ein Jahr"},
			"long ago":            {map[string]string{"einzug": "1.3.1830"}, "einzug", "kann nicht stimmen"},
			"no home":             {map[string]string{"wohnung_street": ""}, "wohnung", "Anschrift der Wohnung"},
			"an unknown house":    {map[string]string{"wohnung_house": "400"}, "wohnung", "Die Hausnummer 400 in „Linden-Allee“ steht nicht in unserem Adressverzeichnis"},
			"a house elsewhere":   {map[string]string{"wohnung_street": "Mühlgasse", "wohnung_house": "7", "wohnung_postcode": "05233", "wohnung_town": "Ellerbrück"}, "wohnung", "nehmen wir hier keine Bestätigung an"},
			"a house nobody has":  {map[string]string{"wohnung_postcode": "99999", "wohnung_town": "Fernstadt", "wohnung_street": "Weitweg"}, "wohnung", "nehmen wir hier keine Bestätigung an"},
			"nobody moves in":     {map[string]string{"personen": "\n \n"}, "personen", "höchstens 20"},
			"twenty-one move in":  {map[string]string{"personen": manyNames(21)}, "personen", "höchstens 20"},
			"a number moves in":   {map[string]string{"personen": "123"}, "personen", "höchstens 20"},
			"not entitled":        {map[string]string{"berechtigt": ""}, "berechtigt", "von ihm beauftragt"},
			"a script for a name": {map[string]string{"name": "<script>alert(1)</script>", "einzug": ""}, "einzug", "&lt;script&gt;"},
		} {
			form := landlordForm()
			for field, value := range c.change {
				form.Set(field, value)
			}
			got := w.browser().send("/wohnungsgeber", form)
			if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `href="#`+c.field+`"`) || !strings.Contains(got.body, c.says) ||
				strings.Contains(got.body, "<script>alert") || strings.Count(got.body, `<li><a href="#`) != 1 {
				w.Errorf("%s: %d, want the error %q at %s alone\n%s", name, got.status, c.says, c.field, got.body)
			}

		}
		if n := w.count("register_landlord"); n != 0 {
			w.Errorf("%d stored", n)
		}
	})
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("Mensch " + string(rune('A'+i)) + "\n")
	}
	return b.String()
}
