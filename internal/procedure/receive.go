package procedure

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/register"
)

// reported is what a back-notice says about the new home (§ 33 Abs. 1 BMG).
type reported struct {
	NewHome authority.Address `json:"new_home"`
	MoveIn  clock.Date        `json:"move_in"`
	Kind    register.HomeKind `json:"kind"`
}

// compared are the groups of a back-notice that the old town compares with its own record.
var compared = []string{
	"family_name", "former_names", "given_names", "doctorate", "other_name", "birth", "sex", "tax_id", "nationalities", "religion", "family_status",
}

// takeNote enters a back-notice into the old town's register and answers which groups differ (§ 33 Abs. 2 BMG).
func (s *Service) takeNote(ctx context.Context, in exchange.Inbound) (exchange.Taking, error) {
	var news reported
	if err := json.Unmarshal(in.Values, &news); err != nil {
		return nil, fault.Wrap(fault.Invalid, "procedure.error.notice", err)
	}
	var all register.Values
	if err := json.Unmarshal(in.Values, &all); err != nil {
		return nil, fault.Wrap(fault.Invalid, "procedure.error.notice", err)
	}
	values := register.Values{}
	for _, name := range compared {
		if v, ok := all[name]; ok {
			values[name] = v
		}
	}
	p, err := s.Registers.PlanMoveOut(ctx, register.MoveOut{
		Authority: in.To, Case: in.ID, Day: news.MoveIn, Forward: news.NewHome, Kind: news.Kind,
		People: []register.Person{{Subject: in.Subject, Values: values}},
	})
	if err != nil {
		return nil, fmt.Errorf("back-notice %s: %w", in.ID, err)
	}
	return func(ctx context.Context, tx *db.Tx) (*exchange.Reply, error) {
		written, err := s.Registers.Apply(ctx, tx, p)
		if err != nil {
			return nil, fmt.Errorf("back-notice %s: %w", in.ID, err)
		}
		differing := []string{}
		for _, w := range written {
			differing = append(differing, w.Differing...)
		}
		data, err := json.Marshal(map[string]any{"differing": differing})
		return &exchange.Reply{
			Data: data, Fields: differing, Purpose: "Auswertung der Rückmeldung", Law: "§ 33 Abs. 2 BMG",
			Reason: "Ihre frühere Meldebehörde hat die Rückmeldung ausgewertet und geantwortet.",
		}, err
	}, nil
}
