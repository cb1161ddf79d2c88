package desk_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// town is the made-up world with everything wired.
type town struct {
	*testing.T
	*app.Node
	clock *clock.Fixed
}

func towns(t *testing.T, story func(town)) {
	t.Helper()
	townsOn(t, "2030-03-04 09:00", story)
}

// townsOn tells a story that begins at a moment. More definitions run there beside the shipped ones.
func townsOn(t *testing.T, wall string, story func(town), more ...*catalog.Edition) {
	t.Helper()
	t.Parallel()
	testkit.EngineURLs(t, func(t *testing.T, url string) {
		conf := config.Config{Listen: "localhost:8080", Node: "amtsweg", Store: config.Store{Data: t.TempDir(), Database: url}}
		at := testkit.At(wall)
		town := town{T: t, clock: at, Node: opened(t, app.Options{Config: conf, Demo: true, Clock: at, More: more})}
		story(town)
	})
}

func opened(t *testing.T, o app.Options) *app.Node {
	t.Helper()
	n, err := app.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() }) //nolint:errcheck // a story may have closed it before
	return n
}

// restarted is the town after its program was ended and started again.
func (t town) restarted() town {
	t.Helper()
	if err := t.Close(); err != nil {
		t.Fatal(err)
	}
	t.Node = opened(t.T, t.Options)
	return t
}

// stall loads the definition of the stories' own service.
func stall(t *testing.T) *catalog.Edition {
	t.Helper()
	ed, problems := catalog.Load(os.DirFS("testdata"), "market-stall.yaml")
	if ed == nil {
		t.Fatal(problems)
	}
	return ed
}

// applied is somebody's application for a market stall, at the desk.
func (t town) applied(key string) procedure.Case {
	t.Helper()
	c, err := t.Procedure.Start(t.Context(), procedure.Start{Service: "market-stall", Authority: demo.NewTown, Account: t.account(key), Channel: "app"})
	if err != nil {
		t.Fatal(err)
	}
	c, wrong, err := t.Procedure.Fill(t.Context(), c.Account, c.ID, c.Stage, procedure.Sheet{Lang: "de", Values: func(string) []string { return []string{"Honig"} }})
	if err != nil || !wrong.None() || c.Status != procedure.AtDesk {
		t.Fatalf("%s, %v %v", c.Status, wrong, err)
	}
	return c
}

// account is who a persona acts as.
func (t town) account(key string) string {
	t.Helper()
	p, err := t.World.Persona(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := t.Assert(p.Card)
	if err != nil {
		t.Fatal(err)
	}
	account, err := t.Identity.ByAssertion(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return account.ID.Actor()
}

// moved is what somebody says about their move without any confirmation of it.
func (t town) moved(key string, more map[string]string) procedure.Case {
	t.Helper()
	p, err := t.World.Persona(key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := t.Procedure.Start(t.Context(), procedure.Start{
		Service: "residence-registration", Authority: demo.NewTown, Account: t.account(key), Channel: "app",
	})
	if err != nil {
		t.Fatal(err)
	}
	home := p.NewHome
	values := map[string]string{
		"proof": "nobody", "new_home": strings.Join([]string{home.Street, home.House, home.Postcode, home.Town}, "|"),
		"move_in": p.MovedIn(clock.DateOf(t.clock.Now())).String(), "kind": "sole", "correct": "yes",
	}
	for k, v := range more {
		values[k] = v
	}
	for c.Wait.OfApplicant() {
		if c.Wait == procedure.ForRelease {
			c = t.released(c)
			continue
		}
		var wrong procedure.Mistakes
		before := c.Version
		c, wrong, err = t.Procedure.Fill(t.Context(), c.Account, c.ID, c.Stage, procedure.Sheet{
			Lang: "de", WantsPerson: values["mensch"] != "", Remarks: values["anmerkung"],
			Values: func(name string) []string {
				if v := values[name]; v != "" {
					return strings.Split(v, "|")
				}
				return nil
			},
		})
		if err != nil || !wrong.None() || c.Version == before {
			t.Fatalf("in stage %s: %v %v", c.Stage, wrong, err)
		}
	}
	return c
}

func (t town) released(c procedure.Case) procedure.Case {
	t.Helper()
	list, err := t.Procedure.Previews(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var replies []procedure.Reply
	for _, p := range list {
		replies = append(replies, procedure.Reply{Request: p.Request, Hash: p.Hash, Yes: true})
	}
	if c, err = t.Procedure.Release(t.Context(), c.Account, c.ID, replies); err != nil {
		t.Fatal(err)
	}
	return c
}

// stands reads a case anew.
func (t town) stands(c procedure.Case) procedure.Case {
	t.Helper()
	c, err := t.Procedure.Case(t.Context(), c.Account, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// accesses are the records of kind access about the applicant that name the case.
func (t town) accesses(c procedure.Case) (list []ledger.Item) {
	t.Helper()
	all, err := t.Ledger.OfSubject(t.Context(), t.DB, c.Subject, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range all {
		if item.Kind == ledger.Access && item.Case == c.ID && strings.Contains(item.Purpose, "geschlossene Akte") {
			list = append(list, item)
		}
	}
	return list
}

const home = "http://localhost:8080"

// clerk is a browser without scripts in which somebody from the office is signed in.
type clerk struct {
	*http.Client
	t    town
	name string
}

func (t town) clerk(name string) clerk {
	t.Helper()
	all, err := t.Access.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := clerk{testkit.Browser(t.T, t.Web, nil), t, name}
	for _, s := range all {
		if s.Name == name {
			res, err := b.PostForm(home+demo.Desk, url.Values{"person": {string(s.ID)}})
			if b.read(res, err).status != http.StatusOK {
				t.Fatalf("%s cannot sign in", name)
			}
			return b
		}
	}
	t.Fatalf("nobody here is called %s", name)
	return b
}

// citizen is a browser without scripts in which a persona is signed in.
func (t town) citizen(key string) clerk {
	t.Helper()
	b := clerk{testkit.Browser(t.T, t.Web, nil), t, key}
	b.open(demo.GuidePath + "?als=" + key).sees(http.StatusOK)
	return b
}

// staff is whom the store knows under a name.
func (t town) staff(name string) access.Staff {
	t.Helper()
	all, err := t.Access.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	return access.Staff{}
}

// page is what a browser got.
type page struct {
	t      *testing.T
	status int
	path   string
	body   string
}

func (b clerk) read(res *http.Response, err error) page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{b.t.T, res.StatusCode, res.Request.URL.RequestURI(), strings.ReplaceAll(html.UnescapeString(string(text)), "\u00a0", " ")}
}

func (b clerk) open(path string) page {
	b.t.Helper()
	res, err := b.Get(home + path)
	return b.read(res, err)
}

func (b clerk) send(path string, form url.Values) page {
	b.t.Helper()
	res, err := b.PostForm(home+path, form)
	return b.read(res, err)
}

func (p page) sees(status int, texts ...string) page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("%s: %d, want %d\n%s", p.path, p.status, status, p.main())
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			p.t.Errorf("%s does not show %q\n%s", p.path, text, p.main())
		}
	}
	return p
}

func (p page) never(texts ...string) page {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.main(), text) {
			p.t.Errorf("%s shows %q", p.path, text)
		}
	}
	return p
}

// main is the page without its frame, which names who is signed in.
func (p page) main() string {
	_, after, found := strings.Cut(p.body, "<main")
	if !found {
		return p.body
	}
	before, _, _ := strings.Cut(after, "</main>")
	return before
}

var versionField = regexp.MustCompile(`name="version" value="(\d+)"`)

// version is the hidden field of the form that decides.
func (p page) version() string {
	p.t.Helper()
	m := versionField.FindStringSubmatch(p.body)
	if m == nil {
		p.t.Fatalf("%s has no form to decide\n%s", p.path, p.main())
	}
	return m[1]
}
