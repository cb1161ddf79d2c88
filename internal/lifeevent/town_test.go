package lifeevent_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/internal/testkit"
	"github.com/amtsweg/amtsweg/services"
)

const site = "http://localhost:8080"

var cases = db.Migrations{Module: "cases", Files: fstest.MapFS{"migrations/0001_case.sql": {Data: []byte(`-- +goose Up
CREATE TABLE cases (id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, town TEXT NOT NULL, referral TEXT NOT NULL, portal TEXT NOT NULL);
`)}}}

// town is Lindenfurt with its neighbour Ellerbrück, two portals and somebody to begin cases.
type town struct {
	*testing.T
	db       *db.DB
	clock    *clock.Fixed
	life     *lifeevent.Service
	pages    *lifeevent.Pages
	server   *web.Server
	ids      *identity.Service
	register *register.Service
	ledger   *ledger.Ledger
	edition  *catalog.Edition
	portal   portal
	refuses  error // what the starter answers, if not a case
}

// portal signs as a portal does: with a key nobody here knows the private half of.
type portal struct {
	key     string
	private ed25519.PrivateKey
}

func (p portal) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(p.private, msg), nil }
func (p portal) Public() []byte                  { return p.private.Public().(ed25519.PublicKey) }

func newPortal(key string, seed byte) portal {
	return portal{key, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

var (
	jana  = lifeevent.Person{Family: "Wittkamp", Given: "Jana Maria", Birth: clock.Date{Y: 1995, M: 6, D: 14}}
	malte = lifeevent.Person{Family: "Brandes", Given: "Malte", Birth: clock.Date{Y: 1998, M: 9, D: 23}}
)

func at(street, house string) authority.Address {
	return authority.Address{Street: street, House: house, Postcode: "05417", Town: "Lindenfurt"}
}

func story(t *testing.T, tell func(t *town)) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, now *clock.Fixed) { tell(newTown(t, d, now)) })
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newTown(t *testing.T, d *db.DB, now *clock.Fixed) *town {
	t.Helper()
	ctx := t.Context()
	check(t, d.Migrate(ctx, web.Migrations, keys.Migrations, ledger.Migrations, authority.Migrations, identity.Migrations,
		register.Migrations, lifeevent.Migrations, cases))
	ring, err := keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key"))
	check(t, err)
	w := &town{T: t, db: d, clock: now, portal: newPortal("heimfinder", 1)}
	w.ledger, err = ledger.New(ctx, d, ring, ledger.Options{Name: "amtsweg.test/mittelau"})
	check(t, err)
	authorities := authority.New(d, w.ledger)
	check(t, authorities.Add(ctx, opening("lindenfurt", "Lindenfurt", at("Lindenallee", "12"), at("Lindenallee", "14")),
		opening("ellerbrueck", "Ellerbrück", authority.Address{Street: "Mühlgasse", House: "7", Postcode: "05233", Town: "Ellerbrück"})))
	w.register, err = register.New(ctx, d, ring, w.ledger)
	check(t, err)
	w.ids, err = identity.New(ctx, identity.Options{DB: d, Keys: ring, PublicURL: site})
	check(t, err)
	w.life, err = lifeevent.New(ctx, d, ring, w.ledger, authorities)
	check(t, err)
	check(t, w.life.RegisterPortal(ctx, lifeevent.Portal{Key: w.portal.key, Name: "Heimfinder", Public: w.portal.Public()}, "test"))
	edition, problems := catalog.Load(services.Files, "residence-registration.yaml")
	if edition == nil {
		t.Fatal(problems)
	}
	w.edition = edition
	w.serve()
	return w
}

func opening(key authority.Key, name string, houses ...authority.Address) authority.Opening {
	return authority.Opening{
		Authority:   authority.Authority{Key: key, Name: "Stadt " + name, Short: name, Kind: authority.Town, State: "mittelau"},
		Units:       []authority.Unit{{Key: "buergeramt", Name: "Bürgeramt", Duties: []string{"registry"}}},
		Competences: []authority.Competence{{Register: register.Residents, Area: key, Responsible: key}},
		Addresses:   houses, Reason: "test",
	}
}

func (w *town) Offers() []*catalog.Edition { return []*catalog.Edition{w.edition} }

// serve opens the pages. Somebody signs in at /hinein?wer=… with the card of that name.
func (w *town) serve() {
	w.Helper()
	texts := i18n.New()
	check(w.T, lifeevent.Texts(texts))
	check(w.T, texts.Add("mandate", os.DirFS("../mandate")))
	s := web.New(web.Options{DB: w.db, Clock: w.clock, Texts: texts, Layout: os.DirFS("../../web/templates")})
	w.pages = &lifeevent.Pages{
		Service: w.life, Offers: w, Starter: w, Towns: []authority.Key{"lindenfurt"}, Step: identity.HighLevel,
		Account: func(c *web.Call) string { id, _ := identity.Actor(c.Session()); return string(id) },
		Person: func(c *web.Call) (lifeevent.Person, error) {
			id, _ := identity.Actor(c.Session())
			a, err := w.ids.Assertion(c.Context(), w.db, id)
			return lifeevent.Person{Family: a.Family, Given: a.Given, Birth: a.Birth}, err
		},
		Confirm: func(ctx context.Context, c lifeevent.Confirmation) (string, error) {
			return w.register.Landlords.Confirm(ctx, register.Confirmation{
				Authority: c.Authority, Source: register.ByLandlord,
				Provider: c.Provider, Owner: c.Owner, MovedIn: c.MovedIn, Home: c.Home, People: c.People,
			})
		},
	}
	w.pages.Routes(s)
	w.ids.Routes(s)
	check(w.T, identity.Texts(texts))
	people := map[string]lifeevent.Person{"jana": jana, "malte": malte}
	s.Handle("GET", "/hinein", web.Public, func(c *web.Call) error {
		p := people[c.Query("wer")]
		account, err := w.ids.ByAssertion(c.Context(), identity.Assertion{Family: p.Family, Given: p.Given, Birth: p.Birth, Pseudonym: p.Family, Level: web.High})
		if err != nil {
			return err
		}
		return errors.Join(c.SignIn(account.ID.Actor(), web.High), c.Redirect("/umzug"))
	})
	s.Handle("GET", "/fall/{case}", identity.HighLevel, func(c *web.Call) error { return c.Bytes("text/plain", []byte("Fall "+c.Param("case"))) })
	w.server = s
	check(w.T, s.Prepare())
}

// Start begins a case as procedure does: the referral is used in the transaction that writes the case, or there is none.
func (w *town) Start(ctx context.Context, s lifeevent.Start) (string, error) {
	if w.refuses != nil {
		return "", w.refuses
	}
	id := ident.New()
	err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if s.Use != nil {
			if err := s.Use(ctx, tx, id); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO cases (id, account, town, referral, portal) VALUES (?, ?, ?, ?, ?)`, id, s.Account, string(s.Authority), string(s.Referral), s.Portal)
		return err
	})
	return "/fall/" + id, err
}

// Resume leads to the account's own case.
func (w *town) Resume(ctx context.Context, account, id string) (string, error) {
	n, err := db.One(ctx, w.db, db.Scalar[int], `SELECT COUNT(*) FROM cases WHERE id = ? AND account = ?`, id, account)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "lifeevent.test.case")
	}
	return "/fall/" + id, err
}

func (w *town) count(table string) int {
	w.Helper()
	n, err := db.One(w.Context(), w.db, db.Scalar[int], `SELECT COUNT(*) FROM `+table)
	check(w.T, err)
	return n
}

// claims are what the portal says about Jana's move.
func (w *town) claims() lifeevent.Claims {
	now := w.clock.Now()
	return lifeevent.Claims{
		Portal: w.portal.key, ID: ident.New(), Issued: now.Unix(), Expires: now.Add(10 * time.Minute).Unix(),
		Given: jana.Given, Family: jana.Family, Birth: jana.Birth, Mark: "K7M2-Q9TX-4F3H", MovedIn: clock.Date{Y: 2030, M: 3, D: 1},
		Home: lifeevent.ClaimHome{Street: "Lindenallee", House: "12", Postcode: "05417", Town: "Lindenfurt"},
	}
}

func (w *town) sign(p portal, claims any) string {
	w.Helper()
	payload, err := json.Marshal(claims)
	check(w.T, err)
	statement, err := jws.Sign(p, p.key, lifeevent.StatementType, payload)
	check(w.T, err)
	return statement
}

// browser follows redirects and runs no script.
type browser struct {
	*http.Client
	w    *town
	from string // Sec-Fetch-Site
	lang string
}

func (w *town) browser() *browser {
	w.Helper()
	b := &browser{w: w}
	b.Client = testkit.Browser(w.T, w.server, func(r *http.Request) {
		if b.from != "" {
			r.Header.Set("Sec-Fetch-Site", b.from)
		}
		r.Header.Set("Accept-Language", b.lang)
	})
	return b
}

type page struct {
	*town
	status int
	path   string
	body   string
}

func (b *browser) read(res *http.Response, err error) page {
	b.w.Helper()
	check(b.w.T, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(b.w.T, err)
	return page{b.w, res.StatusCode, res.Request.URL.Path, string(text)}
}

func (b *browser) open(path string) page {
	b.w.Helper()
	return b.read(b.Get(site + path))
}

func (b *browser) send(path string, form url.Values) page {
	b.w.Helper()
	return b.read(b.PostForm(site+path, form))
}

// arrives posts a referral as a portal's page does, from another site.
func (b *browser) arrives(statement string) page {
	b.w.Helper()
	b.from = "cross-site"
	defer func() { b.from = "" }()
	return b.send("/umzug/uebergabe", url.Values{"uebergabe": {statement}})
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(site)
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == "aw_m_"+name {
			return c.Value
		}
	}
	return ""
}

func (p page) sees(texts ...string) page {
	p.Helper()
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			p.Errorf("%s (%d) does not show %q\n%s", p.path, p.status, text, p.body)
		}
	}
	return p
}

func (p page) seesNot(texts ...string) page {
	p.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			p.Errorf("%s (%d) shows %q", p.path, p.status, text)
		}
	}
	return p
}

func (p page) is(status int) page {
	p.Helper()
	if p.status != status {
		p.Errorf("%s answers %d, want %d\n%s", p.path, p.status, status, p.body)
	}
	return p
}
