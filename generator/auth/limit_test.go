package auth_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"octopod/generator/auth"
)

func TestLimiterRefills(t *testing.T) {
	l, now := auth.NewLimiter(2), time.Unix(0, 0)
	for i, want := range []time.Duration{0, 0, 30 * time.Second, 30 * time.Second} { // a rejected request uses up no token
		if wait := l.Take("a", now); wait != want {
			t.Errorf("request %d waits %v, want %v", i+1, wait, want)
		}
	}
	if wait := l.Take("b", now); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
	if wait := l.Take("a", now.Add(30*time.Second)); wait != 0 {
		t.Errorf("after the wait: %v", wait)
	}
}

// A million addresses do not fill the memory, and do not evict an address in regular
// use.
func TestLimiterIsBounded(t *testing.T) {
	l, now := auth.NewLimiter(1), time.Unix(0, 0)
	l.Take("busy", now)
	for i := range 1_000_000 {
		l.Take(strconv.Itoa(i), now)
		if i%5_000 == 0 && l.Take("busy", now) == 0 {
			t.Fatalf("after %d others the busy key is evicted", i)
		}
	}
	if n := l.Keys(); n > 20_000 {
		t.Errorf("%d keys in memory", n)
	}
}

// A server that reads its configuration again does not give anybody new requests.
func TestLimitsGoOnAfterAReload(t *testing.T) {
	secret, hash := auth.NewToken()
	oneWrite := func(url string) auth.Config {
		c := withToken(hash, time.Now().Add(time.Hour))(url)
		c.Limits.Writes = 1
		return c
	}
	before := open(t, oneWrite)
	if got := before.program(t).bearing(secret).do(http.MethodPost, before.URL+"/x"); got.StatusCode != http.StatusOK {
		t.Fatalf("status %s", got.Status)
	}
	after := open(t, oneWrite, func(o *auth.Options) { o.Former = before.auth })
	after.program(t).bearing(secret).do(http.MethodPost, after.URL+"/x").assertProblem(t, http.StatusTooManyRequests)
}

// A limiter of a new limit counts what was used under the former one.
func TestLimiterContinues(t *testing.T) {
	former, now := auth.NewLimiter(2), time.Unix(0, 0)
	former.Take("a", now)
	former.Take("a", now)
	if wait := former.Continued(60).Take("a", now); wait != time.Second {
		t.Errorf("with a higher limit: %v", wait)
	}
}
