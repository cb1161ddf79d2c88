package catalog

import (
	"errors"
	"math"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

const (
	maxText     = 300    // letters of a text
	maxLongText = 10_000 // letters of a long text
)

// ParseField reads what a form sent for a field: one string for most types, several for a list, and for an address
// either one line or the four parts street, house, postcode, town. An empty value is nil, which is an error unless the
// field is optional; whether a conditional field is asked at all is the caller's matter (Asked). A new address is not
// verified: the caller looks it up. Errors are fault.Field with a code "catalog.error.…"; their variables are in lang.
func (e *Edition) ParseField(lang, field string, raw []string) (any, error) {
	f, ok := byName(e.Fields, func(f Field) bool { return f.Name == field })
	if !ok {
		return nil, fault.New(fault.Invalid, "catalog.error.no_field", "Field", field)
	}
	p := fieldReader{f: e.localized(lang, f), t: e.members[field].typ}
	v, err := p.read(raw)
	if err != nil {
		return nil, err
	}
	if v == nil && !f.Optional {
		return nil, p.fail("required")
	}
	return v, nil
}

// ParsePart reads what a form sent for one value of evidence, or of a part of it ("prefilled.birth.date"; of a list one of
// its values). input and label are what the form calls it, for errors. Otherwise it is ParseField.
func (e *Edition) ParsePart(path, input, label string, raw []string) (any, error) {
	m := e.memberAt(path, nil)
	if m == nil {
		return nil, fault.New(fault.Invalid, "catalog.error.no_field", "Field", path)
	}
	p := fieldReader{f: Field{Name: input, Label: label}, t: m.typ.row()}
	v, err := p.read(slices.Clone(raw))
	if err == nil && v == nil && !m.optional {
		err = p.fail("required")
	}
	return v, err
}

// CheckPicked refuses persons whom the field does not offer. env is what Complete returned.
func (e *Edition) CheckPicked(lang string, env Env, field string, v any) error {
	in, ok := e.Input(lang, env, field)
	if !ok || len(in.Pick) == 0 || v == nil {
		return nil
	}
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	for _, x := range list {
		if !slices.ContainsFunc(in.Persons, func(p Pickable) bool { return p.Ref == x }) {
			return fault.Field(field, "catalog.error.not_offered", "Label", in.Label)
		}
	}
	return nil
}

// fieldReader reads one field.
type fieldReader struct {
	f Field
	t *valueType
}

func (p fieldReader) fail(code string, kv ...any) error {
	return fault.Field(p.f.Name, "catalog.error."+code, append([]any{"Label", p.f.Label}, kv...)...)
}

func (p fieldReader) read(raw []string) (any, error) {
	for i, s := range raw {
		raw[i] = strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(s, "\r\n", "\n")))
	}
	if p.t.row().kind == "address" && len(raw) == 4 {
		raw = joinedAddress(raw)
	}
	filled := slices.DeleteFunc(slices.Clone(raw), func(s string) bool { return s == "" })
	if p.t.kind == "list" {
		return p.list(filled)
	}
	switch len(filled) {
	case 0:
		return nil, nil
	case 1:
		return p.one(filled[0], p.t)
	}
	return nil, p.fail("only_one")
}

// joinedAddress writes four parts on one line; a part without letters leaves the line unreadable, as it should.
func joinedAddress(parts []string) []string {
	if strings.Join(parts, "") == "" {
		return nil
	}
	return []string{parts[0] + " " + parts[1] + ", " + parts[2] + " " + parts[3]}
}

func (p fieldReader) list(raw []string) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if len(raw) > p.t.max {
		return nil, p.fail("too_many", "Max", p.t.max)
	}
	out := make([]any, 0, len(raw))
	for _, s := range raw {
		v, err := p.one(s, p.t.elem)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(x any) bool { return sameValue(x, v) }) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (p fieldReader) one(s string, t *valueType) (any, error) {
	if len(t.choice) > 0 {
		if !slices.Contains(t.choice, s) {
			return nil, p.fail("choice")
		}
		return s, nil
	}
	v, err := p.typed(s, t)
	if err != nil || t.allowed == "" || v == nil {
		return v, err
	}
	if c, ok := interval(t.allowed, t.kind); ok && !c.fits(probeOf(v)) {
		return nil, p.fail("allowed", "Allowed", t.allowed)
	}
	return v, nil
}

func (p fieldReader) typed(s string, t *valueType) (any, error) {
	switch t.kind {
	case "date":
		d, ok := ParseDay(s)
		if !ok {
			return nil, p.fail("date")
		}
		return d, nil
	case "number":
		n, err := strconv.Atoi(s)
		if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return nil, p.fail("number")
		}
		return n, nil
	case "decimal":
		x, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, p.fail("decimal")
		}
		return x, nil
	case "money":
		m, ok := parseAmount(s)
		if !ok {
			return nil, p.fail("money")
		}
		return m, nil
	case "yes_no":
		return p.yesNo(s, t)
	case "address":
		a, err := authority.ParseAddress(s)
		if err != nil {
			return nil, p.fail("address")
		}
		return NewAddress(a, false), nil
	case "text":
		return p.text(s, t)
	}
	return nil, p.fail("type") // a group is asked field by field, a file by upload
}

func (p fieldReader) yesNo(s string, t *valueType) (any, error) {
	yes := s == "yes" || s == "true" || s == "on" || s == "1"
	switch {
	case t.written == "confirm" && yes:
		return true, nil
	case t.written == "confirm":
		return nil, nil // not ticked is not known
	case yes, s == "no", s == "false", s == "0":
		return yes, nil
	}
	return nil, p.fail("yes_no")
}

var (
	phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 /()-]{4,24}$`)
	ibanForm  = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)
)

func (p fieldReader) text(s string, t *valueType) (any, error) {
	limit := maxText
	if t.written == "long_text" {
		limit = maxLongText
	}
	if len([]rune(s)) > limit {
		return nil, p.fail("too_long", "Max", limit)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && (r != '\n' || t.written != "long_text") || r == '\u007f' }) {
		return nil, p.fail("control")
	}
	switch t.written {
	case "email":
		a, err := mail.ParseAddress(s)
		if err != nil || a.Address != s {
			return nil, p.fail("email")
		}
	case "phone":
		if !phoneForm.MatchString(s) {
			return nil, p.fail("phone")
		}
	case "country":
		if s = strings.ToUpper(s); !countryCode.MatchString(s) {
			return nil, p.fail("country")
		}
	case "iban":
		if s = strings.ToUpper(strings.ReplaceAll(s, " ", "")); !validIBAN(s) {
			return nil, p.fail("iban")
		}
	}
	return s, nil
}

// validIBAN checks the two check digits (ISO 13616, ISO 7064 mod 97-10).
func validIBAN(s string) bool {
	if !ibanForm.MatchString(s) {
		return false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	return rest == 1
}

var (
	dottedDay  = regexp.MustCompile(`^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$`)
	centAmount = regexp.MustCompile(`^(\d{1,9})(?:[.,](\d{2}))?(?: ?€)?$`)
)

// ParseDay reads 2030-03-01 and 1.3.2030. A day that does not exist, or lies outside the years 1850 to 2200, is refused.
func ParseDay(s string) (clock.Date, bool) {
	if m := dottedDay.FindStringSubmatch(s); m != nil {
		s = m[3] + "-" + twoDigits(m[2]) + "-" + twoDigits(m[1])
	}
	d, err := clock.ParseDate(s)
	return d, err == nil && d.Y >= 1850 && d.Y <= 2200
}

func twoDigits(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

// parseAmount reads 12, 12,50 and 12.50 €.
func parseAmount(s string) (Money, bool) {
	m := centAmount.FindStringSubmatch(s)
	if m == nil {
		return Money{}, false
	}
	euros, err := strconv.ParseInt(m[1], 10, 64)
	cents, err2 := strconv.ParseInt("0"+m[2], 10, 64)
	return Money{euros*100 + cents}, errors.Join(err, err2) == nil
}
