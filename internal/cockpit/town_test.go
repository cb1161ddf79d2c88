package cockpit_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/cockpit"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/mandate"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

const (
	oldTown = authority.Key("ellerbrueck")
	newTown = authority.Key("lindenfurt")
	form    = "§ 23a Abs. 1 BMG"
)

var fields = []string{"family_name", "given_names", "birth", "homes"}

// town is a node with the Wittkamps (Jana, Tobias and their daughter Mila) and Finn next door.
type town struct {
	*testing.T
	*cockpit.Service
	db       *db.DB
	clock    *clock.Fixed
	ledger   *ledger.Ledger
	consent  *consent.Service
	gate     *exchange.Service
	jobs     *job.Queue
	people   *identity.Service
	register *register.Service
	subject  map[string]ledger.Subject
	account  map[string]mandate.Account
	site     *httptest.Server
	pages    *web.Server
}

func story(t *testing.T, tell func(w *town)) {
	t.Helper()
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) { tell(build(t, d, c)) })
}

func build(t *testing.T, d *db.DB, c *clock.Fixed) *town {
	t.Helper()
	ctx := t.Context()
	w := &town{T: t, db: d, clock: c, subject: map[string]ledger.Subject{}, account: map[string]mandate.Account{}}
	w.must(d.Migrate(ctx, keys.Migrations, job.Migrations, web.Migrations, ledger.Migrations, authority.Migrations, identity.Migrations,
		register.Migrations, consent.Migrations, exchange.Migrations))
	ring, err := keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key"))
	w.must(err)
	w.jobs = job.New(d, d.Log())
	w.ledger, err = ledger.New(ctx, d, ring, ledger.Options{Name: "amtsweg.test/mittelau", Jobs: w.jobs})
	w.must(err)
	w.register, err = register.New(ctx, d, ring, w.ledger)
	w.must(err)
	w.people, err = identity.New(ctx, identity.Options{DB: d, Keys: ring, PublicURL: "http://localhost:8080"})
	w.must(err)
	authorities := authority.New(d, w.ledger)
	w.must(authorities.Add(ctx, opening(oldTown, "Ellerbrück"), opening(newTown, "Lindenfurt")))
	bus := event.New(w.jobs)
	w.consent, err = consent.New(ctx, d, w.ledger, bus, ring)
	w.must(err)
	acting := mandate.New(d, w.people, w.register.Links)
	w.gate = exchange.New(exchange.Deps{
		DB: d, Ledger: w.ledger, Registers: w.register, Consent: w.consent, Keys: ring, Jobs: w.jobs, Events: bus,
		May: func(context.Context, string, ledger.Subject, bool) error { return nil },
	})
	w.must(w.gate.Ready(ctx, oldTown, newTown))
	w.wittkamps()
	texts := i18n.New()
	w.must(cockpit.Texts(texts))
	w.must(texts.Add("consent", consent.Texts))
	w.must(mandate.Texts(texts))
	w.Service = cockpit.New(cockpit.Options{
		DB: d, Base: "https://mittelau.test", Consent: w.consent, Ledger: w.ledger, Mandate: acting, Authorities: authorities, Policy: identity.SignedIn, Texts: texts,
		Account: func(c *web.Call) (mandate.Account, bool) { return identity.Actor(c.Session()) },
		Cases: func(_ context.Context, _ mandate.Account, ids []string) (map[string]cockpit.CaseRef, error) {
			refs := map[string]cockpit.CaseRef{}
			for _, id := range ids {
				refs[id] = cockpit.CaseRef{Number: "UM-2030-" + strings.TrimPrefix(id, "case-"), Path: "/umzug/" + id + "/meldeschein"}
			}
			return refs, nil
		},
	})
	w.serve(texts)
	return w
}

func (w *town) serve(texts *i18n.Bundle) {
	log := slog.New(slog.NewTextHandler(w.Output(), nil))
	w.pages = web.New(web.Options{DB: w.db, Clock: w.clock, Log: log, Texts: texts, Layout: os.DirFS("../../web/templates")})
	w.Routes(w.pages)
	w.pages.Handle("GET", "/als/{account}", web.Public, func(c *web.Call) error {
		if err := c.SignIn(identity.AccountID(c.Param("account")).Actor(), web.Normal); err != nil {
			return err
		}
		return c.Redirect("/freigaben")
	})
	w.site = httptest.NewServer(w.pages)
	w.Cleanup(w.site.Close)
}

func (w *town) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func opening(key authority.Key, name string) authority.Opening {
	return authority.Opening{
		Authority: authority.Authority{
			Key: key, Name: "Stadt " + name, Short: name, Kind: authority.Town, State: "mittelau",
			Address: authority.Address{Street: "Rathausplatz", House: "1", Postcode: "05417", Town: name},
		},
		Units: []authority.Unit{{Key: "buergeramt", Name: "Meldebehörde " + name, Duties: []string{"registry"}}},
	}
}

func day(s string) clock.Date {
	d, err := clock.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// wittkamps fills the old town's register, and opens accounts for all but the child.
func (w *town) wittkamps() {
	w.Helper()
	ctx := w.Context()
	home := authority.Address{Street: "Mühlgasse", House: "7", Postcode: "05233", Town: "Ellerbrück"}
	person := func(given, family, born string, kin ...register.KinTo) register.Entry {
		return register.Entry{Kin: kin, Resident: register.Resident{
			FamilyName: family, GivenNames: given, Birth: register.Birth{Date: day(born), Place: "Ellerbrück"}, Sex: "weiblich", TaxID: "00000000001",
			Nationalities: []string{"DE"}, Homes: []register.Home{{Address: home, Kind: register.Sole}}, MovedIn: day("2020-01-01"),
			FamilyStatus: register.FamilyStatus{Status: "verheiratet"},
		}}
	}
	kin := func(k register.Kin, to int) register.KinTo { return register.KinTo{Kin: k, To: to} }
	subjects, err := w.register.Load(ctx, oldTown, "test", []register.Entry{
		person("Jana", "Wittkamp", "1995-06-14", kin(register.Spouse, 1), kin(register.Child, 2)),
		person("Tobias", "Wittkamp", "1993-02-01", kin(register.Spouse, 0), kin(register.Child, 2)),
		person("Mila", "Wittkamp", "2020-05-21", kin(register.Parent, 0), kin(register.Parent, 1)),
		person("Finn", "Brandt", "1990-01-01"),
	})
	w.must(err)
	for i, name := range []string{"Jana", "Tobias", "Mila", "Finn"} {
		w.subject[name] = subjects[i]
	}
	for name, born := range map[string]string{"Jana Wittkamp": "1995-06-14", "Tobias Wittkamp": "1993-02-01", "Finn Brandt": "1990-01-01"} {
		given, family, _ := strings.Cut(name, " ")
		a, err := w.people.ByAssertion(ctx, identity.Assertion{
			Family: family, Given: given, Birth: day(born), Address: home.String(), Pseudonym: ident.New(), Level: web.High,
		})
		w.must(err)
		w.account[given] = a.ID
	}
	w.must(w.register.Entitlements.Grant(ctx, "test", register.Entitlement{
		Holder: oldTown, Register: register.Residents, Evidence: "prefilled", Reader: newTown, Fields: fields, Law: form, Until: day("2035-12-31"),
	}))
}

// ask puts a question about somebody to an account.
func (w *town) ask(who, about, caseID string, change ...func(*consent.Request)) (r consent.Request) {
	w.Helper()
	w.must(w.db.Do(w.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		r = consent.Request{
			Subject: w.subject[about], Account: w.account[who].Actor(), Reader: newTown, Unit: "registry", Register: register.Residents, Holder: oldTown,
			Evidence: "prefilled", Title: "Ihr vorausgefüllter Meldeschein", Purpose: "Sie müssen Ihre Daten nicht noch einmal eintippen.", Law: form,
			Basis: consent.ByRequest, Case: caseID, Fields: fields, Whole: true, Until: tx.Now().Add(23 * time.Hour),
		}
		for _, c := range change {
			c(&r)
		}
		r, err = w.consent.Ask(ctx, tx, r)
		return err
	}))
	return r
}

// grant is a release by an account about somebody, after it has read the values.
func (w *town) grant(who, about, caseID string) (g consent.Grant) {
	w.Helper()
	r := w.ask(who, about, caseID)
	seen, err := w.gate.Preview(w.Context(), exchange.Look{
		Account: w.account[who].Actor(), Subject: w.subject[about], Holder: oldTown, Register: register.Residents, Evidence: "prefilled", Fields: fields,
		Case: caseID, Purpose: "Sie lesen Ihren Meldeschein, bevor ihn jemand bekommt.", Law: "§ 40 Abs. 4 BMG", Reason: "Sie haben ihn selbst aufgerufen.",
	})
	w.must(err)
	w.must(w.db.Do(w.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		g, err = w.consent.Release(ctx, tx, w.account[who].Actor(), r.ID, fields, seen.Hash)
		return err
	}))
	return g
}

// fetch is what the new town does with a grant.
func (w *town) fetch(g consent.Grant) error {
	_, err := w.gate.Fetch(w.Context(), exchange.Question{
		Case: g.Case, Reader: newTown, Unit: "registry", Role: "engine", Holder: oldTown, Register: register.Residents, Subject: g.Subject,
		Evidence: "prefilled", Fields: fields, Purpose: "Sie melden Ihren neuen Wohnsitz an.", Law: form,
		Reason: "Ein Programm hat Ihren Meldeschein geholt.", Basis: consent.ByRequest, Grant: g.ID,
	})
	return err
}

// record writes entries as another module would.
func (w *town) record(entries ...ledger.Entry) {
	w.Helper()
	w.must(w.db.Do(w.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.ledger.Record(ctx, tx, entries...)
		return err
	}))
}

// notice is the new town telling the old one about a person, by law.
func (w *town) notice(about string) {
	w.Helper()
	n := exchange.Notice{
		ID: ident.New(), Case: "case-1", Key: "old_town", From: newTown, Unit: "registry", To: oldTown, Subject: w.subject[about],
		Actor: w.account["Jana"].Actor(), Law: "§ 33 Abs. 1 BMG", Purpose: "Die alte Stadt erfährt, dass Sie weggezogen sind.",
		Reason: "Sie haben sich in Lindenfurt angemeldet.", Fields: []string{"birth.date", "move_in"},
		Values: []byte(`{"birth":{"date":"1995-06-14"},"move_in":"2030-03-01"}`), Due: w.clock.Now().Add(72 * time.Hour),
	}
	w.must(w.db.Do(w.Context(), func(ctx context.Context, tx *db.Tx) error { return w.gate.Send(ctx, tx, n) }))
	w.must(w.jobs.Drain(w.Context()))
}

func (w *town) sequence() {
	w.Helper()
	for {
		n, err := w.ledger.Sequence(w.Context())
		w.must(err)
		if n == 0 {
			return
		}
	}
}

// browser is somebody's browser, without scripts.
type browser struct {
	w *town
	*http.Client
	lang string
}

// as opens a browser in which somebody is signed in; nobody is the empty name.
func (w *town) as(name string) *browser {
	w.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	b := &browser{w: w, Client: &http.Client{Jar: jar}, lang: "de"}
	if name != "" {
		b.open("/als/" + string(w.account[name]))
	}
	return b
}

// page is what a browser shows.
type page struct {
	w      *town
	path   string
	status int
	text   string // what is read, a space for each kind of space
	body   []byte // what was sent, byte for byte
}

func (b *browser) send(method, path string, form url.Values) page {
	b.w.Helper()
	r, err := http.NewRequestWithContext(b.w.Context(), method, b.w.site.URL+path, strings.NewReader(form.Encode()))
	b.w.must(err)
	r.Header.Set("Accept-Language", b.lang)
	r.Header.Set("Accept", "text/html")
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.Do(r)
	b.w.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	b.w.must(err)
	return page{b.w, path, answer.StatusCode, strings.ReplaceAll(string(body), "\u00a0", " "), body}
}

// open follows a link, and finds a page.
func (b *browser) open(path string) page {
	b.w.Helper()
	p := b.send("GET", path, nil)
	if p.status != http.StatusOK {
		b.w.Fatalf("%s answers %d\n%s", path, p.status, p.text)
	}
	return p
}

func (b *browser) press(path string, kv ...string) page {
	b.w.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		form.Set(kv[i], kv[i+1])
	}
	return b.send("POST", path, form)
}

func (p page) sees(texts ...string) page {
	p.w.Helper()
	for _, text := range texts {
		if !strings.Contains(p.text, text) {
			p.w.Errorf("%s does not show %q\n%s", p.path, text, p.main())
		}
	}
	return p
}

func (p page) doesNotSee(texts ...string) page {
	p.w.Helper()
	for _, text := range texts {
		if strings.Contains(p.text, text) {
			p.w.Errorf("%s shows %q\n%s", p.path, text, p.main())
		}
	}
	return p
}

func (p page) answers(status int) page {
	p.w.Helper()
	if p.status != status {
		p.w.Errorf("%s answers %d, want %d\n%s", p.path, p.status, status, p.main())
	}
	return p
}

// link is the address behind a text.
func (p page) link(text string) string {
	p.w.Helper()
	end := strings.Index(p.text, ">"+text+"<")
	if end < 0 {
		p.w.Fatalf("%s has no link %q\n%s", p.path, text, p.main())
	}
	tag := p.text[strings.LastIndex(p.text[:end], "<"):end]
	_, after, _ := strings.Cut(tag, `href="`)
	href, _, _ := strings.Cut(after, `"`)
	return strings.ReplaceAll(href, "&amp;", "&")
}

func (p page) main() string {
	_, after, _ := strings.Cut(p.text, "<main")
	inside, _, _ := strings.Cut(after, "</main>")
	return inside
}

func path(format string, args ...any) string { return fmt.Sprintf(format, args...) }
