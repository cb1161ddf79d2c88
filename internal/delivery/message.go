package delivery

import (
	"strconv"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Kind says what a message is, for the chip beside it.
type Kind string

// The kinds of messages.
const (
	Notice      Kind = "notice"      // nothing to do
	Question    Kind = "question"    // the person must do something
	Certificate Kind = "certificate" // with a certificate
	Decision    Kind = "decision"    // with a decision
)

// Message (Postfachnachricht) is one entry of a mailbox.
type Message struct {
	Key     string // the same key twice is one message; "CASE/done" for example
	Account identity.AccountID
	Subject ledger.Subject // whom it is about, for the ledger
	Actor   string         // who wrote it, opaque
	Mandate string         // the mandate under which the account gets it; empty for one's own affairs

	Authority authority.Key
	Unit      string // the office's name: "Bürgeramt"
	Case      string
	Kind      Kind
	Title     string
	Brief     []string // "Kurz gesagt": one to three sentences
	Actions   []Action // what the person can do now, the most likely first
	Letters   []string // ids of sealed letters of Authority
	Law       string   // what the letters rest on

	Due     clock.Date // last day for the person's remedy or answer
	DueText string     // how that day was calculated

	Mail      string // a sentence that may stand in an open e-mail; empty: only that a message waits
	Sensitive bool   // of class sensitive: nothing of it in an e-mail, whatever Mail says
}

// Action leads from a message to a page of ours.
type Action struct {
	Text string `json:"text"`
	Path string `json:"path"`
}

const (
	maxBrief = 3
	maxTitle = 200
	maxLine  = 600
)

// check refuses a message that no page could show, with kind Internal: they are written by programs.
func (m Message) check() error {
	ok := m.Key != "" && m.Account != "" && m.Authority != "" && m.Unit != "" && m.Title != "" && len(m.Title) <= maxTitle
	ok = ok && len(m.Brief) >= 1 && len(m.Brief) <= maxBrief && len(m.Mail) <= maxLine
	ok = ok && (len(m.Letters) == 0 || m.Law != "")
	for _, sentence := range m.Brief {
		ok = ok && sentence != "" && len(sentence) <= maxLine
	}
	for _, a := range m.Actions {
		ok = ok && a.Text != "" && strings.HasPrefix(a.Path, "/") && !strings.HasPrefix(a.Path, "//")
	}
	switch m.Kind {
	case Notice, Question, Certificate, Decision:
	default:
		ok = false
	}
	if !ok {
		return fault.New(fault.Internal, "delivery.error.message", "Key", m.Key)
	}
	return nil
}

// sentence is what an open e-mail may say about the message, beside that it waits.
func (m Message) sentence() string {
	if m.Sensitive {
		return ""
	}
	return m.Mail
}

// Item is a message as it lies in the mailbox.
type Item struct {
	Message
	ID      string
	Created time.Time
	Read    time.Time // zero: unread
}

// Cursor is a place in a mailbox, to go on from there.
type Cursor struct {
	created time.Time
	id      string
}

// String writes the cursor for an address; the beginning is empty.
func (c Cursor) String() string {
	if c.id == "" {
		return ""
	}
	return strconv.FormatInt(c.created.UnixMicro(), 10) + "." + c.id
}

// ParseCursor reads what String wrote; anything else is kind Invalid.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	number, id, _ := strings.Cut(s, ".")
	us, err := strconv.ParseInt(number, 10, 64)
	if err != nil || us <= 0 || !ident.Valid(id) {
		return Cursor{}, fault.New(fault.Invalid, "delivery.error.cursor")
	}
	return Cursor{time.UnixMicro(us).UTC(), id}, nil
}

// Parcel is what goes out by letter post (Briefpost): a code that shows that somebody gets post at an address.
type Parcel struct {
	Key       string // the same key twice is one letter
	Authority authority.Key
	Unit      string
	Case      string
	Subject   ledger.Subject // empty if it goes to an address and not yet to a known person
	Name      string
	Address   authority.Address
	Title     string
	Text      []string
	Law       string
}

func (p Parcel) check() error {
	if p.Key == "" || p.Authority == "" || p.Name == "" || p.Address.IsZero() || p.Title == "" || len(p.Text) == 0 || p.Law == "" {
		return fault.New(fault.Internal, "delivery.error.parcel", "Key", p.Key)
	}
	return nil
}

// Posted is a letter that went out by post.
type Posted struct {
	Parcel
	ID      string
	Created time.Time
}
