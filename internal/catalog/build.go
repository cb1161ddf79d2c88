package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func hexOf(h [32]byte) string { return hex.EncodeToString(h[:]) }

// build makes an edition of a draft without errors; files are the bytes that make it, in the order they were read.
func (d *draft) build(english *node, files ...[]byte) *Edition {
	n := d.root
	e := &Edition{
		Service: n.at("service").str(), Number: n.at("edition").number(), Publisher: n.at("publisher").str(), Path: n.at("path").str(),
		Title: n.at("title").str(), Summary: n.at("summary").str(), Code: n.at("number").str(), Law: n.at("law").str(), Example: n.at("example").is(),
		names: d.names, members: d.members, tables: d.tables,
	}
	e.hash = hashOf(files)
	for _, m := range d.members {
		m.readSheets()
	}
	e.texts = map[string]map[string]string{"de": {}}
	german := map[string]*node{}
	textsOf(n, "", german)
	for p, t := range german {
		e.texts["de"][p] = t.str()
	}
	if english != nil {
		e.texts["en"] = map[string]string{}
		for p, t := range english.vals {
			e.texts["en"][p] = t.str()
		}
	}
	a := n.at("applicant")
	e.Applicant = Applying{Is: a.at("is").strs(), Trust: Trust(a.at("trust").str()), Law: a.at("law").str(), InPerson: a.at("in_person").str()}
	if len(e.Applicant.Is) == 0 {
		e.Applicant.Is = []string{"person"}
	}
	for _, k := range n.at("units").names() {
		e.Units = append(e.Units, Unit{k, n.at("units", k).str()})
	}
	d.buildEvidence(e)
	e.Fields = d.fieldsOf(n.at("fields"), "fields")
	d.buildRules(e)
	d.buildStages(e)
	d.buildDecision(e)
	d.buildOutputs(e)
	e.given = d.buildGiven(e)
	marksOf(n, "", &e.marked)
	return e
}

// readSheets notes which sheets a value and each of its parts are, so that cutting a notice to its law costs little.
func (m *member) readSheets() {
	m.own = map[string]bool{}
	if list, ok := strings.CutPrefix(m.node.at("number").str(), "DSMeld "); ok {
		m.own = sheetSet(list)
	}
	m.sheets = maps.Clone(m.own)
	for _, part := range m.typ.row().members {
		part.readSheets()
		maps.Copy(m.sheets, part.sheets)
	}
}

// hashOf keeps the files apart by their length, so that no two sets of files have one hash.
func hashOf(files [][]byte) [32]byte {
	if len(files) == 1 {
		return sha256.Sum256(files[0])
	}
	h := sha256.New()
	for _, f := range files {
		h.Write([]byte(strconv.Itoa(len(f)) + "\n"))
		h.Write(f)
	}
	return [32]byte(h.Sum(nil))
}

// marksOf lists the paths of the elements marked as an example.
func marksOf(n *node, path string, out *[]string) {
	if n.at("example").is() {
		*out = append(*out, strings.TrimPrefix(path, "."))
	}
	for _, k := range n.names() {
		if k != "samples" && k != "tests" {
			marksOf(n.vals[k], path+"."+k, out)
		}
	}
}

func (d *draft) buildEvidence(e *Edition) {
	evidence := d.root.at("evidence")
	for _, k := range evidence.names() {
		n := evidence.at(k)
		source := k
		if l := n.at("like"); l.ok() {
			source = l.str()
		}
		x := Evidence{
			Name: k, Title: n.at("title").str(), Purpose: n.at("purpose").str(), By: Basis(n.at("by").str()), Whole: n.at("whole").is(),
			Law: n.at("law").str(), About: n.at("about").str(), Like: n.at("like").str(), Optional: n.at("optional").is(),
			UnlessBlocked: n.at("unless_blocked").str(), Example: n.at("example").is(), when: d.exprs[n.at("when")],
			with: d.writesOf(n.at("with")), Fields: d.fieldsOf(evidence.at(source, "fields"), "evidence."+source+".fields"),
		}
		for _, s := range n.at("from").strs() {
			kind, name, _ := strings.Cut(s, " ")
			x.From = append(x.From, Source{kind, name})
		}
		e.Evidence = append(e.Evidence, x)
	}
}

// fieldsOf describes fields for pages; path is where their texts lie.
func (d *draft) fieldsOf(fields *node, path string) []Field {
	out := make([]Field, 0, len(fields.keys))
	for _, m := range d.membersOf(fields, path) {
		out = append(out, d.fieldOf(m))
	}
	return out
}

func (d *draft) fieldOf(m *member) Field {
	n := m.node
	f := Field{
		Name: m.name, Path: m.path, Label: n.at("label").str(), Hint: n.at("hint").str(), One: n.at("one").str(), Type: m.typ.written, Many: n.at("many").number(),
		Optional: n.at("optional").is(), Class: Class(n.at("class").str()), Law: n.at("law").str(), Code: n.at("number").str(),
		From: n.at("from").strs(), Pick: n.at("pick").strs(), Allowed: n.at("allowed").str(), Accept: n.at("accept").strs(),
		Max: n.at("max").str(), Example: n.at("example").is(), NeverAsked: n.at("never_asked").str(), when: d.exprs[n.at("when")],
	}
	if f.Class == "" {
		f.Class = Personal
	}
	for _, c := range n.at("choice").names() {
		f.Choices = append(f.Choices, Choice{c, n.at("choice", c).str()})
	}
	for _, inner := range m.typ.row().members {
		f.Fields = append(f.Fields, d.fieldOf(inner))
	}
	return f
}

func (d *draft) writesOf(n *node) []write {
	out := make([]write, 0, len(n.keys))
	for _, k := range n.names() {
		out = append(out, write{k, d.exprs[n.at(k)]})
	}
	return out
}

func (d *draft) buildRules(e *Edition) {
	terms, checks, deadlines := d.root.at("terms"), d.root.at("checks"), d.root.at("deadlines")
	for _, k := range terms.names() {
		n := terms.at(k)
		e.Terms = append(e.Terms, Term{k, n.at("label").str(), n.at("law").str(), n.at("number").str()})
	}
	for _, k := range checks.names() {
		n := checks.at(k)
		e.Checks = append(e.Checks, CheckRule{
			Name: k, Else: Severity(n.at("else").str()), Say: n.at("say").str(), Guide: n.at("guide").str(), Law: n.at("law").str(),
			Example: n.at("example").is(), that: d.exprs[n.at("that")], ready: d.readyAfter(n.at("that")),
		})
	}
	for _, k := range deadlines.names() {
		n := deadlines.at(k)
		x := Deadline{
			Name: k, Of: n.at("of").strs(), Within: periodAt(n.at("within")), Law: n.at("law").str(), Extend: periodAt(n.at("extend", "once")),
			Pauses: n.at("pauses").ok(), Missed: n.at("missed").str(), Example: n.at("example").is(), from: d.exprs[n.at("from")],
		}
		if deemed := n.at("missed", "deemed"); deemed.ok() {
			x.Missed, x.Deemed = "deemed", deemed.str()
		}
		e.Deadlines = append(e.Deadlines, x)
	}
}

// readyAfter is the number of the stage that brings the last of what the expression at n rests on.
func (d *draft) readyAfter(n *node) int {
	rests, stages, last := d.rests(n), d.root.at("stages"), 0
	for i, k := range stages.names() {
		for _, name := range broughtBy(stages.at(k)) {
			if rests[name] {
				last = i
				delete(rests, name) // fetched again later, it was here already
			}
		}
	}
	return last
}

// broughtBy are the names that a stage asks or fetches.
func broughtBy(stage *node) []string {
	out := append(stage.at("fills").strs(), stage.at("fetch").strs()...)
	for _, u := range stage.at("parallel").names() {
		out = append(out, stage.at("parallel", u, "fills").strs()...)
	}
	return out
}

// periodAt is the period written at n; its form is the schema's matter.
func periodAt(n *node) authority.Period {
	p, _ := authority.ParsePeriod(n.str())
	return p
}

func (d *draft) buildStages(e *Edition) {
	stages := d.root.at("stages")
	for _, k := range stages.names() {
		n := stages.at(k)
		s := Stage{
			Name: k, Title: n.at("title").str(), Guide: n.at("guide").str(), Who: n.at("who").str(), Fills: n.at("fills").strs(),
			Within: n.at("within").str(), Fetch: n.at("fetch").strs(), Check: d.listOf(n, "check", "checks"), Decide: n.at("decide").is(),
			Pay: n.at("pay").is(), Record: d.listOf(n, "record", "records"), Issue: d.listOf(n, "issue", "letters"),
			Send: d.listOf(n, "send", "notices"), Propose: d.listOf(n, "propose", "proposals"), Waits: n.at("until").ok(),
			when: d.exprs[n.at("when")], until: d.exprs[n.at("until")], ranks: d.exprs[n.at("ranks")],
		}
		for _, a := range acts {
			if n.at(a).ok() {
				s.acts = append(s.acts, a)
			}
		}
		parallel := n.at("parallel")
		for _, u := range parallel.names() {
			w := parallel.at(u)
			s.Parallel = append(s.Parallel, Work{u, w.at("title").str(), w.at("guide").str(), w.at("fills").strs(), d.exprs[w.at("when")]})
		}
		e.Stages = append(e.Stages, s)
	}
}

func (d *draft) buildDecision(e *Edition) {
	n := d.root.at("decision")
	e.Decision = Decision{
		By: n.at("by").str(), Law: n.at("law").str(), Discretion: n.at("discretion").is(), Mode: Mode(n.at("mode").str()),
		PermittedBy: n.at("permitted_by").str(), FourEyes: n.at("four_eyes").is(), Example: n.at("example").is(),
	}
	if e.Decision.Law == "" {
		e.Decision.Law = e.Law
	}
	outcomes := n.at("outcomes")
	for _, k := range outcomes.names() {
		o := outcomes.at(k)
		x := Outcome{
			Name: k, Label: o.at("label").str(), Letter: o.at("letter").str(), Burden: o.at("burden").is(),
			Hearing: periodAt(o.at("hearing")), Proposable: o.at("when").ok(), when: d.exprs[o.at("when")],
		}
		if x.Hearing.IsZero() {
			x.Unheard = o.at("hearing").str()
		}
		e.Decision.Outcomes = append(e.Decision.Outcomes, x)
	}
	fee := d.root.at("fee")
	percent, _ := strconv.ParseInt(strings.TrimSuffix(fee.at("online").str(), " %"), 10, 64)
	e.Fee = Fee{Law: fee.at("law").str(), None: fee.at("none").str(), Online: percent, amount: d.exprs[fee.at("amount")]}
}

func (d *draft) buildOutputs(e *Edition) {
	records, letters, notices, proposals := d.root.at("records"), d.root.at("letters"), d.root.at("notices"), d.root.at("proposals")
	for _, k := range records.names() {
		n := records.at(k)
		e.RecordRules = append(e.RecordRules, Record{
			Name: k, Register: n.at("register").str(), Law: n.at("law").str(), Each: n.at("each").strs(), Example: n.at("example").is(),
			when: d.exprs[n.at("when")], writes: d.writesOf(n.at("writes")),
		})
	}
	for _, k := range letters.names() {
		e.LetterRules = append(e.LetterRules, d.letterOf(k, letters.at(k)))
	}
	for _, k := range notices.names() {
		e.NoticeRules = append(e.NoticeRules, d.noticeOf(k, notices.at(k)))
	}
	for _, k := range proposals.names() {
		n := proposals.at(k)
		e.ProposalRules = append(e.ProposalRules, Proposition{
			Service: k, Because: n.at("because").str(), Law: n.at("law").str(), After: n.at("after").str(), when: d.exprs[n.at("when")],
			hands: d.writesOf(n.at("hands_on")),
		})
	}
	r, s := d.root.at("retention"), d.root.at("statistics")
	e.Retention = Retention{periodAt(r.at("keep")), r.at("from").str(), r.at("then").str(), r.at("law").str(), r.at("example").is()}
	e.Statistics = Statistics{s.at("by").strs(), s.at("before", "citizen").number(), s.at("before", "clerk").number()}
}

func (d *draft) letterOf(k string, n *node) Letter {
	l := Letter{
		Name: k, Title: n.at("title").str(), Kind: n.at("kind").str(), Law: n.at("law").str(), Each: n.at("each").strs(),
		OnRequest: n.at("on_request").str(), Served: n.at("served").str(), WithoutReasons: n.at("without_reasons").str(),
		Shows: n.at("shows").strs(), Orders: n.at("orders").str(), Conditions: n.at("conditions").str(), Text: n.at("text").str(),
		Reasons: n.at("reasons").str(), Example: n.at("example").is(), when: d.exprs[n.at("when")], placeholders: map[string][]placeholder{},
	}
	for _, part := range texted {
		l.placeholders[part] = d.texts[n.at(part)]
	}
	return l
}

func (d *draft) noticeOf(k string, n *node) Notice {
	to := n.at("to")
	return Notice{
		Name: k, Law: n.at("law").str(), Consent: n.at("consent").str(), Each: n.at("each").strs(), Sends: n.at("sends").strs(),
		Within: periodAt(n.at("within")), Answer: periodAt(n.at("answer", "within")), AnswerLaw: n.at("answer", "law").str(),
		Example: n.at("example").is(), when: d.exprs[n.at("when")],
		to: recipient{to.at("authority").str(), to.at("unit").str(), to.at("register").str(), to.at("community").str(), d.exprs[to.at("at")]},
	}
}

// buildGiven lists what Complete works out, in the order that givenInOrder found.
func (d *draft) buildGiven(e *Edition) []given {
	out := make([]given, 0, len(d.order))
	for _, name := range d.order {
		g := given{name: name}
		n := d.written(name)
		switch {
		case strings.HasPrefix(name, deadlineName):
			x, _ := e.DeadlineNamed(strings.TrimPrefix(name, deadlineName))
			g.deadline = &x
		case d.root.at("fields", name).ok():
			g.when, g.from = d.exprs[n.at("when")], n.at("from").strs()
		case d.members[name] != nil:
			g.when = d.exprs[n.at("when")]
		case d.tables[name] != nil:
			g.table = &tableValue{table: d.tables[name]}
			for _, in := range d.tables[name].inputs {
				g.table.inputs = append(g.table.inputs, d.exprs[in])
			}
		default:
			g.term = d.exprs[d.sources(name)[0]]
		}
		out = append(out, g)
	}
	return out
}
