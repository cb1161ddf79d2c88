package app

import (
	"context"
	"errors"
)

// WriteEvidence writes everything that a stranger's program needs to check this installation into a folder:
// docs/evidence.md describes it.
func (n *Node) WriteEvidence(ctx context.Context, dir string) error {
	public, err := n.publicKeys(ctx)
	if err != nil {
		return err
	}
	if err := n.Ledger.WritePack(ctx, dir, public); err != nil {
		return err
	}
	return errors.Join(n.Consent.Export(ctx, dir), n.Exchange.Export(ctx, dir), n.Letters.Export(ctx, dir))
}
