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
	done := a.follow(first)
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
	if done := a.follow(second); !done.Changed || a.record("login").Spec.Services["backend"].Commit != second.Commit {
		t.Errorf("a second push: %+v", done)
	}
	if again := a.follow(second); again.Changed {
		t.Errorf("the same push again: %+v", again)
	}
	if frontend := a.record("login").Spec.Services["frontend"]; frontend.From != staging.FromDefault {
		t.Errorf("what was not built: %+v", frontend)
	}
}

// Deliveries overtake each other, come twice, and bear the times of wrong clocks:
// what the branch is at counts.
func TestPushesThatComeInAnyOrder(t *testing.T) {
	for _, tt := range []struct {
		name string
		told func(a, b, c branch.Event) []branch.Event
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
			for _, e := range tt.told(first, second, third) {
				w.follow(e)
			}
			if got := w.record("login").Spec.Services["backend"].Commit; got != third.Commit {
				t.Errorf("at %.7s, want %.7s (%.7s, %.7s)", got, third.Commit, first.Commit, second.Commit)
			}
		})
	}
}

// Who resets a branch to an older commit means it.
func TestForcedPushToAnOlderCommit(t *testing.T) {
	a := withApps(t, "")
	first := a.commit("backend", "feature/login")
	second := a.commit("backend", "feature/login")
	a.follow(first)
	a.follow(second)
	back := a.reset("backend", "feature/login", first.Commit)
	back.Committed = first.Committed
	if done := a.follow(back); !done.Changed || a.record("login").Spec.Services["backend"].Commit != first.Commit {
		t.Errorf("%+v", done)
	}
	late, err := a.Process(t.Context(), receiver.ProcessRequest{Event: second, Redelivered: true})
	if err != nil || late.Changed || !strings.Contains(late.Text, "by now") {
		t.Errorf("the push before, caught and sent again: %+v, %v", late, err)
	}
}

// Where nobody can be asked, the time of the commits decides.
func TestPushesOfARepositoryThatDoesNotAnswer(t *testing.T) {
	a := withApps(t, "")
	first, second := a.commit("backend", "feature/login"), a.commit("backend", "feature/login")
	a.server.Close()
	a.follow(second)
	if done := a.follow(first); done.Changed || !strings.Contains(done.Text, "a newer build is deployed") {
		t.Errorf("an older push: %+v", done)
	}
	third := second
	third.Commit, third.Before, third.Committed = strings.Repeat("3", 40), strings.Repeat("2", 40), second.Committed.Add(time.Hour)
	if done := a.follow(third); !done.Changed {
		t.Errorf("a newer push, of which one is missing before: %+v", done)
	}
	third.Commit = third.Commit[:12]
	if _, err := a.Process(t.Context(), receiver.ProcessRequest{Event: third}); staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("a commit that is shortened: %v", err)
	}
}

// Bitbucket shortens the commits of pull requests.
func TestAShortenedCommit(t *testing.T) {
	a := withApps(t, "from: pullRequest")
	e := pullOf(a.commit("backend", "feature/login"), asOpened)
	whole := e.Commit
	e.Commit = whole[:12]
	if done := a.follow(e); !done.Changed || a.record("login").Spec.Services["backend"].Commit != whole {
		t.Errorf("%+v", done)
	}
	e.Commit = strings.Repeat("a", 12)
	if done := a.follow(e); done.Changed || !strings.Contains(done.Text, "by now") {
		t.Errorf("another: %+v", done)
	}
}

// Repositories that push in the same second meet in one staging, and nothing is lost.
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

// A staging is archived at once with its branch, and deleted by the sweep after
// the grace. It goes when no repository has the branch any more.
func TestABranchThatIsDeleted(t *testing.T) {
	a := withApps(t, "")
	a.follow(a.commit("backend", "feature/login"))
	a.follow(a.commit("frontend", "feature/login"))
	if done := a.follow(a.remove("backend", "feature/login")); done.Changed || !strings.Contains(done.Text, "frontend.git has the branch") {
		t.Errorf("one of two: %+v", done)
	}
	gone := a.remove("frontend", "feature/login")
	if done := a.follow(gone); done.Verb != staging.Archive || !done.Changed {
		t.Errorf("the last: %+v", done)
	}
	if r := a.record("login"); r.Spec.State != staging.Archived || r.Spec.BranchGone == nil || r.Spec.Since.By != "grace" || r.Spec.Since.Reason != "branch feature/login is gone" {
		t.Errorf("recorded: %+v", r.Spec)
	}
	if again := a.follow(gone); again.Changed {
		t.Errorf("again: %+v", again)
	}
	a.world.now = a.world.now.Add(2 * time.Hour)
	if done := a.follow(gone); done.Changed || !strings.Contains(done.Text, "the sweep will delete it") {
		t.Errorf("told again after the grace: %+v", done)
	}
	a.sweep(a, lifecycle.SweepRequest{})
	if a.has("login") {
		t.Error("the sweep left it")
	}
}

// An end that is told late, or that cannot be verified, takes nothing away.
func TestABranchThatIsNotGone(t *testing.T) {
	a := withApps(t, "")
	a.follow(a.commit("backend", "feature/login"))
	gone := a.remove("backend", "feature/login")
	a.follow(a.commit("backend", "feature/login"))
	if done := a.follow(gone); done.Changed || !strings.Contains(done.Text, "has the branch") {
		t.Errorf("it is back: %+v", done)
	}
	gone = a.remove("backend", "feature/login")
	a.server.Close()
	if done := a.follow(gone); done.Changed || !strings.Contains(done.Text, "cannot list the branches of") {
		t.Errorf("the other repository is away: %+v", done)
	}
}

// A branch that is deleted while it is deployed ends archived, whichever comes first.
func TestABranchThatIsDeletedWhileItIsDeployed(t *testing.T) {
	a := withApps(t, "")
	a.follow(a.commit("backend", "feature/login"))
	next := a.commit("backend", "feature/login")
	gone := a.remove("backend", "feature/login")
	var work errgroup.Group
	for _, e := range []branch.Event{next, gone} {
		work.Go(func() error {
			_, err := a.Process(t.Context(), receiver.ProcessRequest{Event: e})
			if staging.CodeOf(err) == staging.CodeConflict {
				return nil // the record changed meanwhile: it is told again, or the sweep does it
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	a.world.now = a.world.now.Add(2 * time.Hour)
	a.sweep(a, lifecycle.SweepRequest{})
	if r := a.record("login"); r.Spec.State != staging.Archived {
		t.Errorf("recorded: %+v", r.Spec)
	}
	if late, err := a.Process(t.Context(), receiver.ProcessRequest{Event: next, Redelivered: true}); err != nil || late.Changed || !strings.Contains(late.Text, "is gone by now") {
		t.Errorf("the push, late: %+v, %v", late, err)
	}
}

func TestPullRequestsThatMakeStagings(t *testing.T) {
	a := withApps(t, "from: pullRequest, labels: [staging]")
	pushed := a.commit("backend", "feature/login")
	if done := a.follow(pushed); done.Changed || !strings.Contains(done.Text, "only pull requests create stagings") {
		t.Errorf("a push: %+v", done)
	}
	if done := a.follow(pullOf(pushed, asOpened)); done.Changed || !strings.Contains(done.Text, "labels") {
		t.Errorf("without the label: %+v", done)
	}
	labelled := func(p *branch.Pull) { p.Labels = []string{"staging"} }
	added := pullOf(pushed, func(p *branch.Pull) { labelled(p); p.HeadChanged = false })
	if done := a.follow(added); !done.Changed || a.record("login").Spec.PullRequest.Number != 7 {
		t.Errorf("the label comes: %+v", done)
	}
	next := a.commit("backend", "feature/login")
	if done := a.follow(pullOf(next, labelled)); !done.Changed || a.record("login").Spec.Services["backend"].Commit != next.Commit {
		t.Errorf("pushed to: %+v", done)
	}
	if done := a.follow(pullOf(next, func(p *branch.Pull) { p.MayDisqualify, p.HeadChanged = true, false })); done.Verb != staging.Archive {
		t.Errorf("the label goes: %+v", done)
	}
	renamed := pullOf(next, func(p *branch.Pull) { labelled(p); p.HeadChanged, p.Title, p.Author = false, "Passkeys!", "" })
	if done := a.follow(renamed); !done.Changed || a.record("login").Spec.PullRequest.Title != "Passkeys!" || a.record("login").Spec.PullRequest.Author != "grace" {
		t.Errorf("renamed: %+v", done)
	}
	if a.record("login").Spec.State != staging.Archived {
		t.Error("a new title woke it")
	}
	a.follow(pullOf(next, labelled)) // reopened, say
	if done := a.follow(pullOf(next, func(p *branch.Pull) { labelled(p); p.Closed, p.HeadChanged = true, false })); done.Verb != staging.Archive || a.record("login").Spec.Since.Reason != "pull request 7 is closed" {
		t.Errorf("closed: %+v", done)
	}
	a.sweep(a, lifecycle.SweepRequest{})
	if a.record("login").Spec.State != staging.Archived {
		t.Error("the sweep woke it, as the branch is there")
	}
}

// The first closed pull request does not take the staging of two repositories away.
func TestAClosedPullRequestOfTwo(t *testing.T) {
	a := withApps(t, "from: pullRequest")
	backend, frontend := a.commit("backend", "feature/login"), a.commit("frontend", "feature/login")
	a.follow(pullOf(backend, asOpened))
	a.follow(pullOf(frontend, func(p *branch.Pull) { p.Number, p.URL = 9, "https://git.example.com/acme/frontend/pulls/9" }))
	if got := a.record("login").Spec; got.PullRequest.Number != 7 || got.Services["frontend"].Commit != frontend.Commit {
		t.Errorf("joined: %+v", got)
	}
	closed := pullOf(backend, func(p *branch.Pull) { p.Closed = true })
	if done := a.follow(closed); done.Changed || !strings.Contains(done.Text, "frontend.git still has the branch") {
		t.Errorf("closed: %+v", done)
	}
}

// Where pushes create stagings, a pull request only says more of one.
func TestPullRequestsBesidePushes(t *testing.T) {
	a := withApps(t, "")
	pushed := a.commit("backend", "feature/login")
	if done := a.follow(pullOf(pushed, asOpened)); done.Changed {
		t.Errorf("before the push: %+v", done)
	}
	a.follow(pushed)
	if done := a.follow(pullOf(pushed, asOpened)); done.Verb != staging.Set || !done.Changed || a.record("login").Spec.PullRequest.Title != "Passkeys" {
		t.Errorf("opened: %+v", done)
	}
	if done := a.follow(pullOf(pushed, func(p *branch.Pull) { p.Closed = true })); done.Changed || a.record("login").Spec.State != staging.Active {
		t.Errorf("closed: %+v", done)
	}
}

// What a fork brings runs nowhere: a staging has the project's secrets.
func TestAForkGetsNothing(t *testing.T) {
	for _, rules := range []string{"", "from: pullRequest, bots: true, drafts: true"} {
		a := withApps(t, rules)
		a.follow(a.commit("backend", "main")) // which has a staging of its own
		e := pullOf(a.commit("backend", "main"), func(p *branch.Pull) { p.Fork = "127.0.0.1/mallory" })
		if done := a.follow(e); done.Changed || !strings.Contains(done.Text, "fork 127.0.0.1/mallory") {
			t.Errorf("%q: %+v", rules, done)
		}
		e.Pull.Closed = true
		if done := a.follow(e); done.Changed {
			t.Errorf("%q, closed: %+v", rules, done)
		}
	}
}

func TestPushesThatDeployNothing(t *testing.T) {
	a := withApps(t, "include: [feature/*]")
	a.follow(a.commit("backend", "feature/login"))
	if done := a.follow(a.commit("backend", "wip/x")); done.Changed || !strings.Contains(done.Text, "include does not match it") {
		t.Errorf("not included: %+v", done)
	}
	stranger := a.commit("backend", "feature/login")
	stranger.Repository = "127.0.0.1/other"
	if done := a.follow(stranger); done.Changed || !strings.Contains(done.Text, "no service") {
		t.Errorf("a repository that nobody knows: %+v", done)
	}
	a.do(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "demo"})
	if _, err := a.Process(t.Context(), receiver.ProcessRequest{Event: a.commit("backend", "feature/login")}); staging.CodeOf(err) != staging.CodePinned {
		t.Errorf("a pinned one: %v", err)
	}
}

// Without an image of its own name CI deploys, and pushes leave it to CI.
func TestARepositoryThatCIDeploys(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	done, err := w.Process(t.Context(), receiver.ProcessRequest{Event: branch.Event{
		Kind: branch.Pushed, Repository: "github.com/acme/shop-backend", Branch: "feature/login", Commit: strings.Repeat("1", 40),
	}})
	if err != nil || done.Changed || !strings.Contains(done.Text, "CI deploys") {
		t.Errorf("%+v, %v", done, err)
	}
}
