package ledger

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash/maphash"
)

// step is how far one person's sequence was followed.
type step struct {
	seq   int64
	leaf  [sha256.Size]byte
	known bool // leaf holds the leaf of the last record
}

// follow checks that the next record of the person is the next in number and names the one before it.
func (s *step) follow(report *Report, r *rawRecord) {
	_, seq := r.person()
	switch {
	case seq == s.seq+1:
		s.link(report, r)
	case seq <= s.seq:
		report.add("ledger_record", r.id.text(), r.since(), "it is record %d of this person and stands after record %d", seq, s.seq)
		return
	default:
		report.add("ledger_record", r.id.text(), r.since(), "before it, record %s of this person is missing", missing(s.seq+1, seq-1))
	}
	s.seq, s.known = seq, len(r.leaf.raw()) == len(s.leaf)
	copy(s.leaf[:], r.leaf.raw())
}

// person tells whose record it is and its number: what its body says, and where that is gone, the columns.
func (r *rawRecord) person() (string, int64) {
	m := &r.members
	switch {
	case m.id == nil:
		return r.subject.s, r.seq.n
	case is(m.subject, r.subject.s):
		return r.subject.s, m.seq()
	case len(m.subject) < 2:
		return "", 0
	}
	return string(m.subject[1 : len(m.subject)-1]), m.seq()
}

func missing(from, to int64) string {
	if from >= to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d to %d", from, to)
}

func (s *step) link(report *Report, r *rawRecord) {
	if r.members.id == nil {
		return // erased, or its own check says that it cannot be read
	}
	prev := r.members.prev()
	if s.seq == 0 && len(prev) != 0 || s.seq > 0 && s.known && !bytes.Equal(prev, s.leaf[:]) {
		report.add("ledger_record", r.id.text(), r.since(), "it does not continue record %d of this person", s.seq)
	}
}

// persons follows every person's sequence in the order of the tree, so in one go with everything else. It holds at most
// mostPersons; those who come later are left to a pass of their own.
type persons struct {
	report *Report
	seeds  [2]maphash.Seed
	steps  map[[2]uint64]*step
	most   int
	more   bool // somebody was left out
}

const mostPersons = 500_000 // about 60 MB

func newPersons(report *Report) *persons {
	return &persons{
		report: report, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, steps: map[[2]uint64]*step{}, most: mostPersons,
	}
}

func (p *persons) key(subject string) [2]uint64 {
	return [2]uint64{maphash.String(p.seeds[0], subject), maphash.String(p.seeds[1], subject)}
}

// has reports whether the person's sequence was followed already.
func (p *persons) has(subject string) bool { return p.steps[p.key(subject)] != nil }

func (p *persons) see(r *rawRecord) {
	who, _ := r.person()
	if who == "" {
		return
	}
	key := p.key(who)
	s := p.steps[key]
	if s == nil {
		if len(p.steps) >= p.most {
			p.more = true
			return
		}
		s = &step{}
		p.steps[key] = s
		p.report.Persons++
	}
	s.follow(p.report, r)
}

// late follows the sequences of the persons left out, person by person.
type late struct {
	persons *persons
	subject string
	step    step
	at      struct{ epoch, position int64 }
}

func (l *late) see(r *rawRecord) {
	if l.persons.has(r.subject.text()) {
		return
	}
	if subject := r.subject.text(); subject != l.subject {
		*l = late{persons: l.persons, subject: subject}
		l.persons.report.Persons++
	}
	if m, err := scanMembers(r.body.raw()); err == nil {
		r.members = m
	} else {
		r.members = members{}
	}
	l.step.follow(l.persons.report, r)
	if r.position.kind != 'n' {
		return
	}
	if epoch, position := r.epoch.n, r.position.n; epoch < l.at.epoch || epoch == l.at.epoch && position < l.at.position {
		l.persons.report.add("ledger_record", r.id.text(), r.since(), "it stands at %d, before an earlier record of this person", position)
	} else {
		l.at.epoch, l.at.position = epoch, position
	}
}
