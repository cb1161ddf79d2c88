// Package procedure runs cases (Vorgänge): it takes a checked edition of a definition and moves each case along its
// stages, from the first page to the last acknowledgement.
//
// An event (a form, a release, an answer, a due day) starts the engine; it goes through the machine's stages until the
// next wait and commits once: the case, its history, the register's change, notices, letters, messages and ledger
// records, all in one transaction. Fetches happen before it, outside; letters are sealed before it. What was planned is
// written only if the case is still the one it was planned for.
//
// For the citizen: /umzug/…, /vorgaenge and /vorgang/…; for clerks through package desk; for programs by the stream of
// events. It keeps a case's values sealed with the authority's key. A machine decides only where the definition names a
// law that lets it (§ 35a VwVfG); whoever wants a person gets one (§ 24 Abs. 1 Satz 3 VwVfG), and nobody is refused at
// the door (§ 24 Abs. 3 VwVfG).
package procedure
