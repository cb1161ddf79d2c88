package letter

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

const town authority.Key = "lindenfurt"

var townHall = authority.Address{Street: "Rathausplatz", House: "1", Postcode: "05417", Town: "Lindenfurt"}

// open returns the letters of a fresh installation with one town of the made-up state and one of a real one.
func open(t *testing.T, d *db.DB) (*Service, *keys.Ring) {
	t.Helper()
	ctx := t.Context()
	if err := d.Migrate(ctx, keys.Migrations, ledger.Migrations, authority.Migrations, Migrations); err != nil {
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
	err = authorities.Add(ctx,
		authority.Opening{Authority: authority.Authority{Key: town, Name: "Stadt Lindenfurt", Short: "Lindenfurt", Kind: authority.Town, State: "mittelau", Address: townHall, Contact: "Telefon 115"}},
		authority.Opening{Authority: authority.Authority{Key: "passau", Name: "Stadt Passau", Short: "Passau", Kind: authority.Town, State: "BY", Address: townHall}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return New(d, ring, authorities, "https://stadt.example"), ring
}

// eight are the values of an Amtliche Meldebestätigung (§ 24 Abs. 2 BMG).
func eight() []Value {
	return []Value{
		{"family_name", "Familienname", "Wittkamp"},
		{"given_names", "Vornamen", "Jana Maria (Rufname Jana)"},
		{"doctorate", "Doktorgrad", ""},
		{"birth.date", "Geburtsdatum", "2. Mai 1994"},
		{"move_in", "Einzugsdatum", "1. März 2030"},
		{"registered_on", "Tag der Anmeldung", "4. März 2030"},
		{"new_home", "Anschrift", "Lindenallee 12, 05417 Lindenfurt"},
		{"kind", "Art der Wohnung", "Alleinige Wohnung"},
	}
}

func certificate() Draft {
	return Draft{
		Authority: town, Unit: "Bürgeramt", Kind: Certificate, Title: "Amtliche Meldebestätigung", Law: "§ 24 Abs. 2 BMG",
		Case: "UM-2030-1047", Values: eight(), Fee: "Diese Bestätigung ist kostenlos (§ 24 Abs. 2 BMG).",
	}
}

func decision() Draft {
	return Draft{
		Authority: town, Unit: "Bürgeramt", Kind: Decision, Title: "Bescheid über Ihre Anmeldung", Law: "§ 17 Abs. 1 BMG", Case: "UM-2030-1047",
		Recipient: Recipient{"Jana Wittkamp", authority.Address{Street: "Lindenallee", House: "12", Postcode: "05417", Town: "Lindenfurt"}},
		Orders:    []string{"Ihre Anmeldung vom 4. März 2030 wird nicht eingetragen."},
		Reasons:   []string{"Der Wohnungsgeber hat den Einzug nicht bestätigt."}, By: "Sabine Krohn",
	}
}

func make1(t *testing.T, s *Service, d Draft) Letter {
	t.Helper()
	l, err := s.Make(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAStoredLetterIsGenuineForWhoeverHasTheKey(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, ring := open(t, d)
		ctx := t.Context()
		l := make1(t, s, certificate())
		for range 2 { // twice is once
			if err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.Store(ctx, tx, l) }); err != nil {
				t.Fatal(err)
			}
		}
		html, data, sig, err := s.Files(ctx, town, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := ring.Signer(ctx, string(town), Purpose)
		if err != nil {
			t.Fatal(err)
		}
		if err := Verify(html, data, sig, signer.Public()); err != nil {
			t.Errorf("with the public key: %v", err)
		}
		if err := s.Genuine(ctx, html, data, sig); err != nil {
			t.Errorf("here: %v", err)
		}
		if _, _, _, err := s.Files(ctx, "passau", l.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another authority has the letter too: %v", err)
		}
	})
}

func TestAnOlderKeyStillSealsWhatItSealed(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, ring := open(t, d)
		old := make1(t, s, certificate())
		if err := ring.Rotate(t.Context(), string(town), Purpose); err != nil {
			t.Fatal(err)
		}
		fresh := make1(t, s, certificate())
		for _, l := range []Letter{old, fresh} {
			if err := s.Genuine(t.Context(), l.HTML, l.JSON, l.Sig); err != nil {
				t.Error(err)
			}
		}
		signer, err := ring.Signer(t.Context(), string(town), Purpose)
		if err != nil {
			t.Fatal(err)
		}
		if Verify(old.HTML, old.JSON, old.Sig, signer.Public()) == nil {
			t.Error("the new key alone vouches for an old letter")
		}
	})
}

func TestNothingAboutALetterCanBeChanged(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, ring := open(t, d)
	l, other := make1(t, s, certificate()), make1(t, s, certificate())
	signer, err := ring.Signer(t.Context(), string(town), Purpose)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	forged := []byte(base64.StdEncoding.EncodeToString(ed25519.Sign(stranger, l.JSON)))
	swap := func(b []byte, from, to string) []byte {
		changed := strings.Replace(string(b), from, to, 1)
		if changed == string(b) {
			t.Fatalf("nothing to change: %q", from)
		}
		return []byte(changed)
	}
	resealed := swap(l.JSON, `"Wittkamp"`, `"Wittkemp"`)
	raw, err := signer.Sign(resealed)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		html, data, sig []byte
		code            string
	}{
		"one letter of the text":        {swap(l.HTML, "Wittkamp", "Wittkemp"), l.JSON, l.Sig, "letter.error.changed"},
		"one letter of the data":        {l.HTML, swap(l.JSON, "Wittkamp", "Wittkemp"), l.Sig, "letter.error.seal"},
		"another letter's text":         {other.HTML, l.JSON, l.Sig, "letter.error.changed"},
		"another letter's seal":         {l.HTML, l.JSON, other.Sig, "letter.error.seal"},
		"a stranger's seal":             {l.HTML, l.JSON, forged, "letter.error.seal"},
		"a space that nobody sees":      {l.HTML, append(slices.Clone(l.JSON), ' '), l.Sig, "letter.error.form"},
		"a key that stands there twice": {l.HTML, swap(l.JSON, `{"authority":"lindenfurt"`, `{"authority":"x","authority":"lindenfurt"`), l.Sig, "letter.error.form"},
		"no seal":                       {l.HTML, l.JSON, nil, "letter.error.form"},
		"half a seal":                   {l.HTML, l.JSON, l.Sig[:44], "letter.error.form"},
		"no text":                       {nil, l.JSON, l.Sig, "letter.error.changed"},
		"five megabytes":                {make([]byte, 5<<20), l.JSON, l.Sig, "letter.error.form"},
	} {
		if err := Verify(tc.html, tc.data, tc.sig, signer.Public()); fault.CodeOf(err) != tc.code {
			t.Errorf("%s: got %v, want %s", name, err, tc.code)
		}
		if err := s.Genuine(t.Context(), tc.html, tc.data, tc.sig); fault.CodeOf(err) != tc.code {
			t.Errorf("%s, checked here: got %v, want %s", name, err, tc.code)
		}
	}
	if Verify(l.HTML, resealed, []byte(base64.StdEncoding.EncodeToString(raw)), signer.Public()) != nil {
		t.Error("the seal of changed data must be checked against the data, not against the text's words")
	}
	if Verify(l.HTML, l.JSON, l.Sig, signer.Public()[:31]) == nil {
		t.Error("half a key opened it")
	}
}

func TestAnUnknownAuthorityGetsNoKey(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, ring := open(t, d)
	l := make1(t, s, certificate())
	data := []byte(strings.Replace(string(l.JSON), `"lindenfurt"`, `"atlantis"`, 1))
	if err := s.Genuine(t.Context(), l.HTML, data, l.Sig); fault.CodeOf(err) != "letter.error.authority" {
		t.Errorf("got %v", err)
	}
	all, err := ring.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(all, func(i keys.Info) bool { return i.Owner == "atlantis" }) {
		t.Error("asking about an unknown authority made it a key")
	}
}

func TestTheConfirmationHoldsItsEightValuesAndNothingElse(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, _ := open(t, d)
	l := make1(t, s, certificate())
	if got := strings.Count(string(l.HTML), "data-field="); got != 8 {
		t.Errorf("%d values on the certificate, want 8", got)
	}
	var data map[string]any
	if err := json.Unmarshal(l.JSON, &data); err != nil {
		t.Fatal(err)
	}
	if values := data["values"].([]any); len(values) != 8 {
		t.Errorf("%d values in the data, want 8", len(values))
	}
	for _, key := range []string{"case", "recipient", "by", "remedy", "due"} {
		if _, there := data[key]; there {
			t.Errorf("the certificate's data hold %q", key)
		}
	}
	if strings.Contains(string(l.HTML)+string(l.JSON), "UM-2030-1047") {
		t.Error("the file number stands on a certificate")
	}
	for _, v := range eight() {
		if !strings.Contains(string(l.HTML), v.Shown()) {
			t.Errorf("%s is missing", v.Label)
		}
	}
	if !strings.Contains(string(l.HTML), "kostenlos") {
		t.Error("it does not say that it is free")
	}
	with := certificate()
	with.Recipient.Name = "Jana Wittkamp"
	if _, err := s.Make(t.Context(), with); fault.CodeOf(err) != "letter.error.kind" {
		t.Errorf("a certificate with an addressee: %v", err)
	}
}

func TestADecisionSaysWhoDecidedWhyAndWhatToDo(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, _ := open(t, d)
	l := make1(t, s, decision())
	for _, want := range []string{"Stadt Lindenfurt", "Sabine Krohn", "nicht eingetragen", "Wohnungsgeber", "Widerspruch", "8. April 2030", "(Beispiel", "UM-2030-1047", "Guten Tag Jana Wittkamp"} {
		if !strings.Contains(strings.ReplaceAll(string(l.HTML), "\u00a0", " "), want) {
			t.Errorf("the decision does not say %q", want)
		}
	}
	if l.Notified != (clock.Date{Y: 2030, M: 3, D: 8}) || l.Due != (clock.Date{Y: 2030, M: 4, D: 8}) {
		t.Errorf("notified %v, due %v", l.Notified, l.Due)
	}
	machine := decision()
	machine.By, machine.Automatic = "", true
	if html := string(make1(t, s, machine).HTML); !strings.Contains(html, "ohne Unterschrift") || strings.Contains(html, "Krohn") {
		t.Error("a decision by machine names a person or hides the machine")
	}
}

func TestADraftThatTheLawWouldNotLetOutIsRefused(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, _ := open(t, d)
	for name, tc := range map[string]struct {
		change func(*Draft)
		code   string
	}{
		"a decision nobody made":            {func(d *Draft) { d.By = "" }, "letter.error.kind"},
		"decided by both":                   {func(d *Draft) { d.Automatic = true }, "letter.error.kind"},
		"a decision without reasons":        {func(d *Draft) { d.Reasons = nil }, "letter.error.kind"},
		"reasons and none":                  {func(d *Draft) { d.WithoutReasons = "§ 39 Abs. 2 Nr. 1 VwVfG" }, "letter.error.kind"},
		"a decision that decides nothing":   {func(d *Draft) { d.Orders = nil }, "letter.error.kind"},
		"a decision to nobody":              {func(d *Draft) { d.Recipient = Recipient{} }, "letter.error.kind"},
		"no kind at all":                    {func(d *Draft) { d.Kind = "" }, "letter.error.kind"},
		"a letter without law":              {func(d *Draft) { d.Law = "" }, "letter.error.incomplete"},
		"text that reads the other way":     {func(d *Draft) { d.Reasons = []string{"\u202egnubielrE"} }, "letter.error.text"},
		"text that is no text":              {func(d *Draft) { d.Title = "\xff" }, "letter.error.text"},
		"a book":                            {func(d *Draft) { d.Reasons = []string{strings.Repeat("Warum? ", 10000)} }, "letter.error.text"},
		"a state whose remedy nobody knows": {func(d *Draft) { d.Authority = "passau" }, "letter.error.remedy"},
	} {
		draft := decision()
		tc.change(&draft)
		if _, err := s.Make(t.Context(), draft); fault.CodeOf(err) != tc.code {
			t.Errorf("%s: got %v, want %s", name, err, tc.code)
		}
	}
	if _, err := s.Make(t.Context(), Draft{Authority: "atlantis", Unit: "Amt", Kind: Information, Title: "x", Law: "x", Text: []string{"x"}}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a letter of an authority that does not exist: %v", err)
	}
}

func TestWhatAPersonWroteStaysText(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, _ := open(t, d)
	draft := decision()
	draft.Reasons = []string{`Sie schrieben: </article><script>alert(1)</script> & "so"`}
	html := string(make1(t, s, draft).HTML)
	if strings.Contains(html, "<script") || strings.Count(html, "</article>") != 1 {
		t.Error("what was written became part of the page")
	}
	if article := string(Article([]byte(html))); !strings.Contains(article, "&lt;script&gt;") || !strings.HasSuffix(article, "</article>") {
		t.Errorf("the letter was cut: %s", article)
	}
	if Article([]byte("<p>nothing</p>")) != nil {
		t.Error("found a letter where none is")
	}
}

func TestThePrintCopySaysWhatItIsAndLeavesNothingOut(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, _ := open(t, d)
	draft := decision()
	draft.Reasons = []string{strings.Repeat("Ägypten, Öl, Übermut, Straße. ", 400)}
	l := make1(t, s, draft)
	pdf, err := s.Print(l.JSON)
	if err != nil {
		t.Fatal(err)
	}
	text, pages := pdfText(t, pdf)
	for _, want := range []string{"Druckstück der elektronischen Urschrift", "Ägypten, Öl, Übermut, Straße", "Sabine Krohn", l.ID} {
		if !strings.Contains(text, want) {
			t.Errorf("the print copy does not say %q", want)
		}
	}
	if pages < 2 {
		t.Errorf("%d pages: the letter is cut off", pages)
	}
	if head, foot := strings.Index(text, "Stadt Lindenfurt"), strings.Index(text, "Ihr Recht"); head < 0 || foot < head {
		t.Error("the text does not stand in the order in which it is read")
	}
	draft.Recipient.Name = "Nguyễn Thị 🌳"
	if _, err := s.Print(make1(t, s, draft).JSON); fault.CodeOf(err) != "letter.error.glyph" {
		t.Errorf("a name that cannot be printed in full: %v", err)
	}
}

func TestTheEvidenceFolderHoldsEveryLetter(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, _ := open(t, d)
		ctx := t.Context()
		made := map[string]Letter{}
		for range 3 {
			l := make1(t, s, certificate())
			made[l.ID] = l
		}
		err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, l := range made {
				if err := s.Store(ctx, tx, l); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := s.Export(ctx, dir); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "letters", "*"))
		if err != nil || len(files) != 9 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for id, l := range made {
			for ending, want := range map[string][]byte{".html": l.HTML, ".json": l.JSON, ".sig": l.Sig} {
				if got, err := os.ReadFile(filepath.Join(dir, "letters", id+ending)); err != nil || string(got) != string(want) {
					t.Errorf("%s%s differs: %v", id, ending, err)
				}
			}
		}
	})
}

func TestEveryFaultHasItsWords(t *testing.T) {
	b := i18n.New()
	if err := b.Add("letter", Texts); err != nil {
		t.Fatal(err)
	}
}

func FuzzVerify(f *testing.F) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	seal := func(data []byte) []byte {
		return []byte(base64.StdEncoding.EncodeToString(ed25519.Sign(private, data)))
	}
	html := []byte("<p>x</p>")
	good := []byte(`{"authority":"a","html_sha256":"` + strings.Repeat("0", 64) + `","id":"` + strings.Repeat("a", 26) + `"}`)
	f.Add(html, good, seal(good))
	f.Add(html, []byte(`{"issued":"x"}`), []byte("AAAA"))
	f.Add([]byte{}, []byte(`[`), []byte(""))
	f.Fuzz(func(t *testing.T, html, data, sig []byte) {
		if err := Verify(html, data, sig, public); err == nil {
			t.Fatal("something that was never sealed is genuine")
		} else if !fault.Is(err, fault.Invalid) {
			t.Fatalf("kind of %v", err)
		}
		_ = Verify(html, data, seal(data), public) // sealed nonsense must not crash the reader
	})
}
