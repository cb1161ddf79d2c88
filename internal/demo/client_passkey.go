package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/amtsweg/amtsweg/internal/base/web"
)

// device is somebody's telephone with one passkey, as WebAuthn describes it: ES256, attestation "none". It is the one
// part of a story that stands in for a script of the pages.
type device struct {
	origin, site string
	key          *ecdsa.PrivateKey
	id, owner    []byte
	count        uint32
}

func newDevice(origin, site string) (*device, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("key of a passkey: %w", err)
	}
	id := make([]byte, 32)
	rand.Read(id) // never fails, see crypto/rand
	return &device{origin: origin, site: site, key: key, id: id}, nil
}

var inWeb = base64.RawURLEncoding

// ceremony is what a site asks of a device.
type ceremony struct {
	PublicKey struct {
		Challenge string
		User      struct{ ID string }
	}
}

const (
	presentAndVerified = 0x05
	withKey            = 0x40
)

// create answers navigator.credentials.create.
func (d *device) create(asked ceremony) (credential map[string]any, err error) {
	if d.owner, err = inWeb.DecodeString(asked.PublicKey.User.ID); err != nil {
		return nil, fmt.Errorf("owner of a passkey: %w", err)
	}
	point, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, fmt.Errorf("key of a passkey: %w", err)
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		return nil, fmt.Errorf("key of a passkey: %w", err)
	}
	data := append(d.data(withKey), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), cose...)
	attestation, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return nil, fmt.Errorf("attestation of a passkey: %w", err)
	}
	client, err := d.client("webauthn.create", asked)
	return d.credential(map[string]any{
		"clientDataJSON": inWeb.EncodeToString(client), "attestationObject": inWeb.EncodeToString(attestation), "transports": []string{"internal"},
	}), err
}

// get answers navigator.credentials.get.
func (d *device) get(asked ceremony) (credential map[string]any, err error) {
	d.count++
	client, err := d.client("webauthn.get", asked)
	if err != nil {
		return nil, err
	}
	data, sum := d.data(0), sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	return d.credential(map[string]any{
		"clientDataJSON": inWeb.EncodeToString(client), "authenticatorData": inWeb.EncodeToString(data),
		"signature": inWeb.EncodeToString(signature), "userHandle": inWeb.EncodeToString(d.owner),
	}), err
}

func (d *device) client(kind string, asked ceremony) ([]byte, error) {
	return json.Marshal(map[string]any{"type": kind, "challenge": asked.PublicKey.Challenge, "origin": d.origin, "crossOrigin": false})
}

// data is the authenticator data: site, flags, counter.
func (d *device) data(flags byte) []byte {
	site := sha256.Sum256([]byte(d.site))
	return binary.BigEndian.AppendUint32(append(site[:], flags|presentAndVerified), d.count)
}

func (d *device) credential(response map[string]any) map[string]any {
	id := inWeb.EncodeToString(d.id)
	return map[string]any{
		"id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform", "response": response, "clientExtensionResults": map[string]any{},
	}
}

// lower leaves the person signed in by passkey only: below what the service needs.
func (w *walk) lower(ctx context.Context) error {
	p, err := w.person.open(ctx, "/anmelden")
	if err == nil {
		_, err = w.identify(ctx, p)
	}
	if err != nil {
		return err
	}
	d, err := newDevice(w.base.Scheme+"://"+w.base.Host, w.base.Hostname())
	if err != nil {
		return err
	}
	if err := w.ceremony(ctx, "/konto/passkey", d.create); err != nil {
		return err
	}
	if p, err = w.person.open(ctx, "/"); err != nil {
		return err
	}
	out := p.formTo("/abmelden")
	if out == nil {
		return w.missing(p, "the button that signs out")
	}
	if _, err := w.person.press(ctx, out, ""); err != nil {
		return err
	}
	if err := w.ceremony(ctx, "/anmelden/passkey", d.get); err != nil {
		return err
	}
	if p, err = w.person.open(ctx, "/umzug/beginnen"); err != nil {
		return err
	}
	if p.at.Path != web.Login {
		w.breach("a passkey was enough to begin")
	}
	return nil
}

// ceremony lets the device answer what the site asks under path/start, and sends the answer to path/fertig.
func (w *walk) ceremony(ctx context.Context, path string, answer func(ceremony) (map[string]any, error)) error {
	var asked ceremony
	if err := w.exchange(ctx, path+"/start", nil, &asked); err != nil {
		return err
	}
	credential, err := answer(asked)
	if err != nil {
		return err
	}
	return w.exchange(ctx, path+"/fertig", map[string]any{"credential": credential}, nil)
}

// exchange posts JSON and reads the JSON answer.
func (w *walk) exchange(ctx context.Context, path string, send, into any) error {
	body, err := json.Marshal(send)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	to := w.base.JoinPath(path)
	resp, err := w.person.send(ctx, request{method: http.MethodPost, to: to, from: w.base, kind: "application/json", body: body})
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", path, resp.StatusCode)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
