package register

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// Source says how a confirmation reached the authority.
type Source string

// The sources of a confirmation of moving in.
const (
	ByLandlord Source = "landlord" // the landlord's page (§ 19 Abs. 4 BMG)
	ByReferral Source = "referral" // a portal handed it over, signed
	ByOwner    Source = "owner"    // somebody moves into a home of their own
	ByCode     Source = "code"     // a code posted to the new home stands in for it (§ 23a Abs. 3 BMG)
)

// Confirmation is the landlord's confirmation of moving in (Wohnungsgeberbestätigung) with the items of § 19 Abs. 3 BMG.
// The JSON names are the field names of the evidence "landlord".
type Confirmation struct {
	Authority authority.Key     `json:"-"`
	Source    Source            `json:"-"`
	Case      string            `json:"-"`               // that used it; with a posted code, that asked for it
	Provider  string            `json:"provider"`        // name and address
	Owner     string            `json:"owner,omitempty"` // if it is somebody else
	MovedIn   clock.Date        `json:"moved_in"`
	Home      authority.Address `json:"home"`
	People    []string          `json:"people"` // who must register
	Ref       string            `json:"-"`      // names the stored row; tells nothing about the mark
}

// maxPeople is how many people one confirmation may name.
const maxPeople = 20

// Check refuses what lacks an item: fault Invalid with the field's name.
func (c Confirmation) Check() error {
	switch {
	case strings.TrimSpace(c.Provider) == "":
		return fault.Field("provider", "register.error.landlord_provider")
	case c.MovedIn.IsZero():
		return fault.Field("moved_in", "register.error.landlord_day")
	case c.Home.IsZero():
		return fault.Field("home", "register.error.landlord_home")
	case len(c.People) == 0 || len(c.People) > maxPeople:
		return fault.Field("people", "register.error.landlord_people", "Max", maxPeople)
	case c.Authority == "" || c.Source == "" || (c.Source == ByCode && c.Case == ""):
		return fault.New(fault.Invalid, "register.error.change")
	}
	return nil
}

// Values returns the confirmation as evidence.
func (c Confirmation) Values() (Values, error) {
	v := Values{}
	for name, value := range map[string]any{
		"provider": c.Provider, "owner": c.Owner, "moved_in": c.MovedIn, "home": c.Home, "people": c.People,
	} {
		if name == "owner" && c.Owner == "" {
			continue
		}
		raw, err := canon.JSON(value)
		if err != nil {
			return nil, fmt.Errorf("value of %s: %w", name, err)
		}
		v[name] = raw
	}
	return v, nil
}

// Landlords is the door to the confirmations. Each belongs to one authority; another one cannot find it.
type Landlords struct {
	db   *db.DB
	ring *keys.Ring
}

// Draft is a checked confirmation with its secret, ready to be stored. Secret is the reference mark (Zuordnungsmerkmal)
// to hand on, or the code to be posted; nobody can read it from the database.
type Draft struct {
	Secret       string
	Confirmation Confirmation
}

// codeTries is how often a posted code may be mistyped.
const codeTries = 5

// Prepare checks a confirmation and makes its mark or code, outside any transaction.
func (l *Landlords) Prepare(ctx context.Context, c Confirmation) (Draft, error) {
	if err := c.Check(); err != nil {
		return Draft{}, err
	}
	secret := ident.New()[:12] // 60 bits
	if c.Source == ByCode {
		secret = secret[:8]
	}
	ref, err := l.ref(ctx, c.Authority, c.scope(), secret)
	if err != nil {
		return Draft{}, err
	}
	c.Ref = ref
	return Draft{Secret: inFours(strings.ToUpper(secret)), Confirmation: c}, nil
}

// scope ties a posted code to the case that asked for it.
func (c Confirmation) scope() string {
	if c.Source == ByCode {
		return c.Case
	}
	return ""
}

func inFours(s string) string {
	var parts []string
	for ; len(s) > 4; s = s[4:] {
		parts = append(parts, s[:4])
	}
	return strings.Join(append(parts, s), "-")
}

// ref is what the database keeps of a secret. Small and capital letters, spaces and hyphens make no difference.
func (l *Landlords) ref(ctx context.Context, key authority.Key, scope, secret string) (string, error) {
	mac, err := l.ring.MAC(ctx, string(key), purposeMark)
	if err != nil {
		return "", fmt.Errorf("mark key of %s: %w", key, err)
	}
	secret = strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(secret))
	sum, err := mac.Sum([]byte(scope + "\x00" + secret))
	return base64.RawURLEncoding.EncodeToString(sum), err
}

// Store keeps a draft inside a transaction.
func (l *Landlords) Store(ctx context.Context, tx *db.Tx, d Draft) error {
	if err := insertConfirmation(ctx, tx, d.Confirmation); err != nil {
		return fmt.Errorf("store confirmation: %w", err)
	}
	return nil
}

// Confirm keeps a confirmation and returns the mark to hand on.
func (l *Landlords) Confirm(ctx context.Context, c Confirmation) (mark string, err error) {
	d, err := l.Prepare(ctx, c)
	if err != nil {
		return "", err
	}
	err = l.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return l.Store(ctx, tx, d) })
	return d.Secret, err
}

// Confirmation returns what belongs to a mark with this authority, or fault NotFound "register.error.mark". A mark that a
// case has used is still found, with that case: the caller decides whether it is its own.
func (l *Landlords) Confirmation(ctx context.Context, key authority.Key, mark string) (Confirmation, error) {
	ref, err := l.ref(ctx, key, "", mark)
	if err != nil {
		return Confirmation{}, err
	}
	c, err := selectConfirmation(ctx, l.db, key, ref)
	if errors.Is(err, db.ErrNone) {
		return Confirmation{}, fault.New(fault.NotFound, "register.error.mark")
	}
	if err != nil {
		return Confirmation{}, fmt.Errorf("confirmation: %w", err)
	}
	return c, nil
}

// Use binds a confirmation to a case, once: for another case it is fault Conflict "register.error.mark_used" from then on.
func (l *Landlords) Use(ctx context.Context, tx *db.Tx, c Confirmation, caseID string) error {
	n, err := updateConfirmationCase(ctx, tx, c.Authority, c.Ref, caseID)
	if err != nil {
		return fmt.Errorf("use confirmation: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "register.error.mark_used")
	}
	return nil
}

// Redeem returns the confirmation behind a code that was posted to the new home for this case. A wrong code is fault
// Invalid "register.error.code"; after five wrong ones the code is spent: fault Gone "register.error.code_spent".
func (l *Landlords) Redeem(ctx context.Context, key authority.Key, caseID, code string) (Confirmation, error) {
	ref, err := l.ref(ctx, key, caseID, code)
	if err != nil {
		return Confirmation{}, err
	}
	var c Confirmation
	var answer error
	err = l.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, answer = l.try(ctx, tx, key, caseID, ref)
		if fault.Is(answer, fault.Invalid) {
			return updateTries(ctx, tx, key, caseID) // counted although the answer is no
		}
		return answer
	})
	if err == nil {
		err = answer
	}
	return c, err
}

func (l *Landlords) try(ctx context.Context, tx *db.Tx, key authority.Key, caseID, ref string) (Confirmation, error) {
	p, err := selectPosted(ctx, tx, key, caseID)
	if errors.Is(err, db.ErrNone) {
		return Confirmation{}, fault.New(fault.NotFound, "register.error.mark")
	}
	if err != nil {
		return Confirmation{}, fmt.Errorf("posted code: %w", err)
	}
	if p.tries >= codeTries {
		return Confirmation{}, fault.New(fault.Gone, "register.error.code_spent")
	}
	if p.Ref != ref {
		return Confirmation{}, fault.Field("code", "register.error.code", "Left", codeTries-p.tries-1)
	}
	return p.Confirmation, openConfirmation(ctx, tx, key, ref)
}
