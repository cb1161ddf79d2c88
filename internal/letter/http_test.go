package letter

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// upload posts files, by name, as a browser does.
func upload(t *testing.T, w *web.Server, files map[string][]byte) (int, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, content := range files {
		part, err := form.CreateFormFile("dateien", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/siegel", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept", "text/html")
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}

func TestAnybodyCanCheckALetterByItsFiles(t *testing.T) {
	d := testkit.Open(t, testkit.SQLite(t), testkit.Clock)
	s, _ := open(t, d)
	texts := i18n.New()
	if err := texts.Add("letter", Texts); err != nil {
		t.Fatal(err)
	}
	w := web.New(web.Options{Clock: d.Clock(), Texts: texts, Layout: os.DirFS("../../web/templates")})
	s.Routes(w)
	l := make1(t, s, certificate()) // never stored: the files are enough
	changed := []byte(strings.Replace(string(l.HTML), "Wittkamp", "Wittkemp", 1))
	for name, tc := range map[string]struct {
		files  map[string][]byte
		status int
		says   string
	}{
		"all three":           {map[string][]byte{"a.html": l.HTML, "a.json": l.JSON, "a.sig": l.Sig}, 200, "Echt und unverändert"},
		"loud names":          {map[string][]byte{"A.HTML": l.HTML, "B.JSON": l.JSON, "C.SIG": l.Sig}, 200, "Stadt Lindenfurt hat diesen Brief"},
		"a changed letter":    {map[string][]byte{"a.html": changed, "a.json": l.JSON, "a.sig": l.Sig}, 422, "Der Text des Briefes wurde verändert."},
		"one file missing":    {map[string][]byte{"a.html": l.HTML, "a.json": l.JSON}, 422, "genau drei Dateien"},
		"the same kind twice": {map[string][]byte{"a.html": l.HTML, "b.html": l.HTML, "a.json": l.JSON, "a.sig": l.Sig}, 422, "genau drei Dateien"},
		"nothing at all":      {nil, 422, "genau drei Dateien"},
		"five megabytes":      {map[string][]byte{"a.html": make([]byte, 5<<20)}, 413, ""},
	} {
		status, page := upload(t, w, tc.files)
		if status != tc.status || !strings.Contains(page, tc.says) {
			t.Errorf("%s: answers %d, want %d and %q", name, status, tc.status, tc.says)
		}
		if status != http.StatusOK && strings.Contains(page, "Echt und unverändert") {
			t.Errorf("%s: called genuine", name)
		}
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/siegel", nil))
	if answer.Code != http.StatusOK || strings.Contains(answer.Body.String(), "ergebnis") {
		t.Errorf("the empty page answers %d, or shows a result", answer.Code)
	}
	answer = httptest.NewRecorder()
	w.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/brief.css", nil))
	if answer.Code != http.StatusOK || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/css") {
		t.Errorf("the sheet of originals answers %d %s", answer.Code, answer.Header().Get("Content-Type"))
	}
}
