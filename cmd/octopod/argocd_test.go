package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"octopod/generator/server"
)

// Without an Argo CD in flags or variables, the connection of argocd login counts; not in a
// server, whose configuration is complete.
func TestConnectionOfArgoCDLogin(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, ".config", "argocd", "config")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	const config = "contexts: [{name: a, server: argocd.example.com, user: grace}]\ncurrent-context: a\n" +
		"servers: [{server: argocd.example.com}]\nusers: [{name: grace, auth-token: hers}]\n"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env    environ
		server *server.Means
		want   string
	}{
		"signed in":      {environ{"HOME": home}, nil, "argocd.example.com"},
		"another server": {environ{"HOME": home, "ARGOCD_SERVER": "other"}, nil, "other"},
		"its directory":  {environ{"HOME": t.TempDir(), "ARGOCD_CONFIG_DIR": filepath.Dir(file)}, nil, "argocd.example.com"},
		"nobody":         {environ{"HOME": t.TempDir()}, nil, ""},
		"octopod serve":  {environ{"HOME": home}, &server.Means{}, ""},
	} {
		c := newCLI(stdio{}, tt.env, time.Now)
		c.server = tt.server
		o, named, err := c.argoCDOptions()
		if err != nil || o.Server != tt.want || named != (tt.want != "") {
			t.Errorf("%s: %q, %v, %v", name, o.Server, named, err)
		}
		if tt.want == "argocd.example.com" && o.Token != "hers" {
			t.Errorf("%s: without her token", name)
		}
	}
}
