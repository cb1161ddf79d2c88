package mail

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// A postOffice is an SMTP relay that answers what it is told and keeps what it was given.
type postOffice struct {
	port int

	mu      sync.Mutex
	answers map[string][]string // command → what it says to it, in turn; the usual when nothing is left
	got     []string
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{port: l.Addr().(*net.TCPAddr).Port, answers: map[string][]string{}}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return p
}

func (p *postOffice) settings() config.SMTP {
	return config.SMTP{Host: "127.0.0.1", Port: p.port, From: "amtsweg@stadt.example", TLS: "none"}
}

func (p *postOffice) will(command string, answers ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[command] = answers
}

func (p *postOffice) say(command, usual string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if next := p.answers[command]; len(next) > 0 {
		p.answers[command] = next[1:]
		return next[0]
	}
	return usual
}

func (p *postOffice) mails() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.got...)
}

func (p *postOffice) serve(c net.Conn) {
	defer c.Close() //nolint:errcheck // the other side may have hung up first
	in := bufio.NewReader(c)
	answer := func(s string) bool { _, err := c.Write([]byte(s + "\r\n")); return err == nil }
	answer("220 post office")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch command := strings.ToUpper(strings.Fields(line + " x")[0]); command {
		case "EHLO", "HELO":
			answer("250 hello")
		case "DATA":
			answer("354 go on")
			var text strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				text.WriteString(line)
			}
			said := p.say("DATA", "250 taken")
			p.mu.Lock()
			p.got = append(p.got, text.String())
			p.mu.Unlock()
			answer(said)
		case "QUIT":
			answer("221 bye")
			return
		default:
			answer(p.say(command, "250 ok"))
		}
	}
}

func queue(t *testing.T, d *db.DB, to Sender) (*Queue, *job.Queue) {
	t.Helper()
	if err := d.Migrate(t.Context(), job.Migrations, Migrations); err != nil {
		t.Fatal(err)
	}
	jobs := job.New(d, slog.New(slog.NewTextHandler(t.Output(), nil)))
	return NewQueue(jobs, to), jobs
}

func enqueue(t *testing.T, d *db.DB, q *Queue, m Message) {
	t.Helper()
	if err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return q.Enqueue(ctx, tx, m) }); err != nil {
		t.Fatal(err)
	}
}

var hello = Message{ID: "abc", To: "jana@example.org", Subject: "Neue Nachricht für Sie", Text: "Schauen Sie bitte in Ihr Postfach.\n"}

func TestAMailThatIsTriedAgainKeepsItsMessageID(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		office := newPostOffice(t)
		office.will("DATA", "451 come back later")
		to, err := SMTP(office.settings())
		if err != nil {
			t.Fatal(err)
		}
		q, jobs := queue(t, d, to)
		enqueue(t, d, q, hello)
		enqueue(t, d, q, hello) // the same message is one message
		if err := jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Advance(2 * time.Hour)
		if err := jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := office.mails()
		if len(got) != 2 {
			t.Fatalf("the relay saw %d mails, want the refused one and its repetition", len(got))
		}
		var ids []string
		for _, raw := range got {
			m, err := mail.ReadMessage(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.Header.Get("Message-ID"))
			if to := m.Header.Get("To"); to != "<jana@example.org>" {
				t.Errorf("to %q", to)
			}
			if m.Header.Get("Auto-Submitted") != "auto-generated" {
				t.Error("an answering machine would answer")
			}
		}
		if ids[0] != ids[1] || ids[0] != "<abc@stadt.example>" {
			t.Errorf("Message-IDs %q", ids)
		}
		if waiting, err := jobs.Waiting(t.Context()); waiting != 0 || err != nil {
			t.Errorf("%d mails still wait, %v", waiting, err)
		}
	})
}

func TestWhatTheRelayRefusesForGoodIsNotTriedAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		office := newPostOffice(t)
		office.will("RCPT", "550 nobody of that name")
		to, err := SMTP(office.settings())
		if err != nil {
			t.Fatal(err)
		}
		q, jobs := queue(t, d, to)
		enqueue(t, d, q, hello)
		if err := jobs.Drain(t.Context()); err == nil {
			t.Error("the refusal is silent")
		}
		if dead, err := jobs.Dead(t.Context(), 10); len(dead) != 1 || err != nil {
			t.Errorf("%d dead jobs, %v", len(dead), err)
		}
		if n := len(office.mails()); n != 0 {
			t.Errorf("%d mails went out", n)
		}
	})
}

func TestARelayInTheClearIsNotUsedUnlessItIsAllowed(t *testing.T) {
	office := newPostOffice(t)
	c := office.settings()
	c.TLS = "starttls"
	to, err := SMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.Send(t.Context(), hello); err == nil || len(office.mails()) != 0 {
		t.Errorf("the mail went out in the clear: %v", err)
	}
}

func TestTheOutboxKeepsAMailOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		box := NewBox(d)
		q, jobs := queue(t, d, box)
		enqueue(t, d, q, hello)
		if err := jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := box.Send(t.Context(), hello); err != nil {
			t.Fatal(err)
		}
		got, err := box.Newest(t.Context(), 10)
		if err != nil || len(got) != 1 || got[0].Message != hello || got[0].At.IsZero() {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestWithoutARelayNothingIsKept(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		q, jobs := queue(t, d, nil)
		enqueue(t, d, q, hello)
		if n, err := jobs.Waiting(t.Context()); n != 0 || err != nil || q.Sends() {
			t.Errorf("%d mails wait for a relay that does not exist, %v", n, err)
		}
	})
}

func TestAnAddressIsOnePlainAddress(t *testing.T) {
	for _, good := range []string{"jana@example.org", "jana.wittkamp+amt@post.example.org", "jana@straße.example"} {
		if !Valid(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{
		"", "jana", "jana@", "@example.org", "jana@localhost", "a@b.example, c@d.example", "Jana <jana@example.org>", "jana@example.org\r\nBcc: x@y.example", strings.Repeat("a", 250) + "@example.org", "jana@-example.org", "1@a..b",
	} {
		if Valid(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
}
