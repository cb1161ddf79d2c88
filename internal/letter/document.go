package letter

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/amtsweg/amtsweg/internal/authority"
	"github.com/amtsweg/amtsweg/internal/base/canon"
	"github.com/amtsweg/amtsweg/internal/base/clock"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/ident"
)

// Document is the data of a sealed letter: what stands in ID.json, in the canonical form of RFC 8785.
type Document struct {
	Authority  authority.Key `json:"authority"`
	HTMLSHA256 string        `json:"html_sha256"` // hex
	ID         string        `json:"id"`
	Issued     time.Time     `json:"issued"`
	Kind       Kind          `json:"kind"`
	Law        string        `json:"law"`
	Title      string        `json:"title"`

	Office    Office     `json:"office"`
	Recipient *Recipient `json:"recipient,omitempty"`
	Case      string     `json:"case,omitempty"`

	Values         []Value    `json:"values,omitempty"`
	Text           []string   `json:"text,omitempty"`
	Orders         []string   `json:"orders,omitempty"`
	Conditions     []string   `json:"conditions,omitempty"`
	Reasons        []string   `json:"reasons,omitempty"`
	WithoutReasons string     `json:"without_reasons,omitempty"`
	Fee            string     `json:"fee,omitempty"`
	Automatic      bool       `json:"automatic,omitempty"`
	By             string     `json:"by,omitempty"`
	Remedy         string     `json:"remedy,omitempty"`
	Notified       clock.Date `json:"notified,omitzero"` // day on which a decision in the mailbox counts as made known
	Due            clock.Date `json:"due,omitzero"`      // last day for the remedy
}

// Office is who writes, as it stands in the head of the letter.
type Office struct {
	Name    string            `json:"name"`
	Unit    string            `json:"unit"`
	Address authority.Address `json:"address"`
	Contact string            `json:"contact,omitempty"`
}

// Letter is a sealed letter: three files that belong together. Sig is the base64 text of the signature over JSON.
type Letter struct {
	Document
	HTML, JSON, Sig []byte
}

const maxFile = 1 << 20 // bytes of each file somebody lets us check

// Verify checks the three files of a letter against the raw Ed25519 key (32 bytes) of the authority they name. What is
// wrong comes back as kind Invalid: letter.error.form, letter.error.seal or letter.error.changed.
func Verify(html, data, sig, publicKey []byte) error {
	if len(publicKey) != ed25519.PublicKeySize {
		return fault.New(fault.Invalid, "letter.error.seal")
	}
	_, err := read(html, data, sig, func(_ authority.Key, msg, raw []byte) (bool, error) {
		return ed25519.Verify(publicKey, msg, raw), nil
	})
	return err
}

// sealed answers whether raw is the signature of an authority over msg.
type sealed func(of authority.Key, msg, raw []byte) (bool, error)

// read returns the data of a letter if its seal holds and its HTML is the one the data name.
func read(html, data, sig []byte, holds sealed) (Document, error) {
	d, raw, err := parse(data, sig)
	if err != nil || len(html) > maxFile {
		return Document{}, fault.Wrap(fault.Invalid, "letter.error.form", err)
	}
	genuine, err := holds(d.Authority, data, raw)
	if err != nil {
		return Document{}, err
	}
	if !genuine {
		return Document{}, fault.New(fault.Invalid, "letter.error.seal")
	}
	sum := sha256.Sum256(html)
	if d.HTMLSHA256 != hex.EncodeToString(sum[:]) {
		return Document{}, fault.New(fault.Invalid, "letter.error.changed")
	}
	return d, nil
}

// parse reads the data and the raw signature. Only the canonical form is accepted: in it no key stands twice, so all
// readers see the same letter.
func parse(data, sig []byte) (d Document, raw []byte, err error) {
	if len(data) > maxFile || len(sig) > maxFile {
		return d, nil, fault.New(fault.TooLarge, "letter.error.form")
	}
	raw, err = base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(sig)))
	if err != nil || len(raw) != ed25519.SignatureSize {
		return d, nil, fault.Wrap(fault.Invalid, "letter.error.form", err)
	}
	if err := canon.Check(data); err != nil {
		return d, nil, err
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return Document{}, nil, err
	}
	if d.Authority == "" || !ident.Valid(d.ID) || len(d.HTMLSHA256) != 2*sha256.Size {
		return Document{}, nil, fault.New(fault.Invalid, "letter.error.form")
	}
	return d, raw, nil
}

// The article is the letter itself inside its document; the mailbox shows it between its own header and footer.
var articleStart, articleEnd = []byte(`<article class="aw-letter`), []byte("</article>")

// Article cuts the letter itself out of the HTML of an original, byte for byte.
func Article(html []byte) []byte {
	from := bytes.Index(html, articleStart)
	to := bytes.LastIndex(html, articleEnd)
	if from < 0 || to < from {
		return nil
	}
	return html[from : to+len(articleEnd)]
}
