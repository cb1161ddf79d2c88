// Package i18n keeps the texts people read, in German and English, and writes days, moments, spans and sums the way
// each language does.
//
// German is the first language: it is written first, and it answers when an English text is missing. Every module has
// a file locale/de.json and locale/en.json with flat keys "module.page.text"; a text may have variables ({{.Name}}).
// Where a number changes the words there are two keys. Numbers and their words are joined by a no-break space. Simple, intuitive use is a duty of the portals this serves (§ 7 Abs. 1 OZG).
//
// The package never guesses: a missing text shows its key, so that a test finds it before a person does.
package i18n
