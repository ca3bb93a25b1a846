package testenv_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"octopod/generator/testenv"
)

// recorder records a test's failure and ends its goroutine, like testing.T.
type recorder struct{ said string }

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestEventuallyReturnsTheValue(t *testing.T) {
	looks := 0
	seen := testenv.Eventually(t, "three looks", func() (int, bool) { looks++; return looks, looks == 3 })
	if seen != 3 || looks != 3 {
		t.Errorf("value %d after %d polls", seen, looks)
	}
}

func TestEventuallyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		go testenv.Eventually(&r, "the end", func() (string, bool) { return "only the middle", false })
		time.Sleep(testenv.Timeout + time.Second)
		synctest.Wait()
		if want := fmt.Sprintf("timeout after %s: the end; last value: only the middle", testenv.Timeout); r.said != want {
			t.Errorf("message %q, want %q", r.said, want)
		}
	})
}
