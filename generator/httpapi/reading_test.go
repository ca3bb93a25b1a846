package httpapi_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/httpapi"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// A client that has the present answer gets 304 and no body. The answer changes with every
// field, and If-Match still compares the record.
func TestConditionalReads(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	for _, path := range []string{"/projects", "/projects/shop", "/projects/shop/stagings", "/projects/shop/stagings/login", "/projects/shop/stagings/login/history"} {
		tag := w.send(get(t, w, path)).Header.Get("ETag")
		for _, sent := range []string{tag, "W/" + strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
			r := get(t, w, path)
			r.Header.Set("If-None-Match", sent)
			answer := w.send(r)
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusNotModified || len(body) > 0 || err != nil || answer.Header.Get("ETag") != tag || tag == "" {
				t.Errorf("%s with %s: %d %s %q", path, sent, answer.StatusCode, answer.Header.Get("ETag"), body)
			}
		}
	}
	r := get(t, w, "/projects/shop/stagings/login")
	r.Header.Set("If-None-Match", w.send(r).Header.Get("ETag"))
	w.do(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "demo"})
	if got := w.send(r).StatusCode; got != http.StatusOK {
		t.Errorf("after a change: %d", got)
	}
}

// Answers are compressed for clients that ask for it.
func TestCompressedAnswers(t *testing.T) {
	w := newWorld(t)
	r := get(t, w, "/projects/shop")
	r.Header.Set("Accept-Encoding", "gzip")
	answer := w.send(r)
	if answer.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("headers: %v", answer.Header)
	}
	unpacked, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p project.Project
	if err := json.NewDecoder(unpacked).Decode(&p); err != nil || p.Metadata.Name != "shop" {
		t.Errorf("%+v, %v", p.Metadata, err)
	}
}

// A path with another method is 405 with the methods that it has; other paths are 404.
func TestMethodsOfAPath(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		method, path, allow string
		want                int
	}{
		{"DELETE", "/projects/shop", "GET, HEAD", http.StatusMethodNotAllowed},
		{"PUT", "/projects/shop/stagings", "GET, HEAD", http.StatusMethodNotAllowed},
		{"GET", "/projects/shop/sweep", "POST", http.StatusMethodNotAllowed},
		{"GET", "/nowhere", "", http.StatusNotFound}, {"POST", "/nowhere", "", http.StatusNotFound},
	} {
		r := get(t, w, tt.path)
		r.Method = tt.method
		if answer := w.send(r); answer.StatusCode != tt.want || answer.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q", tt.method, tt.path, answer.StatusCode, answer.Header.Get("Allow"))
		}
	}
}

// Pages of a list hold each item once, in order.
func TestPages(t *testing.T) {
	w := newWorld(t)
	names := []string{"a", "b", "c", "d", "e"}
	for _, name := range names {
		w.do(staging.Action{Verb: staging.Create, Name: name, Branch: "feature/" + name})
	}
	next := regexp.MustCompile(`^<(.*)>; rel="next"$`)
	for path, want := range map[string][]string{
		"/projects/shop/stagings?all=true&limit=2": names, "/projects/shop/activity?limit=2": {"e", "d", "c", "b", "a"}, "/projects/shop/stagings/a/history?limit=1": {"a"},
	} {
		var found []string
		for pages := 0; path != ""; pages++ {
			answer := w.send(get(t, w, path))
			var list staging.List[struct {
				Metadata struct{ Name string }
				Staging  string
			}]
			if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || answer.StatusCode != http.StatusOK || len(list.Items) > 2 || pages > 5 {
				t.Fatalf("%s: %d, %+v, %v", path, answer.StatusCode, list, err)
			}
			for _, item := range list.Items {
				if name := item.Metadata.Name + item.Staging; name != "" { // the first commit has no staging
					found = append(found, name)
				}
			}
			path = ""
			if link := next.FindStringSubmatch(answer.Header.Get("Link")); link != nil {
				path = strings.TrimPrefix(link[1], httpapi.Path)
			}
		}
		if !slices.Equal(found, want) {
			t.Errorf("found %v, want %v", found, want)
		}
	}
	for _, path := range []string{"/projects/shop/stagings?cursor=%21", "/projects/shop/activity?cursor=YQ"} {
		if got := w.send(get(t, w, path)).StatusCode; got != http.StatusBadRequest && got != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", path, got)
		}
	}
}

// A field that no staging can have is an error, not an empty list.
func TestUnknownFieldInWhere(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	for where, want := range map[string]int{"LOG_LEVEL=debug": 200, "branch=feature/login": 200, "banana=1": 422, "brunch!=x": 422} {
		answer := w.send(get(t, w, "/projects/shop/stagings?where="+where))
		text, _ := io.ReadAll(answer.Body)
		if refused := answer.StatusCode >= 400; refused != (want >= 400) || refused && !strings.Contains(string(text), "fields are name, title") {
			t.Errorf("%s: %d %s", where, answer.StatusCode, text)
		}
	}
}

// An import through a server creates all stagings or none, and is for admins.
func TestImportThroughAServer(t *testing.T) {
	w := newWorld(t)
	item := func(name, setting string) change.ImportItem {
		return change.ImportItem{Archived: name == "old", Action: staging.Action{Verb: staging.Create, Name: name, Branch: name, Set: map[string]string{setting: "debug"}}}
	}
	send := func(items ...change.ImportItem) (change.ImportResult, error) {
		return w.client().Import(t.Context(), change.ImportRequest{Items: items})
	}
	if r, err := send(item("new", "LOG_LEVEL"), item("bad", "NOPE")); err != nil || r.Changed || r.Outcomes[1].Err == nil {
		t.Errorf("with a fault: %+v, %v", r, err)
	}
	r, err := send(item("new", "LOG_LEVEL"), item("old", "LOG_LEVEL"))
	if err != nil || !r.Changed || len(r.Outcomes) != 2 || !r.Outcomes[1].Archived {
		t.Fatalf("%+v, %v", r, err)
	}
	views, err := w.client().Find(t.Context(), staging.Query{All: true})
	if err != nil || len(views) != 2 || views[1].Spec.State != staging.Archived || views[0].Spec.Created.By != "Eve" {
		t.Errorf("%+v, %v", views, err)
	}
	w.as(project.RoleUser)
	if _, err := send(item("other", "LOG_LEVEL")); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("by a user: %v", err)
	}
}
