package db_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
)

func TestASecondWriterOnTheSameFolderIsRefusedAndALookerOnIsNot(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "amtsweg.db")
	first, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Migrate(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), url, db.Options{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second writer: %v", err)
	}
	if err := first.Do(t.Context(), write("seen")); err != nil {
		t.Fatal(err)
	}
	looker, err := db.Open(t.Context(), url, db.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if !names(t, looker)["seen"] {
		t.Error("the looker-on does not see what is durable")
	}
	if err := looker.Do(t.Context(), write("unseen")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a looker-on wrote: %v", err)
	}
	if err := looker.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	again, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatalf("after closing: %v", err)
	}
	if !names(t, again)["seen"] {
		t.Error("closing lost a row")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestNobodyElseReadsTheFile(t *testing.T) {
	dir := t.TempDir()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "amtsweg.db"), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write := func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "CREATE TABLE test_note (text TEXT)")
		return err
	}
	if err := d.Do(t.Context(), write); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAWrongURLSaysSo(t *testing.T) {
	for url, want := range map[string]fault.Kind{
		"":                                 fault.Invalid,
		"mysql://localhost/x":              fault.Invalid,
		"postgres://127.0.0.1:bad/amtsweg": fault.Invalid,
		"postgres://nobody@127.0.0.1:1/x":  fault.Unavailable,
	} {
		if _, err := db.Open(t.Context(), url, db.Options{}); fault.KindOf(err) != want {
			t.Errorf("%q: got %v, want %v", url, err, want)
		}
	}
	missing := "sqlite:" + filepath.Join(t.TempDir(), "none.db")
	if _, err := db.Open(t.Context(), missing, db.Options{ReadOnly: true}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a missing file to look at: %v", err)
	}
}

func TestAFullLaneRefusesAtOnceAndLosesNothing(t *testing.T) {
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "amtsweg.db"), db.Options{Lane: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
	held, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		d.Do(context.Background(), func(context.Context, *db.Tx) error { close(held); <-release; return nil }) //nolint:errcheck // it only holds the writer
	})
	<-held
	for _, name := range []string{"a", "b", "c"} {
		n := d.Waiting()
		all.Go(func() {
			if err := d.Do(t.Context(), write(name)); err != nil {
				t.Error(err)
			}
		})
		until(t, func() bool { return d.Waiting() > n })
	}
	if err := d.Do(t.Context(), write("d")); !fault.Is(err, fault.Busy) {
		t.Errorf("a full lane took one more: %v", err)
	}
	all.Go(func() {
		if err := d.Do(db.WithLane(t.Context(), "other"), write("e")); err != nil {
			t.Errorf("another authority was kept out: %v", err)
		}
	})
	until(t, func() bool { return d.Waiting() == 4 })
	close(release)
	all.Wait()
	if have := names(t, d); len(have) != 4 || have["d"] {
		t.Errorf("found %v", have)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
