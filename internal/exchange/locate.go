package exchange

import (
	"context"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Locate asks the pointer index which authority keeps a register about each of the people, of one kind of evidence and no
// other. It learns where something lies and never what; people of whom nobody announced it are missing. With more than one
// holder the first announced counts.
func (s *Service) Locate(ctx context.Context, kind string, subjects ...ledger.Subject) (map[ledger.Subject]authority.Key, error) {
	pointers, err := s.Registers.Evidence.Where(ctx, s.DB, subjects, kind)
	if err != nil {
		return nil, fmt.Errorf("pointers to %s: %w", kind, err)
	}
	out := make(map[ledger.Subject]authority.Key, len(pointers))
	for subject, list := range pointers {
		if len(list) > 0 {
			out[subject] = list[0].Authority
		}
	}
	return out, nil
}
