package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/amtsweg/amtsweg/drill/town"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/procedure"
)

// times is how often everything comes.
const times = 5

// repeated is D9: the same household moves in two towns. In one it clicks once and every message comes once; in the other
// every click and every message comes five times, in shuffled order, some of them at the same moment. In the end both
// towns must have stored the same.
func repeated(ctx context.Context, t trial) (v verdict, err error) {
	var towns [2]*town.Town
	var movers [2][]town.Mover
	for i, o := range []town.Options{{Dir: filepath.Join(t.dir, "once")}, {Dir: t.dir, URL: t.url}} {
		o.Clock = clock.At("2030-03-04 09:00")
		if towns[i], err = town.Open(ctx, o); err != nil {
			return v, err
		}
		defer func() { err = errors.Join(err, towns[i].Stop()) }()
		if movers[i], err = towns[i].Settle(ctx, t.rounds, t.seed); err != nil {
			return v, err
		}
	}
	e := &echo{LocalPeer: towns[1].Exchange.Local(), dice: rand.New(rand.NewPCG(t.seed, 9))}
	authorities, err := towns[1].Authorities.List(ctx)
	if err != nil {
		return v, err
	}
	for _, a := range authorities {
		towns[1].Exchange.SetPeer(a.Key, e)
	}
	clicks, messages := 0, 0
	var ended []int
	for i := range t.rounds {
		for j, n := range towns { // who wants to be told by e-mail is told, too
			account := identity.AccountID(strings.TrimPrefix(movers[j][i].Account, "account:"))
			if err := n.Delivery.SetAddress(ctx, account, fmt.Sprintf("umzug-%d@example.org", i), "de"); err != nil {
				return v, err
			}
		}
		if _, err := towns[0].Move(ctx, movers[0][i]); err != nil {
			return v, err
		}
		if err := towns[0].Jobs.Drain(ctx); err != nil {
			return v, err
		}
		r := &repeater{Town: towns[1], m: movers[1][i], dice: rand.New(rand.NewPCG(t.seed, uint64(i))), known: map[string]bool{}}
		if err := r.play(ctx); err != nil {
			v.found("seed %d/%d: %v", t.seed, i, err)
			continue
		}
		clicks, messages = clicks+r.clicks, messages+r.messages
		ended = append(ended, i)
	}
	want, err := stored(ctx, towns[0].DB)
	if err != nil {
		return v, err
	}
	if err := complete(want); err != nil {
		return v, err
	}
	got, err := stored(ctx, towns[1].DB)
	if err != nil {
		return v, err
	}
	for _, i := range ended {
		if diff := differing(want[movers[0][i].Account], got[movers[1][i].Account]); diff != "" {
			v.found("seed %d/%d: %s", t.seed, i, diff)
		}
	}
	v.Figures = fmt.Sprintf("%d seeds, %d clicks, %d runs of jobs and %d deliveries of notices: %d ended otherwise than with one of each",
		t.rounds, clicks, messages, e.deliveries, v.Count)
	return v, nil
}

// echo is a line to the authorities on which every notice arrives five times, between those that came before.
type echo struct {
	*exchange.LocalPeer
	mu         sync.Mutex
	dice       *rand.Rand
	sent       []notice
	deliveries int
}

type notice struct {
	exchange.Notice
	ack  exchange.Ack
	left int
}

// Deliver hands a notice over, and some of the earlier ones again. A second acknowledgement that says something else than
// the first is an error.
func (e *echo) Deliver(ctx context.Context, n exchange.Notice) (exchange.Ack, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deliveries++
	ack, err := e.LocalPeer.Deliver(ctx, n)
	if err != nil {
		return ack, err
	}
	e.sent = append(e.sent, notice{n, ack, times - 1})
	for len(e.sent) > 0 && (len(e.sent) > 20 || e.dice.IntN(times) > 0) {
		i := e.dice.IntN(len(e.sent))
		e.deliveries++
		again, err := e.LocalPeer.Deliver(ctx, e.sent[i].Notice)
		if err != nil {
			return ack, fmt.Errorf("notice %s again: %w", e.sent[i].ID, err)
		}
		if again.Statement != e.sent[i].ack.Statement {
			return ack, fmt.Errorf("notice %s again: another acknowledgement than before", e.sent[i].ID)
		}
		if e.sent[i].left--; e.sent[i].left == 0 {
			e.sent = slices.Delete(e.sent, i, i+1)
		}
	}
	return ack, nil
}

// repeater plays one household's case with everything repeated.
type repeater struct {
	*town.Town
	m        town.Mover
	c        procedure.Case
	dice     *rand.Rand
	done     []*click
	known    map[string]bool // jobs that are not new
	mail     []message
	clicks   int
	messages int
}

// click is a button with what was in the form when it was first pressed.
type click struct {
	name  string
	press func(ctx context.Context) error
	left  int
}

// message is a job as it was sent, to be delivered again.
type message struct {
	kind, authority string
	payload         []byte
	left            int
}

func (r *repeater) play(ctx context.Context) error {
	mark, err := r.Confirm(ctx, r.m)
	if err != nil {
		return err
	}
	begin := &click{name: "begin", left: times, press: func(ctx context.Context) error {
		c, err := r.Begin(ctx, r.m)
		if r.c.ID == "" && err == nil {
			r.c = c
		}
		return err
	}}
	for begin.left > 0 { // whoever begins again after handing in wants another case
		if err := r.press(ctx, begin); err != nil {
			return err
		}
	}
	for r.c.Outcome == "" {
		next, err := r.next(ctx, mark)
		if err != nil {
			return err
		}
		r.done = append(r.done, next)
		if err := r.press(ctx, next); err != nil {
			return err
		}
		if err := r.shuffle(ctx, r.dice.IntN(4)); err != nil {
			return err
		}
		c, err := r.Procedure.Case(ctx, r.m.Account, r.c.ID)
		if err != nil {
			return err
		}
		if c.Stage == r.c.Stage && c.Wait == r.c.Wait && c.Outcome == "" {
			return fmt.Errorf("after %s case %s still waits in %s for %q: %s", next.name, c.ID, c.Stage, c.Wait, c.Reason)
		}
		r.c = c
	}
	return r.shuffle(ctx, 1<<20)
}

// next is the click for which the case waits, with the contents that the page has now.
func (r *repeater) next(ctx context.Context, mark string) (*click, error) {
	c := r.c
	fill := func(values map[string]string) *click {
		return &click{name: c.Stage, left: times, press: func(ctx context.Context) error {
			_, err := r.Fill(ctx, c, c.Stage, values)
			return err
		}}
	}
	switch c.Stage {
	case "proof":
		return fill(map[string]string{"proof": "landlord", "mark": mark}), nil
	case "release", "family":
		replies, err := r.Seen(ctx, c)
		return &click{name: c.Stage, left: times, press: func(ctx context.Context) error {
			_, err := r.Procedure.Release(ctx, c.Account, c.ID, replies)
			return err
		}}, err
	case "apply":
		values, err := r.Applying(ctx, r.m, c)
		return fill(values), err
	case "confirm":
		return fill(town.Confirming()), nil
	}
	return nil, fmt.Errorf("case %s waits in %s for %q: %s", c.ID, c.Stage, c.Wait, c.Reason)
}

// press presses a button once, or two or three times at the same moment. A click that comes too late may be told so.
func (r *repeater) press(ctx context.Context, k *click) error {
	n := min(k.left, 1+r.dice.IntN(3))
	if n < 1 {
		return nil
	}
	k.left -= n
	r.clicks += n
	said := make([]error, n)
	fingers := make([]func(), n)
	for i := range fingers {
		fingers[i] = func() { said[i] = k.press(ctx) }
	}
	atOnce(fingers...)
	for _, err := range said {
		if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Busy) {
			return fmt.Errorf("click %s: %w", k.name, err)
		}
	}
	if slices.IndexFunc(said, func(err error) bool { return err == nil }) < 0 && k.left == times-n {
		return fmt.Errorf("click %s: %w", k.name, errors.Join(said...))
	}
	return nil
}

// shuffle presses buttons of earlier pages and delivers messages, up to most of them, in shuffled order.
func (r *repeater) shuffle(ctx context.Context, most int) error {
	for range most {
		if err := r.deliver(ctx); err != nil {
			return err
		}
		var open []func() error
		for _, k := range r.done {
			if k.left > 0 {
				open = append(open, func() error { return r.press(ctx, k) })
			}
		}
		for i := range r.mail {
			if r.mail[i].left > 0 {
				open = append(open, func() error { return r.again(ctx, &r.mail[i]) })
			}
		}
		if len(open) == 0 {
			return nil
		}
		if err := open[r.dice.IntN(len(open))](); err != nil {
			return err
		}
	}
	return nil
}

// deliver keeps what is to be delivered and lets the queue deliver it once.
func (r *repeater) deliver(ctx context.Context) error {
	for {
		type row struct {
			id string
			message
		}
		list, err := db.All(ctx, r.DB, func(d db.Row) (m row, err error) {
			err = d.Scan(&m.id, &m.kind, &m.authority, &m.payload)
			return m, err
		}, "SELECT id, kind, authority, payload FROM job_job WHERE state = 'ready' AND due <= ? LIMIT 1000", r.DB.Clock().Now())
		if err != nil {
			return err
		}
		fresh := 0
		for _, m := range list {
			if r.known[m.id] {
				continue
			}
			fresh++
			r.known[m.id], m.left = true, times-1
			r.messages++
			r.mail = append(r.mail, m.message)
		}
		if err := r.Jobs.Drain(ctx); err != nil || fresh == 0 {
			return err
		}
	}
}

// again delivers a message once more, as something new to the queue.
func (r *repeater) again(ctx context.Context, m *message) error {
	m.left--
	r.messages++
	id := ident.New()
	r.known[id] = true
	err := r.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO job_job (id, kind, authority, dedup, payload, due, leased_until, token, attempt, state, error, changed)
			VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 'ready', '', ?)`, id, m.kind, m.authority, id, m.payload, tx.Now(), tx.Now())
		return err
	})
	if err != nil {
		return err
	}
	return r.Jobs.Drain(ctx)
}

// traces are what a household's move leaves, with everything that differs by chance left out. Accesses are not among them:
// who looks twice is recorded twice.
var traces = map[string]string{
	"case":     "SELECT c.account, c.status || ' ' || c.outcome || ' ' || c.stage || ' ' || c.wait || ' ' || c.decided_by FROM procedure_case c",
	"event":    "SELECT c.account, e.kind || ' in ' || e.stage FROM procedure_event e JOIN procedure_case c ON c.id = e.case_id",
	"entry":    "SELECT c.account, r.authority_id || ' ' || r.what FROM register_change r JOIN procedure_case c ON c.id = substr(r.case_id, 1, 26)",
	"notice":   "SELECT c.account, n.recipient || ' ' || n.name || CASE WHEN n.acknowledged > 0 THEN ' acknowledged' ELSE '' END FROM exchange_notice n JOIN procedure_case c ON c.id = n.case_id",
	"inbox":    "SELECT c.account, n.recipient || ' ' || n.name FROM exchange_inbox n JOIN procedure_case c ON c.id = n.case_id",
	"question": "SELECT c.account, q.evidence || ' ' || q.state FROM consent_request q JOIN procedure_case c ON c.id = q.case_id",
	"grant":    "SELECT c.account, g.ended_how FROM consent_grant g JOIN procedure_case c ON c.id = g.case_id",
	"kept":     "SELECT c.account, k.holder FROM exchange_received k JOIN procedure_case c ON c.id = k.case_id",
	"message":  "SELECT c.account, m.kind || ' ' || m.title FROM delivery_message m JOIN procedure_case c ON c.id = m.case_id",
	"letter":   "SELECT c.account, m.kind FROM delivery_letter l JOIN delivery_message m ON m.id = l.message AND m.account = l.account JOIN procedure_case c ON c.id = m.case_id",
	"mail":     "SELECT 'account:' || a.account, o.subject FROM mail_outbox o JOIN delivery_address a ON a.mail = o.receiver",
	"record":   "SELECT c.account, r.kind FROM ledger_record r JOIN procedure_case c ON c.id = r.case_id WHERE r.kind <> 'access'",
}

// stored lists the traces of every account, all at once: tables have no index for such questions.
func stored(ctx context.Context, d *db.DB) (map[string][]string, error) {
	out := map[string][]string{}
	for what, text := range traces {
		err := db.Each(ctx, d, func(r db.Row) error {
			var account, one string
			if err := r.Scan(&account, &one); err != nil {
				return err
			}
			out[account] = append(out[account], what+": "+one)
			return nil
		}, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	return out, nil
}

// complete makes sure that the comparison compares something: every whole move leaves every trace.
func complete(all map[string][]string) error {
	for account, list := range all {
		for what := range traces {
			if !slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, what+": ") }) {
				return fmt.Errorf("the whole move of %s leaves no %s", account, what)
			}
		}
	}
	return nil
}

// differing says what is too much or missing.
func differing(want, got []string) string {
	left := map[string]int{}
	for _, s := range want {
		left[s]--
	}
	for _, s := range got {
		left[s]++
	}
	var out []string
	for s, n := range left {
		if n != 0 {
			out = append(out, fmt.Sprintf("%+d %s", n, s))
		}
	}
	slices.Sort(out)
	return strings.Join(out[:min(len(out), 6)], ", ")
}
