package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// Encode writes the evidence and fields of env as JSON: days as "2030-03-01", money as whole cents, addresses as
// {street, house, postcode, town, verified}, groups and lists as objects and arrays. Unknown values are left out, and so
// is everything that Complete works out. The same values always give the same bytes.
func (e *Edition) Encode(env Env) ([]byte, error) {
	out := map[string]any{}
	for name, m := range e.members {
		v := env[name]
		if v == nil {
			continue
		}
		x, err := encodeAs(v, m.typ)
		if err != nil {
			return nil, fmt.Errorf("value %s: %w", name, err)
		}
		out[name] = x
	}
	return json.Marshal(out)
}

// Decode reads what Encode wrote. A name that the edition does not declare, or a value of another type, is an error.
func (e *Edition) Decode(data []byte) (Env, error) {
	raw := map[string]any{}
	if err := decodeJSON(data, &raw); err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	env := Env{}
	for name, x := range raw {
		v, err := e.decodeNamed(name, x)
		if err != nil {
			return nil, err
		}
		set(env, name, v)
	}
	return env, nil
}

// DecodeEvidence reads the JSON that a source answered for one evidence: an object, or an array of them if the evidence
// has a row per person. Members that the edition does not declare are left out: they were not asked for.
func (e *Edition) DecodeEvidence(name string, data []byte) (any, error) {
	if _, ok := e.EvidenceNamed(name); !ok {
		return nil, fmt.Errorf("there is no evidence %q", name)
	}
	var raw any
	if err := decodeJSON(data, &raw); err != nil {
		return nil, fmt.Errorf("evidence %s: %w", name, err)
	}
	return e.decodeNamed(name, raw)
}

func decodeJSON(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more after the value")
	}
	return nil
}

func (e *Edition) decodeNamed(name string, x any) (any, error) {
	m := e.members[name]
	if m == nil {
		return nil, fmt.Errorf("there is no value %q in %s", name, e.Service)
	}
	v, err := decodeAs(x, m.typ)
	if err != nil {
		return nil, fmt.Errorf("value %s: %w", name, err)
	}
	return v, nil
}

func encodeAs(v any, t *valueType) (any, error) {
	switch x := v.(type) {
	case []any:
		if t.kind != "list" {
			break
		}
		out := make([]any, len(x))
		for i := range x {
			var err error
			if out[i], err = encodeAs(x[i], t.elem); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if t.kind != "group" {
			break
		}
		return encodeGroup(x, t)
	case Address:
		if t.kind == "address" {
			return map[string]any(x), nil
		}
	case clock.Date:
		if t.kind == "date" {
			return x, nil
		}
	case Money:
		if t.kind == "money" {
			return x.Cents, nil
		}
	case File:
		if t.kind == "file" {
			return x.Name, nil
		}
	default:
		if ok := scalarFits(v, t.kind); ok {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%T is not %s", v, t.kind)
}

func scalarFits(v any, kind string) bool {
	switch v.(type) {
	case string:
		return kind == "text"
	case int:
		return kind == "number"
	case float64:
		return kind == "decimal"
	case bool:
		return kind == "yes_no"
	}
	return false
}

func encodeGroup(group map[string]any, t *valueType) (any, error) {
	out := map[string]any{}
	for _, m := range t.members {
		v := group[m.name]
		if v == nil {
			continue
		}
		x, err := encodeAs(v, m.typ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		out[m.name] = x
	}
	return out, nil
}

func decodeAs(x any, t *valueType) (any, error) {
	if x == nil {
		return nil, nil
	}
	switch t.kind {
	case "list":
		return decodeList(x, t)
	case "group":
		return decodeGroup(x, t)
	case "address":
		return decodeAddress(x)
	}
	return decodeScalar(x, t.kind)
}

func decodeList(x any, t *valueType) (any, error) {
	list, ok := x.([]any)
	if !ok || len(list) > t.max {
		return nil, fmt.Errorf("want a list of at most %d", t.max)
	}
	out := make([]any, 0, len(list))
	for i, it := range list {
		v, err := decodeAs(it, t.elem)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i, err)
		}
		if v != nil {
			out = append(out, v)
		}
	}
	return out, nil
}

func decodeGroup(x any, t *valueType) (any, error) {
	group, ok := x.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want a group, not %T", x)
	}
	out := map[string]any{}
	for _, m := range t.members {
		v, err := decodeAs(group[m.name], m.typ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		set(out, m.name, v)
	}
	return out, nil
}

// decodeAddress reads the parts of an address, or the address on one line; that one nobody has looked up yet.
func decodeAddress(x any) (any, error) {
	if line, ok := x.(string); ok {
		if line == "" {
			return nil, nil
		}
		a, err := authority.ParseAddress(line)
		if err != nil {
			return nil, err
		}
		return NewAddress(a, false), nil
	}
	parts, ok := x.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want an address, not %T", x)
	}
	text := func(name string) string { s, _ := parts[name].(string); return s }
	a := authority.Address{Street: text("street"), House: text("house"), Postcode: text("postcode"), Town: text("town")}
	if a.IsZero() {
		return nil, nil
	}
	return NewAddress(a, parts["verified"] == true), nil
}

func decodeScalar(x any, kind string) (any, error) {
	switch v := x.(type) {
	case string:
		return decodeText(v, kind)
	case bool:
		if kind == "yes_no" {
			return v, nil
		}
	case json.Number:
		return decodeNumber(v, kind)
	}
	return nil, fmt.Errorf("want %s, not %T", kind, x)
}

func decodeText(s, kind string) (any, error) {
	switch kind {
	case "text":
		if s == "" {
			return nil, nil
		}
		return s, nil
	case "file":
		return File{s}, nil
	case "date":
		if s == "" {
			return nil, nil
		}
		return clock.ParseDate(s)
	}
	return nil, fmt.Errorf("want %s, not text", kind)
}

func decodeNumber(n json.Number, kind string) (any, error) {
	switch kind {
	case "number":
		i, err := n.Int64()
		return int(i), err
	case "money":
		i, err := n.Int64()
		return Money{i}, err
	case "decimal":
		return n.Float64()
	}
	return nil, fmt.Errorf("want %s, not a number", kind)
}
