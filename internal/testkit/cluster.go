package testkit

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// keeper is the shell script that owns the cluster's process; it says itself what it does.
//
//go:embed keeper.sh
var keeper string

// settings keep the cluster small and as durable as a real one: fsync and synchronous_commit stay on.
var settings = []string{
	"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400", "shared_buffers=64MB",
	"max_wal_size=512MB", "autovacuum=off", "jit=off", "log_min_messages=fatal",
}

// errNoPostgres says that the machine has no PostgreSQL, which is a reason to skip and no failure.
var errNoPostgres = errors.New("PostgreSQL is not installed: apt-get install postgresql")

// cluster is what a test binary needs to know of the shared cluster; it is kept as JSON beside it.
type cluster struct {
	Port     int
	Password string
}

// url names a database of the cluster.
func (c cluster) url(database string) string {
	return fmt.Sprintf("postgres://amtsweg:%s@127.0.0.1:%d/%s?sslmode=disable", c.Password, c.Port, database)
}

// answers reports whether the cluster takes connections.
func (c cluster) answers(ctx context.Context) bool {
	if c.Port == 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// shared returns this run's cluster; the first caller on the machine starts it, and this process holds on to it
// until it ends, however it ends: the kernel lets go of the lock.
var shared = sync.OnceValues(func() (user, error) {
	place := filepath.Join(os.TempDir(), "amtsweg-postgres-"+strconv.Itoa(os.Getuid()))
	c, use, err := join(context.Background(), place, time.Minute)
	return user{c, use}, err
})

// user is this process's hold on a cluster. It keeps the lock's file: one that nobody refers to would be collected,
// closed and so let go of.
type user struct {
	cluster
	use *os.File
}

// join uses the cluster at place, or starts one there. linger is how long it outlives its last user, and one is a user
// until the returned file is closed.
func join(ctx context.Context, place string, linger time.Duration) (c cluster, use *os.File, err error) {
	bin, err := programs()
	if err != nil {
		return c, nil, err
	}
	if err := ownFolder(place); err != nil {
		return c, nil, err
	}
	// Shared first: from here on the keeper cannot stop a cluster under us. It waits while the keeper is stopping one.
	if use, err = lock(filepath.Join(place, "users"), syscall.LOCK_SH); err != nil {
		return c, nil, err
	}
	starting, err := lock(filepath.Join(place, "starting"), syscall.LOCK_EX)
	if err != nil {
		return c, use, err
	}
	defer starting.Close()

	state := filepath.Join(place, "state.json")
	if text, err := os.ReadFile(state); err == nil && json.Unmarshal(text, &c) == nil && c.answers(ctx) {
		return c, use, nil
	}
	for range 3 { // another program may take the free port before PostgreSQL does
		if c, err = start(ctx, bin, place, linger); err == nil {
			text, _ := json.Marshal(c)
			return c, use, os.WriteFile(state, text, 0o600)
		}
	}
	return c, use, err
}

// programs returns the folder of the newest installed PostgreSQL's programs.
func programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errNoPostgres
}

// ownFolder makes place, and refuses one that somebody else prepared.
func ownFolder(place string) error {
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	info, err := os.Lstat(place)
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(stat.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to somebody else", place)
	}
	return nil
}

// lock waits for a lock on the file, which is held until the returned file is closed or the process ends.
func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

// start makes a new cluster at place and waits until it answers.
func start(ctx context.Context, bin, place string, linger time.Duration) (cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	c := cluster{Password: ident.Token()}
	credential, err := unprivileged()
	if err != nil {
		return c, err
	}
	if c.Port, err = freePort(); err != nil {
		return c, err
	}
	folder, err := prepare(place, c.Password, credential)
	if err != nil {
		return c, err
	}
	data := filepath.Join(folder, "data")
	if err := initdb(ctx, bin, folder, credential); err != nil {
		return c, err
	}
	args := []string{
		"-c", keeper, "keeper", filepath.Join(place, "users"), strconv.Itoa(int(linger.Seconds())), folder,
		filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(c.Port),
	}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	// Its output goes nowhere: a pipe of ours would keep `go test` waiting for as long as the cluster lives.
	run := exec.Command("/bin/sh", args...)
	run.Dir, run.SysProcAttr = folder, &syscall.SysProcAttr{Credential: credential, Setsid: true}
	if err := run.Start(); err != nil {
		return c, err
	}
	ended := make(chan struct{})
	go func() {
		run.Wait() //nolint:errcheck // why it ended stands in its log
		close(ended)
	}()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for !c.answers(ctx) {
		select {
		case <-ended:
			text, _ := os.ReadFile(filepath.Join(folder, "log"))
			return c, fmt.Errorf("PostgreSQL did not start: %s", text)
		case <-ctx.Done():
			return c, fmt.Errorf("PostgreSQL did not answer within a minute")
		case <-retry.C:
		}
	}
	return c, nil
}

// initdb makes the cluster's files in folder/data.
func initdb(ctx context.Context, bin, folder string, credential *syscall.Credential) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", filepath.Join(folder, "data"), "-U", "amtsweg", "-A", "password",
		"--pwfile", filepath.Join(folder, "password"), "-E", "UTF8", "--locale", "C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = folder, &syscall.SysProcAttr{Credential: credential}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// prepare empties the place of earlier clusters' data and returns a folder for the new one, with its password and log
// beside it, all of which belong to whom PostgreSQL runs as.
func prepare(place, password string, credential *syscall.Credential) (string, error) {
	old, _ := filepath.Glob(filepath.Join(place, "cluster-*"))
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return "", err
		}
	}
	// A name of its own: a dying cluster of an earlier run must not share a folder with the new one.
	folder := filepath.Join(place, "cluster-"+ident.New())
	err := errors.Join(
		os.Mkdir(folder, 0o700),
		os.WriteFile(filepath.Join(folder, "password"), []byte(password), 0o600),
		os.WriteFile(filepath.Join(folder, "log"), nil, 0o600),
	)
	if err != nil || credential == nil {
		return folder, err
	}
	for _, path := range []string{"", "password", "log"} {
		if err := os.Chown(filepath.Join(folder, path), int(credential.Uid), int(credential.Gid)); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// unprivileged returns who PostgreSQL runs as when the tests run as root, which it refuses; nil means as ourselves.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := osuser.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("the tests run as root, and there is neither a user postgres nor nobody to run PostgreSQL as")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
