package register

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// The keyrings. Roots and area ids are the resolver's, index ids the index's; neither type holds the other's handle.
const (
	purposeRoot  = "register.root"  // node: seals roots, and subjects beside area ids
	purposeArea  = "register.area"  // authority: derives area ids from roots
	purposeIndex = "register.index" // node: derives index ids from roots
	purposeData  = "register.data"  // authority: seals fields of class sensitive and secret
	purposeMark  = "register.mark"  // authority: hides landlords' marks and posted codes
)

// root is a person's random root. It exists in memory only while an id is derived from it.
type root [32]byte

func newRoot() (r root) {
	rand.Read(r[:]) // never fails, see crypto/rand
	return r
}

// String keeps a root out of every log.
func (root) String() string { return "root" }

// areaID names a person inside one authority's register.
type areaID string

// Resolver knows the persons of this node: the random root of each, and which subject stands behind an area id. It has
// no way to the pointer index.
type Resolver struct {
	roots keys.Sealer
}

// person is a newly known person, ready to be written.
type person struct {
	subject ledger.Subject
	root    root
	sealed  []byte
}

// create makes a person with a fresh subject and root.
func (r *Resolver) create() (person, error) {
	p := person{subject: ledger.Subject(ident.New()), root: newRoot()}
	sealed, err := r.roots.Seal(p.root[:], []byte(p.subject))
	if err != nil {
		return person{}, fmt.Errorf("seal root: %w", err)
	}
	p.sealed = sealed
	return p, nil
}

// rootsOf returns the roots of the subjects it knows.
func (r *Resolver) rootsOf(ctx context.Context, q db.Querier, subjects []ledger.Subject) (map[ledger.Subject]root, error) {
	rows, err := selectPersons(ctx, q, subjects)
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	found := make(map[ledger.Subject]root, len(rows))
	for _, p := range rows {
		plain, err := r.roots.Open(p.sealed, []byte(p.subject))
		if err != nil || len(plain) != len(root{}) {
			return nil, fmt.Errorf("open root of %s: %w", p.subject, err)
		}
		found[p.subject] = root(plain)
	}
	return found, nil
}

// area derives a person's id in one register.
func area(mac keys.MAC, register string, r root) (areaID, error) {
	sum, err := mac.Sum(append([]byte(register+"\x00"), r[:]...))
	return areaID(base64.RawURLEncoding.EncodeToString(sum)), err
}

// sealSubject hides which subject an area id belongs to from whoever reads the tables.
func (r *Resolver) sealSubject(id areaID, subject ledger.Subject) ([]byte, error) {
	sealed, err := r.roots.Seal([]byte(subject), []byte(id))
	if err != nil {
		return nil, fmt.Errorf("seal subject: %w", err)
	}
	return sealed, nil
}

// subjectsOf returns who stands behind area ids.
func (r *Resolver) subjectsOf(ctx context.Context, q db.Querier, ids []areaID) (map[areaID]ledger.Subject, error) {
	rows, err := selectAreas(ctx, q, ids)
	if err != nil {
		return nil, fmt.Errorf("resolver: %w", err)
	}
	found := make(map[areaID]ledger.Subject, len(rows))
	for _, row := range rows {
		plain, err := r.roots.Open(row.sealed, []byte(row.area))
		if err != nil {
			return nil, fmt.Errorf("open subject: %w", err)
		}
		found[row.area] = ledger.Subject(plain)
	}
	return found, nil
}
