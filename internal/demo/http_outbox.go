package demo

import (
	"context"
	"net/http"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/mail"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/delivery"
)

// OutboxPath is where a demonstration shows what it would have sent.
const OutboxPath = "/demo/ausgang"

// Outbox shows the e-mails and the letters by post that would have left a live installation.
type Outbox struct {
	mails *mail.Box
	post  *delivery.Service
}

// NewOutbox returns the outbox of a demo database; any other is fault Forbidden "demo.error.not_demo".
func NewOutbox(ctx context.Context, d *db.DB, mails *mail.Box, post *delivery.Service) (*Outbox, error) {
	is, err := Marked(ctx, d)
	if err != nil {
		return nil, err
	}
	if !is {
		return nil, fault.New(fault.Forbidden, "demo.error.not_demo")
	}
	return &Outbox{mails, post}, nil
}

// Routes registers the page. The package's templates must be registered beside it.
func (o *Outbox) Routes(w *web.Server) { w.Handle("GET", OutboxPath, web.Public, o.page) }

const outboxRows = 50

type outboxPage struct {
	web.Page
	Mails  []sentMail
	Posted []delivery.Posted
}

type sentMail struct {
	mail.Sent
	Paragraphs []string
}

func (o *Outbox) page(c *web.Call) error {
	posted, err := o.post.Posted(c.Context(), outboxRows)
	if err != nil {
		return err
	}
	mails, err := o.mails.Newest(c.Context(), outboxRows)
	if err != nil {
		return err
	}
	p := outboxPage{Page: web.Page{Title: c.T("demo.outbox.title")}, Posted: posted}
	for _, m := range mails {
		p.Mails = append(p.Mails, sentMail{m, strings.Split(strings.TrimSpace(m.Text), "\n\n")})
	}
	return c.Render(http.StatusOK, "demo/ausgang.html", p)
}
