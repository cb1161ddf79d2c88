package consent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/jws"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/ledger"
)

// StatementType is the typ of a signed grant.
const StatementType = "amtsweg-grant"

const signPurpose = "sign"

// statement is a grant as it is signed: everything the gate will hold it to.
type statement struct {
	Type       string    `json:"type"`
	ID         string    `json:"id"`
	Request    string    `json:"request"`
	Issuer     string    `json:"issuer"`
	Subject    string    `json:"subject"`
	Actor      string    `json:"actor"`
	Mandate    string    `json:"mandate"`
	Reader     string    `json:"reader"`
	Unit       string    `json:"unit"`
	Holder     string    `json:"holder"`
	Register   string    `json:"register"`
	Evidence   string    `json:"evidence"`
	Fields     []string  `json:"fields"`
	ValuesHash string    `json:"values_sha256"`
	Purpose    string    `json:"purpose"`
	Law        string    `json:"law"`
	Basis      string    `json:"basis"`
	Case       string    `json:"case"`
	Granted    time.Time `json:"granted"`
	Until      time.Time `json:"until"`
}

func (g Grant) sign(s jws.Signer) (string, error) {
	payload, err := canon.JSON(statement{
		Type: StatementType, ID: g.ID, Request: g.RequestID, Issuer: keys.Node, Subject: string(g.Subject), Actor: g.Account, Mandate: g.OnBehalf,
		Reader: string(g.Reader), Unit: g.Unit, Holder: string(g.Holder), Register: g.Register, Evidence: g.Evidence, Fields: g.Fields,
		ValuesHash: g.ValuesHash, Purpose: g.Purpose, Law: g.Law, Basis: string(g.Basis), Case: g.Case, Granted: g.GrantedAt.UTC(), Until: g.Until.UTC(),
	})
	if err != nil {
		return "", fmt.Errorf("statement of grant %s: %w", g.ID, err)
	}
	return jws.Sign(s, keys.Node, StatementType, payload)
}

// entry is what the ledger keeps of a release, a refusal or a revocation.
func (g Grant) entry(kind string, now time.Time) ledger.Entry {
	return ledger.Entry{
		Kind: kind, Authority: string(g.Reader), Unit: g.Unit, Actor: g.Account, OnBehalf: g.OnBehalf, Subject: g.Subject, Reader: string(g.Reader),
		Fields: g.Fields, Purpose: g.Purpose, Law: g.Law, Basis: string(g.Basis), Case: g.Case, Reason: g.Title, Grant: g.ID, DeleteOn: ledger.RetrievalLog(now),
		More: map[string]string{"evidence": g.Evidence, "holder": string(g.Holder), "register": g.Register, "request": g.RequestID},
	}
}

// Export writes every grant as DIR/grants/ID.jws.
func (s *Service) Export(ctx context.Context, dir string) error {
	folder := filepath.Join(dir, "grants")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("folder for grants: %w", err)
	}
	for after := ""; ; {
		page, err := selectStatements(ctx, s.db, after, 500)
		if err != nil {
			return fmt.Errorf("signed grants: %w", err)
		}
		for _, g := range page {
			if err := os.WriteFile(filepath.Join(folder, g.id+".jws"), []byte(g.statement), 0o644); err != nil {
				return fmt.Errorf("grant %s: %w", g.id, err)
			}
			after = g.id
		}
		if len(page) == 0 {
			return nil
		}
	}
}

// Evidence puts the signed grants about a person into an evidence pack, as grants/ID.jws.
func (s *Service) Evidence(ctx context.Context, subject ledger.Subject, put func(name string, content []byte) error) error {
	for after := ""; ; {
		page, err := selectStatementsOf(ctx, s.db, subject, after, 500)
		if err != nil {
			return fmt.Errorf("signed grants about a person: %w", err)
		}
		for _, g := range page {
			if err := put("grants/"+g.id+".jws", []byte(g.statement)); err != nil {
				return fmt.Errorf("grant %s: %w", g.id, err)
			}
			after = g.id
		}
		if len(page) == 0 {
			return nil
		}
	}
}
