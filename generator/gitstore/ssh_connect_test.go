package gitstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// TestCallersDoNotWaitForAnotherDial: while one caller connects to a server that
// never answers, another can give up and the store can be closed.
func TestCallersDoNotWaitForAnotherDial(t *testing.T) {
	server := testenv.ServeSSH(t, t.TempDir())
	silent, connected := silentServer(t)
	s, err := gitstore.Open(t.Context(), gitstore.Options{
		URL: "ssh://" + silent + "/env.git", Timeout: time.Hour, // who waited for the first caller would wait for so long
		Auth: gitstore.Auth{SSHKeyFile: server.KeyFile, KnownHostsFiles: []string{server.KnownHosts}},
	})
	if err != nil {
		t.Fatal(err)
	}
	first, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.CheckWriteAccess(first) }()
	<-connected

	second, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.CheckWriteAccess(second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second caller gets %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	stop()
	<-ended
}
