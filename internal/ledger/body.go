package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// Body is a record as it was written.
type Body struct {
	ID         string            `json:"id"`
	Time       time.Time         `json:"time"`
	Kind       Kind              `json:"kind"`
	Authority  string            `json:"authority"`
	Unit       string            `json:"unit"`
	Role       string            `json:"role,omitempty"`
	Actor      string            `json:"actor,omitempty"`
	OnBehalf   string            `json:"on_behalf,omitempty"`
	Subject    Subject           `json:"subject,omitempty"`
	SubjectSeq int64             `json:"subject_seq,omitempty"`
	Prev       []byte            `json:"subject_prev,omitempty"`
	Reader     string            `json:"reader,omitempty"`
	Fields     []string          `json:"fields,omitempty"`
	Purpose    string            `json:"purpose"`
	Law        string            `json:"law"`
	Basis      string            `json:"basis,omitempty"`
	Case       string            `json:"case"`
	Reason     string            `json:"reason,omitempty"`
	Grant      string            `json:"grant,omitempty"`
	DeleteOn   clock.Date        `json:"delete_on,omitzero"`
	Erases     []string          `json:"erases,omitempty"`
	Commitment []byte            `json:"commitment,omitempty"` // of a hidden record: SHA-256(nonce ‖ the access)
	OpensOn    clock.Date        `json:"opens_on,omitzero"`
	Sealed     []byte            `json:"sealed,omitempty"`
	Opens      string            `json:"opens,omitempty"` // the hidden record that this one brings to light
	Happened   time.Time         `json:"happened,omitzero"`
	Nonce      []byte            `json:"nonce,omitempty"`
	More       map[string]string `json:"more,omitempty"`
}

// ParseBody reads the canonical bytes of a record.
func ParseBody(b []byte) (body Body, err error) {
	if err := json.Unmarshal(b, &body); err != nil {
		return Body{}, fmt.Errorf("body of a record: %w", err)
	}
	return body, nil
}

var errBody = errors.New("ledger: not the bytes of a record")

// members are the raw values of those members of a body that are also columns or links, still in JSON.
type members struct {
	authority, caseID, deleteOn, id, kind, opens, subject, subjectPrev, subjectSeq, time []byte
}

// scanMembers finds the members of a canonical body without unpacking it: verification reads every body of a ledger.
// It insists on ascending keys, so no member can stand there twice.
func scanMembers(b []byte) (m members, err error) {
	s := scanner{b: b}
	if !s.take('{') {
		return m, errBody
	}
	var last []byte
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return m, errBody
		}
		key := s.text()
		if key == nil || !s.take(':') || bytes.Compare(last, key) >= 0 {
			return m, errBody
		}
		last = key
		value := s.value(0)
		if value == nil {
			return m, errBody
		}
		m.set(key, value)
	}
	if s.at != len(b) {
		return m, errBody
	}
	return m, nil
}

func (m *members) set(key, value []byte) {
	switch string(key[1 : len(key)-1]) {
	case "authority":
		m.authority = value
	case "case":
		m.caseID = value
	case "delete_on":
		m.deleteOn = value
	case "id":
		m.id = value
	case "kind":
		m.kind = value
	case "opens":
		m.opens = value
	case "subject":
		m.subject = value
	case "subject_prev":
		m.subjectPrev = value
	case "subject_seq":
		m.subjectSeq = value
	case "time":
		m.time = value
	}
}

// is reports whether a raw JSON string holds the text; a missing member holds the empty text.
func is(raw []byte, text string) bool {
	if len(raw) == 0 {
		return text == ""
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[0] == '"' && string(raw[1:len(raw)-1]) == text
	}
	var s string
	return json.Unmarshal(raw, &s) == nil && s == text
}

func (m *members) seq() int64 {
	n, err := strconv.ParseInt(string(m.subjectSeq), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// prev is the leaf of the person's previous record; nil at the first.
func (m *members) prev() []byte {
	if len(m.subjectPrev) < 2 {
		return nil
	}
	leaf, err := base64.StdEncoding.DecodeString(string(m.subjectPrev[1 : len(m.subjectPrev)-1]))
	if err != nil {
		return []byte("?") // no leaf has this length, so it matches none
	}
	return leaf
}

// scanner walks over canonical JSON.
type scanner struct {
	b  []byte
	at int
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.b) && s.b[s.at] == c {
		s.at++
		return true
	}
	return false
}

// text returns the raw string that begins here, quotes included.
func (s *scanner) text() []byte {
	from := s.at
	if !s.take('"') {
		return nil
	}
	for s.at < len(s.b) {
		switch s.b[s.at] {
		case '"':
			s.at++
			return s.b[from:s.at]
		case '\\':
			s.at++
		}
		s.at++
	}
	return nil
}

const deepest = 8 // a body has lists and one object of texts

// value returns the raw value that begins here.
func (s *scanner) value(depth int) []byte {
	from := s.at
	if s.at >= len(s.b) || depth > deepest {
		return nil
	}
	switch s.b[s.at] {
	case '"':
		return s.text()
	case '{', '[':
		return s.nested(depth)
	}
	for s.at < len(s.b) && (s.b[s.at]|0x20 >= 'a' && s.b[s.at]|0x20 <= 'z' || s.b[s.at] >= '0' && s.b[s.at] <= '9' || s.b[s.at] == '-' || s.b[s.at] == '+' || s.b[s.at] == '.') {
		s.at++
	}
	if s.at == from {
		return nil
	}
	return s.b[from:s.at]
}

func (s *scanner) nested(depth int) []byte {
	from, object := s.at, s.b[s.at] == '{'
	end := byte(']')
	if object {
		end = '}'
	}
	s.at++
	for first := true; !s.take(end); first = false {
		if !first && !s.take(',') {
			return nil
		}
		if object && (s.text() == nil || !s.take(':')) {
			return nil
		}
		if s.value(depth+1) == nil {
			return nil
		}
	}
	return s.b[from:s.at]
}
