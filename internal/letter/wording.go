package letter

import (
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// A letter is German whatever language its reader chose for the pages around it (§ 23 Abs. 1 VwVfG), so its words stand
// here and not in the language files. HTML and print copy are made from the same sheet.

// sheet is a letter ready to be set: head, sections, foot.
type sheet struct {
	Title, Kind  string
	Office       []string // lines
	Facts        []string // place and day, file number, who answers questions
	To           []string
	Sections     []section
	Seal         string // who sealed it and how that can be checked
	ID, DateTime string
}

// section is one part of a letter: paragraphs, a numbered list or values.
type section struct {
	Heading string
	Text    []string
	List    []string
	Values  []Value
}

// Name is what people call this kind of letter.
func (k Kind) name() string {
	switch k {
	case Certificate:
		return "Bescheinigung"
	case Decision:
		return "Bescheid"
	}
	return "Mitteilung"
}

// compose sets a document as a letter. siegel is the page on which the seal can be checked.
func (d Document) compose(siegel string) sheet {
	day := clock.DateOf(d.Issued)
	s := sheet{
		Title: d.Title, Kind: d.Kind.name(), ID: d.ID, DateTime: d.Issued.Format("2006-01-02T15:04:05Z07:00"),
		Office: lines(d.Office.Name, d.Office.Unit, d.Office.Address.String()),
		Facts:  lines(d.Office.Address.Town+", "+i18n.Day("de", day), labelled("Aktenzeichen: ", d.Case), labelled("Auskunft: ", d.Office.Contact)),
		Seal:   "Gesiegelt von: " + d.Office.Name + ", " + i18n.Moment("de", d.Issued) + ". Kennung: " + d.ID + ". Das Siegel prüfen Sie auf der Seite " + siegel + ".",
	}
	if r := d.Recipient; r != nil {
		street, town := "", ""
		if !r.Address.IsZero() {
			street, town = r.Address.Street+" "+r.Address.House, r.Address.Postcode+" "+r.Address.Town
		}
		s.To = lines(r.Name, street, town)
	}
	switch d.Kind {
	case Certificate:
		s.Sections = d.certificate()
	case Decision:
		s.Sections = d.decision()
	default:
		s.Sections = []section{{Text: d.greeted(d.Text)}}
	}
	if d.Fee != "" {
		s.Sections = append(s.Sections, section{Heading: "Kosten", Text: []string{d.Fee}})
	}
	return s
}

func (d Document) certificate() []section {
	return []section{{
		Text:   []string{"Wir bestätigen die folgenden Angaben (" + d.Law + ")."},
		Values: d.Values,
	}}
}

func (d Document) decision() []section {
	all := []section{{Text: d.greeted(nil)}, section{Heading: "Wir entscheiden"}.with(d.Orders)}
	if len(d.Conditions) > 0 {
		all = append(all, section{Heading: "Das müssen Sie beachten"}.with(d.Conditions))
	}
	if len(d.Reasons) > 0 {
		all = append(all, section{Heading: "Warum?", Text: append(d.Reasons[:len(d.Reasons):len(d.Reasons)], "Rechtsgrundlage: "+d.Law+".")})
	} else {
		all = append(all, section{Heading: "Warum?", Text: []string{"Rechtsgrundlage: " + d.Law + ". Eine Begründung ist nicht nötig (" + d.WithoutReasons + ")."}})
	}
	return append(all, section{Heading: "Ihr Recht", Text: []string{d.Remedy}}, section{Text: []string{d.signature()}})
}

// signature names the person who decided (§ 37 Abs. 3 VwVfG), or says that a program did (§ 37 Abs. 5 VwVfG).
func (d Document) signature() string {
	if d.Automatic {
		return "Ein Programm hat diesen Bescheid erlassen. Er gilt ohne Unterschrift (§ 37 Abs. 5 VwVfG). Auf Wunsch prüft ihn ein Mensch."
	}
	return "Entschieden hat: " + d.By + ", " + d.Office.Unit + "."
}

func (d Document) greeted(text []string) []string {
	if d.Recipient == nil {
		return text
	}
	return append([]string{"Guten Tag " + d.Recipient.Name + ","}, text...)
}

// with sets one sentence as a paragraph and several as a numbered list, so that each can be named.
func (part section) with(sentences []string) section {
	if len(sentences) == 1 {
		part.Text = sentences
	} else {
		part.List = sentences
	}
	return part
}

func lines(all ...string) []string {
	var out []string
	for _, l := range all {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

func labelled(label, text string) string {
	if text == "" {
		return ""
	}
	return label + text
}

// missing stands where a value of a certificate is empty, so that nobody can write it in.
const missing = "–"

// Shown is the value as it is printed.
func (v Value) Shown() string {
	if v.Text == "" {
		return missing
	}
	return v.Text
}
