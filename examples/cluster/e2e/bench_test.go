//go:build cluster

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"octopod/examples/cluster"
	"octopod/generator/argocd"
	"octopod/generator/testenv"
)

// BenchmarkGoalDeploy measures the time from the push of a commit until Argo CD
// reports the Application Synced and Healthy with it, over 20 new stagings and
// 20 updates, while Argo CD polls every 30 minutes. Goal: 2 s, median.
func BenchmarkGoalDeploy(b *testing.B) {
	s := newShop(b, "speed")
	healthy := s.watchHealth()
	s.deploy("warm", "v0", "--wait")
	b.Run("new", func(b *testing.B) {
		benchmarkDeploys(b, s, healthy, func(i int) string { return fmt.Sprint("new-", i) })
	})
	b.Run("update", func(b *testing.B) {
		benchmarkDeploys(b, s, healthy, func(int) string { return "warm" })
	})
}

func benchmarkDeploys(b *testing.B, s *shop, healthy <-chan health, name func(i int) string) {
	var toHealthy, toReturn []time.Duration
	for i := range 20 {
		tag := fmt.Sprint("v", i+1)
		s.deploy(name(i), tag, "--wait")
		returned := time.Now()
		pushed := s.pushed()
		seen := <-healthy
		for seen.staging != name(i) || seen.image != image(tag) {
			seen = <-healthy
		}
		toHealthy = append(toHealthy, seen.at.Sub(pushed))
		toReturn = append(toReturn, returned.Sub(pushed))
	}
	b.Logf("push to Healthy: %s", seconds(toHealthy))
	b.Logf("push to the return of deploy --wait: %s", seconds(toReturn))
	b.ReportMetric(median(toHealthy).Seconds(), "s/push-to-healthy")
	b.ReportMetric(median(toReturn).Seconds(), "s/push-to-return")
	b.ReportMetric(median(toHealthy).Seconds()/2, "/goal")
}

// BenchmarkGoalPush measures the time from the end of a git push to a forge,
// which calls the webhook of a server, until Argo CD reports the Application
// Synced and Healthy with the image of the commit: ten new branches, and ten
// commits on one branch.
func BenchmarkGoalPush(b *testing.B) {
	s := newForgeShop(b, "push")
	s.edit("octopod.yaml", "maxActive: 40", "maxActive: 200")
	backend := s.newBackend(true)
	healthy := s.watchHealth()
	var called, fresh, moved []time.Duration
	for i := range 20 {
		if i < 10 {
			backend.branch(fmt.Sprint("feature/new-", i))
		}
		commit := backend.commit(fmt.Sprint("commit ", i))
		backend.buildAndPush(commit)
		seen := <-healthy
		for seen.image != backend.image(commit) {
			seen = <-healthy
		}
		took := seen.at.Sub(backend.pushed)
		if i < 10 {
			fresh = append(fresh, took)
		} else {
			moved = append(moved, took)
		}
		called = append(called, backend.calledAt(commit).Sub(backend.pushed))
	}
	b.Logf("push to the webhook: %s", seconds(called))
	b.Logf("push to Healthy, new branch: %s", seconds(fresh))
	b.Logf("push to Healthy, next commit: %s", seconds(moved))
	b.ReportMetric(median(called).Seconds(), "s/push-to-webhook")
	b.ReportMetric(median(fresh).Seconds(), "s/new-to-healthy")
	b.ReportMetric(median(moved).Seconds(), "s/next-to-healthy")
}

// calledAt returns when the server received the webhook of a commit.
func (r *appRepo) calledAt(commit string) time.Time {
	r.t.Helper()
	for _, d := range r.deliveries() {
		if d.Commit == commit {
			return d.At
		}
	}
	r.t.Fatalf("no webhook told of %s", commit)
	return time.Time{}
}

// health is the time at which Argo CD reported an image Synced and Healthy.
type health struct {
	staging, image string
	at             time.Time
}

// watchHealth sends each image once, when its Application is Synced and
// Healthy.
func (s *shop) watchHealth() <-chan health {
	s.t.Helper()
	told, news := map[string]bool{}, make(chan health, 1000)
	f := s.follow(func(*argocd.Options) {})
	f.hear(func(e argocd.Event) {
		app := e.Application
		if e.Kind != argocd.Modified || app.Sync != "Synced" || app.Health != "Healthy" || app.Operation == nil || app.Operation.Phase != "Succeeded" {
			return
		}
		for _, live := range app.Images {
			if key := app.Staging + " " + live; strings.Contains(live, "/backend:") && !told[key] {
				told[key] = true
				news <- health{app.Staging, live, time.Now()}
			}
		}
	})
	return news
}

// burst is the time that a burst of stagings took.
type burst struct {
	commits, running time.Duration // from the start until the last commit, and until the last staging runs
	own, all         time.Duration // CPU time: of octopod's deploys; of octopod and the cluster
}

// burst deploys a hundred stagings like CI jobs, four at a time, and waits
// until the last one runs.
func (s *shop) burst() (took burst) {
	s.t.Helper()
	s.edit("octopod.yaml", "maxActive: 40", "maxActive: 200")
	before, began := clusterCPU(s.t), time.Now()
	all := s.deployMany("one", 100)
	took.commits, took.own = time.Since(began), s.spent()
	s.allRun(all...)
	took.running = time.Since(began)
	took.all = clusterCPU(s.t) - before + took.own
	return took
}

// BenchmarkGoalBurst deploys a hundred stagings at once. Goal: Octopod's share
// of the CPU time is at most 5 %.
func BenchmarkGoalBurst(b *testing.B) {
	took := newShop(b, "burst").burst()
	share := took.own.Seconds() / took.all.Seconds()
	b.ReportMetric(took.commits.Seconds(), "s/last-commit")
	b.ReportMetric(took.running.Seconds(), "s/last-running")
	b.ReportMetric(share*100, "%-own-cpu")
	b.ReportMetric(share/0.05, "/goal")
}

// clusterCPU returns the CPU time of the parts of the cluster.
func clusterCPU(t testing.TB) (sum time.Duration) {
	t.Helper()
	for _, part := range world.Status(t.Context()) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", part.PID))
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(after)
		for _, field := range fields[11:15] { // user and system time of the process and its finished children
			ticks, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return sum
}

// BenchmarkGoalWatchThousand measures one watch over a thousand Applications of
// twelve objects each. Goal: a change arrives within 100 ms, median, over one
// stream.
func BenchmarkGoalWatchThousand(b *testing.B) {
	s := newShop(b, "thousand")
	s.deploy("pattern", "v1")
	s.runs("pattern", "v1")
	s.down(cluster.AppSetController, cluster.AppController) // so that only this benchmark changes Applications
	s.createMany(s.pattern("pattern"), 1000)

	before := heap()
	streams := watchStreams(b)
	f := s.follow(func(*argocd.Options) {})
	testenv.Eventually(s.t, "all are told", func() (string, bool) { return f.upToDate(b.Context()) })
	kept := heap() - before
	news := make(chan argocd.Event, 1000)
	f.hear(func(e argocd.Event) { news <- e })

	var took []time.Duration
	for i := range 100 {
		name := s.namespace(fmt.Sprint("copy-", i*7))
		began := time.Now()
		s.apply(argocdAPI+"applications/"+name, fmt.Appendf(nil, `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application",
			"metadata":{"name":%q},"status":{"health":{"status":"Progressing","message":"%d"}}}`, name, i))
		for e := <-news; e.Application.Name != name; e = <-news {
		}
		took = append(took, time.Since(began))
	}
	b.Logf("from the change to its event: %s", seconds(took))
	b.ReportMetric(float64(median(took).Microseconds())/1000, "ms/change")
	b.ReportMetric(float64(kept)/1e6, "MB")
	b.ReportMetric(float64(watchStreams(b)-streams), "streams")
	b.ReportMetric(median(took).Seconds()/0.1, "/goal")
}

// pattern returns the Application of a staging without its individual fields.
func (s *shop) pattern(name string) map[string]any {
	s.t.Helper()
	var app map[string]any
	if !s.get(argocdAPI+"applications/"+s.namespace(name), &app) {
		s.t.Fatalf("there is no Application of %s", name)
	}
	app["metadata"] = map[string]any{"labels": app["metadata"].(map[string]any)["labels"]}
	delete(app["spec"].(map[string]any), "syncPolicy")
	return app
}

// createMany creates copies of an Application, and removes them when the test
// ends.
func (s *shop) createMany(pattern map[string]any, n int) {
	s.t.Helper()
	copies := url.QueryEscape("octopod.dev/project=" + s.project + ",octopod.dev/staging!=pattern")
	s.t.Cleanup(func() { s.delete(argocdAPI + "applications?labelSelector=" + copies) })
	for i := range n {
		name := fmt.Sprint("copy-", i)
		meta := pattern["metadata"].(map[string]any)
		meta["name"], meta["labels"].(map[string]any)["octopod.dev/staging"] = s.namespace(name), name
		data, err := json.Marshal(pattern)
		if err == nil {
			_, err = s.api(http.MethodPost, argocdAPI+"applications", data)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// heap returns the live heap of the process.
func heap() int64 {
	runtime.GC()
	runtime.GC() // also collects objects that finalizers released
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// watchStreams returns the number of streams that Argo CD's server has opened
// since its start.
func watchStreams(t testing.TB) (n int) {
	t.Helper()
	answer, err := http.Get("http://127.0.0.1:" + strconv.Itoa(world.Ports["argo-metrics"]) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "grpc_server_started_total{") && strings.Contains(line, `grpc_method="Watch"`) && strings.Contains(line, "ApplicationService") {
			fields := strings.Fields(line)
			if n, err = strconv.Atoi(fields[len(fields)-1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

func median(times []time.Duration) time.Duration {
	times = slices.Sorted(slices.Values(times))
	return times[len(times)/2]
}

// seconds formats durations in the order in which they were measured.
func seconds(times []time.Duration) string {
	var all []string
	for _, d := range times {
		all = append(all, fmt.Sprintf("%.2f", d.Seconds()))
	}
	return strings.Join(all, " ")
}
