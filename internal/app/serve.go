package app

import (
	"errors"
	"fmt"
	"net"

	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

type serveCommand struct{ config.Config }

// Run serves an installation until it is told to stop.
func (c *serveCommand) Run(s *shell) error { return s.serve(c.Config, false) }

type demoCommand struct{ config.Config }

// Run opens the demo world. It listens on loopback unless told otherwise.
func (c *demoCommand) Run(s *shell) error { return s.serve(c.Config, true) }

func (s *shell) serve(c config.Config, demonstration bool) (err error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(s.ctx, "tcp", c.Listen)
	if err != nil {
		return fault.Wrap(fault.Conflict, "config.error.in_use", err, "Address", c.Listen)
	}
	base := c.BaseURL(reachable(c.Listen, ln.Addr()))
	n, err := Open(s.ctx, Options{Config: c, Demo: demonstration, Base: base, Log: s.logger(c.LogLevel)})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	fmt.Fprintf(s.err, "%s %s\n", s.text("config.serve.listening"), base) //nolint:errcheck // it is for the person at the terminal
	return n.Run(s.ctx, ln)
}

// reachable is the address people type: the host they chose, with the port that was given out.
func reachable(listen string, got net.Addr) string {
	host, _, err := net.SplitHostPort(listen)
	_, port, err2 := net.SplitHostPort(got.String())
	if err != nil || err2 != nil {
		return got.String()
	}
	if host == "" || net.ParseIP(host) != nil { // passkeys are bound to a name; an installation with one sets --public-url
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
