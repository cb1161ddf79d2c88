package procedure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

const caseColumns = `authority_id, id, number, service, edition, subject, account, mandate, channel, stage, status, wait, reason, outcome, decided_by,
	created, received, decided, closed, due, version, state`

// sealed is a case as it is stored.
type sealed struct {
	Case
	state []byte
}

func scanCase(r db.Row) (c sealed, err error) {
	err = r.Scan(&c.Authority, &c.ID, &c.Number, &c.Service, &c.Edition, &c.Subject, &c.Account, &c.Mandate, &c.Channel, &c.Stage, &c.Status, &c.Wait,
		&c.Reason, &c.Outcome, &c.DecidedBy, db.Time(&c.Created), db.Time(&c.Received), db.Time(&c.Decided), db.Time(&c.Closed), db.Time(&c.Due),
		&c.Version, &c.state)
	return c, err
}

func selectCase(ctx context.Context, q db.Querier, id string) (sealed, error) {
	c, err := db.One(ctx, q, scanCase, `SELECT `+caseColumns+` FROM procedure_case WHERE id = ?`, id)
	if errors.Is(err, db.ErrNone) {
		err = fault.New(fault.NotFound, "procedure.error.not_found")
	}
	return c, err
}

func selectCasesOf(ctx context.Context, q db.Querier, account string, before time.Time, limit int) ([]sealed, error) {
	return db.All(ctx, q, scanCase, `SELECT `+caseColumns+` FROM procedure_case WHERE account = ? AND created < ? ORDER BY created DESC, id DESC LIMIT ?`,
		account, before, limit)
}

func insertCase(ctx context.Context, tx *db.Tx, c Case, state []byte) error {
	return tx.Later(ctx, `INSERT INTO procedure_case (`+caseColumns+`) VALUES `+db.In(22),
		c.Authority, c.ID, c.Number, c.Service, c.Edition, c.Subject, c.Account, c.Mandate, c.Channel, c.Stage, c.Status, c.Wait, c.Reason, c.Outcome,
		c.DecidedBy, c.Created, c.Received, c.Decided, c.Closed, c.Due, c.Version, state)
}

// updateCase writes a case if it is still the one that was read.
func updateCase(ctx context.Context, tx *db.Tx, c Case, state []byte) error {
	return tx.Expect(ctx, 1, errMoved, `UPDATE procedure_case SET stage = ?, status = ?, wait = ?, reason = ?, outcome = ?, decided_by = ?, received = ?, decided = ?,
		closed = ?, due = ?, version = version + 1, state = ? WHERE authority_id = ? AND id = ? AND version = ?`,
		c.Stage, c.Status, c.Wait, c.Reason, c.Outcome, c.DecidedBy, c.Received, c.Decided, c.Closed, c.Due, state, c.Authority, c.ID, c.Version)
}

func countOpen(ctx context.Context, q db.Querier, subject ledger.Subject, service, except string) (int, error) {
	return db.One(ctx, q, db.Scalar[int], `SELECT COUNT(*) FROM procedure_case WHERE subject = ? AND service = ? AND closed = 0 AND received > 0 AND id <> ?`,
		subject, service, except)
}

// countBegun counts what the account has begun on this way and not handed in.
func countBegun(ctx context.Context, tx *db.Tx, st Start) (int, error) {
	return db.One(ctx, tx, db.Scalar[int], `SELECT COUNT(*) FROM procedure_case
		WHERE account = ? AND service = ? AND authority_id = ? AND channel = ? AND received = 0 AND closed = 0`, st.Account, st.Service, st.Authority, st.Channel)
}

// insertEvents adds events after the last one. It reads nothing: on PostgreSQL a look at the end of a case's events would
// be in the way of every neighbour's.
func insertEvents(ctx context.Context, tx *db.Tx, id string, last int64, seal keys.Sealer, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	var args []any
	for i, e := range events {
		data, err := sealJSON(seal, "event:"+id, e.Data)
		if err != nil {
			return err
		}
		args = append(args, id, last+int64(i)+1, tx.Now(), e.Kind, e.Stage, e.Who, e.Unit, data)
	}
	return tx.Later(ctx, `INSERT INTO procedure_event (case_id, seq, at, kind, stage, who, unit, data) VALUES `+db.Marks(len(events), 8), args...)
}

func selectEvents(ctx context.Context, q db.Querier, seal keys.Sealer, caseID string) ([]Event, error) {
	return db.All(ctx, q, func(r db.Row) (e Event, err error) {
		var data []byte
		if err = r.Scan(&e.Seq, db.Time(&e.At), &e.Kind, &e.Stage, &e.Who, &e.Unit, &data); err == nil {
			err = openJSON(seal, "event:"+caseID, data, &e.Data)
		}
		return e, err
	}, `SELECT seq, at, kind, stage, who, unit, data FROM procedure_event WHERE case_id = ? ORDER BY seq LIMIT 500`, caseID)
}

func sealJSON(seal keys.Sealer, context string, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return seal.Seal(plain, []byte(context))
}

func openJSON(seal keys.Sealer, context string, data []byte, v any) error {
	plain, err := seal.Open(data, []byte(context))
	if err != nil {
		return fmt.Errorf("unseal: %w", err)
	}
	return json.Unmarshal(plain, v)
}

// Line is a case as the command line lists it.
type Line struct {
	ID      string    `json:"id"`
	Number  string    `json:"number"`
	Service string    `json:"service"`
	Status  Status    `json:"status"`
	Created time.Time `json:"created"`
}

// EachCase calls see for every case of the installation, oldest first. It reads no values.
func EachCase(ctx context.Context, q db.Querier, see func(Line) error) error {
	return db.Each(ctx, q, func(r db.Row) error {
		var l Line
		if err := r.Scan(&l.ID, &l.Number, &l.Service, &l.Status, db.Time(&l.Created)); err != nil {
			return err
		}
		return see(l)
	}, `SELECT id, number, service, status, created FROM procedure_case ORDER BY created, id`)
}

func selectRefs(ctx context.Context, q db.Querier, account string, ids []string) ([]sealed, error) {
	args := []any{account}
	for _, id := range ids {
		args = append(args, id)
	}
	return db.All(ctx, q, scanCase, `SELECT `+caseColumns+` FROM procedure_case WHERE account = ? AND id IN `+db.In(len(ids))+` LIMIT 200`, args...)
}
