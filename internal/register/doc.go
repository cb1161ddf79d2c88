// Package register keeps an authority's registers: who lives where (residents, § 3 BMG), how families belong together,
// what landlords confirmed (§ 19 BMG), and which authority may retrieve which evidence from it.
//
// It is for the authority that keeps the register and for those a law lets read it. There are few doors. Links answers
// yes/no facts of identity and kinship for package mandate, each one recorded in the ledger. Evidence reads the values
// of one kind of evidence for package exchange, which alone decides and records. Apply writes the authority's own
// register inside the transaction of a decision. Entitlements say who may retrieve what; a register trusts its own
// list, not the asker. Landlords takes and finds confirmations. Count gives figures, never below a minimum cell.
//
// Persons have a random root that only the Resolver knows. Each register knows a person by an area id derived from the
// root, so that two registers cannot be joined; the pointer Index knows yet another id, and only where which kind of
// evidence lies, never its content. Resolver and Index are two types with two keyrings, and neither can reach the other.
//
// The package never stores a field of class sensitive or secret unsealed, never shows a relative who has an information
// block (§ 51, § 52 BMG) nor that a row is missing, and never answers one authority from another one's register
// without an entitlement.
package register
