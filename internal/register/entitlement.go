package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Entitlement (Abrufberechtigung) says that an authority may retrieve fields of one kind of evidence from a register, on
// which law and until when. The register that holds the data keeps it, so an asker's own claim counts for nothing.
type Entitlement struct {
	Holder   authority.Key
	Register string
	Evidence string
	Reader   authority.Key
	Fields   []string
	Law      string
	Until    clock.Date // last day
	HideLaw  string     // under which the reader may keep an access from the person for a while; empty: never
	HideDays int        // for how many days at most
}

// Allows returns nil if the entitlement covers what is asked for on a day; otherwise fault Forbidden
// "register.error.entitlement_expired", ".entitlement_law", ".entitlement_field" or ".entitlement_hide".
func (e Entitlement) Allows(ask Ask, today clock.Date) error {
	if e.Until.Before(today) {
		return fault.New(fault.Forbidden, "register.error.entitlement_expired", "Reader", string(e.Reader), "Until", e.Until.String())
	}
	if e.Law != ask.Law {
		return fault.New(fault.Forbidden, "register.error.entitlement_law", "Reader", string(e.Reader), "Law", ask.Law)
	}
	hide := ask.Hide
	if hide != (ledger.Hiding{}) && (hide.Law == "" || hide.Law != e.HideLaw || !hide.Until.After(today) || hide.Until.After(today.AddDays(e.HideDays))) {
		return fault.New(fault.Forbidden, "register.error.entitlement_hide", "Reader", string(e.Reader))
	}
	for _, f := range ask.Fields {
		if !slices.Contains(e.Fields, f) {
			return fault.New(fault.Forbidden, "register.error.entitlement_field", "Reader", string(e.Reader), "Field", f)
		}
	}
	return nil
}

// Entitlements is the door to the list of who may retrieve what.
type Entitlements struct {
	db     *db.DB
	ledger *ledger.Ledger
}

// Grant enters entitlements and writes each into the ledger as a configuration change; one that stands there already for
// the same reader and evidence is replaced. Fields must be among those the register knows and may tell.
func (e *Entitlements) Grant(ctx context.Context, reason string, list ...Entitlement) error {
	entries := make([]ledger.Entry, len(list))
	for i, x := range list {
		if err := x.check(); err != nil {
			return err
		}
		entries[i] = ledger.Entry{
			Kind: ledger.Configuration, Authority: string(x.Holder), Reader: string(x.Reader), Fields: x.Fields, Law: x.Law,
			Purpose: "entitlement granted", Reason: reason,
			More: map[string]string{"register": x.Register, "evidence": x.Evidence, "until": x.Until.String()},
		}
		if x.HideLaw != "" {
			entries[i].More["hide_law"], entries[i].More["hide_days"] = x.HideLaw, strconv.Itoa(x.HideDays)
		}
	}
	return e.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := upsertEntitlements(ctx, tx, list); err != nil {
			return fmt.Errorf("entitlements: %w", err)
		}
		_, err := e.ledger.Record(ctx, tx, entries...)
		return err
	})
}

func (e Entitlement) check() error {
	if e.Holder == "" || e.Register == "" || e.Evidence == "" || e.Reader == "" || e.Law == "" || e.Until.IsZero() || len(e.Fields) == 0 ||
		(e.HideLaw == "") != (e.HideDays <= 0) {
		return fault.New(fault.Invalid, "register.error.entitlement")
	}
	for _, name := range e.Fields {
		class, err := ClassOf(name)
		if err != nil {
			return err
		}
		if class == Secret {
			return fault.New(fault.Forbidden, "register.error.secret", "Field", name)
		}
	}
	return nil
}

// Ask is what somebody wants to retrieve.
type Ask struct {
	Holder   authority.Key
	Register string
	Evidence string
	Reader   authority.Key
	Fields   []string
	Law      string
	Hide     ledger.Hiding // if the person is to see the access on a later day only
}

// Check returns nil if the reader may retrieve this today. An authority needs no entitlement to its own register, and
// nothing it does there stays hidden. Who is
// not on the list at all is fault Forbidden "register.error.not_entitled"; see Entitlement.Allows for the others.
func (e *Entitlements) Check(ctx context.Context, q db.Querier, today clock.Date, ask Ask) error {
	if ask.Holder == ask.Reader && ask.Hide == (ledger.Hiding{}) {
		return nil
	}
	x, err := selectEntitlement(ctx, q, ask)
	if errors.Is(err, db.ErrNone) {
		return fault.New(fault.Forbidden, "register.error.not_entitled", "Reader", string(ask.Reader))
	}
	if err != nil {
		return fmt.Errorf("entitlement: %w", err)
	}
	return x.Allows(ask, today)
}

// Of returns what an authority lets others retrieve, ordered by register, evidence and reader.
func (e *Entitlements) Of(ctx context.Context, holder authority.Key) ([]Entitlement, error) {
	list, err := selectEntitlements(ctx, e.db, holder)
	if err != nil {
		return nil, fmt.Errorf("entitlements of %s: %w", holder, err)
	}
	return list, nil
}

func scanEntitlement(row db.Row) (x Entitlement, err error) {
	var fields string
	err = row.Scan(&x.Holder, &x.Register, &x.Evidence, &x.Reader, &fields, &x.Law, db.Date(&x.Until), &x.HideLaw, &x.HideDays)
	x.Fields = strings.Fields(fields)
	return x, err
}
