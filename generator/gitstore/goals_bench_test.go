package gitstore_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/testenv"
)

// The benchmarks measure the store and stock tools in the same run. A metric that
// ends in /goal is 1 or less when the goal is met. One iteration is a whole
// measurement: run them with -benchtime 1x.

// onDisks runs a benchmark in memory, where stock tools are fastest, and on disk.
func onDisks(b *testing.B, f func(b *testing.B, dir string)) {
	shm, err := os.MkdirTemp("/dev/shm", "octopod-bench-*")
	if err == nil {
		b.Run("tmpfs", func(b *testing.B) { f(b, shm) })
		_ = os.RemoveAll(shm)
	}
	b.Run("disk", func(b *testing.B) { f(b, b.TempDir()) })
}

// subdir returns an empty directory below dir.
func subdir(b *testing.B, dir string) string {
	b.Helper()
	d, err := os.MkdirTemp(dir, "run-*")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(d) })
	return d
}

// way is one way to do the same work. Each call writes another version.
type way struct {
	name string
	runs int
	do   func(version int)
}

// medians returns the median duration of each way in ms. It runs the ways in turn, so
// that other load on the machine affects all of them.
func medians(ways ...way) map[string]float64 {
	most := 0
	for _, w := range ways {
		most = max(most, w.runs)
	}
	took := map[string][]float64{}
	for v := range most {
		for _, w := range ways {
			if v < w.runs {
				began := time.Now()
				w.do(v + 1)
				took[w.name] = append(took[w.name], float64(time.Since(began).Microseconds())/1000)
			}
		}
	}
	out := map[string]float64{}
	for name, t := range took {
		slices.Sort(t)
		out[name] = t[len(t)/2]
	}
	return out
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func writeStaging(b *testing.B, dir string, i, version int) {
	for _, f := range testenv.Staging(i, version) {
		must(b, os.WriteFile(filepath.Join(dir, f.Path), f.Data, 0o666))
	}
}

func report(b *testing.B, ms map[string]float64) {
	for name, v := range ms {
		b.ReportMetric(v, name+"-ms")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkGoalB measures a CI job without a clone, over smart HTTP: fetch, change one
// staging, commit, push.
func BenchmarkGoalB(b *testing.B) {
	onDisks(b, func(b *testing.B, dir string) {
		for _, n := range []int{1000, 10000} {
			b.Run(strconv.Itoa(n), func(b *testing.B) {
				for range b.N {
					goalB(b, subdir(b, dir), n)
				}
			})
		}
	})
}

func goalB(b *testing.B, dir string, n int) {
	testenv.Bare(b, filepath.Join(dir, "env.git"), n)
	server := testenv.ServeHTTP(b, dir)
	url := server.URL + "/env.git"
	i := n / 2
	traffic := map[string][3]int{}
	count := func(name string, do func(v int)) func(int) {
		return func(v int) {
			server.Traffic()
			do(v)
			r, down, up := server.Traffic()
			traffic[name] = [3]int{r, down, up}
		}
	}
	runs := 7
	if n >= 10000 {
		runs = 5
	}
	ms := medians(
		way{"stock", min(runs, 3), count("stock", func(v int) {
			clone := filepath.Join(subdir(b, dir), "clone")
			testenv.Git(b, dir, "clone", "-q", "--depth", "1", url, clone)
			writeStaging(b, clone, i, 3*v)
			testenv.Git(b, clone, "add", "-A")
			testenv.Git(b, clone, "commit", "-q", "-m", "deploy")
			testenv.Git(b, clone, "push", "-q")
			_ = os.RemoveAll(clone)
		})},
		way{"expert", runs, count("expert", func(v int) { expertScript(b, subdir(b, dir), url, i, 3*v+1) })},
		way{"store", runs, count("store", func(v int) {
			s, err := gitstore.Open(b.Context(), gitstore.Options{URL: url, Committer: octopod, AllowPlainHTTP: true})
			must(b, err)
			change(b, s, deploy(i, 3*v+2))
			must(b, s.Close())
		})},
		way{"store-reading", runs, count("store-reading", func(v int) {
			s, err := gitstore.Open(b.Context(), gitstore.Options{URL: url, Committer: octopod, AllowPlainHTTP: true})
			must(b, err)
			change(b, s, func(ctx context.Context, tip *gitstore.Snapshot) (gitstore.Commit, error) {
				must(b, tip.Prefetch(ctx, "octopod.yaml", "templates", "envs/"+testenv.StagingName(i)))
				for _, f := range []string{"octopod.yaml", "templates/shop/deployment.yaml", "envs/" + testenv.StagingName(i) + "/staging.yaml"} {
					_, err := tip.ReadFile(f)
					must(b, err)
				}
				return deploy(i, 100000+v)(ctx, tip)
			})
			must(b, s.Close())
		})},
	)
	report(b, ms)
	for name, t := range traffic {
		b.ReportMetric(float64(t[0]), name+"-requests")
		b.ReportMetric(float64(t[1])/1024, name+"-KiB-down")
		b.ReportMetric(float64(t[2])/1024, name+"-KiB-up")
	}
	goal := map[int]float64{1000: 0.20, 10000: 0.10}[n]
	b.ReportMetric(ms["store"]/ms["stock"]/goal, "/goal")
	b.ReportMetric(ms["store"]/ms["expert"]/0.45, "expert/goal")
	b.ReportMetric(float64(traffic["store"][1])/float64(27*n+4096), "down/goal")
	b.ReportMetric(float64(traffic["store-reading"][0])/4, "requests/goal")
}

// expertScript is the script of a git expert: it fetches no files and makes no work
// tree.
func expertScript(b *testing.B, dir, url string, i, version int) {
	g := func(args ...string) string { return testenv.Git(b, filepath.Join(dir, "c"), args...) }
	testenv.Git(b, dir, "clone", "-q", "--depth", "1", "--filter=blob:none", "--no-checkout", url, "c")
	g("read-tree", "HEAD")
	var info bytes.Buffer
	for _, f := range testenv.Staging(i, version) {
		blob := testenv.GitInput(b, filepath.Join(dir, "c"), f.Data, "hash-object", "-w", "--stdin")
		fmt.Fprintf(&info, "100644 %s\t%s\n", blob, f.Path)
	}
	testenv.GitInput(b, filepath.Join(dir, "c"), info.Bytes(), "update-index", "--index-info")
	tree := g("write-tree", "--missing-ok")
	commit := g("commit-tree", "-p", "HEAD", "-m", "deploy", tree)
	g("push", "-q", "origin", commit+":refs/heads/main")
	_ = os.RemoveAll(filepath.Join(dir, "c"))
}

// childJob is a CI job: it deploys one staging several times and prints each duration.
func childJob() int {
	var i, each int
	if _, err := fmt.Sscan(os.Getenv(stepEnv), &i, &each); err != nil {
		fmt.Println(err)
		return 1
	}
	for v := range each {
		began := time.Now()
		s, err := gitstore.Open(context.Background(), gitstore.Options{URL: os.Getenv(urlEnv), Committer: octopod, AllowPlainHTTP: true, MaxAttempts: 200})
		if err == nil {
			_, err = s.Change(context.Background(), deploy(i, v+1))
		}
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(time.Since(began).Microseconds())
		_ = s.Close()
	}
	return 0
}

const shellLoop = `
cd "$1" && git clone -q --depth 1 "$2" "w$3" && cd "w$3" || exit 1
for v in $(seq 1 "$4"); do
  for f in staging kustomization manifests; do echo "$3 $v" > "envs/$5/$f.yaml"; done
  git add -A && git commit -q -m "deploy $3 $v" || exit 1
  until git push -q 2>/dev/null; do git pull -q --rebase 2>/dev/null; done
done`

// BenchmarkGoalC measures many writers of different stagings among 1,000, over HTTP.
func BenchmarkGoalC(b *testing.B) {
	onDisks(b, func(b *testing.B, dir string) {
		for range b.N {
			goalC(b, dir)
		}
	})
}

func goalC(b *testing.B, dir string) {
	const n = 1000
	setUp := func() (root, repo, url string) {
		root = subdir(b, dir)
		repo = testenv.Bare(b, filepath.Join(root, "env.git"), n)
		return root, repo, testenv.ServeHTTP(b, root).URL + "/env.git"
	}
	check := func(repo string, commits int) {
		if got := testenv.Git(b, repo, "rev-list", "--count", "main"); got != fmt.Sprint(1+commits) {
			b.Errorf("%s commits, want %d", got, 1+commits)
		}
	}
	root, repo, url := setUp()
	shell := timed(func() {
		parallel(8, func(w int) {
			c := exec.Command("sh", "-c", shellLoop, "sh", root, url, fmt.Sprint(w), "5", testenv.StagingName(w))
			c.Env = testenv.Env()
			if out, err := c.CombinedOutput(); err != nil {
				b.Errorf("%v\n%s", err, out)
			}
		})
	})
	check(repo, 40)

	_, repo, url = setUp()
	var mu sync.Mutex
	var waits []float64
	jobs := timed(func() {
		parallel(8, func(w int) {
			out, err := child("ci job", url, fmt.Sprint(w, 5)).Output()
			if err != nil {
				b.Errorf("%v\n%s", err, out)
			}
			mu.Lock()
			defer mu.Unlock()
			for f := range strings.FieldsSeq(string(out)) {
				us, _ := strconv.ParseFloat(f, 64)
				waits = append(waits, us/1000)
			}
		})
	})
	check(repo, 40)
	mean, longest := 0.0, 0.0
	for _, w := range waits {
		mean += w / float64(len(waits))
		longest = max(longest, w)
	}

	_, repo, url = setUp()
	s := open(b, gitstore.Options{URL: url, History: true})
	pushes := map[int]bool{}
	server := timed(func() {
		parallel(32, func(w int) {
			for v := range 10 {
				r := change(b, s, deploy(w, v+1))
				mu.Lock()
				pushes[r.PushedBytes] = true
				mu.Unlock()
			}
		})
	})
	check(repo, 320)
	testenv.Fsck(b, repo)

	report(b, map[string]float64{"shell-8x5": shell, "jobs-8x5": jobs, "server-32x10": server, "job-mean": mean, "job-longest": longest})
	b.ReportMetric(jobs/shell/0.2, "jobs/goal")
	b.ReportMetric(longest/mean/10, "longest/goal")
	// The shell loop needs more than 8 times as long for 8 times the commits by
	// more writers, so this ratio is too high rather than too low.
	b.ReportMetric(server/(8*shell)/0.01, "server/goal")
}

func timed(f func()) float64 {
	began := time.Now()
	f()
	return float64(time.Since(began).Microseconds()) / 1000
}

func parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

// BenchmarkGoalF measures the history of one staging, 21 of 20,000 commits.
func BenchmarkGoalF(b *testing.B) {
	onDisks(b, func(b *testing.B, dir string) {
		for range b.N {
			goalF(b, subdir(b, dir))
		}
	})
}

func goalF(b *testing.B, dir string) {
	const n, commits = 1000, 20000
	repo := testenv.Bare(b, filepath.Join(dir, "env.git"), n)
	var in bytes.Buffer
	in.WriteString("reset refs/heads/main\nfrom refs/heads/main^0\n\n")
	for c := range commits - 1 {
		text := fmt.Sprintf("commit %d\n", c)
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 6\ndeploy\n"+
			"M 100644 inline envs/%s/staging.yaml\ndata %d\n%s\n", 1700000001+c, testenv.StagingName(c%n), len(text), text)
	}
	testenv.GitInput(b, repo, in.Bytes(), "fast-import", "--quiet")
	testenv.Git(b, repo, "repack", "-adq")
	path := "envs/" + testenv.StagingName(n/2)
	var want, got string
	stock := func(int) { want = testenv.Git(b, repo, "log", "--format=%H", "main", "--", path) }
	var s *gitstore.Store
	look := func() {
		h, err := s.History(b.Context(), path, 0)
		must(b, err)
		got = strings.Join(revisions(h), "\n")
	}
	ms := medians(
		way{"git-log", 3, stock},
		way{"first", 3, func(int) {
			s = open(b, gitstore.Options{URL: repo})
			look()
		}},
		way{"first-20", 3, func(int) {
			cold := open(b, gitstore.Options{URL: repo})
			_, err := cold.History(b.Context(), path, 20)
			must(b, err)
		}},
		way{"indexed", 41, func(int) { look() }},
	)
	wrong := 0.0
	if got != want {
		wrong = 1
	}
	change(b, s, deploy(n/2, 1))
	began := time.Now()
	look()
	ms["after-a-commit"] = float64(time.Since(began).Microseconds()) / 1000
	testenv.Git(b, repo, "commit-graph", "write", "--reachable", "--changed-paths")
	began = time.Now()
	stock(0)
	ms["git-log-bloom"] = float64(time.Since(began).Microseconds()) / 1000
	if got != want {
		wrong = 1
	}
	report(b, ms)
	b.ReportMetric(ms["first"]/ms["git-log"], "/goal")
	b.ReportMetric(ms["indexed"]/1, "indexed/goal")
	b.ReportMetric(wrong, "wrong")
}
