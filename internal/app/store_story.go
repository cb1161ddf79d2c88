package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/demo"
)

// tables counts what a story did by reading the tables, past the modules and their pages: figures that the pages' own
// code counted would say what the pages believe.
type tables struct {
	db   *db.DB
	from baseline
}

// baseline is what was there before the story began.
type baseline struct{ cases, answers, accesses int }

func newTables(ctx context.Context, d *db.DB) (*tables, error) {
	t := &tables{db: d}
	var err error
	t.from, err = t.totals(ctx)
	return t, err
}

func (t *tables) totals(ctx context.Context) (baseline, error) {
	b, err := db.One(ctx, t.db, func(r db.Row) (b baseline, err error) { return b, r.Scan(&b.cases, &b.answers, &b.accesses) },
		`SELECT (SELECT COUNT(*) FROM procedure_case), (SELECT COUNT(*) FROM exchange_answer), (SELECT COUNT(*) FROM ledger_record WHERE kind = 'access')`)
	if err != nil {
		return b, fmt.Errorf("totals: %w", err)
	}
	return b, nil
}

// Registered lists who stands in the registers of residents.
func (t *tables) Registered(ctx context.Context) (map[string][]demo.Registered, error) {
	all := map[string][]demo.Registered{}
	err := db.Each(ctx, t.db, func(r db.Row) error {
		var of authority.Key
		var family, given, birth, left string
		if err := r.Scan(&of, &family, &given, &birth, &left); err != nil {
			return err
		}
		key := family + "/" + given + "/" + birth
		all[key] = append(all[key], demo.Registered{Authority: of, Left: left != ""})
		return nil
	}, `SELECT authority_id, family, given, birth, moved_out FROM register_record WHERE register = 'residents'`)
	if err != nil {
		return nil, fmt.Errorf("registers: %w", err)
	}
	return all, nil
}

// inChunks calls see for so many ids at a time that every engine takes them as arguments.
func inChunks(ids []string, see func(in string, args []any) error) error {
	for chunk := range slices.Chunk(ids, 500) {
		args := make([]any, len(chunk))
		for i, id := range chunk {
			args[i] = id
		}
		if err := see(db.In(len(chunk)), args); err != nil {
			return err
		}
	}
	return nil
}

// Standings says where cases stand.
func (t *tables) Standings(ctx context.Context, cases []string) (map[string]demo.Standing, error) {
	out := map[string]demo.Standing{}
	err := inChunks(cases, func(in string, args []any) error {
		return db.Each(ctx, t.db, func(r db.Row) error {
			var id string
			var s demo.Standing
			if err := r.Scan(&id, &s.Status, &s.Wait, &s.Stage, &s.Reason); err != nil {
				return err
			}
			out[id] = s
			return nil
		}, `SELECT id, status, wait, stage, reason FROM procedure_case WHERE id IN `+in, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return out, nil
}

// Told puts the notices of cases together by recipient, in the order in which they were sent.
func (t *tables) Told(ctx context.Context, cases []string) (map[string][]demo.Told, error) {
	out := map[string][]demo.Told{}
	err := inChunks(cases, func(in string, args []any) error {
		return db.Each(ctx, t.db, func(r db.Row) error {
			var id, to, law, sheets string
			var acknowledged time.Time
			if err := r.Scan(&id, &to, &law, &sheets, db.Time(&acknowledged)); err != nil {
				return err
			}
			var fields []string
			if err := json.Unmarshal([]byte(sheets), &fields); err != nil {
				return err
			}
			out[id] = told(out[id], demo.Told{To: to, Law: law, Fields: fields, Acknowledged: !acknowledged.IsZero()})
			return nil
		}, `SELECT case_id, recipient, law, sheets, acknowledged FROM exchange_notice WHERE case_id IN `+in+` ORDER BY case_id, place, notice_id`, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return out, nil
}

// told adds a notice: one line for each recipient, acknowledged if every notice to it is.
func told(list []demo.Told, n demo.Told) []demo.Told {
	i := slices.IndexFunc(list, func(t demo.Told) bool { return t.To == n.To && t.Law == n.Law })
	if i < 0 {
		return append(list, n)
	}
	list[i].Acknowledged = list[i].Acknowledged && n.Acknowledged
	for _, f := range n.Fields {
		if !slices.Contains(list[i].Fields, f) {
			list[i].Fields = append(list[i].Fields, f)
		}
	}
	return list
}

// Certificates counts the items on every certificate that reached a mailbox in these cases.
func (t *tables) Certificates(ctx context.Context, cases []string) (map[string][]int, error) {
	out := map[string][]int{}
	err := inChunks(cases, func(in string, args []any) error {
		return db.Each(ctx, t.db, func(r db.Row) error {
			var id string
			var data []byte
			if err := r.Scan(&id, &data); err != nil {
				return err
			}
			var of struct {
				Values []json.RawMessage `json:"values"`
			}
			if err := json.Unmarshal(data, &of); err != nil {
				return err
			}
			out[id] = append(out[id], len(of.Values))
			return nil
		}, `SELECT m.case_id, l.data FROM delivery_message m JOIN delivery_letter d ON d.account = m.account AND d.message = m.id
			JOIN letter_letter l ON l.authority_id = d.authority_id AND l.id = d.letter
			WHERE l.kind = 'certificate' AND m.case_id IN `+in, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	return out, nil
}

// Figures are the totals of these cases, and what has come since the story began.
func (t *tables) Figures(ctx context.Context, cases []string) (f demo.Figures, err error) {
	now, err := t.totals(ctx)
	if err != nil {
		return f, err
	}
	f.Cases, f.Fetches, f.Accesses = now.cases-t.from.cases, now.answers-t.from.answers, now.accesses-t.from.accesses
	took := map[string]bool{}
	err = inChunks(cases, func(in string, args []any) error {
		n, err := db.One(ctx, t.db, db.Scalar[int], `SELECT COUNT(*) FROM consent_grant WHERE ended = 0 AND case_id IN `+in, args...)
		if err != nil {
			return err
		}
		f.GrantsOpen += n
		return db.Each(ctx, t.db, func(r db.Row) error {
			var key string
			err := r.Scan(&key)
			took[key] = true
			return err
		}, `SELECT authority_id FROM procedure_case WHERE id IN `+in+` UNION SELECT holder FROM exchange_answer WHERE case_id IN `+in+`
			UNION SELECT recipient FROM exchange_notice WHERE case_id IN `+in, slices.Concat(args, args, args)...)
	})
	f.Authorities = len(took)
	if err != nil {
		return f, fmt.Errorf("figures: %w", err)
	}
	return f, nil
}
