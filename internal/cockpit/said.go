package cockpit

import (
	"strings"
)

// The ledger keeps what was said in German, as it was said. These are the house's own sentences among it; those of
// definitions are translated by Options.Translate.
var saidKeys = []string{"self", "family", "mailbox", "post", "reply", "replied", "told", "told_example", "handled", "erasure", "machine", "person"}

// say gives what was recorded in the reader's language, as far as it is known there; else as it was recorded. law is the
// one the record names.
func (w words) say(said, law string) string {
	lang := w.c.Lang()
	if lang == "de" || said == "" {
		return said
	}
	if t, ok := w.translate(lang, said); ok {
		return t
	}
	for _, key := range saidKeys {
		key = "cockpit.said." + key //locale:prefix cockpit.said.
		german := w.texts.Text("de", key, map[string]any{"Law": law, "Outcome": hole})
		before, after, open := strings.Cut(german, hole)
		if !open && german == said {
			return w.t(key, "Law", law, "Outcome", "")
		}
		if rest, ok := strings.CutPrefix(said, before); open && ok {
			if what, ok := strings.CutSuffix(rest, after); ok {
				return w.t(key, "Law", law, "Outcome", w.say(what, law))
			}
		}
	}
	return said
}

const hole = "\x00" // stands where a sentence names something

func (w words) translate(lang, german string) (string, bool) {
	if w.known == nil {
		return "", false
	}
	return w.known(lang, german)
}
