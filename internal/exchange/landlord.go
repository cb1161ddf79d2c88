package exchange

import (
	"context"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Confirmations names the register of landlords' confirmations in procedure definitions.
const Confirmations = "landlord_confirmations"

// LandlordSource reads the confirmation that belongs to the reference mark With["mark"] (§ 19 Abs. 4 BMG). An unknown
// mark is like a person whom the register does not know.
func LandlordSource(l *register.Landlords) Source {
	read := func(ctx context.Context, _ db.Querier, _ clock.Date, ask Lookup) ([]register.Answer, error) {
		c, err := l.Confirmation(ctx, ask.Holder, ask.With["mark"])
		if fault.Is(err, fault.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		values, err := c.Values()
		if err != nil {
			return nil, err
		}
		values = pick(values, ask.Fields)
		hash, err := values.Hash()
		if err != nil {
			return nil, err
		}
		answers := make([]register.Answer, len(ask.Subjects))
		for i, subject := range ask.Subjects {
			answers[i] = register.Answer{Subject: subject, Values: values, Hash: hash, Version: 1}
		}
		return answers, nil
	}
	return Source{
		Ready: func(ctx context.Context, ask Lookup) error {
			_, err := l.Confirmation(ctx, ask.Holder, "") // makes the authority's key for marks if there is none
			if fault.Is(err, fault.NotFound) {
				err = nil
			}
			return err
		},
		Read: read,
	}
}
