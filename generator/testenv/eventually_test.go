package testenv_test

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"octopod/generator/testenv"
)

// recorder keeps how a test failed, and ends its goroutine as one does.
type recorder struct{ said string }

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestEventuallyGivesWhatItSaw(t *testing.T) {
	looks := 0
	seen := testenv.Eventually(t, "three looks", func() (int, bool) { looks++; return looks, looks == 3 })
	if seen != 3 || looks != 3 {
		t.Errorf("saw %d after %d looks", seen, looks)
	}
}

func TestEventuallyFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		go testenv.Eventually(&r, "the end", func() (string, bool) { return "only the middle", false })
		time.Sleep(testenv.Patience + time.Second)
		synctest.Wait()
		if want := "not so after 2m0s: the end; last seen: only the middle"; r.said != want {
			t.Errorf("it says %q, want %q", r.said, want)
		}
	})
}
