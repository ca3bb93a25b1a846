package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/auth"
)

func TestForgesOfAServer(t *testing.T) {
	config, err := readServerConfig(writeConfig(t, `projects: [{envRepo: envs.git}]
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
	for want, f := range map[string]forge{
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
	_, err := readServerConfig(file)
	for _, want := range []string{
		`:3: forges[0].host: "https://github.com/" is no host`,
		`:4: forges[1].kind: "svn" is no kind`,
		`:5: forges[2].host: gitlab.com is there already`,
		`:5: forges[2].api: "http://gitlab.com/api/v4" must be an address with https`,
		`:6: forges[3].host: is missing`,
		`:7: forges[4].token: names both env and file`,
		`:7: forges[4].webhook.secret: names both env and file`,
		`:8: forges[5].api: a registry only calls`,
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
