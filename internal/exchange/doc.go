// Package exchange is the one gate through which a person's data pass from one authority to another.
//
// It has three doors and one policy. Fetch pulls evidence out of another authority's register; Send tells other
// authorities what changed, field by field; View lets a register's own staff look something up. Preview shows people
// what an authority would get about them, before anybody gets it (§ 40 Abs. 4 BMG is the model). Whatever passes is
// recorded in the ledger in the transaction that reads it: who, unit and role, for whom, which fields, what for, which
// law, which case, and why in plain words.
//
// On the basis of law a register trusts its own entitlements, not the asker. On request and on consent there must be a
// running grant for exactly this reader, evidence and case, and the values must still be those the person saw; grant
// and entitlement are checked again inside the transaction that reads, under a lock, so that nothing is delivered once a
// revocation is acknowledged. Answers and notices are signed by the authority they come from, outside transactions.
//
// Notices (§§ 33 and 36 BMG) arrive exactly once and are acknowledged once, however often they are sent. What they carry is
// sealed on both sides. An authority that does not answer makes a case wait, never fail.
//
// The package never keeps the values of an answer, only their hash, and never tells an asker whether somebody is missing
// from a register because of a block.
package exchange
