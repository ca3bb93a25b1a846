package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/catalog"
	"octopod/generator/gitstore"
	"octopod/generator/notify"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// arrivals are the messages that a destination received, by what they are about.
type arrivals struct {
	mu  sync.Mutex
	got map[string][]time.Time
	url string
}

func newArrivals(t *testing.T, about func(*http.Request, string) string) *arrivals {
	t.Helper()
	a := &arrivals{got: map[string][]time.Time{}}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		key := about(r, string(body))
		a.got[key] = append(a.got[key], time.Now())
	}))
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *arrivals) of(key string) []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]time.Time(nil), a.got[key]...)
}

// titleOf returns the version in a message.
func titleOf(_ *http.Request, text string) string {
	return regexp.MustCompile(`(?:Title: |"title":")(\d+)`).FindString(text)
}

// replicas are the servers of one env repo, on a real git server.
type replicas struct {
	t      *testing.T
	repo   string
	git    string
	config Config
	env    map[string]string

	deleted []catalog.Deletion
}

func newReplicas(t *testing.T, config Config, env map[string]string) *replicas {
	t.Helper()
	dir := t.TempDir()
	repo := filepath.Join(dir, "shop.git")
	testenv.Git(t, dir, "init", "--bare", "-q", "--initial-branch", "main", repo)
	testenv.Git(t, repo, "config", "http.receivepack", "true")
	tree := testenv.Git(t, repo, "hash-object", "-w", "-t", "tree", "/dev/null")
	testenv.Git(t, repo, "update-ref", "refs/heads/main", testenv.Git(t, repo, "commit-tree", "-m", "first", tree))
	return &replicas{t: t, repo: repo, git: testenv.ServeHTTP(t, dir).URL + "/shop.git", config: config, env: env}
}

// replica is one server, with a feed of its own.
type replica struct {
	*desk
	sends *dispatcher
	kill  func()
}

// settled waits until a server knows a staging, and has nothing left to deliver.
func (r *replica) settled(v staging.View) {
	r.t.Helper()
	testenv.Eventually(r.t, "a server has nothing left to deliver", func() (int, bool) {
		r.sends.mu.Lock()
		defer r.sends.mu.Unlock()
		return len(r.sends.items), len(r.sends.items) == 0 && r.sends.current["feature-login chat"] == rights.Version(v.Document.Staging())
	})
}

// start starts a server.
func (r *replicas) start(notices string) *replica {
	r.t.Helper()
	d := newDesk(r.t, notices)
	var mu sync.Mutex
	var stores []*gitstore.Store
	dead := false
	open := func(ctx context.Context, ref string) (*gitstore.Store, error) {
		mu.Lock()
		defer mu.Unlock()
		if dead {
			return nil, context.Canceled
		}
		s, err := gitstore.Open(ctx, gitstore.Options{URL: r.git, Ref: ref, Committer: gitstore.Identity{Name: "Octopod", Email: "o@example.com"}, AllowPlainHTTP: true, Now: time.Now})
		stores = append(stores, s)
		return s, err
	}
	m, err := openMeans(r.config, ProjectConfig{}, func(name string) string { return r.env[name] })
	if err != nil {
		r.t.Fatal(err)
	}
	current := &currentMeans{}
	current.Store(m)
	tell := newNotifiers(current, notifierOptions{
		Now: time.Now, Log: slog.New(slog.NewTextHandler(d.log, nil)),
		Count: func(to string, o notify.Outcome) { d.counted <- to + " " + string(o) }, Journal: open,
	})
	tell.sends.takeoverAfter = 600 * time.Millisecond
	ctx, cancel := context.WithCancel(r.t.Context())
	var work sync.WaitGroup
	work.Go(func() { tell.run(ctx) })
	follower := tell.newNotifier(d.read)
	follower.deleted = func(context.Context, time.Time) ([]catalog.Deletion, error) { return r.deleted, nil }
	work.Go(func() { follower.run(ctx, d.feed) })
	testenv.Eventually(r.t, "it listens to the feed", func() (int, bool) { n := d.feed.Subscribers(); return n, n > 0 })
	stop := func() { cancel(); work.Wait() }
	r.t.Cleanup(func() {
		stop()
		if r.t.Failed() {
			r.t.Log(d.log.String())
		}
	})
	return &replica{d, tell.sends, func() { // as SIGKILL: nothing is recorded any more
		mu.Lock()
		dead = true
		for _, s := range stores {
			go s.Close()
		}
		mu.Unlock()
		stop()
	}}
}

// Several servers beside each other, of which one is killed at random moments: each event,
// comment and status is there exactly once, and each chat message too, unless a server
// died in the moment after it.
func TestReplicasDeliverOnce(t *testing.T) {
	chat, program := newArrivals(t, titleOf), newArrivals(t, func(r *http.Request, text string) string {
		return titleOf(r, text) + " " + r.Header.Get("webhook-id")
	})
	gitea, forge := newTracker(t)
	const notices = "  notify: [{to: chat}, {to: program}, {to: pull-request}, {to: commit}]\n"
	all4 := newReplicas(t, Config{
		Notify: NotifyConfig{Sinks: []SinkConfig{
			{Name: "chat", Kind: notify.Mattermost, URL: auth.Secret{Env: "CHAT"}},
			{Name: "program", Kind: notify.Webhook, URL: auth.Secret{Env: "PROGRAM"}, Key: auth.Secret{Env: "KEY"}},
		}},
		Forges: []ForgeConfig{{Host: "git.example.com", Kind: kindGitea, API: forge + "/api/v1", Token: auth.Secret{Env: "TOKEN"}}},
	}, map[string]string{"CHAT": chat.url, "PROGRAM": program.url, "KEY": "whsec_" + strings.Repeat("QUJD", 8), "TOKEN": "x"})
	servers := []*replica{all4.start(notices), all4.start(notices)}
	for _, s := range servers {
		s.happens(view("1000", "Running"), all)
	}
	var kills []time.Time
	const last = 1020
	for version := 1001; version <= last; version++ {
		text := fmt.Sprint(version)
		for _, phase := range []string{"Updating", "Running"} {
			for _, i := range rand.Perm(len(servers)) { // one sees it before the other
				servers[i].happens(view(text, phase))
				time.Sleep(rand.N(15 * time.Millisecond))
			}
		}
		if version%4 == 0 && version < last {
			i := rand.IntN(len(servers))
			time.Sleep(rand.N(200 * time.Millisecond))
			if len(kills) > 0 { // a server that saw the change lives until it takes over
				time.Sleep(time.Until(kills[len(kills)-1].Add(1500 * time.Millisecond)))
			}
			kills = append(kills, time.Now())
			servers[i].kill()
			servers[i] = all4.start(notices)
			servers[i].happens(view(text, "Running"), all)
		}
	}
	for version := 1001; version <= last; version++ {
		key := fmt.Sprint("Title: ", version)
		testenv.Eventually(t, key+" arrives", func() ([]time.Time, bool) { got := chat.of(key); return got, len(got) > 0 })
	}
	for _, s := range servers { // nothing is left that could come twice
		s.settled(view(fmt.Sprint(last), "Running").Staging)
	}
	for version := 1001; version <= last; version++ {
		got := chat.of(fmt.Sprint("Title: ", version))
		died := false
		for _, at := range kills {
			died = died || at.After(got[0].Add(-50*time.Millisecond)) && at.Before(got[0].Add(500*time.Millisecond))
		}
		if len(got) != 1 && !died {
			t.Errorf("version %d: %d chat messages", version, len(got))
		}
	}
	program.mu.Lock()
	byVersion := map[string]int{}
	for key := range program.got {
		byVersion[strings.Fields(key)[0]]++
	}
	program.mu.Unlock()
	if len(byVersion) < last-1000 {
		t.Errorf("%d events: %v", len(byVersion), byVersion)
	}
	for version, ids := range byVersion {
		if ids != 1 {
			t.Errorf("%s: %d events with different ids", version, ids)
		}
	}
	comments, states := gitea.seen()
	if strings.Count(comments, "octopod shop/feature-login") != 1 || !strings.Contains(comments, " runs") {
		t.Errorf("comments:\n%s", comments)
	}
	if !strings.HasSuffix(states, "success") || strings.Contains(states, "success success") || strings.Contains(states, "pending pending") {
		t.Errorf("states: %s", states)
	}
}

// A staging that is deleted while no server runs: the next server reports it, to chats and
// forges, once.
func TestADeletionWithoutAServerIsDelivered(t *testing.T) {
	chat := newArrivals(t, func(_ *http.Request, text string) string {
		return regexp.MustCompile(`is deleted|runs`).FindString(text)
	})
	gitea, forge := newTracker(t)
	const notices = "  notify: [{to: chat}, {to: pull-request}]\n"
	servers := newReplicas(t, Config{
		Notify: NotifyConfig{Sinks: []SinkConfig{{Name: "chat", Kind: notify.Mattermost, URL: auth.Secret{Env: "CHAT"}}}},
		Forges: []ForgeConfig{{Host: "git.example.com", Kind: kindGitea, API: forge + "/api/v1", Token: auth.Secret{Env: "TOKEN"}}},
	}, map[string]string{"CHAT": chat.url, "TOKEN": "x"})
	first, runs := servers.start(notices), view("1001", "Running")
	first.happens(all, runs)
	first.settled(runs.Staging)
	first.kill()
	servers.deleted = []catalog.Deletion{{Record: runs.Staging.Document.Staging(), Event: staging.Event{At: time.Now(), Gone: true}}}
	for range 2 { // the second one finds that it is delivered
		next := servers.start(notices)
		next.happens(all)
		next.settled(runs.Staging)
		next.kill()
		if got := chat.of("is deleted"); len(got) != 1 {
			t.Errorf("%d messages about the deletion", len(got))
		}
	}
	if comments, _ := gitea.seen(); !strings.Contains(comments, "is deleted") || strings.Contains(comments, " runs") {
		t.Errorf("comments:\n%s", comments)
	}
}

// A git server that accepts branches only gets a branch; one that accepts nothing but the
// branch of the stagings leaves each server to itself.
func TestJournalOfAStrictGitServer(t *testing.T) {
	for name, tt := range map[string]struct{ rejects, has string }{
		"no references beside branches": {"refs/octopod/*", "refs/heads/octopod-notifications"}, "nothing": {"*", ""},
	} {
		t.Run(name, func(t *testing.T) {
			chat := newArrivals(t, titleOf)
			servers := newReplicas(t, Config{Notify: NotifyConfig{Sinks: []SinkConfig{{Name: "chat", Kind: notify.Mattermost, URL: auth.Secret{Env: "CHAT"}}}}}, map[string]string{"CHAT": chat.url})
			hook := "#!/bin/sh\ncase $1 in " + tt.rejects + ") exit 1;; esac\n"
			if err := os.WriteFile(filepath.Join(servers.repo, "hooks", "update"), []byte(hook), 0o755); err != nil {
				t.Fatal(err)
			}
			s := servers.start("  notify: [{to: chat}]\n")
			s.happens(all, view("1001", "Running"))
			testenv.Eventually(t, "the chat has it", func() ([]time.Time, bool) { got := chat.of("Title: 1001"); return got, len(got) > 0 })
			refs := testenv.Git(t, servers.repo, "for-each-ref", "--format=%(refname)")
			if tt.has != "" && !strings.Contains(refs, tt.has) || tt.has == "" && strings.Contains(refs, "octopod") {
				t.Errorf("references: %s", refs)
			}
		})
	}
}

// A message names the author and the subject of the last change, as far as viewers may see them.
func TestMessagesNameTheirCause(t *testing.T) {
	for rules, want := range map[string]string{"": "Changed by: Ada", "  ui: {visible: {author: user}}\n": "Change: deploy feature-login"} {
		d := newDesk(t, "  notify: [{to: chat}]\n"+rules)
		url, told := testenv.Chat(t)
		who := d.server(Config{Notify: NotifyConfig{Sinks: []SinkConfig{{Name: "chat", Kind: notify.Mattermost, URL: auth.Secret{Env: "CHAT"}}}}}, map[string]string{"CHAT": url})
		who = who.notifiers.newNotifier(who.read)
		who.history = func(context.Context, staging.HistoryQuery) ([]staging.Event, error) {
			return []staging.Event{{By: staging.Person{Name: "Ada"}, Verb: staging.Deploy, Staging: "feature-login", Subject: "deploy feature-login: web 1"}}, nil
		}
		n := view("1", "Running")
		who.handle(t.Context(), &all)
		who.handle(t.Context(), &n)
		d.wait("chat sent")
		if text := <-told; !strings.Contains(text, want) || rules != "" && strings.Contains(text, "Ada") {
			t.Errorf("told %s, want %s", text, want)
		}
	}
}
