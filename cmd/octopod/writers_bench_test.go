package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"octopod/generator/testenv"
)

// BenchmarkGoalWriters runs 32 CI jobs as independent processes, each with 10 commits in
// a row, on one env repo: over HTTP, and by path. Goal: all 320 commands commit, each once.
func BenchmarkGoalWriters(b *testing.B) {
	for _, way := range []string{"http", "path"} {
		b.Run(way, func(b *testing.B) {
			e := newWriters(b)
			if way == "path" {
				e.url = e.repo
			}
			goalWriters(b, e, 32, 10)
		})
	}
}

// BenchmarkGoalFaults runs 200 commands against a git server that fails 12 % of all
// requests in turn: 502, 503, 429, a reset, a lost reply. Goal: no command fails, and
// each commits once.
func BenchmarkGoalFaults(b *testing.B) {
	e := newWriters(b)
	e.server.Intercept(testenv.Faults(0.12))
	goalWriters(b, e, 2, 100)
}

// writers are processes that commit to one env repo.
type writers struct {
	program, repo, url string
	server             *testenv.HTTPServer
}

func newWriters(b *testing.B) *writers {
	b.Helper()
	root := b.TempDir()
	e := &writers{program: filepath.Join(b.TempDir(), "octopod")}
	build(b, e.program, ".")
	e.repo = largeEnvRepo(b, e.program, root, 50)
	e.server = testenv.ServeHTTP(b, root)
	e.url = e.server.URL + "/" + filepath.Base(e.repo)
	return e
}

// goalWriters runs jobs in parallel, each with commands in a row, and reports how many
// failed.
func goalWriters(b *testing.B, e *writers, jobs, each int) {
	before := e.commits(b)
	var mu sync.Mutex
	var took []time.Duration
	failed := 0
	var wg sync.WaitGroup
	began := time.Now()
	for job := range jobs {
		wg.Go(func() {
			for i := range each {
				start := time.Now()
				out, err := e.deploy(job, i)
				mu.Lock()
				took = append(took, time.Since(start))
				if err != nil {
					failed++
					b.Logf("job %d, command %d, after %s: %v\n%s", job, i, time.Since(start).Round(time.Second), err, out)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if got := e.commits(b) - before; got != jobs*each-failed {
		b.Errorf("%d commits of %d commands, %d of them failed", got, jobs*each, failed)
	}
	slices.Sort(took)
	b.ReportMetric(float64(failed), "failed")
	b.ReportMetric(time.Since(began).Seconds(), "s")
	b.ReportMetric(took[len(took)/2].Seconds(), "s-median")
	b.ReportMetric(took[len(took)-1].Seconds(), "s-worst")
	b.ReportMetric(0, "ns/op")
}

// commits counts the commits of the env repo.
func (e *writers) commits(b *testing.B) (n int) {
	b.Helper()
	if _, err := fmt.Sscan(testenv.Git(b, e.repo, "rev-list", "--count", "main"), &n); err != nil {
		b.Fatal(err)
	}
	return n
}

// deploy runs one CI step.
func (e *writers) deploy(job, i int) (string, error) {
	c := exec.Command(e.program, "deploy", "--branch", fmt.Sprintf("feature/f-%04d", job), "--service", "backend",
		"--image", fmt.Sprintf("registry.example.com/shop/backend:new%d", i))
	c.Dir = filepath.Dir(e.repo)
	c.Env = []string{"HOME=" + filepath.Dir(e.repo), "OCTOPOD_ENV_REPO=" + e.url, "OCTOPOD_ALLOW_PLAIN_HTTP=true", "CI=true", "OCTOPOD_ACTOR=ci"}
	out, err := c.CombinedOutput()
	return string(out), err
}
