package procedure

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// Draft is what somebody has typed so far, as the inputs of the pages: by their names, such as "birth.date",
// "children.1.given_names" or "homes.0.address_street". A group that not everybody has is asked for by yes or no under
// its own name; "children.zeilen" is how many rows stand on the page.
type Draft map[string][]string

func (d Draft) text(name string) string { return strings.Join(d[name], " ") }

// What the question for a group that not everybody has is answered with.
const (
	typedYes = "yes"
	typedNo  = "no"
)

// rows is how many rows of a list stand on the page: at least one.
func (d Draft) rows(f catalog.Field, name string) int {
	n, err := strconv.Atoi(d.text(name + ".zeilen"))
	if err != nil {
		n = 1
	}
	return min(max(n, 1), f.Many)
}

// under reports whether an input belongs to a question: it, its parts, the parts of an address.
func under(input, name string) bool {
	rest, is := strings.CutPrefix(input, name)
	return is && (rest == "" || rest[0] == '.' || rest[0] == '_' && slices.Contains(addressParts, rest[1:]))
}

var addressParts = []string{"street", "house", "postcode", "town"}

// blank reports whether nothing was typed below a name.
func (d Draft) blank(name string) bool {
	for input, values := range d {
		if under(input, name) && !strings.HasSuffix(input, ".zeilen") && !blank(values) {
			return false
		}
	}
	return true
}

// more adds an empty row to a list, less takes the row of that name out and moves the later ones up.
func (d Draft) more(f catalog.Field, list string) {
	d[list+".zeilen"] = []string{strconv.Itoa(min(d.rows(f, list)+1, f.Many))}
}

func (d Draft) less(f catalog.Field, list string, row int) {
	n := d.rows(f, list)
	if row < 0 || row >= n || n == 1 {
		return
	}
	moved := Draft{}
	for input, values := range d {
		at := -1
		for i := range n {
			if under(input, list+"."+strconv.Itoa(i)) {
				at = i
			}
		}
		switch {
		case at == row:
		case at > row:
			rest := strings.TrimPrefix(input, list+"."+strconv.Itoa(at))
			moved[list+"."+strconv.Itoa(at-1)+rest] = values
		default:
			moved[input] = values
		}
	}
	clear(d)
	maps.Copy(d, moved)
	d[list+".zeilen"] = []string{strconv.Itoa(n - 1)}
}

// take reads the inputs of a question from a form.
func (d Draft) take(f catalog.Field, name string, values func(string) []string) {
	d.input(name, values) // the value itself, or yes and no
	if f.Many > 0 {
		d.input(name+".zeilen", values)
		for i := range d.rows(f, name) {
			d.takeOne(f, name+"."+strconv.Itoa(i), values)
		}
		return
	}
	d.takeOne(f, name, values)
}

func (d Draft) takeOne(f catalog.Field, name string, values func(string) []string) {
	for _, inner := range f.Fields {
		d.take(inner, name+"."+inner.Name, values)
	}
	switch {
	case len(f.Fields) > 0:
	case f.Type == "address":
		for _, part := range addressParts {
			d.input(name+"_"+part, values)
		}
	default:
		d.input(name, values)
	}
}

func (d Draft) input(name string, values func(string) []string) {
	if sent := values(name); !blank(sent) {
		d[name] = sent
	}
}

// written is a value as people type it.
func written(v any) string {
	if d, ok := v.(clock.Date); ok {
		return fmt.Sprintf("%d.%d.%d", d.D, d.M, d.Y)
	}
	return fmt.Sprint(v)
}

func (d Draft) address(name string, v any) {
	a, ok := v.(catalog.Address)
	if !ok {
		return
	}
	post := a.Postal()
	for i, text := range []string{post.Street, post.House, post.Postcode, post.Town} {
		d[name+"_"+addressParts[i]] = []string{text}
	}
}
