//go:build seedfault

package main

// seeded: the workers acknowledge before the commit, write a case in two transactions, send each attempt under a key
// of its own, and go on after a failed write as if nothing had happened. The drills must see it.
const seeded = true
