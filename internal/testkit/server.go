package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// Server is a PostgreSQL cluster of one's own, to be broken: it can be started under another program and killed.
type Server struct {
	// Folder belongs to whom PostgreSQL runs as, and goes with Remove.
	Folder     string
	place, bin string
	cluster    cluster
	credential *syscall.Credential
	run        *exec.Cmd
	ended      chan struct{}
}

// NewServer makes the files of a cluster that is not running yet.
func NewServer(ctx context.Context) (s *Server, err error) {
	s = &Server{cluster: cluster{Password: ident.Token()}}
	if s.bin, err = programs(); err != nil {
		return nil, err
	}
	if s.credential, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.place, err = os.MkdirTemp("", "amtsweg-server-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(s.place, 0o755); err != nil {
		return nil, err
	}
	if s.Folder, err = prepare(s.place, s.cluster.Password, s.credential); err != nil {
		return nil, err
	}
	if s.cluster.Port, err = freePort(); err != nil {
		return nil, err
	}
	return s, initdb(ctx, s.bin, s.Folder, s.credential)
}

// URL names a database of the cluster; "postgres" is always there.
func (s *Server) URL(database string) string { return s.cluster.url(database) }

// ErrEnded says that a cluster gave up before it answered.
var ErrEnded = errors.New("PostgreSQL gave up")

// Start runs the cluster, under the given wrapping command if any, and waits until it answers. While processes of a killed
// one are still there it is tried again; if it gives up for another reason the error is ErrEnded.
func (s *Server) Start(ctx context.Context, wrap ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	line := append(append([]string{}, wrap...), filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.Folder, "data"), "-p", strconv.Itoa(s.cluster.Port))
	for _, setting := range settings {
		line = append(line, "-c", setting)
	}
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		if s.ended == nil {
			if err := s.launch(line); err != nil {
				return err
			}
		}
		if s.cluster.answers(ctx) {
			return nil
		}
		select {
		case <-s.ended:
			s.ended = nil
			text, _ := os.ReadFile(filepath.Join(s.Folder, "log"))
			if !bytes.Contains(text, []byte("still in use")) && !bytes.Contains(text, []byte("already exists")) {
				return fmt.Errorf("%w: %s", ErrEnded, text)
			}
		case <-retry.C:
		case <-ctx.Done():
			text, _ := os.ReadFile(filepath.Join(s.Folder, "log"))
			return fmt.Errorf("PostgreSQL did not start: %s", text)
		}
	}
}

func (s *Server) launch(line []string) error {
	log, err := os.OpenFile(filepath.Join(s.Folder, "log"), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	run := exec.Command(line[0], line[1:]...)
	run.Dir, run.Stdout, run.Stderr = s.Folder, log, log
	run.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential, Setsid: true, Pdeathsig: syscall.SIGQUIT}
	if err := run.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		run.Wait() //nolint:errcheck // why it ended stands in its log
		close(ended)
	}()
	s.run, s.ended = run, ended
	return nil
}

// Kill ends the cluster without a warning, as a loss of power would.
func (s *Server) Kill() error {
	if s.ended == nil {
		return nil
	}
	if err := syscall.Kill(-s.run.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-s.ended
	s.ended = nil
	return nil
}

// Remove kills the cluster and removes its files.
func (s *Server) Remove() error { return errors.Join(s.Kill(), os.RemoveAll(s.place)) }
