package ledger

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"
)

// linked is a record in its person's sequence, as an evidence pack shows it.
type linked struct {
	id    string
	seq   int64
	prev  []byte
	leaf  []byte
	at    time.Time
	epoch int
	index int64
	blank bool // erased: it names no predecessor any more
}

// links are the records of an evidence pack by person.
type links map[string][]linked

func (l links) add(subject string, r linked) {
	if subject != "" {
		l[subject] = append(l[subject], r)
	}
}

// check makes sure that each person's records follow each other without a gap, each naming the one before it and
// standing after it in the tree.
func (l links) check(r *Report) {
	for _, subject := range slices.Sorted(maps.Keys(l)) {
		r.Persons++
		own := l[subject]
		slices.SortFunc(own, func(a, b linked) int { return cmp.Compare(a.seq, b.seq) })
		if own[0].seq > 1 {
			r.add("records", own[0].id, own[0].at, "before it, record %s of this person is missing", missing(1, own[0].seq-1))
		}
		if own[0].seq < 1 || own[0].seq == 1 && len(own[0].prev) > 0 {
			r.add("records", own[0].id, own[0].at, "it is not the first record of its person")
		}
		for i := 1; i < len(own); i++ {
			follow(r, own[i-1], own[i])
		}
	}
}

func follow(r *Report, before, rec linked) {
	switch {
	case rec.seq == before.seq:
		r.add("records", rec.id, rec.at, "record %d of this person is there twice", rec.seq)
	case rec.seq != before.seq+1:
		r.add("records", rec.id, rec.at, "before it, record %s of this person is missing", missing(before.seq+1, rec.seq-1))
	case !rec.blank && !bytes.Equal(rec.prev, before.leaf):
		r.add("records", rec.id, rec.at, "it does not continue record %d of this person", before.seq)
	case rec.epoch < before.epoch || rec.epoch == before.epoch && rec.index <= before.index:
		r.add("records", rec.id, rec.at, "it stands before an earlier record of this person")
	}
}
