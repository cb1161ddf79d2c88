package consent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Filter says which of a person's requests and grants are meant.
type Filter string

// The filters.
const (
	ShowAsked   Filter = "asked"   // questions that wait for an answer
	ShowRunning Filter = "running" // grants that let something pass now
	ShowEnded   Filter = "ended"   // grants that are over, marked or not
)

// Item is a line of a person's list. Grant is zero for a question. Cursor is what the next page begins before.
type Item struct {
	Request Request
	Grant   Grant
	Cursor  string
}

const pageMost = 100

// ForSubject lists what concerns a person, newest first, at most limit (100) items from before on; an empty before
// begins with the newest. A cursor that this package did not make is Invalid.
func (s *Service) ForSubject(ctx context.Context, q db.Querier, subject ledger.Subject, f Filter, before string, limit int) ([]Item, error) {
	return s.page(ctx, q, ofSubject, string(subject), f, before, limit)
}

// ForAccount lists what an account was asked and what it released, about whomever it acts for, in the order and with the
// cursors of ForSubject.
func (s *Service) ForAccount(ctx context.Context, q db.Querier, account string, f Filter, before string, limit int) ([]Item, error) {
	return s.page(ctx, q, ofAccount, account, f, before, limit)
}

func (s *Service) page(ctx context.Context, q db.Querier, of owner, id string, f Filter, before string, limit int) ([]Item, error) {
	from, err := parseCursor(before)
	if err != nil {
		return nil, err
	}
	limit, now := min(max(limit, 1), pageMost), s.db.Clock().Now()
	switch f {
	case ShowAsked:
		rows, err := pageRequests(ctx, q, of, id, now, from, limit)
		return itemsOf(rows), err
	case ShowRunning, ShowEnded:
		list, err := pageGrants(ctx, q, of, id, f, now, from, limit)
		return itemsOfGrants(list), err
	}
	return nil, fmt.Errorf("consent: no filter %q", f)
}

// Scope names whose open requests and grants are meant: a person's or a case's, one of the two.
type Scope struct {
	Subject ledger.Subject
	Case    string
}

// Open lists the questions that wait and the grants that run, oldest first, at most 200 of each.
func (s *Service) Open(ctx context.Context, q db.Querier, of Scope) ([]Item, error) {
	column, value := "case_id", of.Case
	if of.Case == "" {
		column, value = "subject", string(of.Subject)
	}
	now := s.db.Clock().Now()
	asked, err := selectAskedOf(ctx, q, column, value, now)
	if err != nil {
		return nil, fmt.Errorf("open questions: %w", err)
	}
	running, err := selectRunningOf(ctx, q, column, value, now)
	if err != nil {
		return nil, fmt.Errorf("running grants: %w", err)
	}
	return append(itemsOf(asked), itemsOfGrants(running)...), nil
}

// CountOpen counts the grants of everybody that let something pass now.
func (s *Service) CountOpen(ctx context.Context, q db.Querier) (int, error) {
	return countRunning(ctx, q, s.db.Clock().Now())
}

func itemsOf(rows []requestRow) []Item {
	items := make([]Item, 0, len(rows))
	for _, r := range rows {
		items = append(items, Item{Request: r.Request, Cursor: cursor{r.Asked, r.ID}.String()})
	}
	return items
}

func itemsOfGrants(list []Grant) []Item {
	items := make([]Item, 0, len(list))
	for _, g := range list {
		items = append(items, Item{Request: g.Request, Grant: g, Cursor: cursor{g.GrantedAt, g.ID}.String()})
	}
	return items
}

// cursor is the place of a line in a list.
type cursor struct {
	at time.Time
	id string
}

func (c cursor) String() string { return fmt.Sprintf("%x-%s", c.at.UnixMicro(), c.id) }

// end of time for a list that begins with the newest; far, and still a number both databases store.
var newest = cursor{at: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

func parseCursor(s string) (cursor, error) {
	if s == "" {
		return newest, nil
	}
	micros, id, _ := strings.Cut(s, "-")
	var n int64
	if _, err := fmt.Sscanf(micros, "%x", &n); err != nil || id == "" || len(s) > 64 {
		return cursor{}, fault.New(fault.Invalid, "consent.error.cursor")
	}
	return cursor{time.UnixMicro(n).UTC(), id}, nil
}
