// Package arch holds the rules of the house as tests; it has no code that anything could use.
//
// A rule looks at the repository's own text and names file and line of what breaks it. Beside every rule lies a small
// offending house in testdata (RULE.txtar, its comment says what must be found, and nothing else may be): a rule that
// finds nothing there is blind, and its test fails. Who may use whom is the table in imports_test.go; a row is added
// there together with a decision in docs/adr.
package arch
