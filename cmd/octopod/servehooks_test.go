package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"octopod/generator/receiver"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const hookSecret = "It's a Secret to Everybody"

// forgeWorld is a server whose project has one repository on a real git server.
type forgeWorld struct {
	t       testing.TB
	dir     string
	envs    string              // the env repo
	git     *testenv.HTTPServer // of the env repo
	app     string              // the application's repository
	server  *serverProcess
	pushes  atomic.Int64 // to the env repo
	sent    int
	project string
}

// startForge starts a server that accepts webhooks of a Gitea on this machine.
func startForge(t testing.TB) *forgeWorld {
	t.Helper()
	return startForgeWith(t, "")
}

// startForgeWith is startForge with further settings of the server.
func startForgeWith(t testing.TB, settings string) *forgeWorld {
	t.Helper()
	w := &forgeWorld{t: t, dir: t.TempDir(), project: "shop"}
	w.envs = envRepo(t, w.dir, "shop")
	w.app = filepath.Join(w.dir, "apps", "backend.git")
	testenv.Git(t, w.dir, "init", "--bare", "--initial-branch", "main", w.app)
	url := testenv.ServeHTTP(t, filepath.Join(w.dir, "apps")).URL
	w.edit(func(text string) string {
		return strings.Replace(text, "repository: github.com/acme/shop-backend",
			"repository: "+url+"/backend.git\n      build: registry.example.com/shop/backend:{commit}", 1)
	})
	envs := testenv.ServeHTTP(t, w.dir)
	w.git = envs
	envs.Intercept(func(to http.ResponseWriter, r *http.Request, git http.Handler) {
		if testenv.IsPush(r) {
			w.pushes.Add(1)
		}
		git.ServeHTTP(to, r)
	})
	testenv.Git(t, w.envs, "config", "http.receivepack", "true")
	config := filepath.Join(w.dir, "server.yaml")
	text := fmt.Sprintf("projects: [{envRepo: %s/shop.git}]\nforges: [{host: 127.0.0.1, kind: gitea, webhook: {secret: {env: HOOK_SECRET}}}]\n%s", envs.URL, settings)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.server = startServer(t, w.dir, []string{"HOOK_SECRET=" + hookSecret}, "--server-config", config, "--audit", filepath.Join(w.dir, "audit.jsonl"), "--allow-plain-http")
	return w
}

// edit commits a change of octopod.yaml.
func (w *forgeWorld) edit(change func(string) string) {
	w.t.Helper()
	clone := filepath.Join(w.dir, "clone")
	testenv.Git(w.t, w.dir, "clone", "-q", w.envs, clone)
	file := filepath.Join(clone, "octopod.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(change(string(text))), 0o600); err != nil {
		w.t.Fatal(err)
	}
	testenv.Git(w.t, clone, "commit", "-qam", "edit octopod.yaml")
	testenv.Git(w.t, clone, "push", "-q")
}

// push adds a commit to a branch of the application and returns Gitea's payload for it.
func (w *forgeWorld) push(branch string) (commit, payload string) {
	w.t.Helper()
	before, err := testenv.TryGit(w.app, "rev-parse", "--verify", "-q", "refs/heads/"+branch)
	if err != nil {
		before = strings.Repeat("0", 40)
	}
	tree := testenv.Git(w.t, w.app, "hash-object", "-w", "-t", "tree", os.DevNull)
	w.sent++
	commit = testenv.Git(w.t, w.app, "commit-tree", "-m", fmt.Sprint(w.sent), tree)
	testenv.Git(w.t, w.app, "update-ref", "refs/heads/"+branch, commit)
	return commit, giteaPush(branch, before, commit)
}

func giteaPush(branch, before, after string) string {
	return fmt.Sprintf(`{"ref": "refs/heads/%s", "before": "%s", "after": "%s", "head_commit": {"id": "%[3]s", "timestamp": "2026-11-20T10:00:00Z"},
		"repository": {"full_name": "backend"}, "pusher": {"login": "grace", "email": "grace@example.com"}, "sender": {"login": "grace"}}`, branch, before, after)
}

// hook sends a push like Gitea and returns the status.
func (w *forgeWorld) hook(id, secret, body string) int {
	w.t.Helper()
	return w.event("push", id, secret, body)
}

// event sends a webhook like Gitea and returns the status.
func (w *forgeWorld) event(event, id, secret, body string) int {
	w.t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.url+"/hooks/"+w.project, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("X-Gitea-Event", event)
	r.Header.Set("X-Gitea-Delivery", id)
	r.Header.Set("X-Gitea-Signature", hex.EncodeToString(mac.Sum(nil)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// wait waits until the env repo has a file that contains a text.
func (w *forgeWorld) wait(path, text string) {
	w.t.Helper()
	testenv.Eventually(w.t, fmt.Sprintf("%s says %q", path, text), func() (string, bool) {
		got, _ := testenv.TryGit(w.envs, "show", "main:"+path) // the path may not exist yet
		return got, strings.Contains(got, text)
	})
}

// A webhook for a push leads to a commit in the env repo.
func TestAWebhookDeploysABranch(t *testing.T) {
	w := startForge(t)
	commit, payload := w.push("feature/login")
	if got := w.hook("d1", hookSecret, payload); got != http.StatusAccepted {
		t.Fatalf("answered %d", got)
	}
	w.wait("envs/login/staging.yaml", "registry.example.com/shop/backend:"+commit)
	log := testenv.Git(t, w.envs, "log", "-1", "--format=%an <%ae> %s %(trailers:key=Octopod-Via,valueonly)", "main")
	if want := "grace <grace@example.com> deploy login: backend " + commit[:7] + " webhook"; strings.Join(strings.Fields(log), " ") != want {
		t.Errorf("log %q, want %q", log, want)
	}
	testenv.Git(t, w.app, "update-ref", "-d", "refs/heads/feature/login")
	w.hook("d2", hookSecret, giteaPush("feature/login", commit, strings.Repeat("0", 40)))
	// The frontend's repository does not exist, so Octopod cannot know whether it has the branch.
	w.delivered("d2", receiver.OutcomeNothing, "cannot list the branches of")
}

// delivered waits until the API reports the outcome of a delivery.
func (w *forgeWorld) delivered(id string, outcome receiver.Outcome, text string) {
	w.t.Helper()
	testenv.Eventually(w.t, fmt.Sprintf("delivery %s is %s with %q", id, outcome, text), func() ([]receiver.Delivery, bool) {
		all, err := clientOf(w.t, w.server.url, "").Deliveries(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		return all, slices.ContainsFunc(all, func(d receiver.Delivery) bool {
			return d.ID == id && d.Outcome == outcome && strings.Contains(d.Text, text)
		})
	})
}

// The server rejects webhooks that are forged, broken, too large or for an unknown project. They
// have no effect except for lines in the audit log.
func TestBadWebhooks(t *testing.T) {
	w := startForge(t)
	_, payload := w.push("feature/login")
	tip := testenv.Git(t, w.envs, "rev-parse", "main")
	for name, tt := range map[string]struct {
		project, secret, body string
		want                  int
	}{
		"forged":            {"shop", "guess", payload, http.StatusUnauthorized},
		"forged, elsewhere": {"nowhere", "guess", payload, http.StatusUnauthorized},
		"truncated":         {"shop", hookSecret, payload[:len(payload)/2], http.StatusBadRequest},
		"huge":              {"shop", hookSecret, payload + strings.Repeat(" ", 5<<20), http.StatusRequestEntityTooLarge},
		"no such project":   {"nowhere", hookSecret, payload, http.StatusNotFound},
		"empty":             {"shop", hookSecret, "", http.StatusBadRequest},
	} {
		w.project = tt.project
		if got := w.hook(name, tt.secret, tt.body); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	if now := testenv.Git(t, w.envs, "rev-parse", "main"); now != tip {
		t.Error("something was committed")
	}
	audit, err := os.ReadFile(filepath.Join(w.dir, "audit.jsonl"))
	if err != nil || bytes.Count(audit, []byte("POST /hooks/")) != 2 || bytes.Contains(audit, []byte(hookSecret)) {
		t.Errorf("the audit log: %s, %v", audit, err)
	}
	all, err := clientOf(t, w.server.url, "").Deliveries(t.Context())
	if err != nil || len(all) > 0 {
		t.Errorf("deliveries: %+v, %v", all, err)
	}
}

// An authentic webhook that Octopod does not use, or whose format is new, is accepted, so
// that the forge does not disable it; the log of deliveries names it.
func TestUnusedWebhooksAreAcceptedByName(t *testing.T) {
	w := startForge(t)
	for id, tt := range map[string]struct {
		event, body string
		outcome     receiver.Outcome
		text        string
	}{
		"d1": {"workflow_run", `{"repository": 7}`, receiver.OutcomeNothing, `no use for this "workflow_run"`},
		"d2": {"push", `{"repository": 7}`, receiver.OutcomeFailed, `cannot decode the webhook "push"`},
	} {
		if got := w.event(tt.event, id, hookSecret, tt.body); got != http.StatusAccepted {
			t.Errorf("%s: %d", tt.event, got)
		}
		w.delivered(id, tt.outcome, tt.text)
	}
}

// The size limit also applies to a body of unknown length.
func TestAHugeWebhookInPieces(t *testing.T) {
	w := startForge(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.url+"/hooks/shop", io.MultiReader(strings.NewReader("{"), strings.NewReader(strings.Repeat(" ", 6<<20))))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		if _, cut := err.(net.Error); cut || strings.Contains(err.Error(), "reset") || strings.Contains(err.Error(), "broken pipe") {
			return // the server closed the connection early
		}
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %d", answer.StatusCode)
	}
}

// The server applies every accepted webhook, even if SIGTERM arrives.
func TestSIGTERMDuringWebhooks(t *testing.T) {
	w := startForge(t)
	var accepted []string
	for i := range 20 {
		branch := fmt.Sprint("b", i)
		_, payload := w.push("feature/" + branch)
		if w.hook(fmt.Sprint("d", i), hookSecret, payload) == http.StatusAccepted {
			accepted = append(accepted, branch)
		}
	}
	w.server.end(t)
	for _, branch := range accepted {
		testenv.Git(t, w.envs, "cat-file", "-e", "main:envs/"+branch+"/staging.yaml")
	}
	if len(accepted) != 20 {
		t.Errorf("%d of 20 were accepted", len(accepted))
	}
}

// Admins can list the deliveries.
func TestDeliveriesAreForAdmins(t *testing.T) {
	w := startForge(t)
	_, payload := w.push("feature/login")
	w.hook("d1", hookSecret, payload)
	w.wait("envs/login/staging.yaml", "backend")
	done := testenv.Eventually(t, "the deployed delivery", func() (receiver.Delivery, bool) {
		var list struct {
			Items []receiver.Delivery
			Kind  string
		}
		answer, err := http.Get(w.server.url + "/api/v1/projects/shop/deliveries")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || list.Kind != "DeliveryList" || len(list.Items) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list.Items[0], list.Items[0].Action != ""
	})
	if d := done; d.Host != "127.0.0.1" || d.Repository != "127.0.0.1/backend" || d.Branch != "feature/login" || d.Action != staging.Deploy {
		t.Errorf("%+v", d)
	}
}

// A webhook of the env repo makes the server read it at once. Between webhooks, the server
// leaves the git server alone for the interval of its polls.
func TestAWebhookOfTheEnvRepoReplacesThePoll(t *testing.T) {
	w := startForgeWith(t, "poll: 1h\n")
	get := func() string {
		return program(t, w.dir, []string{"OCTOPOD_SERVER=" + w.server.url}, "get", "-o", "name")
	}
	w.git.Traffic()
	for i, name := range []string{"first", "second"} {
		program(t, w.dir, []string{"OCTOPOD_ENV_REPO=" + w.envs}, "deploy", name, "--branch", "feature/"+name) // pushed by somebody else
		if out := get(); strings.Contains(out, name) {
			t.Errorf("the server has read the env repo without a reason: %s", out)
		}
		if requests, _, _ := w.git.Traffic(); requests != 0 {
			t.Errorf("%d requests to the git server before the webhook", requests)
		}
		tip := testenv.Git(t, w.envs, "rev-parse", "main")
		body := strings.Replace(giteaPush("main", strings.Repeat("0", 40), tip), `"full_name": "backend"`, `"full_name": "shop"`, 1)
		if status := w.hook(fmt.Sprint("e", i), hookSecret, body); status != http.StatusAccepted {
			t.Fatalf("the webhook: %d", status)
		}
		testenv.Eventually(t, name+" is there", func() (string, bool) { out := get(); return out, strings.Contains(out, name) })
		w.git.Traffic()
	}
}
