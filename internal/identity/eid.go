package identity

import "context"

// EIDService is a service that reads identity cards: the simulator in a demo world, otherwise an eID server that is
// reached over SAML or OpenID Connect. Both work alike: the browser goes there, and comes back with a handle.
type EIDService interface {
	// Begin returns where the browser must go to show the card. The service gives state back with the handle it sends
	// the browser to Return with; it is what ties the end of a login to the browser that began it.
	Begin(ctx context.Context, state string) (location string, err error)

	// Finish exchanges a handle, once, for what the card asserted and the state it was begun with. A handle that is
	// unknown, used or too old is Gone.
	Finish(ctx context.Context, handle string) (a Assertion, state string, err error)
}

// Return is where an eID service sends the browser back to; the handle is its query value h.
const Return = "/anmelden/eid/zurueck"
