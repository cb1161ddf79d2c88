package letter

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// Texts are the words of this module.
//
//go:embed locale/*.json
var Texts embed.FS

//go:embed original.html
var originalText string

var original = template.Must(template.New("original").Parse(originalText))

// Purpose is what an authority's key that seals letters is kept for. It is the key with which the authority signs
// everything that strangers check, because an evidence folder names one key for each authority. A letter's data begin
// with a brace and a signed statement (JWS) does not, so neither passes for the other.
const Purpose = "sign"

// Service seals, keeps and checks letters. It may be used by several goroutines.
type Service struct {
	db          *db.DB
	keys        *keys.Ring
	authorities *authority.Service
	clock       clock.Clock
	siegel      string
}

// New returns the service. base is the public address of this installation, such as "https://stadt.example"; letters
// name the page under it on which their seal can be checked.
func New(d *db.DB, ring *keys.Ring, authorities *authority.Service, base string) *Service {
	return &Service{db: d, keys: ring, authorities: authorities, clock: d.Clock(), siegel: base + "/siegel"}
}

// Make sets and seals a letter. It asks for the authority's key, so it runs outside transactions; Store keeps what it
// made. A draft that the law would not let out is kind Invalid.
func (s *Service) Make(ctx context.Context, d Draft) (Letter, error) {
	if err := d.check(); err != nil {
		return Letter{}, err
	}
	from, err := s.authorities.Get(ctx, d.Authority)
	if err != nil {
		return Letter{}, fmt.Errorf("letter of %s: %w", d.Authority, err)
	}
	signer, err := s.keys.Signer(ctx, string(d.Authority), Purpose)
	if err != nil {
		return Letter{}, fmt.Errorf("seal of %s: %w", d.Authority, err)
	}
	if d.Issued.IsZero() {
		d.Issued = s.clock.Now()
	}
	doc, err := d.document(from)
	if err != nil {
		return Letter{}, err
	}
	return doc.seal(signer, s.siegel)
}

// document is the draft with what the authority and its state add.
func (d Draft) document(from authority.Authority) (Document, error) {
	doc := Document{
		Authority: d.Authority, ID: ident.New(), Issued: d.Issued.UTC().Truncate(time.Second), Kind: d.Kind, Law: d.Law, Title: d.Title,
		Office: Office{Name: from.Name, Unit: d.Unit, Address: from.Address, Contact: from.Contact},
		Values: d.Values, Text: d.Text, Orders: d.Orders, Conditions: d.Conditions, Reasons: d.Reasons,
		WithoutReasons: d.WithoutReasons, Fee: d.Fee, Automatic: d.Automatic && d.Kind == Decision, By: d.By,
	}
	if d.Kind != Certificate {
		doc.Case = d.Case
		if d.Recipient != (Recipient{}) {
			doc.Recipient = &d.Recipient
		}
	}
	var err error
	if d.Kind == Decision {
		doc.Remedy, doc.Notified, doc.Due, err = remedyAgainst(from, d.Unit, clock.DateOf(d.Issued))
	}
	return doc, err
}

func (d Document) seal(signer keys.Signer, siegel string) (Letter, error) {
	var html bytes.Buffer
	if err := original.Execute(&html, d.compose(siegel)); err != nil {
		return Letter{}, fmt.Errorf("set letter %s: %w", d.ID, err)
	}
	sum := sha256.Sum256(html.Bytes())
	d.HTMLSHA256 = hex.EncodeToString(sum[:])
	data, err := canon.JSON(d)
	if err != nil {
		return Letter{}, fmt.Errorf("data of letter %s: %w", d.ID, err)
	}
	raw, err := signer.Sign(data)
	if err != nil {
		return Letter{}, fmt.Errorf("seal letter %s: %w", d.ID, err)
	}
	sig := base64.StdEncoding.AppendEncode(nil, raw)
	return Letter{Document: d, HTML: html.Bytes(), JSON: data, Sig: sig}, nil
}

// Store keeps a sealed letter in the caller's transaction. The same letter twice is kept once.
func (s *Service) Store(ctx context.Context, tx *db.Tx, l Letter) error {
	if err := insertLetter(ctx, tx, l); err != nil {
		return fmt.Errorf("letter %s: %w", l.ID, err)
	}
	return nil
}

// Files returns the three files of a letter as they were sealed; kind NotFound if there is none. Who may see them is
// the caller's question.
func (s *Service) Files(ctx context.Context, of authority.Key, id string) (html, data, sig []byte, err error) {
	l, err := selectLetter(ctx, s.db, of, id)
	if errors.Is(err, db.ErrNone) {
		return nil, nil, nil, fault.New(fault.NotFound, "letter.error.none")
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("letter %s: %w", id, err)
	}
	return l.html, l.json, l.sig, nil
}

// Check reads three files as a letter and returns its data if the seal is genuine: made with a key of the authority
// they name, today's or an older one. Anything else is kind Invalid. Nothing is kept.
func (s *Service) Check(ctx context.Context, html, data, sig []byte) (Document, error) {
	return read(html, data, sig, func(of authority.Key, msg, raw []byte) (bool, error) {
		if _, err := s.authorities.Get(ctx, of); fault.Is(err, fault.NotFound) {
			return false, fault.New(fault.Invalid, "letter.error.authority", "Authority", string(of))
		} else if err != nil {
			return false, err
		}
		signer, err := s.keys.Signer(ctx, string(of), Purpose)
		if err != nil {
			return false, fmt.Errorf("seal of %s: %w", of, err)
		}
		return signer.Verify(msg, raw), nil
	})
}

// Genuine is Check for a caller who only needs to know.
func (s *Service) Genuine(ctx context.Context, html, data, sig []byte) error {
	_, err := s.Check(ctx, html, data, sig)
	return err
}

// Article cuts the letter itself out of the HTML of an original.
func (s *Service) Article(html []byte) []byte { return Article(html) }

// Print returns the print copy (Druckstück) of a sealed letter as PDF, made from its data; about 10 ms.
func (s *Service) Print(data []byte) ([]byte, error) {
	d, err := readData(data)
	if err != nil {
		return nil, err
	}
	return d.print(s.siegel)
}

// Evidence hands over letters/ID.html, ID.json and ID.sig of every letter: the part of the evidence folder that belongs
// to this module.
func (s *Service) Evidence(ctx context.Context, to func(name string, content []byte) error) error {
	var last stored
	for {
		page, err := selectLettersAfter(ctx, s.db, last, 200)
		if err != nil {
			return fmt.Errorf("evidence of letters: %w", err)
		}
		for _, l := range page {
			name := "letters/" + l.id
			if err := errors.Join(to(name+".html", l.html), to(name+".json", l.json), to(name+".sig", l.sig)); err != nil {
				return fmt.Errorf("evidence of letter %s: %w", l.id, err)
			}
			last = l
		}
		if len(page) == 0 {
			return nil
		}
	}
}

// Export writes what Evidence hands over below dir.
func (s *Service) Export(ctx context.Context, dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "letters"), 0o750); err != nil {
		return fmt.Errorf("evidence of letters: %w", err)
	}
	return s.Evidence(ctx, func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), content, 0o640)
	})
}
