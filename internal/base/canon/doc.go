// Package canon writes JSON in its one canonical form (RFC 8785), so that two programs hash and sign the same bytes.
//
// Ledger bodies, letters and released values stand on it. It never guesses: text that is not UTF-8, numbers that are
// not finite and integers a double cannot hold are errors.
package canon
