package live

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Webhooks make polls rare; the loss of one brings the polls back. An interval of the
// configuration counts for both, and a read that failed is repeated soon.
func TestPollInterval(t *testing.T) {
	f := NewFeed(nil, time.Now)
	expect := func(when string, want time.Duration) {
		t.Helper()
		if got := f.pollInterval(); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	expect("at the start", pollEvery)
	f.Announce()
	expect("after a webhook", pollWithWebhook)
	f.pollErr = errors.New("the git server fails")
	expect("after a read that failed", pollEvery)
	f.pollErr, f.announced = nil, false
	expect("after a webhook that got lost", pollEvery)
	f.SetPollInterval(time.Hour)
	expect("with an interval", time.Hour)
	f.Announce()
	expect("with an interval and webhooks", time.Hour)
}

// A server reads an env repo once at its start, and not again because the feed begins. A push
// that was announced meanwhile is read.
func TestRunDoesNotRepeatTheFirstRead(t *testing.T) {
	for announced, want := range map[bool]int32{false: 1, true: 2} {
		synctest.Test(t, func(t *testing.T) {
			source := newScript()
			f := NewFeed(source, time.Now)
			f.SetPollInterval(time.Hour)
			if err := f.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			if announced {
				f.Announce()
			}
			go f.Run(t.Context())
			synctest.Wait()
			if got := source.reads.Load(); got != want {
				t.Errorf("announced %v: read %d times, want %d", announced, got, want)
			}
		})
	}
}
