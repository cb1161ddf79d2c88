package register

import (
	"encoding/json"
	"fmt"

	"github.com/amtsweg/amtsweg/internal/base/clock"
)

// Kin says what another person is to somebody.
type Kin string

// The relations a register of residents keeps.
const (
	Spouse Kin = "spouse" // Ehegatte oder Lebenspartner
	Child  Kin = "child"
	Parent Kin = "parent" // gesetzlicher Vertreter
)

// outsider makes the link to somebody who is not registered here.
func outsider(of areaID, k Kin, position int, r Relative) (link, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return link{}, fmt.Errorf("relative: %w", err)
	}
	return link{of: of, kin: k, position: position, name: r.identity().key(), data: data}, nil
}

// relative is a link as it may be told.
type relative struct {
	area areaID // empty for an outsider
	kin  Kin
	Relative
}

// tell returns what may be told of a link on a day, and false when nothing may: a blocked person, a child that came of
// age, the representative of somebody who did. The answer is the same as if the link did not exist (§ 23a Abs. 1 Satz 4,
// § 51 Abs. 2 BMG).
func (o office) tell(l link, of Resident, today clock.Date) (relative, bool, error) {
	out := relative{area: l.other, kin: l.kin}
	if l.record.version > 0 {
		other, k, err := o.read(l.record, true)
		if err != nil {
			return relative{}, false, err
		}
		if other.hidden(today) {
			return relative{}, false, nil
		}
		out.Relative = other.as(l.kin, k.Forward)
	} else if err := json.Unmarshal(l.data, &out.Relative); err != nil {
		return relative{}, false, fmt.Errorf("stored relative: %w", err)
	}
	switch l.kin {
	case Child:
		return out, minor(out.BirthDate, today), nil
	case Parent:
		return out, minor(of.Birth.Date, today), nil
	}
	return out, true, nil
}

// addKin puts relatives into a resident's evidence.
func addKin(r *Resident, kin []relative) {
	for _, k := range kin {
		switch rel := k.Relative; k.kin {
		case Spouse:
			r.Spouse = &rel
		case Child:
			r.Children = append(r.Children, rel)
		case Parent:
			r.Representative = append(r.Representative, rel)
		}
	}
}
