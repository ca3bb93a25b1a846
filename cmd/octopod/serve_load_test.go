package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/httpapi"
	"octopod/generator/lifecycle"
	"octopod/generator/live"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// Ten thousand clients open an event stream. The server accepts a thousand, rejects the others
// at once, and continues to work.
func TestTenThousandEventStreams(t *testing.T) {
	const all, places, atOnce = 10_000, 1000, 100
	dir := t.TempDir()
	s := startServer(t, dir, nil, "--env-repo", envRepo(t, dir, "shop"))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	var mu sync.Mutex
	var open []io.Closer
	refused := 0
	var work sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for range all {
		turns <- struct{}{}
		work.Go(func() {
			defer func() { <-turns }()
			answer, err := client.Get(s.url + httpapi.Path + "/projects/shop/events")
			if err != nil {
				t.Error(err)
				return
			}
			if answer.StatusCode == http.StatusOK {
				mu.Lock()
				defer mu.Unlock()
				open = append(open, answer.Body)
				return
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(text), "there is no place for more") {
				t.Errorf("%s %v %s", answer.Status, err, text)
			}
			mu.Lock()
			defer mu.Unlock()
			refused++
		})
	}
	work.Wait()
	if len(open) != places || refused != all-places {
		t.Errorf("%d streams are open and %d were rejected", len(open), refused)
	}
	program(t, dir, []string{"OCTOPOD_SERVER=" + s.url}, "deploy", "--branch", "feature/x")
	for _, stream := range open {
		_ = stream.Close()
	}
	testenv.Eventually(t, "all streams are closed", func() (string, bool) {
		text := fetch(t, s.url+"/metrics")
		return text, strings.Contains(text, `octopod_event_streams{project="shop"} 0`)
	})
}

// The server drops clients that send a request slowly, in any part of it, after ten seconds.
// It answers other clients meanwhile.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startServer(t, dir, nil, "--env-repo", envRepo(t, dir, "shop"))
	address := strings.TrimPrefix(s.url, "http://")
	const post = " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
	var slow sync.WaitGroup
	for _, begin := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\nX-A", "POST /shop/new" + post + "branch", "POST /nobody/reads/it" + post,
		strings.Replace("POST /api/v1/projects/shop/stagings/-/deploy"+post, "x-www-form-urlencoded", "json", 1) + "{",
	} {
		for range 50 {
			slow.Go(func() {
				if err := sendSlowly(address, begin); err != nil {
					t.Errorf("%.20s…: %v", begin, err)
				}
			})
		}
	}
	for range 10 {
		fetch(t, s.url+"/shop/")
	}
	slow.Wait()
}

// sendSlowly sends a request byte by byte until the server closes the connection.
func sendSlowly(address, begin string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, conn)
		ended <- err
	}()
	next, patience := time.NewTicker(500*time.Millisecond), time.After(testenv.Timeout)
	defer next.Stop()
	for text := []byte(begin); ; text = []byte("x") {
		_, _ = conn.Write(text) // ended reports a closed connection
		select {
		case <-ended: // closed or reset
			return nil
		case <-next.C:
		case <-patience:
			return errors.New("the server keeps the connection open")
		}
	}
}

// The whole server runs in this process, for the race detector: users save through page and
// API, read streams and sweep, all in parallel.
func TestServerUnderLoad(t *testing.T) {
	dir := t.TempDir()
	repo, _, config := sweptRepo(t, dir, "{every: 100ms, maxShare: 100}")
	ctx, end := context.WithCancel(t.Context())
	stderr, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		env := environ{"HOME": dir, "PATH": os.Getenv("PATH")}
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--server-config", config, "--audit", filepath.Join(dir, "audit")}, stdio{strings.NewReader(""), io.Discard, writer}, env, time.Now)
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(stderr)
	lines.Scan()
	at := servesAt.FindStringSubmatch(lines.Text())
	if at == nil {
		t.Fatalf("the server prints %q", lines.Text())
	}
	go func() {
		for lines.Scan() { // keeps the pipe empty
		}
	}()
	waitReady(t, at[1])
	runWorkload(t, at[1])
	end()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	testenv.Git(t, repo, "fsck", "--strict")
}

// runWorkload runs the requests of users and programs in parallel.
func runWorkload(t *testing.T, at string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var watchers, people sync.WaitGroup
	for range 4 {
		watchers.Go(func() {
			_ = clientOf(t, at, "").Watch(ctx, staging.Query{All: true}, func(live.Event) {}) // until ctx ends
		})
	}
	for i := range 8 {
		people.Go(func() {
			name := fmt.Sprintf("s%d", i)
			client := clientOf(t, at, "")
			build := map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:1", Commit: "1111111"}}
			if _, err := client.Apply(ctx, change.Request{Action: staging.Action{Verb: staging.Deploy, Branch: name, Images: build}}); err != nil {
				t.Error(err)
			}
			for _, path := range []string{"/shop/", "/shop/stagings/" + name, "/shop/activity", "/metrics", httpapi.Path + "/projects/shop/stagings"} {
				if answer, err := http.Get(at + path); err != nil {
					t.Error(err)
				} else {
					_, _ = io.Copy(io.Discard, answer.Body)
					_ = answer.Body.Close()
				}
			}
			form := url.Values{"step": {"save"}, "set.LOG_LEVEL": {"debug"}, "was.LOG_LEVEL": {"info"}}
			if answer, err := http.PostForm(at+"/shop/stagings/"+name+"/settings", form); err != nil {
				t.Error(err)
			} else {
				_ = answer.Body.Close()
			}
			if _, err := client.Sweep(ctx, lifecycle.SweepRequest{MaxShare: 100}); err != nil {
				t.Error(err)
			}
		})
	}
	people.Wait()
	cancel()
	watchers.Wait()
}
