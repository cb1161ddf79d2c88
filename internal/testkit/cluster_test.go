package testkit

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// place is a folder that PostgreSQL's own user may enter, unlike t.TempDir's.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "amtsweg-testkit-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func joined(t *testing.T, dir string) (cluster, *os.File) {
	t.Helper()
	c, use, err := join(t.Context(), dir, 0)
	if errors.Is(err, errNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, use
}

// gone waits until the cluster no longer answers.
func gone(t *testing.T, c cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for c.answers(ctx) {
		select {
		case <-ctx.Done():
			t.Fatal("the cluster is still there")
		case <-tick.C:
		}
	}
}

func TestAClusterIsSharedAndEndsWithItsLastUser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts clusters of its own")
	}
	t.Parallel()
	dir := place(t)
	first, use1 := joined(t, dir)
	second, use2 := joined(t, dir)
	if first != second {
		t.Errorf("the second user got a cluster of its own: %d and %d", first.Port, second.Port)
	}
	use1.Close()
	if !second.answers(t.Context()) {
		t.Error("the cluster ended under its second user")
	}
	use2.Close()
	gone(t, second)

	third, use3 := joined(t, dir)
	defer use3.Close()
	if third == first || !third.answers(t.Context()) {
		t.Error("a newcomer after the end got no cluster of its own")
	}
}

func TestADeadClusterBreaksNoRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts clusters of its own")
	}
	t.Parallel()
	dir := place(t)
	first, use1 := joined(t, dir)
	defer use1.Close()

	keepers, err := exec.Command("pgrep", "-f", "keeper "+filepath.Join(dir, "users")).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range strings.Fields(string(keepers)) {
		if err := exec.Command("kill", "-9", pid).Run(); err != nil {
			t.Fatal(err)
		}
	}
	gone(t, first) // nothing is left behind, even when its keeper was killed

	second, use2 := joined(t, dir)
	defer use2.Close()
	if !second.answers(t.Context()) {
		t.Error("no cluster after the first one died")
	}
}

func TestAClusterKeepsItsCommits(t *testing.T) {
	t.Parallel()
	c, err := shared()
	if errors.Is(err, errNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), c.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var got string
		if err := conn.QueryRow(t.Context(), "SHOW "+setting).Scan(&got); err != nil || got != "on" {
			t.Errorf("%s is %q, %v; a store test on it would prove nothing", setting, got, err)
		}
	}
}

func TestTheClusterIsClosedToStrangers(t *testing.T) {
	t.Parallel()
	u, err := shared()
	if errors.Is(err, errNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := u.cluster
	c.Password = "guessed"
	if c.answers(t.Context()) {
		t.Error("the cluster takes any password")
	}
}

func TestAFolderOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	dir := place(t)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if err := ownFolder(link); err == nil {
		t.Error("a planted link was taken for our own folder")
	}
}
