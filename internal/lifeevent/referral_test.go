package lifeevent_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
)

func TestAPortalHandsSomebodyOver(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		got := b.arrives(w.sign(w.portal, w.claims()))
		if got.path != "/anmelden" || b.cookie("uebergabe") == "" {
			w.Fatalf("the stranger stands at %s, cookie %q", got.path, b.cookie("uebergabe"))
		}
		got.seesNot("Wittkamp", "Lindenallee", "K7M2")
		b.open("/hinein?wer=jana")
		b.open("/umzug/beginnen").is(http.StatusOK).sees("Willkommen in Lindenfurt", "Sie kommen von Heimfinder", "Jana Maria Wittkamp",
			"Lindenallee 12, 05417 Lindenfurt", "Freitag, 1.\u00a0März\u00a02030", "K7M2-Q9TX-4F3H", "15.\u00a0März\u00a02030", "§\u00a017 Abs.\u00a01 BMG")
		if n := w.count("cases"); n != 0 {
			w.Errorf("%d cases began by looking", n)
		}
		if got := b.send("/umzug/beginnen", url.Values{}); got.status != http.StatusOK || !strings.HasPrefix(got.path, "/fall/") {
			w.Fatalf("after the click: %s %d", got.path, got.status)
		}
		values, err := db.One(w.Context(), w.db, db.Scalar[string], `SELECT referral FROM cases WHERE town = 'lindenfurt' AND portal = 'heimfinder'`)
		check(w.T, err)
		env, err := w.edition.Decode(json.RawMessage(values))
		check(w.T, err)
		home, _ := env.At("handed_over.home").(catalog.Address)
		if env.At("handed_over.mark") != "K7M2-Q9TX-4F3H" || env.At("handed_over.moved_in") != (clock.Date{Y: 2030, M: 3, D: 1}) ||
			home.String() != "Lindenallee 12, 05417 Lindenfurt" || !home.Verified() || strings.Contains(values, "Wittkamp") {
			w.Errorf("the case knows %s", values)
		}
		if back := b.open("/umzug/beginnen"); !strings.HasPrefix(back.path, "/fall/") || b.cookie("uebergabe") != "" {
			w.Errorf("back from the case one stands at %s, cookie %q", back.path, b.cookie("uebergabe"))
		}
		b.open("/umzug/beginnen").is(http.StatusOK).seesNot("Heimfinder")
	})
}

func TestWhatAPortalSaysIsKeptSealedAndErasedAfterUse(t *testing.T) {
	story(t, func(w *town) {
		handle, err := w.life.Receive(w.Context(), w.sign(w.portal, w.claims()))
		check(w.T, err)
		body := func() string {
			raw, err := db.One(w.Context(), w.db, db.Scalar[[]byte], `SELECT body FROM lifeevent_referral WHERE handle <> ?`, handle)
			check(w.T, err)
			return string(raw)
		}
		if sealed := body(); sealed == "" || strings.Contains(sealed, "Wittkamp") || strings.Contains(sealed, "Lindenallee") {
			w.Error("the referral lies open in the database")
		}
		use := func(id string) error {
			return w.db.Do(w.Context(), func(ctx context.Context, tx *db.Tx) error { return w.life.Use(ctx, tx, handle, id) })
		}
		check(w.T, use("case-1"))
		if body() != "" {
			w.Error("it is kept after its use")
		}
		if err := use("case-2"); fault.CodeOf(err) != "lifeevent.error.used" || !fault.Is(err, fault.Conflict) {
			w.Errorf("a second case: %v", err)
		}
		if _, err := w.life.Take(w.Context(), handle, jana); !fault.Is(err, fault.Conflict) {
			w.Errorf("taken after its use: %v", err)
		}
		if id, err := w.life.CaseOf(w.Context(), handle); err != nil || id != "case-1" {
			w.Errorf("belongs to %q, %v", id, err)
		}
	})
}

func TestARefusedReferralLeavesNothingBehind(t *testing.T) {
	story(t, func(w *town) {
		stranger := newPortal("heimfinder", 2)
		closed := newPortal("zuhause", 3)
		check(w.T, w.life.RegisterPortal(w.Context(), lifeevent.Portal{Key: "zuhause", Name: "Zuhause", Public: closed.Public()}, "test"))
		check(w.T, w.life.ClosePortal(w.Context(), "zuhause", "test"))
		changed := func(change func(c *lifeevent.Claims)) string {
			c := w.claims()
			change(&c)
			return w.sign(w.portal, c)
		}
		good := w.sign(w.portal, w.claims())
		head, rest, _ := strings.Cut(good, ".")
		payload, sig, _ := strings.Cut(rest, ".")
		otherType, err := jws.Sign(w.portal, w.portal.key, "amtsweg-grant", []byte(`{}`))
		check(w.T, err)
		for name, c := range map[string]struct {
			statement string
			status    int
			says      string
		}{
			"signed by somebody else":    {w.sign(stranger, w.claims()), 403, "Die Übergabe ist nicht echt"},
			"changed on the way":         {head + "." + strings.Replace(payload, payload[20:24], "AAAA", 1) + "." + sig, 403, "Die Übergabe ist nicht echt"},
			"in another portal's name":   {changed(func(c *lifeevent.Claims) { c.Portal = "zuhause" }), 403, "Die Übergabe ist nicht echt"},
			"of another kind":            {otherType, 403, "Die Übergabe ist nicht echt"},
			"no statement at all":        {"hello", 403, "Die Übergabe ist nicht echt"},
			"empty":                      {"", 403, "Die Übergabe ist nicht echt"},
			"from a portal nobody knows": {w.sign(newPortal("fremd", 4), w.claims()), 403, "Dieses Portal kennen wir nicht"},
			"from a closed portal":       {w.sign(closed, func() any { c := w.claims(); c.Portal = "zuhause"; return c }()), 403, "Dieses Portal kennen wir nicht"},
			"expired": {changed(func(c *lifeevent.Claims) {
				c.Issued, c.Expires = w.clock.Now().Add(-20*time.Minute).Unix(), w.clock.Now().Add(-10*time.Minute).Unix()
			}), 410, "Die Übergabe ist abgelaufen"},
			"expired this second":   {changed(func(c *lifeevent.Claims) { c.Issued -= 600; c.Expires = w.clock.Now().Unix() }), 410, "Die Übergabe ist abgelaufen"},
			"living too long":       {changed(func(c *lifeevent.Claims) { c.Expires = c.Issued + 901 }), 422, "Die Übergabe ist nicht lesbar"},
			"from the future":       {changed(func(c *lifeevent.Claims) { c.Issued += 120; c.Expires = c.Issued + 60 }), 422, "Die Übergabe ist nicht lesbar"},
			"without a number":      {changed(func(c *lifeevent.Claims) { c.ID = "" }), 422, "Die Übergabe ist nicht lesbar"},
			"without a name":        {changed(func(c *lifeevent.Claims) { c.Family = " - " }), 422, "Die Übergabe ist nicht lesbar"},
			"without a birthday":    {changed(func(c *lifeevent.Claims) { c.Birth = clock.Date{} }), 422, "Die Übergabe ist nicht lesbar"},
			"of somebody unborn":    {changed(func(c *lifeevent.Claims) { c.Birth = clock.Date{Y: 2031, M: 1, D: 1} }), 422, "Die Übergabe ist nicht lesbar"},
			"without a house":       {changed(func(c *lifeevent.Claims) { c.Home.House = "" }), 422, "Die Übergabe ist nicht lesbar"},
			"with a turned text":    {changed(func(c *lifeevent.Claims) { c.Given = "Jana\u202e" }), 422, "Die Übergabe ist nicht lesbar"},
			"with a mark like HTML": {changed(func(c *lifeevent.Claims) { c.Mark = "<b>AAAA</b>" }), 422, "Die Übergabe ist nicht lesbar"},
			"with more than is shown": {w.sign(w.portal, struct {
				lifeevent.Claims
				Income int `json:"income"`
			}{w.claims(), 3000}), 422, "Die Übergabe ist nicht lesbar"},
			"much too long": {good + strings.Repeat("A", 9000), 422, "Die Übergabe ist nicht lesbar"},
			"for a town nobody here has": {changed(func(c *lifeevent.Claims) {
				c.Home.Town, c.Home.Postcode = "Fernstadt", "99999"
				c.Home.Street = "Weitweg"
			}), 422, "Diese Stadt ist hier nicht angeschlossen"},
		} {
			b := w.browser()
			got := b.arrives(c.statement)
			if got.status != c.status || !strings.Contains(got.body, "<h1 class=\"kern-heading-x-large\">"+c.says) || !strings.Contains(got.body, `href="/umzug/beginnen"`) {
				w.Errorf("%s: %d, want %d %q\n%s", name, got.status, c.status, c.says, got.body)
			}
			got.seesNot("Wittkamp", "Lindenallee", "K7M2")
			if b.cookie("uebergabe") != "" {
				w.Errorf("%s: the browser got a handle", name)
			}
		}
		if n := w.count("lifeevent_referral"); n != 0 {
			w.Errorf("%d stored", n)
		}
		w.browser().arrives(good).is(http.StatusOK) // none of them burnt the real one
	})
}

func TestAReferralIsGoodOnce(t *testing.T) {
	story(t, func(w *town) {
		statement := w.sign(w.portal, w.claims())
		w.browser().arrives(statement).is(http.StatusOK)
		thief := w.browser()
		thief.arrives(statement).is(http.StatusConflict).sees("Die Übergabe wurde schon benutzt", "zweimal gedrückt")
		if thief.cookie("uebergabe") != "" || w.count("lifeevent_referral") != 1 {
			w.Error("the second one got a handle")
		}
		thief.lang = "en"
		thief.arrives(statement).is(http.StatusConflict).sees("The handover has been used already", `lang="en"`).seesNot("Übergabe wurde")
		// another portal may number its statements as it likes
		other := newPortal("zuhause", 3)
		check(w.T, w.life.RegisterPortal(w.Context(), lifeevent.Portal{Key: "zuhause", Name: "Zuhause", Public: other.Public()}, "test"))
		mine, same := w.claims(), w.claims()
		same.Portal, same.ID = "zuhause", mine.ID
		w.browser().arrives(w.sign(w.portal, mine)).is(http.StatusOK)
		w.browser().arrives(w.sign(other, same)).is(http.StatusOK)
	})
}

// atOnce lets n do the same at the same instant and returns what each got.
func atOnce[T any](n int, do func(i int) T) []T {
	out := make([]T, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-start; out[i] = do(i) })
	}
	close(start)
	all.Wait()
	return out
}

func TestAReferralIsGoodOnceAlsoAtTheSameInstant(t *testing.T) {
	story(t, func(w *town) {
		statement := w.sign(w.portal, w.claims())
		good, refused := 0, 0
		for _, err := range atOnce(8, func(int) error { _, err := w.life.Receive(w.Context(), statement); return err }) {
			switch {
			case err == nil:
				good++
			case fault.CodeOf(err) == "lifeevent.error.used":
				refused++
			default:
				w.Errorf("neither yes nor no: %v", err)
			}
		}
		if good != 1 || refused != 7 || w.count("lifeevent_referral") != 1 {
			w.Errorf("%d good, %d refused", good, refused)
		}
	})
}

func TestTwoClicksBeginOneCase(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.arrives(w.sign(w.portal, w.claims()))
		b.open("/hinein?wer=jana")
		clicks := atOnce(4, func(int) page { return b.send("/umzug/beginnen", url.Values{"uebergabe": {"ja"}}) })
		id, err := db.One(w.Context(), w.db, db.Scalar[string], `SELECT id FROM cases WHERE portal = 'heimfinder'`)
		check(w.T, err)
		there := 0
		for _, got := range clicks {
			switch {
			case got.path == "/fall/"+id:
				there++
			case got.status == http.StatusGone: // after the way back forgot the handle: told, and nothing begins
				got.sees("gilt nicht mehr")
			default:
				w.Errorf("a click led to %s (%d), the case is %s", got.path, got.status, id)
			}
		}
		if n := w.count("cases"); n != 1 || there == 0 {
			w.Errorf("%d cases, %d of 4 clicks led there", n, there)
		}
	})
}

func TestTwoCasesCannotShareAReferralAtTheSameInstant(t *testing.T) {
	story(t, func(w *town) {
		handle, err := w.life.Receive(w.Context(), w.sign(w.portal, w.claims()))
		check(w.T, err)
		good := 0
		for _, err := range atOnce(6, func(i int) error {
			_, err := w.Start(w.Context(), lifeevent.Start{
				Account: "jana", Authority: "lindenfurt", Portal: "heimfinder",
				Use: func(ctx context.Context, tx *db.Tx, id string) error { return w.life.Use(ctx, tx, handle, id) },
			})
			return err
		}) {
			if err == nil {
				good++
			} else if fault.CodeOf(err) != "lifeevent.error.used" {
				w.Errorf("neither yes nor no: %v", err)
			}
		}
		if n := w.count("cases"); good != 1 || n != 1 {
			w.Errorf("%d were told yes, %d cases", good, n)
		}
	})
}

func TestAReferralForAnotherPersonShowsNothing(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.arrives(w.sign(w.portal, w.claims()))
		b.open("/hinein?wer=malte")
		for _, got := range []page{b.open("/umzug/beginnen"), b.send("/umzug/beginnen", url.Values{})} {
			got.is(http.StatusForbidden).sees("Diese Übergabe ist nicht für Sie", "Abmelden").
				seesNot("Wittkamp", "Jana", "Lindenallee", "K7M2", "Heimfinder", "1995")
		}
		if n := w.count("cases"); n != 0 {
			w.Fatalf("%d cases began", n)
		}
		// on a shared computer the one it is for can still use it
		b.open("/hinein?wer=jana")
		b.open("/umzug/beginnen").is(http.StatusOK).sees("Heimfinder")
		b.open("/hinein?wer=malte")
		b.send("/umzug/beginnen", url.Values{"ohne": {"ja"}}).is(http.StatusOK).sees("Malte Brandes").seesNot("Heimfinder", "nicht für Sie")
		if b.cookie("uebergabe") != "" {
			w.Error("the browser still carries it")
		}
	})
}

func TestNamesAreComparedAsRegistersDo(t *testing.T) {
	t.Parallel()
	for _, same := range []lifeevent.Person{
		{Family: "WITTKAMP", Given: "jana-maria", Birth: jana.Birth}, {Family: " Wittkamp", Given: "Jana  Maria", Birth: jana.Birth},
	} {
		if !same.Is(jana) {
			t.Errorf("%+v is not Jana", same)
		}
	}
	for _, other := range []lifeevent.Person{
		{Family: "Wittkamp", Given: "Jana Maria", Birth: jana.Birth.AddDays(1)},
		{Family: "Wittkamp", Given: "Mila", Birth: jana.Birth},
		{Family: "Wittkampf", Given: "Jana Maria", Birth: jana.Birth},
		{},
	} {
		if other.Is(jana) || (lifeevent.Person{}).Is(lifeevent.Person{}) {
			t.Errorf("%+v is Jana", other)
		}
	}
}

func TestAHandleEndsAfterAnHour(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.arrives(w.sign(w.portal, w.claims()))
		b.open("/hinein?wer=jana")
		handle := b.cookie("uebergabe")
		w.clock.Advance(59 * time.Minute)
		if _, err := w.life.Take(w.Context(), handle, jana); err != nil {
			w.Errorf("after 59 minutes: %v", err)
		}
		w.clock.Advance(time.Minute)
		if _, err := w.life.Take(w.Context(), handle, jana); fault.CodeOf(err) != "lifeevent.error.handle" || !fault.Is(err, fault.Gone) {
			w.Errorf("after an hour: %v", err)
		}
		err := w.db.Do(w.Context(), func(ctx context.Context, tx *db.Tx) error { return w.life.Use(ctx, tx, handle, "late") })
		if !fault.Is(err, fault.Gone) {
			w.Errorf("used after an hour: %v", err)
		}
		b.open("/hinein?wer=jana")
		b.send("/umzug/beginnen", url.Values{"uebergabe": {"ja"}}).is(http.StatusGone).sees("gilt nicht mehr").seesNot("K7M2")
		if n := w.count("cases"); n != 0 {
			w.Errorf("%d cases began without the referral, unasked", n)
		}
		fresh := w.claims()
		w.browser().arrives(w.sign(w.portal, fresh)).is(http.StatusOK)
		if n := w.count("lifeevent_referral"); n != 1 {
			w.Errorf("%d kept: the ended one was not cleared away", n)
		}
	})
}

func TestOnlyTheHandoverTakesFormsOfOtherSites(t *testing.T) {
	story(t, func(w *town) {
		b := w.browser()
		b.open("/hinein?wer=jana")
		b.from = "cross-site"
		for _, path := range []string{"/umzug/beginnen", "/wohnungsgeber"} {
			b.send(path, url.Values{"ort": {"lindenfurt"}}).is(http.StatusForbidden)
		}
		if n := w.count("cases"); n != 0 {
			w.Errorf("%d cases began from another site", n)
		}
		open := 0
		for _, r := range w.server.Routes() {
			if r.FromAnySite {
				open++
			}
		}
		if open != 1 {
			w.Errorf("%d routes take forms of other sites", open)
		}
	})
}

func TestAPortalsRegistrationIsRecorded(t *testing.T) {
	story(t, func(w *town) {
		ctx := w.Context()
		records := func() int {
			if _, err := w.ledger.Sequence(ctx); err != nil {
				w.Fatal(err)
			}
			return w.count("ledger_record WHERE kind = 'configuration'")
		}
		before := records()
		p := lifeevent.Portal{Key: w.portal.key, Name: "Heimfinder", Public: w.portal.Public()}
		check(w.T, w.life.RegisterPortal(ctx, p, "again"))
		if n := records(); n != before {
			w.Errorf("%d records for nothing", n-before)
		}
		old := w.sign(w.portal, w.claims())
		fresh := newPortal(w.portal.key, 9)
		p.Public = fresh.Public()
		check(w.T, w.life.RegisterPortal(ctx, p, "new key"))
		if n := records(); n != before+1 {
			w.Errorf("%d records for a new key", n-before)
		}
		if _, err := w.life.Receive(ctx, old); fault.CodeOf(err) != "lifeevent.error.forged" {
			w.Errorf("the old key still counts: %v", err)
		}
		if _, err := w.life.Receive(ctx, w.sign(fresh, w.claims())); err != nil {
			w.Errorf("the new key does not: %v", err)
		}
		for _, bad := range []lifeevent.Portal{{}, {Key: "x", Name: "X"}, {Key: "Ü", Name: "X", Public: p.Public}, {Key: "x", Name: " ", Public: p.Public}} {
			if err := w.life.RegisterPortal(ctx, bad, "test"); !fault.Is(err, fault.Invalid) {
				w.Errorf("%+v registered: %v", bad, err)
			}
		}
		if err := w.life.ClosePortal(ctx, "nobody", "test"); !fault.Is(err, fault.NotFound) {
			w.Errorf("closing nobody: %v", err)
		}
	})
}

func FuzzParse(f *testing.F) {
	now := clock.At("2030-03-04 09:00").Now()
	good, err := json.Marshal(lifeevent.Claims{
		Portal: "heimfinder", ID: "0123456789abcdef", Issued: now.Unix(), Expires: now.Unix() + 600, Given: "Jana", Family: "Wittkamp",
		Birth: jana.Birth, MovedIn: clock.Date{Y: 2030, M: 3, D: 1}, Mark: "K7M2-Q9TX",
		Home: lifeevent.ClaimHome{Street: "Lindenallee", House: "12", Postcode: "05417", Town: "Lindenfurt"},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"iss":"heimfinder","iat":9223372036854775807,"exp":-1}`))
	f.Add(append(good, '{'))
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, id, err := lifeevent.Parse(payload, "heimfinder", now)
		if err != nil {
			if id != "" || r.Person != (lifeevent.Person{}) || fault.KindOf(err) == fault.Internal {
				t.Errorf("refused with %v, yet %q %+v", err, id, r)
			}
			return
		}
		if r.Portal != "heimfinder" || len(id) < 16 || r.Person.Family == "" || r.Person.Birth.IsZero() || r.Home.IsZero() || r.MovedIn.IsZero() ||
			r.Signed.After(now.Add(time.Minute)) || now.Sub(r.Signed) > 15*time.Minute {
			t.Errorf("accepted: %q %+v", id, r)
		}
		values, err := r.Values()
		if err != nil || !json.Valid(values) {
			t.Errorf("values %s, %v", values, err)
		}
	})
}
