// Package job keeps work that must happen after a commit, in the same database as what it belongs to.
//
// Enqueue writes a row in the caller's transaction, so a job exists exactly if what caused it does. A runner leases due
// jobs by the database's clock; each lease has a fencing token. A handler does what lies outside (a mail, a call to a
// neighbour) and returns an effect, which commits together with the job's completion only if the token still holds: a
// runner that was too slow changes nothing. A failed job comes again with growing pauses and ends on a list that a
// person can see and restart. Jobs with the same kind and key exist once.
package job
