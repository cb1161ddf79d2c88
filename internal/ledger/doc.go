// Package ledger keeps, for every person, what authorities did with the person's data, so that nobody can change it
// afterwards unseen: accesses, releases, refusals, revocations, decisions, deliveries, erasures and changes of settings.
//
// A record is durable in the transaction of what it records. A sequencer then gives it a place in a Merkle tree
// (RFC 6962) whose head the node signs. Whoever has a checkpoint can be shown that a record is in the tree, and whoever
// kept an earlier one that the tree continues it, so that nothing before it was changed or taken away. Whoever has a
// record can be shown that none of the person's records before it is missing. After a restore a new tree begins, and its
// first record names the checkpoint it went on from and what was lost. The law behind it: § 40 BMG (log of automated
// retrievals) and the duty of every authority to say who read what, and why.
//
// An access that a law keeps from its person for a while stands there sealed, without the person, and comes into the
// person's sequence on the day fixed when it was recorded.
//
// It never stores a record without purpose and law of an access, never shows a checkpoint before it is durable, never
// writes on a tree it finds broken, and never loses a body without a record of erasure that names the law. It cannot
// show that a reader recorded an access at all, nor that everybody is shown the same tree: for that stand the one gate,
// the other authority's own ledger and witnesses.
package ledger
