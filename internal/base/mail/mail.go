package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/job"
)

// Message is one e-mail to one person. ID makes it one message however often it is tried; it becomes the Message-ID.
type Message struct{ ID, To, Subject, Text string }

// Sender takes one message. It may be called again with a message it has taken already.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Valid reports whether s looks like an e-mail address that a relay will take: one plain address, without a name.
func Valid(s string) bool { return len(s) <= 254 && address.MatchString(s) }

var address = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[\pL\pN](?:[\pL\pN-]*[\pL\pN])?(?:\.[\pL\pN](?:[\pL\pN-]*[\pL\pN])?)+$`)

// Queue hands messages to a sender by jobs.
type Queue struct {
	jobs *job.Queue
	to   Sender
}

const kind = "mail.send"

// NewQueue returns a queue that sends through to. With a nil sender no mail goes out, and Enqueue keeps nothing.
func NewQueue(jobs *job.Queue, to Sender) *Queue {
	q := &Queue{jobs: jobs, to: to}
	jobs.Handle(kind, q.send)
	return q
}

// Sends reports whether this installation sends mail at all.
func (q *Queue) Sends() bool { return q.to != nil }

// Enqueue makes the message part of the caller's transaction. The same ID a second time adds nothing.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, m Message) error {
	if q.to == nil {
		return nil
	}
	return q.jobs.Enqueue(ctx, tx, job.Spec{Kind: kind, Key: m.ID, Payload: m})
}

func (q *Queue) send(ctx context.Context, j job.Job) (job.Effect, error) {
	var m Message
	if err := j.Into(&m); err != nil {
		return nil, err
	}
	if q.to == nil { // the relay was taken away after the message was queued
		return nil, errors.New("mail: no relay is set up")
	}
	return nil, q.to.Send(ctx, m)
}

const patience = 20 * time.Second // for a relay's whole answer

type relay struct {
	host    string
	options []gomail.Option
	own     bool // we dial ourselves; with implicit TLS the library must, or it takes the line for an open one
	from    string
	domain  string
}

// SMTP returns a sender that uses the relay of the settings. It connects for each message; nothing is sent yet.
func SMTP(c config.SMTP) (Sender, error) {
	password, err := c.Password()
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{gomail.WithTimeout(patience), gomail.WithPort(c.Port), gomail.WithTLSPolicy(gomail.TLSMandatory)}
	switch c.TLS {
	case "implicit":
		options = append(options, gomail.WithSSL())
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if c.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.User), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(c.Host, options...); err != nil {
		return nil, fmt.Errorf("mail relay %s: %w", c.Host, err)
	}
	return &relay{host: c.Host, options: options, own: c.TLS != "implicit", from: c.From, domain: domainOf(c.From)}, nil
}

func domainOf(from string) string {
	for i := len(from) - 1; i >= 0; i-- {
		if from[i] == '@' {
			return from[i+1:]
		}
	}
	return from
}

// Send hands the message to the relay. What the relay refuses for good is not tried again.
func (r *relay) Send(ctx context.Context, m Message) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.From(r.from), msg.To(m.To)); err != nil {
		return job.Permanent(fmt.Errorf("mail %s: %w", m.ID, err))
	}
	msg.SetMessageIDWithValue(m.ID + "@" + r.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers, please
	msg.Subject(m.Subject)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	err := r.hand(ctx, msg)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("mail %s: %w", m.ID, err)
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.ErrorCode() >= 500 && !refused.IsTemp() {
		return job.Permanent(err)
	}
	return err
}

// hand connects, hands over and hangs up. The library leaves the line open when the relay offers no TLS or refuses the
// password, so the line is ours to close.
func (r *relay) hand(ctx context.Context, msg *gomail.Msg) error {
	options := r.options
	if r.own {
		var line net.Conn
		defer func() {
			if line != nil {
				line.Close() //nolint:errcheck // after QUIT it is closed already
			}
		}()
		options = append(options[:len(options):len(options)], gomail.WithDialContextFunc(
			func(ctx context.Context, network, address string) (_ net.Conn, err error) {
				line, err = new(net.Dialer).DialContext(ctx, network, address)
				return line, err
			}))
	}
	client, err := gomail.NewClient(r.host, options...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, msg)
}
