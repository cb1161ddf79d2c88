package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
)

// shade follows hidden accesses through a ledger: those met and not opened yet with their day, and the records met since
// the last look that open one.
type shade struct {
	days    map[string]clock.Date
	openers []Body
}

// see takes note of a record whose bytes were checked.
func (s *shade) see(r *rawRecord) {
	if r.kind.text() != Hidden && r.members.opens == nil {
		return
	}
	b, err := ParseBody(r.body.raw())
	switch {
	case err != nil:
	case b.Kind == Hidden:
		s.days[b.ID] = b.OpensOn
	case b.Opening():
		s.openers = append(s.openers, b)
	}
}

// openings holds the records met that open hidden accesses against what had been hidden.
func (v *verification) openings(ctx context.Context, tx *db.Tx) error {
	for _, b := range v.shade.openers {
		body, err := selectBody(ctx, tx, b.Opens)
		if errors.Is(err, db.ErrNone) {
			v.report.add("ledger_record", b.ID, b.Time, "it opens a hidden record that is not there")
			continue
		}
		if err != nil {
			return err
		}
		if what := v.shade.light(b, body); what != "" {
			v.report.add("ledger_record", b.ID, b.Time, "%s", what)
		}
	}
	v.shade.openers = v.shade.openers[:0]
	return nil
}

// light checks one of them; of a hidden record erased since, nothing can be said any more.
func (s *shade) light(b Body, body []byte) string {
	if len(body) == 0 {
		return ""
	}
	hidden, err := ParseBody(body)
	if err != nil {
		return "the hidden record it opens cannot be read"
	}
	if what := b.opens(hidden); what != "" {
		return what
	}
	if _, still := s.days[b.Opens]; !still {
		return "the hidden access it opens had been opened before"
	}
	delete(s.days, b.Opens)
	return ""
}

// late counts the hidden accesses that should have been opened when the newest record was written.
func (s *shade) late(newest time.Time) (n int) {
	for _, day := range s.days {
		if day.AddDays(1).Before(clock.DateOf(newest)) {
			n++
		}
	}
	return n
}
