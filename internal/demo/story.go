package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Move is one line of a file of moves. docs/story.md says what each member means.
type Move struct {
	ID         string    `json:"id"`
	People     []Mover   `json:"people"` // whoever holds the card first
	Old        Place     `json:"old"`
	New        Place     `json:"new"`
	MoveIn     string    `json:"move_in"` // 2030-03-01, today, today-3, today+10
	Kind       string    `json:"kind"`
	Referral   string    `json:"referral"`
	Landlord   string    `json:"landlord"`
	Objections wordList  `json:"objections"`
	Faults     wordList  `json:"faults"`
	household  Household // prepared: in which register they stand
}

// Mover is somebody who moves. Only names and day of birth name a person; the rest shapes somebody who is new.
type Mover struct {
	Given       string     `json:"given"`
	Family      string     `json:"family"`
	Birth       clock.Date `json:"birth"`
	Sex         string     `json:"sex"`
	BirthName   string     `json:"birth_name"`
	Doctorate   string     `json:"doctorate"`
	Religion    string     `json:"religion"`
	Nationality string     `json:"nationality"`
	Blocked     bool       `json:"blocked"`
}

// Place is an address as a file of moves writes it.
type Place struct {
	Street   string `json:"street"`
	House    string `json:"house"`
	Postcode string `json:"postcode"`
	Town     string `json:"town"`
}

func (p Place) address() authority.Address { return authority.Address(p) }

// wordList takes one word or several.
type wordList []string

// UnmarshalJSON reads a list, a single word, or null.
func (l *wordList) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = strings.FieldsFunc(one, func(r rune) bool { return r == ',' || r == ' ' })
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

func (m Move) has(fault string) bool { return slices.Contains(m.Faults, fault) }

// applicant holds the card.
func (m Move) applicant() Mover { return m.People[0] }

// key names a person as registers compare people.
func (p Mover) key() string {
	return authority.Fold(p.Family) + "/" + authority.Fold(register.AllNames(p.Given)) + "/" + p.Birth.String()
}

func (p Mover) name() string { return strings.TrimSpace(p.Given + " " + p.Family) }

// The words of a file of moves.
var (
	referralWords = []string{"none", "valid", "forged", "expired"}
	landlordWords = []string{"match", "mismatch", "code", "none", "owner"}
	kindWords     = []string{"sole", "main", "secondary"}
	// objectionWords are the choices of the definition's field "objections".
	objectionWords = []string{"parties", "jubilees", "family_church"}
)

// The words that say what goes wrong in a move.
const (
	doubleClick       = "double_click"
	doubleClickAtOnce = "double_click_at_once"
	referralTwice     = "referral_twice"
	referralAtOnce    = "referral_twice_at_once"
	otherPerson       = "other_person"
	registerDown      = "register_down"
	unknownHouse      = "unknown_house"
	tooEarly          = "too_early"
	impossibleDate    = "impossible_date"
	beforeBirth       = "before_birth"
	tooFar            = "too_far"
	late              = "late"
	notFound          = "not_found"
	twin              = "twin"
	levelLow          = "level_low"
	refuse            = "refuse"
	secondCase        = "second_case"
	insists           = "insists"
	wantsPerson       = "wants_person"
	remarks           = "remarks"
	bigBody           = "big_body"
	unknownMark       = "unknown_mark"
	wrongCode         = "wrong_code"
	noCode            = "no_code"
	leaves            = "leaves"
)

var faultWords = []string{
	doubleClick, doubleClickAtOnce, referralTwice, referralAtOnce, otherPerson, registerDown, unknownHouse, tooEarly, impossibleDate, beforeBirth,
	tooFar, late, notFound, twin, levelLow, refuse, secondCase, insists, wantsPerson, remarks, bigBody, unknownMark, wrongCode, noCode, leaves,
}

// Words are the words of a file of moves, by the member they stand in.
func Words() map[string][]string {
	return map[string][]string{"referral": referralWords, "landlord": landlordWords, "kind": kindWords, "objections": objectionWords, "faults": faultWords}
}

// days says which fault moves the day of moving in, and where to: days from today.
var days = map[string]int{tooEarly: 30, tooFar: 800, late: -60}

// LineError says what is wrong with a line of a file of moves.
type LineError struct {
	Line int
	What string
}

// Error names the line.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// longestLine of a file of moves, in bytes.
const longestLine = 1 << 20

// ReadMoves reads a file of moves: a JSON object a line, empty lines skipped. The first line that is wrong is a
// *LineError, and nothing of the file is used then.
func ReadMoves(r io.Reader) ([]Move, error) {
	all, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("moves: %w", err)
	}
	var moves []Move
	seen := map[string]int{}
	for i, line := range bytes.Split(bytes.TrimPrefix(all, []byte("\ufeff")), []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		m, err := readMove(line)
		if err == nil && seen[m.ID] > 0 {
			err = fmt.Errorf("the id %q stands in line %d already", m.ID, seen[m.ID])
		}
		if err != nil {
			return nil, &LineError{i + 1, err.Error()}
		}
		seen[m.ID] = i + 1
		moves = append(moves, m)
	}
	return moves, nil
}

func readMove(line []byte) (m Move, err error) {
	if len(line) > longestLine {
		return m, fmt.Errorf("it has %d bytes, at most %d", len(line), longestLine)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("not a move: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, errors.New("there is something behind the move")
	}
	m.Kind, m.Referral, m.Landlord = or(m.Kind, "sole"), or(m.Referral, "none"), or(m.Landlord, "match")
	return m, m.check()
}

func or(word, otherwise string) string {
	if word == "" {
		return otherwise
	}
	return word
}

func (m Move) check() error {
	if m.ID == "" || len(m.ID) > 200 {
		return errors.New("id is missing or longer than 200")
	}
	if len(m.People) == 0 || len(m.People) > 20 {
		return errors.New("people must name one to twenty")
	}
	for i, p := range m.People {
		if strings.TrimSpace(p.Family) == "" || p.Birth.IsZero() {
			return fmt.Errorf("people[%d] needs family and birth", i)
		}
	}
	for _, w := range []struct {
		name  string
		got   []string
		known []string
	}{
		{"referral", []string{m.Referral}, referralWords},
		{"landlord", []string{m.Landlord}, landlordWords},
		{"kind", []string{m.Kind}, kindWords},
		{"objections", m.Objections, objectionWords},
		{"faults", m.Faults, faultWords},
	} {
		for _, word := range w.got {
			if !slices.Contains(w.known, word) {
				return fmt.Errorf("%s: %q is none of %s", w.name, word, strings.Join(w.known, ", "))
			}
		}
	}
	if !dayForm.MatchString(m.MoveIn) {
		return fmt.Errorf("move_in: %q is no day; write 2030-03-01, today, today-3 or today+10", m.MoveIn)
	}
	return m.checkPlaces()
}

var dayForm = regexp.MustCompile(`^(|\d{4}-\d{2}-\d{2}|today([+-]\d{1,5})?)$`)

func (m Move) checkPlaces() error {
	for i, p := range []Place{m.Old, m.New} {
		if p == (Place{}) {
			continue
		}
		a := p.address()
		if same, err := authority.ParseAddress(a.String()); err != nil || same != a {
			return fmt.Errorf("%s: %q is no address: street, house, postcode and town", []string{"old", "new"}[i], a)
		}
	}
	return nil
}

// day returns the day of moving in as somebody types it. A day that does not exist stays as it was written: what the
// pages make of it is part of the story.
func (m Move) day(today clock.Date) string {
	for fault, n := range days {
		if m.has(fault) {
			return today.AddDays(n).String()
		}
	}
	switch {
	case m.has(impossibleDate):
		return fmt.Sprintf("30.2.%d", today.Y)
	case m.has(beforeBirth):
		return m.applicant().Birth.AddDays(-1).String()
	case m.MoveIn == "":
		return today.AddDays(-3).String()
	}
	if shift, relative := strings.CutPrefix(m.MoveIn, "today"); relative {
		n, err := strconv.Atoi(or(shift, "0"))
		if err != nil {
			n = 0 // dayForm lets only numbers pass
		}
		return today.AddDays(n).String()
	}
	return m.MoveIn
}
