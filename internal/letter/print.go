package letter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// copyNote stands on every page of a print copy: the sealed original is elsewhere.
const copyNote = "Druckstück der elektronischen Urschrift"

func readData(data []byte) (d Document, err error) {
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fault.Wrap(fault.Invalid, "letter.error.form", err)
	}
	return d, nil
}

// A4 in millimetres with the margins of a German business letter (DIN 5008).
const (
	left, top, right = 25.0, 20.0, 20.0
	width            = 210 - left - right
	line             = 5.5
)

// print sets the letter as PDF. Text stands in the file in the order in which it is read. A letter with a character
// that the fonts lack is refused with kind Invalid: a print copy must not leave anything out.
func (d Document) print(siegel string) ([]byte, error) {
	s := d.compose(siegel)
	if r, ok := s.beyond(); ok {
		return nil, fault.New(fault.Invalid, "letter.error.glyph", "Letter", string(r))
	}
	p := fpdf.New("P", "mm", "A4", "")
	p.SetMargins(left, top, right)
	p.SetAutoPageBreak(true, 25)
	p.SetTitle(s.Title, true)
	p.SetAuthor(d.Office.Name, true)
	p.SetSubject(copyNote, true)
	p.SetLang("de-DE")
	p.SetCreationDate(d.Issued)
	p.SetModificationDate(d.Issued)
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	p.SetFooterFunc(func() {
		p.SetY(-18)
		p.SetFont("go", "", 8)
		p.CellFormat(0, 4, fmt.Sprintf("%s · %s · Seite %d", copyNote, s.ID, p.PageNo()), "", 0, "L", false, 0, "")
	})
	p.AddPage()
	s.set(p)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("print letter %s: %w", d.ID, err)
	}
	return out.Bytes(), nil
}

func (s sheet) set(p *fpdf.Fpdf) {
	paragraph := func(style string, size float64, text string) {
		p.SetFont("go", style, size)
		p.MultiCell(width, line*size/11, text, "", "L", false)
	}
	for i, l := range s.Office {
		paragraph(bold(i == 0), 11, l)
	}
	p.Ln(3)
	for _, l := range s.Facts {
		paragraph("", 10, l)
	}
	p.Ln(6)
	for _, l := range s.To {
		paragraph("", 11, l)
	}
	p.Ln(6)
	paragraph("B", 15, s.Title)
	p.Ln(2)
	for _, part := range s.Sections {
		part.set(p, paragraph)
	}
	p.Ln(4)
	paragraph("", 9, s.Seal)
}

func (part section) set(p *fpdf.Fpdf, paragraph func(style string, size float64, text string)) {
	if part.Heading != "" {
		p.Ln(2)
		paragraph("B", 12, part.Heading)
		p.Ln(1)
	}
	for _, t := range part.Text {
		paragraph("", 11, t)
		p.Ln(2)
	}
	for i, t := range part.List {
		paragraph("", 11, fmt.Sprintf("%d. %s", i+1, t))
		p.Ln(1)
	}
	for _, v := range part.Values {
		paragraph("", 9, v.Label)
		paragraph("B", 11, v.Shown())
		p.Ln(1.5)
	}
}

func bold(yes bool) string {
	if yes {
		return "B"
	}
	return ""
}

var fonts = sync.OnceValue(func() []*sfnt.Font {
	var all []*sfnt.Font
	for _, ttf := range [][]byte{goregular.TTF, gobold.TTF} {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			panic("letter: " + err.Error()) // compiled in
		}
		all = append(all, f)
	}
	return all
})

// beyond returns the first character that a font lacks.
func (s sheet) beyond() (rune, bool) {
	var buf sfnt.Buffer
	seen := map[rune]bool{'\n': true}
	for _, text := range s.words() {
		for _, r := range text {
			if seen[r] {
				continue
			}
			seen[r] = true
			for _, f := range fonts() {
				if i, err := f.GlyphIndex(&buf, r); err != nil || i == 0 {
					return r, true
				}
			}
		}
	}
	return 0, false
}

func (s sheet) words() []string {
	all := append([]string{s.Title, s.Seal}, s.Office...)
	all = append(append(all, s.Facts...), s.To...)
	for _, part := range s.Sections {
		all = append(append(append(all, part.Heading), part.Text...), part.List...)
		for _, v := range part.Values {
			all = append(all, v.Label, v.Shown())
		}
	}
	return all
}
