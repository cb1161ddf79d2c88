package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// verifyAll is G8: a whole ledger checked from its stored bytes, and one inclusion proof.
func verifyAll(ctx context.Context, b *bench) (err error) {
	const records, batch = 200_000, 500
	dir := filepath.Join(b.dir, "g8")
	t, err := openBook(ctx, dir, "sqlite:"+filepath.Join(dir, "amtsweg.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	var ids []string
	for n := int64(0); n < records; n += batch {
		var entries []ledger.Entry
		for i := range int64(batch) {
			entries = append(entries, entry(int(i%50), n+i))
		}
		err := t.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			out, err := t.ledger.Record(ctx, tx, entries...)
			if err == nil {
				ids = append(ids, out[0].ID)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for placed := 1; placed > 0; {
		if placed, err = t.ledger.Sequence(ctx); err != nil {
			return err
		}
	}
	var wall, used []time.Duration
	for range b.rounds {
		elapsed, before := clock.Monotonic(), cpu()
		report, err := t.ledger.Verify(ctx)
		if err != nil {
			return err
		}
		if !report.OK || report.Size != records {
			return fmt.Errorf("the ledger does not verify: %+v", report)
		}
		wall, used = append(wall, elapsed()), append(used, cpu()-before)
	}
	var proof []time.Duration
	for i := range 200 {
		elapsed := clock.Monotonic()
		if _, err := t.ledger.Proof(ctx, ids[i*len(ids)/200]); err != nil {
			return err
		}
		proof = append(proof, elapsed())
	}
	b.atLeast("G8a", records/middle(used).Seconds()/1e3, 200, "thousand records/s and core: %d records in %v of CPU, %v on the clock; tree, bodies, columns, every person's sequence",
		records, middle(used).Round(time.Millisecond), middle(wall).Round(time.Millisecond))
	b.atMost("G8b", middle(proof).Seconds()*1e3, 1, "ms for one inclusion proof (median of %d, a tree of %d)", len(proof), records)
	return nil
}
