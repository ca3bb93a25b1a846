package web_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// crowd returns a world with many running stagings.
func crowd(t testing.TB, count int) *world {
	t.Helper()
	w := newWorld(t, nil)
	var files []staging.File
	for i := range count {
		s := staging.Staging{Name: fmt.Sprintf("feature-%04d", i), Title: fmt.Sprintf("Work item %d of the spring release", i), Spec: staging.Spec{
			Branch: fmt.Sprintf("feature/%04d", i), State: staging.Active, Created: staging.Attribution{At: time.Now().UTC().Truncate(time.Second), By: "Ada"},
			PullRequest: &staging.PullRequest{Number: i, URL: fmt.Sprintf("https://github.com/acme/shop/pull/%d", i), Title: "A change", Author: "ada"},
			Overrides:   staging.Overrides{App: staging.Values{"LOG_LEVEL": "debug"}},
			Services: map[string]staging.Service{
				"backend":  {Image: fmt.Sprintf("registry.example.com/shop/backend:%07x", i*7919), From: staging.FromBranch},
				"frontend": {Image: "registry.example.com/shop/frontend:main", From: staging.FromDefault},
			},
		}}
		record, err := envrepo.Record(s)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, record)
	}
	_, err := w.repo.Change(t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) {
		return envrepo.Edit{Verb: "edit", By: ada.Person, Write: files}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.catchUp()
	return w
}

// page serves a request without a network.
func (w *world) page(t testing.TB, path string) (took time.Duration, compressed int, body string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	request.Header.Set("X-Person", "Ada")
	request.Header.Set("X-Role", string(project.RoleUser))
	request.Header.Set("Accept-Encoding", "gzip")
	recorder := httptest.NewRecorder()
	began := time.Now()
	w.server.ServeHTTP(recorder, request)
	took = time.Since(began)
	compressed = recorder.Body.Len()
	unzipped, err := gzip.NewReader(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unzipped)
	if err != nil || recorder.Code != http.StatusOK {
		t.Fatal(recorder.Code, err)
	}
	return took, compressed, string(data)
}

// BenchmarkListOfThousand serves a list of 1,000 stagings at 50 requests per second.
// It reports percentiles of the latency and the compressed size.
func BenchmarkListOfThousand(b *testing.B) {
	w := crowd(b, 1000)
	_, size, body := w.page(b, "/shop/")
	if n := strings.Count(body, `<li class="row"`); n != 100 {
		b.Fatalf("%d rows", n)
	}
	var mu sync.Mutex
	var all []time.Duration
	var work sync.WaitGroup
	tick := time.NewTicker(time.Second / 50)
	defer tick.Stop()
	for b.Loop() {
		<-tick.C
		work.Go(func() {
			took, _, _ := w.page(b, "/shop/")
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took)
		})
	}
	work.Wait()
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(size)/1024, "KiB")
}

func BenchmarkSearchOfThousand(b *testing.B) {
	w := crowd(b, 1000)
	for _, query := range []string{"0042", "spring+debug", "ftr+mn", "zebra"} {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				w.page(b, "/shop/?q="+query)
			}
		})
	}
}

// BenchmarkUpdateOfLivePages sends one update to 200 open pages. It reports the bytes
// per page.
func BenchmarkUpdateOfLivePages(b *testing.B) {
	w := crowd(b, 1000)
	const pages = 200
	vera := w.as("Vera", project.RoleUser)
	address := vera.get("/shop/").Find("#results").AttrOr("data-events", "")
	streams := make([]*stream, pages)
	for i := range streams {
		streams[i] = vera.stream(address)
	}
	bytes, n := 0, 0
	for b.Loop() {
		n++
		level := []string{"info", "warn"}[n%2]
		if _, err := w.Apply(b.Context(), change.Request{By: ada, Action: staging.Action{Verb: staging.Set, Name: "feature-0007", Set: map[string]string{"LOG_LEVEL": level}}}); err != nil {
			b.Fatal(err)
		}
		w.feed.QueueRefresh(nil)
		for _, s := range streams {
			for {
				event := s.next("row")
				if strings.Contains(event, "<b>"+level+"</b>") {
					bytes += len(event)
					break
				}
			}
		}
	}
	b.ReportMetric(float64(bytes)/float64(n)/pages, "bytes/page")
}

// The list and its updates stay small.
func TestAListIsSmall(t *testing.T) {
	w := crowd(t, 1000)
	_, size, _ := w.page(t, "/shop/")
	if size > 300<<10 {
		t.Errorf("the list of 1,000 stagings has %d KiB", size>>10)
	}
	address := w.as("Vera", project.RoleUser).get("/shop/").Find("#results").AttrOr("data-events", "")
	events := w.as("Vera", project.RoleUser).stream(address)
	w.do(staging.Action{Verb: staging.Set, Name: "feature-0007", Set: map[string]string{"LOG_LEVEL": "warn"}})
	if row := events.next("row"); len(row) > 2<<10 {
		t.Errorf("an update has %d bytes", len(row))
	}
}
