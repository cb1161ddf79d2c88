package register

import (
	"context"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

// link says how a person in the register belongs to another. Somebody registered here too is named by id; of others the
// register keeps the items of § 3 Abs. 1 Nr. 9, 15 and 16 BMG in data, and the name to recognise them when they come.
type link struct {
	of       areaID
	kin      Kin
	position int
	other    areaID
	name     nameKey
	data     []byte
	record   record // of the other, when selected and registered here; version 0 otherwise
}

const linkColumns = `l.area_id, l.kin, l.position, l.other_id, l.family, l.given, l.birth, l.data`

func (l *link) targets() []any {
	return []any{&l.of, &l.kin, &l.position, &l.other, &l.name.family, &l.name.given, &l.name.birth, &l.data}
}

// selectLinks returns the links of persons, with the records of those who are registered here.
func selectLinks(ctx context.Context, q db.Querier, o office, ids []areaID) ([]link, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return db.All(ctx, q, func(row db.Row) (l link, err error) {
		err = row.Scan(append(l.targets(), &l.record.movedOut, &l.record.version, &l.record.open, &l.record.sealed)...)
		l.record.area = l.other
		return l, err
	}, `SELECT `+linkColumns+`, COALESCE(r.moved_out, ''), COALESCE(r.version, 0), COALESCE(r.data, ''), r.sealed
		FROM register_link l
		LEFT JOIN register_record r ON r.authority_id = l.authority_id AND r.register = l.register AND r.area_id = l.other_id
		WHERE l.authority_id = ? AND l.register = ? AND l.area_id IN `+db.In(len(ids))+`
		ORDER BY l.area_id, l.kin, l.position`, list([]any{string(o.authority), o.register}, ids)...)
}

// selectWaiting returns links to people who are not registered here and were born on one of the days.
func selectWaiting(ctx context.Context, q db.Querier, o office, births []string) ([]link, error) {
	if len(births) == 0 {
		return nil, nil
	}
	return db.All(ctx, q, func(row db.Row) (l link, err error) { return l, row.Scan(l.targets()...) },
		`SELECT `+linkColumns+` FROM register_link l
		WHERE l.authority_id = ? AND l.register = ? AND l.other_id = '' AND l.birth IN `+db.In(len(births)),
		list([]any{string(o.authority), o.register}, births)...)
}

func deleteLinks(ctx context.Context, tx *db.Tx, o office, ids []areaID) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Later(ctx, `DELETE FROM register_link WHERE authority_id = ? AND register = ? AND area_id IN `+db.In(len(ids)),
		list([]any{string(o.authority), o.register}, ids)...)
}

// upsertLinks writes links; one that stands at the same place is replaced.
func upsertLinks(ctx context.Context, tx *db.Tx, o office, links []link) error {
	rows := make([][]any, len(links))
	for i, l := range links {
		rows[i] = []any{
			string(o.authority), o.register, string(l.of), string(l.kin), l.position, string(l.other),
			l.name.family, l.name.given, l.name.birth, string(l.data),
		}
	}
	return insertRows(ctx, tx,
		`register_link (authority_id, register, area_id, kin, position, other_id, family, given, birth, data)`,
		` ON CONFLICT (authority_id, register, area_id, kin, position) DO UPDATE SET other_id = excluded.other_id,
		family = excluded.family, given = excluded.given, birth = excluded.birth, data = excluded.data`, rows)
}
