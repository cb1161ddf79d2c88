package register

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Values are evidence about one person: field name to canonical JSON. What the register does not have is absent.
type Values map[string]json.RawMessage

// Hash returns the hex SHA-256 of the values' canonical JSON: two readings with the same hash showed exactly the same.
func (v Values) Hash() (string, error) {
	b, err := canon.JSON(v)
	if err != nil {
		return "", fmt.Errorf("hash of values: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Resident reads values back. A name that is none of the 20 groups, and a value that does not fit its field, is fault
// Invalid "register.error.field".
func (v Values) Resident() (Resident, error) { return v.onto(Resident{}) }

// onto returns r with the fields that v names replaced.
func (v Values) onto(r Resident) (Resident, error) {
	to := reflect.ValueOf(&r).Elem()
	for name, raw := range v {
		f, ok := fieldNamed(name)
		if !ok {
			return Resident{}, fault.New(fault.Invalid, "register.error.field", "Field", name)
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		to.Field(f.index).SetZero()
		if err := d.Decode(to.Field(f.index).Addr().Interface()); err != nil {
			return Resident{}, fault.Wrap(fault.Invalid, "register.error.field", err, "Field", name)
		}
	}
	return r, nil
}

// Values returns the named fields of a resident. An unknown name is fault Invalid "register.error.field"; a field of
// class secret never leaves and is fault Forbidden "register.error.secret".
func (r Resident) Values(fields ...string) (Values, error) {
	out := Values{}
	from := reflect.ValueOf(r)
	for _, name := range fields {
		f, ok := fieldNamed(name)
		if !ok {
			return nil, fault.New(fault.Invalid, "register.error.field", "Field", name)
		}
		if f.class == Secret {
			return nil, fault.New(fault.Forbidden, "register.error.secret", "Field", name)
		}
		value := from.Field(f.index)
		if f.optional && empty(value) {
			continue
		}
		raw, err := canon.JSON(orEmptyList(value))
		if err != nil {
			return nil, fmt.Errorf("value of %s: %w", name, err)
		}
		out[name] = raw
	}
	return out, nil
}

func empty(v reflect.Value) bool {
	return v.IsZero() || (v.Kind() == reflect.Slice && v.Len() == 0)
}

// orEmptyList makes a list without entries [] rather than null: the register knows that there are none.
func orEmptyList(v reflect.Value) any {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return reflect.MakeSlice(v.Type(), 0, 0).Interface()
	}
	return v.Interface()
}

// differing returns the names of the fields in which told differs from what the register holds; what was not told does
// not differ (§ 33 Abs. 2 BMG).
func differing(held, told Values) []string {
	var names []string
	for name, raw := range told {
		if !bytes.Equal(bytes.TrimSpace(raw), held[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// padding hides in the length of a sealed part whether there is a religion or a block in it.
const padding = 512

// split divides what is stored into the part in clear and the part to be sealed, by the class of each field. Kin is
// stored as links and is in neither.
func split(r Resident, k kept) (open, sealed []byte, err error) {
	parts := [2]map[string]any{{}, {}}
	add := func(v reflect.Value, fields []field) {
		for _, f := range fields {
			if value := v.Field(f.index); !f.kin && !(f.optional && empty(value)) {
				part := 0
				if f.class.Sealed() {
					part = 1
				}
				parts[part][f.name] = orEmptyList(value)
			}
		}
	}
	add(reflect.ValueOf(r), residentFields)
	add(reflect.ValueOf(k), keptFields)
	if open, err = canon.JSON(parts[0]); err != nil {
		return nil, nil, fmt.Errorf("record in clear: %w", err)
	}
	if sealed, err = canon.JSON(parts[1]); err != nil {
		return nil, nil, fmt.Errorf("record to be sealed: %w", err)
	}
	fill := (padding - len(sealed)%padding) % padding
	return open, append(sealed, strings.Repeat(" ", fill)...), nil
}

// join is the reverse of split; sealed may be nil when nothing in it is asked for.
func join(open, sealed []byte) (r Resident, k kept, err error) {
	if err = json.Unmarshal(open, &r); err == nil {
		err = json.Unmarshal(open, &k)
	}
	if err == nil && sealed != nil {
		err = json.Unmarshal(sealed, &r)
	}
	if err != nil {
		return Resident{}, kept{}, fmt.Errorf("stored record: %w", err)
	}
	return r, k, nil
}

// refuseClear is the last look before a row is written: a field that must be sealed and stands in clear is refused as
// fault Internal "register.error.class", whoever built the row.
func refuseClear(open []byte) error {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(open, &names); err != nil {
		return fmt.Errorf("record in clear: %w", err)
	}
	for name := range names {
		i := slices.IndexFunc(residentFields, func(f field) bool { return f.name == name })
		if i >= 0 && residentFields[i].class.Sealed() {
			return fault.New(fault.Internal, "register.error.class", "Field", name)
		}
		if i < 0 && !slices.ContainsFunc(keptFields, func(f field) bool { return f.name == name && !f.class.Sealed() }) {
			return fault.New(fault.Internal, "register.error.class", "Field", name)
		}
	}
	return nil
}
