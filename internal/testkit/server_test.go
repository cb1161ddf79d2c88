package testkit

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAKilledServerStartsAgainWithItsData(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a cluster of its own")
	}
	t.Parallel()
	s, err := NewServer(t.Context())
	if errors.Is(err, errNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(t.Context(), "env", "LANG=C"); err != nil {
		t.Fatal(err)
	}
	if err := s.cluster.command(t.Context(), "CREATE DATABASE kept"); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if s.cluster.answers(t.Context()) {
		t.Fatal("it answers after it was killed")
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.URL("kept"))
	if err != nil {
		t.Fatal("the database made before is gone: ", err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
