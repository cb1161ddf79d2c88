package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/event"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/mail"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/cockpit"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/delivery"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/desk"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/letter"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
	"github.com/amtsweg/amtsweg/internal/mandate"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/register"
	"github.com/amtsweg/amtsweg/services"
)

// Options say how a node is opened.
type Options struct {
	Config config.Config
	Demo   bool               // mark a fresh database as a demo database and build the made-up world
	Base   string             // public address; empty: from the settings
	More   []*catalog.Edition // that may run beside the shipped ones, in a demonstration: those of yardsticks
	Clock  clock.Clock        // default: the machine's
	Log    *slog.Logger
}

// Node is one installation: a database and everything that stands on it.
type Node struct {
	Options
	DB          *db.DB
	Keys        *keys.Ring
	Jobs        *job.Queue
	Events      *event.Bus
	Texts       *i18n.Bundle
	Ledger      *ledger.Ledger
	Authorities *authority.Service
	Registers   *register.Service
	Identity    *identity.Service
	Access      *access.Service
	Mandates    *mandate.Service
	Consent     *consent.Service
	Exchange    *exchange.Service
	Letters     *letter.Service
	Delivery    *delivery.Service
	Procedure   *procedure.Service
	LifeEvents  *lifeevent.Service
	Cockpit     *cockpit.Service
	Web         *web.Server
	World       *demo.World // in a demo database
	shipped     []*catalog.Edition
	mails       *mail.Box
	logins      *demo.Login
}

// migrations are all tables, in the order of the table of modules in docs/architecture.md.
var migrations = []db.Migrations{
	keys.Migrations, job.Migrations, mail.Migrations, web.Migrations, ledger.Migrations, authority.Migrations, identity.Migrations, access.Migrations,
	register.Migrations, consent.Migrations, exchange.Migrations, delivery.Migrations, letter.Migrations, procedure.Migrations, lifeevent.Migrations, demo.Migrations,
}

// Open opens the database, brings its tables up to date and wires the modules. Close it when done.
func Open(ctx context.Context, o Options) (n *Node, err error) {
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Base == "" {
		o.Base = o.Config.BaseURL(o.Config.Listen)
	}
	n = &Node{Options: o}
	if n.DB, err = db.Open(ctx, o.Config.DatabaseURL(), db.Options{Clock: o.Clock, Log: o.Log}); err != nil {
		return nil, err
	}
	if err := n.wire(ctx); err != nil {
		return nil, errors.Join(err, n.DB.Close())
	}
	return n, nil
}

// Close closes the database. Nothing acknowledged is lost.
func (n *Node) Close() error { return n.DB.Close() }

func (n *Node) wire(ctx context.Context) error {
	if err := n.prepare(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{n.base, n.trust, n.world, n.people, n.pages} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// prepare brings the tables up to date and meanwhile reads what comes with the program.
func (n *Node) prepare(ctx context.Context) error {
	var read sync.WaitGroup
	var worded, compiled error
	read.Go(func() { n.Texts, worded = Texts() })
	read.Go(func() { n.shipped, compiled = Shipped() })
	migrated := n.DB.Migrate(ctx, migrations...)
	read.Wait()
	return errors.Join(migrated, worded, compiled)
}

// base is what everything stands on.
func (n *Node) base(ctx context.Context) (err error) {
	if n.Keys, err = keys.Open(ctx, n.DB, n.Config.KeyFile()); err != nil {
		return err
	}
	n.Jobs = job.New(n.DB, n.Log)
	n.Events = event.New(n.Jobs)
	n.Ledger, err = ledger.New(ctx, n.DB, n.Keys, ledger.Options{
		Name: "amtsweg.example/" + n.Config.Node, HeadFile: filepath.Join(n.Config.Folder(), "ledger.head"), Log: n.Log, Jobs: n.Jobs,
	})
	return err
}

// trust is who is who and who may see what.
func (n *Node) trust(ctx context.Context) (err error) {
	n.Authorities = authority.New(n.DB, n.Ledger)
	n.Access = access.New(n.DB, n.Ledger, n.Authorities)
	if n.Registers, err = register.New(ctx, n.DB, n.Keys, n.Ledger); err != nil {
		return err
	}
	if n.Consent, err = consent.New(ctx, n.DB, n.Ledger, n.Events, n.Keys); err != nil {
		return err
	}
	n.Exchange = exchange.New(exchange.Deps{
		DB: n.DB, Ledger: n.Ledger, Registers: n.Registers, Consent: n.Consent, May: n.may, Keys: n.Keys, Jobs: n.Jobs, Events: n.Events,
	})
	n.Exchange.AddSource(exchange.Confirmations, exchange.LandlordSource(n.Registers.Landlords))
	return nil
}

// world builds the demo world in a database that is, or becomes, a demo database.
func (n *Node) world(ctx context.Context) error {
	if n.Options.Demo {
		if err := demo.Mark(ctx, n.DB, n.Authorities); err != nil {
			return err
		}
	}
	is, err := demo.Marked(ctx, n.DB)
	if err != nil || !is {
		return err
	}
	n.Options.Demo = true
	n.World, err = demo.BuildWorld(ctx, demo.WorldServices{DB: n.DB, Authorities: n.Authorities, Registers: n.Registers})
	if err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if err := n.World.AppointStaff(ctx, n.Access); err != nil {
		return err
	}
	n.logins, err = demo.NewLogin(ctx, demo.LoginOptions{
		DB: n.DB, Keys: n.Keys, Staff: n.Access, Authorities: n.Authorities, Cards: n.World.Cards,
	})
	return err
}

// people are the accounts, and whom they may act for.
func (n *Node) people(ctx context.Context) (err error) {
	o := identity.Options{DB: n.DB, Keys: n.Keys, PublicURL: n.Base, Name: "Amtsweg"}
	if n.logins != nil {
		o.EID, o.Desk = n.logins, demo.Desk
	}
	if n.Identity, err = identity.New(ctx, o); err != nil {
		return err
	}
	n.Mandates = mandate.New(n.DB, n.Identity, n.Registers.Links)
	sender, err := n.sender()
	if err != nil {
		return err
	}
	n.Letters = letter.New(n.DB, n.Keys, n.Authorities, n.Base)
	n.Delivery = delivery.New(delivery.Options{
		DB: n.DB, Ledger: n.Ledger, Authorities: n.Authorities, Letters: n.Letters, Mail: mail.NewQueue(n.Jobs, sender), Texts: n.Texts, Base: n.Base,
	})
	n.Procedure, err = procedure.New(procedure.Deps{
		DB: n.DB, Jobs: n.Jobs, Events: n.Events, Keys: n.Keys, Ledger: n.Ledger, Authorities: n.Authorities, Registers: n.Registers,
		Mandates: acting{n.Mandates}, Consent: n.Consent, Exchange: n.Exchange, Letters: n.Letters, Delivery: n.Delivery, Texts: n.Texts,
		Editions: n.editions(), Live: !n.Options.Demo,
	})
	if err != nil {
		return err
	}
	n.LifeEvents, err = lifeevent.New(ctx, n.DB, n.Keys, n.Ledger, n.Authorities)
	return err
}

// sender is where e-mail goes: in a demonstration onto a page, otherwise to the relay of the settings, if there is one.
func (n *Node) sender() (mail.Sender, error) {
	if n.Options.Demo {
		n.mails = mail.NewBox(n.DB)
		return n.mails, nil
	}
	if n.Config.SMTP.Host == "" {
		return nil, nil
	}
	return mail.SMTP(n.Config.SMTP)
}

// acting knows accounts by the names that sessions and the ledger use.
type acting struct{ *mandate.Service }

func accountID(actor string) identity.AccountID {
	return identity.AccountID(strings.TrimPrefix(actor, "account:"))
}

func (a acting) Persons(ctx context.Context, account string) ([]mandate.Person, error) {
	return a.Service.Persons(ctx, accountID(account))
}

func (n *Node) may(ctx context.Context, account string, subject ledger.Subject, family bool) error {
	if family {
		return n.Mandates.MayRegister(ctx, accountID(account), subject)
	}
	return n.Mandates.May(ctx, accountID(account), subject)
}

// editions are the shipped definitions that may run here: what is made up has no place among real people. A permission to
// decide by machine that is made up does no harm there, because a person then decides (catalog.Edition.Decide).
func (n *Node) editions() []*catalog.Edition {
	if n.Options.Demo {
		return append(slices.Clone(n.shipped), n.Options.More...)
	}
	var sound []*catalog.Edition
	for _, ed := range n.shipped {
		if marked := ed.Marked(); len(marked) > 0 {
			n.Log.Warn("definition holds made-up values and is not offered in a live database", "service", ed.Service, "values", strings.Join(marked, " "))
			continue
		}
		sound = append(sound, ed)
	}
	return sound
}

// Shipped compiles the definitions that come with the program.
func Shipped() ([]*catalog.Edition, error) {
	names, err := fs.Glob(services.Files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var out []*catalog.Edition
	for _, name := range names {
		if strings.HasSuffix(name, ".en.yaml") {
			continue
		}
		ed, problems := catalog.Load(services.Files, name)
		if ed == nil {
			return nil, fmt.Errorf("definition %s: %v", name, problems)
		}
		out = append(out, ed)
	}
	return out, nil
}

// Texts are the words of all modules.
func Texts() (*i18n.Bundle, error) {
	b := i18n.New()
	for module, files := range map[string]fs.FS{
		"db": db.Texts, "job": job.Texts, "config": config.Texts, "ledger": ledger.Texts, "authority": authority.Texts,
		"register": register.Texts, "consent": consent.Texts, "exchange": exchange.Texts, "letter": letter.Texts, "delivery": delivery.Texts,
		"catalog": catalog.Texts,
	} {
		if err := b.Add(module, files); err != nil {
			return nil, err
		}
	}
	for _, add := range []func(*i18n.Bundle) error{access.Texts, identity.Texts, mandate.Texts, cockpit.Texts, procedure.Texts, desk.Texts, lifeevent.Texts, demo.Texts} {
		if err := add(b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// ready reports whether this process can serve: the database takes writes and the ledger is whole.
func (n *Node) ready(ctx context.Context) error {
	if err := n.DB.Alive(ctx); err != nil {
		return err
	}
	return n.Ledger.Health()
}

// Run serves until ctx ends, then stops in order: no new requests, then jobs, then the sequencer.
func (n *Node) Run(ctx context.Context, ln net.Listener) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var behind sync.WaitGroup
	for _, run := range []func(context.Context) error{n.Jobs.Run, n.Ledger.Run, n.Consent.Run, n.keepHouse} {
		behind.Go(func() {
			if err := run(work); err != nil && work.Err() == nil {
				n.Log.Error("a background task ended", "error", err.Error())
			}
		})
	}
	err := n.Web.Run(ctx, ln)
	stop()
	behind.Wait()
	return err
}

// Assert is what the eID simulator says about a card of the made-up world, for tests and drills.
func (n *Node) Assert(c demo.Card) (identity.Assertion, error) { return n.logins.Assert(c) }
