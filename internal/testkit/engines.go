package testkit

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// begin is when every story begins: a Monday morning on which the offices are open.
const begin = "2030-03-04 09:00"

// Clock stands at the beginning of a story. All tests share it, so nobody can move it; EnginesAt has one of its own.
var Clock clock.Clock = clock.At(begin)

// At returns a clock of the test's own that stands at the given Berlin wall time, written "2030-03-04 09:00".
func At(wall string) *clock.Fixed { return clock.At(wall) }

// Engines tells a story twice, in parallel: on a fresh SQLite file and on a fresh PostgreSQL database, both empty and
// both standing at Clock. Without PostgreSQL on the machine its half is skipped; where AMTSWEG_TEST_POSTGRES is
// "required", as in `make test`, it fails.
func Engines(t *testing.T, story func(t *testing.T, d *db.DB)) {
	t.Helper()
	engines(t, func(*testing.T) clock.Clock { return Clock }, story)
}

// EnginesAt is Engines with a clock for each telling, which the story may move.
func EnginesAt(t *testing.T, wall string, story func(t *testing.T, d *db.DB, c *clock.Fixed)) {
	t.Helper()
	engines(t, func(*testing.T) clock.Clock { return clock.At(wall) }, func(t *testing.T, d *db.DB) {
		story(t, d, d.Clock().(*clock.Fixed))
	})
}

func engines(t *testing.T, newClock func(*testing.T) clock.Clock, story func(t *testing.T, d *db.DB)) {
	t.Helper()
	EngineURLs(t, func(t *testing.T, url string) { story(t, Open(t, url, newClock(t))) })
}

// EngineURLs is Engines for stories that open the database themselves: they get the URL of an empty one.
func EngineURLs(t *testing.T, story func(t *testing.T, url string)) {
	t.Helper()
	for _, e := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", SQLite}, {"postgres", Postgres}} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			story(t, e.url(t))
		})
	}
}

// SQLite returns the URL of a database file that does not exist yet and goes with the test.
func SQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "amtsweg.db")
}

// Postgres returns the URL of a new empty PostgreSQL database that goes with the test. It skips or fails as Engines says,
// and skips short tests.
func Postgres(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("short tests tell their stories on SQLite only; leave -short away for PostgreSQL")
	}
	url, drop, err := NewPostgres(t.Context())
	if errors.Is(err, errNoPostgres) && os.Getenv("AMTSWEG_TEST_POSTGRES") != "required" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return url
}

// Open opens the database at url for as long as the test runs; what it logs goes to the test.
func Open(t testing.TB, url string, c clock.Clock) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, db.Options{Clock: c, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	return d
}

// NewPostgres creates an empty database in the shared cluster, for programs that are no tests (bench, drill); drop removes
// it again, whoever is still connected.
func NewPostgres(ctx context.Context) (url string, drop func() error, err error) {
	c, err := shared()
	if err != nil {
		return "", nil, err
	}
	name := "t_" + ident.New()
	// From template0, which nobody can be connected to: template1 would make parallel tests wait for each other.
	if err := c.command(ctx, `CREATE DATABASE "`+name+`" TEMPLATE template0`); err != nil {
		return "", nil, err
	}
	drop = func() error {
		return c.command(context.WithoutCancel(ctx), `DROP DATABASE "`+name+`" WITH (FORCE)`)
	}
	return c.url(name), drop, nil
}

// command runs one statement that belongs to no database of ours.
func (c cluster) command(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, text)
	return err
}
