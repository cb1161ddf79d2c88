// Package delivery keeps the mailbox of each account, tells people by e-mail that something waits in it, and keeps what
// goes out by letter post.
//
// It is for people who get messages and letters from authorities, and for procedure, which writes them. The mailbox is
// the one of § 2 Abs. 7 OZG; a decision in it counts as made known on the fourth day (§ 9 Abs. 1 OZG), so the moment a
// letter was put there is a record of the ledger, and so is each letter that went by post.
//
// A message is plain: three sentences first, then what one can do, then the sealed letter as it was made. An e-mail
// says that something waits, and a sentence of the case only where its author allowed it; never anything of class
// sensitive. The package shows a mailbox to nobody but its owner: what belongs to somebody else looks as if it did not
// exist. It never changes a letter, and never calls one genuine whose seal it has not just checked.
package delivery
