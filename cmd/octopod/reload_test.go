package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"octopod/generator/auth"
	"octopod/generator/httpapi"
	"octopod/generator/testenv"
)

// reloaded is a server whose configuration changes while it runs.
type reloaded struct {
	*serverProcess
	t    *testing.T
	dir  string
	file string
}

// startReloaded starts a server with a configuration file.
func startReloaded(t *testing.T, dir, config string) *reloaded {
	t.Helper()
	r := &reloaded{t: t, dir: dir, file: filepath.Join(dir, "server.yaml")}
	r.write(config)
	r.serverProcess = startServer(t, dir, []string{"OCTOPOD_ALLOW_PLAIN_HTTP=true"}, "--server-config", r.file)
	return r
}

func (r *reloaded) write(config string) {
	r.t.Helper()
	if err := os.WriteFile(r.file, []byte(config), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// get gets a path with a token, and returns status and text.
func (r *reloaded) get(path, token string) (int, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// until waits until a path has a status, and its text contains something.
func (r *reloaded) until(path, token string, status int, text string) {
	r.t.Helper()
	testenv.Eventually(r.t, fmt.Sprintf("%s has status %d and %q", path, status, text), func() (string, bool) {
		got, body := r.get(path, token)
		return fmt.Sprint(got, " ", body), got == status && strings.Contains(body, text)
	})
}

// tokenList is the configuration of a list of tokens with names.
func tokenList(hashes map[string]string) string {
	text := "auth:\n  mode: none\n  tokens:\n"
	for name, hash := range hashes {
		text += fmt.Sprintf("  - {name: %s, hash: %q, expires: 2999-01-01T00:00:00Z, role: user}\n", name, hash)
	}
	return text
}

// A running server takes over tokens and projects of its changed configuration. An event
// stream of a token that was removed ends.
func TestAChangedConfigurationIsUsed(t *testing.T) {
	dir := t.TempDir()
	shop, books := envRepo(t, dir, "shop"), envRepo(t, dir, "books")
	first, firstHash := auth.NewToken()
	second, secondHash := auth.NewToken()
	config := func(projects, tokens string) string { return "projects: [" + projects + "]\n" + tokens }
	r := startReloaded(t, dir, config("{envRepo: "+shop+"}", tokenList(map[string]string{"one": firstHash})))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+httpapi.Path+"/projects/shop/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+first)
	stream, err := http.DefaultClient.Do(request)
	if err != nil || stream.StatusCode != http.StatusOK {
		t.Fatal(stream, err)
	}
	defer stream.Body.Close()
	if status, _ := r.get(httpapi.Path+"/projects", second); status != http.StatusUnauthorized {
		t.Errorf("a token before it is listed: %d", status)
	}

	r.write(config("{envRepo: "+shop+"}, {envRepo: "+books+"}", tokenList(map[string]string{"two": secondHash})))
	r.until(httpapi.Path+"/projects/books", second, http.StatusOK, "books")
	if status, _ := r.get(httpapi.Path+"/projects", first); status != http.StatusUnauthorized {
		t.Errorf("a token that was removed: %d", status)
	}
	if _, err := io.ReadAll(stream.Body); err != nil { // Eventually its own end, not that of the test
		t.Errorf("the stream of the removed token broke: %v", err)
	}

	r.write(config("{envRepo: "+books+"}", tokenList(map[string]string{"two": secondHash})))
	r.until(httpapi.Path+"/projects/shop", second, http.StatusNotFound, "no project")
	if status, _ := r.get(httpapi.Path+"/projects/books", second); status != http.StatusOK {
		t.Errorf("the project that stays: %d", status)
	}
	if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	testenv.Eventually(t, "SIGHUP makes it read the configuration", func() (string, bool) {
		metrics := fetch(t, r.url+"/metrics")
		return metrics, strings.Contains(metrics, `octopod_config_reads_total{result="used"} 3`)
	})
	if log := r.end(t); !strings.Contains(log, "the configuration was read again") {
		t.Errorf("log: %s", log)
	}
}

// A broken configuration changes nothing, and log, metric, readyz and doctor report it. They
// name the fields that need a restart. A corrected configuration is used.
func TestABrokenConfigurationChangesNothing(t *testing.T) {
	dir := t.TempDir()
	shop := envRepo(t, dir, "shop")
	good := "projects: [{envRepo: " + shop + "}]\n"
	r := startReloaded(t, dir, good)
	const note = "the configuration of the server has changed and cannot be used"
	for _, broken := range []string{
		"projcts: []\n", good + "auth: {mode: oidc}\n",
		good + "notify: {sinks: [{name: chat, kind: slack, url: {file: " + dir + "/none}}]}\n",
		"projects: [{envRepo: " + shop + ", gitTokenFile: " + dir + "/none}]\n",
	} {
		r.write(broken)
		r.until("/readyz", "", http.StatusOK, note)
		if metrics := fetch(t, r.url+"/metrics"); !strings.Contains(metrics, "octopod_config_up_to_date 0") {
			t.Error("the metric does not show the broken configuration")
		}
		if out, err := tryProgram(t, dir, []string{"OCTOPOD_SERVER=" + r.url}, "doctor"); !strings.Contains(out, note) {
			t.Errorf("doctor: %v %s", err, out)
		}
		program(t, dir, []string{"OCTOPOD_SERVER=" + r.url}, "get")
		r.write(good)
		testenv.Eventually(t, "the former file is in force again", func() (string, bool) {
			_, text := r.get("/readyz", "")
			return text, text == "ok\n"
		})
	}
	r.write(good + "metrics: 127.0.0.1:1\naudit: " + dir + "/audit\n")
	r.until("/readyz", "", http.StatusOK, "changed settings need a restart of the server: metrics, audit")
	log := r.end(t)
	for _, want := range []string{"server.yaml:1: projcts", "auth.oidc", "/none", "a changed setting needs a restart\",\"field\":\"audit\""} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not name %q: %s", want, log)
		}
	}
}

// A secret that Kubernetes replaces by swapping the symbolic link ..data is used at once.
func TestARotatedSecretIsUsed(t *testing.T) {
	dir := t.TempDir()
	secrets := filepath.Join(dir, "secrets")
	put := func(version, secret string) { // as the kubelet does
		t.Helper()
		real := filepath.Join(secrets, ".."+version)
		if err := os.MkdirAll(real, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(real, "hook"), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(".."+version, filepath.Join(secrets, "..data_tmp")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(secrets, "..data_tmp"), filepath.Join(secrets, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	put("2026_1", "first")
	if err := os.Symlink("..data/hook", filepath.Join(secrets, "hook")); err != nil {
		t.Fatal(err)
	}
	shop := envRepo(t, dir, "shop")
	r := startReloaded(t, dir, "projects: [{envRepo: "+shop+"}]\nforges: [{host: github.com, kind: github, webhook: {secret: {file: "+secrets+"/hook}}}]\n")
	ping := func(secret string) int {
		t.Helper()
		const body = `{"zen":"ok","repository":{"full_name":"acme/shop"}}`
		sum := hmac.New(sha256.New, []byte(secret))
		sum.Write([]byte(body))
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/hooks/shop", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-GitHub-Event", "ping")
		request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(sum.Sum(nil)))
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if got := ping("first"); got != http.StatusAccepted {
		t.Fatalf("the first secret: %d", got)
	}
	put("2026_2", "second")
	testenv.Eventually(t, "the second secret is used", func() (int, bool) { got := ping("second"); return got, got == http.StatusAccepted })
	if got := ping("first"); got != http.StatusUnauthorized {
		t.Errorf("the first secret after its rotation: %d", got)
	}
}

// An env repo with other credentials takes the place of the former one once it can be read
// with them. Until then, the former settings serve.
func TestOtherCredentialsOfAnEnvRepo(t *testing.T) {
	dir := t.TempDir()
	git := servedGit(t, dir, "shop")
	git.Require("octopod", "first")
	for name, token := range map[string]string{"first": "first", "second": "second"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := func(token string) string {
		return fmt.Sprintf("projects: [{envRepo: %s/shop.git, gitUsername: octopod, gitTokenFile: %s}]\n", git.URL, filepath.Join(dir, token))
	}
	r := startReloaded(t, dir, config("first"))
	me := []string{"OCTOPOD_SERVER=" + r.url}
	r.write(config("second"))
	r.until("/readyz", "", http.StatusOK, "cannot be read with its changed settings")
	program(t, dir, me, "deploy", "--branch", "feature/first")
	git.Require("octopod", "second")
	testenv.Eventually(t, "the other credentials serve", func() (string, bool) {
		_, text := r.get("/readyz", "")
		return text, text == "ok\n"
	})
	program(t, dir, me, "deploy", "--branch", "feature/second")
	if out := program(t, dir, me, "get"); !strings.Contains(out, "feature/first") || !strings.Contains(out, "feature/second") {
		t.Errorf("get: %s", out)
	}
}

// servedGit creates an env repo behind a git server over HTTP.
func servedGit(t *testing.T, dir, name string) *testenv.HTTPServer {
	t.Helper()
	repo := envRepo(t, dir, name)
	for _, setting := range []string{"http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"} {
		testenv.Git(t, repo, "config", setting, "true")
	}
	return testenv.ServeHTTP(t, dir)
}

// A server reads and writes an env repo with the tokens of a GitHub App, which GitHub
// rotates: no command fails.
func TestAnEnvRepoWithAGitHubApp(t *testing.T) {
	dir := t.TempDir()
	git := servedGit(t, dir, "shop")
	git.Require("x-access-token", "none")
	github := testenv.ServeGitHubApp(t, 12, 34, func(token string) { git.Require("x-access-token", token) })
	if err := os.WriteFile(filepath.Join(dir, "app.pem"), github.Key, 0o600); err != nil {
		t.Fatal(err)
	}
	r := startReloaded(t, dir, fmt.Sprintf(`projects:
- envRepo: %s/shop.git
  githubApp: {id: 12, installation: 34, privateKey: {file: %s/app.pem}, api: %q}
`, git.URL, dir, github.API))
	for i := range 5 {
		program(t, dir, []string{"OCTOPOD_SERVER=" + r.url}, "deploy", "--branch", fmt.Sprint("feature/", i))
		github.Expire()
	}
	subjects := testenv.Git(t, filepath.Join(dir, "shop.git"), "log", "--format=%s", "main")
	if got := strings.Count(subjects, "deploy "); got != 5 {
		t.Errorf("%d deploys:\n%s", got, subjects)
	}
	if tokens, _ := github.Minted(); tokens < 5 {
		t.Errorf("%d tokens", tokens)
	}
}
