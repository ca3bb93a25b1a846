package live

import (
	"errors"
	"testing"
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
