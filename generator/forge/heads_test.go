package forge

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"octopod/generator/gitstore"
)

func TestAddressesOfRepositories(t *testing.T) {
	for _, tt := range []struct{ envRepo, repository, want string }{
		{"https://git.example.com/acme/envs.git", "git.example.com/acme/shop", "https://git.example.com/acme/shop.git"},
		{"ssh://git@git.example.com:2222/acme/envs.git", "git.example.com/acme/shop", "ssh://git@git.example.com:2222/acme/shop.git"},
		{"git@git.example.com:acme/envs.git", "git.example.com/acme/shop.git", "ssh://git@git.example.com/acme/shop.git"},
		{"git@git.example.com:acme/envs.git", "github.com/acme/shop", "https://github.com/acme/shop.git"},
		{"envs.git", "github.com/acme/shop", "https://github.com/acme/shop.git"},
		{"envs.git", "../shop.git", "../shop.git"},
		{"envs.git", "/srv/shop.git", "/srv/shop.git"},
		{"envs.git", "file:///srv/shop.git", "file:///srv/shop.git"},
		{"envs.git", "git@github.com:acme/shop.git", "git@github.com:acme/shop.git"},
		{"envs.git", "github.com:acme/shop.git", "github.com:acme/shop.git"},
		{"envs.git", "localhost:3000/acme/shop", "https://localhost:3000/acme/shop.git"},
	} {
		if got, err := (Forges{envRepo: tt.envRepo}).resolve(tt.repository); err != nil || got.String() != tt.want {
			t.Errorf("%s beside %s: %s %v, want %s", tt.repository, tt.envRepo, got, err, tt.want)
		}
	}
}

// The token of the env repo is shown to its own host, and to no other: octopod.yaml
// names the repositories, and who may edit it need not know the token.
func TestTheTokenGoesToTheHostOfTheEnvRepoAlone(t *testing.T) {
	var shown bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _, shown = r.BasicAuth()
		http.NotFound(w, r)
	}))
	defer server.Close()
	for envRepo, want := range map[string]bool{
		server.URL + "/envs.git":            true,
		"http://git.example.com/envs.git":   false,
		"https" + server.URL[4:] + "/e.git": false,
		"envs.git":                          false,
		strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/envs.git": false,
	} {
		shown = false
		f := New(envRepo, gitstore.Options{Auth: gitstore.Auth{Username: "ci", Token: "secret"}, AllowPlainHTTP: true}, nil, NewRateLimiter(time.Now))
		if _, err := f.Heads(t.Context(), server.URL+"/shop.git"); err == nil {
			t.Error("a server that knows nothing listed branches")
		}
		if shown != want {
			t.Errorf("env repo %s: token shown %v, want %v", envRepo, shown, want)
		}
	}
}

// Credentials in an address go to the repository at that address, and those of the env repo to
// the repositories beside it.
func TestCredentialsInAddresses(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		got = user + ":" + password
		http.NotFound(w, r)
	}))
	defer server.Close()
	at := func(credentials, path string) string {
		return strings.Replace(server.URL, "://", "://"+credentials, 1) + path
	}
	for _, tt := range []struct{ envRepo, repository, want string }{
		{at("ci:secret@", "/envs.git"), "127.0.0.1/shop", "ci:secret"},
		{at("token@", "/envs.git"), "127.0.0.1/shop", "token:"},
		{"envs.git", at("ci:secret@", "/shop.git"), "ci:secret"},
		{at("ci:secret@", "/envs.git"), at("", "/shop.git"), ":"},
		{"https://ci:secret@git.example.com/envs.git", at("", "/shop.git"), ":"},
	} {
		f := New(tt.envRepo, gitstore.Options{AllowPlainHTTP: true}, nil, NewRateLimiter(time.Now))
		if _, err := f.Heads(t.Context(), tt.repository); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", tt.repository, err)
		}
		if got != tt.want {
			t.Errorf("%s beside %s: credentials %q, want %q", tt.repository, tt.envRepo, got, tt.want)
		}
	}
}
