package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	drainTime  = 20 * time.Second
	flushEvery = time.Minute
)

// FlushSessions writes down when sessions were last used, and clears what has ended. Run does it every minute.
func (s *Server) FlushSessions(ctx context.Context) error {
	return s.sessions.flush(ctx, s.Clock.Now())
}

// Run prepares and serves until ctx ends. Then it stops listening, tells the balancer, finishes the requests that are
// running and writes down when sessions were last used. It returns nil after an orderly end.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	if err := s.Prepare(); err != nil {
		return errors.Join(err, l.Close())
	}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-served:
			return err
		case <-ticker.C:
			if err := s.FlushSessions(ctx); err != nil {
				s.Log.WarnContext(ctx, "sessions", "err", err)
			}
		case <-ctx.Done():
			return s.stop(context.WithoutCancel(ctx), server, served)
		}
	}
}

func (s *Server) stop(ctx context.Context, server *http.Server, served <-chan error) error {
	s.drain.Do(func() { close(s.draining) })
	late, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	err := server.Shutdown(late)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return errors.Join(err, s.FlushSessions(ctx))
}
