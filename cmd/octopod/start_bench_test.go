package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkGoalStart measures a start of the program, which includes Argo CD's client. Goal:
// `octopod name` within 100 ms and 90 MB.
func BenchmarkGoalStart(b *testing.B) {
	dir := b.TempDir()
	program, peak := filepath.Join(dir, "octopod"), filepath.Join(dir, "peak")
	build(b, program, ".")
	build(b, peak, "./testdata/peak")
	args := []string{"name", "--branch", "feature/login", "--project-file", "../../octopod.yaml"}
	var times []time.Duration
	b.ResetTimer()
	for range max(b.N, 20) {
		start := time.Now()
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		times = append(times, time.Since(start))
	}
	out, err := exec.Command(peak, append([]string{program}, args...)...).Output()
	if err != nil {
		b.Fatal(err)
	}
	kib, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(program)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(median(times).Microseconds())/1000, "ms/start")
	b.ReportMetric(float64(kib)*1024/1e6, "MB-peak")
	b.ReportMetric(float64(info.Size())/1e6, "MB-binary")
}

func build(b *testing.B, to, pkg string) {
	b.Helper()
	command := exec.Command("go", "build", "-ldflags", "-s -w", "-o", to, pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
