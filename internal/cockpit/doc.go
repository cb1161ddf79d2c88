// Package cockpit shows people who wants their data, who may read them, and who did: /freigaben and /zugriffe.
//
// It is for the person concerned and, where package mandate allows it, for the parents of a minor child. It keeps nothing
// of its own: questions and grants come from package consent, accesses from the ledger. § 40 BMG and Art. 15 DSGVO are
// the laws behind it: whoever is written about may read who read.
//
// A grant is ended here at once; a question can be refused here. Releasing happens only where the person reads the real
// values, on the page of the case, because exactly the values shown are released. What a law opens has no tick; the page
// says that it cannot be refused, and names the law.
//
// It names offices, units and roles, never a clerk. It says of the ledger no more than can be shown: nothing seen here was
// changed, nothing between was taken out, nothing that this browser once checked and remembered can vanish unnoticed. It
// never claims that every reader recorded the access, nor that everybody is shown the same ledger: that is ensured
// elsewhere. A person somebody may not see answers like one that does not exist.
package cockpit
