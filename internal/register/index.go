package register

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// indexID names a person in the pointer index and nowhere else.
type indexID string

// Pointer (Datenzeiger) says that an authority holds a kind of evidence about a person, such as "residents". It never
// says what stands in it.
type Pointer struct {
	Evidence  string
	Authority authority.Key
}

// located is a pointer with the id it belongs to.
type located struct {
	id indexID
	Pointer
}

// Index knows which authority holds which kind of evidence for whom, never the content. It sees index ids alone and has
// no way to the resolver.
type Index struct {
	ids keys.MAC
}

// id derives a person's index id.
func (x *Index) id(r root) (indexID, error) {
	sum, err := x.ids.Sum(r[:])
	return indexID(base64.RawURLEncoding.EncodeToString(sum)), err
}

// find returns who holds the kinds of evidence asked for. A kind that was not asked for is never answered.
func (x *Index) find(ctx context.Context, q db.Querier, ids []indexID, evidence []string) ([]located, error) {
	if len(ids) == 0 || len(evidence) == 0 {
		return nil, nil
	}
	found, err := selectPointers(ctx, q, ids, evidence)
	if err != nil {
		return nil, fmt.Errorf("pointer index: %w", err)
	}
	return found, nil
}

// announce remembers that an authority holds evidence; saying it twice is saying it once.
func (x *Index) announce(ctx context.Context, tx *db.Tx, pointers ...located) error {
	if err := insertPointers(ctx, tx, pointers); err != nil {
		return fmt.Errorf("pointer index: %w", err)
	}
	return nil
}

// withdraw forgets what an authority announced of these persons.
func (x *Index) withdraw(ctx context.Context, tx *db.Tx, from authority.Key, evidence string, ids []indexID) error {
	if err := deletePointers(ctx, tx, from, evidence, ids); err != nil {
		return fmt.Errorf("pointer index: %w", err)
	}
	return nil
}
