package procedure

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Status says where a case stands, in the words of the command line too.
type Status string

// The statuses. A case is done when it is decided, everything is issued, every notice is acknowledged and no grant is
// open.
const (
	Waiting Status = "waiting" // for the applicant, a register, a day or an acknowledgement
	AtDesk  Status = "desk"    // for a clerk
	Done    Status = "done"
	Refused Status = "refused" // decided against, or withdrawn
)

// Ended reports whether nothing more will happen.
func (s Status) Ended() bool { return s == Done || s == Refused }

// Wait says for what exactly a case waits.
type Wait string

// What a case may wait for.
const (
	ForNothing  Wait = ""
	ForForm     Wait = "form"     // the applicant fills in a stage
	ForRelease  Wait = "release"  // the applicant reads and releases evidence
	ForTyping   Wait = "typing"   // the applicant refused and types evidence
	ForCode     Wait = "code"     // the applicant enters a code that was posted
	ForRegister Wait = "register" // a register answers
	ForDay      Wait = "day"      // a day comes
	ForAnswer   Wait = "answer"   // the applicant answers a clerk
	ForClerk    Wait = "clerk"    // a clerk settles findings or decides
	ForNotices  Wait = "notices"  // others acknowledge what they were told
)

// OfApplicant reports whether the applicant must do something.
func (w Wait) OfApplicant() bool {
	return slices.Contains([]Wait{ForForm, ForRelease, ForTyping, ForCode, ForAnswer}, w)
}

// Case (Vorgang) is one concern of one person with one authority.
type Case struct {
	ID        string
	Number    string // file number (Aktenzeichen), for people
	Authority authority.Key
	Service   string
	Edition   string // hash
	Subject   ledger.Subject
	Account   string // who acts, as sessions and the ledger name them: "account:ID"
	Mandate   string // under which the account acts; empty for oneself
	Channel   string
	Stage     string
	Status    Status
	Wait      Wait
	Reason    string // why it waits: names of checks, or of what is missing
	Outcome   string
	DecidedBy By
	Created   time.Time
	Received  time.Time // when the applicant sent the first form
	Decided   time.Time
	Closed    time.Time
	Due       time.Time // when the authority must have answered; zero while nothing is due
	Version   int64
	State     State
}

// By says who decided.
type By string

// Who decides.
const (
	ByMachine By = "machine"
	ByPerson  By = "person"
)

// State is what a case knows; it is stored sealed.
type State struct {
	Logged      int64                     `json:"logged,omitempty"` // events so far
	Values      json.RawMessage           `json:"values,omitempty"`
	Entered     []string                  `json:"entered,omitempty"`   // stages whose condition was asked and held
	Filled      []string                  `json:"filled,omitempty"`    // stages whose form was sent
	Tried       map[string]int            `json:"tried,omitempty"`     // sources of evidence that gave nothing, by stage/evidence
	Fetched     map[string]Fetched        `json:"fetched,omitempty"`   // by stage/evidence
	Requests    map[string]string         `json:"requests,omitempty"`  // questions for release, by evidence/subject
	Grants      map[string]string         `json:"grants,omitempty"`    // releases, by evidence/subject
	Typing      map[string]Draft          `json:"typing,omitempty"`    // what is typed instead of releasing it, by evidence/subject
	Relatives   map[string]ledger.Subject `json:"relatives,omitempty"` // who stands behind a picked name
	Answers     map[string][]Kept         `json:"answers,omitempty"`   // registers' answers as they came, by evidence
	Settled     map[string]Settled        `json:"settled,omitempty"`   // findings that a clerk settled, by check
	Found       []Found                   `json:"found,omitempty"`     // findings that stand
	Questions   []Question                `json:"questions,omitempty"`
	Letters     []LetterRef               `json:"letters,omitempty"`
	Referral    json.RawMessage           `json:"referral,omitempty"` // values a portal handed over
	Portal      string                    `json:"portal,omitempty"`
	Sent        bool                      `json:"sent,omitempty"`   // notices have gone out
	Posted      bool                      `json:"posted,omitempty"` // a code has been posted
	Lang        string                    `json:"lang,omitempty"`   // of the last form: in which the person is written to
	Insists     bool                      `json:"insists,omitempty"`
	WantsPerson bool                      `json:"wants_person,omitempty"`
	Remarks     string                    `json:"remarks,omitempty"`
	Changed     bool                      `json:"changed,omitempty"` // a register's values changed since the person saw them
	Decision    *Decision                 `json:"decision,omitempty"`
	Proposal    string                    `json:"proposal,omitempty"` // the outcome a clerk may take over by one click
	Enacted     []string                  `json:"enacted,omitempty"`  // stages whose effects have happened
	Name        string                    `json:"name,omitempty"`     // of the applicant, for the desk
	CheckMillis int64                     `json:"check_ms,omitempty"` // how long the formal check took
}

// Fetched says how evidence came, or that it did not.
type Fetched struct {
	How  string `json:"how"`
	From string `json:"from,omitempty"` // the authority or portal
}

// How evidence comes.
const (
	FromRegister = "register"
	FromReferral = "referral"
	FromForm     = "form"
	FromCode     = "posted_code"
	FromNowhere  = "none"
)

// Kept is a register's answer about one person, as it came.
type Kept struct {
	Subject ledger.Subject  `json:"subject"`
	Values  register.Values `json:"values"`
}

// Found is a finding of the formal check that stands.
type Found struct {
	Check    string `json:"check"`
	Severity string `json:"severity"`
	Unknown  bool   `json:"unknown,omitempty"`
}

// Settled is a finding that a clerk settled, with the reason for the file.
type Settled struct {
	Reason string    `json:"reason"`
	Staff  string    `json:"staff"`
	Unit   string    `json:"unit"`
	At     time.Time `json:"at"`
}

// Question is what a clerk asked the applicant. Answer is empty until it comes. One that names an outcome is a hearing
// (Anhörung, § 28 VwVfG): its Text says why the outcome is intended.
type Question struct {
	Text     string     `json:"text"`
	Unit     string     `json:"unit"`
	Asked    time.Time  `json:"asked"`
	Outcome  string     `json:"outcome,omitempty"`
	Until    clock.Date `json:"until,omitzero"` // last day for the answer to a hearing
	Answer   string     `json:"answer,omitempty"`
	Answered time.Time  `json:"answered,omitzero"`
	Dropped  time.Time  `json:"dropped,omitzero"` // when a clerk took it back unanswered
}

// Decision is what was decided, by whom and why.
type Decision struct {
	Outcome string    `json:"outcome"`
	By      By        `json:"by"`
	Staff   string    `json:"staff,omitempty"`
	Name    string    `json:"name,omitempty"` // for the letter (§ 37 Abs. 3 VwVfG)
	Unit    string    `json:"unit,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
	// Dispensed says why the person was not heard before a burden, where the law asks for it.
	Dispensed *Dispensation `json:"dispensed,omitempty"`
}

// LetterRef points to a letter that the case issued.
type LetterRef struct {
	ID      string         `json:"id"`
	Key     string         `json:"key"`
	Title   string         `json:"title"`
	Subject ledger.Subject `json:"subject,omitempty"`
	Name    string         `json:"name,omitempty"` // whom a certificate is about
	Due     clock.Date     `json:"due,omitzero"`   // last day for the remedy against a decision
}

func (s *State) fetched(key string, f Fetched) {
	s.Fetched = maps.Clone(s.Fetched) // a plan must not write into the case it was made from
	if s.Fetched == nil {
		s.Fetched = map[string]Fetched{}
	}
	s.Fetched[key] = f
}

// Typed reports whether somebody typed evidence instead of releasing it.
func (s State) Typed(evidence string) bool {
	for key, f := range s.Fetched {
		if _, name, _ := strings.Cut(key, "/"); name == evidence && f.How == FromForm {
			return true
		}
	}
	return false
}

func (s State) filled(stage string) bool  { return slices.Contains(s.Filled, stage) }
func (s State) enacted(stage string) bool { return slices.Contains(s.Enacted, stage) }

// number makes a file number that says the year and nothing about anybody.
func number(id string, day clock.Date) string {
	s := strings.ToUpper(id)
	return day.String()[:4] + "-" + s[:4] + "-" + s[4:8]
}

// Event is a line of a case's history. Data is what the event added.
type Event struct {
	Seq   int64
	At    time.Time
	Kind  EventKind
	Stage string
	Who   string // account, staff or nothing for the machine
	Unit  string
	Data  map[string]string
}

// EventKind says what happened.
type EventKind string

// What can happen in a case.
const (
	Started      EventKind = "started"
	Released     EventKind = "released"
	Declined     EventKind = "declined" // the applicant kept data back
	Fetch        EventKind = "fetched"
	Filled       EventKind = "filled"
	Typed        EventKind = "typed"
	Coded        EventKind = "coded"
	Checked      EventKind = "checked"
	Stopped      EventKind = "stopped" // a person is needed
	SettledEvent EventKind = "settled"
	AskedBack    EventKind = "asked"
	Heard        EventKind = "heard" // a burden is announced, the applicant may answer
	Answered     EventKind = "answered"
	Unanswered   EventKind = "unanswered" // the period of a hearing has ended
	TakenBack    EventKind = "taken_back" // a clerk waits for the answer no longer
	DecidedEvent EventKind = "decided"
	Recorded     EventKind = "recorded"
	Sent         EventKind = "sent"
	Issued       EventKind = "issued"
	Acknowledged EventKind = "acknowledged"
	ClosedEvent  EventKind = "closed"
	Insisted     EventKind = "insisted"
	WantedPerson EventKind = "wanted_person"
	DayCame      EventKind = "day"
	Reopened     EventKind = "reopened"    // the applicant wants to correct a form
	Unreachable  EventKind = "unreachable" // a register did not answer
)
