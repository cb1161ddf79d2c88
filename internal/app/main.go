package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/amtsweg/amtsweg/internal/base/config"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1 // it ran, and the answer is no
	exitUsage  = 2 // a wrong setting or argument, or somebody else is at work here
)

// program is the command line. Each sub-command is a struct with a Run method.
type program struct {
	Serve     serveCommand     `cmd:"" help:"Serve the pages of this installation."`
	Demo      demoCommand      `cmd:"" help:"Open the made-up world, to look around and try things."`
	Story     storyCommands    `cmd:"" help:"Tell the main story through the pages, and count what happened."`
	Case      caseCommands     `cmd:"" help:"Look at cases."`
	Ledger    ledgerCommands   `cmd:"" help:"Check the ledger."`
	Procedure procedureCommand `cmd:"" help:"Check and test procedure definitions."`
	Keys      keysCommands     `cmd:"" help:"List and rotate keys."`
	Help      helpCommand      `cmd:"" help:"Explain the settings: help config."`
}

// shell is what the sub-commands write to and end by.
type shell struct {
	ctx      context.Context //nolint:containedctx // of the whole program run
	out, err io.Writer
	texts    *i18n.Bundle
	lang     string
}

func (s *shell) text(key string) string { return s.texts.Text(s.lang, key, nil) }

// errNo ends a command whose answer is no, with everything already said.
var errNo = errors.New("no")

// Main runs the program with its arguments and environment and returns the exit code. Standard output carries results,
// standard error everything else.
func Main(args, environ []string, stdout, stderr io.Writer) int {
	texts, err := Texts()
	if err != nil {
		fmt.Fprintln(stderr, "amtsweg:", err) //nolint:errcheck // there is nowhere else to say it
		return exitFailed
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	sh := &shell{ctx: ctx, out: stdout, err: stderr, texts: texts, lang: language(environ)}
	return sh.run(args, environ)
}

// language is that of the terminal: German unless it says English.
func language(environ []string) string {
	for _, pair := range environ {
		if v, ok := strings.CutPrefix(pair, "LANG="); ok && strings.HasPrefix(v, "en") {
			return "en"
		}
	}
	return "de"
}

func (s *shell) run(args, environ []string) (code int) {
	options, err := config.Options(environ, s.text)
	if err != nil {
		return s.fail(err)
	}
	options = append(options, kong.Name("amtsweg"), kong.Description("Government as a service: one procedure, told once."),
		kong.Writers(s.out, s.err), kong.Exit(func(c int) { panic(exit(c)) }), kong.UsageOnError())
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exit:
			code = int(e)
		default:
			panic(e) // a fault of ours must not look like success
		}
	}()
	var p program
	k, err := kong.New(&p, options...)
	if err != nil {
		return s.fail(err)
	}
	parsed, err := k.Parse(args)
	if err != nil {
		return s.usage(err)
	}
	return s.fail(parsed.Run(s))
}

// exit carries kong's wish to end, for help, back to Main.
type exit int

// usage answers arguments and settings that cannot be right.
func (s *shell) usage(err error) int {
	s.say(err)
	return exitUsage
}

func (s *shell) fail(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNo):
		return exitFailed
	}
	s.say(err)
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Unavailable, fault.Forbidden, fault.NotFound:
		return exitUsage
	}
	return exitFailed
}

// say writes an error in the user's language; what has no words of its own is written as it is.
func (s *shell) say(err error) {
	var f *fault.Error
	if errors.As(err, &f) && s.texts.Has(f.Code) {
		fmt.Fprintln(s.err, "amtsweg:", s.texts.Text(s.lang, f.Code, f.Vars)) //nolint:errcheck // there is nowhere else to say it
		return
	}
	fmt.Fprintln(s.err, "amtsweg:", err) //nolint:errcheck // there is nowhere else to say it
}

func (s *shell) logger(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(s.err, &slog.HandlerOptions{Level: l}))
}
