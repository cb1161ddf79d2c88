package exchange

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// The typ of what authorities sign.
const (
	AnswerType          = "amtsweg-answer"
	NoticeType          = "amtsweg-notice"
	AcknowledgementType = "amtsweg-acknowledgement"
)

// answerStatement is what a holder signs about an answer: never the values, only their hash.
type answerStatement struct {
	Type     string    `json:"type"`
	ID       string    `json:"id"`
	Holder   string    `json:"authority"`
	Register string    `json:"register"`
	Evidence string    `json:"evidence"`
	Reader   string    `json:"reader"`
	Unit     string    `json:"unit"`
	Case     string    `json:"case"`
	Subject  string    `json:"subject"`
	Fields   []string  `json:"fields"`
	Hash     string    `json:"values_sha256"`
	Purpose  string    `json:"purpose"`
	Law      string    `json:"law"`
	Basis    string    `json:"basis"`
	Grant    string    `json:"grant"`
	Record   string    `json:"record"`
	Time     time.Time `json:"time"`
}

func (p passed) statement() ([]byte, error) {
	q := p.question
	b, err := canon.JSON(answerStatement{
		Type: AnswerType, ID: p.ID, Holder: string(q.Holder), Register: q.Register, Evidence: q.Evidence, Reader: string(q.Reader), Unit: q.Unit,
		Case: q.Case, Subject: string(q.Subject), Fields: q.Fields, Hash: p.Hash, Purpose: q.Purpose, Law: q.law(), Basis: string(q.Basis),
		Grant: q.Grant, Record: p.Record, Time: p.At.UTC(),
	})
	if err != nil {
		return nil, fmt.Errorf("statement of answer %s: %w", p.ID, err)
	}
	return b, nil
}

// sign adds the holder's signature and the receipt, after the access is durable.
func (s *Service) sign(p *passed) (err error) {
	if p.Statement, err = s.signed(p.Holder, AnswerType, p.payload); err != nil {
		return err
	}
	if p.Receipt, err = s.Ledger.Receipt(p.recorded); err != nil {
		return fmt.Errorf("receipt of answer %s: %w", p.ID, err)
	}
	return nil
}

func (s *Service) signed(owner authority.Key, typ string, payload []byte) (string, error) {
	h, err := s.hand(owner)
	if err != nil {
		return "", err
	}
	return jws.Sign(h.signer, string(owner), typ, payload)
}

// Export writes what authorities signed into DIR: answers/ID.jws with receipts/ID.jws, and of every notice that was
// acknowledged notices/ID.jws and acknowledgements/ID.jws.
// Answers are written as their reader kept them; one that nobody kept is signed again from what the holder stored.
func (s *Service) Export(ctx context.Context, dir string) error {
	for _, folder := range []string{"answers", "receipts", "notices", "acknowledgements"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return fmt.Errorf("evidence folder: %w", err)
		}
	}
	for after := (storedAnswer{}); ; {
		page, err := selectStored(ctx, s.DB, after, exportPage)
		if err != nil {
			return fmt.Errorf("signed answers: %w", err)
		}
		for _, a := range page {
			if err := s.exportAnswer(ctx, dir, a); err != nil {
				return err
			}
			after = a
		}
		if len(page) == 0 {
			return s.exportNotices(ctx, dir)
		}
	}
}

const exportPage = 500

func (s *Service) exportAnswer(ctx context.Context, dir string, a storedAnswer) error {
	if a.statement == "" {
		if err := s.Ready(ctx, a.holder); err != nil {
			return err
		}
		p := passed{Answer: Answer{ID: a.id, Holder: a.holder}, recorded: a.recorded, payload: []byte(a.payload)}
		if err := s.sign(&p); err != nil {
			return err
		}
		a.statement, a.receipt = p.Statement, p.Receipt
	}
	if err := writeStatement(dir, "answers", a.id, a.statement); err != nil {
		return err
	}
	return writeStatement(dir, "receipts", a.id, a.receipt)
}

func (s *Service) exportNotices(ctx context.Context, dir string) error {
	for after := (storedNotice{}); ; {
		page, err := selectSigned(ctx, s.DB, after, exportPage)
		if err != nil {
			return fmt.Errorf("notices: %w", err)
		}
		for _, n := range page {
			if err := writeStatement(dir, "notices", n.id, n.statement); err != nil {
				return err
			}
			if err := writeStatement(dir, "acknowledgements", n.id, n.ack); err != nil {
				return err
			}
			after = n
		}
		if len(page) == 0 {
			return nil
		}
	}
}

func writeStatement(dir, folder, id, text string) error {
	if err := os.WriteFile(filepath.Join(dir, folder, id+".jws"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("%s of %s: %w", folder, id, err)
	}
	return nil
}

// storedAnswer is an answer as it lies in the holder's table, with what the reader kept of it.
type storedAnswer struct {
	id, payload, statement, receipt string
	holder                          authority.Key
	recorded                        ledger.Recorded
}

// storedNotice is a notice as its sender signed it, and the acknowledgement as the sender got it.
type storedNotice struct {
	id, statement, ack string
	sender             authority.Key
}
