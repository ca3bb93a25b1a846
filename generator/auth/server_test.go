package auth_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// testServer has the access control of `octopod serve`: a page for authenticated
// people, a form that changes something, and the sign-in.
type testServer struct {
	*httptest.Server
	auth *auth.Auth
	log  *strings.Builder // everything that was logged

	mu       sync.Mutex
	clock    time.Duration
	attempts []auth.Attempt
}

func (h *testServer) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.clock)
}

// advance moves the clock forward.
func (h *testServer) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock += d
}

func (h *testServer) refusals() []auth.Attempt {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]auth.Attempt(nil), h.attempts...)
}

// Write appends to the log, one goroutine at a time.
func (h *testServer) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

const (
	clientSecret = "the-client-secret"
	firstKey     = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	secondKey    = "YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI="
)

var environment = map[string]string{"CLIENT_SECRET": clientSecret, "SESSION_KEYS": firstKey}

// open starts a testServer. The configuration is a function of its address, which is
// known only after the start.
func open(t *testing.T, configure func(url string) auth.Config, adjust ...func(*auth.Options)) *testServer {
	t.Helper()
	h := &testServer{log: &strings.Builder{}}
	var handler http.Handler
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(h.Close)
	options := auth.Options{
		URL: h.URL, Now: h.now, Local: staging.Person{Name: "Ada", Email: "ada@example.com"},
		Getenv: func(name string) string { return environment[name] },
		Log:    slog.New(slog.NewJSONHandler(h, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Refused: func(_ context.Context, attempt auth.Attempt) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.attempts = append(h.attempts, attempt)
		},
	}
	for _, f := range adjust {
		f(&options)
	}
	var err error
	if h.auth, err = auth.New(configure(h.URL), options); err != nil {
		t.Fatalf("New: %v", err)
	}
	handler = h.routes()
	return h
}

func (h *testServer) routes() http.Handler {
	inside := http.NewServeMux()
	inside.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(auth.From(r.Context()))
	})
	inside.HandleFunc("POST /", func(http.ResponseWriter, *http.Request) {})
	all := http.NewServeMux()
	all.Handle(auth.Path, h.auth.Handler())
	all.Handle("/", h.auth.Require(h.auth.LimitWrites(inside)))
	all.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	return h.auth.Middleware(all)
}

// testClient is a browser, or without a cookie jar a program.
type testClient struct {
	t *testing.T
	*http.Client
	header http.Header
}

// browser keeps cookies and follows redirects, also to providers with self-signed
// certificates.
func (h *testServer) browser(t *testing.T) *testClient {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := h.program(t)
	v.Jar = jar
	v.header.Set("Accept", "text/html,application/xhtml+xml")
	return v
}

func (h *testServer) program(t *testing.T) *testClient {
	t.Helper()
	return &testClient{t: t, header: http.Header{}, Client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // test servers have self-signed certificates
		Timeout:   testenv.Timeout,
	}}
}

// noRedirects makes the client return redirects instead of following them.
func (v *testClient) noRedirects() *testClient {
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return v
}

func (v *testClient) with(name, value string) *testClient {
	v.header.Set(name, value)
	return v
}

// answer is a response with its body.
type answer struct {
	*http.Response
	body string
}

func (v *testClient) do(method, address string) answer {
	v.t.Helper()
	request, err := http.NewRequest(method, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header = v.header.Clone()
	response, err := v.Client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{response, string(body)}
}

func (v *testClient) get(address string) answer { v.t.Helper(); return v.do(http.MethodGet, address) }

// identity returns the identity that the server authenticated.
func (a answer) identity(t *testing.T) (identity auth.Identity) {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("status %s: %s", a.Status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &identity); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return identity
}

// assertProblem checks that the response is a problem with a status.
func (a answer) assertProblem(t *testing.T, status int) {
	t.Helper()
	var body struct {
		Status int
		Detail string
	}
	err := json.Unmarshal([]byte(a.body), &body)
	if a.StatusCode != status || err != nil || body.Status != status || body.Detail == "" ||
		a.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("status %s, want a problem %d: %s %v", a.Status, status, a.body, err)
	}
}

// cookies returns the browser's cookies for the server.
func (v *testClient) cookies(h *testServer) map[string]string {
	at, _ := url.Parse(h.URL)
	all := map[string]string{}
	for _, cookie := range v.Jar.Cookies(at) {
		all[cookie.Name] = cookie.Value
	}
	return all
}

// setCookie puts a cookie for the server into the browser.
func (v *testClient) setCookie(h *testServer, name, value string) {
	at, _ := url.Parse(h.URL)
	v.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

const (
	sessionCookie = "__Host-octopod-session"
	flowCookie    = "__Host-octopod-sign-in-" // followed by the beginning of the state
)

// flows returns the cookies of the sign-ins under way in the browser.
func (v *testClient) flows(h *testServer) (names []string) {
	for name := range v.cookies(h) {
		if strings.HasPrefix(name, flowCookie) {
			names = append(names, name)
		}
	}
	return names
}

// shop returns a project where testers are users and leads are admins.
func shop() *project.Project {
	p := &project.Project{Metadata: project.Metadata{Name: "shop"}}
	p.Spec.Access = project.Access{
		Everyone: project.RoleViewer,
		Users:    project.Members{Groups: []string{"testers"}},
		Admins:   project.Members{Groups: []string{"leads"}, Emails: []string{"ada@example.com"}},
	}
	return p
}

// flip changes one character of a text in base64.
func flip(text string, at int) string {
	letter := byte('A')
	if text[at] == 'A' {
		letter = 'B'
	}
	return text[:at] + string(letter) + text[at+1:]
}
