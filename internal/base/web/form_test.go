package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"pgregory.net/rapid"
)

func TestDaysAsPeopleWriteThem(t *testing.T) {
	first := clock.Date{Y: 2030, M: 3, D: 1}
	for _, s := range []string{"2030-03-01", "1.3.2030", "01.03.2030", " 1. 3. 2030 ", "1. März 2030", "1.\u00a0März\u00a02030", "1 March 2030", "01 MÄRZ 2030"} {
		if d, ok := web.ParseDay(s); !ok || d != first {
			t.Errorf("%q is read as %v, %v", s, d, ok)
		}
	}
	for _, s := range []string{
		"", "1.3.30", "31.2.2030", "29.2.2030", "0.3.2030", "1.13.2030", "1.3", "1.3.2030.4", "2030-3-1", "1/3/2030",
		"morgen", "1.3.-203", "+1.3.2030", "1.3.0030", "१.३.२०३०", "2030-02-30",
	} {
		if d, ok := web.ParseDay(s); ok {
			t.Errorf("%q is read as %v", s, d)
		}
	}
}

func TestEveryDayIsReadInEveryWayItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := clock.Date{Y: 1900, M: 1, D: 1}.AddDays(rapid.IntRange(0, 80000).Draw(t, "day"))
		for _, s := range []string{d.String(), d.Time().Format("2.1.2006"), d.Time().Format("02.01.2006"), d.Time().Format("2 January 2006")} {
			if got, ok := web.ParseDay(s); !ok || got != d {
				t.Fatalf("%q is read as %v, %v", s, got, ok)
			}
		}
	})
}

func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"2030-03-01", "1.3.2030", "1. März 2030", "", "...", "99.99.9999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := web.ParseDay(s)
		if ok != !d.IsZero() {
			t.Fatalf("%q: %v, %v", s, d, ok)
		}
		if back, again := web.ParseDay(d.String()); ok && (!again || back != d) {
			t.Fatalf("%q is a day that cannot be read back: %v", s, d)
		}
	})
}

// form posts values and hands the form to look.
func form(t *testing.T, values url.Values, look func(*web.Call, *web.Form)) {
	t.Helper()
	h := build(t, nil)
	h.Handle("POST", "/form", web.Public, func(c *web.Call) error {
		f, err := c.Form()
		if err != nil {
			return err
		}
		look(c, f)
		return c.JSON(http.StatusOK, "seen")
	})
	h.post("/form", values).sees(t, http.StatusOK, "seen")
}

func TestWhatIsTypedIsCleaned(t *testing.T) {
	values := url.Values{
		"name": {" \tJo\u0308rg\u00a0\u202e Müller\x00\x07 \r\n"}, "text": {"eins\r\nzwei\x01\n"}, "tick": {"ja"}, "who": {"a", " b "},
	}
	form(t, values, func(_ *web.Call, f *web.Form) {
		for _, c := range []struct{ got, want string }{
			{f.Text("name"), "Jörg Müller"},
			{f.Lines("text"), "eins\nzwei"},
			{f.Text("nothing"), ""},
			{strings.Join(f.All("who"), ","), "a,b"},
			{f.Raw("text"), "eins\r\nzwei\x01\n"},
		} {
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		}
		if !f.Ticked("tick") || f.Ticked("tock") || !f.Has("who") {
			t.Error("ticks are not read right")
		}
	})
}

func TestFieldsAreFilledWithWhatWasSent(t *testing.T) {
	values := url.Values{"given": {"Jana"}, "flat": {"b"}, "who": {"b", "c"}, "sure": {"ja"}, "new_street": {"Lindenallee"}, "birth": {"forged"}}
	form(t, values, func(c *web.Call, f *web.Form) {
		f.Fail("new_street", "move.error.given")
		options := []web.Choice{{Value: "a", Picked: true}, {Value: "b"}}
		fields := f.Fill(
			web.Field{Kind: web.TextField, Name: "given", Value: "Tobias"},
			web.Field{Kind: web.ChoiceField, Name: "flat", Choices: options},
			web.Field{Kind: web.TickField, Name: "sure"},
			c.Address("new", "Neu", "Alte Gasse", "1", "22222", "Neustadt"),
			web.Field{Kind: web.ReadonlyField, Name: "birth", Value: "14.06.1995"},
		)
		if fields[0].Value != "Jana" || fields[1].Choices[0].Picked || !fields[1].Choices[1].Picked || !fields[2].Ticked {
			t.Errorf("fields %+v", fields)
		}
		if !options[0].Picked {
			t.Error("the choices of the caller were changed")
		}
		if p := fields[3].Parts[0]; p.Value != "Lindenallee" || p.Error != "Bitte geben Sie Ihren Vornamen an." {
			t.Errorf("street %+v", p)
		}
		if fields[4].Value != "14.06.1995" {
			t.Error("a field that cannot be changed was changed")
		}
	})
	var none *web.Form
	if got := none.Fill(web.Field{Name: "given", Value: "Jana"}); got[0].Value != "Jana" || none.Failed() || len(none.Errors()) != 0 {
		t.Error("a page without a form does not stay as it is")
	}
}

func TestFaultsOfFieldsStandAtTheirFieldsAndOthersDoNot(t *testing.T) {
	form(t, url.Values{}, func(_ *web.Call, f *web.Form) {
		if !f.Take(fault.Field("day", "move.error.day", "Day", "31.2.")) || f.ErrorOf("day") != "Den Tag 31.2. gibt es nicht." {
			t.Errorf("errors %v", f.Errors())
		}
		both := errors.Join(fault.Field("given", "move.error.given"), fault.New(fault.Conflict, "move.error.secret"))
		if f.Take(both) || f.ErrorOf("given") == "" {
			t.Error("a fault that belongs to no field was swallowed")
		}
		if f.Take(errors.New("broken")) || f.Take(fault.New(fault.Busy, "")) || len(f.Errors()) != 2 {
			t.Errorf("errors %v", f.Errors())
		}
	})
}

func FuzzForm(f *testing.F) {
	f.Add("given=Jana&day=1.3.2030")
	f.Add("given=%00%ff&given=a%0d%0ab")
	var look func(*web.Form)
	h := build(f, nil)
	h.Handle("POST", "/form", web.Public, func(c *web.Call) error {
		form, err := c.Form()
		if err != nil {
			return err
		}
		look(form)
		return c.JSON(http.StatusOK, "seen")
	})
	f.Fuzz(func(t *testing.T, body string) {
		values, err := url.ParseQuery(body)
		if err != nil || len(body) > 1<<16 {
			t.Skip()
		}
		for _, all := range values {
			if slices.ContainsFunc(all, func(s string) bool { return !utf8.ValidString(s) }) {
				t.Skip()
			}
		}
		for name := range values {
			if !utf8.ValidString(name) {
				t.Skip()
			}
		}
		h.t = t
		look = func(form *web.Form) {
			for name := range values {
				text := form.Text(name)
				if strings.ContainsAny(text, "\x00\r\n\t\u202e") || text != strings.TrimSpace(text) || !utf8.ValidString(text) {
					t.Errorf("%q came through as %q", values.Get(name), text)
				}
			}
		}
		h.post("/form", values).sees(t, http.StatusOK, "seen")
	})
}
