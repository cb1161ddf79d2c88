package procedure

import (
	"net/http"
	"slices"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"github.com/amtsweg/amtsweg/internal/base/web"
	"github.com/amtsweg/amtsweg/internal/catalog"
)

// sheet is evidence as the person reads it: every group with its real value, one tick below.
type releaseSheet struct {
	Request, Hash string
	Title, Why    string
	Person        string // whose data, if not one's own
	From, To      string
	Law, Until    string
	Icon          string
	Groups        []releaseGroup
	Absent        []string // groups of which the register has nothing, by name
	Missing       bool     // the register has nothing to tell
	Tick          web.Field
}

// releaseGroup is one group of values: Value on one line, or Items where its parts need names.
type releaseGroup struct {
	Name, Value string
	Items       [][]web.Fact
}

type releasePage struct {
	frame
	Sheets  []releaseSheet
	Changed bool
	Typing  bool // refusing means typing
}

func (p *Pages) showRelease(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) error {
	list, err := p.Previews(c.Context(), cs)
	if fault.Is(err, fault.Unavailable) {
		fr, err := p.frame(c, cs, ed, nil)
		if err != nil {
			return err
		}
		return c.Render(http.StatusServiceUnavailable, "procedure/away.html", fr)
	}
	if err != nil {
		return err
	}
	fr, err := p.frame(c, cs, ed, f)
	if err != nil {
		return err
	}
	page := releasePage{frame: fr, Changed: cs.State.Changed}
	for _, v := range list {
		s := p.sheet(c, cs, ed, v)
		s.Tick = f.Fill(s.Tick)[0]
		page.Sheets = append(page.Sheets, s)
		page.Typing = page.Typing || slices.ContainsFunc(v.Evidence.From, func(s catalog.Source) bool { return s.Kind == "form" })
	}
	status := http.StatusOK
	if f != nil && f.Failed() {
		status = http.StatusUnprocessableEntity
	}
	return c.Render(status, "procedure/release.html", page)
}

func (p *Pages) sheet(c *web.Call, cs Case, ed *catalog.Edition, v Preview) releaseSheet {
	name := v.Evidence.Name
	s := releaseSheet{
		Request: v.Request, Hash: v.Hash, Missing: v.Hash == "", Title: ed.Text(c.Lang(), "evidence."+name+".title"),
		Why: ed.Text(c.Lang(), "evidence."+name+".purpose"), From: p.Who(string(v.Holder)), To: p.Who(string(cs.Authority)), Law: v.Evidence.Law,
		Icon:  sheetIcons[v.Evidence.From[0].Name],
		Until: i18n.Day(c.Lang(), c.Today().AddDays(int(releaseFor.Hours()/24))),
	}
	if s.Icon == "" {
		s.Icon = "folder"
	}
	if v.Subject != cs.Subject {
		s.Person = nameOf(v.Values)
	}
	like := v.Evidence
	if like.Like != "" {
		like, _ = ed.EvidenceNamed(like.Like)
	}
	for _, g := range like.Fields {
		if group := group(c, ed, like.Name+"."+g.Name, g, v.Values[g.Name]); group.Value != "" || group.Items != nil {
			s.Groups = append(s.Groups, group)
		} else {
			s.Absent = append(s.Absent, group.Name)
		}
	}
	s.Tick = web.Field{Kind: web.TickField, Name: "frei_" + v.Request, Value: "ja", Label: c.T("procedure.release.tick", "Title", s.Title, "To", s.To)}
	if s.Person != "" {
		s.Tick.Label = c.T("procedure.release.tick_person", "Person", s.Person, "To", s.To)
	}
	return s
}

// sheetIcons show where evidence comes from.
var sheetIcons = map[string]string{"residents": "draft", "landlord_confirmations": "key"}

// manyParts is from how many parts on a group names each of them.
const manyParts = 4

// group writes one group of values; empty if the register has nothing.
func group(c *web.Call, ed *catalog.Edition, path string, field catalog.Field, value any) releaseGroup {
	out := releaseGroup{Name: ed.Label(c.Lang(), path)}
	rows, many := value.([]any)
	if !many {
		rows = []any{value}
	}
	for _, row := range rows {
		parts, isGroup := row.(map[string]any)
		if !isGroup || len(field.Fields) < manyParts {
			continue
		}
		var item []web.Fact
		for _, part := range field.Fields {
			if at := path + "." + part.Name; parts[part.Name] != nil {
				item = append(item, web.Fact{Name: ed.Label(c.Lang(), at), Value: ed.PrintValue(c.Lang(), at, parts[part.Name])})
			}
		}
		if len(item) >= manyParts {
			out.Items = append(out.Items, item)
		}
	}
	if text := ed.PrintValue(c.Lang(), path, value); out.Items == nil && text != ed.PrintValue(c.Lang(), path, nil) {
		out.Value = text
	}
	return out
}

// takeRelease reads the ticks. Going on without one is a refusal only if the person pressed the button that says so.
func (p *Pages) takeRelease(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) error {
	var replies []Reply
	without := f.Has("ohne")
	for _, request := range f.All("anfrage") {
		r := Reply{Request: request, Hash: f.Text("stand_" + request), Yes: f.Ticked("frei_" + request)}
		if !r.Yes && !without && r.Hash != "" {
			f.Fail("frei_"+request, "procedure.release.untouched")
		}
		replies = append(replies, r)
	}
	if f.Failed() {
		return p.showRelease(c, cs, ed, f)
	}
	moved, err := p.Release(c.Context(), cs.Account, cs.ID, replies)
	if err != nil {
		return err
	}
	return p.onTo(c, moved)
}

type codePage struct {
	frame
	Code web.Field
}

func (p *Pages) showCode(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) error {
	code := web.Field{Kind: web.TextField, Name: "code", Label: c.T("procedure.code.label"), Hint: c.T("procedure.code.hint"), Width: 9}
	fr, err := p.frame(c, cs, ed, f)
	if err != nil {
		return err
	}
	page := codePage{frame: fr, Code: f.Fill(code)[0]}
	status := http.StatusOK
	if f != nil && f.Failed() {
		status = http.StatusUnprocessableEntity
	}
	return c.Render(status, "procedure/code.html", page)
}

func (p *Pages) takeCode(c *web.Call, cs Case, ed *catalog.Edition, f *web.Form) error {
	if f.Has("ohne") {
		moved, err := p.WithoutCode(c.Context(), cs.Account, cs.ID)
		if err != nil {
			return err
		}
		return p.onTo(c, moved)
	}
	moved, err := p.EnterCode(c.Context(), cs.Account, cs.ID, f.Text("code"))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Gone) || fault.Is(err, fault.NotFound) {
		f.Take(fault.Field("code", fault.CodeOf(err)))
		return p.showCode(c, cs, ed, f)
	}
	if err != nil {
		return err
	}
	return p.onTo(c, moved)
}
