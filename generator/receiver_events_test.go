package generator_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/branch"
	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/staging"
)

func TestAStagingFollowsItsBranch(t *testing.T) {
	a := withApps(t, "")
	first := a.commit("backend", "feature/login")
	done := a.process(first)
	if done.Staging != "login" || done.Verb != staging.Deploy || !done.Changed || done.Plan == nil {
		t.Errorf("a first push: %+v", done)
	}
	if got := a.record("login").Spec.Services["backend"]; got.Commit != first.Commit || got.Image != "registry.example.com/shop/backend:"+first.Commit || got.From != staging.FromBranch {
		t.Errorf("recorded: %+v", got)
	}
	events, err := a.History(t.Context(), staging.HistoryQuery{Name: "login", Limit: 1})
	if err != nil || events[0].By.Name != "grace" || events[0].Via != staging.ViaWebhook || events[0].Request != "d1" || events[0].Verb != staging.Deploy {
		t.Errorf("history: %+v, %v", events, err)
	}
	second := a.commit("backend", "feature/login")
	if done := a.process(second); !done.Changed || a.record("login").Spec.Services["backend"].Commit != second.Commit {
		t.Errorf("a second push: %+v", done)
	}
	if again := a.process(second); again.Changed {
		t.Errorf("the same push again: %+v", again)
	}
	if frontend := a.record("login").Spec.Services["frontend"]; frontend.From != staging.FromDefault {
		t.Errorf("the service without a push: %+v", frontend)
	}
}

// Deliveries may arrive out of order, twice, and with wrong times: the head of the
// branch decides.
func TestPushesInAnyOrder(t *testing.T) {
	for _, tt := range []struct {
		name       string
		deliveries func(a, b, c branch.Event) []branch.Event
	}{
		{"in order", func(a, b, c branch.Event) []branch.Event { return []branch.Event{a, b, c} }},
		{"the last first", func(a, b, c branch.Event) []branch.Event { return []branch.Event{c, b, a} }},
		{"one lost", func(a, _, c branch.Event) []branch.Event { return []branch.Event{a, c} }},
		{"one twice and late", func(a, b, c branch.Event) []branch.Event { return []branch.Event{a, b, c, b} }},
		{"by clocks that run backwards", func(a, b, c branch.Event) []branch.Event {
			a.Committed, c.Committed = c.Committed, a.Committed
			return []branch.Event{a, b, c, b, a}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := withApps(t, "")
			first, second, third := w.commit("backend", "feature/login"), w.commit("backend", "feature/login"), w.commit("backend", "feature/login")
			for _, e := range tt.deliveries(first, second, third) {
				w.process(e)
			}
			if got := w.record("login").Spec.Services["backend"].Commit; got != third.Commit {
				t.Errorf("at %.7s, want %.7s (%.7s, %.7s)", got, third.Commit, first.Commit, second.Commit)
			}
		})
	}
}

// A forced push to an older commit deploys that commit.
func TestForcedPushToAnOlderCommit(t *testing.T) {
	a := withApps(t, "")
	first := a.commit("backend", "feature/login")
	second := a.commit("backend", "feature/login")
	a.process(first)
	a.process(second)
	back := a.reset("backend", "feature/login", first.Commit)
	back.Committed = first.Committed
	if done := a.process(back); !done.Changed || a.record("login").Spec.Services["backend"].Commit != first.Commit {
		t.Errorf("%+v", done)
	}
	late, err := a.Process(t.Context(), receiver.ProcessRequest{Event: second, Redelivered: true})
	if err != nil || late.Changed || !strings.Contains(late.Text, "by now") {
		t.Errorf("a redelivery of the earlier push: %+v, %v", late, err)
	}
}

// While a repository is unreachable, the time of the commits decides.
func TestPushesOfAnUnreachableRepository(t *testing.T) {
	a := withApps(t, "")
	first, second := a.commit("backend", "feature/login"), a.commit("backend", "feature/login")
	a.server.Close()
	a.process(second)
	if done := a.process(first); done.Changed || !strings.Contains(done.Text, "a newer build is deployed") {
		t.Errorf("an older push: %+v", done)
	}
	third := second
	third.Commit, third.Before, third.Committed = strings.Repeat("3", 40), strings.Repeat("2", 40), second.Committed.Add(time.Hour)
	if done := a.process(third); !done.Changed {
		t.Errorf("a newer push, after a lost one: %+v", done)
	}
	third.Commit = third.Commit[:12]
	if _, err := a.Process(t.Context(), receiver.ProcessRequest{Event: third}); staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("an abbreviated commit: %v", err)
	}
}

// Bitbucket abbreviates the commits of pull requests.
func TestAbbreviatedCommit(t *testing.T) {
	a := withApps(t, "from: pullRequest")
	e := pullOf(a.commit("backend", "feature/login"), asOpened)
	whole := e.Commit
	e.Commit = whole[:12]
	if done := a.process(e); !done.Changed || a.record("login").Spec.Services["backend"].Commit != whole {
		t.Errorf("%+v", done)
	}
	e.Commit = strings.Repeat("a", 12)
	if done := a.process(e); done.Changed || !strings.Contains(done.Text, "by now") {
		t.Errorf("another: %+v", done)
	}
}

// Concurrent pushes of two repositories update one staging, and none is lost.
func TestTwoRepositoriesAtOnce(t *testing.T) {
	a := withApps(t, "")
	var work errgroup.Group
	want := map[string]string{}
	for _, name := range []string{"backend", "frontend"} {
		e := a.commit(name, "feature/login")
		want[name] = e.Commit
		work.Go(func() error {
			_, err := a.Process(t.Context(), receiver.ProcessRequest{Event: e})
			return err
		})
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	for name, commit := range want {
		if got := a.record("login").Spec.Services[name].Commit; got != commit {
			t.Errorf("%s at %s", name, got)
		}
	}
}

// A staging is archived when the last repository deletes its branch. The sweep deletes
// it after the grace period.
func TestDeletedBranch(t *testing.T) {
	a := withApps(t, "")
	a.process(a.commit("backend", "feature/login"))
	a.process(a.commit("frontend", "feature/login"))
	if done := a.process(a.remove("backend", "feature/login")); done.Changed || !strings.Contains(done.Text, "frontend.git has the branch") {
		t.Errorf("one of two: %+v", done)
	}
	gone := a.remove("frontend", "feature/login")
	if done := a.process(gone); done.Verb != staging.Archive || !done.Changed {
		t.Errorf("the last: %+v", done)
	}
	if r := a.record("login"); r.Spec.State != staging.Archived || r.Spec.BranchGone == nil || r.Spec.Since.By != "grace" || r.Spec.Since.Reason != "branch feature/login is gone" {
		t.Errorf("recorded: %+v", r.Spec)
	}
	if again := a.process(gone); again.Changed {
		t.Errorf("again: %+v", again)
	}
	a.fixture.clock.advance(2 * time.Hour)
	if done := a.process(gone); done.Changed || !strings.Contains(done.Text, "the sweep will delete it") {
		t.Errorf("redelivered after the grace period: %+v", done)
	}
	a.sweep(a, lifecycle.SweepRequest{})
	if a.has("login") {
		t.Error("the sweep did not delete it")
	}
}

// A late or unverifiable deletion of a branch archives nothing.
func TestUnconfirmedBranchDeletion(t *testing.T) {
	a := withApps(t, "")
	a.process(a.commit("backend", "feature/login"))
	gone := a.remove("backend", "feature/login")
	a.process(a.commit("backend", "feature/login"))
	if done := a.process(gone); done.Changed || !strings.Contains(done.Text, "has the branch") {
		t.Errorf("the branch exists again: %+v", done)
	}
	gone = a.remove("backend", "feature/login")
	a.server.Close()
	if done := a.process(gone); done.Changed || !strings.Contains(done.Text, "cannot list the branches of") {
		t.Errorf("the other repository is unreachable: %+v", done)
	}
}

// A staging whose branch is deleted during a deploy ends archived, in either order.
func TestBranchDeletedDuringDeploy(t *testing.T) {
	a := withApps(t, "")
	a.process(a.commit("backend", "feature/login"))
	next := a.commit("backend", "feature/login")
	gone := a.remove("backend", "feature/login")
	var work errgroup.Group
	for _, e := range []branch.Event{next, gone} {
		work.Go(func() error {
			_, err := a.Process(t.Context(), receiver.ProcessRequest{Event: e})
			if staging.CodeOf(err) == staging.CodeConflict {
				return nil // the record changed meanwhile: a retry or the sweep archives it
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	a.fixture.clock.advance(2 * time.Hour)
	a.sweep(a, lifecycle.SweepRequest{})
	if r := a.record("login"); r.Spec.State != staging.Archived {
		t.Errorf("recorded: %+v", r.Spec)
	}
	if late, err := a.Process(t.Context(), receiver.ProcessRequest{Event: next, Redelivered: true}); err != nil || late.Changed || !strings.Contains(late.Text, "is gone by now") {
		t.Errorf("a redelivery of the push: %+v, %v", late, err)
	}
}

func TestPullRequestsCreateStagings(t *testing.T) {
	a := withApps(t, "from: pullRequest, labels: [staging]")
	pushed := a.commit("backend", "feature/login")
	if done := a.process(pushed); done.Changed || !strings.Contains(done.Text, "only pull requests create stagings") {
		t.Errorf("a push: %+v", done)
	}
	if done := a.process(pullOf(pushed, asOpened)); done.Changed || !strings.Contains(done.Text, "labels") {
		t.Errorf("without the label: %+v", done)
	}
	labelled := func(p *branch.Pull) { p.Labels = []string{"staging"} }
	added := pullOf(pushed, func(p *branch.Pull) { labelled(p); p.HeadChanged = false })
	if done := a.process(added); !done.Changed || a.record("login").Spec.PullRequest.Number != 7 {
		t.Errorf("the label comes: %+v", done)
	}
	next := a.commit("backend", "feature/login")
	if done := a.process(pullOf(next, labelled)); !done.Changed || a.record("login").Spec.Services["backend"].Commit != next.Commit {
		t.Errorf("pushed to: %+v", done)
	}
	if done := a.process(pullOf(next, func(p *branch.Pull) { p.MayDisqualify, p.HeadChanged = true, false })); done.Verb != staging.Archive {
		t.Errorf("the label goes: %+v", done)
	}
	renamed := pullOf(next, func(p *branch.Pull) { labelled(p); p.HeadChanged, p.Title, p.Author = false, "Passkeys!", "" })
	if done := a.process(renamed); !done.Changed || a.record("login").Spec.PullRequest.Title != "Passkeys!" || a.record("login").Spec.PullRequest.Author != "grace" {
		t.Errorf("renamed: %+v", done)
	}
	if a.record("login").Spec.State != staging.Archived {
		t.Error("a new title restores the staging")
	}
	a.process(pullOf(next, labelled)) // reopened
	if done := a.process(pullOf(next, func(p *branch.Pull) { labelled(p); p.Closed, p.HeadChanged = true, false })); done.Verb != staging.Archive || a.record("login").Spec.Since.Reason != "pull request 7 is closed" {
		t.Errorf("closed: %+v", done)
	}
	a.sweep(a, lifecycle.SweepRequest{})
	if a.record("login").Spec.State != staging.Archived {
		t.Error("the sweep restores the staging, because the branch exists")
	}
}

// Closing the first of two pull requests does not archive their common staging.
func TestAClosedPullRequestOfTwo(t *testing.T) {
	a := withApps(t, "from: pullRequest")
	backend, frontend := a.commit("backend", "feature/login"), a.commit("frontend", "feature/login")
	a.process(pullOf(backend, asOpened))
	a.process(pullOf(frontend, func(p *branch.Pull) { p.Number, p.URL = 9, "https://git.example.com/acme/frontend/pulls/9" }))
	if got := a.record("login").Spec; got.PullRequest.Number != 7 || got.Services["frontend"].Commit != frontend.Commit {
		t.Errorf("joined: %+v", got)
	}
	closed := pullOf(backend, func(p *branch.Pull) { p.Closed = true })
	if done := a.process(closed); done.Changed || !strings.Contains(done.Text, "frontend.git still has the branch") {
		t.Errorf("closed: %+v", done)
	}
}

// If pushes create stagings, a pull request only adds its number and title.
func TestPullRequestsBesidePushes(t *testing.T) {
	a := withApps(t, "")
	pushed := a.commit("backend", "feature/login")
	if done := a.process(pullOf(pushed, asOpened)); done.Changed {
		t.Errorf("before the push: %+v", done)
	}
	a.process(pushed)
	if done := a.process(pullOf(pushed, asOpened)); done.Verb != staging.Set || !done.Changed || a.record("login").Spec.PullRequest.Title != "Passkeys" {
		t.Errorf("opened: %+v", done)
	}
	if done := a.process(pullOf(pushed, func(p *branch.Pull) { p.Closed = true })); done.Changed || a.record("login").Spec.State != staging.Active {
		t.Errorf("closed: %+v", done)
	}
}

// A pull request of a fork deploys nothing: a staging has the project's secrets.
func TestForksDeployNothing(t *testing.T) {
	for _, rules := range []string{"", "from: pullRequest, bots: true, drafts: true"} {
		a := withApps(t, rules)
		a.process(a.commit("backend", "main")) // which has a staging of its own
		e := pullOf(a.commit("backend", "main"), func(p *branch.Pull) { p.Fork = "127.0.0.1/mallory" })
		if done := a.process(e); done.Changed || !strings.Contains(done.Text, "fork 127.0.0.1/mallory") {
			t.Errorf("%q: %+v", rules, done)
		}
		e.Pull.Closed = true
		if done := a.process(e); done.Changed {
			t.Errorf("%q, closed: %+v", rules, done)
		}
	}
}

func TestPushesThatDeployNothing(t *testing.T) {
	a := withApps(t, "include: [feature/*]")
	a.process(a.commit("backend", "feature/login"))
	if done := a.process(a.commit("backend", "wip/x")); done.Changed || !strings.Contains(done.Text, "include does not match it") {
		t.Errorf("not included: %+v", done)
	}
	stranger := a.commit("backend", "feature/login")
	stranger.Repository = "127.0.0.1/other"
	if done := a.process(stranger); done.Changed || !strings.Contains(done.Text, "no service") {
		t.Errorf("an unknown repository: %+v", done)
	}
	a.do(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "demo"})
	if _, err := a.Process(t.Context(), receiver.ProcessRequest{Event: a.commit("backend", "feature/login")}); staging.CodeOf(err) != staging.CodePinned {
		t.Errorf("a pinned one: %v", err)
	}
}

// Pushes deploy nothing without a build image in octopod.yaml: CI deploys.
func TestARepositoryThatCIDeploys(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	done, err := w.Process(t.Context(), receiver.ProcessRequest{Event: branch.Event{
		Kind: branch.Pushed, Repository: "github.com/acme/shop-backend", Branch: "feature/login", Commit: strings.Repeat("1", 40),
	}})
	if err != nil || done.Changed || !strings.Contains(done.Text, "CI deploys") {
		t.Errorf("%+v, %v", done, err)
	}
}
