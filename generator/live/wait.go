package live

import (
	"cmp"
	"context"
	"time"

	"octopod/generator/staging"
)

// Watcher reports changes of stagings; *generator.Stagings implements it.
type Watcher interface {
	Watch(ctx context.Context, q staging.Query, handle func(Event)) error
}

// Goal is the state that a wait waits for.
type Goal string

// The goals.
const (
	ForRunning  Goal = "running"
	ForArchived Goal = "archived"
	ForDeleted  Goal = "deleted"
)

// Goals lists them.
func Goals() []Goal { return []Goal{ForRunning, ForArchived, ForDeleted} }

// WaitRequest is the goal of a wait and its timeout.
type WaitRequest struct {
	Name    string
	For     Goal
	Timeout time.Duration // 0 means none
}

// graceForFailure is how long a failure must last: pods that start together fail and
// recover.
const graceForFailure = 5 * time.Second

// firstLook is how long a wait may take to see the staging for the first time, however
// short its timeout is, so that it can report its state.
const firstLook = 30 * time.Second

// Wait watches a staging until it reaches its goal, and returns its last state. It
// calls step with every change. Its error is CodeFailed when the staging fails;
// CodeTimeout, or CodeUnavailable while Argo CD is unreachable, when the time is over;
// CodeConflict when the record wants something else; CodeUnauthorized or CodeForbidden
// when Argo CD rejects the request.
func Wait(ctx context.Context, w Watcher, r WaitRequest, step func(staging.View)) (staging.View, error) {
	limit, cancel := context.WithCancel(ctx)
	defer cancel()
	events, ended := make(chan Event), make(chan error, 1)
	go func() {
		ended <- w.Watch(limit, staging.Query{Names: []string{r.Name}}, func(n Event) {
			select {
			case events <- n:
			case <-limit.Done():
			}
		})
	}()
	return (&wait{WaitRequest: r, step: step}).run(limit, events, ended)
}

// wait is one wait in progress.
type wait struct {
	WaitRequest
	step  func(staging.View)
	last  staging.View
	known bool // the staging was seen
}

func (w *wait) run(ctx context.Context, events <-chan Event, ended <-chan error) (staging.View, error) {
	began, timeout := time.Now(), max(w.Timeout, firstLook)
	var failing, over <-chan time.Time
	if w.Timeout > 0 {
		over = time.After(timeout)
	}
	for {
		select {
		case n := <-events:
			if over != nil && timeout > w.Timeout {
				timeout = w.Timeout
				over = time.After(timeout - time.Since(began))
			}
			done, err := w.handle(n)
			if done || err != nil {
				return w.last, err
			}
			switch {
			case !isFailing(w.last):
				failing = nil
			case failing == nil:
				failing = time.After(graceForFailure)
			}
		case <-failing:
			return w.last, failedError(w.last)
		case <-over:
			return w.last, timeoutError(w.WaitRequest, timeout, w.last)
		case err := <-ended:
			return w.last, err
		case <-ctx.Done():
			return w.last, ctx.Err()
		}
	}
}

// handle applies an event and reports whether the goal is reached.
func (w *wait) handle(n Event) (done bool, err error) {
	switch n.Kind {
	case Modified:
		w.known, w.last = true, n.Staging
		w.step(n.Staging)
		return w.reached()
	case Deleted, Synced:
		if n.Kind == Synced && w.known {
			return false, nil
		}
		if w.For == ForDeleted {
			return true, nil
		}
		return false, staging.Errorf(staging.CodeNotFound, "there is no staging %s", w.Name).WithTechnicalHint("`octopod get` lists them")
	case ArgoDown:
		if code := staging.CodeOf(n.Err); code == staging.CodeUnauthorized || code == staging.CodeForbidden {
			return false, n.Err // waiting does not help
		}
	}
	return false, nil
}

func (w *wait) reached() (bool, error) {
	s := w.last
	switch {
	case s.Status.Phase == "":
		return false, staging.Errorf(staging.CodeInvalid, "no Argo CD is connected, so nobody knows when %s is %s", w.Name, w.For).
			WithTechnicalHint("set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN; `octopod doctor` checks the connection")
	case s.Status.Phase == staging.PhaseInvalid:
		return false, staging.Errorf(staging.CodeFailed, "the record of %s cannot be read", w.Name).
			WithTechnicalHint("`octopod describe %s` says why", w.Name)
	case w.For == ForRunning && s.Status.Phase == staging.PhaseRunning,
		w.For == ForArchived && s.Status.Phase == staging.PhaseArchived:
		return true, nil
	}
	return false, w.checkState()
}

// checkState returns an error when the record wants another state than the goal.
func (w *wait) checkState() error {
	wants := map[Goal]staging.State{ForRunning: staging.Active, ForArchived: staging.Archived, ForDeleted: staging.Deleting}[w.For]
	state := w.last.Spec.State
	if state == wants {
		return nil
	}
	verb := map[Goal]string{ForRunning: "restore", ForArchived: "archive", ForDeleted: "delete"}[w.For]
	return staging.Errorf(staging.CodeConflict, "%s will not be %s: its record says %s", w.Name, w.For, state).
		WithTechnicalHint("`octopod %s %s` changes that", verb, w.Name)
}

func isFailing(v staging.View) bool {
	return v.Status.Phase == staging.PhaseFailed || v.Status.Phase == staging.PhaseDegraded
}

// failedError reports why a staging fails.
func failedError(v staging.View) error {
	return staging.Errorf(staging.CodeFailed, "%s: %s", v.Metadata.Name, v.Status.Reason).WithHint("%s", detailHint(v))
}

func detailHint(v staging.View) string {
	return cmp.Or(v.Status.Detail, "`octopod describe "+v.Metadata.Name+"` shows more")
}

// timeoutError reports how far a staging came in time.
func timeoutError(r WaitRequest, timeout time.Duration, v staging.View) error {
	s := v.Status
	if v.Metadata.Name == "" {
		return staging.Errorf(staging.CodeTimeout, "nothing is known of %s after %s", r.Name, timeout).
			WithTechnicalHint("`octopod get %s` shows what cannot be read", r.Name)
	}
	if s.Phase == staging.PhaseUnknown {
		return staging.Errorf(staging.CodeUnavailable, "%s is not known to be %s after %s: %s", r.Name, r.For, r.Timeout, s.Reason).
			WithHint("%s", detailHint(v))
	}
	return staging.Errorf(staging.CodeTimeout, "%s is not %s after %s; it is %s: %s", r.Name, r.For, r.Timeout, s.Phase, s.Reason).
		WithHint("%s", detailHint(v))
}
