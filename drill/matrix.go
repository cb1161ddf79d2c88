package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/drill/town"
	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/demo"
)

// role is somebody at a browser.
type role struct {
	name    string
	actor   string // empty: nobody is signed in
	level   web.Level
	roles   []access.Role // of staff
	cookies []*http.Cookie
}

func (r role) citizen() bool { return strings.HasPrefix(r.actor, "account:") }

// declared says whom a policy lets in, by its name. A route whose policy is not written down here fails the drill.
var declared = map[string]func(r role) bool{
	"public":                 func(role) bool { return true },
	"machine":                func(role) bool { return true }, // the drill calls from this machine
	"signed in":              func(r role) bool { return r.citizen() },
	"level high":             func(r role) bool { return r.citizen() && r.level >= web.High },
	"staff in role clerk":    func(r role) bool { return slices.Contains(r.roles, access.ClerkRole) },
	"staff in role privacy":  func(r role) bool { return slices.Contains(r.roles, access.PrivacyRole) },
	"staff in role operator": func(r role) bool { return slices.Contains(r.roles, access.OperatorRole) },
}

// thing is what a path names: one per owner.
type thing struct{ own, foreign map[string]string }

// crossing is D15: every route of the product with every role.
type crossing struct {
	*town.Town
	verdict
	cells, compared int
	owner           string
	things          thing
}

const signIn = "/drill/sign-in"

// matrix is D15. Whoever a policy does not let in gets no page; whoever it lets in does; and what belongs to somebody else,
// another person or another authority, answers exactly like what does not exist.
func matrix(ctx context.Context, t trial) (v verdict, err error) {
	n, err := town.Open(ctx, town.Options{Dir: t.dir, URL: t.url})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	x := &crossing{Town: n}
	routes := n.Web.Routes()
	n.Web.Handle("POST", signIn, web.Public, func(c *web.Call) error { // the drill's own way in, for any level
		var level web.Level
		for _, l := range []web.Level{web.Normal, web.Substantial, web.High} {
			if c.Query("level") == l.String() {
				level = l
			}
		}
		if err := c.SignIn(c.Query("actor"), level); err != nil {
			return err
		}
		return c.Bytes("text/plain", []byte("ok"))
	})
	roles, err := x.people(ctx, t.seed)
	if err != nil {
		return v, err
	}
	for _, r := range routes {
		if err := x.cross(r, roles); err != nil {
			return v, err
		}
	}
	x.Figures = fmt.Sprintf("%d routes, %d roles: %d cells, %d of them with somebody else's beside a missing one; %d deviate", len(routes), len(roles), x.cells, x.compared, x.Count)
	return x.verdict, nil
}

// deputies are two privacy officers who stand in for a clerk: one today, one until yesterday.
func (x *crossing) deputies(ctx context.Context) ([]role, error) {
	clerks, err := x.Access.List(ctx, demo.NewTown)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(clerks, func(s access.Staff) bool { return s.Has(access.ClerkRole) })
	if at < 0 {
		return nil, errors.New("the town has no clerk")
	}
	own := []access.Role{access.PrivacyRole}
	today := clock.DateOf(x.DB.Clock().Now())
	var out []role
	for _, d := range []struct {
		when        string
		first, last clock.Date
		roles       []access.Role
	}{
		{"today", today, today, []access.Role{access.PrivacyRole, access.ClerkRole}},
		{"until yesterday", today.AddDays(-7), today.AddDays(-1), own},
	} {
		list, err := x.Access.Appoint(ctx, "drill", "drill", access.Staff{Authority: demo.NewTown, Unit: clerks[at].Unit, Name: "Vertretung " + d.when, Roles: own})
		if err != nil {
			return nil, err
		}
		if err := x.Access.Deputize(ctx, "drill", "drill", clerks[at].ID, list[0].ID, d.first, d.last); err != nil {
			return nil, err
		}
		out = append(out, role{name: "a clerk's deputy " + d.when + " of " + string(demo.NewTown), actor: list[0].ID.Actor(), level: web.High, roles: d.roles})
	}
	return out, nil
}

// people makes everybody there is: nobody, the owner of things at each level, another citizen, staff of each role here and
// in the other town. Everything is made twice, for the owner and for a stranger.
func (x *crossing) people(ctx context.Context, seed uint64) ([]role, error) {
	movers, err := x.Settle(ctx, 2, seed)
	if err != nil {
		return nil, err
	}
	var ids [2]map[string]string
	for i, m := range movers {
		if ids[i], err = x.belongings(ctx, m); err != nil {
			return nil, err
		}
	}
	x.things = thing{own: ids[0], foreign: ids[1]}
	x.owner = movers[0].Account
	roles := []role{{name: "nobody"}}
	for _, l := range []web.Level{web.Normal, web.Substantial, web.High} {
		roles = append(roles, role{name: "the owner at level " + l.String(), actor: movers[0].Account, level: l})
	}
	for _, of := range []string{string(demo.NewTown), string(demo.OldTown)} {
		staff, err := x.Access.All(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range staff {
			if string(s.Authority) == of {
				roles = append(roles, role{name: fmt.Sprintf("%v of %s", s.Roles, of), actor: s.ID.Actor(), level: web.High, roles: s.Roles})
			}
		}
	}
	deputies, err := x.deputies(ctx)
	if err != nil {
		return nil, err
	}
	roles = append(roles, deputies...)
	for i := range roles {
		if roles[i].actor == "" {
			continue
		}
		a := x.send("POST", signIn+"?"+url.Values{"actor": {roles[i].actor}, "level": {roles[i].level.String()}}.Encode(), nil)
		if a.Code != http.StatusOK {
			return nil, fmt.Errorf("signing in %s: %d", roles[i].name, a.Code)
		}
		roles[i].cookies = a.Result().Cookies() //nolint:bodyclose // a recorder's body
	}
	return roles, nil
}

// belongings brings a household's whole move and a second, open case of another kind of thing, and names what it owns by the
// names that paths use.
func (x *crossing) belongings(ctx context.Context, m town.Mover) (map[string]string, error) {
	c, err := x.UpTo(ctx, m, "release")
	if err != nil {
		return nil, err
	}
	own := map[string]string{"case": c.ID, "stage": c.Stage}
	scan := func(name, text string) {
		if err == nil {
			own[name], err = db.One(ctx, x.DB, db.Scalar[string], text, m.Account)
		}
	}
	scan("request", "SELECT request_id FROM consent_request WHERE actor = ? AND state = 'open' ORDER BY asked LIMIT 1")
	if _, err := x.Release(ctx, c); err != nil {
		return nil, err
	}
	scan("grant", "SELECT g.grant_id FROM consent_grant g JOIN consent_request r ON r.request_id = g.request_id WHERE r.actor = ? ORDER BY g.granted LIMIT 1")
	c, err = x.Procedure.Case(ctx, m.Account, c.ID)
	if err != nil {
		return nil, err
	}
	form, err := x.Applying(ctx, m, c)
	if err == nil {
		c, err = x.Fill(ctx, c, "apply", form)
	}
	if err == nil && c.Stage == "family" {
		c, err = x.Town.Release(ctx, c)
	}
	if err == nil {
		_, err = x.Fill(ctx, c, "confirm", town.Confirming())
	}
	if err != nil {
		return nil, err
	}
	if err = x.Jobs.Drain(ctx); err != nil {
		return nil, err
	}
	scan("message", "SELECT id FROM delivery_message WHERE 'account:' || account = ? ORDER BY created LIMIT 1")
	scan("letter", "SELECT letter FROM delivery_letter WHERE 'account:' || account = ? LIMIT 1")
	own["file"] = "bescheid.html"
	own["passkey"] = ident.New() // nobody has one: the same as missing
	return own, err
}

var marks = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// at fills a path with somebody's things; what nobody owns stays a name that does not exist.
func at(path string, things map[string]string) (filled string, names []string) {
	filled = marks.ReplaceAllStringFunc(path, func(mark string) string {
		name := strings.Trim(mark, "{}.")
		if value := things[name]; value != "" {
			if name != "stage" && name != "file" {
				names = append(names, name)
			}
			return value
		}
		return "gibt-es-nicht"
	})
	return filled, names
}

func (x *crossing) cross(r web.Route, roles []role) error {
	lets := declared[r.Policy]
	if lets == nil {
		x.found("%s %s declares the policy %q, which nobody has described", r.Method, r.Path, r.Policy)
		return nil
	}
	if r.Path == "/abmelden" || r.Path == "/konto/ueberall-abmelden" { // they end the sessions of this drill
		return nil
	}
	missing := map[string]string{"stage": x.things.own["stage"], "file": x.things.own["file"]}
	for name := range x.things.own {
		if missing[name] == "" {
			missing[name] = ident.New()
		}
	}
	own, names := at(r.Path, x.things.own)
	foreign, _ := at(r.Path, x.things.foreign)
	none, _ := at(r.Path, missing)
	for _, who := range roles {
		for _, path := range []string{own, foreign} {
			x.cells++
			a := x.send(r.Method, path, who.cookies)
			x.judge(r, who, path, a, lets(who))
			if len(names) == 0 {
				break
			}
		}
		if len(names) == 0 || !lets(who) || r.Policy == "public" || (strings.HasPrefix(r.Policy, "staff") && strings.HasSuffix(who.name, "of "+string(demo.NewTown))) {
			continue
		}
		x.compared++
		got, want := x.send(r.Method, foreign, who.cookies), x.send(r.Method, none, who.cookies)
		if got.Code != want.Code || x.same(got, foreign) != x.same(want, none) {
			x.found("%s %s tells %s that somebody else's is there: %d, and %d for one that is missing", r.Method, r.Path, who.name, got.Code, want.Code)
		}
		if got.Code < 400 && !strings.HasPrefix(got.Header().Get("Location"), "/anmelden") {
			x.found("%s %s opens somebody else's to %s: %d", r.Method, r.Path, who.name, got.Code)
		}
	}
	return nil
}

// judge holds an answer against the policy.
func (x *crossing) judge(r web.Route, who role, path string, a *httptest.ResponseRecorder, let bool) {
	turnedAway := a.Code == http.StatusUnauthorized || a.Code == http.StatusForbidden || a.Code == http.StatusNotFound ||
		(a.Code == http.StatusSeeOther && strings.HasPrefix(a.Header().Get("Location"), web.Login))
	switch {
	case a.Code >= 500:
		x.found("%s %s fails for %s: %d", r.Method, r.Path, who.name, a.Code)
	case !let && !turnedAway:
		x.found("%s %s lets %s in: %d", r.Method, r.Path, who.name, a.Code)
	case let && (a.Code == http.StatusUnauthorized || a.Code == http.StatusForbidden) && !strings.HasPrefix(r.Policy, "staff") && !r.FromAnySite: // there the signed document decides
		x.found("%s %s turns %s away: %d", r.Method, path, who.name, a.Code)
	case let && r.Method == http.MethodGet && !strings.Contains(r.Path, "{") && a.Code == http.StatusNotFound:
		x.found("%s %s is not there for %s", r.Method, r.Path, who.name)
	}
}

var numbers = regexp.MustCompile(`[0-9a-z]{26}|[0-9a-f]{8,}`)

// same is an answer without what differs in every answer: its own path, the request's number.
func (x *crossing) same(a *httptest.ResponseRecorder, path string) string {
	return numbers.ReplaceAllString(strings.ReplaceAll(a.Header().Get("Location")+a.Body.String(), path, ""), "")
}

func (x *crossing) send(method, path string, cookies []*http.Cookie) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "http://localhost:8080"+path, strings.NewReader(""))
	req.RemoteAddr = "127.0.0.1:40000"
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	w := httptest.NewRecorder()
	x.Web.ServeHTTP(w, req)
	return w
}
