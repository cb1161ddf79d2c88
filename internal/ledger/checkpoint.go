package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/amtsweg/amtsweg/internal/base/keys"
)

// Checkpoint is the signed state of a tree (C2SP tlog-checkpoint): under this name, so many records, this root.
type Checkpoint struct {
	Name string
	Size int64
	Root tlog.Hash
}

// newTree is the checkpoint of a tree without records.
func newTree(name string) Checkpoint { return Checkpoint{Name: name, Root: sha256.Sum256(nil)} }

// text is what is signed: three lines.
func (c Checkpoint) text() string {
	return c.Name + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

var errCheckpoint = errors.New("ledger: not a checkpoint")

// parseCheckpoint reads the three lines. Lines after them are extensions, which this program does not write.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || lines[3] != "" {
		return Checkpoint{}, errCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, bad := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || bad != nil || size < 0 || len(root) != tlog.HashSize || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errCheckpoint
	}
	return Checkpoint{lines[0], size, tlog.Hash(root)}, nil
}

// noteKey is the form in which notes name an Ed25519 key: algorithm 1, then the 32 bytes.
func noteKey(public []byte) []byte { return append([]byte{1}, public...) }

func noteHash(name string, public []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), noteKey(public)...))
	return binary.BigEndian.Uint32(sum[:])
}

// verifier checks notes with a raw public key.
func verifier(name string, public []byte) (note.Verifier, error) {
	return note.NewVerifier(fmt.Sprintf("%s+%08x+%s", name, noteHash(name, public), base64.StdEncoding.EncodeToString(noteKey(public))))
}

// signing signs notes with a key of the ring.
type signing struct {
	keys.Signer
	name string
}

func (s signing) Name() string    { return s.name }
func (s signing) KeyHash() uint32 { return noteHash(s.name, s.Public()) }

// sign returns the checkpoint as a signed note.
func (c Checkpoint) sign(key keys.Signer) (string, error) {
	signed, err := note.Sign(&note.Note{Text: c.text()}, signing{key, c.Name})
	if err != nil {
		return "", fmt.Errorf("sign checkpoint %s %d: %w", c.Name, c.Size, err)
	}
	return string(signed), nil
}

// OpenCheckpoint checks a signed checkpoint with a raw Ed25519 public key and reads it.
func OpenCheckpoint(signed string, public []byte) (Checkpoint, error) {
	return openCheckpoint(signed, func(name string) (note.Verifier, error) { return verifier(name, public) })
}

func openCheckpoint(signed string, key func(name string) (note.Verifier, error)) (Checkpoint, error) {
	name := nameOf(signed)
	v, err := key(name)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil || c.Name != name {
		return Checkpoint{}, errCheckpoint
	}
	return c, nil
}

// ringVerifier checks a note with every key of a handle, older ones too, whichever of them the note names.
type ringVerifier struct {
	name string
	hash uint32
	key  keys.Signer
}

func (v ringVerifier) Name() string                { return v.name }
func (v ringVerifier) KeyHash() uint32             { return v.hash }
func (v ringVerifier) Verify(msg, sig []byte) bool { return v.key.Verify(msg, sig) }

// openOwn checks a checkpoint that this node signed, now or with an older key.
func openOwn(signed string, key keys.Signer) (Checkpoint, error) {
	return openCheckpoint(signed, func(name string) (note.Verifier, error) {
		hash, ok := namedKey(signed, name)
		if !ok {
			return nil, errCheckpoint
		}
		return ringVerifier{name, hash, key}, nil
	})
}

// signedNow reports whether a checkpoint carries the signature of the newest key.
func signedNow(signed, name string, key keys.Signer) bool {
	hash, ok := namedKey(signed, name)
	return ok && hash == noteHash(name, key.Public())
}

// namedKey reads from a note which key it says it was signed with.
func namedKey(signed, name string) (uint32, bool) {
	_, rest, ok := strings.Cut(signed, "\n\n— "+name+" ")
	if !ok {
		return 0, false
	}
	line, _, _ := strings.Cut(rest, "\n")
	b, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(b) < 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(bytes.Clone(b[:4])), true
}

// nameOf is the first line of a checkpoint: the name of its log.
func nameOf(signed string) string {
	name, _, _ := strings.Cut(signed, "\n")
	return name
}

// nameIn is the name of a log in an epoch: after a restore the tree is another one, and so is its name.
func nameIn(base string, epoch int64) string {
	if epoch == 1 {
		return base
	}
	return base + "/" + strconv.FormatInt(epoch, 10)
}

// epochIn reads the number of the epoch from the name of a log.
func epochIn(base, name string) (int64, bool) {
	if name == base {
		return 1, true
	}
	rest, ok := strings.CutPrefix(name, base+"/")
	epoch, err := strconv.ParseInt(rest, 10, 64)
	return epoch, ok && err == nil && epoch > 1 && nameIn(base, epoch) == name
}

// numberIn takes the name of a log apart, whatever its base: the number of the epoch is 1 where the name has none.
func numberIn(name string) (base string, epoch int64) {
	at := strings.LastIndexByte(name, '/')
	if at > 0 {
		if n, ok := epochIn(name[:at], name); ok {
			return name[:at], n
		}
	}
	return name, 1
}

// baseOf takes the number of the epoch off the name of a log.
func baseOf(name string, epoch int64) string {
	if epoch == 1 {
		return name
	}
	return strings.TrimSuffix(name, "/"+strconv.FormatInt(epoch, 10))
}
