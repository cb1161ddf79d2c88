package delivery

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are this module's tables.
var Migrations = db.Migrations{Module: "delivery", Files: files}

// listed are the columns of an Item in the order of scanItem.
const listed = `account, id, dedup, subject, actor, mandate, authority_id, unit, case_id, kind, title, brief, actions, letters, due, due_text, created, read_at`

func scanItem(r db.Row) (m Item, err error) {
	var brief, actions, letters []byte
	err = r.Scan(&m.Account, &m.ID, &m.Key, &m.Subject, &m.Actor, &m.Mandate, &m.Authority, &m.Unit, &m.Case, &m.Kind, &m.Title,
		&brief, &actions, &letters, db.Date(&m.Due), &m.DueText, db.Time(&m.Created), db.Time(&m.Read))
	for _, list := range []struct {
		text []byte
		into any
	}{{brief, &m.Brief}, {actions, &m.Actions}, {letters, &m.Letters}} {
		if err == nil {
			err = json.Unmarshal(list.text, list.into)
		}
	}
	return m, err
}

// insertMessage reports whether the message is new.
func insertMessage(ctx context.Context, tx *db.Tx, id string, m Message) (bool, error) {
	lists := make([]any, 0, 3)
	for _, list := range []any{m.Brief, m.Actions, m.Letters} {
		text, err := json.Marshal(list)
		if err != nil {
			return false, err
		}
		lists = append(lists, string(text))
	}
	n, err := tx.Exec(ctx, `INSERT INTO delivery_message (`+listed+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,0) ON CONFLICT (account, dedup) DO NOTHING`,
		string(m.Account), id, m.Key, string(m.Subject), m.Actor, m.Mandate, string(m.Authority), m.Unit, m.Case, string(m.Kind), m.Title,
		lists[0], lists[1], lists[2], m.Due, m.DueText, tx.Now())
	return n == 1, err
}

func insertLetters(ctx context.Context, tx *db.Tx, message string, m Message) error {
	args := make([]any, 0, 4*len(m.Letters))
	for _, letter := range m.Letters {
		args = append(args, string(m.Account), letter, string(m.Authority), message)
	}
	return tx.Later(ctx, `INSERT INTO delivery_letter (account, letter, authority_id, message) VALUES `+db.Marks(len(m.Letters), 4), args...)
}

func selectMessages(ctx context.Context, q db.Querier, account identity.AccountID, before Cursor, limit int) ([]Item, error) {
	if before.id == "" {
		before.created = time.UnixMicro(math.MaxInt64)
	}
	return db.All(ctx, q, scanItem, `SELECT `+listed+` FROM delivery_message
		WHERE account = ? AND (created, id) < (?, ?) ORDER BY created DESC, id DESC LIMIT ?`, string(account), before.created, before.id, limit)
}

func selectMessage(ctx context.Context, q db.Querier, account identity.AccountID, id string) (Item, error) {
	return db.One(ctx, q, scanItem, `SELECT `+listed+` FROM delivery_message WHERE account = ? AND id = ?`, string(account), id)
}

func markRead(ctx context.Context, tx *db.Tx, account identity.AccountID, id string) error {
	return tx.Later(ctx, `UPDATE delivery_message SET read_at = ? WHERE account = ? AND id = ? AND read_at = 0`, tx.Now(), string(account), id)
}

func countUnread(ctx context.Context, q db.Querier, account identity.AccountID) (int, error) {
	return db.One(ctx, q, db.Scalar[int], `SELECT COUNT(*) FROM delivery_message WHERE account = ? AND read_at = 0`, string(account))
}

func selectHolder(ctx context.Context, q db.Querier, account identity.AccountID, letter string) (authority.Key, error) {
	return db.One(ctx, q, db.Scalar[authority.Key], `SELECT authority_id FROM delivery_letter WHERE account = ? AND letter = ?`, string(account), letter)
}

// held is a letter in somebody's mailbox.
type held struct {
	account   identity.AccountID
	letter    string
	authority authority.Key
}

func selectHeldFor(ctx context.Context, q db.Querier, subject ledger.Subject, after held, limit int) ([]held, error) {
	return db.All(ctx, q, func(r db.Row) (h held, err error) {
		err = r.Scan(&h.account, &h.letter, &h.authority)
		return h, err
	}, `SELECT l.account, l.letter, l.authority_id FROM delivery_message m
		JOIN delivery_letter l ON l.account = m.account AND l.message = m.id
		WHERE m.subject = ? AND (l.account, l.letter) > (?, ?) ORDER BY l.account, l.letter LIMIT ?`,
		string(subject), string(after.account), after.letter, limit)
}

type destination struct{ mail, lang string }

func selectAddress(ctx context.Context, q db.Querier, account identity.AccountID) (destination, error) {
	return db.One(ctx, q, func(r db.Row) (d destination, err error) {
		err = r.Scan(&d.mail, &d.lang)
		return d, err
	}, `SELECT mail, lang FROM delivery_address WHERE account = ?`, string(account))
}

func upsertAddress(ctx context.Context, tx *db.Tx, account identity.AccountID, d destination) error {
	return tx.Later(ctx, `INSERT INTO delivery_address (account, mail, lang, since) VALUES (?,?,?,?)
		ON CONFLICT (account) DO UPDATE SET mail = excluded.mail, lang = excluded.lang, since = excluded.since`,
		string(account), d.mail, d.lang, tx.Now())
}

func deleteAddress(ctx context.Context, tx *db.Tx, account identity.AccountID) error {
	return tx.Later(ctx, `DELETE FROM delivery_address WHERE account = ?`, string(account))
}

// insertParcel reports whether the letter is new.
func insertParcel(ctx context.Context, tx *db.Tx, id string, p Parcel) (bool, error) {
	text, err := json.Marshal(p.Text)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `INSERT INTO delivery_post (authority_id, id, dedup, unit, case_id, receiver, address, title, body, law, created)
		VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (authority_id, dedup) DO NOTHING`,
		string(p.Authority), id, p.Key, p.Unit, p.Case, p.Name, p.Address.String(), p.Title, string(text), p.Law, tx.Now())
	return n == 1, err
}

func selectPosted(ctx context.Context, q db.Querier, limit int) ([]Posted, error) {
	return db.All(ctx, q, func(r db.Row) (p Posted, err error) {
		var address, text string
		err = r.Scan(&p.Authority, &p.ID, &p.Key, &p.Unit, &p.Case, &p.Name, &address, &p.Title, &text, &p.Law, db.Time(&p.Created))
		if err != nil {
			return p, err
		}
		if err := p.Address.UnmarshalText([]byte(address)); err != nil {
			return p, fmt.Errorf("address of letter %s: %w", p.ID, err)
		}
		return p, json.Unmarshal([]byte(text), &p.Text)
	}, `SELECT authority_id, id, dedup, unit, case_id, receiver, address, title, body, law, created FROM delivery_post ORDER BY created DESC, id DESC LIMIT ?`, limit)
}
