// Package fault gives errors a kind, so that only the edge decides what a person or a program is told.
//
// A fault carries a code, which is a key of the language files; the words live there. What is not a fault is Internal:
// the person reads a bare sentence, the log has it all.
package fault
