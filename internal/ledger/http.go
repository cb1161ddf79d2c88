package ledger

import (
	"net/http"

	"github.com/amtsweg/amtsweg/internal/base/web"
)

// Routes serves the log to whoever wants to watch it: /checkpoint and /tile/… (C2SP tlog-tiles), and /epochs/N/tile/… of
// each tree by its number, also of those that ended with a restore. They hold hashes, never a record.
func (l *Ledger) Routes(w *web.Server) {
	w.Handle(http.MethodGet, "/checkpoint", web.Public, l.showCheckpoint)
	w.Handle(http.MethodGet, "/tile/{path...}", web.Public, l.showTile)
	w.Handle(http.MethodGet, "/epochs/{epoch}/tile/{path...}", web.Public, l.showTile)
}

func (l *Ledger) showCheckpoint(c *web.Call) error {
	signed, err := l.Checkpoint(c.Context())
	if err != nil {
		return err
	}
	return c.Bytes("text/plain; charset=utf-8", []byte(signed))
}

func (l *Ledger) showTile(c *web.Call) error {
	path := "tile/" + c.Param("path")
	if epoch := c.Param("epoch"); epoch != "" {
		path = "epochs/" + epoch + "/" + path
	}
	tile, err := l.Tile(c.Context(), path)
	if err != nil {
		return err
	}
	return c.Bytes("application/octet-stream", tile)
}
