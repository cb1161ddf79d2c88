// Package access keeps who works for an authority, in which unit and role, and who stands in for whom; and it lets only
// those into the office pages whom it knows.
//
// It is for the desk, the cockpit of the operator and every route that staff use. Authorities are strictly separated: what
// belongs to another one answers like what does not exist. A deputy has the absent person's duties on the days named and
// in the same authority, never those the absent person holds as a deputy, and never an operator's. Whoever leaves is out
// at once: their sessions end in the same transaction. Every appointment, deputy and dismissal is a record in the ledger.
//
// A person's name is kept for one purpose only: it stands on the decision they sign (§ 37 Abs. 3 VwVfG). Everywhere else
// unit and role are shown, and nothing counts or compares what a single person does. The package signs nobody in: a
// live installation connects the authority's own identity provider, a demo world has a page for it.
package access
