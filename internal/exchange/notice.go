package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Notice (Änderungsmitteilung) tells another authority by law what changed about one person.
type Notice struct {
	ID        string // the sender's; the same one again is the same notice
	Case      string
	Place     int    // in the order of the definition
	Key       string // its name in the definition
	From      authority.Key
	Unit      string
	To        authority.Key
	Register  string // of the recipient that is to take note; may be empty
	Subject   ledger.Subject
	Actor     string
	OnBehalf  string
	Law       string
	Example   bool // the law is made up for the demo world
	Purpose   string
	Reason    string   // in plain words
	Fields    []string // paths such as birth.date; nothing else may stand in Values
	Sheets    []string // the DSMeld sheets they are
	Values    json.RawMessage
	Due       time.Time // when it must have arrived
	AnswerDue time.Time // when the recipient's answer must be there; zero if none is due
	Sent      time.Time // set by Send
	Salt      string    // set by Send
	Statement string    // the sender's signature; set on delivery
}

// Inbound is a notice as the recipient gets it.
type Inbound struct {
	Notice
	Received time.Time
}

// Reply is what a recipient answers to a notice (§ 33 Abs. 2 BMG). Data travel in an event, so they name fields and
// findings, never a person's values.
type Reply struct {
	Data    json.RawMessage
	Fields  []string // that differ
	Purpose string
	Law     string
	Reason  string
}

// Ack is a recipient's acknowledgement.
type Ack struct {
	Notice    string
	Statement string // signed by the recipient
	Reply     *Reply // nil if the recipient has nothing to answer
}

// NoticeState is a line of the list "who has my new address now".
type NoticeState struct {
	ID             string
	Key            string
	From           authority.Key
	To             authority.Key
	Subject        ledger.Subject
	Law            string
	Example        bool
	Purpose        string
	Fields         []string
	Sheets         []string
	SentAt         time.Time
	Due            time.Time
	Acknowledged   bool
	AcknowledgedAt time.Time
	AnswerDue      time.Time
	Answered       bool
	AnsweredAt     time.Time
	Late           bool // not acknowledged, or not answered, in time
}

// late reports whether something was due before now and is not there.
func (n NoticeState) late(now time.Time) bool {
	return (!n.Acknowledged && !n.Due.IsZero() && now.After(n.Due)) || (!n.Answered && !n.AnswerDue.IsZero() && now.After(n.AnswerDue))
}

// check refuses a notice without law or with values that its list of fields does not name.
func (n Notice) check() error {
	if n.ID == "" || n.Case == "" || n.Key == "" || n.From == "" || n.To == "" || n.Subject == "" || n.Law == "" || n.Purpose == "" {
		return fault.New(fault.Invalid, "exchange.error.incomplete")
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(n.Values, &values); err != nil {
		return fault.Wrap(fault.Invalid, "exchange.error.incomplete", err)
	}
	fields := make([]string, len(n.Fields))
	for i, f := range n.Fields {
		fields[i] = strings.TrimPrefix(f, ".")
	}
	return covered("", values, fields)
}

// covered walks values: a member passes if a field names it or something above it; else all its members must pass.
func covered(under string, values map[string]json.RawMessage, fields []string) error {
	for name, raw := range values {
		path := under + name
		if slices.Contains(fields, path) {
			continue
		}
		var inner map[string]json.RawMessage
		above := slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, path+".") })
		if !above || json.Unmarshal(raw, &inner) != nil {
			return fault.New(fault.Forbidden, "exchange.error.unlisted", "Field", path)
		}
		if err := covered(path+".", inner, fields); err != nil {
			return err
		}
	}
	return nil
}

// commitment is the hex SHA-256 of salt and values: without the salt, which is sealed with the values, nobody can find
// out by trying what was sent.
func (n Notice) commitment() string {
	sum := sha256.Sum256(append([]byte(n.Salt), n.Values...))
	return hex.EncodeToString(sum[:])
}

// ready brings the values into their canonical form and salts them.
func (n *Notice) ready(now time.Time) error {
	if err := n.check(); err != nil {
		return err
	}
	values, err := canon.Transform(n.Values)
	if err != nil {
		return fault.Wrap(fault.Invalid, "exchange.error.incomplete", err)
	}
	n.Values, n.Salt, n.Sent = values, ident.Token(), now
	return nil
}

// sealedBody is what is sealed in the tables of both sides.
type sealedBody struct {
	Salt   string          `json:"salt"`
	Values json.RawMessage `json:"values"`
}

// bound ties a sealed body to its row.
func bound(owner authority.Key, table, id string) []byte {
	return []byte(string(owner) + "\x00" + table + "\x00" + id)
}

// noticeStatement is what the sender signs.
type noticeStatement struct {
	Type    string    `json:"type"`
	ID      string    `json:"id"`
	From    string    `json:"authority"`
	To      string    `json:"recipient"`
	Case    string    `json:"case"`
	Key     string    `json:"notice"`
	Subject string    `json:"subject"`
	Law     string    `json:"law"`
	Purpose string    `json:"purpose"`
	Fields  []string  `json:"fields"`
	Sheets  []string  `json:"sheets"`
	Hash    string    `json:"commitment"`
	Sent    time.Time `json:"time"`
}

func (n Notice) statement() ([]byte, error) {
	b, err := canon.JSON(noticeStatement{
		Type: NoticeType, ID: n.ID, From: string(n.From), To: string(n.To), Case: n.Case, Key: n.Key, Subject: string(n.Subject), Law: n.Law,
		Purpose: n.Purpose, Fields: orEmpty(n.Fields), Sheets: orEmpty(n.Sheets), Hash: n.commitment(), Sent: n.Sent.UTC(),
	})
	if err != nil {
		return nil, fmt.Errorf("statement of notice %s: %w", n.ID, err)
	}
	return b, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// ackStatement is what the recipient signs.
type ackStatement struct {
	Type string    `json:"type"`
	ID   string    `json:"id"`
	From string    `json:"authority"`
	To   string    `json:"sender"`
	Case string    `json:"case"`
	Hash string    `json:"commitment"`
	Time time.Time `json:"time"`
}

func (n Notice) ackStatement(now time.Time) ([]byte, error) {
	b, err := canon.JSON(ackStatement{
		Type: AcknowledgementType, ID: n.ID, From: string(n.To), To: string(n.From), Case: n.Case, Hash: n.commitment(), Time: now.UTC(),
	})
	if err != nil {
		return nil, fmt.Errorf("acknowledgement of notice %s: %w", n.ID, err)
	}
	return b, nil
}

// entry is the notice as the sender's ledger keeps it.
func (n Notice) entry(now time.Time) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Notice, Authority: string(n.From), Unit: n.Unit, Actor: n.Actor, OnBehalf: n.OnBehalf, Subject: n.Subject, Reader: string(n.To),
		Fields: n.Fields, Purpose: n.Purpose, Law: n.Law, Basis: string(consent.ByLaw), Case: n.Case, Reason: n.Reason,
		DeleteOn: ledger.RetrievalLog(now), More: map[string]string{"notice": n.ID, "name": n.Key, "commitment": n.commitment()},
	}
}

// ackEntry is the notice as the recipient's ledger keeps it.
func (n Notice) ackEntry(now time.Time) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Acknowledgement, Authority: string(n.To), Subject: n.Subject, Reader: string(n.To), Fields: n.Fields, Purpose: n.Purpose,
		Law: n.Law, Basis: string(consent.ByLaw), Case: n.Case, Reason: n.Reason, DeleteOn: ledger.RetrievalLog(now),
		More: map[string]string{"notice": n.ID, "sender": string(n.From), "commitment": n.commitment()},
	}
}

// replyEntry is the answer as the recipient's ledger keeps it: the old town tells the new one what it found.
func (n Notice) replyEntry(r Reply, now time.Time) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Notice, Authority: string(n.To), Subject: n.Subject, Reader: string(n.From), Fields: r.Fields, Purpose: r.Purpose, Law: r.Law,
		Basis: string(consent.ByLaw), Case: n.Case, Reason: r.Reason, DeleteOn: ledger.RetrievalLog(now), More: map[string]string{"answers": n.ID},
	}
}
