// Package ident makes ids that say nothing and cannot be guessed.
//
// An id has 128 random bits, a token 256. People see file numbers; ids appear in addresses and logs.
package ident
