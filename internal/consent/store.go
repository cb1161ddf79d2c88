package consent

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

//go:embed migrations/*.sql
var files embed.FS

// Texts are the words for this module's faults.
//
//go:embed locale/*.json
var Texts embed.FS

// Migrations are this package's tables.
var Migrations = db.Migrations{Module: "consent", Files: files}

// The states of a request.
const (
	stateOpen     = "open"
	stateReleased = "released"
	stateRefused  = "refused"
	stateLapsed   = "lapsed" // its time or its case was over
)

func insertRequest(ctx context.Context, tx *db.Tx, r Request) error {
	fields, err := json.Marshal(r.Fields)
	if err != nil {
		return err
	}
	return tx.Later(ctx, `INSERT INTO consent_request (subject, request_id, actor, mandate, reader, unit, register, holder, evidence, title,
		purpose, law, basis, case_id, fields, whole, asked, until, state, changed) VALUES `+db.Marks(1, 20),
		string(r.Subject), r.ID, r.Account, r.OnBehalf, string(r.Reader), r.Unit, r.Register, string(r.Holder), r.Evidence, r.Title,
		r.Purpose, r.Law, string(r.Basis), r.Case, string(fields), r.Whole, r.Asked, r.Until, stateOpen, r.Asked)
}

const requestColumns = `r.request_id, r.subject, r.actor, r.mandate, r.reader, r.unit, r.register, r.holder, r.evidence, r.title, r.purpose,
	r.law, r.basis, r.case_id, r.fields, r.whole, r.asked, r.until, r.state`

type requestRow struct {
	Request
	state string
}

func (r *requestRow) dest(fields *string) []any {
	return []any{
		&r.ID, &r.Subject, &r.Account, &r.OnBehalf, &r.Reader, &r.Unit, &r.Register, &r.Holder, &r.Evidence, &r.Title, &r.Purpose,
		&r.Law, &r.Basis, &r.Case, fields, &r.Whole, db.Time(&r.Asked), db.Time(&r.Until), &r.state,
	}
}

func scanRequest(row db.Row) (r requestRow, err error) {
	var fields string
	if err := row.Scan(r.dest(&fields)...); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(fields), &r.Fields)
}

func selectRequest(ctx context.Context, tx *db.Tx, id string) (requestRow, error) {
	return db.One(ctx, tx, scanRequest, `SELECT `+requestColumns+` FROM consent_request r WHERE r.request_id = ?`+tx.ForUpdate(), id)
}

// selectAsked finds the open request that asks the same again.
func selectAsked(ctx context.Context, tx *db.Tx, r Request) ([]requestRow, error) {
	return db.All(ctx, tx, scanRequest, `SELECT `+requestColumns+` FROM consent_request r WHERE r.case_id = ? AND r.subject = ? AND r.reader = ?
		AND r.holder = ? AND r.register = ? AND r.evidence = ? AND r.actor = ? AND r.state = 'open' ORDER BY r.asked LIMIT 10`,
		r.Case, string(r.Subject), string(r.Reader), string(r.Holder), r.Register, r.Evidence, r.Account)
}

func closeRequest(ctx context.Context, tx *db.Tx, id, state string) error {
	return tx.Expect(ctx, 1, fmt.Errorf("request %s is not open", id),
		`UPDATE consent_request SET state = ?, changed = ? WHERE request_id = ? AND state = 'open'`, state, tx.Now(), id)
}

func lapseOfCase(ctx context.Context, tx *db.Tx, caseID string) error {
	return tx.Later(ctx, `UPDATE consent_request SET state = 'lapsed', changed = ? WHERE case_id = ? AND state = 'open'`, tx.Now(), caseID)
}

func lapseBefore(ctx context.Context, tx *db.Tx, now time.Time) (int64, error) {
	return tx.Exec(ctx, `UPDATE consent_request SET state = 'lapsed', changed = ? WHERE state = 'open' AND until <= ?`, now, now)
}

func insertGrant(ctx context.Context, tx *db.Tx, g Grant, statement string) error {
	fields, err := json.Marshal(g.Fields)
	if err != nil {
		return err
	}
	return tx.Later(ctx, `INSERT INTO consent_grant (subject, grant_id, request_id, case_id, fields, values_hash, granted, until, ended,
		ended_how, statement) VALUES `+db.Marks(1, 11),
		string(g.Subject), g.ID, g.RequestID, g.Case, string(fields), g.ValuesHash, g.GrantedAt, g.Until, time.Time{}, "", statement)
}

const grantColumns = `g.grant_id, g.fields, g.values_hash, g.granted, g.until, g.ended, g.ended_how, ` + requestColumns

const grantJoin = ` FROM consent_grant g JOIN consent_request r ON r.subject = g.subject AND r.request_id = g.request_id `

func scanGrant(row db.Row) (g Grant, err error) {
	var ticked, asked string
	var r requestRow
	dest := []any{&g.ID, &ticked, &g.ValuesHash, db.Time(&g.GrantedAt), db.Time(&g.Until), db.Time(&g.EndedAt), &g.EndedHow}
	if err := row.Scan(append(dest, r.dest(&asked)...)...); err != nil {
		return g, err
	}
	if err := json.Unmarshal([]byte(asked), &r.Fields); err != nil {
		return g, err
	}
	g.Request, g.RequestID = r.Request, r.ID
	return g, json.Unmarshal([]byte(ticked), &g.Fields)
}

// lockGrant reads a grant so that nobody can end it before this transaction is over: otherwise PostgreSQL could order
// an access before a revocation that was acknowledged earlier.
func lockGrant(ctx context.Context, tx *db.Tx, id string) (Grant, error) {
	return db.One(ctx, tx, scanGrant, `SELECT `+grantColumns+grantJoin+`WHERE g.grant_id = ?`+tx.ForUpdate(), id)
}

// selectStanding finds the grants that a new one for the same evidence replaces.
func selectStanding(ctx context.Context, tx *db.Tx, g Grant) ([]Grant, error) {
	return db.All(ctx, tx, scanGrant, `SELECT `+grantColumns+grantJoin+`WHERE g.case_id = ? AND g.subject = ? AND g.ended = 0 AND r.reader = ?
		AND r.holder = ? AND r.register = ? AND r.evidence = ?`,
		g.Case, string(g.Subject), string(g.Reader), string(g.Holder), g.Register, g.Evidence)
}

// endGrant ends a grant that was found running in the same transaction.
func endGrant(ctx context.Context, tx *db.Tx, g Grant) error {
	return tx.Expect(ctx, 1, fmt.Errorf("grant %s ended in between", g.ID),
		`UPDATE consent_grant SET ended = ?, ended_how = ? WHERE grant_id = ? AND ended = 0`, g.EndedAt, string(g.EndedHow), g.ID)
}

func selectOpenOfCase(ctx context.Context, q db.Querier, caseID string) ([]Grant, error) {
	return db.All(ctx, q, scanGrant, `SELECT `+grantColumns+grantJoin+`WHERE g.case_id = ? AND g.ended = 0 ORDER BY g.granted, g.grant_id`, caseID)
}

func selectLapsed(ctx context.Context, q db.Querier, now time.Time, most int) ([]Grant, error) {
	return db.All(ctx, q, scanGrant, `SELECT `+grantColumns+grantJoin+`WHERE g.ended = 0 AND g.until <= ? ORDER BY g.until LIMIT ?`, now, most)
}

func countRunning(ctx context.Context, q db.Querier, now time.Time) (int, error) {
	return db.One(ctx, q, db.Scalar[int], `SELECT COUNT(*) FROM consent_grant WHERE ended = 0 AND until > ?`, now)
}

// owner says whose lines a list holds, by the columns that name them in both tables.
type owner struct{ request, grant string }

var (
	ofSubject = owner{"r.subject", "g.subject"}
	ofAccount = owner{"r.actor", "r.actor"}
)

// pageGrants reads running or ended grants from the newest down.
func pageGrants(ctx context.Context, q db.Querier, of owner, id string, f Filter, now time.Time, before cursor, limit int) ([]Grant, error) {
	return db.All(ctx, q, scanGrant, `SELECT `+grantColumns+grantJoin+`WHERE `+of.grant+` = ? AND `+f.state()+`
		AND (g.granted < ? OR (g.granted = ? AND g.grant_id < ?)) ORDER BY g.granted DESC, g.grant_id DESC LIMIT ?`,
		id, now, before.at, before.at, before.id, limit)
}

// state is the condition on a grant, with one mark for now.
func (f Filter) state() string {
	if f == ShowEnded {
		return "(g.ended > 0 OR g.until <= ?)"
	}
	return "g.ended = 0 AND g.until > ?"
}

func pageRequests(ctx context.Context, q db.Querier, of owner, id string, now time.Time, before cursor, limit int) ([]requestRow, error) {
	return db.All(ctx, q, scanRequest, `SELECT `+requestColumns+` FROM consent_request r WHERE `+of.request+` = ? AND r.state = 'open' AND r.until > ?
		AND (r.asked < ? OR (r.asked = ? AND r.request_id < ?)) ORDER BY r.asked DESC, r.request_id DESC LIMIT ?`,
		id, now, before.at, before.at, before.id, limit)
}

func selectAskedOf(ctx context.Context, q db.Querier, column, value string, now time.Time) ([]requestRow, error) {
	return db.All(ctx, q, scanRequest, `SELECT `+requestColumns+` FROM consent_request r WHERE r.`+column+` = ? AND r.state = 'open' AND r.until > ?
		ORDER BY r.asked, r.request_id LIMIT 200`, value, now)
}

func selectRunningOf(ctx context.Context, q db.Querier, column, value string, now time.Time) ([]Grant, error) {
	return db.All(ctx, q, scanGrant, `SELECT `+grantColumns+grantJoin+`WHERE g.`+column+` = ? AND g.ended = 0 AND g.until > ?
		ORDER BY g.granted, g.grant_id LIMIT 200`, value, now)
}

type signed struct{ id, statement string }

func selectStatements(ctx context.Context, q db.Querier, after string, most int) ([]signed, error) {
	return db.All(ctx, q, func(r db.Row) (s signed, err error) {
		err = r.Scan(&s.id, &s.statement)
		return s, err
	}, `SELECT grant_id, statement FROM consent_grant WHERE grant_id > ? ORDER BY grant_id LIMIT ?`, after, most)
}

func selectStatementsOf(ctx context.Context, q db.Querier, subject ledger.Subject, after string, most int) ([]signed, error) {
	return db.All(ctx, q, func(r db.Row) (s signed, err error) {
		err = r.Scan(&s.id, &s.statement)
		return s, err
	}, `SELECT grant_id, statement FROM consent_grant WHERE subject = ? AND grant_id > ? ORDER BY grant_id LIMIT ?`, subject, after, most)
}

func grantOfRequest(ctx context.Context, tx *db.Tx, requestID string) (Grant, error) {
	return db.One(ctx, tx, scanGrant, `SELECT `+grantColumns+grantJoin+`WHERE g.request_id = ?`, requestID)
}
