package gitstore_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// TestLog: the log contains each request and each move of the branch, and no
// credentials.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	repo := testenv.Bare(t, filepath.Join(dir, "env.git"), 2)
	server := testenv.ServeHTTP(t, dir)
	server.Require("ci", "hunter2")
	var log bytes.Buffer
	s := open(t, gitstore.Options{
		URL:    strings.Replace(server.URL, "://", "://ci:hunter2@", 1) + "/env.git",
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	r := change(t, s, write("envs/x/staging.yaml", "x"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`what="list branches"`, `what="fetch ` + testenv.Git(t, repo, "rev-parse", "--short=7", "main~1"),
		`what="push ` + r.Revision.Short(), "remote=" + server.URL + "/env.git", "took=", "bytes=",
		`msg="read branch" branch=main`, `msg="moved branch" branch=main commit=` + r.Revision.String(),
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s", want)
		}
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Error("the log shows credentials")
	}
	t.Logf("\n%s", &log)
}
