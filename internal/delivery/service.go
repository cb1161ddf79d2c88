package delivery

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/mail"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Texts are the words of this module.
//
//go:embed locale/*.json
var Texts embed.FS

// Letters are the sealed letters that messages carry; package letter keeps them.
type Letters interface {
	// Files returns the three files of a letter as they were sealed.
	Files(ctx context.Context, of authority.Key, id string) (html, data, sig []byte, err error)
	// Genuine returns nil if the seal of the authority holds, and kind Invalid if not.
	Genuine(ctx context.Context, html, data, sig []byte) error
	// Article cuts the letter itself out of its HTML.
	Article(html []byte) []byte
	// Print returns the print copy as PDF.
	Print(data []byte) ([]byte, error)
	// Evidence hands over the files of every letter.
	Evidence(ctx context.Context, put func(name string, content []byte) error) error
}

// Options are what the service stands on. Base is the public address of this installation.
type Options struct {
	DB          *db.DB
	Ledger      *ledger.Ledger
	Authorities *authority.Service
	Letters     Letters
	Mail        *mail.Queue
	Texts       *i18n.Bundle
	Base        string
}

// Service delivers and shows what was delivered. It may be used by several goroutines.
type Service struct{ Options }

// New returns the service.
func New(o Options) *Service { return &Service{o} }

// Put lays a message into a mailbox, in the caller's transaction, and tells its owner by e-mail if they want that. Each
// letter in it is a record of the ledger. The same key twice changes nothing. The letters must be stored in the same
// transaction or before.
func (s *Service) Put(ctx context.Context, tx *db.Tx, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	id := ident.New()
	added, err := insertMessage(ctx, tx, id, m)
	if err != nil || !added {
		return wrap("message", m.Key, err)
	}
	if len(m.Letters) > 0 {
		if err := insertLetters(ctx, tx, id, m); err != nil {
			return wrap("letters of message", m.Key, err)
		}
		if _, err := s.Ledger.Record(ctx, tx, m.records()...); err != nil {
			return wrap("record of message", m.Key, err)
		}
	}
	return wrap("mail for message", m.Key, s.tell(ctx, tx, id, m))
}

func wrap(what, key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, key, err)
}

// records are the ledger's entries for the letters: that they were delivered, not what they say.
func (m Message) records() []ledger.Entry {
	all := make([]ledger.Entry, 0, len(m.Letters))
	for _, letter := range m.Letters {
		all = append(all, ledger.Entry{
			Kind: ledger.Delivery, Authority: string(m.Authority), Unit: m.Unit, Actor: m.Actor, OnBehalf: m.Mandate, Subject: m.Subject,
			Purpose: "Zustellung in das Postfach", Law: m.Law, Case: m.Case, Reason: m.Title, More: map[string]string{"letter": letter},
		})
	}
	return all
}

// tell queues the e-mail. It says that something waits, and what the author of the message allowed; no name, no office.
func (s *Service) tell(ctx context.Context, tx *db.Tx, id string, m Message) error {
	if !s.Mail.Sends() {
		return nil
	}
	to, err := selectAddress(ctx, tx, m.Account)
	if errors.Is(err, db.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	text := s.Texts.Text(to.lang, "delivery.mail.text", map[string]any{"Path": s.Base + "/postfach"})
	if said := m.sentence(); said != "" {
		text = said + "\n\n" + text
	}
	return s.Mail.Enqueue(ctx, tx, mail.Message{ID: id, To: to.mail, Subject: s.Texts.Text(to.lang, "delivery.mail.subject", nil), Text: text})
}

// Post hands a letter to the post, in the caller's transaction. The same key twice is one letter.
func (s *Service) Post(ctx context.Context, tx *db.Tx, p Parcel) error {
	if err := p.check(); err != nil {
		return err
	}
	id := ident.New()
	added, err := insertParcel(ctx, tx, id, p)
	if err != nil || !added {
		return wrap("letter by post", p.Key, err)
	}
	_, err = s.Ledger.Record(ctx, tx, ledger.Entry{
		Kind: ledger.Delivery, Authority: string(p.Authority), Unit: p.Unit, Subject: p.Subject, Purpose: "Zustellung mit der Post",
		Law: p.Law, Case: p.Case, Reason: p.Title, More: map[string]string{"post": id},
	})
	return wrap("record of letter by post", p.Key, err)
}

// Posted lists what went out by post, newest first, for those who print it and for the outbox of a demonstration.
func (s *Service) Posted(ctx context.Context, most int) ([]Posted, error) {
	return selectPosted(ctx, s.DB, most)
}

// Unread counts the unread messages of a mailbox.
func (s *Service) Unread(ctx context.Context, q db.Querier, account identity.AccountID) (int, error) {
	return countUnread(ctx, q, account)
}

// List returns the messages of a mailbox from a cursor on, newest first, and the cursor to go on from; it is empty at
// the end.
func (s *Service) List(ctx context.Context, account identity.AccountID, before Cursor, limit int) ([]Item, Cursor, error) {
	items, err := selectMessages(ctx, s.DB, account, before, limit+1)
	if err != nil {
		return nil, Cursor{}, fmt.Errorf("mailbox: %w", err)
	}
	if len(items) <= limit {
		return items, Cursor{}, nil
	}
	last := items[limit-1]
	return items[:limit], Cursor{last.Created, last.ID}, nil
}

// Open returns a message and notes when it was first opened: from then on it counts as retrieved (§ 9 Abs. 1 OZG). A
// message of another mailbox is kind NotFound, like one that does not exist.
func (s *Service) Open(ctx context.Context, account identity.AccountID, id string) (Item, error) {
	m, err := s.message(ctx, account, id)
	if err != nil || !m.Read.IsZero() {
		return m, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		m.Read = tx.Now()
		return markRead(ctx, tx, account, id)
	})
	return m, wrap("open message", id, err)
}

func (s *Service) message(ctx context.Context, account identity.AccountID, id string) (Item, error) {
	if !ident.Valid(id) {
		return Item{}, fault.New(fault.NotFound, "delivery.error.none")
	}
	m, err := selectMessage(ctx, s.DB, account, id)
	if errors.Is(err, db.ErrNone) {
		return Item{}, fault.New(fault.NotFound, "delivery.error.none")
	}
	return m, wrap("message", id, err)
}

// Paper is a sealed letter that lies in a mailbox. Genuine says that its seal was checked just now and holds.
type Paper struct {
	ID              string
	HTML, Data, Sig []byte
	Genuine         bool
}

// Letter returns a letter that lies in the mailbox, with its seal checked; kind NotFound if it lies in another one.
func (s *Service) Letter(ctx context.Context, account identity.AccountID, id string) (Paper, error) {
	of, err := selectHolder(ctx, s.DB, account, id)
	if errors.Is(err, db.ErrNone) {
		return Paper{}, fault.New(fault.NotFound, "delivery.error.none")
	}
	if err != nil {
		return Paper{}, wrap("letter", id, err)
	}
	html, data, sig, err := s.Letters.Files(ctx, of, id)
	if err != nil {
		return Paper{}, wrap("letter", id, err)
	}
	err = s.Letters.Genuine(ctx, html, data, sig)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return Paper{}, wrap("seal of letter", id, err)
	}
	if err != nil {
		s.DB.Log().ErrorContext(ctx, "seal of a stored letter does not hold", "letter", id, "authority", string(of), "error", err.Error())
	}
	return Paper{ID: id, HTML: html, Data: data, Sig: sig, Genuine: err == nil}, nil
}

// Evidence adds letters to an evidence pack, as ledger.Source: those that were delivered for a person, or all letters
// for an empty subject.
func (s *Service) Evidence(ctx context.Context, subject ledger.Subject, put func(name string, content []byte) error) error {
	if subject == "" {
		return s.Letters.Evidence(ctx, put)
	}
	var last held
	for {
		page, err := selectHeldFor(ctx, s.DB, subject, last, pageSize)
		if err != nil {
			return fmt.Errorf("letters for an evidence pack: %w", err)
		}
		for _, h := range page {
			html, data, sig, err := s.Letters.Files(ctx, h.authority, h.letter)
			if err != nil {
				return wrap("letter", h.letter, err)
			}
			name := "letters/" + h.letter
			if err := errors.Join(put(name+".html", html), put(name+".json", data), put(name+".sig", sig)); err != nil {
				return wrap("evidence of letter", h.letter, err)
			}
			last = h
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// Address returns where the owner of a mailbox wants to be told; empty if they did not say.
func (s *Service) Address(ctx context.Context, account identity.AccountID) (string, error) {
	d, err := selectAddress(ctx, s.DB, account)
	if errors.Is(err, db.ErrNone) {
		return "", nil
	}
	return d.mail, wrap("address of", string(account), err)
}

// SetAddress keeps where the owner of a mailbox wants to be told, and in which language; empty means not at all. What is
// no address is an Invalid fault at field "email".
func (s *Service) SetAddress(ctx context.Context, account identity.AccountID, address, lang string) error {
	if address != "" && !mail.Valid(address) {
		return fault.Field("email", "delivery.error.address")
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if address == "" {
			return deleteAddress(ctx, tx, account)
		}
		return upsertAddress(ctx, tx, account, destination{address, lang})
	})
}
