package testenv

import (
	"testing"
	"time"
)

// Patience is how long tests wait for what must happen. It is no measure of
// anything: a busy machine reaches it as little as a quiet one.
const Patience = 2 * time.Minute

// Failer is a testing.TB, and a testscript.TestScript as well.
type Failer interface {
	Fatalf(format string, args ...any)
}

// Eventually looks until it is so, and gives what it saw then. When Patience
// ends, the test fails with what it waited for and what it saw last. It rests
// for as long as it looks, so that looking does not hold up what is awaited.
func Eventually[T any](t Failer, what string, look func() (seen T, ok bool)) T {
	if t, ok := t.(testing.TB); ok {
		t.Helper()
	}
	for end := time.Now().Add(Patience); ; {
		began := time.Now()
		seen, ok := look()
		if ok {
			return seen
		}
		if time.Now().After(end) {
			t.Fatalf("not so after %s: %s; last seen: %+v", Patience, what, seen)
		}
		time.Sleep(max(time.Since(began), 5*time.Millisecond))
	}
}
