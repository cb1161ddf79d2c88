package app

import (
	"context"
	"errors"

	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/exchange"
)

// WriteEvidence writes everything that a stranger's program needs to check this installation into a folder:
// docs/evidence.md describes it.
func (n *Node) WriteEvidence(ctx context.Context, dir string) error {
	public, err := n.publicKeys(ctx)
	if err != nil {
		return err
	}
	signer, err := n.Keys.Signer(ctx, keys.Node, exchange.SignPurpose)
	if err != nil {
		return err
	}
	public[keys.Node] = signer.Public() // grants are signed where the person's account is at home
	if err := n.Ledger.WritePack(ctx, dir, public); err != nil {
		return err
	}
	return errors.Join(n.Consent.Export(ctx, dir), n.Exchange.Export(ctx, dir), n.Letters.Export(ctx, dir))
}
