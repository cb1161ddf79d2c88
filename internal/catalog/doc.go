// Package catalog reads, checks and evaluates procedure definitions: what an authority asks, fetches, checks, decides,
// writes and sends in one concern, as data with the law beside each step (docs/language.md).
//
// It is for whoever writes a definition (Check and CheckPaths name file, line, what is wrong and what to do), for the
// engine and the pages (Load compiles a sound definition into an immutable Edition) and for the tests that lie inside
// a definition, which run on the same evaluation as a real case. It enforces § 35a VwVfG (a machine decides only where
// a law lets it and nothing is left to weigh), §§ 28 and 39 VwVfG (hearing and reasons), § 42a VwVfG (silence) and
// that evidence, notices and letters carry no more data than the law they cite names.
//
// All rules are pure: they take values and days, never a clock, a network or a database, so the same case gives the
// same result on any machine. A missing value never counts as "no": it asks a person. The package keeps nothing, knows
// no person and decides nothing by itself; it says what would be decided and by whom.
package catalog
