package check_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"octopod/generator/check"
)

// BenchmarkGoalG measures all checks of one staging of twelve objects whose
// JSON is in memory. Goal: at most 1 ms. It compares with the stock kubeconform
// command, if installed, which checks the schema only.
func BenchmarkGoalG(b *testing.B) {
	objects, s := good(b), subject()
	b.Run("octopod", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if problems := check.Objects(objects, s); len(problems) > 0 {
				b.Fatal(problems)
			}
		}
		perStaging(b)
	})
	b.Run("kubeconform", func(b *testing.B) {
		command, err := exec.LookPath("kubeconform")
		if err != nil {
			b.Skip("not on PATH")
		}
		text := read(b, "testdata/good.yaml")
		for b.Loop() {
			run := exec.Command(command, "-strict", "-ignore-missing-schemas", "-")
			run.Stdin = strings.NewReader(text)
			if out, err := run.CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		}
		perStaging(b)
	})
}

func perStaging(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(time.Millisecond), "ms/staging")
}
