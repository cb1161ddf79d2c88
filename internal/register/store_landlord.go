package register

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
)

func insertConfirmation(ctx context.Context, tx *db.Tx, c Confirmation) error {
	people, err := json.Marshal(c.People)
	if err != nil {
		return fmt.Errorf("people: %w", err)
	}
	return tx.Later(ctx, `INSERT INTO register_landlord
		(authority_id, mark, source, provider, owner, moved_in, home, people, case_id, open, tries, made)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
		string(c.Authority), c.Ref, string(c.Source), c.Provider, c.Owner, c.MovedIn, c.Home.String(), string(people), c.Case,
		c.Source != ByCode, tx.Now())
}

const confirmationColumns = `SELECT authority_id, mark, source, provider, owner, moved_in, home, people, case_id, tries FROM register_landlord`

// posted is a confirmation with the count of wrong codes.
type posted struct {
	Confirmation
	tries int
}

func scanConfirmation(row db.Row) (p posted, err error) {
	var home, people string
	c := &p.Confirmation
	if err = row.Scan(&c.Authority, &c.Ref, &c.Source, &c.Provider, &c.Owner, db.Date(&c.MovedIn), &home, &people, &c.Case, &p.tries); err != nil {
		return p, err
	}
	if err = c.Home.UnmarshalText([]byte(home)); err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(people), &c.People)
}

func selectConfirmation(ctx context.Context, q db.Querier, key authority.Key, ref string) (Confirmation, error) {
	p, err := db.One(ctx, q, scanConfirmation, confirmationColumns+` WHERE authority_id = ? AND mark = ? AND open = ?`, string(key), ref, true)
	return p.Confirmation, err
}

// selectPosted returns the newest code posted for a case.
func selectPosted(ctx context.Context, q db.Querier, key authority.Key, caseID string) (posted, error) {
	return db.One(ctx, q, scanConfirmation, confirmationColumns+` WHERE authority_id = ? AND case_id = ? AND source = ?
		ORDER BY made DESC, mark LIMIT 1`, string(key), caseID, string(ByCode))
}

func updateConfirmationCase(ctx context.Context, tx *db.Tx, key authority.Key, ref, caseID string) (int64, error) {
	return tx.Exec(ctx, `UPDATE register_landlord SET case_id = ?
		WHERE authority_id = ? AND mark = ? AND open = ? AND (case_id = '' OR case_id = ?)`, caseID, string(key), ref, true, caseID)
}

func updateTries(ctx context.Context, tx *db.Tx, key authority.Key, caseID string) error {
	return tx.Later(ctx, `UPDATE register_landlord SET tries = tries + 1
		WHERE authority_id = ? AND case_id = ? AND source = ?`, string(key), caseID, string(ByCode))
}

func openConfirmation(ctx context.Context, tx *db.Tx, key authority.Key, ref string) error {
	return tx.Later(ctx, `UPDATE register_landlord SET open = ? WHERE authority_id = ? AND mark = ?`, true, string(key), ref)
}
