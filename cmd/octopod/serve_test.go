package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/change"
	"octopod/generator/httpapi"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// serverProcess is octopod serve in its own process.
type serverProcess struct {
	url    string
	cmd    *exec.Cmd
	stderr *strings.Builder // complete after ended
	ended  chan error
}

// startServer starts octopod serve in a directory and waits until it is ready.
func startServer(t testing.TB, dir string, env []string, args ...string) *serverProcess {
	t.Helper()
	s := &serverProcess{cmd: exec.Command("octopod", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), stderr: &strings.Builder{}, ended: make(chan error, 1)}
	s.cmd.Dir, s.cmd.Env = dir, append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, env...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	lines.Scan()
	first := lines.Text()
	go func() {
		for lines.Scan() {
			s.stderr.WriteString(lines.Text() + "\n")
		}
		s.ended <- s.cmd.Wait()
	}()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // fails if the process has ended
	found := servesAt.FindStringSubmatch(first)
	if found == nil {
		t.Fatalf("the server prints %q", first)
	}
	s.url = found[1]
	waitReady(t, s.url)
	return s
}

// end stops the server like Kubernetes, with SIGTERM, and returns its stderr.
func (s *serverProcess) end(t testing.TB) string {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("the server ended with %v", err)
		}
	case <-time.After(testenv.Timeout):
		t.Fatal("the server does not end")
	}
	return s.stderr.String()
}

// envRepo creates an env repo with the sample project.
func envRepo(t testing.TB, dir, project string) string {
	t.Helper()
	repo := filepath.Join(dir, project+".git")
	program(t, dir, nil, "init", "--env-repo", repo, "--project", project, "--base-domain", "staging.example.com")
	return repo
}

// tryProgram runs the program and returns its output.
func tryProgram(t testing.TB, dir string, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("octopod", args...)
	cmd.Dir, cmd.Env = dir, append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "OCTOPOD_ACTOR=Ada"}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// program runs the program, which must succeed.
func program(t testing.TB, dir string, env []string, args ...string) string {
	t.Helper()
	out, err := tryProgram(t, dir, env, args...)
	if err != nil {
		t.Fatalf("octopod %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func clientOf(t testing.TB, url, token string) *httpapi.Client {
	t.Helper()
	c, err := httpapi.NewClient(httpapi.ClientOptions{URL: url, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every answered write is in git, even if SIGTERM arrives during the writes.
func TestSIGTERMDuringWrites(t *testing.T) {
	dir := t.TempDir()
	repo := envRepo(t, dir, "shop")
	s := startServer(t, dir, nil, "--env-repo", repo)
	first := make(chan struct{}, 100)
	var mu sync.Mutex
	var done []string
	var work sync.WaitGroup
	for i := range 24 {
		name := fmt.Sprintf("s%d", i)
		work.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
			defer cancel()
			_, err := clientOf(t, s.url, "").Apply(ctx, change.Request{Action: staging.Action{Verb: staging.Deploy, Branch: name}})
			if err == nil {
				mu.Lock()
				done = append(done, name)
				mu.Unlock()
				first <- struct{}{}
			}
		})
	}
	<-first
	s.end(t)
	work.Wait()
	for _, name := range done {
		testenv.Git(t, repo, "cat-file", "-e", "main:envs/"+name+"/staging.yaml")
	}
	testenv.Git(t, repo, "fsck", "--strict")
	t.Logf("%d of 24 were answered", len(done))
}

// SIGTERM ends event streams, and streams do not delay the exit.
func TestSIGTERMEndsStreams(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, dir, nil, "--env-repo", envRepo(t, dir, "shop"))
	answer, err := http.Get(s.url + httpapi.Path + "/projects/shop/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	s.end(t)
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Errorf("the stream broke: %v", err)
	}
}

// One server has two projects, limited tokens, and an audit log of rejected requests.
func TestServerOfSeveralProjects(t *testing.T) {
	dir := t.TempDir()
	shop, books := envRepo(t, dir, "shop"), envRepo(t, dir, "books")
	secret, hash := auth.NewToken()
	config := fmt.Sprintf(`
projects:
- {envRepo: %s}
- {envRepo: %s}
auth:
  mode: none
  tokens:
  - {name: nightly, hash: %q, expires: 2999-01-01T00:00:00Z, role: user, projects: [shop], names: ["nightly-*"], verbs: [deploy]}
`, shop, books, hash)
	file := filepath.Join(dir, "server.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	audit := filepath.Join(dir, "audit.jsonl")
	s := startServer(t, dir, nil, "--server-config", file, "--audit", audit)
	me := []string{"OCTOPOD_SERVER=" + s.url}
	program(t, dir, me, "deploy", "--project", "books", "--branch", "feature/x")
	if out, err := tryProgram(t, dir, me, "get"); err == nil || !strings.Contains(out, "several projects: shop, books") {
		t.Errorf("without --project: %v %s", err, out)
	}
	if out := program(t, dir, me, "get", "--project", "shop"); !strings.Contains(out, "no stagings yet") {
		t.Errorf("shop has: %s", out)
	}
	nightly := append(me, "OCTOPOD_TOKEN="+secret, "OCTOPOD_ALLOW_PLAIN_HTTP=true")
	program(t, dir, nightly, "deploy", "nightly-1", "--project", "shop", "--branch", "nightly/1")
	author := testenv.Git(t, shop, "log", "-1", "--format=%an", "main")
	if strings.TrimSpace(author) != "nightly" {
		t.Errorf("the author is %q, want the token's name", author)
	}
	for _, args := range [][]string{
		{"deploy", "other", "--project", "shop", "--branch", "other"}, {"archive", "nightly-1", "--project", "shop"},
	} {
		if out, err := tryProgram(t, dir, nightly, args...); err == nil || !strings.Contains(out, "the token of nightly does not allow") {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}
	if out, err := tryProgram(t, dir, nightly, "get", "--project", "books"); err == nil || !strings.Contains(out, `no project "books", or you may not read it`) {
		t.Errorf("a project of others: %v %s", err, out)
	}
	page, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/shop/stagings/nightly-1/archive", nil)
	if err != nil {
		t.Fatal(err)
	}
	page.Header.Set("Authorization", "Bearer "+secret)
	if answer, err := http.DefaultClient.Do(page); err != nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("on the page: %v %v", answer, err)
	}
	if out, err := tryProgram(t, dir, append(me, "OCTOPOD_TOKEN="+secret), "get", "--project", "shop"); err == nil || !strings.Contains(out, "unencrypted") {
		t.Errorf("a token over http: %v %s", err, out)
	}
	log := s.end(t)
	lines, err := os.ReadFile(audit)
	if err != nil || strings.Count(string(lines), `"kind":"Refused"`) != 4 || !strings.Contains(string(lines), `"subject":"token:nightly"`) {
		t.Errorf("audit: %v\n%s", err, lines)
	}
	if strings.Contains(log+string(lines), secret) {
		t.Error("the log contains the token")
	}
}

// No log line, metric or response contains the password of an ssh address.
func TestServerHidesThePasswordOfTheEnvRepo(t *testing.T) {
	dir := t.TempDir()
	envRepo(t, dir, "shop")
	git := testenv.ServeSSH(t, dir)
	env := []string{"OCTOPOD_SSH_KEY=" + git.KeyFile, "OCTOPOD_KNOWN_HOSTS=" + git.KnownHosts}
	s := startServer(t, dir, env, "--env-repo", strings.Replace(git.URL, "git@", "git:hunter2@", 1)+"/shop.git", "--verbose")
	out := program(t, dir, []string{"OCTOPOD_SERVER=" + s.url}, "deploy", "--branch", "feature/x")
	out += fetch(t, s.url+"/metrics") + fetch(t, s.url+"/") + fetch(t, s.url+"/api/v1/projects") + s.end(t)
	if want := git.URL + `/shop.git",result="landed"} 1`; !strings.Contains(out, want) {
		t.Errorf("the metrics lack %s", want)
	}
	if strings.Contains(out, "hunter2") {
		t.Errorf("the output contains the password:\n%s", out)
	}
}

// The warning about an unreachable env repo does not contain the password either.
func TestServerHidesThePasswordOfAnUnreachableEnvRepo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
	defer cancel()
	serve := exec.CommandContext(ctx, "octopod", "serve", "--listen", "127.0.0.1:0", "--env-repo", "ssh://git:hunter2@127.0.0.1:1/acme/envs.git")
	key := testenv.ServeSSH(t, t.TempDir()).KeyFile
	serve.Dir, serve.Env = t.TempDir(), []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "OCTOPOD_SSH_KEY=" + key}
	out, err := serve.StderrPipe()
	if err == nil {
		err = serve.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	warned := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "hunter2") {
			t.Errorf("the log contains the password: %s", lines.Text())
		}
		if strings.Contains(lines.Text(), "127.0.0.1:1/acme/envs.git") {
			warned = true
			cancel()
		}
	}
	_ = serve.Wait() // it was killed
	if !warned {
		t.Error("the server did not warn")
	}
}

func TestServerRejectsInvalidConfiguration(t *testing.T) {
	dir := t.TempDir()
	repo := envRepo(t, dir, "shop")
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("projcts: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"must listen on this machine only": {"--env-repo", repo, "--listen", "0.0.0.0:0"},
		"bad.yaml:1: projcts":              {"--server-config", bad},
		"cannot read the server config":    {"--server-config", filepath.Join(dir, "none.yaml")},
		"cannot listen":                    {"--env-repo", repo, "--listen", "127.0.0.1:notaport"},
	} {
		out, err := tryProgram(t, dir, nil, append([]string{"serve"}, args...)...)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v %s, want %q", args, err, out, want)
		}
	}
}

// The endpoints for operators and monitoring work.
func TestOperatorsEndpoints(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, dir, nil, "--env-repo", envRepo(t, dir, "shop"))
	program(t, dir, []string{"OCTOPOD_SERVER=" + s.url}, "deploy", "--branch", "feature/x")
	if err := clientOf(t, s.url, "").Watch(stopAfterComplete(t)); err == nil {
		t.Error("the watch ended without an error")
	}
	for path, want := range map[string]string{
		"/livez": "ok", "/readyz": "ok", "/version": `"version"`, "/api/v1/openapi.json": `"openapi":"3.1.0"`,
		"/": "shop",
	} {
		answer, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s %v\n%.300s", path, answer.Status, err, text)
		}
	}
	metrics := fetch(t, s.url+"/metrics")
	for _, want := range []string{
		`octopod_stagings{project="shop",status="active"} 1`, `octopod_env_repo_up{project="shop"} 1`, `octopod_webhooks_pending{project="shop",state="waiting"} 0`, `octopod_event_streams{project="shop"} `,
		`octopod_git_queue_depth{project="shop"} 0`, `shop.git",result="landed"} 1`, `octopod_git_batch_size_sum{repository="`,
		`octopod_http_request_seconds_count{code="200",route="/api/v1/projects/{project}/stagings/{name}/…"} 1`, `octopod_build_info{version="`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// stopAfterComplete returns the arguments of a watch that ends after the Synced event.
func stopAfterComplete(t testing.TB) (context.Context, staging.Query, func(live.Event)) {
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
	return ctx, staging.Query{}, func(n live.Event) {
		if n.Kind == live.Synced {
			cancel()
		}
	}
}

// No project may have a name that is a path of the server.
func TestProjectsCannotHaveNamesOfServerPaths(t *testing.T) {
	for _, path := range []string{
		"/livez", "/readyz", "/metrics", "/version", "/assets/", "/hooks/", "/signin", "/signed-out", auth.Path, httpapi.Path,
	} {
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if err := project.CheckName(name); err == nil {
			t.Errorf("a project may be called %s", name)
		}
	}
	dir := t.TempDir()
	out, err := tryProgram(t, dir, nil, "init", "--env-repo", filepath.Join(dir, "envs.git"), "--project", "api", "--base-domain", "staging.example.com")
	if err == nil || !strings.Contains(out, "is a path of the server, /api") {
		t.Errorf("%v %s", err, out)
	}
}

// For a rejected request, a browser gets a page, and a program gets a problem document.
func TestRejectedRequestsGetPagesOrProblems(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "server.yaml")
	config := fmt.Sprintf("projects:\n- {envRepo: %s}\nauth:\n  mode: header\n  proxies: [127.0.0.1/32]\n", envRepo(t, dir, "shop"))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, dir, nil, "--server-config", file)
	for path, tt := range map[string]struct{ accept, want string }{
		"/shop/":           {"text/html", "<h1>You are not signed in</h1>"},
		"/api/v1/projects": {"text/html", `"code":"unauthorized"`},
		"/shop/about":      {"application/json", `"code":"unauthorized"`},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", tt.accept)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusUnauthorized || !strings.Contains(string(text), tt.want) {
			t.Errorf("%s for %s: %s %v\n%.400s", path, tt.accept, answer.Status, err, text)
		}
	}
}

// With an address for metrics, the server serves metrics only there, and nothing else there.
func TestMetricsApart(t *testing.T) {
	dir := t.TempDir()
	at := testenv.FreeAddress(t)
	config := filepath.Join(dir, "server.yaml")
	text := fmt.Sprintf("projects: [{envRepo: %s}]\nmetrics: %s\n", envRepo(t, dir, "shop"), at)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, dir, nil, "--server-config", config)
	if text := fetch(t, "http://"+at+"/metrics"); !strings.Contains(text, "octopod_build_info") {
		t.Errorf("got %s", text)
	}
	for url, what := range map[string]string{s.url + "/metrics": "the metrics", "http://" + at + "/livez": "more than metrics"} {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s serves %s: %s", url, what, answer.Status)
		}
	}
	s.end(t)
}

// All projects of a server respect the Retry-After of a host.
func TestProjectsShareTheRateLimit(t *testing.T) {
	requests := 0
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Retry-After", "90")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer host.Close()
	c := newCLI(stdio{strings.NewReader(""), t.Output(), t.Output()}, environ{}, time.Now)
	c.settings.allowPlainHTTP = true
	for _, envRepo := range []string{"/srv/one.git", "/srv/other.git"} {
		own := *c // as each project has it
		forges, err := own.newForges(envRepo)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := forges.Heads(t.Context(), host.URL+"/shop.git"); staging.CodeOf(err) != staging.CodeUnavailable {
			t.Errorf("env repo %s: %v", envRepo, err)
		}
	}
	if requests != 1 {
		t.Errorf("the host got %d requests", requests)
	}
}
