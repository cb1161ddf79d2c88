package keys_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/keys"
	"github.com/amtsweg/amtsweg/internal/testkit"
)

// node opens the keys of d with a master key in a folder of the test.
func node(t *testing.T, d *db.DB) (*keys.Ring, string) {
	t.Helper()
	if err := d.Migrate(t.Context(), keys.Migrations); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "outside", "master.key")
	return open(t, d, file), file
}

func open(t *testing.T, d *db.DB, file string) *keys.Ring {
	t.Helper()
	r, err := keys.Open(t.Context(), d, file)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// must returns what a getter made.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSignaturesAreBareEd25519(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		r, _ := node(t, d)
		s := must[keys.Signer](t)(r.Signer(t.Context(), keys.Node, "ledger"))
		sig := must[[]byte](t)(s.Sign([]byte("checkpoint")))
		if len(sig) != 64 || !ed25519.Verify(s.Public(), []byte("checkpoint"), sig) {
			t.Errorf("a stranger cannot check the signature of %d bytes", len(sig))
		}
		other := must[keys.Signer](t)(r.Signer(t.Context(), "lindenfurt", "ledger"))
		if other.Verify([]byte("checkpoint"), sig) || s.Verify([]byte("Checkpoint"), sig) || s.Verify([]byte("checkpoint"), nil) {
			t.Error("a signature passes for another owner's, for another text, or is empty")
		}
	})
}

func TestAKeyOutlivesItsProcess(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		r, file := node(t, d)
		before := must[keys.Signer](t)(r.Signer(t.Context(), keys.Node, "ledger"))
		area := must[keys.MAC](t)(r.MAC(t.Context(), keys.Node, "area"))
		sum := must[[]byte](t)(area.Sum([]byte("root")))

		again := open(t, d, file)
		after := must[keys.Signer](t)(again.Signer(t.Context(), keys.Node, "ledger"))
		if !bytes.Equal(before.Public(), after.Public()) || before.ID() != after.ID() {
			t.Error("the key changed with the process")
		}
		area = must[keys.MAC](t)(again.MAC(t.Context(), keys.Node, "area"))
		if got := must[[]byte](t)(area.Sum([]byte("root"))); !bytes.Equal(got, sum) || len(got) != 32 {
			t.Errorf("the pseudonym was %x and is %x", sum, got)
		}
	})
}

func TestSealedForOnePurposeOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		r, _ := node(t, d)
		faith := must[keys.Sealer](t)(r.Sealer(t.Context(), "lindenfurt", "sensitive"))
		secret := must[keys.Sealer](t)(r.Sealer(t.Context(), "lindenfurt", "secret"))
		elsewhere := must[keys.Sealer](t)(r.Sealer(t.Context(), "ellerbrueck", "sensitive"))
		sealed := must[[]byte](t)(faith.Seal([]byte("rk"), []byte("resident 7")))
		if bytes.Contains(sealed, []byte("rk")) {
			t.Error("the value shows through")
		}
		if got, err := faith.Open(sealed, []byte("resident 7")); err != nil || string(got) != "rk" {
			t.Errorf("got %q, %v", got, err)
		}
		if _, err := faith.Open(sealed, []byte("resident 8")); err == nil {
			t.Error("a value moved to another row still opens")
		}
		for _, wrong := range []keys.Sealer{secret, elsewhere} {
			if _, err := wrong.Open(sealed, []byte("resident 7")); err == nil {
				t.Error("another key opens it")
			}
		}
		if _, err := r.Signer(t.Context(), "lindenfurt", "secret"); err == nil {
			t.Error("a sealing key was handed out to sign")
		}
		if _, err := r.Sealer(t.Context(), "", "secret"); err == nil {
			t.Error("a key without an owner was made")
		}
	})
}

func TestRotationKeepsWhatWas(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		r, file := node(t, d)
		elsewhere := open(t, d, file) // another process of the same node
		ctx := t.Context()
		signer := must[keys.Signer](t)(r.Signer(ctx, keys.Node, "ledger"))
		sealer := must[keys.Sealer](t)(r.Sealer(ctx, keys.Node, "mail"))
		far := must[keys.Signer](t)(elsewhere.Signer(ctx, keys.Node, "ledger"))
		farSealer := must[keys.Sealer](t)(elsewhere.Sealer(ctx, keys.Node, "mail"))
		old, sealed := must[[]byte](t)(signer.Sign([]byte("a"))), must[[]byte](t)(sealer.Seal([]byte("b"), nil))
		id := signer.ID()

		for _, purpose := range []string{"ledger", "mail"} {
			if err := r.Rotate(ctx, keys.Node, purpose); err != nil {
				t.Fatal(err)
			}
		}
		if all := signer.Publics(); signer.ID() == id || len(all) != 2 || !bytes.Equal(all[0], signer.Public()) || !ed25519.Verify(all[1], []byte("a"), old) {
			t.Error("the handle still signs with the old key")
		}
		if got, err := sealer.Open(sealed, nil); err != nil || string(got) != "b" || !signer.Verify([]byte("a"), old) {
			t.Error("what the old key made is lost")
		}
		fresh := must[[]byte](t)(signer.Sign([]byte("a")))
		resealed := must[[]byte](t)(sealer.Seal([]byte("b"), nil))
		if ed25519.Verify(far.Public(), []byte("a"), fresh) {
			t.Fatal("nothing was rotated")
		}
		if got, err := farSealer.Open(resealed, nil); err != nil || string(got) != "b" || !far.Verify([]byte("a"), fresh) {
			t.Errorf("the other process does not know the new key: %v", err)
		}
		if _, err := r.MAC(ctx, keys.Node, "area"); err != nil {
			t.Fatal(err)
		}
		if err := r.Rotate(ctx, keys.Node, "area"); !errors.Is(err, keys.ErrFixed) {
			t.Errorf("a pseudonym key was rotated: %v", err)
		}
	})
}

func TestTheMasterKeyLiesOutside(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		r, file := node(t, d)
		st, err := os.Stat(file)
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Fatalf("master key: %v, %v", st.Mode(), err)
		}
		must[keys.Signer](t)(r.Signer(t.Context(), keys.Node, "ledger"))
		text := must[[]byte](t)(os.ReadFile(file))

		refuse := func(why string, want error, prepare func() error) {
			t.Helper()
			if err := prepare(); err != nil {
				t.Fatal(err)
			}
			if _, err := keys.Open(t.Context(), d, file); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", why, err, want)
			}
		}
		refuse("lost", keys.ErrMasterMissing, func() error { return os.Remove(file) })
		if _, err := os.Stat(file); err == nil {
			t.Error("a new master key was made beside keys it cannot open")
		}
		refuse("garbage", keys.ErrMasterForm, func() error { return os.WriteFile(file, []byte("hello"), 0o600) })
		wrong := "amtsweg master key 1\n" + base64.StdEncoding.EncodeToString(make([]byte, 32))
		refuse("another node's", keys.ErrMasterWrong, func() error { return os.WriteFile(file, []byte(wrong), 0o600) })
		refuse("readable by all", keys.ErrMasterOpen, func() error { return errors.Join(os.WriteFile(file, text, 0o600), os.Chmod(file, 0o644)) })
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		open(t, d, file)
	})
}

func TestARowMovedToAnotherOwnerDoesNotOpen(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		r, file := node(t, d)
		must[keys.Signer](t)(r.Signer(t.Context(), "ellerbrueck", "seal of office"))
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE keys_keyset SET owner = ?", "lindenfurt")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Open(t.Context(), d, file); !errors.Is(err, keys.ErrMasterWrong) {
			t.Errorf("got %v", err)
		}
	})
}

func TestManyAskAtOnceAndGetOneKey(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		first, file := node(t, d)
		rings := []*keys.Ring{first, open(t, d, file), open(t, d, file)}
		ids := make([]string, 24)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				s, err := rings[i%3].Signer(t.Context(), keys.Node, "ledger")
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = s.ID()
			})
		}
		all.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("different keys: %v", ids)
			}
		}
	})
}

func TestListTellsEverythingButTheSecrets(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		r, _ := node(t, d)
		ctx := t.Context()
		s := must[keys.Signer](t)(r.Signer(ctx, keys.Node, "ledger"))
		must[keys.MAC](t)(r.MAC(ctx, keys.Node, "area"))
		if err := r.Rotate(ctx, keys.Node, "ledger"); err != nil {
			t.Fatal(err)
		}
		list := must[[]keys.Info](t)(r.List(ctx))
		if len(list) != 2 || list[0].Purpose != "area" || list[0].Kind != "mac" || list[0].Keys[0].Public != "" {
			t.Fatalf("got %+v", list)
		}
		ledger := list[1]
		if len(ledger.Keys) != 2 || ledger.Keys[0].Primary || !ledger.Keys[1].Primary || ledger.Rotated.IsZero() {
			t.Errorf("got %+v", ledger)
		}
		if got := ledger.Keys[1]; got.ID != s.ID() || got.Public != base64.StdEncoding.EncodeToString(s.Public()) {
			t.Errorf("got %+v, want the key in use, %s", got, s.ID())
		}
	})
}
