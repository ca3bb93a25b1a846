//go:build cluster

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"octopod/generator/staging"
)

// The whole circle on a real forge: a branch is pushed and gets a staging, its
// commit and its pull request are told, the next push moves it, and when the
// branch is gone the staging sleeps, and goes after the grace. With webhooks
// nobody calls octopod; with CI a step of the pipeline does.
func TestE2EFullCircle(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name  string
		begin func(backend *appRepo, server string)
		after func(backend *appRepo, commit string) // a push
	}{
		{"webhook", func(backend *appRepo, server string) { backend.calls(server+"/hooks/"+backend.project, hookSecret) }, func(*appRepo, string) {}},
		{"ci", func(*appRepo, string) {}, (*appRepo).ciStep},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newForgeShop(t, "circle-"+way.name)
			backend := s.newAppRepo("backend")
			s.followBranches(backend)
			way.begin(backend, s.serveForge())
			backend.fullCircle(func(commit string) { way.after(backend, commit) })
		})
	}
}

func (r *appRepo) fullCircle(after func(commit string)) {
	r.t.Helper()
	seen := r.watchPhases("login")
	r.branch("feature/login")
	first := r.commit("New login page")
	began := r.push()
	after(first)
	seen.await(staging.PhaseRunning)
	r.t.Logf("from the push of a branch until its staging runs: %.1f s", time.Since(began).Seconds())
	r.hasImage("login", first)
	r.untilStatus(first, "success")

	number := r.pullRequest("feature/login", "New login page")
	second := r.commit("With a picture")
	began = r.push()
	after(second)
	r.until("it runs the second commit", func() (string, bool) {
		status := r.status("login")
		live := status.Services["backend"].Live
		return say(status) + fmt.Sprint(live), status.Phase == staging.PhaseRunning && len(live) == 1 && live[0] == image(second)
	})
	r.t.Logf("from the push of a commit until it runs: %.1f s", time.Since(began).Seconds())
	r.untilStatus(second, "success")
	r.untilComment(number, "https://login."+r.domain(), second[:7])

	r.removeBranch("feature/login")
	seen.await(staging.PhaseArchived)
	seen.await("")
	r.until("nothing is left of login", func() (string, bool) { left := r.left("login"); return left, left == "" })
	if got := r.try("get", "login"); got.code != 3 {
		r.t.Errorf("after the grace: %s", got)
	}
}

// followBranches lets the backend of the project come from a repository of the
// forge, which is told. What CI builds of a commit is called after it.
func (s *shop) followBranches(backend *appRepo) {
	s.t.Helper()
	s.edit("octopod.yaml", "github.com/acme/shop-backend\n", "127.0.0.1/"+backend.path+"\n      build: "+image("{commit}")+"\n")
	s.edit("octopod.yaml", "      repository: github.com/acme/shop-frontend\n", "")
	s.edit("octopod.yaml", "branchGrace: 1h", "branchGrace: 10s")
	s.edit("octopod.yaml", "  lifecycle:\n", "  notify: [{to: commit}, {to: pull-request}]\n  lifecycle:\n")
}

const hookSecret = "between Gitea and Octopod"

// serveForge runs a server that believes the forge, tells it how stagings are,
// and sweeps all the time.
func (s *shop) serveForge() (url string) {
	s.t.Helper()
	config := filepath.Join(s.t.TempDir(), "server.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
projects: [{envRepo: %q}]
sweep: {every: 2s, maxShare: 100}
forges:
- {host: 127.0.0.1, kind: gitea, api: %q, token: {env: GITEA_TOKEN}, webhook: {secret: {env: HOOK_SECRET}}}
`, s.address, world.GiteaURL()+"/api/v1"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.with("HOOK_SECRET="+hookSecret).serve("--server-config", config)
}

// ciStep is the step of a pipeline of Gitea Actions for a commit, with the
// variables that it has there: https://docs.gitea.com/usage/actions/faq
func (r *appRepo) ciStep(commit string) {
	r.t.Helper()
	dir := r.t.TempDir()
	event := filepath.Join(dir, "event.json")
	if err := os.WriteFile(event, []byte(`{"ref": "refs/heads/feature/login"}`), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.built++
	step := r.with("CI=true", "GITEA_ACTIONS=true", "GITHUB_ACTIONS=true", "GITHUB_SERVER_URL="+world.GiteaURL(), "GITHUB_REPOSITORY="+r.path,
		"GITHUB_EVENT_NAME=push", "GITHUB_EVENT_PATH="+event, "GITHUB_REF=refs/heads/feature/login", "GITHUB_SHA="+commit, "GITHUB_ACTOR=ann",
		fmt.Sprint("GITHUB_RUN_NUMBER=", r.built), "GITHUB_OUTPUT="+filepath.Join(dir, "output"))
	step.octopod("deploy", "--service", "backend", "--image", image(commit))
}
