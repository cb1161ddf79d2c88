package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

const exact = 1 << 53 // integers up to here are exact as a double

// Errors of values that have no canonical form, and of bytes that are not in it.
var (
	ErrText     = errors.New("canon: text is not UTF-8")
	ErrNumber   = errors.New("canon: number has no canonical form")
	ErrNotCanon = errors.New("canon: not in canonical form")
)

// JSON returns v in canonical form. What v is made of follows encoding/json: structs by their tags, maps by key.
func JSON(v any) ([]byte, error) { return Append(nil, v) }

// Append appends v in canonical form to dst.
func Append(dst []byte, v any) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, x), nil
	case string:
		return AppendString(dst, x)
	case float64:
		return appendNumber(dst, x)
	case int:
		return appendInteger(dst, int64(x))
	case int64:
		return appendInteger(dst, x)
	case json.Number:
		f, err := x.Float64()
		if err != nil {
			return nil, fmt.Errorf("%w: %s", ErrNumber, x)
		}
		return appendNumber(dst, f)
	case []string:
		return appendList(dst, x)
	case []any:
		return appendList(dst, x)
	case map[string]string:
		return appendObject(dst, x)
	case map[string]any:
		return appendObject(dst, x)
	}
	return appendOther(dst, v)
}

// appendOther takes the way through encoding/json for structs and everything else.
func appendOther(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canon: %w", err)
	}
	plain, err := decode(b)
	if err != nil {
		return nil, err
	}
	return Append(dst, plain)
}

func decode(b []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("canon: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the value", ErrNotCanon)
	}
	return v, nil
}

// Transform brings any JSON text into canonical form.
func Transform(b []byte) ([]byte, error) {
	if !utf8.Valid(b) || loneSurrogate(b) {
		return nil, ErrText
	}
	v, err := decode(b)
	if err != nil {
		return nil, err
	}
	return Append(make([]byte, 0, len(b)), v)
}

// loneSurrogate reports half a character written as an escape, which encoding/json would silently replace.
func loneSurrogate(b []byte) bool {
	high := false // the escape just before was the first half of a pair
	for i := 0; i < len(b); i++ {
		unit := -1
		if b[i] == '\\' && i+1 < len(b) {
			i++
			if b[i] == 'u' && i+4 < len(b) {
				if n, err := strconv.ParseUint(string(b[i+1:i+5]), 16, 16); err == nil {
					unit = int(n)
				}
				i += 4
			}
		}
		low := unit >= 0xdc00 && unit <= 0xdfff
		if high != low {
			return true
		}
		high = unit >= 0xd800 && unit <= 0xdbff
	}
	return high
}

// Check reports nil if b is canonical already: no key twice, no space, every key and number in its one form.
func Check(b []byte) error {
	again, err := Transform(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, b) {
		return ErrNotCanon
	}
	return nil
}

func appendList[T any](dst []byte, list []T) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = Append(dst, v); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject[T any](dst []byte, object map[string]T) (_ []byte, err error) {
	keys := make([]string, 0, len(object))
	for k := range object {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = AppendString(dst, k); err != nil {
			return nil, err
		}
		if dst, err = Append(append(dst, ':'), object[k]); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// compare orders keys by their UTF-16 code units, as RFC 8785 §3.2.3 wants. That is the order of code points, save that
// characters beyond U+FFFF come before U+E000–U+FFFF.
func compare(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			if (ra > 0xffff) != (rb > 0xffff) {
				return compareUnits(ra, rb)
			}
			return int(ra) - int(rb)
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

func compareUnits(a, b rune) int { return int(firstUnit(a)) - int(firstUnit(b)) }

func firstUnit(r rune) rune {
	if r > 0xffff {
		return 0xd800 + (r-0x10000)>>10
	}
	return r
}

// AppendString appends s as a canonical JSON string.
func AppendString(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				return nil, ErrText
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = appendEscape(append(dst, s[from:i]...), c)
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"'), nil
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

func appendInteger(dst []byte, n int64) ([]byte, error) {
	if n > exact || n < -exact {
		return nil, fmt.Errorf("%w: %d", ErrNumber, n)
	}
	return strconv.AppendInt(dst, n, 10), nil
}

// appendNumber writes f as ECMAScript does: the shortest digits that give f again.
func appendNumber(dst []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, ErrNumber
	}
	if f == 0 {
		return append(dst, '0'), nil // minus zero too
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64), nil
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') { // 1e-07 → 1e-7
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst, nil
}
