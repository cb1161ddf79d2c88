package register

import (
	"context"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// homesAfter returns a person's homes after moving into a new one (§ 21, § 22 BMG): a sole home ends all others, a new
// main home makes the others secondary, a secondary home makes a sole one the main one. Nobody has a second home in the
// first.
func homesAfter(before []Home, home authority.Address, kind HomeKind) []Home {
	after := []Home{{Address: home, Kind: kind}}
	if kind == Sole {
		return after
	}
	for _, h := range before {
		switch {
		case h.Address.Same(home) && kind == Secondary && h.Kind != Secondary:
			return before
		case h.Address.Same(home):
			continue
		case kind == Main:
			h.Kind = Secondary
		case h.Kind == Sole:
			h.Kind = Main
		}
		after = append(after, h)
	}
	return after
}

func (s *Service) moveIn(ctx context.Context, tx *db.Tx, p *Plan, before map[areaID]record) ([]change, error) {
	var persons []person
	var areas []standing
	var records []record
	var pointers []located
	var changes []change
	for i, one := range p.people {
		r, err := p.onto(one, before[one.area])
		if err != nil {
			return nil, err
		}
		k := kept{RegisteredOn: p.in.Day, Previous: r.mainHome(), Objections: p.in.Objections}
		r.Homes, r.MovedIn = homesAfter(r.Homes, p.in.Home, p.in.Kind), p.in.MovedIn
		rec, err := p.office.write(one.area, before[one.area].version+1, r, k)
		if err != nil {
			return nil, err
		}
		if one.isNew {
			persons = append(persons, one.person)
		}
		areas = append(areas, standing{one.area, one.standing})
		records = append(records, rec)
		pointers = append(pointers, located{one.index, Pointer{Residents, p.office.authority}})
		changes = append(changes, change{position: i, area: one.area, version: rec.version})
	}
	if err := insertPersons(ctx, tx, persons); err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	if err := insertAreas(ctx, tx, areas); err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	if err := upsertRecords(ctx, tx, p.office, records); err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	if err := s.joinFamily(ctx, tx, p); err != nil {
		return nil, fmt.Errorf("family: %w", err)
	}
	return changes, s.index.announce(ctx, tx, pointers...)
}

// onto lays what was told over what this register holds of somebody who lives in its area already: who types the form
// again does not lose a block. The record of somebody who had moved away is out of date and counts for nothing.
func (p *Plan) onto(one planned, old record) (Resident, error) {
	if old.version == 0 || old.movedOut != "" {
		return one.resident, nil
	}
	held, _, err := p.office.read(old, true)
	if err != nil {
		return Resident{}, err
	}
	return one.told.onto(held)
}

func (s *Service) moveOut(ctx context.Context, tx *db.Tx, p *Plan, before map[areaID]record) ([]change, error) {
	var records []record
	var gone []indexID
	var changes []change
	for i, one := range p.people {
		old, ok := before[one.area]
		if !ok {
			return nil, fault.New(fault.NotFound, CodeNotFound)
		}
		r, k, err := p.office.read(old, true)
		if err != nil {
			return nil, err
		}
		differs, err := p.compare(r, one)
		if err != nil {
			return nil, err
		}
		switch p.out.Kind {
		case Sole:
			k.MovedOut, k.Forward = p.out.Day, p.out.Forward
			gone = append(gone, one.index)
		case Main, Secondary:
			r.Homes = homesAfter(r.Homes, p.out.Forward, p.out.Kind)
		}
		rec, err := p.office.write(one.area, old.version+1, r, k)
		if err != nil {
			return nil, err
		}
		records = append(records, rec)
		changes = append(changes, change{position: i, area: one.area, version: rec.version, differing: differs})
	}
	if err := upsertRecords(ctx, tx, p.office, records); err != nil {
		return nil, fmt.Errorf("records: %w", err)
	}
	return changes, s.index.withdraw(ctx, tx, p.office.authority, Residents, gone)
}

// compare names the reported fields that differ from the record. Home and day of moving in differ by nature; relatives
// are compared by the register they live in.
func (p *Plan) compare(held Resident, one planned) ([]string, error) {
	var fields []string
	for _, f := range residentFields {
		if _, told := one.told[f.name]; told && !f.kin && f.name != "homes" && f.name != "moved_in" {
			fields = append(fields, f.name)
		}
	}
	has, err := held.Values(fields...)
	if err != nil {
		return nil, err
	}
	// Through the same type, so that the order of keys and spaces cannot make a difference.
	told, err := one.resident.Values(fields...)
	if err != nil {
		return nil, err
	}
	return differing(has, told), nil
}

// joinFamily writes the links of the people who move in: to each other, to relatives registered here already, and what
// the values say about relatives who live elsewhere. Links of relatives who were waiting for one of them find them now.
func (s *Service) joinFamily(ctx context.Context, tx *db.Tx, p *Plan) error {
	births := p.births()
	here, err := selectByBirths(ctx, tx, p.office, births) // includes the people just written
	if err != nil {
		return err
	}
	old, err := linksOf(ctx, tx, p.office, p.areas())
	if err != nil {
		return err
	}
	byName := map[nameKey][]areaID{}
	for _, rec := range here {
		byName[rec.name] = append(byName[rec.name], rec.area)
	}
	var links []link
	for _, one := range p.people {
		merged, err := mergeLinks(one, old[one.area], byName)
		if err != nil {
			return err
		}
		links = append(links, merged...)
	}
	waiting, err := selectWaiting(ctx, tx, p.office, births)
	if err != nil {
		return err
	}
	for _, l := range waiting {
		if ids := byName[l.name]; len(ids) == 1 && !slices.Contains(p.areas(), l.of) {
			links = append(links, link{of: l.of, kin: l.kin, position: l.position, other: ids[0], data: l.data})
		}
	}
	if err := deleteLinks(ctx, tx, p.office, p.areas()); err != nil {
		return err
	}
	return upsertLinks(ctx, tx, p.office, links)
}

// births returns the days of birth of everybody whom the plan's values mention.
func (p *Plan) births() []string {
	var days []string
	for _, one := range p.people {
		days = append(days, one.resident.Birth.Date.String())
		for _, rel := range relativesOf(one.resident) {
			days = append(days, rel.BirthDate.String())
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// relativesOf lists the relatives in a resident's values with what they are to the resident.
func relativesOf(r Resident) []relative {
	var list []relative
	if r.Spouse != nil {
		list = append(list, relative{kin: Spouse, Relative: *r.Spouse})
	}
	for _, c := range r.Children {
		list = append(list, relative{kin: Child, Relative: c})
	}
	for _, c := range r.Representative {
		list = append(list, relative{kin: Parent, Relative: c})
	}
	return list
}

var fieldOfKin = map[Kin]string{Spouse: "spouse", Child: "children", Parent: "representative"}

// mergeLinks returns a person's links: those the register has to people registered here (a blocked relative is in no
// values and must not be lost), then those of the values.
func mergeLinks(one planned, old []link, byName map[nameKey][]areaID) ([]link, error) {
	var links []link
	linked := map[areaID]bool{}
	add := func(l link) {
		l.of, l.position = one.area, len(links)
		links = append(links, l)
	}
	for _, l := range old {
		_, told := one.told[fieldOfKin[l.kin]]
		switch {
		case l.other != "" && !linked[l.other]:
			linked[l.other] = true
			add(link{kin: l.kin, other: l.other, data: l.data})
		case l.other == "" && !told: // the values are silent about such relatives
			add(l)
		}
	}
	for _, rel := range relativesOf(one.resident) {
		l, err := outsider(one.area, rel.kin, 0, rel.Relative)
		if err != nil {
			return nil, err
		}
		if ids := byName[l.name]; len(ids) == 1 { // found twice: nobody guesses
			if linked[ids[0]] || ids[0] == one.area {
				continue
			}
			linked[ids[0]] = true
			l.other, l.name = ids[0], nameKey{}
		}
		add(l)
	}
	return links, nil
}
