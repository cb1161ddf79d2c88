package register

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Class says how a field must be kept and where it may go. The order is from harmless to grave.
type Class int

// The classes of data.
const (
	Open      Class = iota // may be published
	Personal               // the ordinary case
	Sensitive              // sealed in the store, never in mail or statistics, never listed by the pointer index
	Secret                 // sealed, and never leaves the register
)

var classNames = []string{"open", "personal", "sensitive", "secret"}

// String returns the class's word.
func (c Class) String() string { return classNames[c] }

// Sealed reports whether the store must not hold such a field in clear.
func (c Class) Sealed() bool { return c >= Sensitive }

// field is what the register knows about one group of data.
type field struct {
	name     string
	class    Class
	optional bool // absent rather than empty when the register has no value
	kin      bool // lives in links to other people, not in the record
	index    int
}

// residentFields are the groups of § 9 Abs. 1 BMeldDigiV in their order, read from the tags of Resident.
var residentFields = mustFields(reflect.TypeFor[Resident]())

// keptFields are what the register keeps beyond them.
var keptFields = mustFields(reflect.TypeFor[kept]())

func mustFields(t reflect.Type) []field {
	fields, err := fieldsOf(t)
	if err != nil {
		panic("register: " + err.Error()) // the types are in this package
	}
	return fields
}

// fieldsOf reads the tags. A field without a class is an error: there is no field that nobody thought about.
func fieldsOf(t reflect.Type) ([]field, error) {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		class := slices.Index(classNames, f.Tag.Get("class"))
		if name == "" || class < 0 {
			return nil, fmt.Errorf("field %s.%s has no name or no class", t.Name(), f.Name)
		}
		fields = append(fields, field{
			name: name, class: Class(class), optional: strings.Contains(options, "omit"), kin: f.Tag.Get("from") == "kin", index: i,
		})
	}
	return fields, nil
}

func fieldNamed(name string) (field, bool) {
	i := slices.IndexFunc(residentFields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return residentFields[i], true
}

// FieldNames returns the 20 groups that a register of residents can answer, in the order of the law.
func FieldNames() []string {
	names := make([]string, len(residentFields))
	for i, f := range residentFields {
		names[i] = f.name
	}
	return names
}

// ClassOf returns the class of one of the 20 groups; another name is fault Invalid "register.error.field".
func ClassOf(name string) (Class, error) {
	f, ok := fieldNamed(name)
	if !ok {
		return 0, fault.New(fault.Invalid, "register.error.field", "Field", name)
	}
	return f.class, nil
}
