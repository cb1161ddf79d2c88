// Package identity keeps the accounts of citizens (Bürgerkonto, § 2 Abs. 5 OZG) and says who signs in, and how surely.
//
// An account is opened by the electronic identity card alone (level high, § 3 Abs. 4 Nr. 1 Buchst. b OZG), as the
// electronic registration of a residence asks for it (§ 4 Abs. 1 BMeldDigiV). The package keeps what § 8 Abs. 1 OZG lets
// it keep to know a person again: the names, the day of birth and the address as the card asserted them last, and the
// service- and card-specific pseudonym. A passkey may be added afterwards; it signs in at level normal and never opens an
// account, never adds another passkey and never reaches level high: what needs more asks for the card once more.
//
// The package resolves nobody in a register and reads no register; mandate does that when somebody acts. A login that
// began in one browser cannot be finished in another. Logs carry ids, never names. Passkeys hold no fingerprint: that
// stays on the person's device.
package identity
