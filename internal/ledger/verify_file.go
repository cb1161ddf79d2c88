package ledger

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/mod/sumdb/tlog"
)

// FileOptions say what an evidence pack is checked against.
type FileOptions struct {
	Public []byte // the log's raw public key got elsewhere; nil: the one in the pack is believed
	Head   string // a signed checkpoint got elsewhere
	// Tile gets a tile of the log by its path, such as "epochs/1/tile/0/000.p/7", to compare Head with a pack that has no
	// tiles. It need not be trusted. nil: there is no way to get them.
	Tile func(path string) ([]byte, error)
}

// What a pack may hold, so that a forged one cannot fill the memory.
const (
	mostFiles = 200_000
	mostFile  = 16 << 20
	mostBytes = 512 << 20
)

var errPack = errors.New("this is no evidence pack")

// VerifyFile checks an evidence pack without a database: the JSON document a browser gets, a zip, or a folder.
func VerifyFile(name string, o FileOptions) (Report, error) {
	st, err := os.Stat(name)
	if err != nil {
		return Report{}, fmt.Errorf("evidence pack: %w", err)
	}
	if st.IsDir() {
		return VerifyFolder(os.DirFS(name), o)
	}
	if st.Size() > mostBytes {
		return Report{}, fmt.Errorf("evidence pack %s: %w: it has %d bytes", name, errPack, st.Size())
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return Report{}, fmt.Errorf("evidence pack: %w", err)
	}
	return VerifyBytes(b, o)
}

// VerifyBytes checks a pack in memory, JSON or zip.
func VerifyBytes(b []byte, o FileOptions) (Report, error) {
	if bytes.HasPrefix(b, []byte("PK")) {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return Report{}, fmt.Errorf("%w: %w", errPack, err)
		}
		return VerifyFolder(z, o)
	}
	var p Pack
	if err := json.Unmarshal(b, &p); err != nil {
		return Report{}, fmt.Errorf("%w: %w", errPack, err)
	}
	if p.Checkpoint == "" {
		return Report{}, errPack
	}
	v := &fileCheck{report: newReport(), o: o, keys: map[string][]byte{}, logs: map[string][]byte{}}
	v.pack(p)
	return v.done(), nil
}

// VerifyFolder checks an evidence folder: the ledger's part and what other modules laid beside it.
func VerifyFolder(fsys fs.FS, o FileOptions) (Report, error) {
	v := &fileCheck{report: newReport(), o: o, fsys: fsys, keys: map[string][]byte{}, logs: map[string][]byte{}}
	names, err := v.list()
	if err != nil {
		return Report{}, err
	}
	p, err := v.read(names, "")
	if err != nil {
		return Report{}, err
	}
	for _, folder := range epochFolders(names) {
		e, err := v.read(names, folder)
		if err != nil {
			return Report{}, err
		}
		p.Earlier = append(p.Earlier, e)
	}
	v.pack(p)
	for _, e := range v.epochs {
		v.treeOf(e)
	}
	v.beside(names, p)
	return v.done(), nil
}

// fileCheck is one run over an evidence pack.
type fileCheck struct {
	report *Report
	o      FileOptions
	fsys   fs.FS
	taken  int64
	keys   map[string][]byte           // of authorities
	logs   map[string][]byte           // of logs, by their name
	trees  map[string]map[place][]byte // tiles by name of the log
	heads  []Checkpoint
	epochs []Pack // oldest first
}

func (v *fileCheck) done() Report {
	v.outside()
	if v.o.Public == nil {
		v.report.remark("the key is the one in the pack: compare it with the one the node publishes")
	}
	return v.report.done()
}

// list names all files, as far as there may be so many.
func (v *fileCheck) list() (names []string, err error) {
	err = fs.WalkDir(v.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if len(names) == mostFiles {
			return fmt.Errorf("%w: it has more than %d files", errPack, mostFiles)
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPack, err)
	}
	return names, nil
}

func (v *fileCheck) file(name string) ([]byte, error) {
	f, err := v.fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPack, err)
	}
	defer f.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errPack, name, err)
	}
	if v.taken += int64(len(b)); len(b) > mostFile || v.taken > mostBytes {
		return nil, fmt.Errorf("%w: %s is too large", errPack, name)
	}
	return b, nil
}

func (v *fileCheck) json(name string, into any) error {
	b, err := v.file(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%w: %s: %w", errPack, name, err)
	}
	return nil
}

// epochFolders lists the folders of earlier epochs, oldest first.
func epochFolders(names []string) []string {
	var numbers []int
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(name, "epochs/%d/checkpoint", &n); err == nil && name == fmt.Sprintf("epochs/%d/checkpoint", n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = fmt.Sprintf("epochs/%d", n)
	}
	return out
}

// read takes the ledger's part of a folder.
func (v *fileCheck) read(names []string, folder string) (p Pack, err error) {
	head, err := v.file(path.Join(folder, "checkpoint"))
	if err != nil {
		return p, err
	}
	var all packKeys
	if err := v.json(path.Join(folder, "keys.json"), &all); err != nil {
		return p, err
	}
	p.Checkpoint, p.Key = string(head), all.Ledger
	for name, key := range all.Authorities {
		v.keys[name] = key.Public
	}
	prefix := folder
	if prefix != "" {
		prefix += "/"
	}
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		if err := v.take(&p, name, rest); err != nil {
			return p, err
		}
	}
	return p, nil
}

// take reads one file of the ledger's part into the pack.
func (v *fileCheck) take(p *Pack, name, rest string) error {
	kind, _, _ := strings.Cut(rest, "/")
	switch kind {
	case "records", "waiting":
		var r PackRecord
		if err := v.json(name, &r); err != nil {
			return err
		}
		if kind == "waiting" {
			p.Waiting = append(p.Waiting, r)
		} else {
			p.Records = append(p.Records, r)
		}
	case "erased":
		var r ErasedRecord
		if err := v.json(name, &r); err != nil {
			return err
		}
		p.Erased = append(p.Erased, r)
	case "tile":
		return v.takeTile(p.Key.Name, name, rest)
	}
	return nil
}

func (v *fileCheck) takeTile(log, name, rest string) error {
	at, w, ok := parseTilePath(rest)
	b, err := v.file(name)
	if err != nil {
		return err
	}
	if !ok || len(b) != w*tlog.HashSize {
		v.report.add("tile", rest, time.Time{}, "it is no tile of %d hashes", w)
		return nil
	}
	if v.trees == nil {
		v.trees = map[string]map[place][]byte{}
	}
	if v.trees[log] == nil {
		v.trees[log] = map[place][]byte{}
	}
	if len(b) > len(v.trees[log][at]) {
		v.trees[log][at] = b
	}
	return nil
}

// pack checks signatures, proofs and chains.
func (v *fileCheck) pack(p Pack) {
	if v.o.Public != nil && !bytes.Equal(v.o.Public, p.Key.Public) {
		v.report.add("keys", p.Key.Name, time.Time{}, "the key in the pack is not the given one")
	}
	v.epochs = append(slices.Clone(p.Earlier), p)
	for _, e := range v.epochs {
		v.logs[e.Key.Name] = e.Key.Public
	}
	v.heads = p.check(v.report)
	v.report.remark("%d records are in the pack, of %d in the tree", len(p.Records)+len(p.Erased), v.report.Size)
	if len(p.Waiting) > 0 {
		v.report.remark("%d records wait for their place: only their receipts hold them", len(p.Waiting))
	}
}

// treeOf recomputes the tree from its tiles, if the folder has them: it is then the evidence of the whole ledger, so no
// record may be missing.
func (v *fileCheck) treeOf(p Pack) {
	tiles := v.trees[p.Key.Name]
	at := slices.IndexFunc(v.heads, func(c Checkpoint) bool { return c.Name == p.Key.Name })
	if tiles == nil || at < 0 {
		return
	}
	c := v.heads[at]
	e := &edge{scratch: make([]byte, 0, full)}
	upper := map[place][]byte{}
	for number := int64(0); number*wide < c.Size; number++ { // as far as there are tiles, whatever size was signed
		data := tiles[place{0, number}]
		if len(data) != int(min(wide, c.Size-number*wide))*tlog.HashSize {
			v.report.add("tile", tilePath(place{0, number}, wide), time.Time{}, "it is missing")
			return
		}
		e.addTile(bytes.Clone(data), func(p place, data []byte) { upper[p] = data })
	}
	for _, b := range border(e.size) {
		upper[b] = e.tiles[b.level]
	}
	for at, want := range upper {
		if at.level > 0 && !bytes.Equal(want, tiles[at]) {
			v.report.add("tile", tilePath(at, len(want)/tlog.HashSize), time.Time{}, "it is not the one that the leaves give")
		}
	}
	if e.root() != c.Root {
		v.report.add("tile", "tile/0", time.Time{}, "the tiles do not give the signed root")
	}
	there := map[int64]bool{}
	for _, r := range p.Records {
		there[r.Index] = true
	}
	for _, r := range p.Erased {
		there[r.Index] = true
	}
	for at := range c.Size {
		if !there[at] {
			v.report.add("records", placeRow(at, at), time.Time{}, "it is in the tree and not in the folder")
		}
	}
}

// statements are the folders of signed statements, and the type of those that lie there.
var statements = map[string]string{
	"grants/": "amtsweg-grant", "answers/": "amtsweg-answer", "notices/": "amtsweg-notice", "acknowledgements/": "amtsweg-acknowledgement",
}

// beside checks what other modules laid into the folder: receipts, signed statements and letters.
func (v *fileCheck) beside(names []string, p Pack) {
	leaves := map[string][]byte{}
	for _, r := range p.Records {
		leaves[r.ID] = r.leaf()
	}
	for _, name := range names {
		kind, file := path.Split(name)
		base, ext := strings.TrimSuffix(file, path.Ext(file)), path.Ext(file)
		switch {
		case kind == "receipts/" && ext == ".jws":
			v.receipt(name, leaves)
		case statements[kind] != "" && ext == ".jws":
			if err := v.statement(name, statements[kind], base); err != nil {
				v.report.add(path.Dir(name), name, time.Time{}, "its signature does not hold: %v", err)
			}
		case kind == "letters/" && ext == ".json":
			v.letter(kind + base)
		case kind == "letters/" && !slices.Contains(names, kind+base+".json"):
			v.report.add("letters", name, time.Time{}, "it is not whole: its data are missing")
		}
	}
}

// receipt checks a promise: signed by the log's key, for a leaf that is the one in the pack.
func (v *fileCheck) receipt(name string, leaves map[string][]byte) {
	b, err := v.file(name)
	if err != nil {
		v.report.add("receipts", name, time.Time{}, "it cannot be read: %v", err)
		return
	}
	for _, key := range v.logs {
		compact := strings.TrimSpace(string(b))
		r, err := OpenReceipt(compact, key)
		if err != nil || strict(compact) != nil {
			continue
		}
		if leaf := leaves[r.Record]; leaf != nil && !bytes.Equal(leaf, r.Commitment) {
			v.report.add("receipts", name, r.Time, "record %s is not the one it was given for", r.Record)
		}
		return
	}
	v.report.add("receipts", name, time.Time{}, "its signature does not hold")
}

// statement checks that whom a JWS names as its signer signed it, and that it is what its folder and its name say.
func (v *fileCheck) statement(name, typ, id string) error {
	b, err := v.file(name)
	if err != nil {
		return err
	}
	compact := strings.TrimSpace(string(b))
	if err := strict(compact); err != nil {
		return err
	}
	parsed, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return err
	}
	head := parsed.Signatures[0].Protected
	key := v.keys[head.KeyID]
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("the pack has no key of %q", head.KeyID)
	}
	payload, err := parsed.Verify(ed25519.PublicKey(key))
	if err != nil {
		return err
	}
	var says struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(payload, &says); err != nil {
		return err
	}
	if head.ExtraHeaders[jose.HeaderType] != typ || says.ID != id {
		return fmt.Errorf("it is the %v %q", head.ExtraHeaders[jose.HeaderType], says.ID)
	}
	return nil
}

// strict wants each part of a compact JWS in the one way in which its bytes are written: go-jose decodes leniently, so
// that the last character of a part could change and its bytes would not.
func strict(compact string) error {
	for part := range strings.SplitSeq(compact, ".") {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return err
		}
	}
	return nil
}

// letter checks that an authority sealed a letter's data, and that the letter is the one its data names.
func (v *fileCheck) letter(name string) {
	data, err1 := v.file(name + ".json")
	html, err2 := v.file(name + ".html")
	sealed, err3 := v.file(name + ".sig")
	if err := errors.Join(err1, err2, err3); err != nil {
		v.report.add("letters", name, time.Time{}, "it is not whole: %v", err)
		return
	}
	var of struct {
		Authority string `json:"authority"`
		HTML      string `json:"html_sha256"`
	}
	if err := json.Unmarshal(data, &of); err != nil {
		v.report.add("letters", name, time.Time{}, "its data cannot be read: %v", err)
		return
	}
	key := v.keys[of.Authority]
	sig, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(string(sealed)))
	if err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, data, sig) {
		v.report.add("letters", name, time.Time{}, "the seal of %q does not hold", of.Authority)
	}
	if sum := sha256.Sum256(html); hex.EncodeToString(sum[:]) != of.HTML {
		v.report.add("letters", name, time.Time{}, "the letter is not the one that was sealed")
	}
}
