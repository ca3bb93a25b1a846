package live

import (
	"cmp"
	"context"
	"time"

	"octopod/generator/staging"
)

// Intervals between two reads of the env repo.
const (
	pollEvery       = 2 * time.Second
	pollWithWebhook = time.Minute // once a webhook of the env repo has arrived
)

// silence is how long a read of the env repo may take before the feed counts the env repo
// as unreachable. It does not end the read.
const silence = 5 * time.Second

// SetPollInterval sets how often the feed reads the env repo when nothing announces a
// commit. With 0 the feed reads every two seconds, and every minute once a webhook
// announces the commits. It counts from the next read.
func (f *Feed) SetPollInterval(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.interval = d
}

// Announce makes the feed read the env repo now, because a webhook reports a push to it.
func (f *Feed) Announce() {
	f.mu.Lock()
	f.announced = true
	f.mu.Unlock()
	f.reads.wake()
}

// runPolls reads the env repo until ctx ends: at intervals, and when somebody asks for it.
// It begins with a read unless the env repo was read before.
func (f *Feed) runPolls(ctx context.Context) {
	for due := !f.wasRead(); ctx.Err() == nil; due = true {
		if due {
			_ = f.Read(ctx) // Freshness has the error
		}
		wait := time.NewTimer(f.pollInterval())
		select {
		case <-wait.C:
		case <-f.reads.after(f.answering):
		case <-f.source.Behind():
		case <-ctx.Done():
		}
		wait.Stop()
	}
}

// pollInterval returns the pause until the next read. A read that failed is repeated soon.
func (f *Feed) pollInterval() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	every := pollEvery
	if f.announced {
		every = pollWithWebhook
	}
	every = cmp.Or(f.interval, every)
	if f.pollErr != nil {
		return min(every, pollEvery)
	}
	return every
}

func (f *Feed) wasRead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fetched
}

// Read reads the env repo once, before Run. It answers the requests so far, as soon as the
// watch has sent what was read.
func (f *Feed) Read(ctx context.Context) error {
	began, number := f.Now(), f.reads.current()
	f.answering = number
	slow := time.AfterFunc(silence, func() { f.setPolled(began, errSilent(silence)) })
	moved, err := f.source.Fetch(ctx)
	slow.Stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.setPolled(began, err)
	if err != nil {
		return err
	}
	f.mu.Lock()
	// Once: a watch that is slower than the polls would never answer.
	asked := number > f.polled && (len(f.unsent) == 0 || number > f.unsent[len(f.unsent)-1].number)
	f.announced = f.announced && (asked || !moved) // the webhook of a commit that a poll finds is lost
	first := !f.fetched
	f.fetched = true
	f.mu.Unlock()
	if first {
		close(f.ready)
	}
	if !moved && !asked {
		return nil
	}
	wake := f.source.Wake()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unsent = append(f.unsent, read{number, wake})
	return nil
}

func errSilent(after time.Duration) error {
	return staging.Errorf(staging.CodeUnavailable, "the git server of the env repo has not answered for %s", after).
		WithHint("check the git server")
}

// read is a read of the env repo, and the wake-up of the watch that follows it.
type read struct{ number, wake uint64 }

// setPolled records the outcome of a read that began at a moment.
func (f *Feed) setPolled(began time.Time, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pollErr = err
	if err == nil {
		f.readAt = began
	}
	f.setEnvRepo(began)
}

// setEnvRepo derives the state of the env repo from what the polls and the watch report.
func (f *Feed) setEnvRepo(at time.Time) {
	if err := cmp.Or(f.pollErr, f.watchErr); err != nil {
		f.setDown(&f.freshness.EnvRepo, at, &Event{Kind: RepoDown, Err: err})
		return
	}
	f.setUp(&f.freshness.EnvRepo, &Event{Kind: RepoUp})
}
