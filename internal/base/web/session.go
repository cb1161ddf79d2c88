package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// Session is a signed-in person, or nobody when Actor is empty.
type Session struct {
	ID    string    // for logs; says nothing about the cookie
	Actor string    // opaque; identity knows whose it is
	Level Level     // how surely
	Since time.Time // when this level was reached
	seen  time.Time
	ends  time.Time
}

// sessions holds when each session was last used, so that reading a page costs no write: Flush brings the moments to
// the database now and then. What a crash loses is at most the time since the last Flush.
type sessions struct {
	db             *db.DB
	idle, absolute time.Duration

	mu      sync.Mutex
	touched map[string]time.Time // hash of the token → last use
	swept   time.Time
}

// tokenLength is that of ident.Token; anything else is not looked up.
const tokenLength = 52

func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// find returns the living session of a token, or the zero Session.
func (s *sessions) find(ctx context.Context, token string, now time.Time) (Session, error) {
	if s.db == nil || len(token) != tokenLength {
		return Session{}, nil
	}
	key := hash(token)
	found, err := sessionByToken(ctx, s.db, key)
	if errors.Is(err, db.ErrNone) {
		return Session{}, nil
	}
	if err != nil {
		return Session{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.touched[string(key)]; last.After(found.seen) {
		found.seen = last
	}
	if !now.Before(found.ends) || !now.Before(found.seen.Add(s.idle)) {
		return Session{}, nil
	}
	s.touched[string(key)] = now
	return found, nil
}

// begin replaces the session of an old token, if any, by a new one.
func (s *sessions) begin(ctx context.Context, old, actor string, level Level) (token string, _ Session, err error) {
	if s.db == nil {
		return "", Session{}, errors.New("web: no database for sessions")
	}
	token = ident.Token()
	id := ident.New()
	var fresh Session
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := tx.Now()
		fresh = Session{ID: id, Actor: actor, Level: level, Since: now, seen: now, ends: now.Add(s.absolute)}
		if err := deleteSession(ctx, tx, hash(old)); err != nil {
			return err
		}
		return insertSession(ctx, tx, hash(token), fresh)
	})
	s.forget(old)
	return token, fresh, err
}

func (s *sessions) end(ctx context.Context, token string) error {
	if s.db == nil {
		return nil
	}
	s.forget(token)
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return deleteSession(ctx, tx, hash(token)) })
}

func (s *sessions) forget(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.touched, string(hash(token)))
}

// flush writes the last uses since the previous flush, and once an hour clears sessions that have ended.
func (s *sessions) flush(ctx context.Context, now time.Time) error {
	if s.db == nil {
		return nil
	}
	s.mu.Lock()
	touched, sweep := s.touched, now.Sub(s.swept) >= time.Hour
	s.touched = map[string]time.Time{}
	if sweep {
		s.swept = now
	}
	s.mu.Unlock()
	if len(touched) == 0 && !sweep {
		return nil
	}
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		for key, seen := range touched {
			if err := touchSession(ctx, tx, []byte(key), seen); err != nil {
				return err
			}
		}
		if !sweep {
			return nil
		}
		return deleteEnded(ctx, tx, now, now.Add(-s.idle))
	})
	if err != nil {
		s.giveBack(touched)
	}
	return err
}

func (s *sessions) giveBack(touched map[string]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, seen := range touched {
		if s.touched[key].Before(seen) {
			s.touched[key] = seen
		}
	}
}

// EndSessions ends every session of an actor, in the transaction that takes their access away.
func EndSessions(ctx context.Context, tx *db.Tx, actor string) error {
	return deleteSessionsOf(ctx, tx, actor)
}

// recall finds the session of this request.
func (c *Call) recall() error {
	token := c.server.cookie(c.R, sessionCookie)
	if token == "" {
		return nil
	}
	found, err := c.server.sessions.find(c.Context(), token, c.now)
	if err != nil {
		return err
	}
	c.session = found
	return nil
}

// SignIn begins a session for an actor at a level, with a new token each time; one that existed ends.
func (c *Call) SignIn(actor string, level Level) error {
	if actor == "" || level <= None {
		return errors.New("web: a session needs an actor and a level")
	}
	old := c.server.cookie(c.R, sessionCookie)
	token, fresh, err := c.server.sessions.begin(c.Context(), old, actor, level)
	if err != nil {
		return err
	}
	c.server.setCookie(c.W, sessionCookie, token, 0)
	c.session = fresh
	return nil
}

// SignOut ends the session in the database and in the browser.
func (c *Call) SignOut() error {
	token := c.server.cookie(c.R, sessionCookie)
	c.session = Session{}
	if token == "" {
		return nil
	}
	c.server.dropCookie(c.W, sessionCookie)
	return c.server.sessions.end(c.Context(), token)
}
