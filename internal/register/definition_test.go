package register

import (
	"encoding"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The shipped definition and the register speak of the same fields, down to the last member.
func TestTheDefinitionAsksForWhatTheRegisterHas(t *testing.T) {
	raw, err := os.ReadFile("../../services/residence-registration.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type fields struct {
		Fields yaml.MapSlice
	}
	var definition struct {
		Evidence struct{ Prefilled, Landlord fields }
	}
	if err := yaml.Unmarshal(raw, &definition); err != nil {
		t.Fatal(err)
	}
	if got, want := members(reflect.TypeFor[Resident](), ""), asked(definition.Evidence.Prefilled.Fields, ""); !slices.Equal(got, want) {
		t.Errorf("the register has\n%v\nthe definition asks for\n%v", got, want)
	}
	if got, want := members(reflect.TypeFor[Confirmation](), ""), asked(definition.Evidence.Landlord.Fields, ""); !slices.Equal(got, want) {
		t.Errorf("a confirmation has\n%v\nthe definition asks for\n%v", got, want)
	}
}

// asked lists the fields of a definition, "birth.date", in alphabetical order.
func asked(of yaml.MapSlice, path string) (names []string) {
	for _, item := range of {
		name := path + item.Key.(string)
		inner := nested(item.Value)
		if inner == nil {
			names = append(names, name)
		}
		names = append(names, asked(inner, name+".")...)
	}
	slices.Sort(names)
	return names
}

func nested(value any) yaml.MapSlice {
	m, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	inner, ok := m["fields"].(map[string]any)
	if !ok {
		return nil
	}
	var list yaml.MapSlice
	for k, v := range inner {
		list = append(list, yaml.MapItem{Key: k, Value: v})
	}
	return list
}

// members lists the JSON names of a type in the same way. A relative's shape depends on the relation.
func members(of reflect.Type, path string) (names []string) {
	for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return []string{strings.TrimSuffix(path, ".")}
	}
	never := map[string][]string{
		"spouse.": {"home"}, "children.": {"birth_name", "doctorate", "homes"}, "representative.": {"birth_name", "homes"},
	}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if name != "-" && !slices.Contains(never[path], name) {
			names = append(names, members(of.Field(i).Type, path+name+".")...)
		}
	}
	slices.Sort(names)
	return names
}
