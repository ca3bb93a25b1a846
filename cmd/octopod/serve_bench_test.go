package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

const (
	servedStagings = 1000
	servedCommits  = 20_000
)

// BenchmarkGoalServer: what the server costs on 1,000 stagings and 20,000
// commits. Goals: ready within 3 s; a save at most 1.2 times that of the command
// line; 32 people saving at once wait for a few pushes, not for 32.
func BenchmarkGoalServer(b *testing.B) {
	dir := b.TempDir()
	binary := dir + "/octopod"
	build(b, binary, ".")
	repo := thousand(b, binary, dir+"/env", servedStagings)
	age(b, repo, servedCommits)
	for range b.N {
		began := time.Now()
		s := startServer(b, dir, nil, "--env-repo", repo)
		ready := time.Since(began)
		b.ReportMetric(ms(ready), "ready-ms")
		b.ReportMetric(ready.Seconds()/3, "ready/goal")

		lists := measure(b, 30, func(int) {
			if _, err := clientOf(b, s.url, "").Find(b.Context(), generator.Query{}); err != nil {
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
		s.end(b)
	}
	b.ReportMetric(0, "ns/op")
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
	_, err := to.Apply(b.Context(), generator.Request{Action: staging.Action{
		Verb: staging.Set, Name: name, Set: map[string]string{"LOG_LEVEL": level, "backend.replicas": strconv.Itoa(replicas)},
	}})
	if err != nil {
		b.Error(err)
	}
}

// age adds commits, each of which changes one record by a comment.
func age(b *testing.B, repo string, commits int) {
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
