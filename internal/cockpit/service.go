package cockpit

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/mandate"
)

//go:embed locale/*.json
var locale embed.FS

// Texts adds the module's texts.
func Texts(b *i18n.Bundle) error { return b.Add("cockpit", locale) }

// CaseRef is what a page says of a case: its file number, and the page on which the person goes on with it.
type CaseRef struct{ Number, Path string }

// Options are what the pages stand on.
type Options struct {
	DB          *db.DB
	Consent     *consent.Service
	Ledger      *ledger.Ledger
	Mandate     *mandate.Service
	Authorities *authority.Service

	Texts *i18n.Bundle
	// Translate gives a German sentence of a definition in another language, if one says it. It may be nil.
	Translate func(lang, german string) (string, bool)

	Base    string                                    // the address under which people reach the pages, without a slash at the end
	Policy  web.Policy                                // who may read the pages
	Account func(c *web.Call) (mandate.Account, bool) // who is signed in
	// Cases names cases of an account; those it does not know are missing. It may be nil.
	Cases func(ctx context.Context, account mandate.Account, ids []string) (map[string]CaseRef, error)
	// Keys are the raw public keys of the authorities, for evidence packs; Sources add other modules' files to them.
	Keys    func(ctx context.Context) (map[string][]byte, error)
	Sources []ledger.Source
}

// Service shows people their requests, grants and accesses. It may be used by several goroutines.
type Service struct {
	Options
	mu    sync.Mutex
	known map[mandate.Account]selfKnown
	names map[named]string
}

// New returns the service.
func New(o Options) *Service {
	return &Service{Options: o, known: map[mandate.Account]selfKnown{}, names: map[named]string{}}
}

// selfKnown is who the owner of an account is, as the register said a moment ago.
type selfKnown struct {
	subject ledger.Subject
	until   time.Time
}

// To ask the register who somebody is, is itself an access that the person sees. Leafing through one's own pages asks
// once in this time, not once a page.
const selfFor = 5 * time.Minute

const mostKnown = 10_000

// self returns the person behind an account.
func (s *Service) self(ctx context.Context, account mandate.Account) (ledger.Subject, error) {
	now := s.DB.Clock().Now()
	s.mu.Lock()
	k, ok := s.known[account]
	s.mu.Unlock()
	if ok && now.Before(k.until) {
		return k.subject, nil
	}
	subject, err := s.Mandate.Self(ctx, account)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= mostKnown {
		clear(s.known)
	}
	s.known[account] = selfKnown{subject, now.Add(selfFor)}
	return subject, nil
}

// View is whose data a page is about.
type View struct {
	Account mandate.Account
	Subject ledger.Subject
	Child   bool   // a child of the owner, not the owner
	Name    string // of the child, if it is known here
}

// actor is the account as grants and the ledger name it.
func (v View) actor() string { return v.Account.Actor() }

// view finds out whose data the account wants to see, and whether it may. Whoever it may not see is NotFound, like
// nobody. For a child that is asked each time.
func (s *Service) view(ctx context.Context, account mandate.Account, wish ledger.Subject) (View, error) {
	if wish != "" {
		if err := s.Mandate.May(ctx, account, wish); err != nil {
			return View{}, err
		}
	}
	self, err := s.self(ctx, account)
	if err != nil || wish == "" || wish == self {
		return View{Account: account, Subject: self}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return View{Account: account, Subject: wish, Child: true, Name: s.names[named{account, wish}]}, nil
}

// named is a child as one of the parents chose it.
type named struct {
	account mandate.Account
	child   ledger.Subject
}

// children lists the minor children of an account's owner. Their names are remembered for the pages that follow: to ask
// for a name each time would be an access to the whole family.
func (s *Service) children(ctx context.Context, account mandate.Account) ([]mandate.Person, error) {
	persons, err := s.Mandate.Persons(ctx, account)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.names) >= mostKnown {
		clear(s.names)
	}
	var list []mandate.Person
	for _, p := range persons {
		if p.Relation != mandate.Self && p.Allowed == mandate.Everything {
			list = append(list, p)
			s.names[named{account, p.Subject}] = p.Given
		}
	}
	return list, nil
}

// Waiting counts the questions an account has not answered, at most 100. It asks no register.
func (s *Service) Waiting(ctx context.Context, account mandate.Account) (int, error) {
	items, err := s.Consent.ForAccount(ctx, s.DB, account.Actor(), consent.ShowAsked, "", most)
	return len(items), err
}

const most = 100

// list returns a page of questions or grants, newest first: those about the person and, on one's own pages, those that
// this account answered for others. older is the cursor of the next page, empty if there is none.
func (s *Service) list(ctx context.Context, v View, f consent.Filter, before string, limit int) (items []consent.Item, older string, err error) {
	items, err = s.Consent.ForSubject(ctx, s.DB, v.Subject, f, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	if !v.Child {
		mine, err := s.Consent.ForAccount(ctx, s.DB, v.actor(), f, before, limit+1)
		if err != nil {
			return nil, "", err
		}
		items = merge(items, mine)
	}
	if len(items) > limit {
		items = items[:limit]
		older = items[limit-1].Cursor
	}
	return items, older, nil
}

// merge joins two lists, newest first, each item once.
func merge(a, b []consent.Item) []consent.Item {
	id := func(i consent.Item) string { return i.Grant.ID + "/" + i.Request.ID }
	at := func(i consent.Item) time.Time {
		if i.Grant.ID != "" {
			return i.Grant.GrantedAt
		}
		return i.Request.Asked
	}
	all := append(slices.Clone(a), b...)
	slices.SortStableFunc(all, func(x, y consent.Item) int {
		return cmp.Or(at(y).Compare(at(x)), cmp.Compare(id(y), id(x)))
	})
	return slices.CompactFunc(all, func(x, y consent.Item) bool { return id(x) == id(y) })
}

// Revoke ends a grant at once: one that the account gave, or one about the person it looks at. Any other is NotFound.
// When it returns nil, nothing is delivered on the grant any more.
func (s *Service) Revoke(ctx context.Context, account mandate.Account, wish ledger.Subject, grant string) error {
	v, err := s.view(ctx, account, wish)
	if err != nil {
		return err
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := s.Consent.Revoke(ctx, tx, v.actor(), grant)
		if fault.Is(err, fault.NotFound) {
			err = s.Consent.RevokeFor(ctx, tx, v.actor(), v.Subject, grant)
		}
		return err
	})
}

// Refuse answers a question with no, by the account that was asked. For any other the question does not exist.
func (s *Service) Refuse(ctx context.Context, account mandate.Account, request string) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.Consent.Refuse(ctx, tx, account.Actor(), request)
	})
}

const (
	stretch      = 200 // entries read at once
	mostSearched = 2000
)

// accesses returns entries of one group, newest first. older is where the next page begins, 0 if there is none. After
// mostSearched entries the search pauses, so that a page may be short, or empty, and still have an older one.
func (s *Service) accesses(ctx context.Context, v View, g Group, before int64, limit int) (list []ledger.Item, older int64, err error) {
	for searched := 0; searched < mostSearched; searched += stretch {
		items, err := s.Ledger.OfSubject(ctx, s.DB, v.Subject, before, stretch)
		if err != nil {
			return nil, 0, err
		}
		for _, i := range items {
			if g != Everything && groupOf(i, v.actor()) != g {
				before = i.SubjectSeq
				continue
			}
			if len(list) == limit {
				return list, before, nil
			}
			list, before = append(list, i), i.SubjectSeq
		}
		if len(items) < stretch {
			return list, 0, nil
		}
	}
	return list, before, nil
}

// newest returns the newest entries about a person, and whether those are all.
func (s *Service) newest(ctx context.Context, v View) ([]ledger.Item, bool, error) {
	items, err := s.Ledger.OfSubject(ctx, s.DB, v.Subject, 0, 2*stretch)
	return items, len(items) < 2*stretch, err
}

// Evidence returns the proofs for all entries about a person, for the browser.
func (s *Service) Evidence(ctx context.Context, v View) (ledger.Pack, error) {
	return s.Ledger.PackOf(ctx, v.Subject)
}

// EvidenceZip returns the evidence folder of a person, for `amtsweg ledger verify FILE`.
func (s *Service) EvidenceZip(ctx context.Context, v View) ([]byte, error) {
	authorities := map[string][]byte{}
	if s.Keys != nil {
		var err error
		if authorities, err = s.Keys(ctx); err != nil {
			return nil, fmt.Errorf("keys for evidence: %w", err)
		}
	}
	var b bytes.Buffer
	if err := s.Ledger.Zip(ctx, v.Subject, &b, authorities, s.Sources...); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// cases names the cases that a page speaks of.
func (s *Service) cases(ctx context.Context, account mandate.Account, ids []string) (map[string]CaseRef, error) {
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if s.Cases == nil || len(ids) == 0 {
		return map[string]CaseRef{}, nil
	}
	refs, err := s.Cases(ctx, account, ids)
	if err != nil {
		return nil, fmt.Errorf("names of cases: %w", err)
	}
	return refs, nil
}

// office is an authority with the names of its units.
type office struct {
	name, short string
	units       []authority.Unit
}

// unit names a unit by its key or by a duty it has; a name is left as it is.
func (o office) unit(key string) string {
	for _, u := range o.units {
		if u.Key == key || slices.Contains(u.Duties, key) {
			return u.Name
		}
	}
	return key
}

// offices looks up authorities. One that this node does not know keeps its key as its name.
func (s *Service) offices(ctx context.Context, list ...string) (map[string]office, error) {
	out := map[string]office{}
	for _, key := range list {
		if _, done := out[key]; done || key == "" || isAccount(key) {
			continue
		}
		a, err := s.Authorities.Get(ctx, authority.Key(key))
		if fault.Is(err, fault.NotFound) {
			out[key] = office{name: key, short: key}
			continue
		}
		if err != nil {
			return nil, err
		}
		units, err := s.Authorities.Units(ctx, a.Key)
		if err != nil {
			return nil, err
		}
		out[key] = office{a.Name, a.Short, units}
	}
	return out, nil
}
