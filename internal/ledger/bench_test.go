package ledger_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// node opens a ledger in a database on disk for a benchmark.
func node(b *testing.B, url string) (*ledger.Ledger, *db.DB) {
	b.Helper()
	d := testkit.Open(b, url, clock.System())
	if err := d.Migrate(b.Context(), keys.Migrations, ledger.Migrations); err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	ring, err := keys.Open(b.Context(), d, filepath.Join(dir, "master.key"))
	if err != nil {
		b.Fatal(err)
	}
	l, err := ledger.New(b.Context(), d, ring, ledger.Options{Name: "amtsweg.example/bench", HeadFile: filepath.Join(dir, "ledger.head")})
	if err != nil {
		b.Fatal(err)
	}
	return l, d
}

func persons(client int, n int64) ledger.Entry {
	return access(ledger.Subject(fmt.Sprintf("bench-%d-%d", client, n%1000)))
}

func append80(b *testing.B, url string) {
	l, d := node(b, url)
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			b.Error(err)
		}
	})
	var n, c atomic.Int64
	b.SetParallelism(40) // times two cores: 80 clients
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		client := int(c.Add(1))
		for pb.Next() {
			e := persons(client, n.Add(1))
			err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := l.Record(ctx, tx, e)
				return err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	b.StopTimer()
	stop()
	running.Wait()
}

func BenchmarkAppendSQLite(b *testing.B)   { append80(b, testkit.SQLite(b)) }
func BenchmarkAppendPostgres(b *testing.B) { append80(b, testkit.Postgres(b)) }

func BenchmarkVerify(b *testing.B) {
	l, d := node(b, testkit.SQLite(b))
	const records, batch = 100_000, 500
	for i := range records / batch {
		var entries []ledger.Entry
		for k := range batch {
			entries = append(entries, persons(k%50, int64(i*batch+k)))
		}
		err := d.Do(b.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := l.Record(ctx, tx, entries...)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for n := 1; n > 0; {
		var err error
		if n, err = l.Sequence(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		r, err := l.Verify(b.Context())
		if err != nil || !r.OK || r.Size != records {
			b.Fatalf("%+v, %v", r, err)
		}
	}
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkRecord is the work of one record inside a transaction, without its share of the commit.
func BenchmarkRecord(b *testing.B) {
	l, d := node(b, testkit.SQLite(b))
	entries := make([]ledger.Entry, 1000)
	for i := range entries {
		entries[i] = persons(i, int64(i))
	}
	b.ReportAllocs()
	for n := 0; n < b.N; n += len(entries) {
		err := d.Do(b.Context(), func(ctx context.Context, tx *db.Tx) error {
			for _, e := range entries[:min(len(entries), b.N-n)] {
				if _, err := l.Record(ctx, tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
