package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// What can be wrong with a master key. The node does not start with any of them.
var (
	ErrMasterMissing = errors.New("the master key file is missing, and this database has keys that only it can open")
	ErrMasterWrong   = errors.New("the master key does not open the keys of this database")
	ErrMasterOpen    = errors.New("the master key file can be read by everyone; allow only its owner (chmod 600)")
	ErrMasterForm    = errors.New("the master key file is not in the form this program writes")
)

const masterHead = "amtsweg master key 1\n"

// readMaster reads the master key; os.ErrNotExist if there is none.
func readMaster(file string) (tink.AEAD, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	if st, err := f.Stat(); err != nil {
		return nil, err
	} else if st.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%s: %w", file, ErrMasterOpen)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, err
	}
	body, ok := bytes.CutPrefix(text, []byte(masterHead))
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(body)))
	if !ok || err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%s: %w", file, ErrMasterForm)
	}
	return subtle.NewAESGCM(key)
}

// makeMaster writes a new master key, durable before anything is wrapped by it. It never replaces a file.
func makeMaster(file string) error {
	key := make([]byte, 32)
	rand.Read(key) // never fails, see crypto/rand
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(masterHead + base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
