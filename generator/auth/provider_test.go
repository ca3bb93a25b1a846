package auth_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"octopod/generator/auth"
)

// issuer is a provider of OpenID Connect that can send forged responses. The package
// dextest tests a real provider, dex.
type issuer struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu       sync.Mutex
	codes    map[string]url.Values // parameters of the authorization request, by code
	exchange []url.Values          // requests to the token endpoint
	keysRead int
	down     bool
	scopes   []string

	forge    func(claims map[string]any)        // changes the ID token
	sign     func(claims map[string]any) string // signs it in another way
	userInfo map[string]any
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, codes: map[string]url.Values{}, forge: func(map[string]any) {}}
	i.sign = func(claims map[string]any) string { return signed(t, jose.RS256, key, "one", claims) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.configuration)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) { reply(w, i.userInfo) })
	i.Server = httptest.NewServer(mux) // plain http is allowed on this machine
	t.Cleanup(i.Close)
	return i
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (i *issuer) configuration(w http.ResponseWriter, _ *http.Request) {
	if i.down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	reply(w, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"jwks_uri": i.URL + "/keys", "userinfo_endpoint": i.URL + "/userinfo",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": i.scopes,
	})
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keysRead++
	reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "one", Algorithm: "RS256", Use: "sig"}}})
}

// authorize signs everybody in without a password.
func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	query := r.URL.Query()
	code := rand.Text()
	i.codes[code] = query
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {query.Get("state")}}.Encode(), http.StatusFound)
}

// token accepts each code once, and only with the verifier of its challenge.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	_ = r.ParseForm()
	i.exchange = append(i.exchange, r.PostForm)
	asked, known := i.codes[r.PostForm.Get("code")]
	delete(i.codes, r.PostForm.Get("code"))
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !known || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || asked.Get("code_challenge_method") != "S256" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	claims := i.claims("octopod")
	claims["nonce"] = asked.Get("nonce")
	i.forge(claims)
	reply(w, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": i.sign(claims)})
}

// claims returns the claims of Grace, who is a tester.
func (i *issuer) claims(audience string) map[string]any {
	return map[string]any{
		"iss": i.URL, "aud": audience, "sub": "grace-1", "iat": time.Now().Unix(), "exp": time.Now().Add(48 * time.Hour).Unix(),
		"name": "Grace", "email": "grace@example.com", "email_verified": true, "groups": []string{"testers", "everybody"},
	}
}

func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// unsigned returns a token with the algorithm none.
func unsigned(claims map[string]any) string {
	body, _ := json.Marshal(claims)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(body) + "."
}

func strangerKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// withOIDC configures sign-in at an issuer.
func withOIDC(i *issuer, change ...func(*auth.Config)) func(string) auth.Config {
	return func(string) auth.Config {
		c := auth.Config{
			Mode:    auth.ModeOIDC,
			Session: auth.Session{Keys: auth.Secret{Env: "SESSION_KEYS"}},
			OIDC:    auth.OIDC{Issuer: i.URL, Client: auth.Client{ID: "octopod", Secret: auth.Secret{Env: "CLIENT_SECRET"}}},
		}
		for _, f := range change {
			f(&c)
		}
		return c
	}
}
