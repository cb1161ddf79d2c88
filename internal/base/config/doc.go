// Package config keeps the settings of an installation: one struct, each setting with a default and one line that says
// what it is for.
//
// It is for whoever runs Amtsweg and for package app, which reads the settings once and hands them on. A setting comes
// from its default, from the environment variable AMTSWEG_NAME, or from the flag --name; the later one wins. A setting
// that does not exist or cannot be right is an error before anything starts.
//
// Secrets are never settings themselves: a setting names the file that holds them, so that they stand in no process
// list and in no log (Art. 32 DSGVO). No other package reads the environment.
package config
