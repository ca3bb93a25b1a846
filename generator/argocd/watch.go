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

// EventKind is the kind of an Event.
type EventKind string

// Kinds of events.
const (
	Modified    EventKind = "changed" // the Application is new or changed
	Deleted     EventKind = "removed" // the Application was deleted; the event has its last known state
	Listed      EventKind = "listed"  // all existing Applications were reported
	Unreachable EventKind = "away"    // the connection to Argo CD was lost; Err is the reason
	Reachable   EventKind = "back"    // Argo CD is connected again, and all changes were reported
)

// Event is an event of a watch.
type Event struct {
	Kind        EventKind
	Application staging.Application // with Modified and Deleted
	Err         error               // with Unreachable
}

// timing holds the intervals of a watch.
type timing struct {
	firstResync, resync    time.Duration // until the first list after the initial one, and between later ones
	callTimeout            time.Duration // of one call
	listTimeout            time.Duration // of a list call
	minBackoff, maxBackoff time.Duration // before it reconnects
}

func defaultTiming() timing {
	return timing{firstResync: time.Second, resync: time.Minute, callTimeout: 10 * time.Second, listTimeout: 30 * time.Second, minBackoff: 100 * time.Millisecond, maxBackoff: 5 * time.Second}
}

// Watch calls handle with every Application of the project and then with every
// change, from one goroutine at a time and over one stream for all. It reconnects
// until ctx ends, and then returns the error of ctx. All its goroutines have ended
// when it returns.
//
// Argo CD drops events for a slow reader, and events between its first list and its
// subscription. So Watch also lists the Applications: after the stream opens, shortly
// after that, and every minute.
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

// watcher keeps the last reported state of each Application, to compare it with lists
// and to report no state twice.
type watcher struct {
	client      *Client
	handle      func(Event)
	known       map[string]staging.Application
	deleted     map[string]uint64 // version of a deleted Application
	unreachable bool
}

// session watches over one stream until it breaks. listed reports whether Argo CD
// returned a list.
func (w *watcher) session(ctx context.Context) (listed bool, err error) {
	var reader sync.WaitGroup
	defer reader.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	query := w.client.query()
	everything := "0" // from any version, without an initial list: session calls list
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
	case err := <-broken: // during the list call
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

// list reports the differences between the known state and a new list. It accepts lower
// versions in the first list of a session: the cluster may have been restored.
func (w *watcher) list(ctx context.Context, first bool) error {
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

// update reports a new state. It ignores a list that is older than a deletion in the
// stream.
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
