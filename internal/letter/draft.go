package letter

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Kind says what a letter is.
type Kind string

// The kinds of letters.
const (
	Certificate Kind = "certificate" // Bescheinigung: confirms values
	Decision    Kind = "decision"    // Bescheid: an administrative act
	Information Kind = "information" // Mitteilung
)

// Value is one value of a certificate: the name of its field, its label and the value as it is printed.
type Value struct {
	Name  string `json:"name"`
	Label string `json:"label"`
	Text  string `json:"text"`
}

// Recipient is whom a letter addresses. A certificate has none: it is shown to others and may hold nothing beyond its
// values.
type Recipient struct {
	Name    string            `json:"name"`
	Address authority.Address `json:"address"`
}

// Draft is a letter before it is sealed. All texts are German, the language of administrative procedure.
type Draft struct {
	Authority authority.Key
	Unit      string // the office's name as people know it: "Bürgeramt"
	Kind      Kind
	Title     string
	Law       string // what the letter rests on
	Case      string // file number; a certificate does not show it
	Recipient Recipient
	Issued    time.Time // zero means now

	Values []Value // certificate: exactly these

	Orders         []string // decision: what is decided
	Conditions     []string
	Reasons        []string // why; or WithoutReasons
	WithoutReasons string   // the law that dispenses with reasons (§ 39 Abs. 2 VwVfG)
	Automatic      bool     // decided by machine; otherwise By names the person who decided
	By             string

	Text []string // information: its paragraphs
	Fee  string   // one sentence about the costs: "Diese Bestätigung ist kostenlos (§ 24 Abs. 2 BMG)."
}

const maxText = 64 << 10 // bytes of all texts of one letter

// check refuses a draft that the law would not let out, with kind Invalid. Drafts come from definitions that were
// checked at publication, so this is the last lock, not the first.
func (d Draft) check() error {
	if d.Authority == "" || d.Title == "" || d.Law == "" || d.Unit == "" {
		return fault.New(fault.Invalid, "letter.error.incomplete", "Title", d.Title)
	}
	if !d.readable() {
		return fault.New(fault.Invalid, "letter.error.text", "Title", d.Title)
	}
	ok := false
	switch d.Kind {
	case Certificate:
		ok = d.certifies()
	case Decision:
		ok = d.decides()
	case Information:
		ok = len(d.Text) > 0 && len(d.Values)+len(d.Orders)+len(d.Conditions)+len(d.Reasons) == 0
	}
	if !ok {
		return fault.New(fault.Invalid, "letter.error.kind", "Title", d.Title)
	}
	return nil
}

// certifies: values with names of their own and nothing else that says something about a person.
func (d Draft) certifies() bool {
	seen := map[string]bool{}
	for _, v := range d.Values {
		if v.Name == "" || v.Label == "" || seen[v.Name] {
			return false
		}
		seen[v.Name] = true
	}
	others := len(d.Orders) + len(d.Conditions) + len(d.Reasons) + len(d.Text)
	return len(d.Values) > 0 && others == 0 && d.Recipient == Recipient{} && d.By == ""
}

func (d Draft) decides() bool {
	reasoned := (len(d.Reasons) > 0) != (d.WithoutReasons != "")
	signed := d.Automatic != (d.By != "")
	return len(d.Orders) > 0 && reasoned && signed && d.Recipient.Name != "" && len(d.Values)+len(d.Text) == 0
}

// readable reports whether all texts are clean UTF-8 of a bounded length: what is sealed can be shown and printed.
func (d Draft) readable() bool {
	size := 0
	for _, s := range d.texts() {
		if size += len(s); size > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable) {
			return false
		}
	}
	return true
}

// unprintable also names the marks that turn the reading direction round: a letter must look like what it says.
func unprintable(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

func (d Draft) texts() []string {
	all := []string{
		d.Unit, d.Title, d.Law, d.Case, d.WithoutReasons, d.By, d.Fee, d.Recipient.Name, d.Recipient.Address.String(),
	}
	for _, v := range d.Values {
		all = append(all, v.Name, v.Label, v.Text)
	}
	for _, list := range [][]string{d.Orders, d.Conditions, d.Reasons, d.Text} {
		all = append(all, list...)
	}
	return all
}
