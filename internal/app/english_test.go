package app_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

var recordedInGerman = regexp.MustCompile(`<dt>Recorded in German</dt>\s*<dd>[^<]*</dd>`)

// TestACockpitInEnglishTellsInEnglishWhatWasRecordedInGerman lets somebody move and read who had their data, in English.
func TestACockpitInEnglishTellsInEnglishWhatWasRecordedInGerman(t *testing.T) {
	towns(t, func(t town) {
		browser := testkit.Browser(t.T, t.Web, func(r *http.Request) { r.Header.Set("Accept-Language", "en") })
		get := func(path string) string {
			t.Helper()
			res, err := browser.Get("http://localhost:8080" + path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close() //nolint:errcheck // only read
			b, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
			}
			return html.UnescapeString(string(b))
		}
		get("/demo?als=church&stand=fertig")
		if err := t.Jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := t.Ledger.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		bodies, err := db.All(t.Context(), t.DB, db.Scalar[[]byte], "SELECT body FROM ledger_record WHERE subject <> ''")
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, b := range bodies {
			var r struct{ Purpose, Reason string }
			if err := json.Unmarshal(b, &r); err != nil {
				t.Fatal(err)
			}
			said = append(said, r.Purpose, r.Reason)
		}
		slices.Sort(said)
		said = slices.DeleteFunc(slices.Compact(said), func(s string) bool { return s == "" })
		if len(said) < 12 {
			t.Fatalf("only %d sentences were recorded: %q", len(said), said)
		}
		seen := 0
		for _, path := range []string{"/zugriffe", "/zugriffe?vor=8", "/freigaben", "/freigaben/beendet"} {
			page := get(path)
			seen += len(recordedInGerman.FindAllString(page, -1))
			page = recordedInGerman.ReplaceAllString(page, "")
			for _, s := range said {
				if strings.Contains(page, s) {
					t.Errorf("%s says in German: %s", path, s)
				}
			}
		}
		if seen < 10 {
			t.Errorf("%d entries name the German words of the record", seen)
		}
	})
}
