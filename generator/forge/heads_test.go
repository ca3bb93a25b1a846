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
	} {
		if got := (Forges{envRepo: tt.envRepo}).address(tt.repository); got != tt.want {
			t.Errorf("%s beside %s: %s, want %s", tt.repository, tt.envRepo, got, tt.want)
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
		f := Forges{envRepo: envRepo, options: gitstore.Options{Auth: gitstore.Auth{Username: "ci", Token: "secret"}, AllowPlainHTTP: true}, limiter: NewRateLimiter(time.Now)}
		if _, err := f.Heads(t.Context(), server.URL+"/shop.git"); err == nil {
			t.Error("a server that knows nothing listed branches")
		}
		if shown != want {
			t.Errorf("env repo %s: token shown %v, want %v", envRepo, shown, want)
		}
	}
}
