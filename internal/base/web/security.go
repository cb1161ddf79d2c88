package web

import (
	"io"
	"net/http"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// policy is the content security policy of every answer. Icons of the design system are data: masks.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers every answer has. Pages hold personal data: no browser and no proxy keeps them.
func (s *Server) secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	h.Set("Cache-Control", "no-store")
	if s.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// A sender of too much is heard out for so many bytes and so long.
const (
	mostHeard   = 16 << 20
	longestHear = 5 * time.Second
)

// hearOut sends the refusal and reads what is still coming of a body that is too large. Browsers and most programs send
// all of it before they read: if the connection ended first, they would see it torn down and not the page that says why.
func hearOut(w http.ResponseWriter, body io.Reader) {
	connection := http.NewResponseController(w)
	// What is not possible here, such as a deadline in a test without a connection, leaves the answer as it is.
	_ = connection.SetReadDeadline(clock.System().Now().Add(longestHear))
	_ = connection.Flush()
	_, _ = io.CopyN(io.Discard, body, mostHeard)
}
