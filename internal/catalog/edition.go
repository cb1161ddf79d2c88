package catalog

import (
	"github.com/amtsweg/amtsweg/internal/authority"
)

// Edition (Fassung) is a checked and compiled definition. It never changes and may be used by several goroutines.
//
// Its lists are in written order. Texts are German here; Text gives each in the reader's language by its path, such as
// "checks.in_time.say".
type Edition struct {
	Service   string // "residence-registration"
	Number    int
	Publisher string
	Path      string // of the public page: "umzug"
	Title     string
	Summary   string
	Code      string // LeiKa or FIM key
	Law       string // the main law
	Example   bool   // the edition as a whole is made up
	Overlay   string // the authority whose own values it has, or nothing

	Applicant  Applying
	Units      []Unit
	Evidence   []Evidence
	Fields     []Field
	Terms      []Term
	Checks     []CheckRule
	Deadlines  []Deadline
	Stages     []Stage
	Decision   Decision
	Fee        Fee
	Retention  Retention
	Statistics Statistics

	RecordRules   []Record // what Records, Letters, Notices and Proposals follow
	LetterRules   []Letter
	NoticeRules   []Notice
	ProposalRules []Proposition

	hash    [32]byte
	texts   map[string]map[string]string // language, path
	names   map[string]*valueType
	members map[string]*member
	given   []given
	tables  map[string]*table
	reached map[string]map[int]bool // rows of tables that tests reached; nil outside of them
	marked  []string                // paths of elements marked as an example
}

// Trust is the level of trust that an applicant's login must have.
type Trust string

// The levels of trust, from none to high.
const (
	TrustNone        Trust = "none"
	TrustNormal      Trust = "normal"
	TrustSubstantial Trust = "substantial"
	TrustHigh        Trust = "high"
)

// Applying says who may apply and how sure we must be of it.
type Applying struct {
	Is       []string // person, company
	Trust    Trust
	Law      string
	InPerson string // the law by which nobody may act for the applicant
}

// Unit (Stelle) is a role inside the authority; each authority maps it to an office of its own.
type Unit struct{ Name, Title string }

// Basis is why data may be fetched.
type Basis string

// The three bases: shown with its law and no tick; because the person asks; extras that the person allows.
const (
	ByLaw     Basis = "law"
	ByRequest Basis = "request"
	ByConsent Basis = "consent"
)

// Evidence (Nachweis) is what another authority, or the referring portal, knows already.
type Evidence struct {
	Name, Title, Purpose string
	From                 []Source // tried in this order
	By                   Basis
	Whole                bool // one tick for all of it
	Law                  string
	About                string // the field whose persons it has one row for
	Like                 string // the evidence whose fields it has
	Optional             bool
	UnlessBlocked        string // the law by which people with an information block are left out
	Fields               []Field
	Example              bool

	when *expression
	with []write
}

// Source is one place that evidence comes from.
type Source struct {
	Kind string // register, case, referral, form, upload, posted_code
	Name string // of the register or the service
}

// Class says how a value is protected.
type Class string

// The classes: encrypted and never leaving the case; encrypted, not in mail or statistics; personal; may be published.
const (
	Secret    Class = "secret"
	Sensitive Class = "sensitive"
	Personal  Class = "personal"
	Open      Class = "open"
)

// Field (Angabe) describes a value for the page that asks or shows it.
type Field struct {
	Name     string
	Path     string // of its texts: "fields.move_in"
	Label    string
	Hint     string
	One      string // what one of many is called: "Kind"
	Type     string // the word of the language; "choice" and "group" too
	Choices  []Choice
	Fields   []Field // of a group
	Many     int     // at most so many values; 0 is one value
	Optional bool
	Class    Class
	Law      string
	Code     string // "DSMeld 1301"
	From     []string
	Pick     []string // paths whose persons may be picked
	Allowed  string
	Accept   []string
	Max      string // size of a file
	Example  bool

	// NeverAsked is the law by which a person is not asked for the value where evidence may be typed: authorities tell it
	// one another.
	NeverAsked string

	when *expression
}

// Conditional reports whether the field is asked only if a condition holds.
func (f Field) Conditional() bool { return f.when != nil }

// Choice is one word of a choice with its German label.
type Choice struct{ Value, Label string }

// Term (Begriff) is a named expression.
type Term struct{ Name, Label, Law, Code string }

// Severity is what a check asks for when it fails.
type Severity string

// What a failing check does: it shows its message at the form, it asks a person, it only tells.
const (
	Stop   Severity = "stop"
	Person Severity = "person"
	Warn   Severity = "warn"
)

// CheckRule (Prüfung) is one condition that the case must meet.
type CheckRule struct {
	Name            string
	Else            Severity
	Say, Guide, Law string
	Example         bool

	that  *expression
	ready int // the stage after which all it rests on was asked or fetched
}

// Deadline (Frist) is a period that starts at some day of the case.
type Deadline struct {
	Name    string
	Of      []string // applicant or units
	Within  authority.Period
	Law     string
	Extend  authority.Period // once, with a reason
	Pauses  bool             // the clock stands while a question to the applicant is open; a hearing does not stop it
	Missed  string           // warn, remind, escalate, go_on, close or deemed
	Deemed  string           // outcome that silence stands for
	Example bool

	from *expression
}

// Stage (Schritt) is one stretch of the way of a case: somebody's work, or the machine's.
type Stage struct {
	Name, Title, Guide string
	Who                string // applicant or a unit; nothing for the machine
	Fills              []string
	Parallel           []Work
	Within             string // deadline
	Fetch              []string
	Check              []string // all is written out
	Decide, Pay        bool
	Record             []string
	Issue              []string
	Send               []string
	Propose            []string
	Waits              bool // it has an until

	when, until, ranks *expression
	acts               []string
}

// Work is one unit's share of a stage that several units work on at the same time.
type Work struct {
	Unit, Title, Guide string
	Fills              []string

	when *expression
}

// Mode says who decides.
type Mode string

// The modes: a machine where a law permits it; a person by one click; a person.
const (
	Automatic Mode = "automatic"
	Proposed  Mode = "proposed"
	Human     Mode = "human"
)

// Decision (Entscheidung) is how the case is decided.
type Decision struct {
	By          string // unit
	Law         string
	Discretion  bool
	Mode        Mode
	PermittedBy string // the law that lets a machine decide
	FourEyes    bool
	Example     bool // the permission is made up: in a live database a person decides
	Outcomes    []Outcome
}

// Outcome (Ergebnis) is one way in which a case can end.
type Outcome struct {
	Name, Label, Letter string
	Burden              bool
	Hearing             authority.Period // how long the person has to answer before a burden is decided (§ 28 Abs. 1 VwVfG)
	Unheard             string           // the law that dispenses with it
	Proposable          bool             // it has a condition; without one only people choose it

	when *expression
}

// Fee (Gebühr) is what the case costs.
type Fee struct {
	Law    string
	None   string // the law by which it is free
	Online int64  // per cent of the amount that are paid through app or portal; 0 means all of it

	amount *expression
}

// Record (Eintrag) is what the decision changes in a register.
type Record struct {
	Name, Register, Law string
	Each                []string
	Example             bool

	when   *expression
	writes []write
}

type write struct {
	entry string
	value *expression
}

// Letter (Schreiben) is what the applicant gets.
type Letter struct {
	Name, Title, Kind, Law   string
	Each                     []string
	OnRequest                string
	Served                   string // the law that asks for formal service
	WithoutReasons           string // the law by which it needs none
	Shows                    []string
	Orders, Conditions, Text string // with placeholders
	Reasons                  string
	Example                  bool

	when         *expression
	placeholders map[string][]placeholder // by the name of the text
}

// Notice (Mitteilung) is what another authority is told.
type Notice struct {
	Name, Law, Consent string
	Each               []string
	Sends              []string
	Within             authority.Period // zero: at once
	Answer             authority.Period // zero: none is awaited
	AnswerLaw          string
	Example            bool

	to   recipient
	when *expression
}

type recipient struct {
	authority, unit, register string
	community                 string // path
	at                        *expression
}

// Proposition (Vorschlag) is another service that may matter to the person now.
type Proposition struct {
	Service, Because, Law, After string

	when  *expression
	hands []write
}

// Retention (Aufbewahrung) is how long the file is kept.
type Retention struct {
	Keep    authority.Period
	From    string
	Then    string // delete or archive
	Law     string
	Example bool
}

// Statistics is what is counted, and how many minutes the concern took before.
type Statistics struct {
	By             []string
	Citizen, Clerk int
}

// given is one value that Complete works out, in an order in which each comes after what it rests on.
type given struct {
	name     string
	deadline *Deadline
	table    *tableValue
	term     *expression
	when     *expression // of evidence and fields
	from     []string
}

type tableValue struct {
	table  *table
	inputs []*expression
}

// Hash identifies the edition: SHA-256 of the bytes of its files, in hexadecimal.
func (e *Edition) Hash() string { return hexOf(e.hash) }

// Text returns the text at a path ("checks.in_time.say") in a language, German if there is none, or the path itself.
func (e *Edition) Text(lang, path string) string {
	if t, ok := e.texts[lang][path]; ok {
		return t
	}
	if t, ok := e.texts["de"][path]; ok {
		return t
	}
	return path
}

// Translate gives a German text of the edition in another language: false if the edition does not say it, or not there.
func (e *Edition) Translate(lang, german string) (string, bool) {
	found, first := "", ""
	for path, t := range e.texts["de"] {
		if t != german || first != "" && path > first {
			continue
		}
		if other, ok := e.texts[lang][path]; ok {
			found, first = other, path
		}
	}
	return found, first != ""
}

// Languages are the languages the edition has texts in.
func (e *Edition) Languages() []string { return sortedKeys(e.texts) }

// Marked are the paths of everything in the edition that is made up, but for the permission of a machine's decision,
// which a live database replaces by a person. An edition with any of them must not be published in a live database.
func (e *Edition) Marked() []string {
	var out []string
	for _, p := range e.marked {
		if p != "decision" {
			out = append(out, p)
		}
	}
	return out
}

// EvidenceNamed returns evidence by its name.
func (e *Edition) EvidenceNamed(name string) (Evidence, bool) {
	return byName(e.Evidence, func(x Evidence) bool { return x.Name == name })
}

// StageNamed returns a stage by its name.
func (e *Edition) StageNamed(name string) (Stage, bool) {
	return byName(e.Stages, func(x Stage) bool { return x.Name == name })
}

// CheckNamed returns a check by its name.
func (e *Edition) CheckNamed(name string) (CheckRule, bool) {
	return byName(e.Checks, func(x CheckRule) bool { return x.Name == name })
}

// DeadlineNamed returns a deadline by its name.
func (e *Edition) DeadlineNamed(name string) (Deadline, bool) {
	return byName(e.Deadlines, func(x Deadline) bool { return x.Name == name })
}

// NoticeNamed returns a notice by its name.
func (e *Edition) NoticeNamed(name string) (Notice, bool) {
	return byName(e.NoticeRules, func(x Notice) bool { return x.Name == name })
}

// LetterNamed returns a letter by its name.
func (e *Edition) LetterNamed(name string) (Letter, bool) {
	return byName(e.LetterRules, func(x Letter) bool { return x.Name == name })
}

// OutcomeNamed returns an outcome of the decision by its name.
func (e *Edition) OutcomeNamed(name string) (Outcome, bool) {
	return byName(e.Decision.Outcomes, func(x Outcome) bool { return x.Name == name })
}

// byName finds the one entry that matches.
func byName[T any](list []T, is func(T) bool) (T, bool) {
	for _, x := range list {
		if is(x) {
			return x, true
		}
	}
	var none T
	return none, false
}
