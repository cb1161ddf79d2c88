package web

import (
	"errors"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"golang.org/x/text/unicode/norm"
)

// FieldError says what is wrong with one field, in the person's language.
type FieldError struct{ Field, Text string }

// A Form is what a person sent, and what is wrong with it. Templates show it again as it was typed.
type Form struct {
	values url.Values
	errors []FieldError
	call   *Call
}

// maxFields bounds how many values a form may have.
const maxFields = 2000

// Form reads the form of this request once. A body of more than MaxBody bytes or a field of more than MaxField bytes is
// TooLarge; text that is no UTF-8 is Invalid.
func (c *Call) Form() (*Form, error) {
	if c.form != nil {
		return c.form, nil
	}
	if kind, _, err := mime.ParseMediaType(c.R.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fault.New(fault.Invalid, "web.error.form")
	}
	if err := c.R.ParseForm(); err != nil {
		return nil, unreadable(err, "web.error.form")
	}
	if err := bounded(c.R.PostForm); err != nil {
		return nil, err
	}
	c.form = &Form{values: c.R.PostForm, call: c}
	return c.form, nil
}

// Blank returns an empty form, for showing a page the first time with the errors of something else than a form.
func (c *Call) Blank() *Form { return &Form{values: url.Values{}, call: c} }

// Kept returns a form as somebody left it, for filling its fields again.
func (c *Call) Kept(values map[string][]string) *Form { return &Form{values: values, call: c} }

func bounded(values url.Values) error {
	n := 0
	for name, all := range values {
		for _, v := range all {
			n++
			if len(v) > MaxField || len(name) > MaxField || n > maxFields {
				return fault.New(fault.TooLarge, "web.error.too_large")
			}
			if !utf8.ValidString(v) || !utf8.ValidString(name) {
				return fault.New(fault.Invalid, "web.error.form")
			}
		}
	}
	return nil
}

// clean brings what was typed into one form: composed letters (NFC), no control characters but line ends, no space
// around it.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		if r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == '\ufeff' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return -1 // also the marks that turn the reading direction round
		}
		return r
	}, s)
	return strings.TrimSpace(norm.NFC.String(s))
}

// line is clean on one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// Text returns a field on one line: trimmed, composed (NFC), without control characters.
func (f *Form) Text(name string) string { return line(f.values.Get(name)) }

// Lines returns a field of several lines.
func (f *Form) Lines(name string) string { return clean(f.values.Get(name)) }

// Raw returns a field as it was sent.
func (f *Form) Raw(name string) string { return f.values.Get(name) }

// Ticked reports whether a checkbox was sent.
func (f *Form) Ticked(name string) bool { return f.values.Get(name) != "" }

// Has reports whether a field, or a button of this name, was sent at all.
func (f *Form) Has(name string) bool { return f.values.Has(name) }

// All returns every value of a field that may be sent several times.
func (f *Form) All(name string) []string {
	all := make([]string, 0, len(f.values[name]))
	for _, v := range f.values[name] {
		all = append(all, line(v))
	}
	return all
}

// Date returns a field as a day: 2030-03-01, 1.3.2030 or 1. März 2030. It is false for an empty field and for a day
// that does not exist.
func (f *Form) Date(name string) (clock.Date, bool) { return ParseDay(f.Text(name)) }

var months = map[string]int{
	"januar": 1, "jänner": 1, "februar": 2, "märz": 3, "april": 4, "mai": 5, "juni": 6, "juli": 7, "august": 8,
	"september": 9, "oktober": 10, "november": 11, "dezember": 12,
	"january": 1, "february": 2, "march": 3, "may": 5, "june": 6, "july": 7, "october": 10, "december": 12,
}

// ParseDay reads a day as people write it: 2030-03-01, 1.3.2030, 01.03.2030, 1. März 2030 or 1 March 2030. The year
// has four digits, so that nobody guesses the century.
func ParseDay(s string) (clock.Date, bool) {
	s = line(s)
	if d, err := clock.ParseDate(s); err == nil && len(s) == 10 {
		return d, true
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == ' ' })
	if len(parts) != 3 || len(parts[0]) > 2 || len(parts[2]) != 4 {
		return clock.Date{}, false
	}
	month, named := months[strings.ToLower(parts[1])]
	if !named && len(parts[1]) <= 2 {
		month = digits(parts[1])
	}
	d := clock.Date{Y: digits(parts[2]), M: month, D: digits(parts[0])}
	if back, err := clock.ParseDate(d.String()); err != nil || back != d || d.Y < 1000 {
		return clock.Date{}, false
	}
	return d, true
}

func digits(s string) int {
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// Fail says what is wrong with a field; kv fill the text's variables.
func (f *Form) Fail(field, key string, kv ...any) {
	f.errors = append(f.errors, FieldError{field, f.call.T(key, kv...)})
}

// Take adds the field faults in err to the form and reports whether there was nothing else in it. Errors joined by
// errors.Join are taken one by one.
func (f *Form) Take(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		taken := true
		for _, e := range joined.Unwrap() {
			taken = f.Take(e) && taken
		}
		return taken
	}
	var e *fault.Error
	if !errors.As(err, &e) || e.Field == "" {
		return false
	}
	f.errors = append(f.errors, FieldError{e.Field, f.call.Say(err)})
	return true
}

// Failed reports whether anything is wrong.
func (f *Form) Failed() bool { return f != nil && len(f.errors) > 0 }

// Errors returns what is wrong, in the order it was found.
func (f *Form) Errors() []FieldError {
	if f == nil {
		return nil
	}
	return f.errors
}

// ErrorOf returns what is wrong with one field, or nothing.
func (f *Form) ErrorOf(field string) string {
	for _, e := range f.Errors() {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}
