package config

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// prefix begins every environment variable of ours. Those of the tests are theirs.
const (
	prefix = "AMTSWEG_"
	tests  = "AMTSWEG_TEST_"
)

// Environment is the process's environment as NAME=value, for main to hand on.
func Environment() []string { return os.Environ() }

// Variable is the environment variable of a setting: "smtp-host" becomes AMTSWEG_SMTP_HOST.
func Variable(setting string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// Setting is one setting as help shows it. About is the key of its line in the language files.
type Setting struct{ Flag, Variable, Default, About string }

// Settings lists every setting in the order of the struct.
func Settings() ([]Setting, error) {
	k, err := kong.New(new(Config), kong.NoDefaultHelp())
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	var all []Setting
	for _, f := range k.Model.Flags {
		all = append(all, Setting{Flag: f.Name, Variable: Variable(f.Name), Default: f.Default, About: f.Help})
	}
	return all, nil
}

// Options make kong read the settings of the commands that embed Config or Store: defaults, then AMTSWEG_ variables of
// environ, then flags. text gives the line of a key in the language of whoever sits there. A variable that is no
// setting is refused with kind Invalid as soon as a command asks for settings; help stays reachable.
func Options(environ []string, text func(key string) string) ([]kong.Option, error) {
	all, err := Settings()
	if err != nil {
		return nil, err
	}
	about := map[string]string{}
	for _, s := range all {
		about[s.Flag] = s.About
	}
	given, unknown := ours(environ, all)
	source := kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if about[f.Name] != f.Tag.Help || f.Tag.Help == "" {
			return nil, nil // a flag of the command's own
		}
		if unknown != nil {
			return nil, unknown
		}
		if v, ok := given[f.Name]; ok {
			return v, nil
		}
		return nil, nil
	})
	describe := func(k *kong.Kong) error {
		return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
			if f, is := node.(*kong.Flag); is && f.Tag.Help != "" && about[f.Name] == f.Tag.Help {
				f.Help = text(f.Tag.Help)
			}
			return next(nil)
		})
	}
	return []kong.Option{kong.Resolvers(source), kong.PostBuild(describe)}, nil
}

// ours takes our variables out of environ, by setting; one that is no setting becomes the error.
func ours(environ []string, all []Setting) (map[string]string, error) {
	names := map[string]string{}
	for _, s := range all {
		names[s.Variable] = s.Flag
	}
	given := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, tests) {
			continue
		}
		flag, ok := names[name]
		if !ok {
			return nil, fault.New(fault.Invalid, "config.error.unknown", "Variable", name, "Allowed", strings.Join(slices.Sorted(maps.Keys(names)), ", "))
		}
		given[flag] = value
	}
	return given, nil
}

// WriteHelp prints every setting with its line, its default, its flag and its variable.
func WriteHelp(w io.Writer, text func(key string) string) error {
	all, err := Settings()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(text("config.help.sources") + "\n")
	for _, s := range all {
		def := s.Default
		if def == "" {
			def = text("config.help.none")
		}
		fmt.Fprintf(&b, "\n--%s   %s\n    %s\n    %s %s\n", s.Flag, s.Variable, text(s.About), text("config.help.default"), def)
	}
	_, err = io.WriteString(w, b.String())
	return err
}
