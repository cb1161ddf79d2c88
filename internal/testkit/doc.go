// Package testkit gives tests what they stand on: a fresh database of each engine, a clock, and a browser
// without a network.
//
// A story runs on a real SQLite file and on a real PostgreSQL database; nothing of ours is mocked. The PostgreSQL
// cluster is private to the user and shared by all test binaries of a run: it listens on a free loopback port, keeps
// fsync on, and ends by itself a minute after the last test let go of it.
package testkit
