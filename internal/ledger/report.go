package ledger

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// Problem is one thing that is not as it was written: where, of when, and what.
type Problem struct {
	Table string    `json:"table"`
	Row   string    `json:"row"`
	Time  time.Time `json:"time,omitzero"` // of the record concerned, as far as it can be known
	What  string    `json:"what"`
}

// Report is the outcome of a verification.
type Report struct {
	OK       bool      `json:"ok"`
	Name     string    `json:"name"`
	Size     int64     `json:"size"`    // records in the tree
	Waiting  int64     `json:"waiting"` // records that have no position yet
	Erased   int64     `json:"erased"`  // bodies erased by law
	Persons  int64     `json:"persons"`
	Problems []Problem `json:"problems,omitempty"`
	More     int       `json:"more,omitempty"` // problems beyond those listed
	Remarks  []string  `json:"remarks,omitempty"`

	most int
}

const mostProblems = 200

func newReport() *Report { return &Report{OK: true, most: mostProblems} }

func (r *Report) add(table, row string, at time.Time, what string, args ...any) {
	r.OK = false
	if len(r.Problems) >= r.most {
		r.More++
		return
	}
	r.Problems = append(r.Problems, Problem{table, row, at.UTC(), fmt.Sprintf(what, args...)})
}

func (r *Report) remark(text string, args ...any) {
	r.Remarks = append(r.Remarks, fmt.Sprintf(text, args...))
}

// done sorts the problems by table, time and row.
func (r *Report) done() Report {
	slices.SortStableFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), a.Time.Compare(b.Time), cmp.Compare(a.Row, b.Row))
	})
	return *r
}

// Print writes the report for a person: "ok" with the figures, or every problem on a line of its own.
func (r Report) Print(w io.Writer) error {
	verdict := "ok"
	if !r.OK {
		verdict = "NOT OK"
	}
	if _, err := fmt.Fprintf(w, "%s: %s, %d records in the tree, %d waiting, %d erased, %d persons\n",
		verdict, cmp.Or(r.Name, "no log"), r.Size, r.Waiting, r.Erased, r.Persons); err != nil {
		return err
	}
	for _, p := range r.Problems {
		at := "time unknown"
		if !p.Time.IsZero() {
			at = p.Time.Format(time.RFC3339Nano)
		}
		if _, err := fmt.Fprintf(w, "  %s %s (%s): %s\n", p.Table, p.Row, at, p.What); err != nil {
			return err
		}
	}
	if r.More > 0 {
		if _, err := fmt.Fprintf(w, "  … and %d more problems\n", r.More); err != nil {
			return err
		}
	}
	for _, text := range r.Remarks {
		if _, err := fmt.Fprintf(w, "  note: %s\n", text); err != nil {
			return err
		}
	}
	return nil
}
