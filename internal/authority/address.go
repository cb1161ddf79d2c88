package authority

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Address is a German postal address (DSMeld 1201 to 1212): street and house number with its letter, postcode, town.
type Address struct{ Street, House, Postcode, Town string }

// String writes the address on one line, "Lindenweg 4, 22222 Neustadt", or nothing for the zero Address.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return strings.TrimSpace(a.Street+" "+a.House) + ", " + strings.TrimSpace(a.Postcode+" "+a.Town)
}

// IsZero reports whether no address is meant.
func (a Address) IsZero() bool { return a == Address{} }

// Same reports whether both name the same house, however they spell it.
func (a Address) Same(b Address) bool { return a.key() == b.key() }

// MarshalText writes the address as String does; JSON uses it too.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Address) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := ParseAddress(string(b))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// A house number begins with a digit: "7", "12 a", "3-5", "14 1/2". Everything before it is the street.
var oneLine = regexp.MustCompile(`^(\S.*?)\s+(\d{1,4}(?:\s?[A-Za-z])?(?:\s?[-–/]\s?\d{1,4}(?:\s?[A-Za-z])?|\s1/2)?)\s*,\s*(\d{5})\s+(\p{L}.*)$`)

// ParseAddress reads what String writes. Anything else is fault Invalid "authority.error.address".
func ParseAddress(s string) (Address, error) {
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	m := oneLine.FindStringSubmatch(s)
	if m == nil || len(s) > 300 || strings.Contains(m[1], ",") || strings.ContainsFunc(s, unicode.IsControl) {
		return Address{}, fault.New(fault.Invalid, "authority.error.address")
	}
	return Address{Street: m[1], House: m[2], Postcode: m[3], Town: m[4]}, nil
}

// Fold returns s as it is compared: small letters without accents, umlauts spelt out, one space between words. Names
// and addresses typed from a letter, a passport or a keyboard without umlauts meet here.
func Fold(s string) string {
	s = umlauts.Replace(strings.ToLower(norm.NFC.String(s)))
	var b strings.Builder
	space := false
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		case r == '\'' || r == '’':
		default:
			space = true
		}
	}
	return b.String()
}

var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "æ", "ae", "ø", "o", "ł", "l", "đ", "d", "ı", "i")

// addressKey is an address as the directory compares it.
type addressKey struct{ street, house, postcode, town string }

func (a Address) key() addressKey {
	return addressKey{
		street: streetKey(a.Street), house: squeeze(a.House), postcode: squeeze(a.Postcode), town: squeeze(a.Town),
	}
}

// streetKey makes "Mühlen-Straße", "Muehlenstr." and "MÜHLENSTRASSE" one street.
func streetKey(s string) string { return strings.ReplaceAll(squeeze(s), "strasse", "str") }

func squeeze(s string) string { return strings.ReplaceAll(Fold(s), " ", "") }
