package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/drill/town"
	"github.com/amtsweg/amtsweg/internal/access"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/consent"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/lifeevent"
	"github.com/amtsweg/amtsweg/internal/procedure"
	"github.com/amtsweg/amtsweg/internal/register"
)

// race is a town in which things happen at once.
type race struct {
	*town.Town
	verdict
	clock *clock.Fixed
	dice  *rand.Rand
	turn  int
}

// races is D21: two clerks decide at once, a referral is used twice at once, a grant is revoked during a fetch, a grant
// ends in the middle of an exchange, the same move is told in two cases at once.
func races(ctx context.Context, t trial) (v verdict, err error) {
	c := clock.At("2030-03-04 09:00")
	n, err := town.Open(ctx, town.Options{Dir: t.dir, URL: t.url, Clock: c})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	runs := []func(*race, context.Context, town.Mover) error{(*race).twoClerks, (*race).twoUses, (*race).twoEnds, (*race).twoMoves}
	movers, err := n.Settle(ctx, len(runs)*t.rounds, t.seed)
	if err != nil {
		return v, err
	}
	r := &race{Town: n, clock: c, dice: rand.New(rand.NewPCG(t.seed, 21))}
	for i := range t.rounds {
		r.turn = i
		for j, run := range runs {
			if err := run(r, ctx, movers[len(runs)*i+j]); err != nil {
				return v, err
			}
		}
	}
	r.Figures = fmt.Sprintf("%d rounds each of two clerks, two uses of a referral, a revocation and an end of time during fetches, a move told in two cases: %d wrong", t.rounds, r.Count)
	return r.verdict, nil
}

// atOnce starts all together and waits for all.
func atOnce(all ...func()) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for _, f := range all {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f()
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

func (r *race) count(ctx context.Context, text string, args ...any) (int, error) {
	return db.One(ctx, r.DB, db.Scalar[int], text, args...)
}

// twoClerks lets three clicks of two clerks decide a case otherwise at the same moment.
func (r *race) twoClerks(ctx context.Context, m town.Mover) error {
	c, err := r.UpTo(ctx, m, "apply")
	if err != nil {
		return err
	}
	form, err := r.Applying(ctx, m, c)
	if err != nil {
		return err
	}
	form["move_in"] = m.Day.AddDays(-3).String() // the landlord says another day: a person looks at it
	if c, err = r.Fill(ctx, c, "apply", form); err == nil && c.Stage == "family" {
		c, err = r.Release(ctx, c)
	}
	if err == nil {
		c, err = r.Fill(ctx, c, "confirm", town.Confirming())
	}
	if err != nil {
		return err
	}
	if c.Status != procedure.AtDesk {
		return fmt.Errorf("case %s is %s, not at the desk", c.ID, c.Status)
	}
	clerks, err := r.clerks(ctx)
	if err != nil {
		return err
	}
	outcomes := []string{"registered", "refused", "registered"}
	said := make([]error, len(outcomes))
	clicks := make([]func(), len(outcomes))
	for i, outcome := range outcomes {
		clicks[i] = func() {
			_, said[i] = r.Procedure.Decide(ctx, clerks[i%len(clerks)], c.ID, procedure.Verdict{
				Outcome: outcome, Reason: fmt.Sprintf("Grund %d.", i), Version: c.Version,
				Unheard: procedure.Dispensation{Law: procedure.Dispensations[0], Reason: "Es eilt."}, // or the refusal could never win
			})
		}
	}
	atOnce(clicks...)
	return r.oneDecision(ctx, c.ID, outcomes, said)
}

func (r *race) clerks(ctx context.Context) ([]access.Staff, error) {
	all, err := r.Access.List(ctx, demo.NewTown)
	all = slices.DeleteFunc(all, func(s access.Staff) bool { return !s.Has(access.ClerkRole) })
	if err == nil && len(all) < 2 {
		err = errors.New("the town has no two clerks")
	}
	return all, err
}

func (r *race) oneDecision(ctx context.Context, id string, outcomes []string, said []error) error {
	won := -1
	for i, err := range said {
		switch {
		case err == nil && won >= 0:
			r.found("case %s: two clerks were told that they decided", id)
		case err == nil:
			won = i
		case !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Busy):
			r.found("case %s: the loser was told %v", id, err)
		}
	}
	if won < 0 {
		r.found("case %s: nobody decided: %v", id, errors.Join(said...))
		return nil
	}
	outcome, err := db.One(ctx, r.DB, db.Scalar[string], "SELECT outcome FROM procedure_case WHERE id = ?", id)
	if err != nil {
		return err
	}
	if outcome != outcomes[won] {
		r.found("case %s: %s was acknowledged, %s is stored", id, outcomes[won], outcome)
	}
	for what, text := range map[string]string{
		"records of a decision": "SELECT count(*) FROM ledger_record WHERE case_id = ? AND kind = 'decision'",
		"events of a decision":  "SELECT count(*) FROM procedure_event WHERE case_id = ? AND kind = 'decided'",
		"messages with letters": `SELECT count(*) FROM delivery_message WHERE case_id = ? AND letters LIKE '["%'`,
	} {
		n, err := r.count(ctx, text, id)
		if err != nil {
			return err
		}
		if n != 1 {
			r.found("case %s has %d %s", id, n, what)
		}
	}
	entered, err := r.count(ctx, "SELECT count(*) FROM register_change WHERE case_id = ?", id)
	if err == nil && (entered > 0) != (outcome == "registered") {
		r.found("case %s is %s with %d entries in the register", id, outcome, entered)
	}
	return err
}

// twoUses lets a person begin a case from one referral four times at once.
func (r *race) twoUses(ctx context.Context, m town.Mover) error {
	portal, err := r.Portal(ctx)
	if err != nil {
		return err
	}
	statement, _, err := portal.HandOver(ctx, m.Tenancy(), demo.HandedWell, demo.LetAsSaid)
	if err != nil {
		return err
	}
	handle, err := r.LifeEvents.Receive(ctx, statement)
	if err != nil {
		return err
	}
	p := m.Tenancy().People[0]
	ref, err := r.LifeEvents.Take(ctx, handle, lifeevent.Person{Family: p.Family, Given: p.Given, Birth: p.Birth})
	if err != nil {
		return err
	}
	values, err := ref.Values()
	if err != nil {
		return err
	}
	const uses = 4
	said := make([]error, uses)
	clicks := make([]func(), uses)
	for i := range clicks {
		clicks[i] = func() {
			_, said[i] = r.Procedure.Start(ctx, procedure.Start{
				Service: "residence-registration", Authority: demo.NewTown, Account: m.Account, Channel: "portal", Referral: values, Portal: ref.Portal,
				Use: func(ctx context.Context, tx *db.Tx, id string) error { return r.LifeEvents.Use(ctx, tx, handle, id) },
			})
		}
	}
	atOnce(clicks...)
	begun := 0
	for _, err := range said {
		switch {
		case err == nil:
			begun++
		case !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Busy):
			r.found("a referral used twice at once: %v", err)
		}
	}
	stored, err := r.count(ctx, "SELECT count(*) FROM procedure_case WHERE account = ?", m.Account)
	if err == nil && (begun != 1 || stored != 1) {
		r.found("a referral began %d cases, %d are stored", begun, stored)
	}
	return err
}

// twoMoves lets a household tell the same move in two cases, and confirms both at the same moment: one is entered, the
// other waits for somebody.
func (r *race) twoMoves(ctx context.Context, m town.Mover) error {
	first, err := r.UpTo(ctx, m, "confirm")
	if err != nil {
		return err
	}
	mark, err := r.Confirm(ctx, m)
	if err != nil {
		return err
	}
	second, err := r.Procedure.Start(ctx, procedure.Start{
		Service: "residence-registration", Authority: demo.NewTown, Account: m.Account, Channel: "portal",
		Use: func(context.Context, *db.Tx, string) error { return nil }, // without it the first case would go on
	})
	if err == nil {
		second, err = r.Take(ctx, m, second, mark, "confirm")
	}
	if err != nil {
		return err
	}
	both := []procedure.Case{first, second}
	said := make([]error, len(both))
	clicks := make([]func(), len(both))
	for i, c := range both {
		clicks[i] = func() { _, said[i] = r.Fill(ctx, c, "confirm", town.Confirming()) }
	}
	atOnce(clicks...)
	for _, err := range said {
		if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Busy) {
			r.found("a move told twice at once: %v", err)
		}
	}
	for what, text := range map[string]string{
		"cases that are entered":    "SELECT count(*) FROM procedure_case WHERE account = ? AND outcome = 'registered'",
		"cases with entries":        "SELECT count(DISTINCT x.case_id) FROM register_change x JOIN procedure_case c ON c.id = x.case_id WHERE c.account = ?",
		"cases that told old towns": "SELECT count(DISTINCT n.case_id) FROM exchange_notice n JOIN procedure_case c ON c.id = n.case_id WHERE c.account = ?",
	} {
		n, err := r.count(ctx, text, m.Account)
		if err != nil {
			return err
		}
		if n != 1 {
			r.found("a move told twice at once has %d %s: %v", n, what, said)
		}
	}
	return nil
}

// twoEnds fetches on a grant while it is taken back, and on another while its time runs out.
func (r *race) twoEnds(ctx context.Context, m town.Mover) error {
	c, err := r.UpTo(ctx, m, "apply")
	if err != nil {
		return err
	}
	open, err := r.Consent.Open(ctx, r.DB, consent.Scope{Case: c.ID})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(open, func(i consent.Item) bool { return i.Grant.ID != "" && i.Grant.Register == register.Residents })
	if at < 0 {
		return fmt.Errorf("case %s has no running grant", c.ID)
	}
	g := open[at].Grant
	if err := r.fetching(ctx, g, func() error {
		return r.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return r.Consent.Revoke(ctx, tx, m.Account, g.ID) })
	}, "revoked"); err != nil {
		return err
	}
	short, err := r.short(ctx, g)
	if err != nil {
		return err
	}
	return r.fetching(ctx, short, func() error {
		r.clock.Set(short.Until)
		return nil
	}, "over")
}

// short is a grant of the same values for a minute only.
func (r *race) short(ctx context.Context, like consent.Grant) (g consent.Grant, err error) {
	err = r.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		q := like.Request
		q.ID, q.Case, q.Until = "", ident.New(), tx.Now().Add(time.Minute)
		if q, err = r.Consent.Ask(ctx, tx, q); err != nil {
			return err
		}
		g, err = r.Consent.Release(ctx, tx, q.Account, q.ID, like.Fields, like.ValuesHash)
		return err
	})
	return g, err
}

// fetching lets six clients fetch on a grant, each again and again, and ends it meanwhile. What begins after the end is
// acknowledged must get nothing, and no answer may be stored that is younger than the end.
func (r *race) fetching(ctx context.Context, g consent.Grant, end func() error, how string) error {
	const clients, fetches = 6, 4
	q := exchange.Question{
		Case: g.Case, Reader: g.Reader, Unit: g.Unit, Role: "engine", Holder: g.Holder, Register: g.Register, Subject: g.Subject, Evidence: g.Evidence,
		Fields: g.Fields, UnlessBlocked: false, Purpose: g.Title, Law: g.Law, Reason: g.Purpose, Basis: g.Basis, Grant: g.ID,
	}
	var mu sync.Mutex
	var ended bool
	var failed error
	got := 0
	var all []func()
	for range clients {
		all = append(all, func() {
			for range fetches {
				mu.Lock()
				after := ended
				mu.Unlock()
				_, err := r.Exchange.Fetch(ctx, q)
				mu.Lock()
				switch {
				case err == nil && after:
					r.found("a fetch that began after grant %s was %s got the values", g.ID, how)
				case err == nil:
					got++
				case !fault.Is(err, fault.Gone) && !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Busy):
					r.found("a fetch on a grant that is being %s: %v", how, err)
				}
				mu.Unlock()
			}
		})
	}
	wait := time.Duration(r.dice.Int64N(int64(20 * time.Millisecond)))
	all = append(all, func() {
		if r.turn > 0 { // in the first round nothing is fetched before the end at all
			timer := time.NewTimer(wait)
			<-timer.C
		}
		err := end()
		mu.Lock()
		defer mu.Unlock()
		ended, failed = true, err
	})
	atOnce(all...)
	if failed != nil {
		return failed
	}
	if _, err := r.Exchange.Fetch(ctx, q); err == nil {
		r.found("the grant is %s, and the values still come", how)
	}
	late, err := r.count(ctx, `SELECT count(*) FROM exchange_answer a JOIN consent_grant g ON g.grant_id = a.grant_id
		WHERE a.grant_id = ? AND (a.recorded >= g.until OR (g.ended_how = 'revoked' AND a.recorded > g.ended))`, g.ID)
	if err == nil && late > 0 {
		r.found("%d answers stored after grant %s was %s", late, g.ID, how)
	}
	return err
}
