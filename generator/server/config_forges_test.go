package server

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/forge"
	"octopod/generator/gitstore"
)

func TestForgesOfAServer(t *testing.T) {
	config, err := ReadConfig(writeConfig(t, `projects: [{envRepo: envs.git}]
forges:
- {host: github.com, kind: github, token: {env: GITHUB_TOKEN}, webhook: {secret: {file: /run/secrets/hook}}}
- {host: "git.example.com:8443", kind: gitea, api: "http://127.0.0.1:3000/api/v1/"}
- {host: registry.example.com, kind: registry, webhook: {secret: {env: REGISTRY_SECRET}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Forges[0]; got.Token != (auth.Secret{Env: "GITHUB_TOKEN"}) || got.Webhook.Secret.File != "/run/secrets/hook" {
		t.Errorf("read %+v", got)
	}
	if got := config.Forges[1].api(); got != "http://127.0.0.1:3000/api/v1" {
		t.Errorf("api %s", got)
	}
}

func TestWhereForgesAnswer(t *testing.T) {
	for want, f := range map[string]ForgeConfig{
		"https://api.github.com":            {Host: "github.com", Kind: kindGitHub},
		"https://github.example.com/api/v3": {Host: "github.example.com", Kind: kindGitHub},
		"https://gitlab.com/api/v4":         {Host: "gitlab.com", Kind: kindGitLab},
		"https://codeberg.org/api/v1":       {Host: "codeberg.org", Kind: kindGitea},
		"https://api.bitbucket.org/2.0":     {Host: "bitbucket.org", Kind: kindBitbucket},
		"":                                  {Host: "registry.example.com", Kind: kindRegistry},
	} {
		if got := f.api(); got != want {
			t.Errorf("%s: %s, want %s", f.Host, got, want)
		}
	}
}

// Every fault is named at once, each by its line.
func TestFaultyForges(t *testing.T) {
	file := writeConfig(t, `projects: [{envRepo: envs.git}]
forges:
- {host: "https://github.com/", kind: github}
- {host: gitlab.com, kind: svn}
- {host: gitlab.com, kind: gitlab, api: "http://gitlab.com/api/v4"}
- {kind: github}
- {host: a.example.com, kind: gitea, token: {env: A, file: b}, webhook: {secret: {env: A, file: b}}}
- {host: b.example.com, kind: registry, api: "https://b.example.com"}
`)
	_, err := ReadConfig(file)
	for _, want := range []string{
		`:3: forges[0].host: "https://github.com/" is not a host`,
		`:4: forges[1].kind: "svn" is not a kind`,
		`:5: forges[2].host: gitlab.com is listed twice`,
		`:5: forges[2].api: "http://gitlab.com/api/v4" must be a URL with https`,
		`:6: forges[3].host: is missing`,
		`:7: forges[4].token: names both env and file`,
		`:7: forges[4].webhook.secret: names both env and file`,
		`:8: forges[5].api: does not apply to a registry`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s\nbut: %v", want, err)
		}
	}
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "server.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The token of a forge in the server's configuration goes to that forge.
func TestTheTokenOfAForge(t *testing.T) {
	var user, token string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, token, _ = r.BasicAuth()
		http.NotFound(w, r)
	}))
	defer server.Close()
	known := []ForgeConfig{{Host: server.Listener.Addr().String(), Kind: kindBitbucket}, {Host: "github.com", Kind: kindGitHub}}
	known[0].Token.Env, known[1].Token.Env = "BITBUCKET", "GITHUB"
	m, err := openMeans(Config{Forges: known}, ProjectConfig{}, func(name string) string { return "token of " + name })
	if err != nil {
		t.Fatal(err)
	}
	tokens := func() map[string]gitstore.Auth { return m.tokens }
	f := forge.New("", gitstore.Options{AllowPlainHTTP: true}, tokens, forge.NewRateLimiter(time.Now))
	if _, err := f.Heads(t.Context(), server.URL+"/acme/shop.git"); err == nil {
		t.Error("a server that knows nothing listed branches")
	}
	if user != "x-token-auth" || token != "token of BITBUCKET" {
		t.Errorf("asked as %q with %q", user, token)
	}
	if _, err := openMeans(Config{Forges: known}, ProjectConfig{}, func(string) string { return "" }); err == nil {
		t.Error("an empty token is taken")
	}
}
