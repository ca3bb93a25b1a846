package argocd

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"k8s.io/apimachinery/pkg/watch"

	"octopod/generator/staging"
)

// EventKind says what an event of a watch is about.
type EventKind string

// The kinds of events.
const (
	Modified    EventKind = "changed" // the Application is new, or different
	Deleted     EventKind = "removed" // it is gone; the event holds what was last known of it
	Listed      EventKind = "listed"  // every Application that there is was told of before this
	Unreachable EventKind = "away"    // Argo CD cannot be asked from now on; Err says why
	Reachable   EventKind = "back"    // it can again, and what had changed was sent before this
)

// Event is one step of a watch.
type Event struct {
	Kind        EventKind
	Application staging.Application // with Changed and Removed
	Err         error               // with Away
}

// timing is how patient a watch is.
type timing struct {
	firstResync, resync    time.Duration // lists again after: the first time, and from then on
	listTimeout            time.Duration // a list takes no longer
	minBackoff, maxBackoff time.Duration // waits before it connects again
}

func defaultTiming() timing {
	return timing{firstResync: time.Second, resync: time.Minute, listTimeout: 30 * time.Second, minBackoff: 100 * time.Millisecond, maxBackoff: 5 * time.Second}
}

// Watch calls handle, never twice at once, with every Application of the
// project as it is and then with every change, over one stream for all. It
// connects again by itself, for as long as ctx lasts, and then gives ctx's
// error. When it returns, nothing of it is left running.
//
// Argo CD drops events for a reader that is slow, and those between its first
// list and its subscription. So the stream is only half of it: a list is
// compared after the stream is open, soon after that, and every minute.
func (c *Client) Watch(ctx context.Context, handle func(Event)) error {
	w := &watcher{client: c, handle: handle, known: map[string]staging.Application{}, deleted: map[string]uint64{}}
	for wait := c.timing.minBackoff; ; wait = min(2*wait, c.timing.maxBackoff) {
		listed, err := w.session(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if listed {
			wait = c.timing.minBackoff
		}
		w.reportUnreachable(err)
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watcher keeps what was said of each Application last, so that the same is
// not said twice and a list can be compared with it.
type watcher struct {
	client      *Client
	handle      func(Event)
	known       map[string]staging.Application
	deleted     map[string]uint64 // version at which an Application was removed
	unreachable bool
}

// session watches over one stream until it breaks. listed tells that Argo CD
// did answer.
func (w *watcher) session(ctx context.Context) (listed bool, err error) {
	var reader sync.WaitGroup
	defer reader.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	query := w.client.query()
	everything := "0" // from any version on, and no list before: that is ours to ask for
	query.ResourceVersion = &everything
	stream, err := w.client.applications.Watch(ctx, query)
	if err != nil {
		return false, w.client.wrapError(ctx, "watching the Applications", err)
	}
	events, broken := make(chan *v1alpha1.ApplicationWatchEvent), make(chan error, 1)
	reader.Go(func() {
		for {
			event, err := stream.Recv()
			if err != nil {
				broken <- w.client.wrapError(ctx, "watching the Applications", err)
				return
			}
			select {
			case events <- event:
			case <-ctx.Done():
				return
			}
		}
	})
	if err := w.list(ctx, true); err != nil {
		return false, err
	}
	select {
	case err := <-broken: // while the list was tried again
		return true, err
	default:
		w.handle(Event{Kind: Listed})
		w.reportReachable()
	}
	again := time.NewTimer(w.client.timing.firstResync)
	defer again.Stop()
	for {
		select {
		case event := <-events:
			w.apply(event)
		case err := <-broken:
			return true, err
		case <-again.C:
			if err := w.list(ctx, false); err != nil {
				return true, err
			}
			again.Reset(w.client.timing.resync)
		}
	}
}

func (w *watcher) apply(event *v1alpha1.ApplicationWatchEvent) {
	app := application(&event.Application)
	if event.Type == watch.Deleted {
		w.remove(app)
		return
	}
	if app.Version > w.known[app.Name].Version {
		w.update(app)
	}
}

// list compares everything. The first list of a session is believed even
// where its versions are lower: a cluster may have been restored.
func (w *watcher) list(ctx context.Context, first bool) error {
	ctx, cancel := context.WithTimeout(ctx, w.client.timing.listTimeout)
	defer cancel()
	apps, version, err := w.client.list(ctx)
	if err != nil {
		return err
	}
	if len(apps) == 0 {
		if err := w.client.checkReadAccess(ctx); err != nil {
			return err
		}
	}
	there := make(map[string]bool, len(apps))
	for _, app := range apps {
		there[app.Name] = true
		if known := w.known[app.Name].Version; app.Version > known || first && app.Version != known {
			w.update(app)
		}
	}
	for name, app := range w.known {
		if !there[name] && (first || app.Version <= version) {
			w.remove(app)
		}
	}
	for name, at := range w.deleted {
		if first || at <= version {
			delete(w.deleted, name)
		}
	}
	return nil
}

// update passes on what is news. A list may be older than the removal that the
// stream has told of.
func (w *watcher) update(app staging.Application) {
	if at, gone := w.deleted[app.Name]; gone && app.Version <= at {
		return
	}
	delete(w.deleted, app.Name)
	w.known[app.Name] = app
	w.handle(Event{Kind: Modified, Application: app})
}

func (w *watcher) remove(app staging.Application) {
	w.deleted[app.Name] = app.Version
	if _, known := w.known[app.Name]; known {
		delete(w.known, app.Name)
		w.handle(Event{Kind: Deleted, Application: app})
	}
}

func (w *watcher) reportUnreachable(err error) {
	if !w.unreachable {
		w.unreachable = true
		w.handle(Event{Kind: Unreachable, Err: err})
	}
}

func (w *watcher) reportReachable() {
	if w.unreachable {
		w.unreachable = false
		w.handle(Event{Kind: Reachable})
	}
}
