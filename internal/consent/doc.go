// Package consent keeps what people were asked to release and what they released: requests and grants (Freigaben).
//
// It is for the person whose data it is, for those who act for them, and for package exchange, whose gate lets nothing
// pass on a request or a consent without a running grant. There are three bases for an access, a closed type. On the
// basis of law nobody is asked, so nothing of it is kept here. On request (§ 23a Abs. 1 BMG is the model) the law lets an
// authority fetch because the person asks for it: the person reads the real values first, releases exactly those, and
// the grant ends with the case. Consent (Art. 6 Abs. 1 Buchst. a DSGVO) is for extras and can be revoked.
//
// Release, refusal and revocation are ledger records and events in the transaction in which they happen. A grant is a
// signed statement that a stranger can check. It is void from its last moment on, whether or not anybody has marked it.
//
// The package never asks for a tick where the law leaves no choice, never widens what was ticked, and never keeps the
// values themselves, only their hash.
package consent
