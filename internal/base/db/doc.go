// Package db is the one way to durable data, on one SQLite file or on PostgreSQL, with one SQL text for both.
//
// Every write goes through Do: a closure that puts data, events, jobs and ledger records into one transaction. What Do
// acknowledges is durable. Closures are pure: no network, no rendering, no outside effect, and they may run twice.
// Waiting closures are committed as a group, each that writes in a savepoint of its own: by the one writer of a SQLite
// file, or by one of a few on PostgreSQL, whose transactions are SERIALIZABLE and repeated when the database asks for
// it. A closure that fails, panics or overruns its budget fails alone. Statements whose result nobody needs are
// collected (Later, Expect) and travel to PostgreSQL with the next one or with COMMIT. The package never cancels a
// statement half way: an interrupted statement would roll back the innocent closures beside it.
//
// SQL is written with ? marks. Times are microseconds since 1970 in BIGINT columns, days are TEXT, JSON is TEXT, and
// empty values stand where others would use NULL.
package db
