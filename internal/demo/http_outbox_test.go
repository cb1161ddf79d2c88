package demo_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/mail"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/delivery"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

func TestTheOutboxShowsWhatWouldHaveGoneOutInADemoOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		g := newGround(t, d)
		ctx := t.Context()
		if err := d.Migrate(ctx, job.Migrations, mail.Migrations, delivery.Migrations); err != nil {
			t.Fatal(err)
		}
		l, err := ledger.New(ctx, d, g.ring, ledger.Options{Name: "amtsweg.test/mittelau"})
		if err != nil {
			t.Fatal(err)
		}
		box := mail.NewBox(d)
		texts := i18n.New()
		jobs := job.New(d, slog.New(slog.NewTextHandler(t.Output(), nil)))
		post := delivery.New(delivery.Options{DB: d, Ledger: l, Authorities: g.towns, Mail: mail.NewQueue(jobs, box), Texts: texts})
		if _, err := demo.NewOutbox(ctx, d, box, post); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a live database has an outbox page: %v", err)
		}
		if err := demo.Mark(ctx, d, g.towns); err != nil {
			t.Fatal(err)
		}
		outbox, err := demo.NewOutbox(ctx, d, box, post)
		if err != nil {
			t.Fatal(err)
		}
		if err := texts.Add("demo", os.DirFS(".")); err != nil {
			t.Fatal(err)
		}
		w := web.New(web.Options{Clock: d.Clock(), Texts: texts, Layout: os.DirFS("../../web/templates")})
		demo.Templates(w)
		outbox.Routes(w)
		read := func() string {
			r := httptest.NewRecorder()
			w.ServeHTTP(r, httptest.NewRequest(http.MethodGet, demo.OutboxPath, nil))
			page, err := io.ReadAll(r.Result().Body)
			if err != nil || r.Code != http.StatusOK {
				t.Fatalf("%d, %v\n%s", r.Code, err, page)
			}
			return string(page)
		}
		if page := read(); !strings.Contains(page, "Noch kein Brief.") || !strings.Contains(page, "Noch keine E-Mail.") {
			t.Error("an empty outbox does not say so")
		}
		err = d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			return post.Post(ctx, tx, delivery.Parcel{
				Key: "k", Authority: "lindenfurt", Unit: "Bürgeramt", Name: "Jana Wittkamp", Title: "Ihr Code", Text: []string{"Ihr Code ist ABCD-2345."}, Law: "§ 23a Abs. 3 BMG",
				Address: authority.Address{Street: "Lindenallee", House: "12", Postcode: "05417", Town: "Lindenfurt"},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Send(ctx, mail.Message{ID: "m", To: "jana@example.org", Subject: "Neu", Text: "<b>Postfach</b>"}); err != nil {
			t.Fatal(err)
		}
		page := read()
		for _, want := range []string{"ABCD-2345", "Lindenallee 12, 05417 Lindenfurt", "jana@example.org", "&lt;b&gt;Postfach"} {
			if !strings.Contains(page, want) {
				t.Errorf("the outbox does not show %q", want)
			}
		}
	})
}
