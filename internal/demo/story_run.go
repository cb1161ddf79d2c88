package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/register"
)

// Tables counts what happened, in the tables themselves, by statements that no page uses.
type Tables interface {
	// Registered lists who stands in the registers of residents, by folded family name, given names and birthday, joined by "/".
	Registered(ctx context.Context) (map[string][]Registered, error)
	Standings(ctx context.Context, cases []string) (map[string]Standing, error)
	Told(ctx context.Context, cases []string) (map[string][]Told, error)
	Certificates(ctx context.Context, cases []string) (map[string][]int, error)
	Figures(ctx context.Context, cases []string) (Figures, error)
}

// Standing is where a case stands.
type Standing struct{ Status, Wait, Stage, Reason string }

// rests reports whether nothing more happens to a case unless somebody does something, or a day comes.
func (s Standing) rests() bool {
	return s.Status != "waiting" || s.Wait != "" && s.Wait != "notices" && s.Wait != "register"
}

// Told is one recipient of notices of a case.
type Told struct {
	To           string   `json:"to"`
	Law          string   `json:"law"`
	Fields       []string `json:"fields"` // DSMeld sheets
	Acknowledged bool     `json:"acknowledged"`
}

// Figures are what the tables say about this story's cases, and about what came into the database since it began.
type Figures struct {
	Cases       int // that came, acknowledged or not
	Authorities int // that took part: decided, handed out evidence, or were told
	Fetches     int // answers that registers gave to authorities
	GrantsOpen  int
	Accesses    int // records of accesses that came into the ledger
}

// Result is the line of one move. docs/story.md says what each member means.
type Result struct {
	ID           string    `json:"id"`
	Case         *string   `json:"case"`
	Status       string    `json:"status"`
	Reason       string    `json:"reason"`
	FieldsTyped  int       `json:"fields_typed"`
	Notices      []Told    `json:"notices"`
	Items        int       `json:"confirmation_items"`
	Certificates int       `json:"confirmations"`
	Said         []Refusal `json:"said"`

	check, total time.Duration
}

// Failed is the status of a move whose end no document describes: something broke.
const Failed = "failed"

// Summary is the last line.
type Summary struct {
	OK          bool       `json:"ok"`
	Cases       int        `json:"cases"`
	Authorities int        `json:"authorities"`
	Fetches     int        `json:"evidence_fetches"`
	GrantsOpen  int        `json:"grants_open"`
	Accesses    int        `json:"accesses"`
	Ledger      LedgerSize `json:"ledger"`
	Ms          Medians    `json:"ms"`
}

// LedgerSize is what verifying the ledger found.
type LedgerSize struct {
	Size     int64 `json:"size"`
	Verified bool  `json:"verified"`
}

// Medians are in milliseconds.
type Medians struct {
	Check float64 `json:"check"`
	Total float64 `json:"total"`
}

// Story makes people move house through the pages of a running server.
type Story struct {
	World     *World
	Registers *register.Service
	Tables    Tables
	Outage    func(ctx context.Context, of authority.Key, down bool) error
	Base      *url.URL
	Listening net.Addr
	Today     clock.Date
	Clients   int
	Ack       func(caseID string) // is called as soon as a case is acknowledged, once for each, one at a time
	Log       io.Writer           // for the person at the terminal

	mu    sync.Mutex
	acked []string
	known map[string]bool
}

// acknowledged passes a case on, each once.
func (s *Story) acknowledged(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[id] {
		return
	}
	if s.known == nil {
		s.known = map[string]bool{}
	}
	s.known[id], s.acked = true, append(s.acked, id)
	s.Ack(id)
}

// Run makes the moves and returns a result for each, in their order. It returns an error only if the story itself could
// not be told.
func (s *Story) Run(ctx context.Context, moves []Move, seed uint64) ([]Result, error) {
	there, err := s.Tables.Registered(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.people(ctx, moves, there, seed); err != nil {
		return nil, err
	}
	t := s.telling(moves)
	t.clients.flat = PortalPath + "/" + s.World.Personas()[0].Key
	var work sync.WaitGroup
	next := make(chan int)
	for range max(s.Clients, 1) {
		work.Go(func() {
			for i := range next {
				t.tell(ctx, i)
			}
		})
	}
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { t.watch(watching) })
	for i := range moves {
		next <- i
	}
	close(next)
	work.Wait()
	t.pending.Wait()
	stop()
	watch.Wait()
	return t.results, s.finish(ctx, t)
}

// telling is a story under way.
type telling struct {
	*Story
	clients *clients
	moves   []Move
	results []Result
	walks   []*walk
	ended   []chan struct{} // closed when a move has come to rest
	before  []int           // an earlier move of the same person, or -1
	alone   sync.RWMutex    // held by who switches a register off

	pending sync.WaitGroup
	mu      sync.Mutex
	waiting map[int]func() time.Duration // moves whose case has not come to rest, with the time since they began
}

func (s *Story) telling(moves []Move) *telling {
	t := &telling{
		Story: s, moves: moves, results: make([]Result, len(moves)), walks: make([]*walk, len(moves)), waiting: map[int]func() time.Duration{},
		clients: &clients{base: s.Base, line: dialing(s.Listening), today: s.Today, ack: s.acknowledged},
	}
	t.clients.outage = func(ctx context.Context, down bool) error { return s.Outage(ctx, OldTown, down) }
	t.clients.stands = func(ctx context.Context, id string) (Standing, error) {
		all, err := s.Tables.Standings(ctx, []string{id})
		return all[id], err
	}
	last := map[string]int{}
	for i, m := range moves {
		t.ended = append(t.ended, make(chan struct{}))
		before, again := last[m.applicant().key()]
		if !again {
			before = -1
		}
		t.before = append(t.before, before)
		last[m.applicant().key()] = i
	}
	return t
}

// tell walks one move, after an earlier one of the same person has come to rest.
func (t *telling) tell(ctx context.Context, i int) {
	if b := t.before[i]; b >= 0 {
		select {
		case <-t.ended[b]:
		case <-ctx.Done():
		}
	}
	m := t.moves[i]
	r := &t.results[i]
	r.ID = m.ID
	since := clock.Monotonic()
	err := t.walk(ctx, i)
	if err != nil {
		r.Status, r.Reason = Failed, err.Error()
		fmt.Fprintf(t.Log, "move %s: %v\n", m.ID, err) //nolint:errcheck // it is for the person at the terminal
	}
	w := t.walks[i]
	if err != nil || w.caseID == "" {
		close(t.ended[i])
		return
	}
	t.pending.Add(1)
	t.mu.Lock()
	t.waiting[i] = since
	t.mu.Unlock()
}

func (t *telling) walk(ctx context.Context, i int) error {
	w, err := t.clients.begin(t.moves[i])
	if err != nil {
		return err
	}
	t.walks[i] = w
	if w.has(registerDown) {
		t.alone.Lock()
		defer t.alone.Unlock()
		if err := t.quiet(ctx); err != nil {
			return err
		}
	} else {
		t.alone.RLock()
		defer t.alone.RUnlock()
	}
	err = w.move(ctx)
	if len(w.breached) > 0 {
		err = errors.Join(err, errors.New(strings.Join(w.breached, "; ")))
	}
	if w.has(registerDown) {
		err = errors.Join(err, t.clients.outage(context.WithoutCancel(ctx), false))
	}
	return err
}

// quiet waits until no other case is under way, so that a register that is switched off keeps only one of them waiting.
func (t *telling) quiet(ctx context.Context) error {
	for {
		t.mu.Lock()
		n := len(t.waiting)
		t.mu.Unlock()
		if n == 0 {
			return nil
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
	}
}

const (
	look     = 20 * time.Millisecond // how often the watcher looks at cases
	patience = time.Minute           // for acknowledgements
)

// watch looks whether cases have come to rest: nobody reloads a page until the last authority has answered.
func (t *telling) watch(ctx context.Context) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.lookOnce(ctx)
		case <-ctx.Done():
			t.release(func(int, func() time.Duration) bool { return true })
			return
		}
	}
}

func (t *telling) lookOnce(ctx context.Context) {
	t.mu.Lock()
	var ids []string
	for i := range t.waiting {
		ids = append(ids, t.walks[i].caseID)
	}
	t.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	stand, err := t.Tables.Standings(ctx, ids)
	if err != nil {
		if ctx.Err() == nil {
			fmt.Fprintf(t.Log, "cases: %v\n", err) //nolint:errcheck // it is for the person at the terminal
		}
		return
	}
	t.release(func(i int, since func() time.Duration) bool {
		s, seen := stand[t.walks[i].caseID] // a case that began while we looked was not seen
		return seen && s.rests() || since() > patience
	})
}

// release lets go of the moves that are over.
func (t *telling) release(over func(i int, since func() time.Duration) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, since := range t.waiting {
		if over(i, since) {
			t.results[i].total = since()
			delete(t.waiting, i)
			close(t.ended[i])
			t.pending.Done()
		}
	}
}

const lookUp = 200 // cases at once

// finish looks up in the tables how every move ended.
func (s *Story) finish(ctx context.Context, t *telling) error {
	for from := 0; from < len(t.moves); from += lookUp {
		to := min(from+lookUp, len(t.moves))
		var ids []string
		for i := from; i < to; i++ {
			if w := t.walks[i]; w != nil && w.caseID != "" {
				ids = append(ids, w.caseID)
			}
		}
		stand, err := s.Tables.Standings(ctx, ids)
		if err != nil {
			return err
		}
		told, err := s.Tables.Told(ctx, ids)
		if err != nil {
			return err
		}
		certificates, err := s.Tables.Certificates(ctx, ids)
		if err != nil {
			return err
		}
		there, err := s.namesakes(ctx, t, from, to)
		if err != nil {
			return err
		}
		for i := from; i < to; i++ {
			t.results[i].fill(t.walks[i], stand, told, certificates, there)
		}
	}
	return nil
}

// namesakes are asked for only where a person was not recognised: it says whether there is nobody, or more than one.
func (s *Story) namesakes(ctx context.Context, t *telling, from, to int) (map[string][]Registered, error) {
	if !slices.ContainsFunc(t.walks[from:to], func(w *walk) bool { return w != nil && w.reason == unknownPerson }) {
		return nil, nil
	}
	return s.Tables.Registered(ctx)
}

const unknownPerson = "unknown_person"

func (r *Result) fill(w *walk, stand map[string]Standing, told map[string][]Told, certificates map[string][]int, there map[string][]Registered) {
	r.Notices, r.Said = []Told{}, []Refusal{}
	if w == nil {
		return
	}
	r.FieldsTyped, r.check = w.person.typed, w.check
	if len(w.person.said) > 0 {
		r.Said = w.person.said
	}
	if w.caseID == "" {
		if r.Status == "" {
			r.Status, r.Reason = "refused", w.reason
		}
		if r.Reason == unknownPerson {
			r.Reason = "not_found"
			if len(there[w.applicant().key()]) > 1 {
				r.Reason = "ambiguous"
			}
		}
		return
	}
	r.Case = &w.caseID
	if list := told[w.caseID]; list != nil {
		r.Notices = list
	}
	if items := certificates[w.caseID]; len(items) > 0 {
		r.Items, r.Certificates = slices.Min(items), len(items)
	}
	if r.Status == "" {
		r.stands(stand[w.caseID], w.person.said)
	}
}

// stands puts a case's standing into the words of docs/story.md.
func (r *Result) stands(s Standing, said []Refusal) {
	r.Status, r.Reason = s.Status, s.Reason
	switch {
	case s.Status == "":
		r.Status, r.Reason = Failed, "the case was acknowledged and is not there"
	case s.Status == "done":
		r.Reason = "registered"
	case s.Status == "waiting":
		r.Reason = s.Wait
		if slices.Contains([]string{"form", "release", "typing"}, s.Wait) {
			r.Reason += "." + s.Stage
		}
		if n := len(said); n > 0 && s.Wait == "form" && len(said[n-1].Fields) > 0 {
			r.Reason += "." + said[n-1].Fields[0]
		}
	}
}

// Sum makes the last line of the results.
func (s *Story) Sum(ctx context.Context, results []Result, ledger LedgerSize) (Summary, error) {
	sum := Summary{OK: ledger.Verified, Ledger: ledger}
	var checks, totals []time.Duration
	for _, r := range results {
		if r.Status == Failed || r.Status == "" {
			sum.OK = false
		}
		if r.check > 0 {
			checks = append(checks, r.check)
		}
		if r.Status == "done" {
			totals = append(totals, r.total)
		}
	}
	sum.Cases, sum.Ms = len(s.acked), Medians{median(checks), median(totals)}
	f, err := s.Tables.Figures(ctx, s.acked)
	if err == nil && f.Cases != sum.Cases {
		sum.OK = false
		fmt.Fprintf(s.Log, "%d cases came into the database, %d were acknowledged\n", f.Cases, sum.Cases) //nolint:errcheck // it is for the person at the terminal
	}
	sum.Authorities, sum.Fetches, sum.GrantsOpen, sum.Accesses = f.Authorities, f.Fetches, f.GrantsOpen, f.Accesses
	return sum, err
}

// median is in milliseconds, to a tenth.
func median(list []time.Duration) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	mid := (list[(len(list)-1)/2] + list[len(list)/2]) / 2
	return float64(mid.Round(100*time.Microsecond).Microseconds()) / 1000
}

// Print writes the results as JSON lines.
func Print(w io.Writer, results []Result, sum Summary) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range results {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return enc.Encode(sum)
}

// PrintTable writes the results for a person.
func PrintTable(w io.Writer, results []Result, sum Summary) error {
	for _, r := range results {
		number := "–"
		if r.Case != nil {
			number = *r.Case
		}
		var to []string
		for _, n := range r.Notices {
			to = append(to, n.To)
		}
		if _, err := fmt.Fprintf(w, "%-20s %-8s %-26s %-28s typed %d, told %s\n", r.ID, r.Status, number, r.Reason, r.FieldsTyped, or(strings.Join(to, " "), "nobody")); err != nil {
			return err
		}
	}
	verdict := map[bool]string{true: "ok", false: "NOT OK"}[sum.OK]
	_, err := fmt.Fprintf(w, "%s: %d cases, %d authorities, %d evidence fetches, %d grants open, %d accesses, ledger of %d records verified: %t, check %.1f ms, total %.1f ms\n",
		verdict, sum.Cases, sum.Authorities, sum.Fetches, sum.GrantsOpen, sum.Accesses, sum.Ledger.Size, sum.Ledger.Verified, sum.Ms.Check, sum.Ms.Total)
	return err
}
