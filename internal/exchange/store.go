package exchange

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
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
var Migrations = db.Migrations{Module: "exchange", Files: files}

// insertAnswers keeps what was told. Of a hidden access the holder keeps nothing but its sealed record in the ledger; the
// reader has the signed answer.
func insertAnswers(ctx context.Context, tx *db.Tx, told []passed) error {
	args, rows := make([]any, 0, 12*len(told)), 0
	for _, p := range told {
		if !p.found || p.question.Hide != (ledger.Hiding{}) {
			continue
		}
		rows++
		args = append(args, string(p.Holder), p.ID, string(p.Reader), string(p.Subject), p.question.Actor, p.question.OnBehalf, p.Case,
			p.question.Grant, p.recorded.ID, p.recorded.Leaf[:], p.recorded.Time, string(p.payload))
	}
	if rows == 0 {
		return nil
	}
	return tx.Later(ctx, `INSERT INTO exchange_answer (holder, answer_id, reader, subject, actor, mandate, case_id, grant_id, record_id, leaf,
		recorded, payload) VALUES `+db.Marks(rows, 12), args...)
}

func insertReceived(ctx context.Context, tx *db.Tx, answers []Answer) error {
	args := make([]any, 0, 7*len(answers))
	for _, a := range answers {
		args = append(args, string(a.Reader), a.ID, string(a.Holder), a.Case, a.Statement, a.Receipt, tx.Now())
	}
	return tx.Later(ctx, `INSERT INTO exchange_received (reader, answer_id, holder, case_id, statement, receipt, received)
		VALUES `+db.Marks(len(answers), 7)+` ON CONFLICT (reader, answer_id) DO NOTHING`, args...)
}

func selectStored(ctx context.Context, q db.Querier, after storedAnswer, most int) ([]storedAnswer, error) {
	return db.All(ctx, q, func(r db.Row) (a storedAnswer, err error) {
		var leaf []byte
		err = r.Scan(&a.holder, &a.id, &a.payload, &a.recorded.ID, &leaf, db.Time(&a.recorded.Time), &a.statement, &a.receipt)
		copy(a.recorded.Leaf[:], leaf)
		return a, err
	}, `SELECT a.holder, a.answer_id, a.payload, a.record_id, a.leaf, a.recorded, COALESCE(r.statement, ''), COALESCE(r.receipt, '')
		FROM exchange_answer a LEFT JOIN exchange_received r ON r.reader = a.reader AND r.answer_id = a.answer_id
		WHERE (a.holder, a.answer_id) > (?, ?) ORDER BY a.holder, a.answer_id LIMIT ?`, string(after.holder), after.id, most)
}

func insertOutage(ctx context.Context, tx *db.Tx, of authority.Key) (bool, error) {
	n, err := tx.Exec(ctx, `INSERT INTO exchange_outage (authority, since) VALUES (?, ?) ON CONFLICT (authority) DO NOTHING`, string(of), tx.Now())
	return n > 0, err
}

func deleteOutage(ctx context.Context, tx *db.Tx, of authority.Key) (bool, error) {
	n, err := tx.Exec(ctx, `DELETE FROM exchange_outage WHERE authority = ?`, string(of))
	return n > 0, err
}

func selectOutage(ctx context.Context, q db.Querier, of authority.Key) (since time.Time, err error) {
	return db.One(ctx, q, func(r db.Row) (t time.Time, err error) { return t, r.Scan(db.Time(&t)) },
		`SELECT since FROM exchange_outage WHERE authority = ?`, string(of))
}

// draft is a notice with its body sealed for one side.
type draft struct {
	Notice
	body []byte
}

// insertNotices adds notices and returns the ids of those that were not there yet.
func insertNotices(ctx context.Context, tx *db.Tx, list []draft) (map[string]bool, error) {
	args := make([]any, 0, 27*len(list))
	for _, n := range list {
		fields, sheets, err := lists(n.Notice)
		if err != nil {
			return nil, err
		}
		args = append(args, string(n.From), n.ID, string(n.To), n.Register, string(n.Subject), n.Actor, n.OnBehalf, n.Case, n.Place, n.Key, n.Unit,
			n.Law, n.Example, n.Purpose, n.Reason, fields, sheets, n.body, n.commitment(), n.Sent, n.Due, n.AnswerDue, "", time.Time{}, "",
			time.Time{}, []byte{})
	}
	return added(ctx, tx, `INSERT INTO exchange_notice (sender, notice_id, recipient, register, subject, actor, mandate, case_id, place, name, unit,
		law, example, purpose, reason, fields, sheets, body, body_hash, sent, due, answer_due, statement, acknowledged, ack, answered, answer)
		VALUES `+db.Marks(len(list), 27)+` ON CONFLICT (sender, notice_id) DO NOTHING RETURNING notice_id`, args)
}

func lists(n Notice) (fields, sheets string, err error) {
	f, err := json.Marshal(orEmpty(n.Fields))
	if err != nil {
		return "", "", err
	}
	s, err := json.Marshal(orEmpty(n.Sheets))
	return string(f), string(s), err
}

func added(ctx context.Context, tx *db.Tx, text string, args []any) (map[string]bool, error) {
	ids, err := db.All(ctx, tx, db.Scalar[string], text, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

// outgoing is a stored notice and how far it is.
type outgoing struct {
	draft
	answered, acknowledged time.Time
	answer                 []byte
}

func scanOutgoing(r db.Row) (o outgoing, err error) {
	var fields, sheets string
	err = r.Scan(&o.From, &o.ID, &o.To, &o.Register, &o.Subject, &o.Actor, &o.OnBehalf, &o.Case, &o.Place, &o.Key, &o.Unit, &o.Law, &o.Example,
		&o.Purpose, &o.Reason, &fields, &sheets, &o.body, db.Time(&o.Sent), db.Time(&o.Due), db.Time(&o.AnswerDue), db.Time(&o.acknowledged),
		db.Time(&o.answered), &o.answer)
	if err != nil {
		return o, err
	}
	if err := json.Unmarshal([]byte(fields), &o.Fields); err != nil {
		return o, err
	}
	return o, json.Unmarshal([]byte(sheets), &o.Sheets)
}

const outgoingColumns = `sender, notice_id, recipient, register, subject, actor, mandate, case_id, place, name, unit, law, example, purpose, reason,
	fields, sheets, body, sent, due, answer_due, acknowledged, answered, answer`

func selectOutgoing(ctx context.Context, q db.Querier, from authority.Key, ids []string) ([]outgoing, error) {
	args := []any{string(from)}
	for _, id := range ids {
		args = append(args, id)
	}
	return db.All(ctx, q, scanOutgoing, `SELECT `+outgoingColumns+` FROM exchange_notice WHERE sender = ? AND notice_id IN `+db.In(len(ids))+`
		ORDER BY sent, place, notice_id`, args...)
}

func selectOfCase(ctx context.Context, q db.Querier, caseID string) ([]outgoing, error) {
	return db.All(ctx, q, scanOutgoing, `SELECT `+outgoingColumns+` FROM exchange_notice WHERE case_id = ? ORDER BY sent, place, notice_id LIMIT 1000`,
		caseID)
}

func selectLate(ctx context.Context, q db.Querier, from authority.Key, now time.Time, most int) ([]outgoing, error) {
	return db.All(ctx, q, scanOutgoing, `SELECT `+outgoingColumns+` FROM exchange_notice WHERE sender = ? AND acknowledged = 0 AND due > 0 AND due < ?
		ORDER BY due LIMIT ?`, string(from), now, most)
}

// acknowledge stores the acknowledgement of a notice, once; false means that there was one already.
func acknowledge(ctx context.Context, tx *db.Tx, n Notice, ack string, answered time.Time, answer []byte) (bool, error) {
	rows, err := tx.Exec(ctx, `UPDATE exchange_notice SET acknowledged = ?, statement = ?, ack = ?, answered = ?, answer = ?
		WHERE sender = ? AND notice_id = ? AND acknowledged = 0`, tx.Now(), n.Statement, ack, answered, answer, string(n.From), n.ID)
	return rows > 0, err
}

// selectSigned reads notices that were acknowledged: until then none is signed for good.
func selectSigned(ctx context.Context, q db.Querier, after storedNotice, most int) ([]storedNotice, error) {
	return db.All(ctx, q, func(r db.Row) (n storedNotice, err error) {
		err = r.Scan(&n.sender, &n.id, &n.statement, &n.ack)
		return n, err
	}, `SELECT sender, notice_id, statement, ack FROM exchange_notice
		WHERE acknowledged > 0 AND (sender, notice_id) > (?, ?) ORDER BY sender, notice_id LIMIT ?`,
		string(after.sender), after.id, most)
}

// insertInbox adds what arrived and returns the ids of those that were not there yet.
func insertInbox(ctx context.Context, tx *db.Tx, list []arrival) (map[string]bool, error) {
	args := make([]any, 0, 18*len(list))
	for _, a := range list {
		fields, sheets, err := lists(a.Notice)
		if err != nil {
			return nil, err
		}
		args = append(args, string(a.To), a.ID, string(a.From), a.Register, string(a.Subject), a.Case, a.Key, a.Law, a.Purpose, fields, sheets,
			a.body, a.commitment(), a.Statement, tx.Now(), a.AnswerDue, a.ack, []byte{})
	}
	return added(ctx, tx, `INSERT INTO exchange_inbox (recipient, notice_id, sender, register, subject, case_id, name, law, purpose, fields, sheets,
		body, body_hash, statement, received, answer_due, ack, answer) VALUES `+db.Marks(len(list), 18)+`
		ON CONFLICT (recipient, notice_id) DO NOTHING RETURNING notice_id`, args)
}

// inboxRow is what the recipient said when a notice first came.
type inboxRow struct {
	sender    authority.Key
	hash, ack string
	reply     []byte
}

func selectInbox(ctx context.Context, q db.Querier, n Notice) (inboxRow, error) {
	return db.One(ctx, q, func(r db.Row) (i inboxRow, err error) {
		err = r.Scan(&i.sender, &i.hash, &i.ack, &i.reply)
		return i, err
	}, `SELECT sender, body_hash, ack, answer FROM exchange_inbox WHERE recipient = ? AND notice_id = ?`, string(n.To), n.ID)
}

func updateReply(ctx context.Context, tx *db.Tx, n Notice, reply []byte) error {
	return tx.Expect(ctx, 1, fmt.Errorf("notice %s is not in the inbox of %s", n.ID, n.To),
		`UPDATE exchange_inbox SET answer = ? WHERE recipient = ? AND notice_id = ?`, reply, string(n.To), n.ID)
}
