package staging_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"octopod/generator/staging"
)

// manifests returns 27 KB of generated files, as large as one staging.
func manifests(tb testing.TB) string {
	tb.Helper()
	const size = 27 << 10
	var text []byte
	for len(text) < size {
		for _, pattern := range []string{"../../envs/*/*.yaml", "../../templates/*/*.yaml"} {
			names, err := filepath.Glob(pattern)
			if err != nil || len(names) == 0 {
				tb.Fatal(pattern, err)
			}
			for _, name := range names {
				data, err := os.ReadFile(name)
				if err != nil {
					tb.Fatal(err)
				}
				text = append(text, data...)
			}
		}
	}
	return string(text[:size])
}

// A staging's files are scanned in at most 0.3 ms: at the door of a commit for all forms,
// and by the checks for the oldest forms. The ratios compare with stock programs over the
// same bytes: a hash, and one regular expression without a fixed beginning.
func BenchmarkFindSecretsOfStaging(b *testing.B) {
	text := manifests(b)
	stock := regexp.MustCompile(`(?i)[a-z]+:\s*[0-9]{12}`)
	took := func(f func()) time.Duration {
		best := time.Hour
		for range 7 {
			began := time.Now()
			f()
			best = min(best, time.Since(began))
		}
		return best
	}
	both := func() {
		staging.FindSecrets(text)
		staging.DetectCommittedSecret(text)
	}
	for b.Loop() {
		both()
	}
	scan := took(both)
	b.ReportMetric(float64(scan.Microseconds()), "µs/scan")
	b.ReportMetric(float64(scan)/float64(took(func() { sha256.Sum256([]byte(text)) })), "×sha256")
	b.ReportMetric(float64(scan)/float64(took(func() { stock.FindStringIndex(text) })), "×regexp")
}
