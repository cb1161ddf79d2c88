package config

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/fault"
)

// Texts are the words of this package: what each setting is for, and what can be wrong with it.
//
//go:embed locale/*.json
var Texts embed.FS

// Store says where the data lie. Commands that only look into a database embed it instead of the whole Config.
type Store struct {
	Data      string `placeholder:"DIR" help:"config.setting.data"`
	Database  string `placeholder:"URL" help:"config.setting.database"`
	MasterKey string `placeholder:"FILE" help:"config.setting.master_key"`
}

//locale:prefix config.setting.

// Config is every setting there is. Field names become --flags and AMTSWEG_VARIABLES.
type Config struct {
	Store

	Listen    string `default:"localhost:8080" placeholder:"ADDR" help:"config.setting.listen"`
	PublicURL string `name:"public-url" placeholder:"URL" help:"config.setting.public_url"`
	Node      string `default:"amtsweg" placeholder:"NAME" help:"config.setting.node"`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" help:"config.setting.log_level"`

	SessionIdle time.Duration `default:"30m" help:"config.setting.session_idle"`
	SessionMax  time.Duration `default:"12h" help:"config.setting.session_max"`

	SMTP SMTP `embed:"" prefix:"smtp-"`
}

// SMTP says which mail relay takes our mail. Without a host no mail is sent.
type SMTP struct {
	Host         string `placeholder:"HOST" help:"config.setting.smtp_host"`
	Port         int    `default:"587" placeholder:"N" help:"config.setting.smtp_port"`
	User         string `placeholder:"NAME" help:"config.setting.smtp_user"`
	PasswordFile string `placeholder:"FILE" help:"config.setting.smtp_password_file"`
	From         string `placeholder:"MAIL" help:"config.setting.smtp_from"`
	TLS          string `name:"tls" default:"starttls" enum:"starttls,implicit,none" help:"config.setting.smtp_tls"`
}

// DatabaseURL is the database to open: the one that was named, or one SQLite file in the data folder.
func (s Store) DatabaseURL() string {
	if s.Database != "" {
		return s.Database
	}
	return "sqlite:" + filepath.Join(s.Folder(), "amtsweg.db")
}

// Folder is the data folder: the one that was named; else data, beside the SQLite file that was named, or a folder of its
// own below data for each PostgreSQL database, because the key and the head of the ledger in it belong to one database.
func (s Store) Folder() string {
	if s.Data != "" {
		return s.Data
	}
	if path, is := strings.CutPrefix(s.Database, "sqlite:"); is {
		return filepath.Dir(path)
	}
	u, err := url.Parse(s.Database)
	if s.Database == "" || err != nil {
		return "data"
	}
	return filepath.Join("data", strings.Trim(noName.ReplaceAllString(u.Host+"-"+u.Path, "-"), "-."))
}

var noName = regexp.MustCompile(`[^A-Za-z0-9._]+`)

// KeyFile is the file of the master key: the one that was named, or master.key in the data folder.
func (s Store) KeyFile() string {
	if s.MasterKey != "" {
		return s.MasterKey
	}
	return filepath.Join(s.Folder(), "master.key")
}

// BaseURL is the address under which people reach this installation, without a slash at the end. listening is the
// address it really listens on; it counts where no public address was set.
func (c Config) BaseURL(listening string) string {
	if c.PublicURL != "" {
		return strings.TrimSuffix(c.PublicURL, "/")
	}
	return "http://" + listening
}

// Validate refuses a place for the data that cannot be right, with kind Invalid. kong calls it.
func (s Store) Validate() error {
	if err := folder(s.Folder()); err != nil {
		return wrong("data", s.Folder(), "config.error.folder")
	}
	if s.Database != "" && !databaseURL(s.Database) {
		return wrong("database", hidePassword(s.Database), "config.error.database")
	}
	if info, err := os.Stat(s.KeyFile()); err == nil && info.IsDir() {
		return wrong("master-key", s.KeyFile(), "config.error.file")
	}
	return nil
}

// Validate refuses settings that cannot be right, with kind Invalid. kong calls it.
func (c Config) Validate() error {
	if err := c.Store.Validate(); err != nil {
		return err
	}
	if !address(c.Listen) {
		return wrong("listen", c.Listen, "config.error.listen")
	}
	if c.PublicURL != "" && !origin(c.PublicURL) {
		return wrong("public-url", c.PublicURL, "config.error.public_url")
	}
	if !nodeName.MatchString(c.Node) {
		return wrong("node", c.Node, "config.error.node")
	}
	if c.SessionIdle < time.Minute || c.SessionIdle > c.SessionMax {
		return wrong("session-idle", c.SessionIdle.String(), "config.error.session_idle")
	}
	if c.SessionMax > 24*time.Hour {
		return wrong("session-max", c.SessionMax.String(), "config.error.session_max")
	}
	return c.SMTP.check()
}

func (m SMTP) check() error {
	if m.Host == "" {
		return nil
	}
	if m.Port < 1 || m.Port > 65535 {
		return wrong("smtp-port", strconv.Itoa(m.Port), "config.error.port")
	}
	if !mailAddress.MatchString(m.From) {
		return wrong("smtp-from", m.From, "config.error.mail")
	}
	if m.TLS == "none" && !loopback(m.Host) {
		return wrong("smtp-tls", m.TLS, "config.error.tls")
	}
	if m.User != "" || m.PasswordFile != "" {
		if _, err := m.Password(); err != nil {
			return err
		}
	}
	return nil
}

// Password reads the relay's password from its file, without the line end; it is empty where no file is named.
func (m SMTP) Password() (string, error) {
	if m.PasswordFile == "" {
		return "", nil
	}
	raw, err := os.ReadFile(m.PasswordFile)
	secret := strings.TrimRight(string(raw), "\r\n")
	if err != nil || secret == "" {
		return "", wrong("smtp-password-file", m.PasswordFile, "config.error.file")
	}
	return secret, nil
}

func wrong(setting, value, code string) error {
	return fault.New(fault.Invalid, code, "Flag", "--"+setting, "Variable", Variable(setting), "Value", value)
}

// folder accepts one that can be read, or one that can be made because nothing stands in its way.
func folder(path string) error {
	_, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		if parent := filepath.Dir(path); parent != path {
			return folder(parent)
		}
	}
	return err
}

func databaseURL(s string) bool {
	if path, is := strings.CutPrefix(s, "sqlite:"); is {
		return path != ""
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && len(u.Path) > 1
}

func hidePassword(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		scheme, _, _ := strings.Cut(s, "://")
		return scheme + "://…"
	}
	return u.Redacted()
}

func address(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n >= 0 && n <= 65535
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// origin accepts https://town.example, and http:// on this machine only: sessions must not travel in the clear.
func origin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

var (
	nodeName    = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$`)
	mailAddress = regexp.MustCompile(`^[^\s<>@,;]+@[A-Za-z0-9.-]+$`)
)

// String names no secret; it is what a log may show.
func (c Config) String() string {
	return fmt.Sprintf("node %s, listen %s, data %s, database %s", c.Node, c.Listen, c.Folder(), hidePassword(c.DatabaseURL()))
}
