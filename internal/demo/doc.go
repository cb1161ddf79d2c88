// Package demo is the made-up world: the state Mittelau with its towns and people, the eID simulator, the login of staff
// and what else only a demonstration needs.
//
// "Demo" is a mark written into a database when it is created. Only such a database has any of this; in a live one the
// package refuses to start, and none of its pages exists. Nobody in it is a real person, and its state law is made up.
// It never reaches into a module by another way than the module's own services.
package demo
