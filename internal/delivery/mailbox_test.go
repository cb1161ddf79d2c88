package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/job"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/base/mail"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/identity"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

const town authority.Key = "lindenfurt"

// A house is an installation with one town, mailboxes and pages.
type house struct {
	*Service
	t     *testing.T
	db    *db.DB
	clock *clock.Fixed
	jobs  *job.Queue
	box   *mail.Box
	kept  *shelf
	site  *httptest.Server
}

// shelf is where another module keeps sealed letters: here a seal is genuine if it says so.
type shelf struct{ letters map[string]string }

func (s *shelf) Files(_ context.Context, of authority.Key, id string) (html, data, sig []byte, err error) {
	seal, ok := s.letters[string(of)+"/"+id]
	if !ok {
		return nil, nil, nil, fault.New(fault.NotFound, "letter.error.none")
	}
	return []byte("<html><article class=\"aw-letter\">Brief " + id + "</article></html>"), []byte(`{"id":"` + id + `"}`), []byte(seal), nil
}

func (s *shelf) Genuine(_ context.Context, _, _, sig []byte) error {
	switch string(sig) {
	case "genuine":
		return nil
	case "away":
		return errors.New("the keys cannot be read")
	}
	return fault.New(fault.Invalid, "letter.error.seal")
}

func (s *shelf) Article(html []byte) []byte {
	return []byte(strings.TrimSuffix(strings.TrimPrefix(string(html), "<html>"), "</html>"))
}

func (s *shelf) Print(data []byte) ([]byte, error) { return append([]byte("%PDF "), data...), nil }

func (s *shelf) Evidence(_ context.Context, put func(string, []byte) error) error {
	for name := range s.letters {
		if err := put("letters/"+name, nil); err != nil {
			return err
		}
	}
	return nil
}

func build(t *testing.T, d *db.DB, c *clock.Fixed) *house {
	t.Helper()
	ctx := t.Context()
	err := d.Migrate(ctx, keys.Migrations, job.Migrations, mail.Migrations, web.Migrations, ledger.Migrations, authority.Migrations, Migrations)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(ctx, d, filepath.Join(t.TempDir(), "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.New(ctx, d, ring, ledger.Options{Name: "test.example"})
	if err != nil {
		t.Fatal(err)
	}
	authorities := authority.New(d, l)
	err = authorities.Add(ctx, authority.Opening{Authority: authority.Authority{
		Key: town, Name: "Stadt Lindenfurt", Short: "Lindenfurt", Kind: authority.Town, State: "mittelau",
		Address: authority.Address{Street: "Rathausplatz", House: "1", Postcode: "05417", Town: "Lindenfurt"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	texts := i18n.New()
	if err := texts.Add("delivery", Texts); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	h := &house{t: t, db: d, clock: c, jobs: job.New(d, log), box: mail.NewBox(d), kept: &shelf{map[string]string{}}}
	h.Service = New(Options{
		DB: d, Ledger: l, Authorities: authorities, Letters: h.kept, Mail: mail.NewQueue(h.jobs, h.box), Texts: texts, Base: "https://stadt.example",
	})
	w := web.New(web.Options{DB: d, Clock: c, Log: log, Texts: texts, Layout: os.DirFS("../../web/templates")})
	h.Routes(w)
	w.Handle("GET", "/anmelden-als/{account}", web.Public, func(c *web.Call) error {
		if err := c.SignIn(identity.AccountID(c.Param("account")).Actor(), web.Normal); err != nil {
			return err
		}
		return c.Redirect(mailboxPath)
	})
	h.site = httptest.NewServer(w)
	t.Cleanup(h.site.Close)
	return h
}

func (h *house) put(m Message) {
	h.t.Helper()
	if err := h.db.Do(h.t.Context(), func(ctx context.Context, tx *db.Tx) error { return h.Put(ctx, tx, m) }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) records() int {
	h.t.Helper()
	n, err := db.One(h.t.Context(), h.db, db.Scalar[int], `SELECT COUNT(*) FROM ledger_record WHERE kind = 'delivery'`)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// browser is somebody's browser, signed in to an account.
func (h *house) browser(account identity.AccountID) *http.Client {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	b := &http.Client{Jar: jar}
	h.read(b, "/anmelden-als/"+string(account), http.StatusOK)
	return b
}

func (h *house) read(b *http.Client, path string, status int) string {
	h.t.Helper()
	r, err := b.Get(h.site.URL + path)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.body(r, path, status)
}

func (h *house) body(r *http.Response, path string, status int) string {
	h.t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if r.StatusCode != status {
		h.t.Fatalf("%s answers %d, want %d\n%s", path, r.StatusCode, status, text)
	}
	return string(text)
}

func person() identity.AccountID { return identity.AccountID(ident.New()) }

func done(account identity.AccountID) Message {
	return Message{
		Key: "case1/done", Account: account, Subject: "s1", Authority: town, Unit: "Bürgeramt", Case: "case1", Kind: Notice,
		Title: "Alles erledigt", Brief: []string{"Sie sind angemeldet.", "Der Zugriff auf Ihre Daten ist beendet."},
		Mail: "Alles ist erledigt. Der Zugriff auf Ihre Daten ist beendet.",
	}
}

func (h *house) certificate(account identity.AccountID, seals ...string) Message {
	m := done(account)
	m.Key, m.Kind, m.Title, m.Law = "case1/letters", Certificate, "Ihre Meldebestätigung ist da", "§ 24 Abs. 2 BMG"
	m.Mail = ""
	for _, seal := range seals {
		id := ident.New()
		h.kept.letters[string(town)+"/"+id] = seal
		m.Letters = append(m.Letters, id)
	}
	return m
}

func TestTheSameMessageTwiceIsOneMessageOneMailAndOneRecord(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me := build(t, d, c), person()
		if err := h.SetAddress(t.Context(), me, "jana@example.org", "de"); err != nil {
			t.Fatal(err)
		}
		m := h.certificate(me, "genuine", "genuine")
		h.put(m)
		h.put(m)
		if err := h.jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		items, _, err := h.List(t.Context(), me, Cursor{}, 10)
		if err != nil || len(items) != 1 {
			t.Fatalf("%d messages, %v", len(items), err)
		}
		if got := h.records(); got != 2 {
			t.Errorf("%d delivery records, want one for each letter", got)
		}
		mails, err := h.box.Newest(t.Context(), 10)
		if err != nil || len(mails) != 1 {
			t.Fatalf("%d mails, %v", len(mails), err)
		}
		for _, secret := range []string{"Meldebestätigung", "Bürgeramt", "Lindenfurt", "angemeldet", "case1"} {
			if strings.Contains(mails[0].Subject+mails[0].Text, secret) {
				t.Errorf("the open e-mail says %q", secret)
			}
		}
		if !strings.Contains(mails[0].Text, "https://stadt.example/postfach") || mails[0].To != "jana@example.org" {
			t.Errorf("mail %+v", mails[0])
		}
	})
}

func TestAnEMailSaysMoreOnlyWhereItMay(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me, silent := build(t, d, c), person(), person()
		if err := h.SetAddress(t.Context(), me, "jana@example.org", "en"); err != nil {
			t.Fatal(err)
		}
		h.put(done(me))
		secret := done(me)
		secret.Key, secret.Sensitive = "case1/church", true
		h.put(secret)
		h.put(done(silent)) // asked for no e-mail
		if err := h.jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		mails, err := h.box.Newest(t.Context(), 10)
		if err != nil || len(mails) != 2 {
			t.Fatalf("%d mails, %v", len(mails), err)
		}
		said := 0
		for _, m := range mails {
			if strings.Contains(m.Text, "Der Zugriff auf Ihre Daten ist beendet.") {
				said++
			}
			if !strings.Contains(m.Text, "mailbox") {
				t.Errorf("not in the person's language: %q", m.Text)
			}
		}
		if said != 1 {
			t.Errorf("%d mails carry the sentence, want only the one that may", said)
		}
		if h.records() != 0 {
			t.Error("a message without a letter is no delivery of a letter")
		}
	})
}

func TestAMailboxIsNobodyElses(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, jana, tobias := build(t, d, c), person(), person()
		m := h.certificate(jana, "genuine")
		h.put(m)
		items, _, err := h.List(t.Context(), jana, Cursor{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		mine, letter := "/postfach/"+items[0].ID, "/brief/"+m.Letters[0]
		hers, his := h.browser(jana), h.browser(tobias)
		if page := h.read(his, "/postfach", http.StatusOK); strings.Contains(page, "Meldebestätigung") {
			t.Error("his mailbox shows her message")
		}
		for _, path := range []string{mine, letter, letter + "/angaben.json", letter + "/druck.pdf"} {
			foreign, missing := h.read(his, path, http.StatusNotFound), h.read(his, "/postfach/"+ident.New(), http.StatusNotFound)
			if strip(foreign) != strip(missing) {
				t.Errorf("%s answers otherwise than what does not exist", path)
			}
		}
		if items, _, err := h.List(t.Context(), jana, Cursor{}, 10); err != nil || !items[0].Read.IsZero() {
			t.Errorf("his attempt opened her message: %v", err)
		}
		page := h.read(hers, mine, http.StatusOK)
		for _, want := range []string{"Kurz gesagt", "Sie sind angemeldet.", "Brief " + m.Letters[0], "Echt und unverändert", "Nachgeprüft", letter + "/druck.pdf", "Bürgeramt Lindenfurt"} {
			if !strings.Contains(page, want) {
				t.Errorf("her message does not show %q", want)
			}
		}
		for file, want := range map[string]string{"urschrift.html": "<article", "angaben.json": m.Letters[0], "siegel.sig": "genuine", "druck.pdf": "%PDF"} {
			if got := h.read(hers, letter+"/"+file, http.StatusOK); !strings.Contains(got, want) {
				t.Errorf("%s holds %q", file, got)
			}
		}
		h.read(hers, letter+"/geheim.txt", http.StatusNotFound)
		if page := h.read(&http.Client{}, mine, http.StatusUnauthorized); strings.Contains(page, "Meldebestätigung") {
			t.Error("somebody who is not signed in sees the message")
		}
	})
}

// strip takes out what differs from request to request.
func strip(page string) string {
	var out []string
	for _, line := range strings.Split(page, "\n") {
		if !strings.Contains(line, "/postfach/") && !strings.Contains(line, "/brief/") && !strings.Contains(line, "<code") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestALetterWhoseSealDoesNotHoldIsNotShownAsGenuine(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me := build(t, d, c), person()
		m := h.certificate(me, "genuine", "broken")
		h.put(m)
		b := h.browser(me)
		items, _, err := h.List(t.Context(), me, Cursor{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		page := h.read(b, "/postfach/"+items[0].ID, http.StatusOK)
		if strings.Contains(page, "Echt und unverändert") || strings.Contains(page, "Brief "+m.Letters[1]) || !strings.Contains(page, "Siegel passt nicht") {
			t.Error("a broken seal looks whole, or its letter is shown")
		}
		h.read(b, "/brief/"+m.Letters[0], http.StatusOK)
		for _, path := range []string{"", "/urschrift.html", "/druck.pdf"} {
			h.read(b, "/brief/"+m.Letters[1]+path, http.StatusConflict)
		}
		away := h.certificate(me, "away")
		away.Key = "case1/away"
		h.put(away)
		h.read(b, "/brief/"+away.Letters[0], http.StatusInternalServerError) // not checked is not broken
	})
}

func TestAMessageIsUnreadUntilItsOwnerOpensIt(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me := build(t, d, c), person()
		h.put(done(me))
		items, _, err := h.List(t.Context(), me, Cursor{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := h.Unread(t.Context(), h.db, me); n != 1 || err != nil {
			t.Fatalf("%d unread, %v", n, err)
		}
		first, err := h.Open(t.Context(), me, items[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		c.Advance(26 * time.Hour)
		again, err := h.Open(t.Context(), me, items[0].ID)
		if err != nil || !again.Read.Equal(first.Read) || first.Read.IsZero() {
			t.Errorf("first opened %v, then %v: the first time counts (%v)", first.Read, again.Read, err)
		}
		if n, err := h.Unread(t.Context(), h.db, me); n != 0 || err != nil {
			t.Errorf("%d unread, %v", n, err)
		}
	})
}

func TestEveryMessageIsOnOnePageAndOnlyOnOne(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-01 12:00", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me := build(t, d, c), person()
		for i := range 45 {
			m := done(me)
			m.Key, m.Title = fmt.Sprint("k", i), fmt.Sprintf("Nachricht %02d.", i)
			h.put(m)
			if i%7 == 0 {
				c.Advance(time.Hour) // several at the same moment
			}
		}
		c.Set(clock.At("2030-03-04 09:06").Now())
		b, path, seen := h.browser(me), "/postfach", map[string]int{}
		for range 3 {
			page := h.read(b, path, http.StatusOK)
			for i := range 45 {
				if title := fmt.Sprintf("Nachricht %02d.", i); strings.Contains(page, title) {
					seen[title]++
				}
			}
			_, rest, more := strings.Cut(page, `href="/postfach?vor=`)
			if path = ""; more {
				path = "/postfach?vor=" + rest[:strings.IndexByte(rest, '"')]
			}
		}
		if path != "" {
			t.Error("there is a fourth page")
		}
		if len(seen) != 45 {
			t.Errorf("%d messages seen, want 45", len(seen))
		}
		for title, n := range seen {
			if n != 1 {
				t.Errorf("%s is on %d pages", title, n)
			}
		}
		for _, nonsense := range []string{"x", "1.x", "-5." + ident.New(), "99999999999999999999." + ident.New()} {
			h.read(b, "/postfach?vor="+url.QueryEscape(nonsense), http.StatusUnprocessableEntity)
		}
	})
}

func TestAnAddressIsAskedForAndNeverNeeded(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me := build(t, d, c), person()
		b := h.browser(me)
		send := func(address string, status int) string {
			r, err := b.PostForm(h.site.URL+"/postfach/adresse", url.Values{"email": {address}})
			if err != nil {
				t.Fatal(err)
			}
			return h.body(r, "/postfach/adresse", status)
		}
		page := send("jana at example", http.StatusUnprocessableEntity)
		if !strings.Contains(page, `value="jana at example"`) || !strings.Contains(page, `href="#email"`) {
			t.Error("what was typed is lost, or the error leads nowhere")
		}
		if got, err := h.Address(t.Context(), me); got != "" || err != nil {
			t.Errorf("kept %q, %v", got, err)
		}
		send("jana@example.org", http.StatusOK)
		if got, err := h.Address(t.Context(), me); got != "jana@example.org" || err != nil {
			t.Errorf("kept %q, %v", got, err)
		}
		send("", http.StatusOK)
		if got, err := h.Address(t.Context(), me); got != "" || err != nil {
			t.Errorf("kept %q, %v", got, err)
		}
	})
}

func TestADeadlineSaysHowLongAndWhy(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me := build(t, d, c), person()
		m := h.certificate(me, "genuine")
		m.Kind, m.Due, m.DueText = Decision, clock.Date{Y: 2030, M: 4, D: 8}, "Einen Monat nach dem 8. März."
		h.put(m)
		items, _, err := h.List(t.Context(), me, Cursor{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		b := h.browser(me)
		page := h.read(b, "/postfach/"+items[0].ID, http.StatusOK)
		for _, want := range []string{"noch 35\u00a0Tage", "Montag, 8.\u00a0April\u00a02030", "Einen Monat nach dem 8. März."} {
			if !strings.Contains(page, want) {
				t.Errorf("the deadline does not say %q", want)
			}
		}
		c.Set(clock.At("2030-04-09 00:00").Now())
		if page := h.read(h.browser(me), "/postfach/"+items[0].ID, http.StatusOK); !strings.Contains(page, "abgelaufen") {
			t.Error("a deadline that is over does not say so")
		}
	})
}

func TestALetterGoesToThePostOnce(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h := build(t, d, c)
		p := Parcel{
			Key: "code1", Authority: town, Unit: "Bürgeramt", Name: "Jana Wittkamp", Title: "Ihr Code", Text: []string{"Ihr Code ist 4711-0815."}, Law: "§ 23a Abs. 3 BMG",
			Address: authority.Address{Street: "Lindenallee", House: "12", Postcode: "05417", Town: "Lindenfurt"},
		}
		for range 2 {
			if err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return h.Post(ctx, tx, p) }); err != nil {
				t.Fatal(err)
			}
		}
		got, err := h.Posted(t.Context(), 10)
		if err != nil || len(got) != 1 || got[0].Address != p.Address || got[0].Text[0] != p.Text[0] {
			t.Errorf("posted %+v, %v", got, err)
		}
		if h.records() != 1 {
			t.Errorf("%d records", h.records())
		}
	})
}

func TestHalfAMessageIsRefusedWhole(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h, me := build(t, d, c), person()
		for name, change := range map[string]func(*Message){
			"no title":          func(m *Message) { m.Title = "" },
			"four sentences":    func(m *Message) { m.Brief = []string{"1", "2", "3", "4"} },
			"letter, no law":    func(m *Message) { m.Letters = []string{"x"} },
			"leads elsewhere":   func(m *Message) { m.Actions = []Action{{"Los", "//evil.example"}} },
			"no key":            func(m *Message) { m.Key = "" },
			"a kind of its own": func(m *Message) { m.Kind = "spam" },
		} {
			m := done(me)
			change(&m)
			err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return h.Put(ctx, tx, m) })
			if fault.CodeOf(err) != "delivery.error.message" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if items, _, err := h.List(t.Context(), me, Cursor{}, 10); len(items) != 0 || err != nil {
			t.Errorf("%d messages, %v", len(items), err)
		}
	})
}

func TestAnEvidencePackHoldsAPersonsLettersAndNobodyElses(t *testing.T) {
	testkit.EnginesAt(t, "2030-03-04 09:06", func(t *testing.T, d *db.DB, c *clock.Fixed) {
		h := build(t, d, c)
		seals := strings.Split(strings.Repeat("genuine ", pageSize+2), " ")[:pageSize+2]
		mine, hers := h.certificate(person(), seals...), h.certificate(person(), "genuine")
		hers.Subject = "s2"
		h.put(mine)
		h.put(hers)
		collect := func(subject ledger.Subject) map[string]bool {
			got := map[string]bool{}
			err := h.Evidence(t.Context(), subject, func(name string, content []byte) error {
				got[name] = true
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		got := collect("s1")
		if len(got) != 3*len(mine.Letters) {
			t.Errorf("%d files, want three of each of %d letters", len(got), len(mine.Letters))
		}
		for _, ending := range []string{".html", ".json", ".sig"} {
			if !got["letters/"+mine.Letters[0]+ending] || got["letters/"+hers.Letters[0]+ending] {
				t.Errorf("%s: a letter is missing, or somebody else's is there", ending)
			}
		}
		if len(collect("nobody")) != 0 || len(collect("")) != len(mine.Letters)+1 {
			t.Error("nobody has letters, or not everybody has theirs")
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("1900000000000000." + strings.Repeat("a", 26))
	f.Add("0.")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCursor(s)
		if err != nil {
			return
		}
		if again, err := ParseCursor(c.String()); err != nil || again != c {
			t.Errorf("%q became %v became %v, %v", s, c, again, err)
		}
	})
}
