package mandate

import (
	"context"
	"embed"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

//go:embed locale/*.json
var locale embed.FS

// Texts adds the module's texts.
func Texts(b *i18n.Bundle) error { return b.Add("mandate", locale) }

// Service answers for whom an account may act. It asks in transactions of its own, so it must not be called inside db.Do.
type Service struct {
	db       *db.DB
	accounts *identity.Service
	links    *register.Links
}

// New returns the service.
func New(d *db.DB, accounts *identity.Service, links *register.Links) *Service {
	return &Service{db: d, accounts: accounts, links: links}
}

// Self returns who the owner of an account is in the registers of this node. Nobody of that name and birthday is Conflict
// "mandate.error.not_found"; several whom the address on the card does not tell apart are Conflict
// "mandate.error.ambiguous".
func (s *Service) Self(ctx context.Context, account identity.AccountID) (ledger.Subject, error) {
	a, err := s.accounts.Assertion(ctx, s.db, account)
	if err != nil {
		return "", err
	}
	return s.find(ctx, account, a)
}

// find asks the register by what the card says. A card keeps its old address for a while after a move, so the address
// only tells people of the same name and birthday apart.
func (s *Service) find(ctx context.Context, account identity.AccountID, a identity.Assertion) (ledger.Subject, error) {
	who := register.Identity{Family: a.Family, Given: a.Given, Birth: a.Birth}
	if home := who.Home; home.UnmarshalText([]byte(a.Address)) == nil { // one written abroad tells nobody apart
		who.Home = home
	}
	subject, err := s.links.Self(ctx, who, cause(account))
	switch fault.CodeOf(err) {
	case register.CodeNotFound:
		return "", fault.Wrap(fault.Conflict, "mandate.error.not_found", err)
	case register.CodeAmbiguous:
		return "", fault.Wrap(fault.Conflict, "mandate.error.ambiguous", err)
	}
	return subject, err
}

// cause says who asks; purpose and law are the register's own words.
func cause(account identity.AccountID) register.Cause { return register.Cause{Actor: account.Actor()} }

// Persons returns for whom an account may act: its owner first, then spouse and own minor children who are registered
// together with them. Who has an information block is not among them. Errors are those of Self.
func (s *Service) Persons(ctx context.Context, account identity.AccountID) ([]Person, error) {
	a, err := s.accounts.Assertion(ctx, s.db, account)
	if err != nil {
		return nil, err
	}
	self, err := s.find(ctx, account, a)
	if err != nil {
		return nil, err
	}
	family, err := s.links.Family(ctx, self, cause(account))
	if err != nil {
		return nil, err
	}
	persons := []Person{{Subject: self, Relation: Self, Family: a.Family, Given: a.Given, Birth: a.Birth, Allowed: Self.scope()}}
	for _, f := range family {
		relation := relationOf(f.Kin == register.Spouse)
		persons = append(persons, Person{
			Subject: f.Subject, Relation: relation, Family: f.Family, Given: register.AllNames(f.Given), Birth: f.Birth, Allowed: relation.scope(),
		})
	}
	return persons, nil
}

func relationOf(spouse bool) Relation {
	if spouse {
		return Spouse
	}
	return Child
}

// May reports nil if an account may see and do everything for a person: for its owner and the owner's minor children.
// For anybody else, the spouse too, the person is NotFound, whether they exist or not. Other errors are those of Self.
func (s *Service) May(ctx context.Context, account identity.AccountID, subject ledger.Subject) error {
	return s.may(ctx, account, subject, Everything)
}

// MayRegister reports nil if an account may register the move of a person in the family's form: May, and the spouse.
func (s *Service) MayRegister(ctx context.Context, account identity.AccountID, subject ledger.Subject) error {
	return s.may(ctx, account, subject, Registration)
}

func (s *Service) may(ctx context.Context, account identity.AccountID, subject ledger.Subject, scope Scope) error {
	self, err := s.Self(ctx, account)
	if err != nil || self == subject {
		return err
	}
	kin, related, err := s.links.Is(ctx, self, subject, cause(account))
	if err != nil {
		return err
	}
	if !related || (scope == Everything && kin != register.Child) {
		return fault.New(fault.NotFound, "mandate.error.not_yours")
	}
	return nil
}
