// Package event tells other modules what happened, in the transaction in which it happened.
//
// Append writes one job per subscriber; nobody reads by a high-water mark, because on PostgreSQL the order of commits is
// not the order of numbers. A subscriber may see an event again after a crash and must not mind.
package event
