package server

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// BenchmarkGoalReadsBesideASlowGitServer compares the page and the API of one staging with a
// git server of one second of latency to those with one of none. Goal: a ratio of 1.2.
func BenchmarkGoalReadsBesideASlowGitServer(b *testing.B) {
	m := newMatrixOn(b, remoteEnvRepo)
	for range b.N {
		for what, path := range map[string]string{"page": "/shop/stagings/login", "api": apiShop + "/stagings/login"} {
			fast, slow := m.medians(path)
			ratio := float64(slow) / float64(fast)
			b.ReportMetric(float64(slow.Microseconds())/1000, what+"-ms")
			b.ReportMetric(ratio, what+"-ratio")
			b.ReportMetric(ratio/1.2, what+"-ratio/goal")
		}
	}
}

// medians measures reads of a path in turns, so that other work on the machine meets both.
func (m *matrix) medians(path string) (fast, slow time.Duration) {
	const turns, reads = 5, 20
	took := map[time.Duration][]time.Duration{}
	for range turns {
		for _, latency := range []time.Duration{0, time.Second} {
			m.git.Latency(latency)
			for range reads {
				began := time.Now()
				if status, text := m.send(http.MethodGet, path, nil, m.tokens['a']); status != http.StatusOK {
					m.t.Fatalf("%s: status %d: %s", path, status, text)
				}
				took[latency] = append(took[latency], time.Since(began))
			}
		}
	}
	for _, all := range took {
		slices.Sort(all)
	}
	const middle = turns * reads / 2
	return took[0][middle], took[time.Second][middle]
}
