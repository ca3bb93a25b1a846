package receiver

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"octopod/generator/branch"
	"octopod/generator/staging"
)

// retryKey identifies a branch of a repository. Only the newest push of a branch is
// retried.
type retryKey struct{ repository, branch string }

// retry is a task that waits for its next attempt.
type retry struct {
	*task
	staging string
	images  map[string]string // missing images by service; empty when a service is down
	text    string
	due     time.Time
	pause   time.Duration
	ends    time.Time
}

// The schedule of retries.
const (
	maxRetries    = 1000
	firstRetry    = 5 * time.Second // doubles with each attempt
	maxRetryPause = time.Minute
	retryFor      = 2 * time.Hour // a build may take this long; Reconcile finds the push again
	retryTick     = time.Second
)

// retryLater schedules a task again, with exponential back-off. f.mu is held.
func (f *Queue) retryLater(t *task, done ProcessResult, text string) (Outcome, string) {
	key, now := retryKey{t.event.Repository, t.event.Branch}, f.receiver.Now()
	w := t.retry
	if w == nil {
		w = &retry{pause: firstRetry, ends: now.Add(retryFor)}
	}
	older := f.retries[key]
	if now.After(w.ends) || older == nil && len(f.retries) >= maxRetries {
		return f.giveUp(t, "given up: "+text)
	}
	t.retry = w
	w.task, w.staging, w.images, w.text = t, done.Staging, done.Awaits, text
	w.due, w.pause = now.Add(w.pause), min(2*w.pause, maxRetryPause)
	if older != nil && older.task != t {
		f.receiver.deliveries.update(older.delivery, func(d *Delivery) {
			d.Outcome, d.Text, d.err = OutcomeNothing, "superseded by a newer push", nil
		})
	}
	f.retries[key] = w
	f.publishPending()
	return OutcomeWaiting, text
}

// cancelRetry removes the retry of a finished task. The deletion of a branch makes the
// retry of its push due at once: it finds that the branch is gone. f.mu is held.
func (f *Queue) cancelRetry(t *task) {
	key := retryKey{t.event.Repository, t.event.Branch}
	switch w := f.retries[key]; {
	case w == nil:
	case w.task == t:
		delete(f.retries, key)
		f.publishPending()
	case t.event.Kind == branch.Deleted:
		w.due = time.Time{}
	}
}

// retryLoop enqueues retries when they are due, until ctx ends.
func (f *Queue) retryLoop(ctx context.Context) {
	tick := time.NewTicker(retryTick)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.enqueueRetries(func(w *retry) bool { return !w.due.After(f.receiver.Now()) })
		case <-ctx.Done():
			return
		}
	}
}

// onImage enqueues the retries that wait for an image, and names them.
func (f *Queue) onImage(image string) string {
	woken := f.enqueueRetries(func(w *retry) bool {
		return slices.ContainsFunc(slices.Collect(maps.Values(w.images)), func(missing string) bool { return sameImage(missing, image) })
	})
	if len(woken) == 0 {
		return "no push waits for it"
	}
	return "retried: " + strings.Join(woken, ", ")
}

// sameImage reports whether two references are the same image. Docker Hub's have several
// forms.
func sameImage(a, b string) bool {
	short := func(reference string) string {
		for _, hub := range []string{"index.docker.io/", "docker.io/"} {
			reference = strings.TrimPrefix(reference, hub)
		}
		return strings.TrimPrefix(reference, "library/")
	}
	return short(a) == short(b)
}

// enqueueRetries enqueues the selected retries, as far as there is room, and returns
// their branches.
func (f *Queue) enqueueRetries(ready func(*retry) bool) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var branches []string
	for _, w := range f.retries {
		if ready(w) && !f.closed && f.hasRoom([]branch.Event{w.event}) {
			w.due = f.receiver.Now().Add(retryFor) // in progress
			f.enqueue(w.task)
			branches = append(branches, w.event.Branch)
		}
	}
	slices.Sort(branches)
	return branches
}

// publishPending publishes the services whose image each staging waits for. f.mu is
// held.
func (f *Queue) publishPending() {
	awaited := map[string]staging.Names{}
	for _, w := range f.retries {
		if w.staging != "" && len(w.images) > 0 {
			awaited[w.staging] = awaited[w.staging].With(slices.Collect(maps.Keys(w.images))...)
		}
	}
	f.receiver.Pending.Set(awaited)
}
