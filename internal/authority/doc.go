// Package authority keeps who the authorities (Behörden) of an installation are: towns, counties, federal offices,
// churches and the broadcasting fee service, with their offices (Ämter), the directory of addresses, and who is
// competent for which register where.
//
// It is for every module that names an authority, checks an address or sends something to whoever is responsible.
// § 31 VwVfG and the states' laws on holidays reach it as the calendar of each authority's state. Addresses belong
// to the authority whose area they lie in; they are public and say nothing about the people who live there.
//
// The package keeps no data about persons, and no authority can read another one's tables through it: all it shares
// is what stands on a door plate.
package authority
