// Package lifeevent is where a life event begins: the pages of the services, what a portal hands over about a move, and
// the landlord's confirmation.
//
// A referral (Übergabe) is a statement that a registered portal signs and a person's browser carries to us. It is good
// once, for at most fifteen minutes, and for the one person whom it names. All it yields at first is a one-time handle
// in a cookie; what it says is shown to nobody before the identity card of that person was read. It is kept sealed, and
// erased when a case has taken it over or an hour later.
//
// The landlord's page takes the four items of § 19 Abs. 3 BMG and gives the reference mark of § 19 Abs. 4 BMG.
//
// For citizens, landlords and portals. The package decides nothing and opens no register: cases begin in procedure,
// confirmations are kept by register, and app passes both in. It never trusts what a portal says about who somebody is,
// never shows one person's referral to another, and never begins two cases with one referral.
package lifeevent
