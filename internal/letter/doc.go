// Package letter makes the sealed letters of the authorities: certificates, decisions and pieces of information.
//
// The original of a letter is an accessible HTML document together with its canonical data; the authority's seal, an
// Ed25519 signature, covers the data, which name the hash of the HTML. Anybody can check the three files with the
// authority's public key alone. A PDF is only a print copy, made on demand from the sealed data, and says so.
//
// It is for the people who get a letter, for whoever they show it to, and for procedure, which orders letters. A
// decision names the authority and, unless it was made automatically, the person who decided (§ 37 Abs. 3 and 5
// VwVfG), gives reasons (§ 39 VwVfG) and the remedy of the state (§ 37 Abs. 6 VwVfG). A certificate holds exactly the
// values it was ordered with: the Amtliche Meldebestätigung the eight of § 24 Abs. 2 BMG.
//
// The package never changes a letter once it is sealed, never delivers one (delivery does), and keeps nothing of the
// files that somebody lets it check.
package letter
