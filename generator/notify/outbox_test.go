package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/notify"
	"octopod/generator/testenv"
)

// testLimits returns limits with short pauses, and with timeouts that even a busy machine
// does not reach.
func testLimits() notify.Limits {
	return notify.Limits{Capacity: 3, AttemptTimeout: testenv.Timeout, DeliveryTimeout: testenv.Timeout, Backoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond}
}

// recorder records the logs and the counts of outboxes.
type recorder struct {
	mu    sync.Mutex
	text  bytes.Buffer
	count map[string]int
}

func newRecorder() *recorder { return &recorder{count: map[string]int{}} }

func (l *recorder) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *recorder) Count(place string, o notify.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count[place+" "+string(o)]++
}

func (l *recorder) of(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count[what]
}

// wait waits until the count of an outcome reaches a number.
func (l *recorder) wait(t *testing.T, what string, often int) {
	t.Helper()
	testenv.Eventually(t, fmt.Sprintf("%s, %d times", what, often), func() (string, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return fmt.Sprintf("%v, and a log:\n%s", l.count, &l.text), l.count[what] >= often
	})
}

// outbox returns an outbox that runs until the test ends.
func outbox(t *testing.T, place string, limits notify.Limits, l *recorder) *notify.Outbox {
	t.Helper()
	o := notify.NewOutbox(place, limits, slog.New(slog.NewTextHandler(l, nil)), l.Count)
	ctx, cancel := context.WithCancel(t.Context())
	var ends sync.WaitGroup
	ends.Go(func() { o.Run(ctx) })
	t.Cleanup(func() { cancel(); ends.Wait() })
	return o
}

// to returns the delivery of a notice to an endpoint.
func to(t *testing.T, p *endpoint, key string) notify.Delivery {
	t.Helper()
	sink, err := notify.Open(notify.Options{Kind: notify.Slack, URL: p.URL + "/secret"})
	if err != nil {
		t.Fatal(err)
	}
	n := notice(t, login())
	return notify.Delivery{Key: key, What: key, Do: func(ctx context.Context) error { return sink.Send(ctx, n) }}
}

// A failed delivery is retried until it succeeds.
func TestRetry(t *testing.T) {
	left := []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusTooManyRequests, http.StatusOK}
	p := newEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(left[0])
		left = left[1:]
	})
	l := newRecorder()
	outbox(t, "chat", testLimits(), l).Put(to(t, p, "a"))
	l.wait(t, "chat sent", 1)
	if l.of("chat retried") != 3 || l.of("chat given_up") != 0 {
		t.Errorf("counted %v", l.count)
	}
}

// A retry waits for the destination's Retry-After.
func TestRetryAfter(t *testing.T) {
	var asked []time.Time
	p := newEndpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		asked = append(asked, time.Now())
		if len(asked) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	l := newRecorder()
	outbox(t, "chat", testLimits(), l).Put(to(t, p, "a"))
	l.wait(t, "chat sent", 1)
	if rest := asked[1].Sub(asked[0]); rest < time.Second {
		t.Errorf("retried after %s", rest)
	}
}

// A permanent rejection is not retried, and the log contains no secret.
func TestGivenUp(t *testing.T) {
	p := newEndpoint(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "invalid_token", http.StatusForbidden) })
	l := newRecorder()
	outbox(t, "chat", testLimits(), l).Put(to(t, p, "feature-login runs"))
	l.wait(t, "chat given_up", 1)
	if len(p.got) != 1 {
		t.Errorf("%d requests", len(p.got))
	}
	if text := l.text.String(); !strings.Contains(text, "given up") || !strings.Contains(text, "invalid_token") || !strings.Contains(text, "feature-login runs") || strings.Contains(text, "secret") {
		t.Errorf("logged: %s", text)
	}
}

// A delivery to a destination that keeps failing is given up after its timeout.
func TestDeliveryTimeout(t *testing.T) {
	p := newEndpoint(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	limits := testLimits()
	limits.DeliveryTimeout = 50 * time.Millisecond
	l := newRecorder()
	outbox(t, "chat", limits, l).Put(to(t, p, "a"))
	l.wait(t, "chat given_up", 1)
}

// A destination that hangs blocks neither Put nor another destination. A full outbox
// drops, counts and logs the oldest delivery.
func TestHangingDestination(t *testing.T) {
	held := make(chan struct{})
	hanging := newEndpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-held:
		case <-r.Context().Done():
		}
	})
	defer close(held)
	well := newEndpoint(t, ok)
	l := newRecorder()
	limits := testLimits()
	limits.AttemptTimeout = time.Hour // the attempt hangs for the whole test
	slow, fast := outbox(t, "slow", limits, l), outbox(t, "fast", testLimits(), l)
	slow.Put(to(t, hanging, "first"))
	<-hanging.got // the first attempt hangs
	for i := range 100 {
		slow.Put(to(t, hanging, fmt.Sprint(i)))
	}
	fast.Put(to(t, well, "a"))
	l.wait(t, "fast sent", 1)
	l.wait(t, "slow given_up", 97)
	if text := l.text.String(); !strings.Contains(text, "too many deliveries wait for this destination") || !strings.Contains(text, "what=0 ") || strings.Contains(text, "what=99 ") {
		t.Errorf("logged: %s", text)
	}
}

// An attempt that hangs times out and counts as failed.
func TestAttemptsAreBounded(t *testing.T) {
	p := newEndpoint(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	hangs := to(t, p, "a")
	times := 0
	hangsOnce := notify.Delivery{Key: "a", What: "a", Do: func(ctx context.Context) error {
		if times++; times > 1 {
			return nil // returns at once, so that it cannot time out on a busy machine
		}
		return hangs.Do(ctx)
	}}
	l := newRecorder()
	limits := testLimits()
	limits.AttemptTimeout = 100 * time.Millisecond
	outbox(t, "chat", limits, l).Put(hangsOnce)
	l.wait(t, "chat sent", 1)
	if l.of("chat retried") != 1 {
		t.Errorf("counted %v", l.count)
	}
}

// A later delivery with the same key replaces an earlier one, even during its retries.
func TestLaterReplacesEarlier(t *testing.T) {
	l := newRecorder()
	o := outbox(t, "forge", testLimits(), l)
	var mu sync.Mutex
	var done []string
	tried := make(chan struct{}, 1000)
	o.Put(notify.Delivery{Key: "login", What: "updating", Do: func(context.Context) error {
		tried <- struct{}{}
		return errors.New("no connection")
	}})
	<-tried
	for _, state := range []string{"starting", "running"} {
		o.Put(notify.Delivery{Key: "login", What: state, Do: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, state)
			return nil
		}})
	}
	l.wait(t, "forge sent", 1)
	mu.Lock()
	defer mu.Unlock()
	if last := done[len(done)-1]; last != "running" || slices.Contains(done[:len(done)-1], "running") {
		t.Errorf("done: %v", done)
	}
}

// Deliveries that wait at shutdown are counted and logged.
func TestShutdown(t *testing.T) {
	l := newRecorder()
	o := notify.NewOutbox("chat", testLimits(), slog.New(slog.NewTextHandler(l, nil)), l.Count)
	o.Put(notify.Delivery{Key: "a", What: "feature-login runs", Do: func(context.Context) error { return nil }})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	o.Run(ended)
	if l.of("chat given_up") != 1 || !strings.Contains(l.text.String(), "the server shuts down") {
		t.Errorf("counted %v, logged %s", l.count, l.text.String())
	}
}
