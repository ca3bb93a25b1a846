package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"octopod/generator/change"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

func TestTenMegabyteBodyIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"", "again"} { // with a key the body is read ahead
		r := post(t, w, "/projects/shop/stagings/-/deploy", `{"title":"`+strings.Repeat("a", 10<<20)+`"}`)
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			continue // the server closed the connection while it was being sent
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("key %q: %s", key, answer.Status)
		}
	}
	if views, err := w.Find(t.Context(), staging.Query{}); err != nil || len(views) != 0 {
		t.Errorf("something was made: %v %v", views, err)
	}
}

// A repeated write returns the first response and makes one commit.
func TestRepeatedWriteGivesTheSameAnswer(t *testing.T) {
	w := newWorld(t)
	send := func(key, content string) (int, string, string) {
		r := post(t, w, "/projects/shop/stagings/-/deploy", content)
		r.Header.Set("Idempotency-Key", key)
		answer := w.send(r)
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text), answer.Header.Get("Idempotency-Replayed")
	}
	_, first, _ := send("k1", `{"branch":"feature/a"}`)
	_, again, replayed := send("k1", `{"branch":"feature/a"}`)
	if first != again || replayed != "true" || !strings.Contains(first, `"changed":true`) {
		t.Errorf("first %s\nagain %s (replayed %q)", first, again, replayed)
	}
	if status, _, _ := send("k1", `{"branch":"feature/b"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("the key for another request: %d", status)
	}
	if _, other, _ := send("k2", `{"branch":"feature/a"}`); !strings.Contains(other, `"changed":false`) {
		t.Errorf("another key: %s", other)
	}
	events, err := w.History(t.Context(), staging.HistoryQuery{Name: "a"})
	if err != nil || len(events) != 1 || events[0].Key != "k1" {
		t.Errorf("history %+v, %v", events, err)
	}
}

// Cached responses do not fill the memory: the oldest are dropped.
func TestAnswersAreKeptWithinBounds(t *testing.T) {
	w := newWorld(t)
	w.as(project.RoleViewer)
	send := func(key string) (size int, replayed string) {
		r := post(t, w, "/projects/shop/stagings/login/set", `{"`+strings.Repeat("x", 100<<10)+`":1}`) // an error contains it twice
		r.Header.Set("Idempotency-Key", key)
		answer := w.send(r)
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return int(n), answer.Header.Get("Idempotency-Replayed")
	}
	size, _ := send("k")
	if _, replayed := send("k"); replayed != "true" {
		t.Fatalf("an answer of %d bytes is not kept", size)
	}
	for i := range 40<<20/size + 1 {
		send(fmt.Sprint("k", i))
	}
	if _, replayed := send("k"); replayed != "" {
		t.Errorf("the first answer is kept after 40 MiB of others")
	}
	if _, replayed := send("k"); replayed != "true" {
		t.Errorf("the last answer is not kept")
	}
}

// A request that is repeated at another server is applied once, even if the action
// would do more, or fail, the second time.
func TestRepeatedWriteAtAnotherServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env.git")
	initBare(t, path)
	servers := []*world{serve(t, path), serve(t, path)}
	first := servers[0]
	send := func(w *world, verb, name, key, content string) string {
		r := post(t, w, "/projects/shop/stagings/"+name+"/"+verb, content)
		r.Header.Set("Idempotency-Key", key)
		answer := w.send(r)
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %v %s", verb, answer.Status, err, text)
		}
		return string(text)
	}
	made := 0
	for i, tt := range []struct{ verb, name, content string }{
		{"create", "-", `{"branch":"feature/a"}`}, {"set", "a", `{"set":{"LOG_LEVEL":"debug"}}`}, {"set", "a", `{"set":{"LOG_LEVEL":"warn"}}`},
		{"rollback", "a", `{}`}, {"delete", "a", `{}`},
	} {
		key := fmt.Sprintf("key-%d", i)
		for _, w := range servers {
			if text := send(w, tt.verb, tt.name, key, tt.content); !strings.Contains(text, `"changed":true`) {
				t.Errorf("%s: %s", tt.verb, text)
			}
		}
		made++
		events, err := first.History(t.Context(), staging.HistoryQuery{Name: "a"})
		if err != nil || len(events) != made || events[0].Key != key {
			t.Fatalf("after %s: %d commits, want %d: %v", tt.verb, len(events), made, err)
		}
	}
}

// A key belongs to one actor and one request: the same key of another actor, or for
// another request, does not suppress an action.
func TestAKeyIsItsOwners(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	for i, r := range []struct{ person, level string }{{"Ada", "debug"}, {"Bob", "warn"}, {"Bob.", "info"}} {
		result, err := w.Stagings.Apply(t.Context(), change.Request{
			Action: staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": r.level}},
			By:     rights.Actor{Person: staging.Person{Name: r.person}, Key: "1"},
		})
		if repeated := i == 2; err != nil || (result.Note != "") != repeated { // git removes the dot
			t.Errorf("%s: %+v, %v", r.person, result, err)
		}
	}
}

// Concurrent identical requests are applied once.
func TestRepeatedWriteAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	var work sync.WaitGroup
	var changed atomic.Int32
	for range 8 {
		r := post(t, w, "/projects/shop/stagings/-/create", `{"branch":"feature/a"}`)
		r.Header.Set("Idempotency-Key", "same")
		work.Go(func() {
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				changed.Add(1)
			}
		})
	}
	work.Wait()
	if changed.Load() != 8 {
		t.Errorf("%d of 8 responses report a creation", changed.Load())
	}
}

func TestETagAndIfMatch(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	seen := w.send(get(t, w, "/projects/shop/stagings/login")).Header.Get("ETag")
	set := func(value string) int {
		r := post(t, w, "/projects/shop/stagings/login/set", `{"set":{"LOG_LEVEL":"`+value+`"}}`)
		r.Header.Set("If-Match", seen)
		return w.send(r).StatusCode
	}
	if seen == "" || set("debug") != http.StatusOK {
		t.Fatalf("the first with ETag %s is refused", seen)
	}
	if status := set("warn"); status != http.StatusPreconditionFailed {
		t.Errorf("the second: %d", status)
	}
}

// Streams beyond the limit are refused, and lists still work.
func TestEventStreamsAreBounded(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 1000 {
		if _, err := w.feed.Subscribe(ctx, 0); err != nil {
			t.Fatal(err)
		}
	}
	answer := w.send(get(t, w, "/projects/shop/events"))
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(text), "no place for more") {
		t.Errorf("%s: %s %v", answer.Status, text, err)
	}
	if answer := w.send(get(t, w, "/projects/shop/stagings")); answer.StatusCode != http.StatusOK {
		t.Errorf("lists: %s", answer.Status)
	}
}

// A stream continues after the last received event.
func TestEventsResume(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	read := func(last string, until string) (text, id string) {
		ctx, cancel := context.WithTimeout(t.Context(), testenv.Timeout)
		defer cancel()
		r := get(t, w, "/projects/shop/events").WithContext(ctx)
		r.Header.Set("Last-Event-ID", last)
		lines := bufio.NewScanner(w.send(r).Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			text += lines.Text() + "\n"
			if found, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = found
			}
			if strings.Contains(lines.Text(), until) {
				return text, id
			}
		}
		t.Fatalf("no %q in %s", until, text)
		return "", ""
	}
	_, id := read("", "event: complete")
	w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
	if text, _ := read(id, `"name":"other"`); strings.Contains(text, `"name":"login"`) {
		t.Errorf("known stagings are sent again: %s", text)
	}
	if text, _ := read("5", "event: complete"); !strings.Contains(text, "event: reset") || !strings.Contains(text, `"name":"login"`) {
		t.Errorf("an unknown event id does not restart the stream: %s", text)
	}
}

// No response contains a secret, for any role.
func TestSecretsAreInNoAnswer(t *testing.T) {
	w := newWorld(t)
	const secret = "hunter2hunter2"
	_, err := w.Stagings.Apply(t.Context(), change.Request{By: rights.Actor{Person: staging.Person{Name: "Ada"}}, Action: login()})
	if err != nil {
		t.Fatal(err)
	}
	answer := w.send(post(t, w, "/projects/shop/stagings/login/set", fmt.Sprintf(`{"set":{"STRIPE_KEY":%q}}`, secret)))
	text, err := io.ReadAll(answer.Body)
	if err != nil || strings.Contains(string(text), secret) {
		t.Errorf("the refusal repeats the secret: %s %v", text, err)
	}
}

// Two servers on one env repo see the changes of each other.
func TestTwoServersOnOneEnvRepo(t *testing.T) {
	path := t.TempDir() + "/env.git"
	initBare(t, path)
	a := serve(t, path)
	b := serve(t, path)
	var work sync.WaitGroup
	for i := range 10 {
		for _, w := range []*world{a, b} {
			name := fmt.Sprintf("s%d-%p", i, w)
			work.Go(func() {
				if _, err := w.client().Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Deploy, Branch: name}}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	work.Wait()
	for _, w := range []*world{a, b} {
		views, err := w.client().Find(t.Context(), staging.Query{})
		if err != nil || len(views) != 20 {
			t.Errorf("%d stagings, %v", len(views), err)
		}
		seen := 0
		ctx, cancel := context.WithCancel(limited(t))
		_ = w.client().Watch(ctx, staging.Query{}, func(n live.Event) {
			if n.Kind == live.Modified {
				seen++
			}
			if n.Kind == live.Synced {
				cancel()
			}
		})
		if seen != 20 {
			t.Errorf("its stream has %d", seen)
		}
	}
}
