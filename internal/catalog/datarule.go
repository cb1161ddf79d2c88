package catalog

import (
	"fmt"
	"strings"
)

// lawNames holds evidence, notices and letters against the list of data in the law they cite.
func (d *draft) lawNames() {
	evidence := d.root.at("evidence")
	for _, k := range evidence.names() {
		e := evidence.at(k)
		if law := shippedSheets()[e.at("law").str()]; law.exact && e.at("fields").ok() {
			d.exactly(e, law)
		}
	}
	for _, section := range []string{"notices", "letters"} {
		for _, k := range d.root.at(section).names() {
			d.atMost(d.root.at(section, k))
		}
	}
}

// exactly insists that evidence fetches all that its law names, and nothing else.
func (d *draft) exactly(n *node, law sheetList) {
	have := sheetsOf(n)
	missing := map[string]bool{}
	for s := range law.names {
		if !have[s] {
			missing[s] = true
		}
	}
	cite := n.at("law")
	if len(missing) > 0 {
		d.bad(cite, 0, fmt.Sprintf("%s names DSMeld %s, which is not fetched", cite.str(), strings.Join(sortedSheets(missing), " ")), "")
	}
	fields := n.at("fields")
	for _, k := range fields.names() {
		for _, s := range sortedSheets(sheetsOf(fields.at(k))) {
			if !law.names[s] {
				d.bad(fields.key(k), 0, fmt.Sprintf("%s does not name DSMeld %s", cite.str(), s), "leave it out")
			}
		}
	}
}

// atMost insists that the law of a notice or letter names something of every value in it. Of a value with parts, only
// the parts that the law names go out (Edition.Notices), so one of them is enough here.
func (d *draft) atMost(n *node) {
	law, known := shippedSheets()[n.at("law").str()]
	if !known {
		return
	}
	for _, list := range []string{"sends", "shows"} {
		for _, p := range n.at(list).items {
			m := d.memberAt(p.str(), n.at("each"))
			if m == nil {
				continue
			}
			own := sheetsOf(m.node)
			named := len(own) == 0
			for s := range own {
				named = named || law.names[s]
			}
			if !named {
				d.bad(p, 0, fmt.Sprintf("%s does not name %s (%s)", n.at("law").str(), p.str(), m.node.at("number").str()), "a notice carries only what its law names")
			}
		}
	}
}

// statisticsRules keeps sensitive and free values out of the counts.
func (d *draft) statisticsRules() {
	for _, b := range d.root.at("statistics", "by").items {
		t := d.path(b, nil)
		if t == nil {
			continue
		}
		if c := d.root.at("fields", b.str(), "class").str(); c == "sensitive" || c == "secret" {
			d.bad(b, 0, fmt.Sprintf("%q is %s; nothing is counted by it", b.str(), c), "")
		}
		if len(t.choice) == 0 && t.kind != "yes_no" {
			d.bad(b, 0, fmt.Sprintf("%q is no choice; counting by it could show single people", b.str()), "")
		}
	}
}

// onceOnly warns when a form asks for what an evidence already brings.
func (d *draft) onceOnly() {
	brought := map[string]string{}
	evidence, fields := d.root.at("evidence"), d.root.at("fields")
	for _, k := range evidence.names() {
		inner := evidence.at(k, "fields")
		for _, f := range inner.names() {
			if number := inner.at(f, "number").str(); number != "" && !strings.HasSuffix(number, " 0001") {
				brought[number] = k + "." + f
			}
		}
	}
	for _, k := range fields.names() {
		f := fields.at(k)
		if source := brought[f.at("number").str()]; source != "" && !f.at("from").ok() {
			d.warn(fields.key(k), fmt.Sprintf("%q is asked although %s brings it", k, source), "from: "+source)
		}
	}
}
