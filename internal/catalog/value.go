package catalog

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/types"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// Env holds a case's values by name. A value is a string, int, float64, bool, clock.Date, Money, Address, File, a list
// ([]any) or a group (map[string]any) of such values. What is missing or nil is unknown.
type Env map[string]any

// At follows a dotted path into groups and addresses; nil is unknown. A list answers no further path.
func (e Env) At(path string) any { return dig(map[string]any(e), path) }

func dig(v any, path string) any {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		switch m := v.(type) {
		case map[string]any:
			v = m[name]
		case Address:
			v = m[name]
		default:
			return nil
		}
	}
	return v
}

// Strings are the texts in a list; anything else has none.
func Strings(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Money is an amount in whole cents; nothing is ever rounded but a share of it.
type Money struct{ Cents int64 }

// String writes "30.70 €".
func (m Money) String() string {
	sign, c := "", m.Cents
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d €", sign, c/100, c%100)
}

// ParseMoney reads "30.70 €".
func ParseMoney(s string) (Money, bool) {
	amount, ok := strings.CutSuffix(s, " €")
	euros, cents, dot := strings.Cut(amount, ".")
	if !ok || !dot || len(cents) != 2 || len(euros) > 12 {
		return Money{}, false
	}
	e, err := strconv.ParseUint(euros, 10, 63)
	c, err2 := strconv.ParseUint(cents, 10, 63)
	return Money{int64(e)*100 + int64(c)}, err == nil && err2 == nil
}

// Share is so many per cent of the amount, half a cent rounded up.
func (m Money) Share(percent int64) Money { return Money{(m.Cents*percent + 50) / 100} }

// Address is an address as expressions see it, with the members street, house, postcode, town and verified. It is a
// map because expr 1.17.8 panics on the fields of a struct inside a described environment.
type Address map[string]any

// NewAddress makes a value of an address; verified says that the directory of addresses knows the house.
func NewAddress(a authority.Address, verified bool) Address {
	return Address{"street": a.Street, "house": a.House, "postcode": a.Postcode, "town": a.Town, "verified": verified}
}

// Postal is the address itself.
func (a Address) Postal() authority.Address {
	text := func(name string) string { s, _ := a[name].(string); return s }
	return authority.Address{Street: text("street"), House: text("house"), Postcode: text("postcode"), Town: text("town")}
}

// Verified reports whether the directory of addresses knows the house.
func (a Address) Verified() bool { return a["verified"] == true }

// String writes the address on one line.
func (a Address) String() string { return a.Postal().String() }

// same reports whether both name the same house, however they spell it and whether or not it was looked up.
func (a Address) same(b Address) bool { return a.Postal().Same(b.Postal()) }

var addressMembers = []string{"street", "house", "postcode", "town", "verified"}

// File is a reference to an uploaded file; what is in it is unknown to every rule.
type File struct{ Name string }

// addressType describes Address to the expression checker: a map with five fixed members and a name of its own.
type addressType struct{}

func (addressType) Nature() nature.Nature {
	n := types.Map{"street": types.String, "house": types.String, "postcode": types.String, "town": types.String, "verified": types.Bool}.Nature()
	n.Type = reflect.TypeFor[Address]()
	return n
}
func (addressType) Equal(t types.Type) bool { _, ok := t.(addressType); return ok }
func (addressType) String() string          { return "address" }

// inferred carries what the expression checker found out about a term.
type inferred struct{ n nature.Nature }

func (i inferred) Nature() nature.Nature { return i.n }
func (i inferred) Equal(types.Type) bool { return true }
func (i inferred) String() string        { return i.n.String() }

// age is how many birthdays a person born on one day has had by another.
func age(born, on clock.Date) int {
	n := on.Y - born.Y
	if on.M < born.M || on.M == born.M && on.D < born.D {
		n--
	}
	return n
}

// sameName compares names as authorities write them: umlauts, accents, hyphens and capitals do not matter, and a
// family name stands for the whole name that ends with it.
func sameName(a, b string) bool {
	a, b = authority.Fold(a), authority.Fold(b)
	return a != "" && b != "" && (a == b || strings.HasSuffix(a, " "+b) || strings.HasSuffix(b, " "+a))
}

// LookUp returns a copy of a value in which every address says whether the directory knows its house. known is asked
// once for each.
func LookUp(v any, known func(authority.Address) (bool, error)) (any, error) {
	switch x := v.(type) {
	case Address:
		ok, err := known(x.Postal())
		return NewAddress(x.Postal(), ok), err
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, inner := range x {
			looked, err := LookUp(inner, known)
			if err != nil {
				return nil, err
			}
			out[k] = looked
		}
		return out, nil
	case []any:
		out := make([]any, len(x))
		for i, inner := range x {
			looked, err := LookUp(inner, known)
			if err != nil {
				return nil, err
			}
			out[i] = looked
		}
		return out, nil
	}
	return v, nil
}
