package access

import (
	"context"
	"errors"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// most is how many people one list shows.
const most = 1000

const staffColumns = `s.id, s.authority_id, s.unit, s.name, s.roles`

func scanStaff(r db.Row) (s Staff, err error) {
	var list string
	err = r.Scan(&s.ID, &s.Authority, &s.Unit, &s.Name, &list)
	for _, role := range strings.Fields(list) {
		s.Roles = append(s.Roles, Role(role))
	}
	return s, err
}

func insertStaff(ctx context.Context, tx *db.Tx, s Staff) error {
	list := make([]string, len(s.Roles))
	for i, r := range s.Roles {
		list[i] = string(r)
	}
	return tx.Later(ctx,
		`INSERT INTO access_staff (authority_id, id, unit, name, roles, left_on, appointed) VALUES (?, ?, ?, ?, ?, '', ?)`,
		string(s.Authority), string(s.ID), s.Unit, s.Name, strings.Join(list, " "), tx.Now())
}

// staffByID returns a person who works here; one who has left is NotFound.
func staffByID(ctx context.Context, q db.Querier, id StaffID) (Staff, error) {
	s, err := db.One(ctx, q, scanStaff, `SELECT `+staffColumns+` FROM access_staff s WHERE s.id = ? AND s.left_on = ''`, string(id))
	if errors.Is(err, db.ErrNone) {
		return s, fault.New(fault.NotFound, "access.error.not_found")
	}
	return s, err
}

// absentOn returns for whom a person stands in on a day: colleagues who still work here.
func absentOn(ctx context.Context, q db.Querier, stands Staff, day clock.Date) ([]Staff, error) {
	return db.All(ctx, q, scanStaff, `SELECT DISTINCT `+staffColumns+` FROM access_deputy d
		JOIN access_staff s ON s.authority_id = d.authority_id AND s.id = d.absent
		WHERE d.authority_id = ? AND d.stands = ? AND d.first_day <= ? AND d.last_day >= ? AND s.left_on = ''
		ORDER BY s.unit, s.id LIMIT ?`,
		string(stands.Authority), string(stands.ID), day, day, most)
}

func staffOf(ctx context.Context, q db.Querier, key authority.Key) ([]Staff, error) {
	return db.All(ctx, q, scanStaff, `SELECT `+staffColumns+` FROM access_staff s
		WHERE s.authority_id = ? AND s.left_on = '' ORDER BY s.unit, s.name, s.id LIMIT ?`, string(key), most)
}

func allStaff(ctx context.Context, q db.Querier) ([]Staff, error) {
	return db.All(ctx, q, scanStaff, `SELECT `+staffColumns+` FROM access_staff s
		WHERE s.left_on = '' ORDER BY s.authority_id, s.unit, s.name, s.id LIMIT ?`, most)
}

func insertDeputy(ctx context.Context, tx *db.Tx, key authority.Key, d deputy) error {
	return tx.Later(ctx, `INSERT INTO access_deputy (authority_id, stands, absent, first_day, last_day, named)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (authority_id, stands, absent, first_day) DO UPDATE SET last_day = excluded.last_day, named = excluded.named`,
		string(key), string(d.stands), string(d.absent), d.first, d.last, tx.Now())
}

func leave(ctx context.Context, tx *db.Tx, s Staff, day clock.Date) (int64, error) {
	return tx.Exec(ctx, `UPDATE access_staff SET left_on = ? WHERE authority_id = ? AND id = ? AND left_on = ''`,
		day, string(s.Authority), string(s.ID))
}
