package demo

import (
	"context"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations creates the mark of a demo database and what demo logins need. They run in every database, so that the
// mark can be asked for; in a live one the tables stay empty.
var Migrations = db.Migrations{Module: "demo", Files: migrations}

//go:embed locale/*.json
var locale embed.FS

// Texts adds the package's texts.
func Texts(b *i18n.Bundle) error { return b.Add("demo", locale) }

// Mark makes a database a demo database. One in which an authority lives already is not made one: Conflict.
func Mark(ctx context.Context, d *db.DB, authorities *authority.Service) error {
	list, err := authorities.List(ctx)
	if err != nil {
		return err
	}
	return d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		is, err := marked(ctx, tx)
		if err != nil || is {
			return err
		}
		if len(list) > 0 {
			return fault.New(fault.Conflict, "demo.error.live")
		}
		return insertMark(ctx, tx)
	})
}

// Marked reports whether a database was created for a demonstration.
func Marked(ctx context.Context, d *db.DB) (bool, error) { return marked(ctx, d) }

// Card is the identity card of somebody in the made-up world.
type Card struct {
	Key           string // names the person on the page: "mover"
	Family, Given string
	Birth         clock.Date
	Address       authority.Address // zero: the card carries none
	Try           map[string]string // by language: what this person is good for trying
}

// LoginOptions configure the demo logins.
type LoginOptions struct {
	DB          *db.DB
	Keys        *keys.Ring
	Staff       *access.Service
	Authorities *authority.Service
	Cards       func(ctx context.Context) ([]Card, error) // the people to choose from
}

// Login is the eID simulator and the login of staff. It serves identity as its EIDService and takes the same way as a
// real one: the browser comes, shows a card and goes back with a handle.
type Login struct {
	LoginOptions
	pseudonyms keys.MAC
}

var _ identity.EIDService = (*Login)(nil)

// NewLogin returns the demo logins of a demo database; for any other it is Forbidden. It makes its key if there is none,
// so it must not be called inside db.Do.
func NewLogin(ctx context.Context, o LoginOptions) (*Login, error) {
	is, err := Marked(ctx, o.DB)
	if err != nil {
		return nil, err
	}
	if !is {
		return nil, fault.New(fault.Forbidden, "demo.error.not_demo")
	}
	pseudonyms, err := o.Keys.MAC(ctx, keys.Node, "demo eid pseudonym")
	if err != nil {
		return nil, fmt.Errorf("key of the eID simulator: %w", err)
	}
	return &Login{LoginOptions: o, pseudonyms: pseudonyms}, nil
}

const (
	eidPath    = "/demo/eid"
	handleTime = 5 * time.Minute
)

// Begin sends the browser to the simulator's page.
func (l *Login) Begin(_ context.Context, state string) (string, error) {
	return eidPath + "?" + url.Values{"state": {state}}.Encode(), nil
}

// Assert is what the simulator says about a card: level high, and always the same pseudonym for the same names and
// birthday.
func (l *Login) Assert(c Card) (identity.Assertion, error) {
	person := strings.Join([]string{authority.Fold(c.Family), authority.Fold(c.Given), c.Birth.String()}, "\x00")
	sum, err := l.pseudonyms.Sum([]byte(person))
	if err != nil {
		return identity.Assertion{}, fmt.Errorf("pseudonym: %w", err)
	}
	return identity.Assertion{
		Family: c.Family, Given: c.Given, Birth: c.Birth, Address: c.Address.String(),
		Pseudonym: "demo-" + base64.RawURLEncoding.EncodeToString(sum), Level: web.High,
	}, nil
}

// show keeps what a card asserts until it is fetched, and returns the handle to fetch it by.
func (l *Login) show(ctx context.Context, c Card, state string) (string, error) {
	a, err := l.Assert(c)
	if err != nil {
		return "", err
	}
	handle := ident.Token()
	err = l.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		return insertShown(ctx, tx, handle, shown{a, state}, tx.Now().Add(handleTime))
	})
	return handle, err
}

// shown is a card that somebody showed, and the login it was shown for.
type shown struct {
	card  identity.Assertion
	state string
}

// Finish hands out what a card asserted, once and within five minutes; otherwise it is Gone.
func (l *Login) Finish(ctx context.Context, handle string) (identity.Assertion, string, error) {
	var s shown
	err := l.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		s, err = takeShown(ctx, tx, handle)
		return err
	})
	if errors.Is(err, db.ErrNone) {
		return identity.Assertion{}, "", fault.New(fault.Gone, "demo.error.handle")
	}
	return s.card, s.state, err
}

// card returns one of the people to choose from; anybody else is NotFound.
func (l *Login) card(ctx context.Context, key string) (Card, error) {
	cards, err := l.Cards(ctx)
	if err != nil {
		return Card{}, err
	}
	for _, c := range cards {
		if c.Key == key {
			return c, nil
		}
	}
	return Card{}, fault.New(fault.NotFound, "demo.error.card")
}
