package access

import (
	"context"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

// Clerk lets those in who work on cases somewhere; which cases, Staff.As says.
func (s *Service) Clerk() web.Policy { return s.inRole(ClerkRole) }

// Privacy lets data-protection officers in.
func (s *Service) Privacy() web.Policy { return s.inRole(PrivacyRole) }

// Operator lets those in who keep the machines.
func (s *Service) Operator() web.Policy { return s.inRole(OperatorRole) }

func (s *Service) inRole(r Role) web.Policy {
	return web.Policy{Name: "staff in role " + string(r), Allow: func(c *web.Call) error {
		p, err := s.signedIn(c)
		if err != nil {
			return err
		}
		if !p.Has(r) {
			return fault.New(fault.Forbidden, "access.error.role")
		}
		c.R = c.R.WithContext(context.WithValue(c.Context(), staffKey{}, p))
		return nil
	}}
}

type staffKey struct{}

// Of returns who calls, on a route that declares a policy of this package. Elsewhere it is nobody, who has no duties.
func Of(c *web.Call) Staff {
	p, _ := c.Context().Value(staffKey{}).(Staff)
	return p
}

// signedIn returns the staff member behind the session.
func (s *Service) signedIn(c *web.Call) (Staff, error) {
	id, staff := Actor(c.Session())
	if !staff {
		return Staff{}, fault.New(fault.Unauthenticated, "access.error.sign_in")
	}
	p, err := s.Staff(c.Context(), id)
	if fault.Is(err, fault.NotFound) {
		return Staff{}, fault.New(fault.Unauthenticated, "access.error.sign_in")
	}
	return p, err
}

// Who tells the layout who works at the screen: unit and role. It is for web.Server.Who, for sessions of staff.
func (s *Service) Who(c *web.Call) (web.Acting, error) {
	p, err := s.signedIn(c)
	if err != nil {
		return web.Acting{}, err
	}
	units, err := s.authorities.Units(c.Context(), p.Authority)
	if err != nil {
		return web.Acting{}, err
	}
	acting := web.Acting{Name: p.Name, Role: p.Unit}
	for _, u := range units {
		if u.Key == p.Unit {
			acting.Role = u.Name
		}
	}
	acting.Role += ", " + c.T(RoleText(p.Roles[0]))
	return acting, nil
}

// RoleText returns the key of a role's name.
func RoleText(r Role) string {
	switch r {
	case PrivacyRole:
		return "access.role.privacy"
	case OperatorRole:
		return "access.role.operator"
	}
	return "access.role.clerk"
}
