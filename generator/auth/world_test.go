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

// house is a server as `octopod serve` builds it, as far as access goes: a page
// for people who are known, a form that changes something, and the sign-in.
type house struct {
	*httptest.Server
	auth *auth.Auth
	log  *strings.Builder // everything that was logged

	mu       sync.Mutex
	clock    time.Duration
	attempts []auth.Attempt
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.clock)
}

// pass lets time go by.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock += d
}

func (h *house) refused() []auth.Attempt {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]auth.Attempt(nil), h.attempts...)
}

// Write takes the log, one goroutine at a time.
func (h *house) Write(p []byte) (int, error) {
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

// open starts a house. Its address is known only now, so that the configuration
// is a function of it.
func open(t *testing.T, configure func(url string) auth.Config, adjust ...func(*auth.Options)) *house {
	t.Helper()
	h := &house{log: &strings.Builder{}}
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
	handler = h.rooms()
	return h
}

func (h *house) rooms() http.Handler {
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

// visitor is a browser, or with no jar a program.
type visitor struct {
	t *testing.T
	*http.Client
	header http.Header
}

// browser keeps cookies and follows redirects, also to providers with
// certificates of their own making.
func (h *house) browser(t *testing.T) *visitor {
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

func (h *house) program(t *testing.T) *visitor {
	t.Helper()
	return &visitor{t: t, header: http.Header{}, Client: &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, // test servers sign for themselves
		Timeout:   testenv.Patience,
	}}
}

// stay makes the visitor look at redirects instead of following them.
func (v *visitor) stay() *visitor {
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return v
}

func (v *visitor) with(name, value string) *visitor {
	v.header.Set(name, value)
	return v
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

func (v *visitor) do(method, address string) answer {
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

func (v *visitor) get(address string) answer { v.t.Helper(); return v.do(http.MethodGet, address) }

// identity reads who the house says it was asked by.
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

// refused checks that an answer is a problem with a status.
func (a answer) refused(t *testing.T, status int) {
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

// cookies of the house, as the browser holds them.
func (v *visitor) cookies(h *house) map[string]string {
	at, _ := url.Parse(h.URL)
	all := map[string]string{}
	for _, cookie := range v.Jar.Cookies(at) {
		all[cookie.Name] = cookie.Value
	}
	return all
}

// plant puts a cookie of the house into the browser.
func (v *visitor) plant(h *house, name, value string) {
	at, _ := url.Parse(h.URL)
	v.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

const (
	sessionCookie = "__Host-octopod-session"
	flowCookie    = "__Host-octopod-sign-in-" // and the begin of the state
)

// flows are the sign-ins under way in the browser.
func (v *visitor) flows(h *house) (names []string) {
	for name := range v.cookies(h) {
		if strings.HasPrefix(name, flowCookie) {
			names = append(names, name)
		}
	}
	return names
}

// shop is a project of which testers are users and leads are admins.
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
