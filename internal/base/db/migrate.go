package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// Migrations are the tables of one module, as goose files in its folder migrations.
type Migrations struct {
	Module string
	Files  fs.FS
}

// Migrate brings the tables of the modules to their newest form, in the order given. Each module has its own table of
// versions, schema_MODULE; a module that is up to date costs one query.
func (d *DB) Migrate(ctx context.Context, modules ...Migrations) error {
	pool, err := d.migrationPool()
	if err != nil {
		return err
	}
	if d.engine == SQLite {
		defer pool.Close() //nolint:errcheck // nothing is pending
	}
	for _, m := range modules {
		if err := d.migrate(ctx, pool, m); err != nil {
			return fmt.Errorf("tables of %s: %w", m.Module, d.engine.known(err))
		}
	}
	return nil
}

func (d *DB) migrationPool() (*sql.DB, error) {
	if d.engine == Postgres {
		return d.reads, nil
	}
	pool, err := sql.Open("sqlite", sqliteURL(d.path))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", d.path, err)
	}
	pool.SetMaxOpenConns(1)
	return pool, nil
}

func (d *DB) migrate(ctx context.Context, pool *sql.DB, m Migrations) error {
	files, newest, err := d.engine.files(m)
	if err != nil {
		return err
	}
	var have int64
	table := "schema_" + m.Module
	if pool.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+table).Scan(&have) == nil && have == newest {
		return nil
	}
	dialect := goose.DialectSQLite3
	if d.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	store, err := database.NewStore(dialect, table)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider("", pool, files, goose.WithStore(store))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// files reads a module's migrations, translated for the engine, and the newest version among them.
func (e Engine) files(m Migrations) (fs.FS, int64, error) {
	names, err := fs.Glob(m.Files, "migrations/*.sql")
	if err != nil {
		return nil, 0, err
	}
	out, newest := fstest.MapFS{}, int64(0)
	for _, n := range names {
		text, err := fs.ReadFile(m.Files, n)
		if err != nil {
			return nil, 0, err
		}
		base := path.Base(n)
		number, _, _ := strings.Cut(base, "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("migration %s has no number", base)
		}
		newest = max(newest, v)
		out[base] = &fstest.MapFile{Data: []byte(e.schema(string(text)))}
	}
	return out, newest, nil
}
