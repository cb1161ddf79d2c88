// Package services ships the procedure definitions: YAML with its tests inside, and the English texts beside it.
//
// A definition says what a service asks, fetches, checks, decides, sends and writes, each with its law. Package catalog
// checks and compiles it; nothing here is code. Shared parts lie in parts/, a town's own values in overlays/.
package services

import "embed"

// Files holds the shipped definitions; the name of a file is the name of its service.
//
//go:embed *.yaml texts/*.yaml
var Files embed.FS
