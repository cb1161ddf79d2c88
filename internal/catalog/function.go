package catalog

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/conf"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// errUnknown ends the evaluation of an expression that meets a missing value.
var errUnknown = errors.New("unknown value")

// listFunctions are the functions of expr that the language keeps; everything else of it is switched off.
var listFunctions = []string{"all", "any", "none", "one", "filter", "find", "count", "map", "sum", "len", "min", "max", "abs", "lower", "upper", "trim"}

// library is what expressions may call: our functions, and operators on days and money.
type library struct {
	options    []expr.Option
	signatures map[string]reflect.Type
	operators  map[string][]string
}

var shippedLibrary = sync.OnceValue(func() *library {
	l := &library{signatures: map[string]reflect.Type{}, operators: map[string][]string{}}
	l.options = []expr.Option{expr.DisableAllBuiltins(), expr.MaxNodes(0)}
	for _, b := range listFunctions {
		l.options = append(l.options, expr.EnableBuiltin(b))
	}
	l.functions()
	l.dates()
	l.money()
	l.addresses()
	l.division()
	for sign, names := range l.operators {
		l.options = append(l.options, expr.Operator(sign, names...))
	}
	return l
})

// newConfig is the language without any names.
func newConfig() *conf.Config {
	c := conf.CreateNew()
	for _, option := range shippedLibrary().options {
		option(c)
	}
	for n := range c.Disabled {
		delete(c.Builtins, n)
	}
	return c
}

// add makes a function known. signature is a pointer to a func of its type; a missing argument is unknown, except to known.
func (l *library) add(name string, signature any, f func(a ...any) (any, error)) {
	l.signatures[name] = reflect.TypeOf(signature).Elem()
	l.options = append(l.options, expr.Function(name, func(a ...any) (any, error) {
		for _, x := range a {
			if x == nil && name != "known" {
				return nil, errUnknown
			}
		}
		return f(a...)
	}, signature))
}

// operator makes a function an operator too; its own name cannot be written.
func (l *library) operator(sign, name string, signature any, f func(a ...any) (any, error)) {
	l.add("__"+name, signature, f)
	l.operators[sign] = append(l.operators[sign], "__"+name)
}

func (l *library) functions() {
	l.add("known", new(func(any) bool), func(a ...any) (any, error) { return a[0] != nil, nil })
	l.add("age", new(func(born, on clock.Date) int), func(a ...any) (any, error) {
		return age(a[0].(clock.Date), a[1].(clock.Date)), nil
	})
	l.add("days_between", new(func(from, to clock.Date) int), func(a ...any) (any, error) {
		return a[0].(clock.Date).DaysUntil(a[1].(clock.Date)), nil
	})
	l.add("date", new(func(string) clock.Date), func(a ...any) (any, error) { return clock.ParseDate(a[0].(string)) })
	l.add("eur", new(func(any) Money), func(a ...any) (any, error) { return euros(a[0]) })
	for name, unit := range map[string]authority.PeriodUnit{"days": authority.Days, "weeks": authority.Weeks, "months_of": authority.Months, "years": authority.Years} {
		l.add(name, new(func(int) authority.Period), func(a ...any) (any, error) {
			return authority.Period{N: a[0].(int), Unit: unit}, nil
		})
	}
	l.add("same_name", new(func(a, b string) bool), func(a ...any) (any, error) { return sameName(a[0].(string), a[1].(string)), nil })
	l.add("has_name", new(func(people []any, name string) bool), func(a ...any) (any, error) {
		for _, n := range a[0].([]any) {
			if s, ok := n.(string); ok && sameName(s, a[1].(string)) {
				return true, nil
			}
		}
		return false, nil
	})
}

// euros reads eur(30) and eur(30.70).
func euros(x any) (any, error) {
	switch v := x.(type) {
	case int:
		return Money{int64(v) * 100}, nil
	case float64:
		return Money{int64(math.Round(v * 100))}, nil
	}
	return nil, fmt.Errorf("eur needs a number, not %T", x)
}

func (l *library) dates() {
	l.operator("+", "date_plus", new(func(clock.Date, authority.Period) clock.Date), func(a ...any) (any, error) {
		return a[1].(authority.Period).From(a[0].(clock.Date)), nil
	})
	l.operator("-", "date_minus", new(func(clock.Date, authority.Period) clock.Date), func(a ...any) (any, error) {
		return a[1].(authority.Period).Negative().From(a[0].(clock.Date)), nil
	})
	for sign, holds := range comparisons {
		l.operator(sign, "date"+sign, new(func(a, b clock.Date) bool), func(a ...any) (any, error) {
			return holds(a[0].(clock.Date).Compare(a[1].(clock.Date))), nil
		})
	}
}

func (l *library) money() {
	l.operator("+", "money_plus", new(func(a, b Money) Money), func(a ...any) (any, error) {
		return Money{a[0].(Money).Cents + a[1].(Money).Cents}, nil
	})
	l.operator("-", "money_minus", new(func(a, b Money) Money), func(a ...any) (any, error) {
		return Money{a[0].(Money).Cents - a[1].(Money).Cents}, nil
	})
	l.operator("*", "money_times", new(func(Money, int) Money), func(a ...any) (any, error) {
		return Money{a[0].(Money).Cents * int64(a[1].(int))}, nil
	})
	for sign, holds := range comparisons {
		l.operator(sign, "money"+sign, new(func(a, b Money) bool), func(a ...any) (any, error) {
			return holds(compareCents(a[0].(Money), a[1].(Money))), nil
		})
	}
}

func compareCents(a, b Money) int {
	switch {
	case a.Cents < b.Cents:
		return -1
	case a.Cents > b.Cents:
		return 1
	}
	return 0
}

var comparisons = map[string]func(c int) bool{
	"<":  func(c int) bool { return c < 0 },
	"<=": func(c int) bool { return c <= 0 },
	">":  func(c int) bool { return c > 0 },
	">=": func(c int) bool { return c >= 0 },
}

func (l *library) addresses() {
	l.operator("==", "address_same", new(func(a, b Address) bool), func(a ...any) (any, error) {
		return a[0].(Address).same(a[1].(Address)), nil
	})
	l.operator("!=", "address_other", new(func(a, b Address) bool), func(a ...any) (any, error) {
		return !a[0].(Address).same(a[1].(Address)), nil
	})
}

// division makes dividing by nothing unknown, whatever the numbers are.
func (l *library) division() {
	divide := func(a ...any) (any, error) {
		by := asFloat(a[1])
		if by == 0 {
			return nil, errUnknown
		}
		return asFloat(a[0]) / by, nil
	}
	for name, signature := range map[string]any{
		"divide": new(func(a, b int) float64), "divide_by_decimal": new(func(a int, b float64) float64),
		"decimal_divide": new(func(a float64, b int) float64), "decimal_divide_by_decimal": new(func(a, b float64) float64),
	} {
		l.operator("/", name, signature, divide)
	}
}

func asFloat(v any) float64 {
	if i, whole := v.(int); whole {
		return float64(i)
	}
	f, _ := v.(float64)
	return f
}

// functionNames are the functions that can be written.
func functionNames() []string {
	out := slices.Clone(listFunctions)
	for name := range shippedLibrary().signatures {
		if !strings.HasPrefix(name, "__") {
			out = append(out, name)
		}
	}
	return out
}

// shown is a function's name as it is written.
func shown(function string) string { return strings.TrimLeft(function, "_") }
