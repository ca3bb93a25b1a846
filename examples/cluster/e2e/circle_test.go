//go:build cluster

package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"octopod/generator/receiver"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// The whole cycle on a real forge: a pushed branch gets a staging as soon as
// its image exists, the commit gets a status and the pull request a comment,
// the next push updates the staging, and after the deletion of the branch the
// staging is archived, and deleted after the grace period. With webhooks
// nothing calls octopod; with CI a pipeline step does.
func TestE2EFullCircle(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name        string
		hooks       bool
		first, then func(r *appRepo, commit string) // publish a new commit
	}{
		{"webhook", true, (*appRepo).pushAndBuild, (*appRepo).buildAndPush},
		{"ci", false, (*appRepo).pipeline, (*appRepo).pipeline},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newForgeShop(t, "circle-"+way.name)
			backend := s.newBackend(way.hooks)
			seen := s.watchPhases("login")
			backend.branch("feature/login")
			first := backend.commit("New login page")
			way.first(backend, first)
			seen.await(staging.PhaseRunning)
			backend.isRun("login", first)
			backend.untilStatus(first, "success")

			number := backend.pullRequest("feature/login", "New login page")
			second := backend.commit("With a picture")
			way.then(backend, second)
			backend.untilRun("login", second)
			t.Logf("by %s, from the end of a push until the commit runs: %.1f s", way.name, time.Since(backend.pushed).Seconds())
			backend.untilStatus(second, "success")
			backend.untilComment(number, "https://login."+s.domain(), second[:7])

			backend.removeBranch("feature/login")
			seen.await(staging.PhaseArchived)
			seen.await("")
			testenv.Eventually(s.t, "nothing is left of login", func() (string, bool) { left := s.left("login"); return left, left == "" })
			if r := s.try("get", "login"); r.code != 3 {
				t.Errorf("after the grace: %s", r)
			}
		})
	}
}

// newBackend creates the repository of the project's backend, and a server that
// writes comments and statuses to it; with hooks, the repository calls the
// webhook of the server. CI tags an image with its commit.
func (s *shop) newBackend(hooks bool) *appRepo {
	s.t.Helper()
	r := s.newAppRepo("backend")
	r.edit("octopod.yaml", "github.com/acme/shop-backend\n", "127.0.0.1/"+r.path+"\n      build: "+r.image("{commit}")+"\n")
	r.edit("octopod.yaml", "      repository: github.com/acme/shop-frontend\n", "")
	for _, service := range []string{"backend", "frontend"} { // the check covers the default images too
		standard := r.registry.Host + "/shop/" + service + ":main"
		r.edit("octopod.yaml", "image: registry.example.com/shop/"+service+":main", "image: "+standard)
		if _, err := testenv.Push(standard); err != nil {
			s.t.Fatal(err)
		}
	}
	r.edit("octopod.yaml", "branchGrace: 1h", "branchGrace: 10s")
	r.edit("octopod.yaml", "  lifecycle:\n", "  images: {check: exists}\n  notify: [{to: commit}, {to: pull-request}]\n  lifecycle:\n")
	r.server = s.serveForge()
	if hooks {
		r.calls(r.server+"/hooks/"+s.project, hookSecret)
	}
	return r
}

// image returns the image that CI builds from a commit.
func (r *appRepo) image(commit string) string { return r.registry.Host + "/shop/backend:" + commit }

// build builds and pushes the image of a commit, like a CI job.
func (r *appRepo) build(commit string) {
	r.t.Helper()
	if _, err := testenv.Push(r.image(commit)); err != nil {
		r.t.Fatal(err)
	}
}

// pushAndBuild pushes a commit and builds its image while Octopod waits for the
// image.
func (r *appRepo) pushAndBuild(commit string) {
	r.t.Helper()
	r.push()
	testenv.Eventually(r.t, "a webhook waits for the image", func() (string, bool) {
		all := r.deliveries()
		return fmt.Sprint(all), slices.ContainsFunc(all, func(d receiver.Delivery) bool { return d.Outcome == receiver.OutcomeWaiting && d.Commit == commit })
	})
	if got := r.try("get", "login"); got.code != 3 {
		r.t.Errorf("there is no image yet, and there is a staging: %s", got)
	}
	r.build(commit)
}

// buildAndPush builds the image before it pushes the commit.
func (r *appRepo) buildAndPush(commit string) {
	r.t.Helper()
	r.build(commit)
	r.push()
}

// pipeline pushes and runs a step like Gitea Actions, with the variables of a
// step: https://docs.gitea.com/usage/actions/faq
func (r *appRepo) pipeline(commit string) {
	r.t.Helper()
	r.push()
	r.build(commit)
	dir := r.t.TempDir()
	testenv.WriteFile(r.t, dir, "event.json", `{"ref": "refs/heads/feature/login"}`)
	r.runs++
	step := r.with("CI=true", "GITEA_ACTIONS=true", "GITHUB_ACTIONS=true", "GITHUB_SERVER_URL="+world.GiteaURL(), "GITHUB_REPOSITORY="+r.path,
		"GITHUB_EVENT_NAME=push", "GITHUB_EVENT_PATH="+dir+"/event.json", "GITHUB_REF=refs/heads/feature/login", "GITHUB_SHA="+commit,
		"GITHUB_ACTOR=ann", fmt.Sprint("GITHUB_RUN_NUMBER=", r.runs), "GITHUB_OUTPUT="+dir+"/output")
	step.octopod("deploy", "--service", "backend", "--image", r.image(commit))
}

// deliveries returns the webhook deliveries of the server, newest first.
func (r *appRepo) deliveries() []receiver.Delivery {
	r.t.Helper()
	answer, err := http.Get(r.server + "/api/v1/projects/" + r.project + "/deliveries")
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	var list struct{ Items []receiver.Delivery }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		r.t.Fatal(err)
	}
	return list.Items
}

// isRun checks in the cluster that the pods of a staging have the image of a commit.
func (r *appRepo) isRun(name, commit string) {
	r.t.Helper()
	if images := r.images(name); !slices.Contains(images, r.image(commit)) {
		r.t.Errorf("%s should run %s; its pods have %s", name, r.image(commit), images)
	}
}

// untilRun waits until all backend pods of a staging run a commit.
func (r *appRepo) untilRun(name, commit string) {
	r.t.Helper()
	testenv.Eventually(r.t, name+" runs "+commit, func() (string, bool) {
		status := r.status(name)
		live := status.Services["backend"].Live
		return say(status) + fmt.Sprint(live), status.Phase == staging.PhaseRunning && slices.Equal(live, []string{r.image(commit)})
	})
	r.isRun(name, commit)
}

const hookSecret = "between Gitea and Octopod"

// serveForge runs a server that accepts the forge's webhooks, writes comments
// and statuses to the forge, and sweeps all the time.
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
