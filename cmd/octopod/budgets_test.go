package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/httpapi"
)

// A hundred slow bodies, of unknown length, delay no webhook.
func TestSlowWebhooksDelayNoDelivery(t *testing.T) {
	w := startForge(t)
	_, payload := w.push("feature/slow")
	for range 100 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.server.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "POST /hooks/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		began := time.Now()
		if status := w.hook(fmt.Sprint("d", i), hookSecret, payload); status != http.StatusAccepted {
			t.Errorf("delivery %d: %d", i, status)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("delivery %d took %s", i, took)
		}
	}
}

// One token never takes the event streams of others.
func TestOneTokenTakesNotAllStreams(t *testing.T) {
	dir := t.TempDir()
	greedy, greedyHash := auth.NewToken()
	other, otherHash := auth.NewToken()
	config := fmt.Sprintf(`
projects: [{envRepo: %s}]
auth:
  mode: none
  tokens:
  - {name: greedy, hash: %q, expires: 2999-01-01T00:00:00Z, role: viewer}
  - {name: other, hash: %q, expires: 2999-01-01T00:00:00Z, role: viewer}
`, envRepo(t, dir, "shop"), greedyHash, otherHash)
	file := filepath.Join(dir, "server.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, dir, nil, "--server-config", file, "--audit", filepath.Join(dir, "audit.jsonl"))
	open := func(path, token string) (int, io.Closer) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Body
	}
	const api = httpapi.Path + "/projects/shop/events"
	var streams []io.Closer
	for range 100 {
		status, body := open(api, greedy)
		if status != http.StatusOK {
			t.Fatalf("stream %d of the token: %d", len(streams)+1, status)
		}
		streams = append(streams, body)
	}
	for _, tt := range []struct {
		what, path, token string
		want              int
	}{
		{"another stream of the token", api, greedy, http.StatusServiceUnavailable},
		{"a page's stream of the token", "/shop/events", greedy, http.StatusServiceUnavailable},
		{"a list of the token", httpapi.Path + "/projects/shop/stagings", greedy, http.StatusOK},
		{"a stream of another token", api, other, http.StatusOK},
	} {
		status, body := open(tt.path, tt.token)
		_ = body.Close()
		if status != tt.want {
			t.Errorf("%s: %d, want %d", tt.what, status, tt.want)
		}
	}
	for _, body := range streams {
		_ = body.Close()
	}
}
