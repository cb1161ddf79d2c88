package register

import (
	"context"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// Residents is the register of residents (Melderegister), and the kind of evidence it announces.
const Residents = "residents"

// Service keeps the registers of this node's authorities. Its fields are the doors; hand out no more than is needed.
type Service struct {
	Links        *Links        // for mandate
	Evidence     *Evidence     // for exchange
	Entitlements *Entitlements // for exchange and catalog
	Landlords    *Landlords    // for the landlord's page and the procedures

	db       *db.DB
	ring     *keys.Ring
	ledger   *ledger.Ledger
	resolver *Resolver
	index    *Index
}

// New returns the service with the keyrings of resolver and index, made if the node has none yet.
func New(ctx context.Context, d *db.DB, ring *keys.Ring, l *ledger.Ledger) (*Service, error) {
	roots, err := ring.Sealer(ctx, keys.Node, purposeRoot)
	if err != nil {
		return nil, fmt.Errorf("resolver's keys: %w", err)
	}
	ids, err := ring.MAC(ctx, keys.Node, purposeIndex)
	if err != nil {
		return nil, fmt.Errorf("pointer index's keys: %w", err)
	}
	s := &Service{db: d, ring: ring, ledger: l, resolver: &Resolver{roots: roots}, index: &Index{ids: ids}}
	s.Links, s.Evidence = &Links{s}, &Evidence{s}
	s.Entitlements, s.Landlords = &Entitlements{d, l}, &Landlords{d, ring}
	return s, nil
}

// Ready fetches the keys of authorities, and makes missing ones. Whoever reads evidence inside a transaction calls it
// before, because keys are made in a transaction of their own.
func (s *Service) Ready(ctx context.Context, list ...authority.Key) error {
	for _, key := range list {
		if _, err := s.office(ctx, key, Residents); err != nil {
			return err
		}
	}
	return nil
}

// office is one register of one authority with that authority's keys.
type office struct {
	authority authority.Key
	register  string
	areas     keys.MAC
	data      keys.Sealer
}

func (s *Service) office(ctx context.Context, key authority.Key, register string) (office, error) {
	areas, err := s.ring.MAC(ctx, string(key), purposeArea)
	if err != nil {
		return office{}, fmt.Errorf("area key of %s: %w", key, err)
	}
	data, err := s.ring.Sealer(ctx, string(key), purposeData)
	if err != nil {
		return office{}, fmt.Errorf("data key of %s: %w", key, err)
	}
	return office{authority: key, register: register, areas: areas, data: data}, nil
}

// area derives a person's id in this register.
func (o office) area(r root) (areaID, error) { return area(o.areas, o.register, r) }

// bound ties sealed data to its row: copied to another row they do not open.
func (o office) bound(id areaID) []byte {
	return []byte(string(o.authority) + "\x00" + o.register + "\x00" + string(id))
}

// record is a row of the register. What is in sealed can only be read with the authority's key.
type record struct {
	area     areaID
	name     nameKey
	movedOut string
	version  int
	open     []byte
	sealed   []byte
}

// write turns a resident into a row.
func (o office) write(id areaID, version int, r Resident, k kept) (record, error) {
	open, secret, err := split(r, k)
	if err != nil {
		return record{}, err
	}
	sealed, err := o.data.Seal(secret, o.bound(id))
	if err != nil {
		return record{}, fmt.Errorf("seal record: %w", err)
	}
	return record{area: id, name: r.identity().key(), movedOut: k.MovedOut.String(), version: version, open: open, sealed: sealed}, nil
}

// read turns a row into a resident. Sealed fields are opened only when asked for.
func (o office) read(rec record, unseal bool) (Resident, kept, error) {
	var secret []byte
	if unseal {
		var err error
		if secret, err = o.data.Open(rec.sealed, o.bound(rec.area)); err != nil {
			return Resident{}, kept{}, fmt.Errorf("open record: %w", err)
		}
	}
	return join(rec.open, secret)
}
