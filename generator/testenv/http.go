package testenv

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// HTTPServer serves the repositories below a directory over smart HTTP.
type HTTPServer struct {
	URL string // of the directory; a repository is URL/name

	server   *httptest.Server
	requests atomic.Int64
	down     atomic.Int64
	up       atomic.Int64

	mu       sync.Mutex
	user     string
	password string
	latency  time.Duration
	between  func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

// ServeHTTP starts a server that stops with the test.
func ServeHTTP(t testing.TB, dir string) *HTTPServer {
	t.Helper()
	exe, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &HTTPServer{}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(exe)), "git-http-backend"),
		Env:  append(Env(), "GIT_PROJECT_ROOT="+dir, "GIT_HTTP_EXPORT_ALL=1"),
		Dir:  dir, Stderr: io.Discard,
	}
	s.server = httptest.NewServer(s.handler(backend))
	s.URL = s.server.URL
	t.Cleanup(s.Close)
	return s
}

// Close stops the server before the end of the test. It waits for the git processes of
// all requests.
func (s *HTTPServer) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Require requires basic auth.
func (s *HTTPServer) Require(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user, s.password = user, password
}

// Latency delays every request, like a network.
func (s *HTTPServer) Latency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = d
}

// Intercept sets a function that handles requests before git; nil removes it.
func (s *HTTPServer) Intercept(f func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.between = f
}

// Traffic returns the requests and the bytes of bodies since the last call.
func (s *HTTPServer) Traffic() (requests, down, up int) {
	return int(s.requests.Swap(0)), int(s.down.Swap(0)), int(s.up.Swap(0))
}

func (s *HTTPServer) handler(git http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.mu.Lock()
		user, password, latency, between := s.user, s.password, s.latency, s.between
		s.mu.Unlock()
		time.Sleep(latency)
		if u, p, _ := r.BasicAuth(); user != "" && (u != user || p != password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "bad credentials", http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil { // half a request, from a killed client, makes git http-backend loop forever
			return
		}
		s.up.Add(int64(len(body)))
		r.Body = io.NopCloser(bytes.NewReader(body))
		w = &countedWriter{w, &s.down}
		if between != nil {
			between(w, r, git)
			return
		}
		git.ServeHTTP(w, r)
	})
}

// IsPush reports whether a request is the push itself.
func IsPush(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/git-receive-pack")
}

// LoseReply runs git and then drops the connection.
func LoseReply(w http.ResponseWriter, r *http.Request, git http.Handler) {
	rec := httptest.NewRecorder()
	git.ServeHTTP(rec, r)
	panic(http.ErrAbortHandler)
}

// Hang reads the request and never responds.
func Hang(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

type countedWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w *countedWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.n.Add(int64(n))
	return n, err
}

// Unwrap returns the underlying writer for http.ResponseController.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
