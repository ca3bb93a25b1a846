package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"octopod/generator/notify"
	"octopod/generator/notify/review"
	"octopod/generator/project"
)

// notifiers tells places and forges what happens in the projects of a server.
type notifiers struct {
	sinks    map[string]notify.Sink // by the name that octopod.yaml uses
	forges   map[string]*review.Forge
	outboxes map[string]*notify.Outbox // of both; hosts of forges and names of sinks
	url      string                    // of the server as people reach it; may be empty
	log      *slog.Logger
	now      func() time.Time
}

// forgePatience is how long a forge is tried: one that limits how often it is
// asked may want an hour of rest, and what it is told then is still true.
const forgePatience = 2 * time.Hour

// notifierOptions are what notifiers are made of, beside the configuration.
type notifierOptions struct {
	Getenv func(string) string
	Log    *slog.Logger
	Now    func() time.Time
	Count  func(to string, o notify.Outcome) // counts every attempt
}

// newNotifiers opens what the configuration names. It contacts nobody.
func newNotifiers(config Config, o notifierOptions) (*notifiers, error) {
	t := &notifiers{
		sinks: map[string]notify.Sink{}, forges: map[string]*review.Forge{}, outboxes: map[string]*notify.Outbox{},
		url: config.URL, log: o.Log, now: o.Now,
	}
	for _, s := range config.Notify.Sinks {
		sink, err := s.Open(config.URL, o.Getenv)
		if err != nil {
			return nil, err
		}
		t.sinks[s.Name] = sink
		t.outboxes["sink "+s.Name] = notify.NewOutbox(s.Name, notify.UsualLimits(), o.Log, o.Count)
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
		limits := notify.UsualLimits()
		limits.Patience = forgePatience
		t.outboxes["forge "+f.Host] = notify.NewOutbox(f.Host, limits, o.Log, o.Count)
	}
	return t, nil
}

// idle tells whether there is nobody to tell.
func (t *notifiers) idle() bool { return len(t.outboxes) == 0 }

// run delivers for as long as ctx lasts.
func (t *notifiers) run(ctx context.Context) {
	var boxes sync.WaitGroup
	defer boxes.Wait()
	for _, box := range t.outboxes {
		boxes.Go(func() { box.Run(ctx) })
	}
}

// page is a staging's page; "" where nobody said how people reach the server.
func (t *notifiers) page(p *project.Project, name string) string {
	if t.url == "" {
		return ""
	}
	return strings.TrimSuffix(t.url, "/") + "/" + p.Metadata.Name + "/stagings/" + name
}
