package identity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

const home = "http://localhost:8080"

// town is a site with a login and a page that needs level high, beside an eID service that is somebody else's.
type town struct {
	*identity.Service
	web   *web.Server
	cards *eidServer
	log   *safeBuffer
	db    *db.DB
}

func newTown(t *testing.T, d *db.DB) *town {
	t.Helper()
	if err := d.Migrate(t.Context(), web.Migrations, keys.Migrations, identity.Migrations); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), d, filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	cards := &eidServer{open: map[string]shown{}}
	service, err := identity.New(t.Context(), identity.Options{DB: d, Keys: ring, EID: cards, PublicURL: home, Desk: "/dienst"})
	if err != nil {
		t.Fatal(err)
	}
	texts, log := i18n.New(), &safeBuffer{}
	if err := identity.Texts(texts); err != nil {
		t.Fatal(err)
	}
	s := web.New(web.Options{
		DB: d, Clock: d.Clock(), Texts: texts, Layout: os.DirFS("../../web/templates"), Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	service.Routes(s)
	s.Who(service.Who)
	s.Handle("GET", "/", web.Public, func(c *web.Call) error { return c.Bytes("text/plain", []byte("start")) })
	s.Handle("GET", "/umzug", identity.HighLevel, func(c *web.Call) error { return c.Bytes("text/plain", []byte("umzug")) })
	return &town{Service: service, web: s, cards: cards, log: log, db: d}
}

// count returns how many rows a table has.
func (w *town) count(t *testing.T, table string) int {
	t.Helper()
	n, err := db.One(t.Context(), w.db, db.Scalar[int], "SELECT COUNT(*) FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// eidServer is the neighbour that reads cards.
type eidServer struct {
	mu   sync.Mutex
	open map[string]shown
}

type shown struct {
	card  identity.Assertion
	state string
}

func (e *eidServer) Begin(_ context.Context, state string) (string, error) {
	return "https://eid.example/?state=" + url.QueryEscape(state), nil
}

func (e *eidServer) Finish(_ context.Context, handle string) (identity.Assertion, string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.open[handle]
	if !ok {
		return identity.Assertion{}, "", fault.New(fault.Gone, "identity.error.ceremony")
	}
	delete(e.open, handle)
	return s.card, s.state, nil
}

// show is the person at the eID server; it returns the handle that the browser brings back.
func (e *eidServer) show(t *testing.T, location string, card identity.Assertion) string {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil || u.Host != "eid.example" {
		t.Fatalf("not sent to the eID server but to %q", location)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	handle := ident.Token()
	e.open[handle] = shown{card, u.Query().Get("state")}
	return handle
}

var (
	jana = identity.Assertion{
		Family: "Wittkamp", Given: "Jana Maria", Birth: clock.Date{Y: 1995, M: 6, D: 14}, Address: "Mühlgasse 7, 05233 Ellerbrück",
		Pseudonym: "p-jana", Level: web.High,
	}
	tobias = identity.Assertion{
		Family: "Wittkamp", Given: "Tobias", Birth: clock.Date{Y: 1993, M: 1, D: 2}, Pseudonym: "p-tobias", Level: web.High,
	}
)

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	town   *town
	client *http.Client
}

func (w *town) browser(t *testing.T) *browser {
	t.Helper()
	client := testkit.Browser(t, w.web, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:4711" })
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{town: w, client: client}
}

// answer is what a browser got.
type answer struct {
	status int
	to     string // where it is sent
	body   string
}

func (b *browser) do(t *testing.T, method, path, contentType, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, home+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
		if contentType == "application/json" {
			r.Header.Set("Accept", contentType)
		}
	}
	res, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), string(text)}
}

func (b *browser) open(t *testing.T, path string) answer { return b.do(t, "GET", path, "", "") }

func (b *browser) press(t *testing.T, path string) answer {
	return b.do(t, "POST", path, "application/x-www-form-urlencoded", "")
}

func (b *browser) send(t *testing.T, path string, body any) answer {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b.do(t, "POST", path, "application/json", string(text))
}

// showCard signs in by card, as someone without scripts would.
func (b *browser) showCard(t *testing.T, back string, card identity.Assertion) answer {
	t.Helper()
	handle := b.town.cards.show(t, b.open(t, "/anmelden/eid?"+url.Values{"zurueck": {back}}.Encode()).to, card)
	return b.open(t, identity.Return+"?h="+handle)
}

// addPasskey makes a passkey on the device.
func (b *browser) addPasskey(t *testing.T, device *authenticator, name string) answer {
	t.Helper()
	begun := b.send(t, "/konto/passkey/start", nil)
	if begun.status != http.StatusOK {
		return begun
	}
	return b.send(t, "/konto/passkey/fertig", map[string]any{"credential": device.create(t, []byte(begun.body)), "name": name})
}

// touch signs in with the device.
func (b *browser) touch(t *testing.T, device *authenticator, back string) answer {
	t.Helper()
	begun := b.send(t, "/anmelden/passkey/start", nil)
	if begun.status != http.StatusOK {
		t.Fatalf("no challenge: %d %s", begun.status, begun.body)
	}
	return b.send(t, "/anmelden/passkey/fertig?"+url.Values{"zurueck": {back}}.Encode(),
		map[string]any{"credential": device.get(t, []byte(begun.body))})
}

// token is the session's secret.
func (b *browser) token(t *testing.T) string {
	t.Helper()
	at, err := url.Parse(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == "aw_session" {
			return c.Value
		}
	}
	return ""
}

// safeBuffer is a log that several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
