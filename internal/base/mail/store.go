package mail

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are this package's tables.
var Migrations = db.Migrations{Module: "mail", Files: files}

// Box is the outbox of a demonstration: what would be sent lies there to be read.
type Box struct{ db *db.DB }

// NewBox returns the outbox in d.
func NewBox(d *db.DB) *Box { return &Box{d} }

// Send puts the message into the box; the same ID once.
func (b *Box) Send(ctx context.Context, m Message) error {
	err := b.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.Later(ctx, `INSERT INTO mail_outbox (id, receiver, subject, body, sent) VALUES (?,?,?,?,?) ON CONFLICT (id) DO NOTHING`,
			m.ID, m.To, m.Subject, m.Text, tx.Now())
	})
	if err != nil {
		return fmt.Errorf("mail %s into the outbox: %w", m.ID, err)
	}
	return nil
}

// Sent is a message in the box.
type Sent struct {
	Message
	At time.Time
}

// Newest lists the newest messages of the box.
func (b *Box) Newest(ctx context.Context, most int) ([]Sent, error) {
	return db.All(ctx, b.db, func(r db.Row) (s Sent, err error) {
		err = r.Scan(&s.ID, &s.To, &s.Subject, &s.Text, db.Time(&s.At))
		return s, err
	}, `SELECT id, receiver, subject, body, sent FROM mail_outbox ORDER BY sent DESC, id DESC LIMIT ?`, most)
}
