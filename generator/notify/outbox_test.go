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

// quick are limits for tests: the pauses are short, and no busy machine reaches
// the others.
func quick() notify.Limits {
	return notify.Limits{Held: 3, Attempt: testenv.Patience, Patience: testenv.Patience, Pause: time.Millisecond, MostRest: 5 * time.Millisecond}
}

// ledger keeps what outboxes log and count.
type ledger struct {
	mu    sync.Mutex
	text  bytes.Buffer
	count map[string]int
}

func newLedger() *ledger { return &ledger{count: map[string]int{}} }

func (l *ledger) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *ledger) Count(place string, o notify.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count[place+" "+string(o)]++
}

func (l *ledger) of(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count[what]
}

// wait waits until something was counted so often.
func (l *ledger) wait(t *testing.T, what string, often int) {
	t.Helper()
	testenv.Eventually(t, fmt.Sprintf("%s, %d times", what, often), func() (string, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return fmt.Sprintf("%v, and a log:\n%s", l.count, &l.text), l.count[what] >= often
	})
}

// outbox runs until the test ends.
func outbox(t *testing.T, place string, limits notify.Limits, l *ledger) *notify.Outbox {
	t.Helper()
	o := notify.NewOutbox(place, limits, slog.New(slog.NewTextHandler(l, nil)), l.Count)
	ctx, cancel := context.WithCancel(t.Context())
	var ends sync.WaitGroup
	ends.Go(func() { o.Run(ctx) })
	t.Cleanup(func() { cancel(); ends.Wait() })
	return o
}

// to delivers a notice to a place.
func to(t *testing.T, p *place, key string) notify.Delivery {
	t.Helper()
	sink, err := notify.Open(notify.Options{Kind: notify.Slack, URL: p.URL + "/secret"})
	if err != nil {
		t.Fatal(err)
	}
	n := notice(t, login())
	return notify.Delivery{Key: key, What: key, Do: func(ctx context.Context) error { return sink.Send(ctx, n) }}
}

// What fails is tried again, until it works.
func TestTriedAgain(t *testing.T) {
	left := []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusTooManyRequests, http.StatusOK}
	p := newPlace(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(left[0])
		left = left[1:]
	})
	l := newLedger()
	outbox(t, "chat", quick(), l).Put(to(t, p, "a"))
	l.wait(t, "chat sent", 1)
	if l.of("chat retried") != 3 || l.of("chat given_up") != 0 {
		t.Errorf("counted %v", l.count)
	}
}

// A place that wants to be left alone is.
func TestRetryAfterIsKept(t *testing.T) {
	var asked []time.Time
	p := newPlace(t, func(w http.ResponseWriter, _ *http.Request) {
		asked = append(asked, time.Now())
		if len(asked) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	l := newLedger()
	outbox(t, "chat", quick(), l).Put(to(t, p, "a"))
	l.wait(t, "chat sent", 1)
	if rest := asked[1].Sub(asked[0]); rest < time.Second {
		t.Errorf("asked again after %s", rest)
	}
}

// What a place refuses for good is not tried again, and the log names no secret.
func TestGivenUp(t *testing.T) {
	p := newPlace(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "invalid_token", http.StatusForbidden) })
	l := newLedger()
	outbox(t, "chat", quick(), l).Put(to(t, p, "feature-login runs"))
	l.wait(t, "chat given_up", 1)
	if len(p.got) != 1 {
		t.Errorf("asked %d times", len(p.got))
	}
	if text := l.text.String(); !strings.Contains(text, "given up") || !strings.Contains(text, "invalid_token") || !strings.Contains(text, "feature-login runs") || strings.Contains(text, "secret") {
		t.Errorf("logged: %s", text)
	}
}

// A place that stays in trouble is given up after a time.
func TestPatienceEnds(t *testing.T) {
	p := newPlace(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	limits := quick()
	limits.Patience = 50 * time.Millisecond
	l := newLedger()
	outbox(t, "chat", limits, l).Put(to(t, p, "a"))
	l.wait(t, "chat given_up", 1)
}

// A place that hangs holds up nobody: neither who puts in, nor another place.
// What does not fit is counted and logged, the oldest first.
func TestPlaceThatHangs(t *testing.T) {
	held := make(chan struct{})
	hanging := newPlace(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-held:
		case <-r.Context().Done():
		}
	})
	defer close(held)
	well := newPlace(t, ok)
	l := newLedger()
	limits := quick()
	limits.Attempt = time.Hour // nothing that waited for it would come to an end
	slow, fast := outbox(t, "slow", limits, l), outbox(t, "fast", quick(), l)
	slow.Put(to(t, hanging, "first"))
	<-hanging.got // it hangs by now
	for i := range 100 {
		slow.Put(to(t, hanging, fmt.Sprint(i)))
	}
	fast.Put(to(t, well, "a"))
	l.wait(t, "fast sent", 1)
	l.wait(t, "slow given_up", 97)
	if text := l.text.String(); !strings.Contains(text, "too many wait for this place") || !strings.Contains(text, "what=0 ") || strings.Contains(text, "what=99 ") {
		t.Errorf("logged: %s", text)
	}
}

// An attempt that hangs ends in time, and is one that failed.
func TestAttemptsAreBounded(t *testing.T) {
	p := newPlace(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	hangs := to(t, p, "a")
	times := 0
	hangsOnce := notify.Delivery{Key: "a", What: "a", Do: func(ctx context.Context) error {
		if times++; times > 1 {
			return nil // at once: no busy machine makes it hang as well
		}
		return hangs.Do(ctx)
	}}
	l := newLedger()
	limits := quick()
	limits.Attempt = 100 * time.Millisecond
	outbox(t, "chat", limits, l).Put(hangsOnce)
	l.wait(t, "chat sent", 1)
	if l.of("chat retried") != 1 {
		t.Errorf("counted %v", l.count)
	}
}

// Of two deliveries with one key the later counts, also while the first is tried.
func TestLaterReplacesEarlier(t *testing.T) {
	l := newLedger()
	o := outbox(t, "forge", quick(), l)
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

// What waits at the end of the server is logged.
func TestWhatIsLeft(t *testing.T) {
	l := newLedger()
	o := notify.NewOutbox("chat", quick(), slog.New(slog.NewTextHandler(l, nil)), l.Count)
	o.Put(notify.Delivery{Key: "a", What: "feature-login runs", Do: func(context.Context) error { return nil }})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	o.Run(ended)
	if l.of("chat given_up") != 1 || !strings.Contains(l.text.String(), "the server ends") {
		t.Errorf("counted %v, logged %s", l.count, l.text.String())
	}
}
