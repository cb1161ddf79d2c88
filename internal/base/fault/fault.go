package fault

import (
	"errors"
	"fmt"
)

// Kind says what went wrong from the caller's point of view.
type Kind int

// The kinds, with the HTTP status that package web answers.
const (
	Internal        Kind = iota // 500: ours; details only in the log
	Invalid                     // 422: what was sent cannot be right
	NotFound                    // 404: missing, or somebody else's
	Unauthenticated             // 401: log in first
	Forbidden                   // 403: no right to it
	StepUp                      // 403: a higher level of trust is needed first
	Conflict                    // 409: somebody was faster, or it is decided already
	Gone                        // 410: it was here and has ended
	TooLarge                    // 413
	Full                        // 507: the disk is full
	Busy                        // 503: too much waiting, try again
	Unavailable                 // 503: a neighbour does not answer
	Unknown                     // 503: it may or may not have happened
)

var kindNames = [...]string{
	"internal", "invalid", "not_found", "unauthenticated", "forbidden", "step_up", "conflict", "gone",
	"too_large", "full", "busy", "unavailable", "unknown",
}

// String returns the kind's name as it stands in logs and problem documents.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "internal"
	}
	return kindNames[k]
}

// Error is an error with a kind and a code. Code is a key of the language files, Vars fill its text, Field names the
// form field it belongs to, Err is what lies beneath and is never shown.
type Error struct {
	Kind  Kind
	Code  string
	Field string
	Vars  map[string]any
	Err   error
}

// Error names kind and code, and what lies beneath.
func (e *Error) Error() string {
	s := e.Kind.String() + ": " + e.Code
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns what lies beneath.
func (e *Error) Unwrap() error { return e.Err }

// New returns a fault; kv are names and values for the text, in pairs.
func New(kind Kind, code string, kv ...any) error {
	return &Error{Kind: kind, Code: code, Vars: pairs(kv)}
}

// Wrap returns a fault that keeps err for the log.
func Wrap(kind Kind, code string, err error, kv ...any) error {
	return &Error{Kind: kind, Code: code, Vars: pairs(kv), Err: err}
}

// Field returns an Invalid fault that belongs to a form field.
func Field(field, code string, kv ...any) error {
	return &Error{Kind: Invalid, Code: code, Field: field, Vars: pairs(kv)}
}

func pairs(kv []any) map[string]any {
	if len(kv) == 0 {
		return nil
	}
	vars := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		vars[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return vars
}

// KindOf returns the kind of the nearest fault in err; what is no fault is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the nearest fault in err, or nothing.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Is reports whether err is a fault of this kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
