package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/notify"
	"octopod/generator/notify/review"
	"octopod/generator/project"
)

// notifiers holds the sinks and forges that a server notifies, with their outboxes.
type notifiers struct {
	sinks    map[string]notify.Sink // by the name that octopod.yaml uses
	forges   map[string]*review.Forge
	outboxes map[string]*notify.Outbox // of sinks, by name, and of forges, by host
	url      string                    // of the server as people reach it; may be empty
	log      *slog.Logger
	now      func() time.Time
	sends    *dispatcher
}

// forgePatience is how long a delivery to a forge is retried. A forge with a rate
// limit may require an hour of silence, and the status is still true afterwards.
const forgePatience = 2 * time.Hour

// notifierOptions are what notifiers are made of, beside the configuration.
type notifierOptions struct {
	Getenv func(string) string
	Log    *slog.Logger
	Now    func() time.Time
	Count  func(to string, o notify.Outcome) // counts every attempt
	// Journal opens a reference of the env repo's git server; nil to keep no journal.
	Journal func(ctx context.Context, ref string) (*gitstore.Store, error)
}

// newNotifiers opens the sinks and forges of the configuration. It makes no request.
func newNotifiers(config Config, o notifierOptions) (*notifiers, error) {
	t := &notifiers{
		sinks: map[string]notify.Sink{}, forges: map[string]*review.Forge{}, outboxes: map[string]*notify.Outbox{},
		url: config.URL, log: o.Log, now: o.Now, sends: newDispatcher(nil, o.Log),
	}
	if o.Journal != nil {
		t.sends.journal = &journal{open: o.Journal, refs: JournalRefs()}
	}
	for _, s := range config.Notify.Sinks {
		sink, err := s.Open(config.URL, o.Getenv)
		if err != nil {
			return nil, err
		}
		t.sinks[s.Name] = sink
		t.outboxes["sink "+s.Name] = notify.NewOutbox(s.Name, notify.DefaultLimits(), o.Log, o.Count)
	}
	for _, f := range config.Forges {
		opened, err := f.open(o.Getenv)
		if err != nil {
			return nil, err
		}
		if opened == nil {
			continue
		}
		t.forges[f.Host] = opened
		limits := notify.DefaultLimits()
		limits.DeliveryTimeout = forgePatience
		t.outboxes["forge "+f.Host] = notify.NewOutbox(f.Host, limits, o.Log, o.Count)
	}
	return t, nil
}

// idle reports whether there is nothing to notify.
func (t *notifiers) idle() bool { return len(t.outboxes) == 0 }

// run delivers until ctx ends.
func (t *notifiers) run(ctx context.Context) {
	var boxes sync.WaitGroup
	for _, box := range t.outboxes {
		boxes.Go(func() { box.Run(ctx) })
	}
	if t.sends.journal != nil {
		boxes.Go(func() { t.sends.run(ctx) })
	}
	boxes.Wait()
	if err := t.sends.leave(ctx); err != nil {
		t.log.WarnContext(ctx, "cannot leave the lead of notifications: another server takes over later", "error", err)
	}
}

// page returns the URL of a staging's page, or "" if the configuration has no url.
func (t *notifiers) page(p *project.Project, name string) string {
	if t.url == "" {
		return ""
	}
	return strings.TrimSuffix(t.url, "/") + "/" + p.Metadata.Name + "/stagings/" + name
}
