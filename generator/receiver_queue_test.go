package generator_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"octopod/generator/branch"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/registry"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// queueFixture runs the queue of webhooks until the test ends.
type queueFixture struct {
	*receiver.Queue
	*apps
}

func (a *apps) queue() *queueFixture {
	f := receiver.NewQueue(a.Receiver, func([]staging.PlanItem) {}, slog.New(slog.DiscardHandler))
	ctx, end := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { f.Run(ctx) })
	a.t.Cleanup(func() {
		end()
		work.Wait()
	})
	return &queueFixture{f, a}
}

// accept queues a webhook.
func (f *queueFixture) accept(id string, events ...branch.Event) {
	f.t.Helper()
	if err := f.Accept(branch.Webhook{ID: id, Host: "127.0.0.1", Event: "push", Events: events}, fmt.Appendf(nil, "%+v", events)); err != nil {
		f.t.Fatal(err)
	}
}

// awaitOutcome waits until the newest delivery of an id has an outcome.
func (f *queueFixture) awaitOutcome(id string, want receiver.Outcome) receiver.Delivery {
	f.t.Helper()
	return testenv.Eventually(f.t, "delivery "+id+" becomes "+string(want), func() (d receiver.Delivery, ok bool) {
		all := f.Deliveries()
		if i := slices.IndexFunc(all, func(d receiver.Delivery) bool { return d.ID == id }); i >= 0 {
			d = all[i]
		}
		return d, d.Outcome == want
	})
}

func TestDelivery(t *testing.T) {
	f := withApps(t, "").queue()
	pushed := f.commit("backend", "feature/login")
	f.accept("d1", pushed)
	d := f.awaitOutcome("d1", receiver.OutcomeDone)
	if d.Staging != "login" || d.Action != staging.Deploy || d.Revision != f.tip().Revision() || d.By != "grace" || d.Commit != pushed.Commit {
		t.Errorf("%+v", d)
	}
	f.accept("d2")
	if d := f.awaitOutcome("d2", receiver.OutcomeNothing); !strings.Contains(d.Text, `no use for this "push"`) {
		t.Errorf("an irrelevant event: %+v", d)
	}
	f.accept("d3", branch.Event{Kind: branch.ImagePushed, Image: "r/x:1"})
	if d := f.awaitOutcome("d3", receiver.OutcomeNothing); d.Text != "no push waits for it" {
		t.Errorf("an image: %+v", d)
	}
}

// A replayed webhook, with its own or another id, does nothing.
func TestReplayedWebhooks(t *testing.T) {
	f := withApps(t, "").queue()
	first := f.commit("backend", "feature/login")
	second := f.commit("backend", "feature/login")
	f.accept("d1", first)
	f.accept("d2", second)
	f.awaitOutcome("d2", receiver.OutcomeDone)
	back := f.reset("backend", "feature/login", first.Commit)
	f.accept("d3", back)
	f.awaitOutcome("d3", receiver.OutcomeDone)
	f.accept("d2", second) // its parent runs, but it was delivered before
	f.accept("d4", second)
	if d := f.awaitOutcome("d4", receiver.OutcomeNothing); !strings.Contains(d.Text, "by now") {
		t.Errorf("under another id: %+v", d)
	}
	if got := f.record("login").Spec.Services["backend"].Commit; got != first.Commit {
		t.Errorf("at %s", got)
	}
	if n := len(f.Deliveries()); n != 4 {
		t.Errorf("%d deliveries, want 4", n)
	}
}

// A forge can redeliver a failed webhook.
func TestRedeliveryAfterAFailure(t *testing.T) {
	f := withApps(t, "").queue()
	f.accept("d1", f.commit("backend", "feature/login"))
	f.awaitOutcome("d1", receiver.OutcomeDone)
	f.do(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "demo"})
	pushed := f.commit("backend", "feature/login")
	f.accept("d2", pushed)
	if d := f.awaitOutcome("d2", receiver.OutcomeFailed); !strings.Contains(d.Text, "pinned") {
		t.Errorf("%+v", d)
	}
	f.do(staging.Action{Verb: staging.Unpin, Name: "login"})
	f.accept("d2", pushed)
	f.awaitOutcome("d2", receiver.OutcomeDone)
}

// A full queue rejects a webhook with all its events.
func TestFullQueue(t *testing.T) {
	a := withApps(t, "")
	f := receiver.NewQueue(a.Receiver, func([]staging.PlanItem) {}, slog.New(slog.DiscardHandler)) // does not run
	accept := func(i int, events ...branch.Event) error {
		return f.Accept(branch.Webhook{ID: fmt.Sprint("d", i), Events: events}, fmt.Append(nil, i))
	}
	e := branch.Event{Kind: branch.Pushed, Repository: "127.0.0.1/backend", Branch: "feature/login", Commit: strings.Repeat("1", 40)}
	taken := 0
	var err error
	for ; err == nil && taken < 10_000; taken++ {
		err = accept(taken, e)
	}
	if staging.CodeOf(err) != staging.CodeUnavailable || taken < 100 {
		t.Fatalf("after %d: %v", taken, err)
	}
	before := len(a.Deliveries())
	if err := accept(taken, branch.Event{Kind: branch.Deleted, Repository: e.Repository, Branch: "other"}, e); staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("two events with room for one: %v", err)
	}
	if len(a.Deliveries()) != before || a.Deliveries()[0].Branch == "other" {
		t.Error("the queue accepted one of the events")
	}
}

// Finish processes the accepted webhooks.
func TestFinishDrainsTheQueue(t *testing.T) {
	f := withApps(t, "").queue()
	for i := range 20 {
		f.accept(fmt.Sprint("d", i), f.commit("backend", fmt.Sprint("feature/b", i)))
	}
	f.Finish(t.Context())
	for i := range 20 {
		if !f.has(fmt.Sprint("b", i)) {
			t.Errorf("b%d was not deployed", i)
		}
	}
	if err := f.Accept(branch.Webhook{ID: "late"}, nil); staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("after Finish: %v", err)
	}
}

// builtAt sets the registry of CI's images, which deploys query.
func (a *apps) builtAt(host string) {
	a.t.Helper()
	a.Images = registry.New(registry.Options{})
	text := strings.ReplaceAll(a.projectFile(), " registry.example.com/", " "+host+"/")
	a.write(staging.File{Path: project.File, Data: []byte(strings.Replace(text, "spec:\n", "spec:\n  images: {check: exists}\n", 1))})
}

// A push before its image waits, the status shows that, and the registry's webhook
// retries it.
func TestAPushWaitsForItsImage(t *testing.T) {
	a := withApps(t, "")
	host := testenv.ServeRegistry(t).Host
	a.builtAt(host)
	push(t, host+"/shop/frontend:main")
	f := a.queue()
	first := f.commit("backend", "feature/login")
	push(t, host+"/shop/backend:"+first.Commit)
	f.accept("d1", first)
	f.awaitOutcome("d1", receiver.OutcomeDone)

	second := f.commit("backend", "feature/login")
	f.accept("d2", second)
	if d := f.awaitOutcome("d2", receiver.OutcomeWaiting); d.Text != "waiting for the image of backend" {
		t.Errorf("%+v", d)
	}
	if got := f.reason("login"); got != "Waiting for the image of backend" {
		t.Errorf("reason %q", got)
	}
	if queued, waiting := f.Pending(); queued != 0 || waiting != 1 {
		t.Errorf("%d queued, %d waiting", queued, waiting)
	}
	third := f.commit("backend", "feature/login")
	f.accept("d3", third)
	f.awaitOutcome("d3", receiver.OutcomeWaiting)
	f.awaitOutcome("d2", receiver.OutcomeNothing)
	if got := f.record("login").Spec.Services["backend"].Commit; got != first.Commit {
		t.Errorf("at %s before the image is there", got)
	}
	image := host + "/shop/backend:" + third.Commit
	push(t, image)
	f.accept("i1", branch.Event{Kind: branch.ImagePushed, Image: image})
	if d := f.awaitOutcome("i1", receiver.OutcomeNothing); !strings.Contains(d.Text, "feature/login") {
		t.Errorf("the image: %+v", d)
	}
	f.awaitOutcome("d3", receiver.OutcomeDone)
	if got := f.reason("login"); got != "" || f.record("login").Spec.Services["backend"].Commit != third.Commit {
		t.Errorf("afterwards: %q", got)
	}
}

// A push waits for the missing image only, even if another image has the same prefix.
func TestAPushWaitsForMissingImagesOnly(t *testing.T) {
	a := withApps(t, "")
	host := testenv.ServeRegistry(t).Host
	text := strings.ReplaceAll(a.projectFile(), "/frontend.git", "/backend.git")
	text = strings.Replace(text, "shop/frontend:{commit}", "shop/backend:{commit}-web", 1)
	a.write(staging.File{Path: project.File, Data: []byte(text)})
	a.builtAt(host)
	push(t, host+"/shop/frontend:main")
	f := a.queue()
	pushed := f.commit("backend", "feature/login")
	push(t, host+"/shop/backend:"+pushed.Commit)
	f.accept("d1", pushed)
	if d := f.awaitOutcome("d1", receiver.OutcomeWaiting); d.Text != "waiting for the image of frontend" {
		t.Errorf("%+v", d)
	}
}

// A waiting push ends when its branch is deleted.
func TestBranchDeletedDuringBuild(t *testing.T) {
	a := withApps(t, "")
	host := testenv.ServeRegistry(t).Host
	a.builtAt(host)
	push(t, host+"/shop/frontend:main")
	f := a.queue()
	f.accept("d1", f.commit("backend", "feature/login"))
	f.awaitOutcome("d1", receiver.OutcomeWaiting)
	f.accept("d2", f.remove("backend", "feature/login"))
	f.awaitOutcome("d2", receiver.OutcomeNothing)
	if d := f.awaitOutcome("d1", receiver.OutcomeNothing); !strings.Contains(d.Text, "is gone by now") {
		t.Errorf("%+v", d)
	}
	if f.has("login") {
		t.Error("it was deployed")
	}
}

// reason returns the reason in a staging's status.
func (w *fixture) reason(name string) string {
	w.t.Helper()
	views, err := w.Find(w.t.Context(), staging.Query{Names: []string{name}})
	if err != nil {
		w.t.Fatal(err)
	}
	return views[0].Status.Reason.String()
}

// Pushes wait while a registry is unreachable.
func TestPushesWaitForARegistry(t *testing.T) {
	a := withApps(t, "")
	a.builtAt("127.0.0.1:1")
	f := a.queue()
	f.accept("d1", f.commit("backend", "feature/login"))
	if d := f.awaitOutcome("d1", receiver.OutcomeWaiting); d.Text != "waiting for the image of backend" {
		t.Errorf("%+v", d)
	}
}

func (f *queueFixture) reconcile() {
	f.t.Helper()
	if err := f.Reconcile(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// Reconcile compares the branches with the stagings and finds pushes without a webhook.
func TestReconcileFindsLostPushes(t *testing.T) {
	for _, rules := range []string{"", "from: pullRequest"} {
		f := withApps(t, rules).queue()
		for i, name := range []string{"login", "pinned", "archived", "current"} {
			e := f.commit("backend", "feature/"+name)
			if rules != "" {
				e = pullOf(e, asOpened)
			}
			f.accept(fmt.Sprint("d", i), e)
			f.awaitOutcome(fmt.Sprint("d", i), receiver.OutcomeDone)
		}
		f.do(staging.Action{Verb: staging.PinVerb, Name: "pinned", Reason: "demo"})
		f.do(staging.Action{Verb: staging.Archive, Name: "archived"})
		was := f.record("pinned").Spec.Services["backend"].Commit
		missed := f.commit("backend", "feature/login")
		for _, name := range []string{"pinned", "archived", "never-deployed"} {
			f.commit("backend", "feature/"+name)
		}
		f.reconcile()
		f.commit("backend", "feature/came-later")
		f.commit("backend", "feature/came-later")
		f.reconcile()
		f.Finish(t.Context())
		if got := f.has("came-later"); got != (rules == "") {
			t.Errorf("%q: a new branch has a staging: %v", rules, got)
		}
		if got := f.record("login").Spec.Services["backend"].Commit; got != missed.Commit {
			t.Errorf("%q: login is at %s", rules, got)
		}
		if f.record("pinned").Spec.Services["backend"].Commit != was || f.record("archived").Spec.State != staging.Archived || f.has("never-deployed") {
			t.Errorf("%q: more than the lost push is deployed", rules)
		}
		if i := slices.IndexFunc(f.Deliveries(), func(d receiver.Delivery) bool {
			return d.Event == "missed push" && d.Branch == "feature/login" && d.Outcome == receiver.OutcomeDone
		}); i < 0 {
			t.Errorf("%q: %+v", rules, f.Deliveries())
		}
	}
}
