package catalog

import "reflect"

// Truth is what a condition says. Unknown is not No: it waits for a person.
type Truth int

// The three answers of a condition.
const (
	No Truth = iota
	Yes
	Unknown
)

var truthNames = [...]string{"no", "yes", "unknown"}

// String returns "no", "yes" or "unknown".
func (t Truth) String() string { return truthNames[t] }

// truth evaluates a condition; without one it is Yes.
func (e *expression) truth(env Env) Truth {
	if e == nil {
		return Yes
	}
	v, known := e.run(env)
	switch {
	case !known:
		return Unknown
	case v == true:
		return Yes
	}
	return No
}

// truthOfRow evaluates a condition that may speak of one person's row.
func (e *expression) truthOfRow(env Env, row map[string]any) Truth {
	if e == nil {
		return Yes
	}
	if e.lacksRow(row) {
		return Unknown
	}
	inner := make(Env, len(env)+1)
	for k, v := range env {
		inner[k] = v
	}
	inner[rowsName] = []any{row}
	left, known := e.run(inner)
	if !known {
		return Unknown
	}
	if rows, _ := left.([]any); len(rows) == 1 {
		return Yes
	}
	return No
}

// sameValue compares values as expressions do: addresses by their house, everything else exactly.
func sameValue(a, b any) bool {
	if x, ok := a.(Address); ok {
		y, ok := b.(Address)
		return ok && x.same(y)
	}
	return reflect.DeepEqual(a, b)
}
