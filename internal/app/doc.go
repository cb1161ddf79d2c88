// Package app puts the house together: it wires every module in one readable place and offers the sub-commands.
//
// Open makes a node from its settings; Main is the program. Nothing is decided here: what a module may do is its own
// matter, what it stands on is given to it by name.
package app
