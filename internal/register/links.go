package register

import (
	"context"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Codes of the two ways in which nobody is identified; package mandate and the desk act on them.
const (
	CodeNotFound  = "register.person.not_found"
	CodeAmbiguous = "register.person.ambiguous"
)

// Links is the door for package mandate: who is this, and who belongs to whom. Each answer is an access and stands in the
// ledger before it is given.
type Links struct{ s *Service }

// Cause says who asks and why, in words for the person concerned.
type Cause struct {
	Actor    string        // account that asks
	OnBehalf string        // account or mandate for which it asks
	Reader   authority.Key // authority on whose page the question arises; empty at the person's own request
	Unit     string
	Role     string
	Case     string
	Purpose  string
	Law      string
}

// or fills in purpose and law where the caller has none of its own.
func (c Cause) or(purpose, law string) Cause {
	if c.Purpose == "" {
		c.Purpose = purpose
	}
	if c.Law == "" {
		c.Law = law
	}
	return c
}

// What Links says to the person when the caller does not say more.
const (
	selfPurpose   = "Wir ordnen Ihr Konto Ihrem Eintrag im Melderegister zu."
	selfLaw       = "§ 4 Abs. 1 BMeldDigiV"
	familyPurpose = "Wir prüfen, wer mit Ihnen zur Familie gehört."
	familyLaw     = "§ 23 Abs. 4 BMG"
)

// keptUntil is the day on which the record of a retrieval goes (§ 40 Abs. 5 BMG).
func keptUntil(today clock.Date) clock.Date { return clock.Date{Y: today.Y + 1, M: 12, D: 31} }

func (c Cause) entry(today clock.Date, holder authority.Key, subject ledger.Subject, fields ...string) ledger.Entry {
	return ledger.Entry{
		Kind: ledger.Access, Authority: string(holder), Unit: c.Unit, Role: c.Role, Actor: c.Actor, OnBehalf: c.OnBehalf,
		Subject: subject, Reader: string(c.Reader), Fields: fields, Purpose: c.Purpose, Law: c.Law, Case: c.Case,
		DeleteOn: keptUntil(today),
	}
}

// Self returns the one person whom names and day of birth name in the registers of this node (§ 4 Abs. 1 BMeldDigiV). The
// address, where the identification carries one, tells people of the same name and birthday apart; it excludes nobody
// else, because a card shows the old home for a while after a move. Nobody is fault NotFound "register.person.not_found"; two people
// with the same name and birthday are fault Conflict "register.person.ambiguous", and neither is told.
func (l *Links) Self(ctx context.Context, who Identity, why Cause) (ledger.Subject, error) {
	subject, holder, err := l.search(ctx, who)
	if err != nil {
		return "", err
	}
	why = why.or(selfPurpose, selfLaw)
	err = l.record(ctx, why.entry(l.today(), holder, subject, "family_name", "given_names", "birth"))
	return subject, err
}

func (l *Links) search(ctx context.Context, who Identity) (ledger.Subject, authority.Key, error) {
	k := who.key()
	if !k.complete() {
		return "", "", fault.New(fault.NotFound, CodeNotFound)
	}
	var hits []hit
	var subjects map[areaID]ledger.Subject
	err := l.s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if hits, err = selectByName(ctx, tx, Residents, k); err != nil {
			return err
		}
		ids := make([]areaID, len(hits))
		for i, h := range hits {
			ids[i] = h.area
		}
		if subjects, err = l.s.resolver.subjectsOf(ctx, tx, ids); err != nil || distinct(subjects) < 2 {
			return err
		}
		hits, err = livingAt(hits, who.Home)
		return err
	})
	if err != nil {
		return "", "", fmt.Errorf("search by name: %w", err)
	}
	return single(hits, subjects)
}

// distinct counts the people behind area ids.
func distinct(subjects map[areaID]ledger.Subject) int {
	different := map[ledger.Subject]bool{}
	for _, s := range subjects {
		different[s] = true
	}
	return len(different)
}

// livingAt keeps the hits with a home at the address; a zero address keeps all.
func livingAt(hits []hit, home authority.Address) ([]hit, error) {
	if home.IsZero() {
		return hits, nil
	}
	var there []hit
	for _, h := range hits {
		r, _, err := join(h.open, nil)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(r.Homes, func(at Home) bool { return at.Address.Same(home) }) {
			there = append(there, h)
		}
	}
	return there, nil
}

// single returns the one person behind the hits. The same person in two towns, with a second home, is one person.
func single(hits []hit, subjects map[areaID]ledger.Subject) (ledger.Subject, authority.Key, error) {
	if len(hits) == 0 {
		return "", "", fault.New(fault.NotFound, CodeNotFound)
	}
	first := subjects[hits[0].area]
	for _, h := range hits {
		if subjects[h.area] != first || first == "" {
			return "", "", fault.New(fault.Conflict, CodeAmbiguous)
		}
	}
	return first, hits[0].authority, nil
}

// Relation says that another person is the spouse or a minor child of the one asked about.
type Relation struct {
	Subject       ledger.Subject
	Kin           Kin
	Family, Given string
	Birth         clock.Date
}

// Family returns spouse and minor children who are registered together with the person, never anybody with an information
// block and never a hint that somebody was left out. Each of them, and the person, sees the access.
func (l *Links) Family(ctx context.Context, subject ledger.Subject, why Cause) ([]Relation, error) {
	relations, holder, err := l.family(ctx, subject)
	if err != nil {
		return nil, err
	}
	why = why.or(familyPurpose, familyLaw)
	entries := []ledger.Entry{why.entry(l.today(), holder, subject, "spouse", "children")}
	for _, r := range relations {
		entries = append(entries, why.entry(l.today(), holder, r.Subject, "family_name", "given_names", "birth"))
	}
	return relations, l.record(ctx, entries...)
}

// Is reports whether other is the spouse or a minor child of subject, and which. It is recorded like Family.
func (l *Links) Is(ctx context.Context, subject, other ledger.Subject, why Cause) (Kin, bool, error) {
	relations, holder, err := l.family(ctx, subject)
	if err != nil {
		return "", false, err
	}
	i := slices.IndexFunc(relations, func(r Relation) bool { return r.Subject == other })
	why = why.or(familyPurpose, familyLaw)
	entries := []ledger.Entry{why.entry(l.today(), holder, subject, "spouse", "children")}
	if i < 0 {
		return "", false, l.record(ctx, entries...)
	}
	entries = append(entries, why.entry(l.today(), holder, other, "family_name"))
	return relations[i].Kin, true, l.record(ctx, entries...)
}

func (l *Links) family(ctx context.Context, subject ledger.Subject) ([]Relation, authority.Key, error) {
	holders, err := l.holders(ctx, subject)
	if err != nil {
		return nil, "", err
	}
	today := l.today()
	for _, holder := range holders { // one, or two for a person with a second home
		relations, known, err := l.familyIn(ctx, holder, subject, today)
		if err != nil || known {
			return relations, holder, err
		}
	}
	return nil, "", fault.New(fault.NotFound, CodeNotFound)
}

// holders asks the pointer index who keeps the person's record.
func (l *Links) holders(ctx context.Context, subject ledger.Subject) ([]authority.Key, error) {
	pointers, err := l.s.Evidence.Where(ctx, l.s.db, []ledger.Subject{subject}, Residents)
	if err != nil {
		return nil, err
	}
	keys := make([]authority.Key, len(pointers[subject]))
	for i, p := range pointers[subject] {
		keys[i] = p.Authority
	}
	return keys, nil
}

func (l *Links) familyIn(ctx context.Context, holder authority.Key, subject ledger.Subject, today clock.Date) ([]Relation, bool, error) {
	o, err := l.s.office(ctx, holder, Residents)
	if err != nil {
		return nil, false, err
	}
	var kin []relative
	var subjects map[areaID]ledger.Subject
	known := false
	err = l.s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := l.s.look(ctx, tx, o, []ledger.Subject{subject})
		if err != nil || len(list) == 0 {
			return err
		}
		known = true
		if kin, err = l.s.near(ctx, tx, o, list[0], today); err != nil {
			return err
		}
		ids := make([]areaID, len(kin))
		for i, k := range kin {
			ids[i] = k.area
		}
		subjects, err = l.s.resolver.subjectsOf(ctx, tx, ids)
		return err
	})
	relations := make([]Relation, 0, len(kin))
	for _, k := range kin {
		relations = append(relations, Relation{subjects[k.area], k.kin, k.FamilyName, k.GivenNames, k.BirthDate})
	}
	return relations, known, err
}

// near returns spouse and minor children who are registered here themselves and may be told.
func (s *Service) near(ctx context.Context, q db.Querier, o office, p found, today clock.Date) ([]relative, error) {
	r, _, err := o.read(p.record, false)
	if err != nil {
		return nil, err
	}
	links, err := selectLinks(ctx, q, o, []areaID{p.record.area})
	if err != nil {
		return nil, fmt.Errorf("kin: %w", err)
	}
	var kin []relative
	for _, l := range links {
		if l.kin == Parent || l.record.version == 0 || l.record.movedOut != "" {
			continue
		}
		rel, told, err := o.tell(l, r, today)
		if err != nil {
			return nil, err
		}
		if told {
			kin = append(kin, rel)
		}
	}
	return kin, nil
}

func (l *Links) today() clock.Date { return clock.DateOf(l.s.db.Clock().Now()) }

func (l *Links) record(ctx context.Context, entries ...ledger.Entry) error {
	return l.s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := l.s.ledger.Record(ctx, tx, entries...)
		return err
	})
}
