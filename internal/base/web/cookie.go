package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/i18n"
	"golang.org/x/text/language"
)

const (
	sessionCookie = "aw_session"
	flashCookie   = "aw_hinweis"
	langCookie    = "aw_sprache"
	themeCookie   = "aw_farbe"
)

// cookieName adds the prefix that ties a cookie to this very host and to HTTPS.
func (s *Server) cookieName(name string) string {
	if s.Secure {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie no script can read; age zero lasts until the browser is closed.
func (s *Server) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever we are reached by HTTPS; a demonstration on loopback is not
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(age / time.Second),
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever we are reached by HTTPS; a demonstration on loopback is not
		Name: s.cookieName(name), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

func known(lang string) bool { return slices.Contains(i18n.Languages, lang) }

var matcher = language.NewMatcher([]language.Tag{language.German, language.English})

// accepted chooses the language from what a browser asks for; German when it asks for nothing we have.
func accepted(header string) string {
	if len(header) > 200 {
		return i18n.Languages[0]
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return i18n.Languages[0]
	}
	_, i, sure := matcher.Match(tags...)
	if sure == language.No {
		return i18n.Languages[0]
	}
	return i18n.Languages[i]
}
