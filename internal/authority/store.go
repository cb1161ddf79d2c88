package authority

import (
	"context"
	"embed"

	"github.com/amtsweg/amtsweg/internal/base/db"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of this module.
var Migrations = db.Migrations{Module: "authority", Files: files}

// chunk is how many values one INSERT carries: both engines take 30,000 marks.
const chunk = 4000

const authorityColumns = `SELECT authority_id, name, short, kind, state, address, contact FROM authority`

func scanAuthority(row db.Row) (Authority, error) {
	var a Authority
	var address string
	if err := row.Scan(&a.Key, &a.Name, &a.Short, &a.Kind, &a.State, &address, &a.Contact); err != nil {
		return a, err
	}
	return a, a.Address.UnmarshalText([]byte(address))
}

func selectAuthority(ctx context.Context, q db.Querier, key Key) (Authority, error) {
	return db.One(ctx, q, scanAuthority, authorityColumns+` WHERE authority_id = ?`, key)
}

func selectAuthorities(ctx context.Context, q db.Querier) ([]Authority, error) {
	return db.All(ctx, q, scanAuthority, authorityColumns+` ORDER BY authority_id`)
}

func countAuthorities(ctx context.Context, q db.Querier) (int, error) {
	return db.One(ctx, q, db.Scalar[int], `SELECT COUNT(*) FROM authority`)
}

// selectUnits returns each unit once, with its duties gathered.
func selectUnits(ctx context.Context, q db.Querier, key Key) ([]Unit, error) {
	type line struct{ unit, name, duty string }
	lines, err := db.All(ctx, q, func(row db.Row) (l line, err error) { return l, row.Scan(&l.unit, &l.name, &l.duty) },
		`SELECT u.unit, u.name, COALESCE(d.duty, '') FROM authority_unit u
		LEFT JOIN authority_duty d ON d.authority_id = u.authority_id AND d.unit = u.unit
		WHERE u.authority_id = ? ORDER BY u.position, d.duty`, key)
	var units []Unit
	for _, l := range lines {
		if len(units) == 0 || units[len(units)-1].Key != l.unit {
			units = append(units, Unit{Key: l.unit, Name: l.name})
		}
		if last := &units[len(units)-1]; l.duty != "" {
			last.Duties = append(last.Duties, l.duty)
		}
	}
	return units, err
}

// insertOpenings writes all openings with a few statements, however many they are.
func insertOpenings(ctx context.Context, tx *db.Tx, openings []Opening) error {
	var authorities, units, duties, competences, addresses [][]any
	now := tx.Now()
	for _, o := range openings {
		a := o.Authority
		authorities = append(authorities, []any{a.Key, a.Name, a.Short, a.Kind, a.State, a.Address.String(), a.Contact, now})
		for i, u := range o.Units {
			units = append(units, []any{a.Key, u.Key, u.Name, i})
			for _, d := range u.Duties {
				duties = append(duties, []any{a.Key, d, u.Key})
			}
		}
		for _, c := range o.Competences {
			competences = append(competences, []any{c.Register, c.Area, c.Responsible})
		}
		for _, at := range o.Addresses {
			k := at.key()
			addresses = append(addresses, []any{k.postcode, k.street, k.house, k.town, at.Street, at.House, at.Town, a.Key})
		}
	}
	for _, t := range []struct {
		into string
		rows [][]any
	}{
		{`authority (authority_id, name, short, kind, state, address, contact, opened)`, authorities},
		{`authority_unit (authority_id, unit, name, position)`, units},
		{`authority_duty (authority_id, duty, unit)`, duties},
		{`authority_competence (register, area, responsible)`, competences},
		{`authority_address (postcode, street_key, house_key, town_key, street, house, town, area)`, addresses},
	} {
		if err := insertRows(ctx, tx, t.into, t.rows); err != nil {
			return err
		}
	}
	return nil
}

func insertRows(ctx context.Context, tx *db.Tx, into string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), chunk/len(rows[0]))
		args := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO `+into+` VALUES `+db.Marks(n, len(rows[0])), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func scanHouse(row db.Row) (h House, err error) {
	return h, row.Scan(&h.Street, &h.House, &h.Postcode, &h.Town, &h.Area)
}

func selectHouse(ctx context.Context, q db.Querier, k addressKey) (House, error) {
	return db.One(ctx, q, scanHouse, `SELECT street, house, postcode, town, area FROM authority_address
		WHERE postcode = ? AND street_key = ? AND house_key = ? AND town_key = ?`, k.postcode, k.street, k.house, k.town)
}

func selectHouses(ctx context.Context, q db.Querier, area Key, after addressKey, limit int) ([]House, error) {
	return db.All(ctx, q, scanHouse, `SELECT street, house, postcode, town, area FROM authority_address
		WHERE area = ? AND (postcode, street_key, house_key, town_key) > (?, ?, ?, ?)
		ORDER BY postcode, street_key, house_key, town_key LIMIT ?`,
		area, after.postcode, after.street, after.house, after.town, limit)
}

// selectResponsibleHere asks for the house itself.
func selectResponsibleHere(ctx context.Context, q db.Querier, register string, k addressKey) (Key, error) {
	return db.One(ctx, q, db.Scalar[Key],
		`SELECT c.responsible FROM authority_address a
		JOIN authority_competence c ON c.area = a.area AND c.register = ?
		WHERE a.postcode = ? AND a.street_key = ? AND a.house_key = ? AND a.town_key = ?`,
		register, k.postcode, k.street, k.house, k.town)
}

// selectResponsible prefers the house itself, then its street, then any house of the place. It looks at all of them.
func selectResponsible(ctx context.Context, q db.Querier, register string, k addressKey) (Key, error) {
	return db.One(ctx, q, db.Scalar[Key],
		`SELECT c.responsible FROM authority_address a
		JOIN authority_competence c ON c.area = a.area AND c.register = ?
		WHERE a.postcode = ? AND a.town_key = ?
		ORDER BY CASE WHEN a.street_key <> ? THEN 2 WHEN a.house_key <> ? THEN 1 ELSE 0 END, a.area LIMIT 1`,
		register, k.postcode, k.town, k.street, k.house)
}

func selectStreets(ctx context.Context, q db.Querier, postcode, prefix string, limit int) ([]string, error) {
	// A folded prefix holds letters and digits only, so it cannot carry a wildcard.
	return db.All(ctx, q, db.Scalar[string],
		`SELECT DISTINCT street FROM authority_address WHERE postcode = ? AND street_key LIKE ? ORDER BY street LIMIT ?`,
		postcode, prefix+"%", limit)
}

// Texts are the words for this module's faults.
//
//go:embed locale/*.json
var Texts embed.FS
