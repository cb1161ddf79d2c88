//go:build !seedfault

package main

// seeded tells the workers to do what must never be done; see fault_seeded.go.
const seeded = false
