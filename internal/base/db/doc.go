// Package db is the one way to durable data, on one SQLite file or on PostgreSQL, with one SQL text for both.
//
// Every write goes through Do: a closure that puts data, events, jobs and ledger records into one transaction. What Do
// acknowledges is durable. Closures are pure: no network, no rendering, no outside effect, and they may run twice. On
// SQLite one writer commits waiting closures as a group with a savepoint each; on PostgreSQL each closure is a
// SERIALIZABLE transaction that is repeated when the database asks for it. A closure that fails, panics or overruns its
// budget fails alone. The package never cancels a statement half way: an interrupted statement would roll back the
// innocent closures beside it.
//
// SQL is written with ? marks. Times are microseconds since 1970 in BIGINT columns, days are TEXT, JSON is TEXT, and
// empty values stand where others would use NULL.
package db
