package register

import (
	"context"
	"fmt"
	"slices"

	"github.com/amtsweg/amtsweg/internal/authority"
)

// MinCell is the smallest figure that leaves a register: fewer people could be recognised.
const MinCell = 10

// By says what a count is divided by.
type By string

// The divisions.
const (
	ByNothing By = ""
	ByDecade  By = "decade" // of birth, "199" for 1990 to 1999
)

// Cell is one figure of a count. A suppressed cell has no N.
type Cell struct {
	Value      string
	N          int
	Suppressed bool
}

// Count returns how many people are registered with an authority, divided or not, and no figure below MinCell. It reads
// no one's data, so it is no access.
func (s *Service) Count(ctx context.Context, holder authority.Key, register string, by By) ([]Cell, error) {
	cells, err := countRecords(ctx, s.db, holder, register, by)
	if err != nil {
		return nil, fmt.Errorf("count of %s: %w", holder, err)
	}
	return suppress(cells), nil
}

// suppress hides small cells. If they hold fewer than MinCell people together, the next smallest cells are hidden too:
// otherwise the total would give them away.
func suppress(cells []Cell) []Cell {
	bySize := make([]int, len(cells))
	for i := range bySize {
		bySize[i] = i
	}
	slices.SortStableFunc(bySize, func(a, b int) int { return cells[a].N - cells[b].N })
	hidden := 0
	for _, i := range bySize {
		small := cells[i].N > 0 && cells[i].N < MinCell
		if small || (hidden > 0 && hidden < MinCell) {
			hidden += cells[i].N
			cells[i] = Cell{Value: cells[i].Value, Suppressed: true}
		}
	}
	return cells
}
