package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const maxCases = 200_000 // that a table may tell apart

// probes are one value out of every class of values that the cells of a column can tell apart.
func (t *table) probes(col int) []probe {
	typ := t.cols[col]
	switch {
	case len(typ.choice) > 0:
		out := make([]probe, len(typ.choice))
		for i, c := range typ.choice {
			out[i] = probeOf(c)
		}
		return out
	case typ.kind == "yes_no":
		return []probe{{"true", 1}, {"false", 0}}
	case !numeric(typ):
		return t.wordProbes(col)
	}
	domain := cell{any: true}
	if c, ok := interval(typ.allowed, typ.kind); ok {
		domain = c
	}
	edges := map[int64]bool{0: true}
	for _, r := range t.cells {
		for _, p := range []*int64{r[col].lo, r[col].hi} {
			if p != nil {
				edges[*p-1], edges[*p], edges[*p+1] = true, true, true
			}
		}
	}
	var out []probe
	for _, v := range slices.Sorted(maps.Keys(edges)) {
		if p := (probe{strconv.FormatInt(v, 10), v}); domain.fits(p) {
			out = append(out, p)
		}
	}
	return out
}

func (t *table) wordProbes(col int) []probe {
	var out []probe
	seen := map[string]bool{}
	for _, r := range t.cells {
		for _, w := range r[col].words {
			if !seen[w] {
				seen[w] = true
				out = append(out, probe{word: w})
			}
		}
	}
	return append(out, probe{word: "something else"})
}

// gaps tries one value of every class in every combination: complete for these cells, and bounded.
func (d *draft) gaps(t *table, n *node) {
	g := gapSearch{d: d, t: t, n: n, pick: make([]probe, len(t.cols)), first: make([]bool, len(t.cells)), said: map[string]bool{}}
	total := 1
	for i := range t.cols {
		p := t.probes(i)
		g.all = append(g.all, p)
		if total *= max(1, len(p)); total > maxCases {
			d.bad(n, 0, "this table tells apart more than 200,000 cases; it cannot be checked", "split it in two")
			return
		}
	}
	g.try(0)
	for r, reached := range g.first {
		if !reached && t.hit == "first" {
			d.bad(n.at("rows").items[r], 0, fmt.Sprintf("row %d is never reached: rows above it take every case", r+1), "")
		}
	}
}

// gapSearch is the state of one search through a table.
type gapSearch struct {
	d     *draft
	t     *table
	n     *node
	all   [][]probe
	pick  []probe
	first []bool // rows that are the first to fit some case
	said  map[string]bool
}

func (g *gapSearch) try(col int) {
	if col < len(g.all) {
		for _, p := range g.all[col] {
			g.pick[col] = p
			g.try(col + 1)
		}
		return
	}
	hits := g.t.hits(g.pick)
	if len(hits) > 0 {
		g.first[hits[0]] = true
	}
	g.judge(hits)
}

// needsOneRow are the ways of reading a table that must find a row for every case.
var needsOneRow = []string{"unique", "first", "any"}

func (g *gapSearch) judge(hits []int) {
	differ := len(hits) > 1 && (g.t.hit == "unique" || g.t.hit == "any" && fmt.Sprint(g.t.out[hits[0]]) != fmt.Sprint(g.t.out[hits[1]]))
	switch {
	case len(hits) == 0 && slices.Contains(needsOneRow, g.t.hit):
		g.say("gap", g.n.key("rows"), "no row fits "+g.words(), "add a row, or one with any")
	case differ:
		g.say(fmt.Sprint(hits[:2]), g.n.at("rows").items[hits[1]], fmt.Sprintf("rows %d and %d both fit %s", hits[0]+1, hits[1]+1, g.words()), "narrow one of them, or say hit: first")
	}
}

func (g *gapSearch) say(once string, at *node, msg, help string) {
	if !g.said[once] {
		g.said[once] = true
		g.d.bad(at, 0, msg, help)
	}
}

// words name the case being tried.
func (g *gapSearch) words() string {
	out := make([]string, len(g.pick))
	for i, p := range g.pick {
		out[i] = g.t.heads[i] + " = " + p.word
	}
	return strings.Join(out, ", ")
}
