package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite"

	"github.com/amtsweg/amtsweg/internal/testkit"
)

// rowBytes is the size of the rows the limits write: about what a ledger's record has.
const rowBytes = 500

// singleCommits is PostgreSQL's own limit for audited work: one row, one commit, the driver and nothing of ours.
type singleCommits struct {
	pool     *pgxpool.Pool
	settings string
	drop     func() error
}

func newSingleCommits(ctx context.Context, connections int) (*singleCommits, error) {
	url, drop, err := testkit.NewPostgres(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, fmt.Sprintf("%s&pool_max_conns=%d", url, connections))
	if err != nil {
		return nil, err
	}
	s := &singleCommits{pool: pool, drop: drop}
	if _, err := pool.Exec(ctx, "CREATE TABLE audit (seq BIGSERIAL PRIMARY KEY, prev BYTEA, hash BYTEA, body BYTEA)"); err != nil {
		return nil, err
	}
	return s, pool.QueryRow(ctx, `SELECT 'fsync ' || current_setting('fsync') || ', synchronous_commit ' ||
		current_setting('synchronous_commit') || ', ' || split_part(version(), ' (', 1)`).Scan(&s.settings)
}

func (s *singleCommits) write(ctx context.Context, _ int) error {
	_, err := s.pool.Exec(ctx, "INSERT INTO audit (prev, hash, body) VALUES ($1, $2, $3)", make([]byte, 32), make([]byte, 32), make([]byte, rowBytes))
	return err
}

func (s *singleCommits) close() error {
	s.pool.Close()
	return s.drop()
}

// bareGroup is SQLite's limit: one writer that commits what waits as one transaction, chained rows, nothing else.
type bareGroup struct {
	db      *sql.DB
	queue   chan chan error
	writer  sync.WaitGroup
	prev    [32]byte
	commits atomic.Int64
	rows    atomic.Int64
}

// groupMost rows are committed at once.
const groupMost = 1024

func newBareGroup(ctx context.Context, dir string) (*bareGroup, error) {
	file := filepath.Join(dir, "limit.db")
	d, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	if _, err := d.ExecContext(ctx, "CREATE TABLE audit (seq INTEGER PRIMARY KEY, prev BLOB NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL)"); err != nil {
		return nil, err
	}
	insert, err := d.PrepareContext(ctx, "INSERT INTO audit (prev, hash, body) VALUES (?, ?, ?)")
	if err != nil {
		return nil, err
	}
	g := &bareGroup{db: d, queue: make(chan chan error, groupMost)}
	g.writer.Go(func() {
		for first := range g.queue {
			waiting := []chan error{first}
			for more := true; more && len(waiting) < groupMost; {
				select {
				case next, open := <-g.queue:
					if more = open; open {
						waiting = append(waiting, next)
					}
				default:
					more = false
				}
			}
			err := g.commit(ctx, insert, len(waiting))
			for _, w := range waiting {
				w <- err
			}
		}
	})
	return g, nil
}

func (g *bareGroup) commit(ctx context.Context, insert *sql.Stmt, rows int) error {
	tx, err := g.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	in := tx.StmtContext(ctx, insert)
	body := make([]byte, rowBytes)
	for range rows {
		next := sha256.Sum256(append(g.prev[:], body...))
		if _, err := in.ExecContext(ctx, g.prev[:], next[:], body); err != nil {
			return err
		}
		g.prev = next
	}
	g.commits.Add(1)
	g.rows.Add(int64(rows))
	return tx.Commit()
}

func (g *bareGroup) write(context.Context, int) error {
	done := make(chan error, 1)
	g.queue <- done
	return <-done
}

func (g *bareGroup) close() error {
	close(g.queue)
	g.writer.Wait()
	return g.db.Close()
}
