package gitstore_test

import (
	"path/filepath"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// TestCheckWriteAccess: the check changes no reference and agrees with a push.
func TestCheckWriteAccess(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 2)
			before := testenv.Git(t, repo, "for-each-ref")
			s := open(t, p.at(t, repo))
			if err := s.CheckWriteAccess(t.Context()); err != nil {
				t.Error(err)
			}
			if after := testenv.Git(t, repo, "for-each-ref"); after != before {
				t.Errorf("the references are %s", after)
			}
			change(t, s, write("envs/x/staging.yaml", "x"))
		})
	}
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	t.Run("http, read-only", func(t *testing.T) {
		testenv.Git(t, repo, "config", "http.receivepack", "false")
		s := open(t, gitstore.Options{URL: testenv.ServeHTTP(t, dir).URL + "/env.git"})
		wantCode(t, s.CheckWriteAccess(t.Context()), staging.CodeForbidden, "right to write")
	})
	t.Run("ssh, a key that may read", func(t *testing.T) {
		server := testenv.ServeSSH(t, dir)
		server.ReadOnly()
		s := open(t, gitstore.Options{URL: server.URL + "/env.git",
			Auth: gitstore.Auth{SSHKeyFile: server.KeyFile, KnownHostsFiles: []string{server.KnownHosts}}})
		wantCode(t, s.CheckWriteAccess(t.Context()), staging.CodeForbidden, "read only")
	})
}
