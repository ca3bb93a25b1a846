package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"octopod/generator/testenv"
)

// A configuration that changes while the server starts is read.
func TestAChangeDuringTheStartIsRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "server.yaml")
	testenv.WriteFile(t, filepath.Dir(file), "server.yaml", "projects: []\n")
	broken := errors.New("broken")
	server, err := New(t.Context(), Options{
		Config: Config{Listen: "127.0.0.1:0"}, ConfigFile: file, Read: func() (Config, error) { return Config{}, broken },
		Getenv: os.Getenv, Audit: io.Discard, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	testenv.WriteFile(t, filepath.Dir(file), "server.yaml", "projcts: []\n")
	ctx, cancel := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() { server.watchSettings(ctx) })
	testenv.Eventually(t, "the changed file is read", func() (error, bool) {
		err := server.state.Load().err
		return err, errors.Is(err, broken)
	})
	cancel()
	watch.Wait()
}
