package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkGoalStart: what a start of the whole program costs, with Argo CD's
// client linked in. Goal: `octopod name` within 100 ms and 90 MB.
func BenchmarkGoalStart(b *testing.B) {
	dir := b.TempDir()
	program := filepath.Join(dir, "octopod")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var times []time.Duration
	most := int64(0)
	b.ResetTimer()
	for range max(b.N, 20) {
		start := time.Now()
		name := exec.Command(program, "name", "--branch", "feature/login", "--project-file", "../../octopod.yaml")
		if out, err := name.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		times = append(times, time.Since(start))
		if usage, ok := name.ProcessState.SysUsage().(*syscall.Rusage); ok {
			most = max(most, usage.Maxrss)
		}
	}
	info, err := os.Stat(program)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(median(times).Microseconds())/1000, "ms/start")
	b.ReportMetric(float64(most)/1024, "MiB-peak")
	b.ReportMetric(float64(info.Size())/(1<<20), "MiB-binary")
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
