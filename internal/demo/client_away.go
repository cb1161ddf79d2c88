package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// away is a page that says that a register does not answer. The person comes back when it does.
func (w *walk) away(ctx context.Context, p *page) (*page, error) {
	if p.status != http.StatusServiceUnavailable || !w.has(registerDown) {
		return nil, fmt.Errorf("%s answered %d", p.at.Path, p.status)
	}
	if err := w.outage(ctx, false); err != nil {
		return nil, err
	}
	return w.person.open(ctx, p.at.String())
}

// releasesWhileAway sends the releases after the register went away: the case must wait and say so, and go on by itself
// when the register is back.
func (w *walk) releasesWhileAway(ctx context.Context, f *form) (*page, error) {
	w.done[registerDown] = true
	if err := w.outage(ctx, true); err != nil {
		return nil, err
	}
	p, err := w.person.press(ctx, f, "")
	if err == nil {
		err = w.waitsForRegister(ctx, p)
	}
	if err := errors.Join(err, w.outage(ctx, false)); err != nil {
		return nil, err
	}
	for range 600 {
		s, err := w.stands(ctx, w.caseID)
		if err != nil {
			return nil, err
		}
		if s.Wait != "register" {
			return w.person.open(ctx, "/umzug/"+w.caseID)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	w.breach("the case did not go on after the register came back")
	return nil, errGivesUp
}

func (w *walk) waitsForRegister(ctx context.Context, p *page) error {
	s, err := w.stands(ctx, w.caseID)
	if err != nil {
		return err
	}
	if s.Status != "waiting" || s.Wait != "register" || p.status != http.StatusOK {
		w.breach(fmt.Sprintf("while the register was away the case was %s for %q and the page answered %d", s.Status, s.Wait, p.status))
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
