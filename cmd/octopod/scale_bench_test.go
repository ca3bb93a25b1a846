package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"octopod/generator/testenv"
)

// BenchmarkGoalTenThousand has 10,000 stagings in one project. `octopod get` is compared with
// git reading the same records. Goals for the server: ready within 5 s, 1 GB of memory, and 99
// of 100 reads within 50 ms: one staging, a page of the list and a search.
func BenchmarkGoalTenThousand(b *testing.B) {
	const stagings = 10_000
	for range b.N {
		dir := b.TempDir()
		t := &traffic{stagings: stagings}
		repo := t.largeRepo(b, dir)
		hashes := recordHashes(b, repo, stagings)
		git := measure(b, 5, func(int) { readObjects(b, repo, hashes) })
		get := measure(b, 5, func(int) { program(b, dir, []string{"OCTOPOD_ENV_REPO=" + repo}, "get", "-o", "name") })
		b.ReportMetric(ms(median(git)), "git-cat-file-ms")
		b.ReportMetric(ms(median(get)), "get-ms")
		b.ReportMetric(median(get).Seconds()/median(git).Seconds(), "get/git")

		began := time.Now()
		t.start(b, dir, []string{repo})
		ready := time.Since(began)
		b.ReportMetric(ms(ready), "ready-ms")
		b.ReportMetric(ready.Seconds()/5, "ready/goal")
		t.reportReads(b, "shop")
		b.ReportMetric(memory(b, t.server), "server-MB")
		b.ReportMetric(memory(b, t.server)/1000, "memory/goal")
		t.server.end(b)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkGoalTwoHundredProjects has 200 projects of ten stagings in one server. Goals: as for
// BenchmarkGoalTenThousand, where ready means that it serves every project.
func BenchmarkGoalTwoHundredProjects(b *testing.B) {
	const projects = 200
	for range b.N {
		dir := b.TempDir()
		t := &traffic{stagings: 10}
		repos := projectRepos(b, t.largeRepo(b, dir), projects)
		server := testenv.ServeHTTP(b, filepath.Dir(repos[0]))
		git := measure(b, 1, func(int) {
			for i, repo := range repos {
				testenv.Git(b, dir, "clone", "-q", "--bare", server.URL+"/"+filepath.Base(repo), fmt.Sprint("clone-", i))
			}
		})
		b.ReportMetric(ms(git[0]), "git-clone-ms")

		began, ofGit := time.Now(), childrenTime(b)
		t.start(b, dir, repos)
		testenv.Eventually(b, "every project is served", func() (string, bool) {
			text := t.get(b, "/api/v1/projects")
			n := strings.Count(text, `"name":`)
			return fmt.Sprint(n, " projects"), n == projects
		})
		ready := time.Since(began)
		b.ReportMetric(ms(ready), "ready-ms")
		b.ReportMetric(ready.Seconds()/5, "ready/goal")
		b.ReportMetric(ready.Seconds()/git[0].Seconds(), "ready/git")
		b.ReportMetric(ms(processorTime(b, t.server)), "ready-cpu-ms")
		b.ReportMetric(ms(childrenTime(b)-ofGit), "ready-git-cpu-ms")
		t.reportReads(b, "shop-7")
		t.reportP99(b, "projects", "/api/v1/projects")
		t.reportP99(b, "home", "/")
		b.ReportMetric(memory(b, t.server), "server-MB")
		b.ReportMetric(memory(b, t.server)/1000, "memory/goal")
		t.server.end(b)
	}
	b.ReportMetric(0, "ns/op")
}

// reportReads reports how long reads of one project take.
func (t *traffic) reportReads(b *testing.B, project string) {
	b.Helper()
	api, last := "/api/v1/projects/"+project+"/stagings", t.name(t.stagings-1)
	t.reportP99(b, "api-one", api+"/"+last)
	t.reportP99(b, "api-page", api+"?limit=50")
	t.reportP99(b, "api-where", api+"?where=branch%3Dfeature/"+last+"&limit=50")
	t.reportP99(b, "page-one", "/"+project+"/stagings/"+last)
	t.reportP99(b, "page-list", "/"+project+"/")
	t.reportP99(b, "page-search", "/"+project+"/?q="+last)
}

// reportP99 reports how long 99 of 100 reads of a path take at most, after some to warm up,
// and how much processor time one takes, which other work on the machine does not change.
func (t *traffic) reportP99(b *testing.B, what, path string) {
	b.Helper()
	const reads = 100
	for range 5 {
		t.get(b, path)
	}
	before := processorTime(b, t.server)
	took := atRate(b, 20, reads, func() { t.get(b, path) })
	b.ReportMetric(ms(processorTime(b, t.server)-before)/reads, what+"-cpu-ms")
	b.ReportMetric(ms(took[reads*99/100-1]), what+"-p99-ms")
	b.ReportMetric(took[reads*99/100-1].Seconds()/0.05, what+"/goal")
}

// processorTime returns the processor time of a server's process so far.
func processorTime(b *testing.B, s *serverProcess) time.Duration {
	b.Helper()
	found := regexp.MustCompile(`(?m)^process_cpu_seconds_total (\S+)`).FindStringSubmatch(fetch(b, s.url+"/metrics"))
	if found == nil {
		b.Fatal("the server does not report its processor time")
	}
	seconds, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// childrenTime returns the processor time so far of the processes that have ended: those of
// the git server.
func childrenTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// get reads a path as an admin.
func (t *traffic) get(b *testing.B, path string) string {
	b.Helper()
	text, err := t.read(http.MethodGet, path, "", t.tokens[len(t.tokens)-1])
	if err != nil {
		b.Error(err)
	}
	return text
}

// recordHashes lists the objects of all records, one a line.
func recordHashes(b *testing.B, repo string, stagings int) string {
	b.Helper()
	var hashes strings.Builder
	for line := range strings.Lines(testenv.Git(b, repo, "ls-tree", "-r", "main", "envs")) {
		if fields := strings.Fields(line); strings.HasSuffix(line, "/staging.yaml\n") {
			hashes.WriteString(fields[2] + "\n")
		}
	}
	if n := strings.Count(hashes.String(), "\n"); n < stagings-1 { // the last line may lack its end
		b.Fatalf("%d records", n)
	}
	return hashes.String()
}

// readObjects reads objects with git.
func readObjects(b *testing.B, repo, hashes string) {
	b.Helper()
	git := exec.Command("git", "-C", repo, "cat-file", "--batch")
	git.Stdin = strings.NewReader(hashes)
	if _, err := git.Output(); err != nil {
		b.Fatal(err)
	}
}

// projectRepos returns env repos of many projects, copies of one under other names.
func projectRepos(b *testing.B, of string, projects int) []string {
	b.Helper()
	text := testenv.Git(b, of, "show", "main:octopod.yaml")
	var repos []string
	for i := range projects {
		repo := filepath.Join(filepath.Dir(of), fmt.Sprintf("shop-%d.git", i))
		testenv.Git(b, filepath.Dir(of), "clone", "-q", "--bare", of, repo)
		own := strings.Replace(text, "name: shop", fmt.Sprintf("name: shop-%d", i), 1) + "\n"
		in := fmt.Sprintf("commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 4\nname\nfrom refs/heads/main^0\nM 100644 inline octopod.yaml\ndata %d\n%s\n", len(own), own)
		testenv.GitInput(b, repo, []byte(in), "fast-import", "--quiet")
		repos = append(repos, repo)
	}
	if err := os.RemoveAll(of); err != nil {
		b.Fatal(err)
	}
	return repos
}
