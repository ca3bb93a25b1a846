package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"octopod/generator/server"
	"octopod/generator/testenv"
)

// notifyFile writes a server's configuration with sinks.
func notifyFile(t *testing.T, sinks string) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "server.yaml")
	text := "url: https://octopod.example.com\nprojects: [{envRepo: git@example.com:acme/envs.git}]\nnotify:\n  sinks:\n" + sinks
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, file
}

// notify sends a test message to the selected sinks and prints the answer of each.
func TestNotifyPrintsTheAnswersOfSinks(t *testing.T) {
	url, messages := testenv.Chat(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "invalid_token", http.StatusForbidden) }))
	t.Cleanup(refusing.Close)
	dir, file := notifyFile(t, `
  - {name: team-chat, kind: mattermost, url: {env: CHAT}}
  - {name: on-call, kind: slack, url: {env: CALL}}
`)
	env := []string{"CHAT=" + url + "/the-secret", "CALL=" + refusing.URL + "/the-secret"}
	if out := program(t, dir, env, "notify", "--server-config", file, "team-chat"); !strings.Contains(out, "✓ team-chat") {
		t.Errorf("printed: %s", out)
	}
	if text := <-messages; !strings.Contains(text, "A test message of Octopod") || !strings.Contains(text, "[Octopod](https://octopod.example.com)") {
		t.Errorf("sent: %s", text)
	}
	out, err := tryProgram(t, dir, env, "notify", "--server-config", file)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 6 || !strings.Contains(out, "✓ team-chat") || !strings.Contains(out, "✗ on-call") || !strings.Contains(out, "the server responded 403 Forbidden: invalid_token") {
		t.Errorf("ended with %v, printed: %s", err, out)
	}
	if strings.Contains(out, "the-secret") {
		t.Errorf("printed a secret: %s", out)
	}
	for want, args := range map[string][]string{
		`names no sink "chat"`:                       {"notify", "--server-config", file, "chat"},
		"it has: team-chat, on-call":                 {"notify", "--server-config", file, "chat"},
		"--server-config is required: it lists":      {"notify"},
		"notify.sinks team-chat.url is empty: $CHAT": {"notify", "--server-config", file, "team-chat"},
	} {
		if out, err := tryProgram(t, dir, nil, args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v printed: %s", args, out)
		}
	}
}

func TestFaultySinks(t *testing.T) {
	_, file := notifyFile(t, `
  - {kind: slack, url: {env: CHAT}}
  - {name: a, kind: pager, url: {env: CHAT}}
  - {name: a, kind: slack}
  - {name: b, kind: email, url: {env: CHAT}}
  - {name: commit, kind: slack, url: {env: A, file: b}}
`)
	_, err := server.ReadConfig(file)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"server.yaml:6: notify.sinks[0].name: is missing",
		`server.yaml:7: notify.sinks[1].kind: "pager" is not a kind: write slack, mattermost`,
		"server.yaml:8: notify.sinks[2].name: a is listed twice",
		"server.yaml:8: notify.sinks[2].url: is missing",
		"server.yaml:9: notify.sinks[3].url: does not apply to email",
		"server.yaml:10: notify.sinks[4].name: commit is reserved for notices on a forge",
		"server.yaml:10: notify.sinks[4].url: names both env and file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

// A server cannot send to a sink that it does not have: doctor --server and the page report
// such a sink, with the line in octopod.yaml.
func TestTheDoctorReportsUnknownSinks(t *testing.T) {
	dir := t.TempDir()
	repo := envRepo(t, dir, "shop")
	edit(t, repo, func(text []byte) []byte {
		return []byte(strings.TrimRight(string(text), "\n") + "\n  notify:\n  - {to: commit}\n  - {to: team-chat}\n  - {to: on-cal, on: [failed]}\n")
	})
	file := filepath.Join(dir, "server.yaml")
	config := "projects: [{envRepo: " + repo + "}]\nauth: {mode: none}\nnotify:\n  sinks:\n" +
		"  - {name: team-chat, kind: mattermost, url: {env: CHAT}}\n  - {name: on-call, kind: slack, url: {env: CHAT}}\n"
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := tryProgram(t, dir, nil, "doctor", "--env-repo", repo); err != nil || !strings.Contains(out, "? who is told") || !strings.Contains(out, "octopod doctor --server") {
		t.Errorf("without a server: %v, printed: %s", err, out)
	}
	s := startServer(t, dir, []string{"CHAT=https://chat.example.com/hooks/1"}, "--server-config", file)
	out, err := tryProgram(t, dir, nil, "doctor", "--server", s.url)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 6 {
		t.Errorf("ended with %v", err)
	}
	finding := regexp.MustCompile(`(?m)^✗ who is told +octopod\.yaml:\d+: spec\.notify\[2\]\.to: this server has no sink "on-cal"; did you mean on-call\?$\n  → add it to notify\.sinks`)
	if !finding.MatchString(out) || strings.Contains(out, "spec.notify[1]") {
		t.Errorf("printed: %s", out)
	}
	answer, err := http.Get(s.url + "/shop/about?check=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if page, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(page), "spec.notify[2].to: this server has no sink") {
		t.Errorf("the page (%v):\n%.3000s", err, page)
	}
	edit(t, repo, func(text []byte) []byte { return []byte(strings.ReplaceAll(string(text), "on-cal,", "on-call,")) })
	testenv.Eventually(t, "the doctor reports no fault", func() (string, bool) {
		out, err := tryProgram(t, dir, nil, "doctor", "--server", s.url)
		return out, err == nil && strings.Contains(out, "✓ who is told")
	})
}
