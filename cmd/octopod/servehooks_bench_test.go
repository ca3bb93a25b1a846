package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/testenv"
)

// BenchmarkGoalWebhooks sends 500 webhooks for 500 branches, over the usual number of
// connections of a forge, with the env repo behind HTTP. Goals: the server answers each within
// 50 ms, and commits all within a minute, with many commits per push.
func BenchmarkGoalWebhooks(b *testing.B) {
	const hooks, connections = 500, 16
	for range b.N {
		w := startForge(b)
		head := testenv.Git(b, w.envs, "rev-list", "--count", "main")
		payloads := make([]string, hooks)
		for i := range payloads {
			_, payloads[i] = w.push("feature/b" + strconv.Itoa(i))
		}
		http.DefaultClient.CloseIdleConnections()
		answers := make([]time.Duration, hooks)
		began := time.Now()
		var senders errgroup.Group
		senders.SetLimit(connections)
		for i, payload := range payloads {
			senders.Go(func() error {
				sent := time.Now()
				status := w.hook(fmt.Sprint("d", i), hookSecret, payload)
				answers[i] = time.Since(sent)
				if status != http.StatusAccepted {
					return fmt.Errorf("webhook %d: %d", i, status)
				}
				return nil
			})
		}
		if err := senders.Wait(); err != nil {
			b.Fatal(err)
		}
		sent := time.Since(began)
		testenv.Eventually(b, "all are committed", func() (int, bool) {
			there := strings.Count(testenv.Git(b, w.envs, "ls-tree", "--name-only", "main", "envs/"), "envs/b")
			return there, there == hooks
		})
		committed := time.Since(began)
		slices.Sort(answers)
		commits := number(b, testenv.Git(b, w.envs, "rev-list", "--count", "main")) - number(b, head)
		b.ReportMetric(ms(answers[hooks/2]), "answer-ms")
		b.ReportMetric(ms(answers[hooks-1]), "slowest-answer-ms")
		b.ReportMetric(ms(answers[hooks-1])/50, "answer/goal")
		b.ReportMetric(sent.Seconds(), "all-answered-s")
		b.ReportMetric(committed.Seconds(), "all-committed-s")
		b.ReportMetric(committed.Seconds()/60, "committed/goal")
		b.ReportMetric(float64(commits), "commits")
		b.ReportMetric(float64(w.pushes.Load()), "pushes")
		w.server.end(b)
		testenv.Git(b, w.envs, "fsck", "--strict")
	}
	b.ReportMetric(0, "ns/op")
}

func number(b *testing.B, text string) int {
	b.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
