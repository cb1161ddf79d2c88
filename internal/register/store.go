package register

import (
	"context"
	"embed"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this module.
var Migrations = db.Migrations{Module: "register", Files: files}

// Texts are the words for this module's faults.
//
//go:embed locale/*.json
var Texts embed.FS

// chunk is how many values one statement carries: both engines take 30,000 marks.
const chunk = 6000

// insertRows writes any number of rows with a few statements.
func insertRows(ctx context.Context, tx *db.Tx, into, after string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), chunk/len(rows[0]))
		args := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if err := tx.Later(ctx, `INSERT INTO `+into+` VALUES `+db.Marks(n, len(rows[0]))+after, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func list[T any](first []any, values []T) []any {
	args := make([]any, 0, len(first)+len(values))
	args = append(args, first...)
	for _, v := range values {
		args = append(args, v)
	}
	return args
}

func selectPersons(ctx context.Context, q db.Querier, subjects []ledger.Subject) ([]person, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	return db.All(ctx, q, func(row db.Row) (p person, err error) { return p, row.Scan(&p.subject, &p.sealed) },
		`SELECT subject, root FROM register_person WHERE subject IN `+db.In(len(subjects)), list(nil, subjects)...)
}

func insertPersons(ctx context.Context, tx *db.Tx, persons []person) error {
	rows := make([][]any, len(persons))
	for i, p := range persons {
		rows[i] = []any{string(p.subject), p.sealed}
	}
	return insertRows(ctx, tx, `register_person (subject, root)`, ` ON CONFLICT (subject) DO NOTHING`, rows)
}

// standing is who stands behind an area id, sealed.
type standing struct {
	area   areaID
	sealed []byte
}

func selectAreas(ctx context.Context, q db.Querier, ids []areaID) ([]standing, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return db.All(ctx, q, func(row db.Row) (s standing, err error) { return s, row.Scan(&s.area, &s.sealed) },
		`SELECT area_id, subject FROM register_area WHERE area_id IN `+db.In(len(ids)), list(nil, ids)...)
}

func insertAreas(ctx context.Context, tx *db.Tx, areas []standing) error {
	rows := make([][]any, len(areas))
	for i, a := range areas {
		rows[i] = []any{string(a.area), a.sealed}
	}
	return insertRows(ctx, tx, `register_area (area_id, subject)`, ` ON CONFLICT (area_id) DO NOTHING`, rows)
}

func selectPointers(ctx context.Context, q db.Querier, ids []indexID, evidence []string) ([]located, error) {
	return db.All(ctx, q, func(row db.Row) (l located, err error) { return l, row.Scan(&l.id, &l.Evidence, &l.Authority) },
		`SELECT index_id, evidence, authority_id FROM register_pointer WHERE index_id IN `+db.In(len(ids))+
			` AND evidence IN `+db.In(len(evidence))+` ORDER BY index_id, evidence, authority_id`, list(list(nil, ids), evidence)...)
}

func insertPointers(ctx context.Context, tx *db.Tx, pointers []located) error {
	rows := make([][]any, len(pointers))
	for i, p := range pointers {
		rows[i] = []any{string(p.id), p.Evidence, string(p.Authority)}
	}
	return insertRows(ctx, tx, `register_pointer (index_id, evidence, authority_id)`,
		` ON CONFLICT (index_id, evidence, authority_id) DO NOTHING`, rows)
}

func deletePointers(ctx context.Context, tx *db.Tx, from authority.Key, evidence string, ids []indexID) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Later(ctx, `DELETE FROM register_pointer WHERE authority_id = ? AND evidence = ? AND index_id IN `+db.In(len(ids)),
		list([]any{string(from), evidence}, ids)...)
}

const recordColumns = `area_id, family, given, birth, moved_out, version, data, sealed`

func scanRecord(row db.Row) (r record, err error) {
	return r, row.Scan(&r.area, &r.name.family, &r.name.given, &r.name.birth, &r.movedOut, &r.version, &r.open, &r.sealed)
}

func selectRecords(ctx context.Context, q db.Querier, o office, ids []areaID) (map[areaID]record, error) {
	found := make(map[areaID]record, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := db.All(ctx, q, scanRecord, `SELECT `+recordColumns+` FROM register_record
		WHERE authority_id = ? AND register = ? AND area_id IN `+db.In(len(ids)), list([]any{string(o.authority), o.register}, ids)...)
	for _, r := range rows {
		found[r.area] = r
	}
	return found, err
}

// upsertRecords writes rows. It is the only way into the table, and refuses a row with a field in clear that must be sealed.
func upsertRecords(ctx context.Context, tx *db.Tx, o office, records []record) error {
	rows := make([][]any, len(records))
	for i, r := range records {
		if err := refuseClear(r.open); err != nil {
			return err
		}
		rows[i] = []any{
			string(o.authority), o.register, string(r.area), r.name.family, r.name.given, r.name.birth, r.movedOut,
			r.version, tx.Now(), string(r.open), r.sealed,
		}
	}
	return insertRows(ctx, tx,
		`register_record (authority_id, register, area_id, family, given, birth, moved_out, version, changed, data, sealed)`,
		` ON CONFLICT (authority_id, register, area_id) DO UPDATE SET family = excluded.family, given = excluded.given,
		birth = excluded.birth, moved_out = excluded.moved_out, version = excluded.version, changed = excluded.changed,
		data = excluded.data, sealed = excluded.sealed`, rows)
}

// hit is somebody found by name: where, and the part of the row that is in clear.
type hit struct {
	authority authority.Key
	area      areaID
	open      []byte
}

// selectByName finds who is registered in any register of this node; at most eight, because two already are too many.
func selectByName(ctx context.Context, q db.Querier, register string, k nameKey) ([]hit, error) {
	return db.All(ctx, q, func(row db.Row) (h hit, err error) { return h, row.Scan(&h.authority, &h.area, &h.open) },
		`SELECT authority_id, area_id, data FROM register_record
		WHERE register = ? AND birth = ? AND family = ? AND given = ? AND moved_out = '' ORDER BY authority_id, area_id LIMIT 8`,
		register, k.birth, k.family, k.given)
}

// selectByBirths returns who is registered with one authority and was born on one of the days.
func selectByBirths(ctx context.Context, q db.Querier, o office, births []string) ([]record, error) {
	if len(births) == 0 {
		return nil, nil
	}
	return db.All(ctx, q, scanRecord, `SELECT `+recordColumns+` FROM register_record
		WHERE authority_id = ? AND register = ? AND moved_out = '' AND birth IN `+db.In(len(births)),
		list([]any{string(o.authority), o.register}, births)...)
}

// change is what one case did to one person's record.
type change struct {
	position  int
	area      areaID
	version   int
	differing []string
}

func selectChanges(ctx context.Context, q db.Querier, o office, caseID, what string) ([]change, error) {
	return db.All(ctx, q, func(row db.Row) (c change, err error) {
		var differing string
		err = row.Scan(&c.position, &c.area, &c.version, &differing)
		c.differing = strings.Fields(differing)
		return c, err
	}, `SELECT position, area_id, version, differing FROM register_change
		WHERE authority_id = ? AND register = ? AND case_id = ? AND what = ? ORDER BY position`,
		string(o.authority), o.register, caseID, what)
}

func insertChanges(ctx context.Context, tx *db.Tx, o office, caseID, what string, changes []change) error {
	rows := make([][]any, len(changes))
	for i, c := range changes {
		rows[i] = []any{string(o.authority), o.register, caseID, what, c.position, string(c.area), c.version, strings.Join(c.differing, " ")}
	}
	return insertRows(ctx, tx, `register_change (authority_id, register, case_id, what, position, area_id, version, differing)`, ``, rows)
}

const entitlementColumns = `SELECT authority_id, register, evidence, reader, fields, law, valid_until, hide_law, hide_days FROM register_entitlement`

func selectEntitlement(ctx context.Context, q db.Querier, ask Ask) (Entitlement, error) {
	return db.One(ctx, q, scanEntitlement, entitlementColumns+` WHERE authority_id = ? AND register = ? AND evidence = ? AND reader = ?`,
		string(ask.Holder), ask.Register, ask.Evidence, string(ask.Reader))
}

func selectEntitlements(ctx context.Context, q db.Querier, holder authority.Key) ([]Entitlement, error) {
	return db.All(ctx, q, scanEntitlement, entitlementColumns+` WHERE authority_id = ? ORDER BY register, evidence, reader`, string(holder))
}

func upsertEntitlements(ctx context.Context, tx *db.Tx, list []Entitlement) error {
	rows := make([][]any, len(list))
	for i, x := range list {
		rows[i] = []any{string(x.Holder), x.Register, x.Evidence, string(x.Reader), strings.Join(x.Fields, " "), x.Law, x.Until, x.HideLaw, x.HideDays}
	}
	return insertRows(ctx, tx, `register_entitlement (authority_id, register, evidence, reader, fields, law, valid_until, hide_law, hide_days)`,
		` ON CONFLICT (authority_id, register, evidence, reader) DO UPDATE SET fields = excluded.fields, law = excluded.law,
		valid_until = excluded.valid_until, hide_law = excluded.hide_law, hide_days = excluded.hide_days`, rows)
}

// divisions are the only expressions a count may be divided by.
var divisions = map[By]string{ByNothing: `''`, ByDecade: `substr(birth, 1, 3)`}

func countRecords(ctx context.Context, q db.Querier, holder authority.Key, register string, by By) ([]Cell, error) {
	expression, ok := divisions[by]
	if !ok {
		return nil, fault.New(fault.Invalid, "register.error.count")
	}
	return db.All(ctx, q, func(row db.Row) (c Cell, err error) { return c, row.Scan(&c.Value, &c.N) },
		`SELECT `+expression+`, COUNT(*) FROM register_record WHERE authority_id = ? AND register = ? AND moved_out = ''
		GROUP BY 1 ORDER BY 1`, string(holder), register)
}
