package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
)

// lay puts an overlay over its base and says what it must not touch.
func lay(base, over *node) (*node, []Problem) {
	l := layer{base: base, over: over, out: base.clone(), local: base.at("local"), done: map[string]bool{}}
	if on := over.at("on"); on.str() != base.at("edition").str() {
		l.bad(on, fmt.Sprintf("this overlay lies on edition %s, the base is edition %s", on.str(), base.at("edition").str()), "read the differences, then change the number")
	}
	for _, path := range over.at("set").names() {
		l.set(over.at("set").key(path), path, over.at("set").vals[path])
	}
	for _, path := range over.at("add").names() {
		l.add(over.at("add").key(path), path, over.at("add").vals[path].clone())
	}
	l.required()
	l.out.put(over.key("tests"), over.at("tests"))
	if e := over.at("example"); e.ok() {
		l.out.put(over.key("example"), e)
	}
	return l.out, l.problems
}

type layer struct {
	base, over, out *node
	local           *node
	done            map[string]bool // paths that were set
	problems        []Problem
}

func (l *layer) bad(n *node, msg, help string) {
	l.problems = append(l.problems, problem(n, msg, help))
}

// set replaces a value that the base opens.
func (l *layer) set(key *node, path string, value *node) {
	parts := strings.Split(path, ".")
	last := len(parts) - 1
	parent := l.out.at(parts[:last]...)
	rule := opened(l.local, path)
	switch {
	case !parent.at(parts[last]).ok():
		l.bad(key, "the base has no "+path, meant(path, l.local.names()))
		return
	case !rule.ok():
		l.bad(key, path+" is locked in the base", "a town may set: "+strings.Join(l.local.names(), ", "))
		return
	}
	if msg := outside(rule, value); msg != "" {
		l.bad(value, msg, "")
	}
	parent.replace(key.named(parts[last]), value)
	l.done[path] = true
}

// add puts one more entry where the base says that more may be added.
func (l *layer) add(key *node, path string, value *node) {
	section, name, deep := strings.Cut(path, ".")
	if !deep || strings.Contains(name, ".") || !l.local.at(section+".+").ok() {
		l.bad(key, path+" may not be added", "the base opens: "+strings.Join(l.local.names(), ", "))
		return
	}
	if !l.out.at(section).ok() {
		l.out.put(key.named(section), &node{file: key.file, line: key.line, col: key.col, kind: mapping, vals: map[string]*node{}})
	}
	into := l.out.at(section)
	if into.vals[name] != nil {
		l.bad(key, path+" is in the base already", "change it under set")
		return
	}
	if stage := value.at("in"); stage.ok() {
		fills := l.out.at("stages", stage.str(), "fills")
		if !fills.ok() {
			l.bad(stage, "there is no stage "+quote(stage.str())+" that asks something", "")
		}
		fills.items = append(fills.items, key.named(name))
		value.drop("in")
	}
	into.put(key.named(name), value)
}

// required insists on what the base does not work without.
func (l *layer) required() {
	for _, p := range l.local.names() {
		if l.local.at(p).str() != "required" {
			continue
		}
		set := l.done[p]
		for q := range l.done {
			set = set || strings.HasPrefix(q, p+".")
		}
		if !set {
			l.bad(l.over.key("set"), "this overlay must set "+p, "the base requires it")
		}
	}
}

// opened finds the rule for a path: its own, or that of a part of the tree it lies in.
func opened(local *node, path string) *node {
	for {
		if rule := local.at(path); rule.ok() {
			return rule
		}
		i := strings.LastIndex(path, ".")
		if i < 0 {
			return &node{}
		}
		path = path[:i]
	}
}

// outside says what a rule does not allow about a value, or nothing.
func outside(rule, v *node) string {
	if rule.kind != mapping {
		return ""
	}
	if set := rule.at("one_of"); set.ok() {
		if !slices.Contains(set.strs(), v.str()) {
			return fmt.Sprintf("%q is outside what the base allows: %s", v.str(), strings.Join(set.strs(), ", "))
		}
		return ""
	}
	if lo, hi, x := size(rule.at("from")), size(rule.at("to")), size(v); x < lo || x > hi {
		return fmt.Sprintf("%s is outside what the base allows: %s to %s", v.str(), rule.at("from").str(), rule.at("to").str())
	}
	return ""
}

var daysOf = map[authority.PeriodUnit]int64{
	authority.Days: 1, authority.WorkingDays: 1, authority.Weeks: 7, authority.Months: 30, authority.Years: 365,
}

// size makes amounts, numbers and periods comparable; a month counts as thirty days.
func size(n *node) int64 {
	if m, ok := ParseMoney(n.str()); ok {
		return m.Cents
	}
	if p, err := authority.ParsePeriod(n.str()); err == nil {
		return int64(p.N) * daysOf[p.Unit]
	}
	return int64(n.number())
}
