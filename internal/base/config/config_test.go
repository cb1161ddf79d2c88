package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/i18n"
)

// commands is a command line as package app builds one.
type commands struct {
	Serve struct{ Config } `cmd:""`
	List  struct {
		Store
		JSON bool
	} `cmd:""`
	Help struct{} `cmd:""`
}

func texts(t *testing.T) func(string) string {
	t.Helper()
	b := i18n.New()
	if err := b.Add("config", Texts); err != nil {
		t.Fatal(err)
	}
	return func(key string) string {
		if !b.Has(key) {
			t.Errorf("no text %q", key)
		}
		return b.Text("de", key, nil)
	}
}

func parse(t *testing.T, environ []string, args ...string) (commands, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	options, err := Options(environ, texts(t))
	if err != nil {
		t.Fatal(err)
	}
	var c commands
	k, err := kong.New(&c, append(options, kong.Name("amtsweg"))...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return c, err
}

func TestTheFlagBeatsTheVariableAndTheVariableBeatsTheDefault(t *testing.T) {
	c, err := parse(t, []string{"AMTSWEG_NODE=from-variable", "AMTSWEG_LOG_LEVEL=warn", "HOME=/root"}, "serve", "--node=from-flag")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Serve; got.Node != "from-flag" || got.LogLevel != "warn" || got.Listen != "localhost:8080" {
		t.Errorf("got node %q, level %q, listen %q", got.Node, got.LogLevel, got.Listen)
	}
	if got, want := c.Serve.DatabaseURL(), "sqlite:data/amtsweg.db"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestASettingThatCannotBeRightIsRefusedAndSaysWhatIsAllowed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	relay := []string{"AMTSWEG_SMTP_HOST=mail.example", "AMTSWEG_SMTP_FROM=amt@stadt.example"}
	for name, tc := range map[string]struct {
		environ []string
		args    []string
		code    string
	}{
		"a variable nobody knows":       {[]string{"AMTSWEG_LISTN=:80"}, []string{"serve"}, "config.error.unknown"},
		"a flag that is no setting":     {[]string{"AMTSWEG_COUNT=4"}, []string{"list"}, "config.error.unknown"},
		"a database of another kind":    {nil, []string{"serve", "--database=mysql://x/y"}, "config.error.database"},
		"a server without a database":   {nil, []string{"serve", "--database=postgres://host"}, "config.error.database"},
		"a port out of range":           {[]string{"AMTSWEG_LISTEN=localhost:70000"}, []string{"serve"}, "config.error.listen"},
		"no port at all":                {nil, []string{"serve", "--listen=localhost"}, "config.error.listen"},
		"data in a file":                {nil, []string{"list", "--data=" + empty}, "config.error.folder"},
		"data below a file":             {nil, []string{"list", "--data=" + empty + "/deeper"}, "config.error.folder"},
		"a public address in the clear": {nil, []string{"serve", "--public-url=http://stadt.example"}, "config.error.public_url"},
		"a public address with a path":  {nil, []string{"serve", "--public-url=https://stadt.example/amt"}, "config.error.public_url"},
		"a node with a space":           {nil, []string{"serve", "--node=a b"}, "config.error.node"},
		"a session without end":         {nil, []string{"serve", "--session-max=900h"}, "config.error.session_max"},
		"idle longer than the session":  {nil, []string{"serve", "--session-idle=13h"}, "config.error.session_idle"},
		"a mail relay without a sender": {relay[:1], []string{"serve"}, "config.error.mail"},
		"a mail port out of range":      {relay, []string{"serve", "--smtp-port=0"}, "config.error.port"},
		"mail in the clear":             {relay, []string{"serve", "--smtp-tls=none"}, "config.error.tls"},
		"an empty password":             {relay, []string{"serve", "--smtp-user=amt", "--smtp-password-file=" + empty}, "config.error.file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, tc.environ, tc.args...)
			if got := fault.CodeOf(err); got != tc.code || !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want %s", err, tc.code)
			}
			b := i18n.New()
			if err := b.Add("config", Texts); err != nil {
				t.Fatal(err)
			}
			var f *fault.Error
			errors.As(err, &f)
			for _, lang := range i18n.Languages {
				if said := b.Text(lang, f.Code, f.Vars); said == f.Code {
					t.Errorf("in %s the text lacks a variable: %v", lang, f.Vars)
				}
			}
		})
	}
}

func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	c, err := parse(t, []string{"AMTSWEG_TEST_POSTGRES=required", "JSON=yes", "DATA=/elsewhere"}, "list")
	if err != nil {
		t.Fatal(err)
	}
	if c.List.JSON || c.List.Folder() != "data" {
		t.Errorf("a stranger's variable was read: %+v", c.List)
	}
	if _, err := parse(t, []string{"AMTSWEG_LISTN=:80"}, "help"); err != nil {
		t.Errorf("help must stay reachable: %v", err)
	}
}

func TestEachDatabaseHasAFolderOfItsOwn(t *testing.T) {
	for _, c := range []struct{ data, database, want string }{
		{"", "", "data"},
		{"/srv/amtsweg", "postgres://amt@db/amtsweg", "/srv/amtsweg"},
		{"", "sqlite:/srv/stadt/amtsweg.db", "/srv/stadt"},
		{"", "postgres://amt:geheim@db.example:5432/stadt?sslmode=require", "data/db.example-5432-stadt"},
		{"", "postgres://amt:anders@db.example:5432/stadt", "data/db.example-5432-stadt"},
		{"", "postgres://amt@db.example:5432/land", "data/db.example-5432-land"},
		{"", "postgres://amt@/../../etc", "data/etc"},
		{"", "postgres://[::1]:5432/stadt", "data/1-5432-stadt"},
	} {
		s := Store{Data: c.data, Database: c.database}
		if got := s.Folder(); got != c.want || !strings.HasPrefix(s.KeyFile(), c.want+"/") {
			t.Errorf("%+v: %q and %q, want %q", s, got, s.KeyFile(), c.want)
		}
	}
}

func TestAPasswordIsNeitherShownNorGuessed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "relay")
	if err := os.WriteFile(file, []byte("geheim wort\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := SMTP{Host: "mail.example", Port: 587, User: "amt", PasswordFile: file, From: "amt@stadt.example", TLS: "starttls"}
	if got, err := m.Password(); got != "geheim wort" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	c := Config{Store: Store{Data: t.TempDir(), Database: "postgres://amt:geheim@db/amtsweg"}, SMTP: m}
	if s := c.String(); strings.Contains(s, "geheim") || !strings.Contains(s, "@db/amtsweg") {
		t.Errorf("log line %q", s)
	}
	err := Store{Data: t.TempDir(), Database: "mysql://amt:geheim@db/x"}.Validate()
	var f *fault.Error
	if !errors.As(err, &f) || strings.Contains(f.Vars["Value"].(string), "geheim") {
		t.Errorf("the error shows the password: %v", f)
	}
}

func TestHelpPrintsEverySettingWithItsDefault(t *testing.T) {
	var out strings.Builder
	if err := WriteHelp(&out, texts(t)); err != nil {
		t.Fatal(err)
	}
	all, err := Settings()
	if err != nil || len(all) < 15 {
		t.Fatalf("%d settings, %v", len(all), err)
	}
	for _, s := range all {
		if !strings.Contains(out.String(), "--"+s.Flag) || !strings.Contains(out.String(), s.Variable) {
			t.Errorf("%s is missing", s.Flag)
		}
		if s.Default != "" && !strings.Contains(out.String(), "Vorgabe: "+s.Default) {
			t.Errorf("default %q of %s is missing", s.Default, s.Flag)
		}
	}
	if strings.Contains(out.String(), "config.") {
		t.Errorf("a text is missing:\n%s", out.String())
	}
}

func TestTheHelpOfACommandSpeaksTheSameLines(t *testing.T) {
	options, err := Options(nil, texts(t))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	k, err := kong.New(new(commands), append(options, kong.Writers(&out, &out), kong.Exit(func(int) {}))...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Parse([]string{"serve", "--help"}); err != nil && !strings.Contains(out.String(), "Ordner") {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "Ordner für die Daten") || strings.Contains(out.String(), "config.setting") {
		t.Errorf("got\n%s", out.String())
	}
}

func TestTheBaseAddressFollowsTheListener(t *testing.T) {
	if got := (Config{}).BaseURL("127.0.0.1:4711"); got != "http://127.0.0.1:4711" {
		t.Errorf("got %q", got)
	}
	if got := (Config{PublicURL: "https://stadt.example/"}).BaseURL("127.0.0.1:4711"); got != "https://stadt.example" {
		t.Errorf("got %q", got)
	}
}
