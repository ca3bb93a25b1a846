package testenv

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// GitHubApp is a GitHub that knows one app with one installation. It checks the signature
// of the app and hands out tokens, of which only the current one is valid.
type GitHubApp struct {
	API string
	Key []byte // private, as PEM

	id, installation int64
	public           *rsa.PublicKey
	rotated          func(token string)

	mu      sync.Mutex
	minted  int
	token   string
	life    time.Duration
	refused int            // status for the app; 0 while it is accepted
	calls   map[string]int // accepted calls of the API with the token, by path
}

// ServeGitHubApp starts a GitHub that stops with the test. It calls rotated with each new
// token.
func ServeGitHubApp(t testing.TB, id, installation int64, rotated func(token string)) *GitHubApp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	g := &GitHubApp{
		id: id, installation: installation, public: &key.PublicKey, rotated: rotated, life: time.Hour, calls: map[string]int{},
		Key: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /app/installations/{id}/access_tokens", g.mint)
	mux.HandleFunc("/", g.call)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.API = server.URL
	return g
}

// mint hands out a token to the app.
func (g *GitHubApp) mint(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.check(r); err != nil || g.refused != 0 {
		http.Error(w, fmt.Sprint(err), max(g.refused, http.StatusUnauthorized))
		return
	}
	g.minted++
	g.token = fmt.Sprintf("ghs_%d", g.minted)
	g.rotated(g.token)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": g.token, "expires_at": time.Now().Add(g.life).UTC()})
}

// check checks the token that the app signs, and the installation.
func (g *GitHubApp) check(r *http.Request) error {
	signed, err := jwt.ParseSigned(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return err
	}
	var claims jwt.Claims
	if err := signed.Claims(g.public, &claims); err != nil {
		return err
	}
	now := time.Now()
	if claims.Expiry == nil || claims.Expiry.Time().After(now.Add(10*time.Minute+time.Second)) {
		return fmt.Errorf("the token of the app may live for 10 minutes")
	}
	if r.PathValue("id") != strconv.FormatInt(g.installation, 10) {
		return fmt.Errorf("there is no installation %s", r.PathValue("id"))
	}
	return claims.Validate(jwt.Expected{Issuer: strconv.FormatInt(g.id, 10), Time: now})
}

// call counts a call of the API with the current token.
func (g *GitHubApp) call(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token == "" || r.Header.Get("Authorization") != "Bearer "+g.token {
		http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
		return
	}
	g.calls[r.Method+" "+r.URL.Path]++
	if r.Method == http.MethodGet {
		_, _ = w.Write([]byte("[]"))
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte("{}"))
}

// Expire makes GitHub refuse the tokens that it gave, as when the app is changed.
func (g *GitHubApp) Expire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.token = ""
	g.rotated("none")
}

// Live sets how long the next tokens live.
func (g *GitHubApp) Live(life time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.life = life
}

// Refuse makes GitHub refuse the app with a status; 0 accepts it again.
func (g *GitHubApp) Refuse(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused = status
}

// Minted returns the number of tokens, and the calls of the API that they authorized.
func (g *GitHubApp) Minted() (tokens int, calls map[string]int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	calls = map[string]int{}
	for call, n := range g.calls {
		calls[call] = n
	}
	return g.minted, calls
}
