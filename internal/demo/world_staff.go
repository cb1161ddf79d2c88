package demo

import (
	"context"

	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/authority"
)

// AppointStaff lets somebody work in the offices of both towns, once.
func (w *World) AppointStaff(ctx context.Context, s *access.Service) error {
	there, err := s.All(ctx)
	if err != nil || len(there) > 0 {
		return err
	}
	clerk := func(town authority.Key, name string, roles ...access.Role) access.Staff {
		return access.Staff{Authority: town, Unit: "buergeramt", Name: name, Roles: roles}
	}
	_, err = s.Appoint(ctx, "demo", "Vorführung: erfundene Beschäftigte",
		clerk(NewTown, "Miriam Osei", access.ClerkRole), clerk(NewTown, "Jonas Petersen", access.ClerkRole),
		clerk(NewTown, "Friederike Lang", access.PrivacyRole), clerk(NewTown, "Tarek Aydın", access.OperatorRole),
		clerk(OldTown, "Ute Brandt", access.ClerkRole))
	return err
}
