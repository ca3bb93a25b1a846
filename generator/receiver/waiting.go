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

// waitKey is what a task waits in place of: of one branch of one repository the
// newest push alone is worth waiting for.
type waitKey struct{ repository, branch string }

// waiting is a task that will be tried again.
type waiting struct {
	*task
	staging string
	images  map[string]string // by service, that are not there yet; empty when something else is away
	text    string
	due     time.Time
	pause   time.Duration
	ends    time.Time
}

// How tasks wait.
const (
	mostWaiting = 1000
	firstWait   = 5 * time.Second // and twice as long each time
	longestWait = time.Minute
	waitsFor    = 2 * time.Hour // builds take their time; Heal comes back to what is given up
	lookEvery   = time.Second
)

// postpone lets a task wait for what it lacks. f.mu is held.
func (f *Follower) postpone(t *task, done Followed, text string) {
	key, now := waitKey{t.event.Repository, t.event.Branch}, f.stagings.Now()
	w := t.wait
	if w == nil {
		w = &waiting{pause: firstWait, ends: now.Add(waitsFor)}
	}
	if _, there := f.waits[key]; now.After(w.ends) || !there && len(f.waits) >= mostWaiting {
		f.fail(t, "given up: "+text)
		return
	}
	t.wait = w
	w.task, w.staging, w.images, w.text = t, done.Staging, done.Awaits, text
	w.due, w.pause = now.Add(w.pause), min(2*w.pause, longestWait)
	t.delivery.Outcome, t.delivery.Text = OutcomeWaiting, text
	if older := f.waits[key]; older != nil && older.task != t {
		older.delivery.Outcome, older.delivery.Text, older.delivery.err = OutcomeNothing, "a newer push came meanwhile", nil
	}
	f.waits[key] = w
	f.tellWaiting()
}

// forget ends the waiting of a task that is settled. What waits for a branch that
// is gone finds that out at once. f.mu is held.
func (f *Follower) forget(t *task) {
	key := waitKey{t.event.Repository, t.event.Branch}
	switch w := f.waits[key]; {
	case w == nil:
	case w.task == t:
		delete(f.waits, key)
		f.tellWaiting()
	case t.event.Kind == branch.Deleted:
		w.due = time.Time{}
	}
}

// watchWaiting tries again what is due.
func (f *Follower) watchWaiting(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.tryAgain(func(w *waiting) bool { return !w.due.After(f.stagings.Now()) })
		case <-ctx.Done():
			return
		}
	}
}

// imageCame tries at once what waits for an image.
func (f *Follower) imageCame(image string) string {
	woken := f.tryAgain(func(w *waiting) bool { return slices.Contains(slices.Collect(maps.Values(w.images)), image) })
	if len(woken) == 0 {
		return "no push waits for it"
	}
	return "it was waited for: " + strings.Join(woken, ", ")
}

// tryAgain puts what is ready into its lane, as far as there is room, and gives the branches.
func (f *Follower) tryAgain(ready func(*waiting) bool) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var branches []string
	for _, w := range f.waits {
		if ready(w) && !f.closed && f.room([]branch.Event{w.event}) {
			w.due = f.stagings.Now().Add(waitsFor) // it is under way
			f.enqueue(w.task)
			branches = append(branches, w.event.Branch)
		}
	}
	slices.Sort(branches)
	return branches
}

// tellWaiting publishes the services that each staging waits for: of all
// repositories whose push waits for an image. f.mu is held.
func (f *Follower) tellWaiting() {
	awaited := map[string]staging.Names{}
	for _, w := range f.waits {
		if w.staging != "" && len(w.images) > 0 {
			awaited[w.staging] = awaited[w.staging].With(slices.Collect(maps.Keys(w.images))...)
		}
	}
	f.stagings.Pending.Set(awaited)
}
