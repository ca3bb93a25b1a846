package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"octopod/generator"
	"octopod/generator/httpapi"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// pipes is an in-memory network for tests with a fake clock.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p <- there
	return here, nil
}

// slowProjects takes a minute to report that a project does not exist.
type slowProjects struct{}

func (slowProjects) Names(context.Context) []string { return nil }

func (slowProjects) Access(ctx context.Context, _ string, _ rights.Actor) (*generator.Access, error) {
	select {
	case <-time.After(time.Minute):
		return nil, staging.Errorf(staging.CodeNotFound, "there is none")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serveSlowly serves slowProjects inside a synctest bubble, where a minute passes
// immediately.
func serveSlowly(t *testing.T) pipes {
	t.Helper()
	network := make(pipes)
	server := &http.Server{Handler: httpapi.New(httpapi.Options{
		Projects: slowProjects{}, Actor: func(context.Context) string { return "eve" }, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Refused: func(context.Context, error) {},
	})}
	go func() { _ = server.Serve(network) }()
	t.Cleanup(func() { _ = server.Close() })
	return network
}

// The read timeout of a body limits neither the action nor later requests on the
// same connection.
func TestLongRequestsAreFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &http.Transport{DialContext: serveSlowly(t).dial, MaxConnsPerHost: 1}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		for _, key := range []string{"", "k1", "k2"} {
			for _, r := range []*http.Request{
				newRequest(t, http.MethodPost, "/projects/shop/stagings/login/set", `{}`),
				newRequest(t, http.MethodPost, "/projects/shop/regenerate", `{}`),
				newRequest(t, http.MethodPost, "/projects/shop/lint", ``),
				newRequest(t, http.MethodGet, "/projects/shop/stagings", ``),
				newRequest(t, http.MethodGet, "/projects/shop/events", ``),
			} {
				r.Header.Set("Idempotency-Key", key)
				answer, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
				if answer.StatusCode != http.StatusNotFound {
					t.Errorf("%s %s with key %q: %s", r.Method, r.URL.Path, key, answer.Status)
				}
			}
		}
	})
}

// A client that sends a request byte by byte is disconnected.
func TestSlowLoris(t *testing.T) {
	for _, header := range []string{"", "Idempotency-Key: k\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			conn, err := serveSlowly(t).dial(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			var work sync.WaitGroup
			defer work.Wait()
			defer conn.Close()
			work.Go(func() { dribble(conn, header) })
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusRequestTimeout {
				t.Errorf("%q: %s", header, answer.Status)
			}
		})
	}
}

// dribble sends a request with one byte of its body per second, until the server
// stops reading.
func dribble(conn net.Conn, header string) {
	_, err := fmt.Fprintf(conn, "POST %s/projects/shop/stagings/-/deploy HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s"+
		"Content-Length: 1000\r\n\r\n", httpapi.Path, header)
	for err == nil {
		time.Sleep(time.Second)
		_, err = conn.Write([]byte{' '})
	}
}

func newRequest(t *testing.T, method, path, content string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://octopod"+httpapi.Path+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}
