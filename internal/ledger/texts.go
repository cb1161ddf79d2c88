package ledger

import "embed"

// Texts are the words for this package's faults.
//
//go:embed locale/*.json
var Texts embed.FS
