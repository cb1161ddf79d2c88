package web

import "slices"

// FieldKind says how a field is drawn.
type FieldKind string

// The kinds of fields the template "field" draws.
const (
	TextField     FieldKind = "text"
	EmailField    FieldKind = "email"
	TelField      FieldKind = "tel"
	NumberField   FieldKind = "number"  // digits only; Width says how many
	DateField     FieldKind = "date"    // one text field, 1.3.2030
	LinesField    FieldKind = "lines"   // several lines
	TickField     FieldKind = "tick"    // one checkbox
	ChoiceField   FieldKind = "choice"  // one of several, as radios
	ManyField     FieldKind = "many"    // any of several, as checkboxes
	SelectField   FieldKind = "select"  // one of many, as a list
	AddressField  FieldKind = "address" // street, house, postcode, town
	HiddenField   FieldKind = "hidden"
	ReadonlyField FieldKind = "readonly" // a value that is known and cannot be changed here
	GroupField    FieldKind = "group"    // what belongs together: Fields
	RowsField     FieldKind = "rows"     // the same several times: Fields is one for each, More and Less are buttons
)

// Choice is one possible answer.
type Choice struct {
	Value, Label, Hint string
	Picked             bool
	Fields             []Field // asked only with this answer: shown below it once it is picked
}

// Field is one question of a form. Name is also its id on the page. Label, Hint and the choices' labels are texts that
// have been looked up, Value is what stands in it.
type Field struct {
	Kind         FieldKind
	Name         string
	Label        string
	Hint         string
	Value        string
	Ticked       bool     // for TickField
	Choices      []Choice // for ChoiceField, ManyField, SelectField
	Fields       []Field  // for GroupField, RowsField; for ManyField: asked once anything is picked
	More         string   // for RowsField: text of the button that adds one; empty if there may be no more
	Less         []string // for RowsField: text of the button below each that takes it out; nil if none may go
	Parts        []Field  // for AddressField
	Error        string
	Optional     bool
	IfAny        bool   // it need not be answered by those who have none: "wenn vorhanden", not "freiwillig"
	Autocomplete string // WCAG 1.3.5: given-name, street-address, email …
	Width        int    // in letters; 0: as wide as the page
	Source       string // where the value comes from, for ReadonlyField
	Change       Link   // for ReadonlyField: where the value can be typed after all
}

// ID returns the id of the element an error points to.
func (f Field) ID() string { return f.Name }

// DescribedBy lists the ids of hint and error for aria-describedby.
func (f Field) DescribedBy() string {
	switch {
	case f.Hint != "" && f.Error != "":
		return f.Name + "-hinweis " + f.Name + "-fehler"
	case f.Hint != "":
		return f.Name + "-hinweis"
	case f.Error != "":
		return f.Name + "-fehler"
	}
	return ""
}

// Fill shows a form again: every field gets the value that was sent and its error. With a nil form the fields stay as
// they are.
func (f *Form) Fill(fields ...Field) []Field {
	if f == nil {
		return fields
	}
	for i := range fields {
		fields[i].fill(f)
	}
	return fields
}

func (f *Field) fill(form *Form) {
	f.Error = form.ErrorOf(f.Name)
	switch f.Kind {
	case ReadonlyField:
		return
	case AddressField:
		f.Parts = form.Fill(f.Parts...)
	case GroupField, RowsField:
		f.Fields = form.Fill(f.Fields...)
	case TickField:
		f.Ticked = form.Ticked(f.Name)
	case ChoiceField, ManyField, SelectField:
		f.Choices = slices.Clone(f.Choices)
		f.Fields = form.Fill(f.Fields...)
		for i := range f.Choices {
			f.Choices[i].Fields = form.Fill(f.Choices[i].Fields...)
			f.Choices[i].Picked = slices.Contains(form.values[f.Name], f.Choices[i].Value)
		}
	default:
		f.Value = form.Raw(f.Name)
	}
}

// Address returns the four parts of an address as fields NAME_street, NAME_house, NAME_postcode and NAME_town.
func (c *Call) Address(name, label string, street, house, postcode, town string) Field {
	part := func(suffix, key, value, complete string, width int) Field {
		return Field{Kind: TextField, Name: name + "_" + suffix, Label: c.T(key), Value: value, Autocomplete: complete, Width: width}
	}
	return Field{Kind: AddressField, Name: name, Label: label, Parts: []Field{
		part("street", "web.address.street", street, "address-line1", 0),
		part("house", "web.address.house", house, "address-line2", 8),
		part("postcode", "web.address.postcode", postcode, "postal-code", 5),
		part("town", "web.address.town", town, "address-level2", 0),
	}}
}
