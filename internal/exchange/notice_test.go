package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/exchange"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

const backValues = `{"family_name":"Wittkamp","religion":"rk","new_home":"Lindenallee 12, 05417 Lindenfurt"}`

// oldTownTakesNote lets the old town's register answer back-notices; effects counts how often it really did.
func (w *town) oldTownTakesNote(effects *atomic.Int32) {
	w.gate.OnNotice(register.Residents, func(_ context.Context, in exchange.Inbound) (exchange.Taking, error) {
		return func(ctx context.Context, tx *db.Tx) (*exchange.Reply, error) {
			tx.AfterCommit(func() { effects.Add(1) })
			return &exchange.Reply{
				Data: json.RawMessage(`{"differing":["religion"]}`), Fields: []string{"religion"}, Law: "§ 33 Abs. 2 BMG",
				Purpose: "Die alte Stadt meldet Abweichungen zurück.", Reason: "In " + in.Case + " weicht etwas ab.",
			}, nil
		}, nil
	})
}

func (w *town) backNotice() exchange.Notice {
	n := w.notice("old_town", oldTown, backValues)
	n.Register, n.AnswerDue = register.Residents, w.clock.Now().Add(144*time.Hour)
	return n
}

func TestEveryRecipientGetsItsNoticeAndAcknowledgesIt(t *testing.T) {
	story(t, func(w *town) {
		var effects atomic.Int32
		w.oldTownTakesNote(&effects)
		back := w.backNotice()
		tax, church := w.notice("tax_number_office", "bzst", `{"family_name":"Wittkamp"}`), w.notice("church", "rk", `{"religion":"rk"}`)
		tax.Place, church.Place, church.Example = 1, 2, true
		w.must(w.send(back, tax, church))
		w.sees("old_town sent, tax_number_office sent, church sent")
		if effects.Load() != 0 {
			t.Error("the old town knows before the commit was followed by a delivery")
		}
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town answered, tax_number_office acknowledged, church acknowledged")
		_, list := w.states()
		if list[0].To != oldTown || list[0].Law != notices || len(list[0].Sheets) != 2 || !list[2].Example {
			t.Errorf("%+v", list)
		}
		if n := len(w.records(w.jana, ledger.Notice)); n != 4 {
			t.Errorf("%d notices in the ledger, want three and an answer", n)
		}
		acks := w.records(w.jana, ledger.Acknowledgement)
		if len(acks) != 3 || acks[0].Authority != string(oldTown) || acks[0].More["sender"] != string(newTown) {
			t.Errorf("%+v", acks)
		}
		told, answers := w.happened(exchange.AcknowledgedEvent), w.happened(exchange.AnsweredEvent)
		if len(told) != 1 || len(told[0].Data.(exchange.Acknowledged).Notices) != 3 || len(answers) != 1 {
			t.Fatalf("%+v %+v", told, answers)
		}
		if a := answers[0].Data.(exchange.Answered); a.Notice != back.ID || a.From != oldTown || string(a.Data) != `{"differing":["religion"]}` {
			t.Errorf("%+v", a)
		}
		if effects.Load() != 1 {
			t.Errorf("the old town took note %d times", effects.Load())
		}
	})
}

func TestWhatANoticeSaysIsSealedOnBothSides(t *testing.T) {
	story(t, func(w *town) {
		w.must(w.send(w.backNotice()))
		w.must(w.jobs.Drain(ctx))
		for _, table := range []string{"exchange_notice", "exchange_inbox"} {
			bodies, err := db.All(ctx, w.db, db.Scalar[[]byte], `SELECT body FROM `+table)
			w.must(err)
			if len(bodies) != 1 || strings.Contains(string(bodies[0]), "Wittkamp") || len(bodies[0]) < len(backValues) {
				t.Errorf("%s holds %q", table, bodies)
			}
		}
		jobs, err := db.All(ctx, w.db, db.Scalar[[]byte], `SELECT payload FROM job_job`)
		w.must(err)
		for _, j := range jobs {
			if strings.Contains(string(j), "Wittkamp") {
				t.Errorf("a job holds %s", j)
			}
		}
	})
}

// Every message five times, in any order and at once: one effect, one record, one and the same acknowledgement.
func TestANoticeThatComesFiveTimesArrivesOnce(t *testing.T) {
	story(t, func(w *town) {
		var effects atomic.Int32
		w.oldTownTakesNote(&effects)
		for seed := range uint64(8) {
			var deliveries []exchange.Notice
			for range 4 {
				n := w.backNotice()
				n.Sent, n.Salt = w.clock.Now(), "salt"
				deliveries = append(deliveries, n, n, n, n, n)
			}
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(deliveries), func(i, j int) {
				deliveries[i], deliveries[j] = deliveries[j], deliveries[i]
			})
			var wg sync.WaitGroup
			var acks sync.Map
			for _, n := range deliveries {
				wg.Go(func() { w.deliverUntilTaken(n, &acks) })
			}
			wg.Wait()
		}
		if effects.Load() != 32 || len(w.records(w.jana, ledger.Acknowledgement)) != 32 {
			t.Errorf("%d effects, %d records, want 32", effects.Load(), len(w.records(w.jana, ledger.Acknowledgement)))
		}
		if n := w.count(`SELECT COUNT(*) FROM exchange_inbox`); n != 32 {
			t.Errorf("%d notices in the inbox", n)
		}
	})
}

// deliverUntilTaken delivers as a sender does, again after a fault that says so, and compares the acknowledgements.
func (w *town) deliverUntilTaken(n exchange.Notice, acks *sync.Map) {
	for range 100 {
		ack, err := w.gate.Local().Deliver(ctx, n)
		if err != nil {
			if !fault.Is(err, fault.Busy) {
				w.Error(err)
				return
			}
			continue
		}
		if before, known := acks.LoadOrStore(n.ID, ack.Statement); known && before != ack.Statement {
			w.Error("two acknowledgements of one notice")
		}
		if ack.Reply == nil || ack.Reply.Law != "§ 33 Abs. 2 BMG" {
			w.Errorf("answer %+v", ack.Reply)
		}
		return
	}
	w.Error("never taken")
}

func TestTheSameNoticeSentTwiceIsOneNotice(t *testing.T) {
	story(t, func(w *town) {
		n := w.notice("tax_number_office", "bzst", `{"family_name":"Wittkamp"}`)
		w.must(w.send(n))
		w.must(w.send(n))
		w.must(w.jobs.Drain(ctx))
		w.must(w.send(n))
		w.must(w.jobs.Drain(ctx))
		w.sees("tax_number_office acknowledged")
		if len(w.records(w.jana, ledger.Notice)) != 1 || len(w.records(w.jana, ledger.Acknowledgement)) != 1 || len(w.happened(exchange.AcknowledgedEvent)) != 1 {
			t.Error("it had a second effect")
		}
		n.Values = json.RawMessage(`{"family_name":"Hoyer"}`)
		if err := w.send(n); !fault.Is(err, fault.Conflict) {
			t.Errorf("other values under the same id: %v", err)
		}
		ack, err := w.gate.Local().Deliver(ctx, n)
		if !fault.Is(err, fault.Conflict) || ack.Statement != "" {
			t.Errorf("other values delivered under the same id: %v", err)
		}
	})
}

func TestAValueThatIsNotListedStopsEverything(t *testing.T) {
	story(t, func(w *town) {
		good, bad := w.notice("tax_number_office", "bzst", `{"family_name":"Wittkamp"}`), w.backNotice()
		bad.Fields = []string{".family_name"}
		if err := w.send(good, bad); fault.CodeOf(err) != "exchange.error.unlisted" {
			t.Errorf("%v", err)
		}
		w.must(w.jobs.Drain(ctx))
		w.sees("")
		if n := len(w.records(w.jana, ledger.Notice)); n != 0 {
			t.Errorf("%d notices in the ledger", n)
		}
	})
}

func TestOneSilentNeighbourKeepsNobodyWaitingButItself(t *testing.T) {
	story(t, func(w *town) {
		w.must(w.gate.SetOutage(ctx, "bzst", true))
		back, tax := w.backNotice(), w.notice("tax_number_office", "bzst", `{"family_name":"Wittkamp"}`)
		tax.Place = 1
		w.must(w.send(back, tax))
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town acknowledged, tax_number_office sent")
		w.clock.Advance(73 * time.Hour)
		w.sees("old_town acknowledged, tax_number_office sent late")
		late, err := w.gate.Overdue(ctx, w.db, newTown, 10)
		if err != nil || len(late) != 1 || late[0].To != "bzst" {
			t.Errorf("overdue %+v, %v", late, err)
		}
		for range 40 { // a silent week is not the end of it
			w.must(w.jobs.Drain(ctx))
			w.clock.Advance(4 * time.Hour)
		}
		if dead, err := w.jobs.Dead(ctx, 10); err != nil || len(dead) != 0 {
			t.Errorf("given up: %+v, %v", dead, err)
		}
		w.must(w.gate.SetOutage(ctx, "bzst", false))
		w.clock.Advance(time.Hour)
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town acknowledged late, tax_number_office acknowledged") // the old town still owes its answer
		if n := len(w.happened(exchange.AcknowledgedEvent)); n != 2 {
			t.Errorf("%d events", n)
		}
	})
}

// line is a neighbour on another node whose line can be cut, before or after the notice got through.
type line struct {
	exchange.Peer
	cut, cutAfter bool
	calls         int
}

func (l *line) Deliver(ctx context.Context, n exchange.Notice) (exchange.Ack, error) {
	l.calls++
	if l.cut {
		return exchange.Ack{}, fault.New(fault.Unavailable, "exchange.error.down")
	}
	ack, err := l.Peer.Deliver(ctx, n)
	if l.cutAfter {
		return exchange.Ack{}, errors.New("connection reset")
	}
	return ack, err
}

func TestANeighbourOnAnotherNodeGetsItOnceWhateverTheLineDoes(t *testing.T) {
	story(t, func(w *town) {
		var effects atomic.Int32
		w.oldTownTakesNote(&effects)
		neighbour := &line{Peer: w.gate.Local(), cut: true}
		w.gate.SetPeer(oldTown, neighbour)
		w.must(w.send(w.backNotice()))
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town sent")
		neighbour.cut, neighbour.cutAfter = false, true
		w.clock.Advance(time.Hour)
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town sent") // it arrived there, and nobody here knows
		neighbour.cutAfter = false
		w.clock.Advance(time.Hour)
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town answered")
		if neighbour.calls < 3 || effects.Load() != 1 || len(w.happened(exchange.AnsweredEvent)) != 1 {
			t.Errorf("%d calls, %d effects", neighbour.calls, effects.Load())
		}
	})
}

func TestARegisterThatCannotTakeNoteKeepsNobodyElseWaiting(t *testing.T) {
	story(t, func(w *town) {
		broken := true
		w.gate.OnNotice(register.Residents, func(context.Context, exchange.Inbound) (exchange.Taking, error) {
			return func(context.Context, *db.Tx) (*exchange.Reply, error) {
				if broken {
					return nil, errors.New("no room")
				}
				return nil, nil
			}, nil
		})
		back, tax := w.backNotice(), w.notice("tax_number_office", "bzst", `{"family_name":"Wittkamp"}`)
		tax.Place = 1
		w.must(w.send(back, tax))
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town sent, tax_number_office sent") // together they failed, nothing is half done
		w.clock.Advance(time.Minute)
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town sent, tax_number_office acknowledged")
		broken = false
		w.clock.Advance(time.Hour)
		w.must(w.jobs.Drain(ctx))
		w.sees("old_town acknowledged, tax_number_office acknowledged")
		if n := w.count(`SELECT COUNT(*) FROM exchange_inbox`); n != 2 {
			t.Errorf("%d in the inboxes", n)
		}
	})
}

func TestAnAcknowledgementIsSignedByItsRecipient(t *testing.T) {
	story(t, func(w *town) {
		n, dir := w.backNotice(), t.TempDir()
		w.must(w.send(n))
		w.must(w.gate.Export(ctx, dir))
		file := filepath.Join(dir, "acknowledgements", n.ID+".jws")
		if _, err := os.ReadFile(file); err == nil {
			t.Error("an acknowledgement before the delivery")
		}
		w.must(w.jobs.Drain(ctx))
		w.must(w.gate.Export(ctx, dir))
		text, err := os.ReadFile(file)
		w.must(err)
		payload, owner, err := jws.Verify(string(text), exchange.AcknowledgementType, func(owner string) (jws.Verifier, error) {
			return w.ring.Signer(ctx, owner, exchange.SignPurpose)
		})
		if err != nil || authority.Key(owner) != oldTown || !strings.Contains(string(payload), n.ID) {
			t.Errorf("%s by %s, %v", payload, owner, err)
		}
	})
}
