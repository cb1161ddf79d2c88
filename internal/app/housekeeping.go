package app

import (
	"context"
	"time"
)

const (
	tidyEvery = time.Hour
	eraseAt   = 1000 // records at a time
)

// keepHouse does what is due by the calendar rather than by an event: it erases what the law says must go, and forgets
// jobs done long ago.
func (n *Node) keepHouse(ctx context.Context) error {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := n.tidy(ctx); err != nil && ctx.Err() == nil {
			n.Log.Warn("housekeeping failed and will be tried again", "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (n *Node) tidy(ctx context.Context) error {
	for {
		erased, err := n.Ledger.EraseDue(ctx, eraseAt)
		if err != nil {
			return err
		}
		if erased == 0 {
			return n.Jobs.Tidy(ctx)
		}
	}
}
