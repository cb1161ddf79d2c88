// Package mandate says for whom an account may act: for its owner, for the owner's own minor children, and for the spouse
// in one thing only, the registration of the whole family in one form (§ 23 Abs. 4, § 23a Abs. 1 Satz 5 BMG).
//
// It joins what the identity card says about a person (§ 4 Abs. 1 BMeldDigiV) with who that is in the registers of this
// node. It asks the register each time and keeps nothing: who moved, came of age or got an information block yesterday is
// not acted for today. Every question is an access to the person's data, and the register records it.
//
// A person with an information block (§ 51, § 52 BMG) never appears, and nothing hints that somebody was left out. A spouse
// is never shown nor represented beyond the common registration. The package knows nobody who is in no register of this node.
package mandate
