// Package jws writes and reads signed statements as compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037).
//
// Grants, answers and acknowledgements travel like this, so that a stranger can check them with any JOSE library. The
// header names the owner of the key (kid) and what kind of statement it is (typ): a statement of one kind never passes
// for one of another. The package keeps no keys and reads no other algorithm.
package jws
