package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/live"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const (
	servedStagings = 1000
	servedCommits  = 20_000
)

// BenchmarkGoalServer measures the server with 1,000 stagings and 20,000 commits. Goals:
// ready within 3 s; a save takes at most 1.2 times as long as on the command line; 32
// concurrent saves need a few pushes, not 32.
func BenchmarkGoalServer(b *testing.B) {
	dir := b.TempDir()
	binary := dir + "/octopod"
	build(b, binary, ".")
	repo := largeEnvRepo(b, binary, dir+"/env", servedStagings)
	addCommits(b, repo, servedCommits)
	for range b.N {
		began := time.Now()
		s := startServer(b, dir, nil, "--env-repo", repo)
		ready := time.Since(began)
		b.ReportMetric(ms(ready), "ready-ms")
		b.ReportMetric(ready.Seconds()/3, "ready/goal")

		lists := measure(b, 30, func(int) {
			if _, err := clientOf(b, s.url, "").Find(b.Context(), staging.Query{}); err != nil {
				b.Fatal(err)
			}
		})
		b.ReportMetric(ms(median(lists)), "list-ms")

		direct := []string{"OCTOPOD_ENV_REPO=" + repo}
		cli := measure(b, 10, func(i int) {
			program(b, dir, direct, "set", "f-0001", "LOG_LEVEL="+level(i), "backend.replicas="+strconv.Itoa(1+i%3))
		})
		client := clientOf(b, s.url, "")
		api := measure(b, 10, func(i int) { save(b, client, "f-0002", 1+i%3, level(i)) })
		b.ReportMetric(ms(median(cli)), "cli-save-ms")
		b.ReportMetric(ms(median(api)), "api-save-ms")
		b.ReportMetric(median(api).Seconds()/median(cli).Seconds()/1.2, "save/goal")

		page := measure(b, 10, func(i int) { savePage(b, s.url, "f-0004", level(i)) })
		b.ReportMetric(ms(median(page)), "page-save-ms")
		b.ReportMetric(median(page).Seconds()/median(cli).Seconds()/1.2, "page-save/goal")

		one := median(measure(b, 5, func(i int) { save(b, client, "f-0003", 1+i%3, level(i)) }))
		together := measure(b, 1, func(int) {
			var people sync.WaitGroup
			for i := range 32 {
				people.Go(func() { save(b, client, fmt.Sprintf("f-%04d", 100+i), 2, "debug") })
			}
			people.Wait()
		})
		b.ReportMetric(ms(together[0]), "32-saves-ms")
		b.ReportMetric(together[0].Seconds()/(32*one.Seconds()), "32-saves/32×one")
		before := landedPushes(b, s.url)
		onPage := measure(b, 1, func(int) {
			var people sync.WaitGroup
			for i := range 32 {
				people.Go(func() { savePage(b, s.url, fmt.Sprintf("f-%04d", 200+i), "debug") })
			}
			people.Wait()
		})
		b.ReportMetric(ms(onPage[0]), "32-page-saves-ms")
		b.ReportMetric(landedPushes(b, s.url)-before, "pushes-of-32")

		wholeList(b, s.url)
		lists = atRate(b, 50, 500, func() { fetch(b, s.url+"/shop/") })
		b.ReportMetric(ms(lists[len(lists)*99/100]), "page-p99-ms")
		b.ReportMetric(lists[len(lists)*99/100].Seconds()/0.05, "page-p99/goal")
		s.end(b)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkGoalLivePages measures a server with 200 open pages of 1,000 stagings. Goals: at
// most 2 KB per page and update, and 200 MB for the server.
func BenchmarkGoalLivePages(b *testing.B) {
	const pages, updates = 200, 20
	dir := b.TempDir()
	binary, err := exec.LookPath("octopod") // the program of this tree
	if err != nil {
		b.Fatal(err)
	}
	repo := largeEnvRepo(b, binary, dir+"/env", servedStagings)
	for range b.N {
		s := startServer(b, dir, nil, "--env-repo", repo)
		found := regexp.MustCompile(`data-events="([^"]+)"`).FindStringSubmatch(wholeList(b, s.url))
		if found == nil {
			b.Fatal("the page has no event stream")
		}
		alone := memory(b, s)
		got := make(chan int, pages*updates)
		for range pages {
			answer, err := http.Get(s.url + html.UnescapeString(found[1]))
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = answer.Body.Close() })
			go countRows(answer.Body, got)
		}
		bytes := 0
		for i := range updates {
			save(b, clientOf(b, s.url, ""), "f-0007", 1+i%3, level(i))
			for range pages {
				size := <-got
				if size < 0 {
					b.Fatal("a page was too slow, and got a reset")
				}
				bytes += size
			}
		}
		b.ReportMetric(float64(bytes)/pages/updates, "bytes/page/update")
		b.ReportMetric(float64(bytes)/pages/updates/2048, "bytes/goal")
		b.ReportMetric(memory(b, s), "server-MB")
		b.ReportMetric(memory(b, s)-alone, "MB-for-pages")
		b.ReportMetric(memory(b, s)/200, "memory/goal")
		s.end(b)
	}
	b.ReportMetric(0, "ns/op")
}

// wholeList returns the page of all stagings, once the server knows the date of the last
// change of each. Before that, every staging causes an event.
func wholeList(b *testing.B, at string) string {
	b.Helper()
	ctx, stop := context.WithTimeout(b.Context(), testenv.Timeout)
	defer stop()
	dated := map[string]bool{}
	err := clientOf(b, at, "").Watch(ctx, staging.Query{All: true}, func(n live.Event) {
		if n.Staging.Status.Changed != nil {
			dated[n.Staging.Metadata.Name] = true
		}
		if len(dated) == servedStagings {
			stop()
		}
	})
	page := fetch(b, at+"/shop/")
	if rows := strings.Count(page, `<li class="row"`); rows != servedStagings {
		b.Fatalf("the page has %d rows, and %d dates are known (%v)", rows, len(dated), err)
	}
	return page
}

// countRows sends the number of bytes of each row of a stream, without HTTP framing, and -1
// when the stream ends or is reset.
func countRows(stream io.Reader, got chan<- int) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	size, row := 0, false
	for lines.Scan() {
		size += len(lines.Bytes()) + 1
		row = row || lines.Text() == "event: row"
		if lines.Text() == "event: reset" {
			break
		}
		if len(lines.Bytes()) == 0 {
			if row {
				got <- size
			}
			size, row = 0, false
		}
	}
	got <- -1
}

// memory returns the resident memory of a server's process, in MB.
func memory(b *testing.B, s *serverProcess) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) * 1024 / 1e6
}

// atRate starts do at a fixed rate, also in parallel, and returns the durations, the slowest
// last.
func atRate(b *testing.B, perSecond, times int, do func()) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var work sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for range times {
		<-tick.C
		work.Go(func() {
			began := time.Now()
			do()
			mu.Lock()
			defer mu.Unlock()
			all = append(all, time.Since(began))
		})
	}
	work.Wait()
	slices.Sort(all)
	return all
}

// savePage posts a form like a browser, but does not follow the redirect.
func savePage(b *testing.B, at, name, level string) {
	b.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := url.Values{"step": {"save"}, "set.LOG_LEVEL": {level}, "was.LOG_LEVEL": {"-"}}
	answer, err := client.PostForm(at+"/shop/stagings/"+name+"/settings", form)
	if err != nil {
		b.Error(err)
		return
	}
	_ = answer.Body.Close()
	if to := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || !strings.Contains(answer.Header.Get("Set-Cookie"), "done%3Dset") {
		b.Errorf("saving on the page: %s, %s", answer.Status, to)
	}
}

// landedPushes counts the pushes of a server that landed.
func landedPushes(b *testing.B, at string) float64 {
	b.Helper()
	found := regexp.MustCompile(`octopod_git_pushes_total\{.*result="landed"\} (\d+)`).FindStringSubmatch(fetch(b, at+"/metrics"))
	if found == nil {
		return 0
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func measure(b *testing.B, n int, do func(int)) []time.Duration {
	b.Helper()
	var took []time.Duration
	for i := range n {
		began := time.Now()
		do(i)
		took = append(took, time.Since(began))
	}
	return slices.Clone(took)
}

func level(i int) string { return []string{"debug", "info", "warn"}[i%3] }

func save(b testing.TB, to changer, name string, replicas int, level string) {
	b.Helper()
	_, err := to.Apply(b.Context(), change.Request{Action: staging.Action{
		Verb: staging.Set, Name: name, Set: map[string]string{"LOG_LEVEL": level, "backend.replicas": strconv.Itoa(replicas)},
	}})
	if err != nil {
		b.Error(err)
	}
}

// addCommits adds commits that each change a comment in one record.
func addCommits(b *testing.B, repo string, commits int) {
	b.Helper()
	records := map[int]string{}
	var in bytes.Buffer
	in.WriteString("reset refs/heads/main\nfrom refs/heads/main^0\n\n")
	for c := range commits {
		i := c % servedStagings
		path := fmt.Sprintf("envs/f-%04d/staging.yaml", i)
		if records[i] == "" {
			records[i] = testenv.Git(b, repo, "show", "main:"+path)
		}
		text := fmt.Sprintf("%s\n# %d\n", records[i], c)
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 6\ndeploy\nM 100644 inline %s\ndata %d\n%s\n",
			1700000001+c, path, len(text), text)
	}
	testenv.GitInput(b, repo, in.Bytes(), "fast-import", "--quiet")
	testenv.Git(b, repo, "repack", "-adq")
}
