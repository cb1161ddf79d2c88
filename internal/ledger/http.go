package ledger

import (
	"net/http"

	"github.com/amtsweg/amtsweg/internal/base/web"
)

// Routes serves the log to whoever wants to watch it: /checkpoint and /tile/… (C2SP tlog-tiles). They hold hashes, never
// a record.
func (l *Ledger) Routes(w *web.Server) {
	w.Handle(http.MethodGet, "/checkpoint", web.Public, l.showCheckpoint)
	w.Handle(http.MethodGet, "/tile/{path...}", web.Public, l.showTile)
}

func (l *Ledger) showCheckpoint(c *web.Call) error {
	signed, err := l.Checkpoint(c.Context())
	if err != nil {
		return err
	}
	return c.Bytes("text/plain; charset=utf-8", []byte(signed))
}

func (l *Ledger) showTile(c *web.Call) error {
	tile, err := l.Tile(c.Context(), "tile/"+c.Param("path"))
	if err != nil {
		return err
	}
	return c.Bytes("application/octet-stream", tile)
}
