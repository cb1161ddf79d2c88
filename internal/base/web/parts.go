package web

// The structs in this file feed the shared templates of web/templates/parts.html. Texts in them have been looked up.

// Chip is a status: icon, word and colour. Look is "ok", "you" (the person must act), "work" (it is with us), "bad" or
// "ended".
type Chip struct{ Look, Text string }

// Icon returns the icon that belongs to the look, so that colour never speaks alone.
func (c Chip) Icon() string {
	switch c.Look {
	case "ok":
		return "check"
	case "you":
		return "warning"
	case "bad":
		return "danger"
	case "ended":
		return "close"
	}
	return "autorenew"
}

// Link is a way on.
type Link struct{ Path, Text string }

// Empty says what would stand here and what to do next.
type Empty struct {
	Icon, Title, Text string
	Action            Link
}

// Fact is a word and its value; several make a list of facts.
type Fact struct{ Name, Value string }

// Item is one row of a list of things.
type Item struct {
	Icon, Title, Path, Meta string
	Chip                    Chip
	New                     bool
}

// Tab is an entry of a segmented navigation: a page of its own.
type Tab struct {
	Text, Path string
	Current    bool
	Count      int
}

// Tabs are the entries with the name of what they divide.
type Tabs struct {
	Label string
	Tabs  []Tab
}

// TrackStep is a station of a case: done, now or to come.
type TrackStep struct {
	Title, Meta string
	Done, Now   bool
}

// Day is a day of a timeline, newest first.
type Day struct {
	Title, ID string
	Events    []Event
}

// Event is one access in a timeline. Who is an office or unit, never a person of the staff.
type Event struct {
	ID, Time, Who, Why string
	Fields             []string
	Chip               Chip
	Wrong              bool
	Proof              string // title of the part that opens
	Facts              []Fact
	Record             string // id of the ledger record, for the proof island
	ProofOK, ProofBad  string // what the island writes on the chip
}

// Consent asks for data, one by one. Nothing is ticked when it is first shown. What a law opens has no tick: it stands
// in ByLaw.
type Consent struct {
	ID, Icon, Who, Title string
	Chip                 Chip
	Why, Law, Until      string
	Without              string // what happens without it
	Fields               []ConsentField
	Buttons              bool // "tick all that are needed", "release nothing"
}

// ConsentField is one piece of data with its real value.
type ConsentField struct {
	Name, Label, Value, Source string
	Needed, Ticked             bool
}

// ByLaw is data a law opens, shown without a tick.
type ByLaw struct{ Label, Value, Source string }

// Count is a countdown: the words carry it, the bar only shows it. Left of Whole, in any unit.
type Count struct {
	Text, Note  string
	Left, Whole int
	Soon        bool
}

// Pager leads to newer and older entries of a long list; a path that is empty does not exist.
type Pager struct{ Newer, Older string }
