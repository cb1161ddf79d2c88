// Package web is the edge: it turns requests into calls of the modules' handlers and errors into answers.
//
// It keeps one thing, the session rows: an opaque actor, a level of trust, two lifetimes and the SHA-256 of a random
// token; the token itself is only in the person's cookie. Identity decides who may have a session, web only holds it.
// Every route declares a policy. Pages are rendered on the server, work without scripts, and are never stored by a
// browser. Forms are bounded. What comes from another site is refused except where a route says otherwise.
//
// A person whom something does not belong to gets the same answer as when it does not exist. The log has one line per
// request, with ids only: no path values, no names, no query. Errors of our own show a number to the person and their
// cause only in the log.
//
// Pages follow § 7 OZG (easy and intuitive use, usable by everyone); the levels of trust are those of § 3 OZG:
// normal, substantial and high.
package web
