// Package keys keeps the keys of a node and of its authorities, and lets others sign, seal and compute MACs with them.
//
// A keyset belongs to an owner (the node or an authority) and to one purpose; a handle does that one thing. Keysets lie
// in the database, wrapped by the node's master key, which lies in a file outside the database and its backups: who
// steals a backup has no key. Rotation adds a key and keeps the older ones for what they signed or sealed.
//
// It never hands out the bytes of a secret key, and never makes a new master key where keysets exist already.
package keys
