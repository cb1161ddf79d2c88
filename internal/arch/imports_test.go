package arch

import (
	"go/token"
	"slices"
	"strings"
)

// mayUse says which modules a module may use beside base. Below a module's name lie its sub-packages.
// Upward there are only events. A row is a permission, not a package to create.
var mayUse = map[string]string{
	"ledger":     "",
	"authority":  "ledger",
	"identity":   "ledger",
	"access":     "authority identity ledger",
	"register":   "authority access ledger",
	"mandate":    "identity register ledger",
	"consent":    "authority identity mandate register ledger",
	"exchange":   "authority access register consent mandate ledger",
	"vault":      "identity mandate ledger",
	"delivery":   "authority identity mandate vault ledger",
	"catalog":    "authority access register ledger",
	"fee":        "catalog authority",
	"letter":     "catalog authority",
	"procedure":  "authority catalog fee letter consent exchange mandate delivery ledger access register",
	"dossier":    "catalog access ledger",
	"lifeevent":  "authority catalog procedure consent exchange mandate ledger",
	"desk":       "authority procedure dossier catalog access consent letter exchange",
	"cockpit":    "authority consent exchange register ledger mandate delivery vault",
	"reporting":  "catalog exchange delivery",
	"hint":       town + " procedure",
	"rating":     town + " procedure",
	"bot":        town + " procedure catalog hint desk",
	"indicator":  town,
	"opendata":   town,
	"sensor":     town,
	"route":      town,
	"monitor":    town,
	"demography": town, "incident": town, "scenario": town, "evaluation": town, "participation": town,
	"expertise": town, "commons": town, "topic": town, "review": town,
}

// town is what every town module may use: they meet each other through Source interfaces that app passes in.
const town = "access delivery ledger"

// everything may be used by what wires, shows or tries the whole house.
var everything = []string{"internal/app", "internal/demo", "internal/testkit", "bench", "drill"}

// onlyNames narrows a row: of that module, only names with one of these beginnings may be referred to. The register's two
// inner doors are Links, yes-or-no facts about kinship, and Apply, the authority's own register. What Links is asked with
// and answers with belongs to its door.
var onlyNames = map[[2]string][]string{
	{"mandate", "register"}: {"Link", "Identity", "Cause", "Spouse", "Child", "Code", "AllNames"},
}

func checkImports(h *house) (findings []string) {
	for _, s := range h.code {
		if s.within("internal/arch") {
			continue
		}
		for pos, p := range s.imports {
			target, ours := strings.CutPrefix(p, module+"/")
			if !ours {
				continue
			}
			if why := refused(s, target); why != "" {
				findings = append(findings, h.at(pos, "%s", why))
			}
			findings = append(findings, beyondNames(h, s, target)...)
		}
	}
	return findings
}

// beyondNames finds what a file refers to in a module of which it may use a few names only.
func beyondNames(h *house, s source, target string) (findings []string) {
	from, to := moduleOf(s.folder), moduleOf(target)
	allowed := onlyNames[[2]string{from, to}]
	if allowed == nil || s.test {
		return nil
	}
	s.uses(module+"/"+target, "", func(pos token.Pos, name string) {
		if !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(name, a) }) {
			findings = append(findings, h.at(pos, "%s may not use %s.%s", from, to, name))
		}
	})
	return findings
}

// refused says why a file may not import one of our own packages; empty if it may.
func refused(s source, target string) string {
	from, to := moduleOf(s.folder), moduleOf(target)
	switch {
	case s.within(everything...):
		return ""
	case target == "internal/testkit":
		if s.test {
			return ""
		}
		return "testkit is for tests"
	case s.within("cmd"):
		if target == "internal/app" || strings.HasPrefix(target, "internal/base/") {
			return ""
		}
		return "a command only calls app.Main"
	case s.within("internal/base"):
		if strings.HasPrefix(target, "internal/base/") {
			return ""
		}
		return "base knows no domain, so it may not use " + target
	case strings.HasPrefix(target, "internal/base/"):
		return ""
	case s.test: // a test may tell more of the story than its module knows
		return ""
	case from == "" || to == "":
		if !strings.HasPrefix(s.folder, "internal/") {
			return s.folder + " lies outside the house and may use base only, not " + target
		}
		return target + " is for app to pass in"
	case from == to:
		return ""
	}
	row, known := mayUse[from]
	if !known {
		return from + " has no row in the table of who may use whom"
	}
	if !slices.Contains(strings.Fields(row), to) {
		return from + " may not use " + to
	}
	return ""
}

// moduleOf names the domain module a folder belongs to, empty for what is none.
func moduleOf(folder string) string {
	rest, inside := strings.CutPrefix(folder, "internal/")
	if !inside || strings.HasPrefix(rest, "base/") {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	if name == "app" || name == "demo" || name == "testkit" {
		return ""
	}
	return name
}
