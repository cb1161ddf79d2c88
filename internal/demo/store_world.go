package demo

import (
	"context"
	"errors"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
)

// worldBegun returns the seed and the day of the world in this database; the first caller's are kept.
func worldBegun(ctx context.Context, d *db.DB, seed uint64, day clock.Date) (uint64, clock.Date, error) {
	err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		type begin struct {
			seed int64
			day  clock.Date
		}
		kept, err := db.One(ctx, tx, func(row db.Row) (b begin, err error) { return b, row.Scan(&b.seed, db.Date(&b.day)) },
			`SELECT seed, day FROM demo_world WHERE name = ?`, mark)
		if err == nil {
			seed, day = uint64(kept.seed), kept.day
		}
		if errors.Is(err, db.ErrNone) {
			_, err = tx.Exec(ctx, `INSERT INTO demo_world (name, seed, day) VALUES (?, ?, ?)`, mark, int64(seed), day)
		}
		return err
	})
	return seed, day, err
}
