package server

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/notify"
	"octopod/generator/project"
)

// notifiers notify the sinks and forges of a project.
type notifiers struct {
	means *currentMeans
	boxes outboxes
	log   *slog.Logger
	now   func() time.Time
	sends *dispatcher
}

// forgePatience is how long a delivery to a forge is retried. A forge with a rate
// limit may require an hour of silence, and the status is still true afterwards.
const forgePatience = 2 * time.Hour

// notifierOptions are what notifiers are made of, beside the means of the project.
type notifierOptions struct {
	Log   *slog.Logger
	Now   func() time.Time
	Count func(to string, o notify.Outcome) // counts every attempt
	// Journal opens a reference of the env repo's git server; nil to keep no journal.
	Journal  func(ctx context.Context, ref string) (*gitstore.Store, error)
	Takeover time.Duration // default takeoverAfter
}

// newNotifiers returns the notifiers of a project. It makes no request.
func newNotifiers(m *currentMeans, o notifierOptions) *notifiers {
	t := &notifiers{means: m, log: o.Log, now: o.Now, sends: newDispatcher(nil, o.Log)}
	t.boxes.all = map[string]*notify.Outbox{}
	t.boxes.open = func(destination string, limits notify.Limits) *notify.Outbox {
		return notify.NewOutbox(destination, limits, o.Log, o.Count)
	}
	t.sends.takeoverAfter = cmp.Or(o.Takeover, takeoverAfter)
	if o.Journal != nil {
		t.sends.journal = &journal{open: o.Journal, refs: JournalRefs()}
	}
	return t
}

// sinkBox returns the outbox of a sink.
func (t *notifiers) sinkBox(name string) *notify.Outbox {
	return t.boxes.of("sink "+name, name, notify.DefaultLimits())
}

// forgeBox returns the outbox of a forge.
func (t *notifiers) forgeBox(host string) *notify.Outbox {
	limits := notify.DefaultLimits()
	limits.DeliveryTimeout = forgePatience
	return t.boxes.of("forge "+host, host, limits)
}

// errRemoved ends a delivery to a sink or a forge that a reload has removed.
var errRemoved = &notify.RejectedError{Message: "the configuration does not name it any more"}

// send sends a notice with the sink as it is configured now: its secret may have been
// rotated since the notice was queued.
func (t *notifiers) send(ctx context.Context, sink string, n notify.Notice) error {
	to, ok := t.means.Load().sinks[sink]
	if !ok {
		return errRemoved
	}
	return to.Send(ctx, n)
}

// report reports to a forge as it is configured now.
func (t *notifiers) report(ctx context.Context, s forgeShowing) error {
	to := t.means.Load().forges[s.host]
	if to == nil {
		return errRemoved
	}
	return to.Report(ctx, s.Report)
}

// run delivers until ctx ends.
func (t *notifiers) run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { t.boxes.run(ctx) })
	if t.sends.journal != nil {
		work.Go(func() { t.sends.run(ctx) })
	}
	work.Wait()
	if err := t.sends.leave(ctx); err != nil {
		t.log.WarnContext(ctx, "cannot leave the lead of notifications: another server takes over later", "error", err)
	}
}

// page returns the URL of a staging's page, or "" if the configuration has no url.
func (t *notifiers) page(p *project.Project, name string) string {
	url := t.means.Load().url
	if url == "" {
		return ""
	}
	return strings.TrimSuffix(url, "/") + "/" + p.Metadata.Name + "/stagings/" + name
}
