package procedure

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/catalog"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/register"
)

// TypedSheet is evidence about one person that the applicant types because they did not release it.
type TypedSheet struct {
	Evidence string
	Subject  ledger.Subject
	Name     string // whose it is; empty for the applicant
	Draft    Draft

	need need
	of   string // the evidence that declares the fields
}

func (t TypedSheet) key() string { return grantKey(t.Evidence, t.Subject) }

// TypedPart is one screen of a sheet.
type TypedPart struct {
	Sheet  int
	Fields []catalog.Field
}

// Typing is what a case waits for somebody to type, screen by screen.
type Typing struct {
	Sheets []TypedSheet
	Parts  []TypedPart
	Open   int // the first screen on which something is missing or wrong; the last if none is
}

// Typing returns what the case waits for somebody to type, with what they have typed so far.
func (s *Service) Typing(ctx context.Context, c Case, lang string) (*catalog.Edition, Typing, error) {
	ed, out, err := s.replan(ctx, c)
	if err != nil {
		return nil, Typing{}, err
	}
	return ed, typingOf(ed, lang, c, out), nil
}

func typingOf(ed *catalog.Edition, lang string, c Case, out plan) Typing {
	var t Typing
	for _, n := range out.needs {
		if n.Source.Kind != "form" {
			continue
		}
		of, fields := ed.EvidenceFields(lang, n.Evidence.Name)
		for _, subject := range n.Subjects {
			sheet := TypedSheet{Evidence: n.Evidence.Name, Subject: subject, need: n, of: of}
			if subject != c.Subject {
				sheet.Name = refOf(c, subject)
			}
			sheet.Draft = maps.Clone(c.State.Typing[sheet.key()])
			if sheet.Draft == nil {
				sheet.Draft = typedBefore(ed, c, out.env, n.Evidence.About, sheet.Name)
			}
			t.Sheets = append(t.Sheets, sheet)
			for _, part := range screens(fields) {
				t.Parts = append(t.Parts, TypedPart{len(t.Sheets) - 1, part})
			}
		}
	}
	for t.Open < len(t.Parts)-1 && len(t.read(ed, t.Open).wrong) == 0 {
		t.Open++
	}
	return t
}

// screens divides evidence: somebody else's data stand on a screen of their own, a list of groups begins a new one, and
// what lies between stands together.
func screens(fields []catalog.Field) [][]catalog.Field {
	var out [][]catalog.Field
	fresh := true
	for _, f := range fields {
		if f.NeverAsked != "" {
			continue
		}
		person := f.Type == "person"
		if fresh || person || f.Many > 0 && len(f.Fields) > 0 {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], f)
		fresh = person
	}
	return out
}

func refOf(c Case, subject ledger.Subject) string {
	for ref, s := range c.State.Relatives {
		if s == subject {
			return ref
		}
	}
	return ""
}

// typedBefore begins the sheet of somebody in the family with what the applicant has typed about them: nobody types the
// same twice. What a register told begins nothing here.
func typedBefore(ed *catalog.Edition, c Case, env catalog.Env, about, ref string) Draft {
	d := Draft{}
	if about == "" {
		return d
	}
	for _, p := range ed.Pickable(env, about) {
		evidence, _, _ := strings.Cut(p.Path, ".")
		if p.Ref != ref || !c.State.Typed(evidence) {
			continue
		}
		for from, to := range map[string]string{
			"family_name": "family_name", "given_names": "given_names", "doctorate": "doctorate", "birth_date": "birth.date", "sex": "sex", "tax_id": "tax_id",
			"birth_name": "former_names.birth_name",
		} {
			if v := p.Values[from]; v != nil {
				d[to] = []string{written(v)}
			}
		}
		if d["former_names.birth_name"] != nil {
			d["former_names"] = []string{typedYes}
		}
		homes, _ := p.Values["homes"].([]any)
		if home := p.Values["home"]; home != nil {
			homes = []any{home}
		}
		for i, home := range homes {
			d.address("homes."+strconv.Itoa(i)+".address", home)
		}
		if len(homes) > 0 {
			d["homes.zeilen"] = []string{strconv.Itoa(len(homes))}
		}
	}
	return d
}

// TypedForm is one screen as it was sent.
type TypedForm struct {
	Lang   string
	Part   int                         // which screen, counted from 0
	Values func(input string) []string // as the form sent them
	More   string                      // the list that is to get another row
	Less   string                      // the row that is to go: "children.1"
	Back   bool                        // to the screen before, whatever is wrong on this one
}

// TypedPlace is where typing goes on: a screen, and on it the row that was added.
type TypedPlace struct {
	Part int
	Row  string
}

// Type takes a screen of what a person types instead of releasing it. Everything is kept, what is wrong too, so that
// nothing is typed twice. Once all screens are in order the case moves on; nobody vouches for what was typed, so a clerk
// will look at it.
func (s *Service) Type(ctx context.Context, account, id string, sent TypedForm) (Case, TypedPlace, []error, error) {
	c, err := s.Case(ctx, account, id)
	if err != nil || c.Wait != ForTyping {
		return c, TypedPlace{}, nil, err
	}
	ed, out, err := s.replan(ctx, c)
	if err != nil {
		return Case{}, TypedPlace{}, nil, err
	}
	t := typingOf(ed, sent.Lang, c, out)
	if sent.Part < 0 || sent.Part > t.Open { // no page leads there
		return c, TypedPlace{Part: t.Open}, nil, nil
	}
	place := TypedPlace{Part: sent.Part, Row: t.keep(sent)}
	kept := c
	kept.State.Typing = cloned(c.State.Typing)
	for _, sheet := range t.Sheets {
		kept.State.Typing[sheet.key()] = sheet.Draft
	}
	wrong := t.read(ed, sent.Part).wrong
	switch {
	case sent.Back:
		place.Part, wrong = max(sent.Part-1, 0), nil
	case sent.More != "" || sent.Less != "":
		wrong = nil
	case len(wrong) == 0 && sent.Part == len(t.Parts)-1:
		done, err := s.typed(ctx, ed, kept, t)
		done, err = s.current(ctx, account, id, done, err)
		return done, TypedPlace{}, nil, err
	case len(wrong) == 0:
		place.Part++
	}
	kept, err = s.current(ctx, account, id, kept, s.keep(ctx, c, kept))
	return kept, place, wrong, err
}

// keep writes a case that stands where it stood.
func (s *Service) keep(ctx context.Context, before, c Case) error {
	seal, err := s.sealer(ctx, c.Authority)
	if err != nil {
		return err
	}
	return s.DB.Do(db.WithLane(ctx, string(c.Authority)), func(ctx context.Context, tx *db.Tx) error {
		return s.saveCase(ctx, tx, before, c, seal, false)
	})
}

// typed moves a case on with everything that was typed.
func (s *Service) typed(ctx context.Context, ed *catalog.Edition, c Case, t Typing) (Case, error) {
	env, err := ed.Decode(c.State.Values)
	if err != nil {
		return Case{}, err
	}
	next := c
	next.State.Answers = cloned(c.State.Answers)
	for _, sheet := range t.Sheets {
		delete(env, sheet.Evidence)
		next.State.Answers[sheet.Evidence] = nil
	}
	for i, sheet := range t.Sheets {
		group := t.whole(ed, i)
		if sheet.need.Evidence.About != "" {
			rows, _ := env[sheet.Evidence].([]any)
			env[sheet.Evidence] = append(rows, group)
		} else {
			env[sheet.Evidence] = group
		}
		told, err := toRegister(group)
		if err != nil {
			return Case{}, err
		}
		next.State.Answers[sheet.Evidence] = append(next.State.Answers[sheet.Evidence], Kept{Subject: sheet.Subject, Values: told})
		next.State.fetched(sheet.need.Key, Fetched{How: FromForm})
	}
	if next.State.Values, err = ed.Encode(env); err != nil {
		return Case{}, err
	}
	return s.onward(ctx, next, change{events: []Event{{Kind: Typed, Stage: c.Stage, Who: c.Account}}})
}

// keep puts a screen as it was sent in place of what stood on it, and adds or takes out a row. It returns the new row.
func (t *Typing) keep(sent TypedForm) (row string) {
	part := t.Parts[sent.Part]
	draft := t.Sheets[part.Sheet].Draft
	for _, f := range part.Fields {
		maps.DeleteFunc(draft, func(input string, _ []string) bool { return under(input, f.Name) })
		draft.take(f, f.Name, sent.Values)
	}
	if f, ok := listNamed(part.Fields, sent.More); ok {
		draft.more(f, sent.More)
		return sent.More + "." + strconv.Itoa(draft.rows(f, sent.More)-1)
	}
	if at := strings.LastIndexByte(sent.Less, '.'); at > 0 {
		f, ok := listNamed(part.Fields, sent.Less[:at])
		n, err := strconv.Atoi(sent.Less[at+1:])
		if ok && err == nil {
			draft.less(f, sent.Less[:at], n)
		}
	}
	return ""
}

// listNamed finds the list of an input's name: "children", "spouse.homes", "representative.0.…".
func listNamed(fields []catalog.Field, name string) (catalog.Field, bool) {
	first, rest, more := strings.Cut(name, ".")
	f, ok := fieldNamed(fields, first)
	switch {
	case !ok:
		return f, false
	case !more:
		return f, f.Many > 0
	case f.Many > 0:
		_, rest, _ = strings.Cut(rest, ".")
	}
	return listNamed(f.Fields, rest)
}

func fieldNamed(fields []catalog.Field, name string) (catalog.Field, bool) {
	i := slices.IndexFunc(fields, func(f catalog.Field) bool { return f.Name == name })
	if i < 0 {
		return catalog.Field{}, false
	}
	return fields[i], true
}

// read reads a screen; whole reads a sheet.
func (t *Typing) read(ed *catalog.Edition, part int) *typist {
	p := t.Parts[part]
	sheet := t.Sheets[p.Sheet]
	r := &typist{ed: ed, draft: sheet.Draft}
	r.group(p.Fields, "", sheet.of)
	return r
}

func (t *Typing) whole(ed *catalog.Edition, sheet int) map[string]any {
	r := &typist{ed: ed, draft: t.Sheets[sheet].Draft}
	out := map[string]any{}
	for _, p := range t.Parts {
		if p.Sheet == sheet {
			maps.Copy(out, r.group(p.Fields, "", t.Sheets[sheet].of))
		}
	}
	return out
}

// typist reads what was typed as values of the definition, and notes what is wrong.
type typist struct {
	ed    *catalog.Edition
	draft Draft
	row   string // "Kind 2", while it reads one of several
	wrong []error
}

// group reads questions; name is what their inputs begin with, path where the definition has them.
func (r *typist) group(fields []catalog.Field, name, path string) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		if f.NeverAsked != "" {
			continue
		}
		if v := r.question(f, name+f.Name, path+"."+f.Name); v != nil {
			out[f.Name] = v
		}
	}
	return out
}

// question reads a question. A group that not everybody has is there only if the person said so.
func (r *typist) question(f catalog.Field, name, path string) any {
	if byYesNo(f) {
		switch r.draft.text(name) {
		case typedNo:
			return nil
		case typedYes:
		default:
			r.wrong = append(r.wrong, fault.Field(name, "catalog.error.required", "Label", f.Label))
			return nil
		}
	}
	if f.Many == 0 {
		return r.one(f, name, path)
	}
	var list []any
	before, n := r.row, r.draft.rows(f, name)
	defer func() { r.row = before }()
	for i := range n {
		if n > 1 {
			r.row = oneOf(f, i, n)
		}
		row := name + "." + strconv.Itoa(i)
		if i > 0 && r.draft.blank(row) {
			continue // a row that was added and left empty
		}
		if v := r.one(f, row, path); v != nil {
			list = append(list, v)
		}
	}
	if list == nil {
		return nil
	}
	return list
}

// oneOf is what one of several is called: "Kind 2", or "Kind" if there is one only.
func oneOf(f catalog.Field, i, n int) string {
	one := f.One
	if one == "" {
		one = f.Label
	}
	if n > 1 {
		one += " " + strconv.Itoa(i+1)
	}
	return one
}

// byYesNo reports whether a question is asked only of who says that it concerns them.
func byYesNo(f catalog.Field) bool { return f.Optional && len(f.Fields) > 0 }

func (r *typist) one(f catalog.Field, name, path string) any {
	if len(f.Fields) > 0 {
		if group := r.group(f.Fields, name+".", path); len(group) > 0 {
			return group
		}
		return nil
	}
	raw := r.draft[name]
	if f.Type == "address" {
		raw = nil
		for _, part := range addressParts {
			raw = append(raw, r.draft.text(name+"_"+part))
		}
	}
	label := f.Label
	if r.row != "" {
		label = r.row + ": " + label
	}
	v, err := r.ed.ParsePart(path, name, label, raw)
	if err != nil {
		r.wrong = append(r.wrong, err)
		return nil
	}
	return v
}

// plant puts a value at a path.
func plant(group map[string]any, path []string, v any) {
	for _, p := range path[:len(path)-1] {
		inner, ok := group[p].(map[string]any)
		if !ok {
			inner = map[string]any{}
			group[p] = inner
		}
		group = inner
	}
	group[path[len(path)-1]] = v
}

// toRegister writes values as registers exchange them.
func toRegister(v any) (register.Values, error) {
	raw, err := json.Marshal(postal(v))
	if err != nil {
		return nil, err
	}
	var out register.Values
	return out, json.Unmarshal(raw, &out)
}

func postal(v any) any {
	switch x := v.(type) {
	case catalog.Address:
		return x.Postal()
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, inner := range x {
			out[k] = postal(inner)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, inner := range x {
			out[i] = postal(inner)
		}
		return out
	case clock.Date:
		return x.String()
	}
	return v
}
