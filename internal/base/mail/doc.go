// Package mail sends short e-mails through the relay of an installation, or in a demonstration into a table that
// anybody there can look at.
//
// It is for package delivery, which tells people that something waits in their mailbox. A message is queued in the
// caller's transaction and sent by a job: at least once, always with the same Message-ID, so that a receiver can tell a
// repetition (RFC 5322 §3.6.4). § 9 Abs. 1 Satz 6 OZG asks for this notice at the address the person named.
//
// Mail travels openly through other people's servers: what it says is up to the caller, and personal data do not belong
// in it. The package sends no HTML, no attachments, and nothing to lists.
package mail
