package testenv

import (
	"testing"
	"time"
)

// Timeout limits how long tests wait for something that must happen. It measures
// nothing: even a busy machine does not reach it.
const Timeout = 4 * time.Minute

// Failer is implemented by testing.TB and testscript.TestScript.
type Failer interface {
	Fatalf(format string, args ...any)
}

// Eventually polls until ok is true and returns the value. After Timeout the test
// fails with the awaited condition and the last value. Between two polls it sleeps for
// as long as a poll takes, so that polling does not delay the awaited event.
func Eventually[T any](t Failer, what string, look func() (seen T, ok bool)) T {
	if t, ok := t.(testing.TB); ok {
		t.Helper()
	}
	for end := time.Now().Add(Timeout); ; {
		began := time.Now()
		seen, ok := look()
		if ok {
			return seen
		}
		if time.Now().After(end) {
			t.Fatalf("timeout after %s: %s; last value: %+v", Timeout, what, seen)
		}
		time.Sleep(max(time.Since(began), 5*time.Millisecond))
	}
}
