package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amtsweg/amtsweg/internal/app"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/demo"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// told is what a person at the terminal gets.
type told struct {
	*testing.T
	code    int
	acked   []string
	results map[string]demo.Result
	order   []string
	sum     demo.Summary
	stderr  string
	args    []string // that name the database
}

// onBothEngines tells a story in an empty place, on SQLite and on PostgreSQL; where names it on the command line.
func onBothEngines(t *testing.T, story func(t *testing.T, where []string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		story(t, []string{"--data", t.TempDir()})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		story(t, []string{"--data", t.TempDir(), "--database", testkit.Postgres(t)})
	})
}

func tellIn(t *testing.T, moves string, where []string, more ...string) told {
	t.Helper()
	file := filepath.Join(t.TempDir(), "moves.jsonl")
	if err := os.WriteFile(file, []byte(moves), 0o600); err != nil {
		t.Fatal(err)
	}
	return tellWith(t, where, append([]string{"--input", file}, more...)...)
}

func tellWith(t *testing.T, where []string, more ...string) told {
	t.Helper()
	var out, errs bytes.Buffer
	s := told{T: t, results: map[string]demo.Result{}, args: where}
	s.code = app.Main(slices.Concat([]string{"story", "move-house", "--json"}, where, more), nil, &out, &errs)
	s.stderr = errs.String()
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.read(lines.Text())
	}
	return s
}

// read takes a line of standard output: an acknowledgement or JSON, and nothing else.
func (s *told) read(line string) {
	s.Helper()
	if id, ack := strings.CutPrefix(line, "ack "); ack {
		if len(s.order) > 0 {
			s.Errorf("acknowledged after the results: %s", line)
		}
		s.acked = append(s.acked, id)
		return
	}
	var r demo.Result
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		s.Errorf("neither an acknowledgement nor JSON: %s", line)
	}
	if r.ID != "" {
		s.results[r.ID], s.order = r, append(s.order, r.ID)
		return
	}
	if err := json.Unmarshal([]byte(line), &s.sum); err != nil {
		s.Error(err)
	}
}

// cases lists what stands in the database, by the command that others use too.
func (s told) cases() map[string]string {
	s.Helper()
	var out, errs bytes.Buffer
	if code := app.Main(append([]string{"case", "list", "--json"}, s.args...), nil, &out, &errs); code != 0 {
		s.Fatalf("case list ended with %d: %s", code, errs.String())
	}
	all := map[string]string{}
	for line := range strings.Lines(out.String()) {
		var c struct{ ID, Status string }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			s.Fatal(err)
		}
		all[c.ID] = c.Status
	}
	return all
}

// expected is one move and how it must end.
type expected struct {
	id, rest       string // members of the line besides id and people
	people         string // members of the person besides name and birthday
	status, reason string
	to             string // who is told; nobody else may be
	said           []int  // what pages answered that said no
	typed          int    // text inputs; -1: some
}

const everybody = "ellerbrueck bzst dsrv beitragsservice"

var stories = []expected{
	{id: "nothing typed", rest: `"referral":"valid","landlord":"match"`, status: "done", reason: "registered", to: everybody},
	{id: "town's page", rest: `"landlord":"match"`, status: "done", reason: "registered", to: everybody, typed: 1},
	{id: "church", people: `,"religion":"rk"`, rest: `"referral":"valid","objections":["parties"]`, status: "done", reason: "registered", to: "ellerbrueck bzst dsrv rk beitragsservice"},
	{id: "foreigner", people: `,"nationality":"FR"`, rest: `"referral":"valid"`, status: "done", reason: "registered", to: "ellerbrueck bzst dsrv azr beitragsservice"},
	{id: "owner", rest: `"landlord":"owner"`, status: "done", reason: "registered", to: everybody, typed: 5},
	{id: "code", rest: `"landlord":"code"`, status: "done", reason: "registered", to: everybody, typed: 6},
	{id: "wrong code", rest: `"referral":"valid","landlord":"code","faults":["wrong_code"]`, status: "done", reason: "registered", to: everybody, typed: 2, said: []int{422}},
	{id: "no code", rest: `"referral":"valid","landlord":"code","faults":["no_code"]`, status: "desk", reason: "move_confirmed"},
	{id: "no landlord", rest: `"referral":"valid","landlord":"none"`, status: "desk", reason: "move_confirmed"},
	{id: "mismatch", rest: `"landlord":"mismatch"`, status: "desk", reason: "landlord_agrees", typed: 2},
	{id: "mismatch at the portal", rest: `"referral":"valid","landlord":"mismatch"`, status: "desk", reason: "landlord_agrees", typed: 1},
	{id: "unknown mark", rest: `"faults":["unknown_mark"]`, status: "desk", reason: "move_confirmed", typed: -1},
	{id: "late", rest: `"referral":"valid","faults":["late"]`, status: "done", reason: "registered", to: everybody},
	{id: "early", rest: `"referral":"valid","faults":["too_early"]`, status: "waiting", reason: "day"},
	{id: "secondary", rest: `"referral":"valid","kind":"secondary"`, status: "desk", reason: "only_main_home_online"},

	{id: "forged", rest: `"referral":"forged"`, status: "refused", reason: "referral_forged", said: []int{403}},
	{id: "expired", rest: `"referral":"expired"`, status: "refused", reason: "referral_expired", said: []int{410}},
	{id: "other person", rest: `"referral":"valid","faults":["other_person"]`, status: "refused", reason: "referral_other_person", said: []int{403}},
	{id: "referral twice", rest: `"referral":"valid","faults":["referral_twice"]`, status: "done", reason: "registered", to: everybody, said: []int{409}},
	{id: "referral at once", rest: `"referral":"valid","faults":["referral_twice_at_once"]`, status: "done", reason: "registered", to: everybody, said: []int{409}},
	{id: "not found", rest: `"referral":"valid","faults":["not_found"]`, status: "refused", reason: "not_found", said: []int{409}},
	{id: "twin", rest: `"faults":["twin"]`, status: "refused", reason: "ambiguous", said: []int{409}},
	{id: "unknown house", rest: `"referral":"valid","faults":["unknown_house"]`, status: "desk", reason: "real_address"},
	{id: "impossible date", rest: `"faults":["impossible_date"]`, status: "waiting", reason: "form.apply.move_in", typed: -1, said: []int{422, 422}},
	{id: "before birth", rest: `"faults":["before_birth"]`, status: "waiting", reason: "form.apply.move_in", typed: 1, said: []int{422}},
	{id: "too far", rest: `"referral":"valid","faults":["too_far"]`, status: "waiting", reason: "form.apply.move_in", said: []int{422}},
	{id: "insists", rest: `"faults":["before_birth","insists"]`, status: "desk", reason: "after_birth insists", typed: 1, said: []int{422}},
	{id: "low level", rest: `"faults":["level_low"]`, status: "done", reason: "registered", to: everybody, typed: 1},
	{id: "refuses", rest: `"faults":["refuse"]`, status: "desk", reason: "move_confirmed typed", typed: -1},
	{id: "second case", rest: `"faults":["second_case"]`, status: "desk", reason: "no_second_case", typed: 2},
	{id: "wants a person", rest: `"faults":["wants_person"]`, status: "desk", reason: "wants_person", typed: 1},
	{id: "remarks", rest: `"faults":["remarks"]`, status: "desk", reason: "remarks", typed: 2},
	{id: "big body", rest: `"faults":["big_body"]`, status: "done", reason: "registered", to: everybody, typed: 1, said: []int{413}},
	{id: "double click", rest: `"faults":["double_click"]`, status: "done", reason: "registered", to: everybody, typed: 1},
	{id: "double click at once", rest: `"faults":["double_click_at_once"]`, status: "done", reason: "registered", to: everybody, typed: 1},
	{id: "double click from a portal", rest: `"referral":"valid","faults":["double_click_at_once"]`, status: "done", reason: "registered", to: everybody, said: []int{}},
	{id: "register down", rest: `"referral":"valid","faults":["register_down"]`, status: "done", reason: "registered", to: everybody, said: []int{503}},
	{id: "stays in town", rest: `"new":{"street":"Gerberstraße","house":"12","postcode":"05233","town":"Ellerbrück"}`, status: "done", reason: "registered", to: "bzst dsrv beitragsservice", typed: 1},
	{id: "a member nobody knows", rest: `"referral":"valid","pets":["dog"]`, status: "done", reason: "registered", to: everybody},
	{id: "not born yet", people: `,"birth":"2100-01-01"`, rest: `"landlord":"match"`, status: "refused", reason: "card", said: []int{422}},
	{id: "leaves", rest: `"referral":"valid","faults":["leaves"]`, status: "waiting", reason: "form.apply"},
}

// line is the move as it stands in the file: every person has a name of their own and is new.
func (e expected) line(i int) string {
	return fmt.Sprintf(`{"id":%q,"people":[{"given":"Berta","family":"Probe%c%c","birth":"1988-04-%02d"%s}],`+
		`"old":{"street":"Mühlgasse","house":"%d","postcode":"05233","town":"Ellerbrück"},"move_in":"today-2",%s}`,
		e.id, 'a'+i/26, 'a'+i%26, i%28+1, e.people, i%20+1, e.rest)
}

func file(list []expected) string {
	var b strings.Builder
	for i, e := range list {
		b.WriteString(e.line(i) + "\n")
	}
	return b.String()
}

func TestEveryKindOfMoveEndsAsTheDocumentsSay(t *testing.T) {
	onBothEngines(t, func(t *testing.T, where []string) {
		s := tellIn(t, file(stories), where)
		for i, e := range stories {
			if i < len(s.order) && s.order[i] != e.id {
				s.Fatalf("result %d is %q, want %q", i, s.order[i], e.id)
			}
			s.check(e)
		}
		s.sums()
	})
}

func (s told) check(e expected) {
	s.Helper()
	r := s.results[e.id]
	if r.Status != e.status || r.Reason != e.reason {
		s.Errorf("%s: %s %q, want %s %q (%+v)", e.id, r.Status, r.Reason, e.status, e.reason, r.Said)
	}
	if (r.Case == nil) != (e.status == "refused") {
		s.Errorf("%s: case %v", e.id, r.Case)
	}
	if e.typed >= 0 && r.FieldsTyped != e.typed || e.typed < 0 && r.FieldsTyped == 0 {
		s.Errorf("%s: typed %d, want %d", e.id, r.FieldsTyped, e.typed)
	}
	var to []string
	for _, n := range r.Notices {
		to = append(to, n.To)
		if !n.Acknowledged || n.Law == "" || len(n.Fields) == 0 {
			s.Errorf("%s: notice %+v", e.id, n)
		}
	}
	if got := strings.Join(to, " "); got != e.to {
		s.Errorf("%s: told %q, want %q and nobody else", e.id, got, e.to)
	}
	want := 0
	if e.status == "done" {
		want = 8
	}
	if r.Items != want {
		s.Errorf("%s: %d items on the confirmation, want %d", e.id, r.Items, want)
	}
	s.saidNo(e, r)
}

func (s told) saidNo(e expected, r demo.Result) {
	s.Helper()
	if e.said != nil && len(e.said) == 0 { // what the other of two clicks reads is left to chance
		return
	}
	var got []int
	for _, said := range r.Said {
		got = append(got, said.Status)
	}
	if !slices.Equal(got, e.said) {
		s.Errorf("%s: pages said no with %v, want %v: %+v", e.id, got, e.said, r.Said)
	}
}

// sums compares the last line with the cases, and with what must not have happened.
func (s told) sums() {
	s.Helper()
	all, waiting := s.cases(), 0
	for _, id := range s.acked {
		if all[id] == "" {
			s.Errorf("case %s was acknowledged and is not there", id)
		}
	}
	for _, r := range s.results {
		if r.Case != nil && all[*r.Case] != r.Status {
			s.Errorf("%s: %s, but the list of cases says %q", r.ID, r.Status, all[*r.Case])
		}
		if r.Status == "waiting" || r.Status == "desk" {
			waiting++
		}
	}
	if len(all) != len(s.acked) || s.sum.Cases != len(all) {
		s.Errorf("%d cases, %d acknowledged, the sum says %d: a case began that nobody was told of", len(all), len(s.acked), s.sum.Cases)
	}
	if !s.sum.OK || s.code != 0 || !s.sum.Ledger.Verified || s.sum.Ledger.Size == 0 {
		s.Errorf("ended with %d, %+v\n%s", s.code, s.sum, s.stderr)
	}
	if waiting == 0 && s.sum.GrantsOpen != 0 {
		s.Errorf("%d grants are open although every case has ended", s.sum.GrantsOpen)
	}
	if !strings.Contains(s.stderr, "seed ") {
		s.Errorf("standard error names no seed: %q", s.stderr)
	}
}

func TestAFamilyMovesInOneCaseAndNothingIsTyped(t *testing.T) {
	onBothEngines(t, func(t *testing.T, where []string) {
		s := tellIn(t, `{"id":"four","people":[{"given":"Ada","family":"Quartett","birth":"1988-03-04"},{"given":"Bo","family":"Quartett","birth":"1987-02-01"},`+
			`{"given":"Cleo","family":"Quartett","birth":"2016-05-06","religion":"ev"},{"given":"Dan","family":"Quartett","birth":"2019-07-08"}],`+
			`"referral":"valid","landlord":"match","objections":"parties, jubilees"}`, where)
		s.sums()
		r := s.results["four"]
		if r.Status != "done" || r.FieldsTyped != 0 || r.Items != 8 || r.Certificates != 4 || len(r.Said) != 0 {
			t.Errorf("%+v", r)
		}
		var to []string
		for _, n := range r.Notices {
			to = append(to, n.To)
		}
		if got, want := strings.Join(to, " "), "ellerbrueck bzst dsrv ev beitragsservice"; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

func TestAHouseholdIsMadeOfWhomeverTheFileNames(t *testing.T) {
	t.Parallel()
	young := func(years int) clock.Date { return clock.DateOf(clock.System().Now()).AddMonths(-12 * years) }
	s := tellIn(t, fmt.Sprintf(`{"id":"three adults","people":[{"given":"Ada","family":"Trio","birth":"1988-03-04"},{"given":"Bo","family":"Trio","birth":"1987-02-01"},{"given":"Oma","family":"Trio","birth":"1950-02-01"}]}
{"id":"fifteen","people":[{"given":"Mio","family":"Solo","birth":"%s"}],"referral":"valid"}
{"id":"seventeen","people":[{"given":"Lea","family":"Solo","birth":"%s"}],"referral":"valid"}
{"id":"back again","people":[{"given":"Ada","family":"Trio","birth":"1988-03-04"},{"given":"Bo","family":"Trio","birth":"1987-02-01"}],"old":{"street":"Lindenallee","house":"4","postcode":"05417","town":"Lindenfurt"},"new":{"street":"Mühlgasse","house":"3","postcode":"05233","town":"Ellerbrück"},"move_in":"today"}
`, young(15), young(17)), []string{"--data", t.TempDir()})
	s.sums()
	for id, want := range map[string]struct {
		status, reason, told string
		certificates         int
	}{
		"three adults": {"done", "registered", "ellerbrueck", 2}, // the third is no relative: she makes an application of her own
		"fifteen":      {"waiting", "form.apply.trotzdem", "", 0},
		"seventeen":    {"done", "registered", "ellerbrueck", 1},
		"back again":   {"done", "registered", "lindenfurt", 2},
	} {
		r := s.results[id]
		if r.Status != want.status || r.Reason != want.reason || r.Certificates != want.certificates {
			t.Errorf("%s: %+v", id, r)
		}
		if want.told != "" && (len(r.Notices) == 0 || r.Notices[0].To != want.told) {
			t.Errorf("%s: told %+v, want %s first", id, r.Notices, want.told)
		}
	}
}

func TestPeopleAreGeneratedWhenResidentsRunOut(t *testing.T) {
	t.Parallel()
	where := []string{"--data", t.TempDir()}
	s := tellWith(t, where, "--count", "6", "--seed", "7")
	s.sums()
	if len(s.results) != 6 || s.sum.Fetches < 6 || s.sum.Authorities < 5 || s.sum.Ms.Check <= 0 || s.sum.Ms.Total < s.sum.Ms.Check {
		t.Errorf("%d results, %+v", len(s.results), s.sum)
	}
	for _, r := range s.results {
		if r.Status != "done" || r.FieldsTyped != 0 || r.Certificates == 0 {
			t.Errorf("%+v", r)
		}
	}
	again := tellWith(t, where, "--count", "3", "--seed", "7") // the same people cannot move twice
	if len(again.cases()) != 9 || again.sum.Cases != 3 || !again.sum.OK {
		t.Errorf("%d cases, %+v\n%s", len(again.cases()), again.sum, again.stderr)
	}
}

func TestAWrongFileOfMovesChangesNothing(t *testing.T) {
	t.Parallel()
	good := stories[0].line(0)
	for name, c := range map[string]struct{ text, says string }{
		"no JSON":             {good + "\nAnna zieht um\n", "2"},
		"an unknown word":     {good + "\n" + `{"id":"x","people":[{"given":"A","family":"B","birth":"1990-01-01"}],"faults":["coffee"]}`, "coffee"},
		"nobody":              {`{"id":"x","people":[]}`, "people"},
		"the same id again":   {good + "\n" + good, "1"},
		"a day that is none":  {`{"id":"x","people":[{"given":"A","family":"B","birth":"1990-01-01"}],"move_in":"soon"}`, "soon"},
		"half an address":     {`{"id":"x","people":[{"given":"A","family":"B","birth":"1990-01-01"}],"new":{"street":"Lindenallee"}}`, "new"},
		"a birthday missing":  {`{"id":"x","people":[{"given":"A","family":"B"}]}`, "birth"},
		"two moves on a line": {good + good, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			s := tellIn(t, c.text, []string{"--data", dir})
			if s.code != 2 || !strings.Contains(s.stderr, c.says) || len(s.acked)+len(s.order) != 0 {
				t.Errorf("ended with %d: %s", s.code, s.stderr)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("a world was made although the file is wrong")
			}
		})
	}
}
