package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/live"
	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// wire is a watch whose news the test says.
type wire struct{ news chan live.Event }

func (w *wire) Watch(ctx context.Context, _ staging.Query, handle func(live.Event)) error {
	for {
		select {
		case n := <-w.news:
			handle(n)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *wire) Fetch(context.Context) (bool, error)               { return false, nil }
func (w *wire) Behind() <-chan struct{}                           { return nil }
func (w *wire) Wake() uint64                                      { return 0 }
func (w *wire) Refresh(context.Context, []staging.PlanItem) error { return nil }

// desk is what a correspondent of project shop works with.
type desk struct {
	t       *testing.T
	read    func(context.Context) (*project.Project, error)
	feed    *live.Feed
	wire    *wire
	log     *lines
	counted chan string // "chat sent"
	now     time.Time
}

// lines are a log that several write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const commitOfLogin = "1f2e3d4c5b6a79880123456789abcdef01234567"

func newDesk(t *testing.T, notices string) *desk {
	t.Helper()
	p, err := project.Parse([]byte(`apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop, title: The shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  services: {web: {repository: git.example.com/acme/web, image: "registry.example.com/web:main", host: "{name}"}}
  lifecycle: {ttl: 14d, warning: 1d}
` + notices))
	if err != nil {
		t.Fatal(err)
	}
	read := func(context.Context) (*project.Project, error) { return p, nil }
	d := &desk{t: t, read: read, wire: &wire{make(chan live.Event)}, log: &lines{}, counted: make(chan string, 1000), now: time.Now()}
	d.feed = live.NewFeed(d.wire, time.Now)
	d.background(d.feed.Run)
	return d
}

// background runs something until the test ends.
func (d *desk) background(run func(context.Context)) {
	ctx, cancel := context.WithCancel(d.t.Context())
	var ends sync.WaitGroup
	ends.Go(func() { run(ctx) })
	d.t.Cleanup(func() { cancel(); ends.Wait() })
}

// server starts the notifiers of a server with a configuration.
func (d *desk) server(config Config, env map[string]string) *notifier {
	d.t.Helper()
	m, err := openMeans(config, ProjectConfig{}, func(name string) string { return env[name] })
	if err != nil {
		d.t.Fatal(err)
	}
	current := &currentMeans{}
	current.Store(m)
	tell := newNotifiers(current, notifierOptions{
		Now:   func() time.Time { return d.now },
		Log:   slog.New(slog.NewTextHandler(d.log, nil)),
		Count: func(to string, o notify.Outcome) { d.counted <- to + " " + string(o) },
	})
	who := tell.newNotifier(d.read)
	listeners := d.feed.Subscribers()
	d.background(tell.run)
	d.background(func(ctx context.Context) { who.run(ctx, d.feed) })
	testenv.Eventually(d.t, "it listens to the feed", func() (int, bool) { n := d.feed.Subscribers(); return n, n > listeners })
	return who
}

// view is the staging feature-login in a phase.
func view(version, phase string) live.Event {
	s := staging.Staging{Name: "feature-login", Title: version, Spec: staging.Spec{
		Branch: "feature/login", State: staging.Active,
		Services: map[string]staging.Service{"web": {Image: "registry.example.com/web:" + version, Commit: commitOfLogin, From: staging.FromBranch}},
	}}
	at := time.Now()
	return live.Event{Kind: live.Modified, Staging: staging.View{Document: s.Document(), Status: staging.Status{
		Phase: staging.Phase(phase), URL: "https://feature-login.staging.example.com", Timings: staging.Timings{Committed: &at},
	}}}
}

// happens sends events through the feed.
func (d *desk) happens(news ...live.Event) {
	for _, n := range news {
		d.wire.news <- n
	}
}

// wait waits until something was counted.
func (d *desk) wait(what string) {
	d.t.Helper()
	limit := time.After(testenv.Timeout)
	for {
		select {
		case got := <-d.counted:
			if got == what {
				return
			}
		case <-limit:
			d.t.Fatalf("not counted: %s; logged:\n%s", what, d.log)
		}
	}
}

var all = live.Event{Kind: live.Synced}

// The server notifies the sinks that the project names of every change, once. It does
// not notify them of the state at the start.
func TestServerTellsASink(t *testing.T) {
	d := newDesk(t, `  notify: [{to: nobody}, {to: chat, on: [running], stagings: [feature-*]}]
  ui: {visible: {branch: user}}
`)
	url, told := testenv.Chat(t)
	d.server(Config{URL: "https://octopod.example.com", Notify: NotifyConfig{Sinks: []SinkConfig{{Name: "chat", Kind: notify.Mattermost, URL: auth.Secret{Env: "CHAT"}}}}},
		map[string]string{"CHAT": url + "/the-secret"})
	other := view("1", "Running")
	other.Staging.Metadata.Name = "hotfix"
	next := func(version string) string {
		t.Helper()
		d.wait("chat sent")
		text := <-told
		if !strings.Contains(text, "Title: "+version) {
			t.Errorf("told: %s, want version %s", text, version)
		}
		return text
	}
	d.happens(view("1", "Running"), all, view("2", "Updating"), other, view("2", "Failed"), view("3", "Updating"), view("3", "Running"))
	text := next("3")
	d.happens(view("3", "Unknown"), view("3", "Running"), view("3", "Updating"), view("3", "Running"), view("4", "Updating"), view("4", "Running"))
	next("4")
	if !strings.HasPrefix(text, "**feature-login runs**") || !strings.Contains(text, "(https://octopod.example.com/shop/stagings/feature-login)") {
		t.Errorf("told: %s", text)
	}
	if strings.Contains(text, "feature/login") {
		t.Errorf("told what a viewer is not shown: %s", text)
	}
	if len(told) != 0 {
		t.Errorf("told as well: %s", <-told)
	}
	if text := d.log.String(); strings.Count(text, "does not have") != 1 || strings.Contains(text, "the-secret") {
		t.Errorf("logged: %s", text)
	}
}

// A place that hangs holds up neither the feed nor another place.
func TestSinkThatHangs(t *testing.T) {
	d := newDesk(t, "  notify: [{to: slow}, {to: chat}]\n")
	hanging := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hanging }))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(hanging) })
	url, told := testenv.Chat(t)
	d.server(Config{Notify: NotifyConfig{Sinks: []SinkConfig{
		{Name: "slow", Kind: notify.Slack, URL: auth.Secret{Env: "SLOW"}}, {Name: "chat", Kind: notify.Slack, URL: auth.Secret{Env: "CHAT"}},
	}}}, map[string]string{"SLOW": slow.URL, "CHAT": url})
	d.happens(all)
	for _, version := range []string{"1", "2", "3"} {
		d.happens(view(version, "Updating"), view(version, "Running"))
		d.wait("chat sent")
	}
	if len(told) != 3 {
		t.Errorf("told %d times", len(told))
	}
}

// tracker is a Gitea with one pull request that contains the commit.
type tracker struct {
	mu       sync.Mutex
	comments []string
	states   []string
	last     map[string]any // the newest status
}

func newTracker(t *testing.T) (*tracker, string) {
	t.Helper()
	f := &tracker{}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, s.URL
}

func (f *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var sent struct{ Body, State string }
	_ = json.Unmarshal(body, &sent)
	type comment struct {
		ID   int    `json:"id"`
		Body string `json:"body"`
	}
	var answer any = struct{}{}
	switch what := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1/repos/acme/web/"); what {
	case "GET pulls":
		answer = []any{map[string]any{"number": 7, "state": "open", "head": map[string]any{"sha": commitOfLogin}}}
	case "GET issues/7/comments":
		list := []comment{}
		for i, text := range f.comments {
			list = append(list, comment{i, text})
		}
		answer = list
	case "POST issues/7/comments":
		f.comments = append(f.comments, sent.Body)
		answer = comment{len(f.comments) - 1, sent.Body}
	case "PATCH issues/comments/0":
		f.comments[0] = sent.Body
	case "GET commits/" + commitOfLogin + "/status":
		if f.last != nil {
			answer = map[string]any{"statuses": []any{f.last}}
		}
	case "POST statuses/" + commitOfLogin:
		_ = json.Unmarshal(body, &f.last)
		f.last["status"] = sent.State
		f.states = append(f.states, sent.State)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (f *tracker) seen() (comments, states string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.comments, "\n---\n"), strings.Join(f.states, " ")
}

// Two servers beside each other, and a staging that comes up while they start:
// one comment and one status, which follow it to its end.
func TestServersShowOnAForge(t *testing.T) {
	d := newDesk(t, "  notify: [{to: pull-request}, {to: commit}]\n")
	gitea, url := newTracker(t)
	config := Config{Forges: []ForgeConfig{{Host: "git.example.com", Kind: kindGitea, API: url + "/api/v1", Token: auth.Secret{Env: "TOKEN"}}}}
	d.server(config, map[string]string{"TOKEN": "the-secret"})
	d.happens(view("1", "Running"), all)
	d.wait("git.example.com sent")
	d.server(config, map[string]string{"TOKEN": "the-secret"})
	d.wait("git.example.com sent")
	if comments, states := gitea.seen(); strings.Count(comments, "octopod shop/feature-login") != 1 || !strings.Contains(comments, " runs") || strings.TrimSpace(strings.ReplaceAll(states, "success", "")) != "" {
		t.Errorf("comments:\n%s\nstates: %s", comments, states)
	}
	gone := view("1", "Deleting")
	gone.Kind = live.Deleted
	d.happens(gone)
	d.wait("git.example.com sent")
	d.wait("git.example.com sent")
	if comments, _ := gitea.seen(); strings.Count(comments, "octopod shop/feature-login") != 1 || !strings.Contains(comments, " is deleted") {
		t.Errorf("comments:\n%s", comments)
	}
	if strings.Contains(d.log.String(), "the-secret") {
		t.Errorf("logged: %s", d.log)
	}
}

// A commit that a newer one replaces during its rollout does not stay in
// progress forever, and neither does the commit of a deleted staging.
func TestCommitsThatNeverRan(t *testing.T) {
	d := newDesk(t, "  notify: [{to: commit}]\n")
	gitea, url := newTracker(t)
	d.server(Config{Forges: []ForgeConfig{{Host: "git.example.com", Kind: kindGitea, API: url, Token: auth.Secret{Env: "TOKEN"}}}}, map[string]string{"TOKEN": "x"})
	newer, gone := view("2", "Updating"), view("1", "Deleting")
	newer.Staging.Spec.Services = map[string]staging.Service{}
	gone.Kind = live.Deleted
	d.happens(all)
	for range 2 {
		d.happens(view("1", "Updating"))
		d.wait("git.example.com sent")
		d.happens(newer)
		d.wait("git.example.com sent")
		newer = gone
	}
	if _, states := gitea.seen(); states != "pending error pending error" {
		t.Errorf("states: %s", states)
	}
}

// A forge is not asked about what was there long before the server, until that
// changes.
func TestForgesAreLeftAloneAtTheStart(t *testing.T) {
	d := newDesk(t, "  notify: [{to: pull-request}]\n")
	gitea, url := newTracker(t)
	d.server(Config{Forges: []ForgeConfig{{Host: "git.example.com", Kind: kindGitea, API: url, Token: auth.Secret{Env: "TOKEN"}}}}, map[string]string{"TOKEN": "x"})
	old, fresh := view("1", "Running"), view("2", "Running")
	long := time.Now().Add(-2 * time.Hour)
	old.Staging.Status.Timings.Committed = &long
	fresh.Staging.Metadata.Name = "fresh"
	d.happens(old, fresh, all)
	d.wait("git.example.com sent")
	if comments, _ := gitea.seen(); strings.Contains(comments, "shop/feature-login") || !strings.Contains(comments, "shop/fresh") {
		t.Errorf("comments:\n%s", comments)
	}
	old.Staging.Status.Phase = staging.PhaseDegraded // which nobody committed
	d.happens(old)
	d.wait("git.example.com sent")
	if comments, _ := gitea.seen(); !strings.Contains(comments, "shop/feature-login") || !strings.Contains(comments, "has trouble") {
		t.Errorf("comments:\n%s", comments)
	}
}

// What CI deployed runs before the server sees it, as often as not.
func TestForgesAreToldOfWhatRunsAtOnce(t *testing.T) {
	d := newDesk(t, "  notify: [{to: commit}]\n")
	gitea, url := newTracker(t)
	d.server(Config{Forges: []ForgeConfig{{Host: "git.example.com", Kind: kindGitea, API: url, Token: auth.Secret{Env: "TOKEN"}}}}, map[string]string{"TOKEN": "x"})
	d.happens(all)
	ci := view("1", "Running")
	ci.Staging.Status.Changed, ci.Staging.Status.Timings.Committed = ci.Staging.Status.Timings.Committed, nil
	d.happens(ci)
	d.wait("git.example.com sent")
	if _, states := gitea.seen(); strings.TrimSpace(states) != "success" {
		t.Errorf("states: %s", states)
	}
}

// The server warns once of a staging that will soon be archived. A server that starts
// within that time sends no warning.
func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name   string
		starts time.Duration // before the end of the staging
		told   int
	}{{"it comes near", 30 * time.Hour, 1}, {"the server starts later", 20 * time.Hour, 0}} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, "  notify: [{to: chat, on: [warning]}]\n")
			url, told := testenv.Chat(t)
			end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
			d.now = end.Add(-c.starts)
			who := d.server(Config{Notify: NotifyConfig{Sinks: []SinkConfig{{Name: "chat", Kind: notify.Slack, URL: auth.Secret{Env: "CHAT"}}}}}, map[string]string{"CHAT": url})
			n := view("1", "Running")
			n.Staging.Spec.Expires = &end
			who = who.notifiers.newNotifier(who.read) // one that the test calls itself
			who.handle(t.Context(), &all)
			who.handle(t.Context(), &n)
			d.now = end.Add(-10 * time.Hour)
			who.warnExpiring(t.Context(), []*staging.View{&n.Staging})
			who.warnExpiring(t.Context(), []*staging.View{&n.Staging})
			for range c.told {
				d.wait("chat sent")
				if text := <-told; text != "feature-login goes soon" {
					t.Errorf("told: %s", text)
				}
			}
			if len(told) != 0 {
				t.Errorf("told as well: %s", <-told)
			}
		})
	}
}
