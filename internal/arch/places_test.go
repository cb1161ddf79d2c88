package arch

import (
	"go/token"
	"strings"
)

// timeless are the functions of package time that ask the machine's clock, or wait for it.
var timeless = []string{"Now", "Since", "Until", "Sleep"}

// checkClock: rules get now as an argument and services hold a clock, so that a story can run on any day.
func checkClock(h *house) (findings []string) {
	for _, s := range h.code {
		for _, name := range timeless {
			if name != "Sleep" && s.within("internal/base/clock") {
				continue
			}
			s.uses("time", name, func(pos token.Pos, _ string) {
				if name == "Sleep" {
					findings = append(findings, h.at(pos, "time.Sleep: wait for what is to happen, not for a while"))
					return
				}
				findings = append(findings, h.at(pos, "time.%s outside base/clock", name))
			})
		}
	}
	return findings
}

// checkEnvironment: settings have one place, which documents them all. testkit asks whether PostgreSQL is required,
// which is a setting of the tests and not of the product.
func checkEnvironment(h *house) (findings []string) {
	for _, s := range h.code {
		if s.within("internal/base/config", "internal/testkit") {
			continue
		}
		for _, name := range []string{"Getenv", "LookupEnv", "ExpandEnv"} {
			s.uses("os", name, func(pos token.Pos, _ string) {
				findings = append(findings, h.at(pos, "os.%s outside base/config", name))
			})
		}
	}
	return findings
}

// checkDrivers: base/db is the only door to a database. testkit creates databases, and bench measures what the engines
// can do without us, which is why they may reach around it.
func checkDrivers(h *house) (findings []string) {
	for _, s := range h.code {
		if s.within("internal/base/db", "internal/testkit", "bench") {
			continue
		}
		for pos, p := range s.imports {
			if p == "database/sql" || strings.HasPrefix(p, "github.com/jackc/pgx") || p == "modernc.org/sqlite" {
				findings = append(findings, h.at(pos, "%s outside base/db", p))
			}
		}
	}
	return findings
}

// checkHTTP: what a module says to the network stands in its http.go and client.go. base/web is what they stand on,
// tests and testkit play the other side, and bench and drill come from outside.
func checkHTTP(h *house) (findings []string) {
	for _, s := range h.code {
		if s.test || s.within("internal/base/web", "internal/testkit", "bench", "drill") ||
			strings.HasPrefix(s.name, "http") || strings.HasPrefix(s.name, "client") {
			continue
		}
		for pos, p := range s.imports {
			if p == "net/http" || strings.HasPrefix(p, "net/http/") {
				findings = append(findings, h.at(pos, "%s outside http.go and client.go", p))
			}
		}
	}
	return findings
}
