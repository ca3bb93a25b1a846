package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"octopod/generator/change"
	"octopod/generator/compare"
	"octopod/generator/httpapi"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// The client returns the same results as the use cases.
func TestClientAnswersAsTheUseCasesDo(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"backend.replicas": "2"}})
	c, ctx := w.client(), t.Context()
	same := func(what string, direct, remote any, errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		a, errA := json.Marshal(direct)
		b, errB := json.Marshal(remote)
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s\ndirect %s\nremote %s", what, a, b)
		}
	}
	q := staging.Query{All: true, Selector: staging.Selector{{Field: "branch", Value: "feature/login"}, {Field: "pr", Value: "1=2", Not: true}}}
	views, err1 := w.Find(ctx, q)
	remoteViews, err2 := c.Find(ctx, q)
	same("views", views, remoteViews, err1, err2)
	p, err1 := w.Project(ctx)
	remoteP, err2 := c.Project(ctx)
	same("project", p, remoteP, err1, err2)
	same("settings", p.Settings(views[0].Staging()), remoteP.Settings(remoteViews[0].Staging()))
	events, err1 := w.History(ctx, staging.HistoryQuery{Name: "login"})
	remoteEvents, err2 := c.History(ctx, staging.HistoryQuery{Name: "login"})
	same("history", events, remoteEvents, err1, err2)
	objects, err1 := w.Manifests(ctx, "login", "")
	remoteObjects, err2 := c.Manifests(ctx, "login", "")
	same("manifests", objects, remoteObjects, err1, err2)
	for _, q := range []compare.Query{{Name: "login"}, {Name: "login", Revision: events[1].Revision}, {Name: "login", Revision: events[0].Revision, Until: events[1].Revision}} {
		found, err1 := w.Compare(ctx, q)
		remoteFound, err2 := c.Compare(ctx, q)
		same("comparison", found, remoteFound, err1, err2)
		if found.Same() {
			t.Errorf("%+v: nothing is different", q)
		}
	}
}

// An error has the same text and code as without a server.
func TestErrorsAreTheSame(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	for name, r := range map[string]change.Request{
		"not found": {Action: staging.Action{Verb: staging.Archive, Name: "nope"}},
		"invalid":   {Action: staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"NOPE": "1", "LOG_LEVEL": "loud"}}},
		"exists":    {Action: staging.Action{Verb: staging.Create, Name: "login", Branch: "feature/login"}},
		"conflict":  {Action: staging.Action{Verb: staging.Archive, Name: "login"}, Version: "0000000000000000"},
	} {
		_, direct := w.Apply(t.Context(), r)
		_, remote := w.client().Apply(t.Context(), r)
		if direct == nil || remote == nil || direct.Error() != remote.Error() || staging.CodeOf(direct) != staging.CodeOf(remote) ||
			staging.HintOf(direct) != staging.HintOf(remote) || !reflect.DeepEqual(staging.ProblemsOf(direct), staging.ProblemsOf(remote)) {
			t.Errorf("%s\ndirect %v\nremote %v", name, direct, remote)
		}
	}
}

func TestServerOutOfReach(t *testing.T) {
	c, err := httpapi.NewClient(httpapi.ClientOptions{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Find(t.Context(), staging.Query{}); staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	for _, address := range []string{"", "octopod.example.com", "ftp://x", "https://me:secret@octopod.example.com"} {
		if _, err := httpapi.NewClient(httpapi.ClientOptions{URL: address}); staging.CodeOf(err) != staging.CodeInvalid {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// stopped is the cause when a test ends a watch.
var errStopped = errors.New("seen enough")

// watch collects a summary of the events until it has enough.
func watch(t *testing.T, c *httpapi.Client, q staging.Query, step func(n int, text string)) []string {
	t.Helper()
	ctx, cancel := context.WithCancelCause(limited(t))
	var all []string
	err := c.Watch(ctx, q, func(n live.Event) {
		text := strings.TrimSpace(string(n.Kind) + " " + n.Staging.Metadata.Name)
		all = append(all, text)
		step(len(all), text)
		if text == "gone login" {
			cancel(errStopped)
		}
	})
	if !errors.Is(context.Cause(ctx), errStopped) {
		t.Fatalf("the watch ended with %v after %q", err, all)
	}
	return all
}

func TestWatchThroughTheServer(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	var later sync.WaitGroup
	all := watch(t, w.client(), staging.Query{Names: []string{"login"}}, func(_ int, text string) {
		if text == "complete" {
			later.Go(func() {
				w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
				w.do(staging.Action{Verb: staging.Delete, Name: "login"})
			})
		}
	})
	later.Wait()
	if want := []string{"changed login", "complete", "gone login"}; !reflect.DeepEqual(all, want) {
		t.Errorf("got %q, want %q", all, want)
	}
}

// A watch survives a broken connection and misses no event.
func TestWatchSurvivesABrokenConnection(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	var later sync.WaitGroup
	all := watch(t, w.client(), staging.Query{}, func(n int, text string) {
		if text == "complete" {
			later.Go(func() {
				w.http.CloseClientConnections()
				w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
				w.do(staging.Action{Verb: staging.Delete, Name: "login"})
			})
		}
	})
	later.Wait()
	for _, want := range []string{"changed other", "gone login"} {
		if !strings.Contains(strings.Join(all, ", "), want) {
			t.Errorf("%q is missing in %q", want, all)
		}
	}
}

// A watch survives a connection that breaks before the first event, as on a restart
// of the server. A page of another server is an error.
func TestWatchSurvivesAStreamThatToldNothing(t *testing.T) {
	streams := make(chan string, 3)
	streams <- ""
	streams <- "event: complete\ndata: {}\n\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, <-streams)
	}))
	defer server.Close()
	watch := func(url string, handle func(live.Event)) error {
		c, err := httpapi.NewClient(httpapi.ClientOptions{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(limited(t))
		defer cancel()
		return c.Watch(ctx, staging.Query{}, func(n live.Event) {
			handle(n)
			if n.Kind == live.Synced {
				cancel()
			}
		})
	}
	var got []live.EventKind
	if err := watch(server.URL, func(n live.Event) { got = append(got, n.Kind) }); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if want := []live.EventKind{live.RepoDown, live.RepoUp, live.Synced}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>sign in</html>") }))
	defer page.Close()
	if err := watch(page.URL, func(live.Event) {}); staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("a page: %v", err)
	}
}

// The initial list of a watch includes all earlier commits, so a wait after a deploy
// never sees the previous state.
func TestWatchBeginsAfterWhatWasCommitted(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		w.do(staging.Action{Verb: staging.Deploy, Branch: name})
		ctx, cancel := context.WithCancel(limited(t))
		seen := 0
		_ = w.client().Watch(ctx, staging.Query{}, func(n live.Event) {
			if n.Kind == live.Modified {
				seen++
			}
			if n.Kind == live.Synced {
				cancel()
			}
		})
		if seen != i+1 {
			t.Errorf("after %d deploys the watch has %d", i+1, seen)
		}
	}
}

// Names are escaped in paths.
func TestPathTricksInNames(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	for _, name := range []string{"..", "../login", "login/../../../octopod.yaml", "%2e%2e", "login\x00", "-", "Login", "login?x=1", "login#x", ".git"} {
		for what, do := range map[string]func() error{
			"history": func() error {
				_, err := w.client().History(t.Context(), staging.HistoryQuery{Name: name})
				return err
			},
			"manifests": func() error { _, err := w.client().Manifests(t.Context(), name, ""); return err },
			"archive": func() error {
				_, err := w.client().Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Archive, Name: name}})
				return err
			},
			"find": func() error {
				_, err := w.client().Find(t.Context(), staging.Query{Names: []string{name}})
				return err
			},
		} {
			if err := do(); staging.CodeOf(err) != staging.CodeNotFound && staging.CodeOf(err) != staging.CodeInvalid {
				t.Errorf("%s of %q: %v", what, name, err)
			}
		}
	}
	if views, err := w.Find(t.Context(), staging.Query{}); err != nil || len(views) != 1 {
		t.Errorf("something changed: %v %v", views, err)
	}
}

// A user cannot run admin operations with direct requests, and refusals are logged.
func TestRoleIsAskedForOnEveryCall(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	w.as(project.RoleViewer)
	calls := []*http.Request{
		post(t, w, "/projects/shop/stagings/login/archive", ""), post(t, w, "/projects/shop/stagings/-/deploy", `{"branch":"x"}`),
		post(t, w, "/projects/shop/regenerate", `{}`), post(t, w, "/projects/shop/mend", `{}`), post(t, w, "/projects/shop/lint", ``),
		get(t, w, "/projects/shop/stagings/login/manifests"), get(t, w, "/projects/shop/stagings/login/drift"), get(t, w, "/projects/shop/doctor"),
	}
	for _, r := range calls {
		if answer := w.send(r); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s: %s", r.Method, r.URL.Path, answer.Status)
		}
	}
	if len(w.refused) != len(calls) {
		t.Errorf("%d refusals are logged, want %d", len(w.refused), len(calls))
	}
	w.as(project.RoleNone)
	for _, path := range []string{"/projects/shop", "/projects/shop/stagings", "/projects/shop/events"} {
		if answer := w.send(get(t, w, path)); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}
