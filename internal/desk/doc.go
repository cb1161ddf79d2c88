// Package desk is where clerks work: one list over all cases of their units, and each case on one screen with what the
// machine checked, why it stopped and what the clerk can do about it.
//
// It is for the staff of an authority in the role of a clerk. They see the cases whose service one of their units decides,
// their own or those of a colleague for whom they stand in; another authority's case answers like one that does not exist.
// A decision needs a reason wherever the machine had found something or proposes something else (§ 39 VwVfG), and the
// person's name who decides stands on the decision letter only (§ 37 Abs. 3 VwVfG). The file of a closed case is shown
// against a reason, which is recorded as an access that everybody in the file sees.
//
// The package keeps nothing. It never decides by itself, never shows values of the classes sensitive and secret, and
// counts nothing per clerk.
package desk
