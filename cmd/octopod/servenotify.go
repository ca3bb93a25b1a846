package main

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"octopod/generator/notify"
	"octopod/generator/notify/review"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// teller tells places and forges what happens in the projects of a server.
type teller struct {
	sinks  map[string]notify.Sink // by the name that octopod.yaml uses
	forges map[string]*review.Forge
	boxes  map[string]*notify.Outbox // of both; hosts of forges and names of sinks
	url    string                    // of the server as people reach it; may be empty
	log    *slog.Logger
	now    func() time.Time
}

// forgePatience is how long a forge is tried: one that limits how often it is
// asked may want an hour of rest, and what it is told then is still true.
const forgePatience = 2 * time.Hour

// newTeller opens what the configuration names. It contacts nobody.
func (c *cli) newTeller(config serverConfig, log *slog.Logger, count func(string, notify.Outcome)) (*teller, error) {
	t := &teller{sinks: map[string]notify.Sink{}, forges: map[string]*review.Forge{}, boxes: map[string]*notify.Outbox{}, url: config.URL, log: log, now: c.now}
	for _, s := range config.Notify.Sinks {
		sink, err := s.open(config.URL, c.getenv)
		if err != nil {
			return nil, err
		}
		t.sinks[s.Name] = sink
		t.boxes["sink "+s.Name] = notify.NewOutbox(s.Name, notify.UsualLimits(), log, count)
	}
	for _, f := range config.Forges {
		token, err := f.Token.Read("forges "+f.Host+".token", c.getenv)
		if err != nil {
			return nil, err
		}
		if token == "" || f.Kind == kindRegistry {
			continue // it calls, and is not called
		}
		opened, err := review.Open(review.Options{Kind: review.Kind(f.Kind), API: f.api(), Token: token})
		if err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "forges %s: %s", f.Host, err)
		}
		t.forges[f.Host] = opened
		limits := notify.UsualLimits()
		limits.Patience = forgePatience
		t.boxes["forge "+f.Host] = notify.NewOutbox(f.Host, limits, log, count)
	}
	return t, nil
}

// idle tells whether there is nobody to tell.
func (t *teller) idle() bool { return len(t.boxes) == 0 }

// run delivers for as long as ctx lasts.
func (t *teller) run(ctx context.Context) {
	var boxes sync.WaitGroup
	defer boxes.Wait()
	for _, box := range t.boxes {
		boxes.Go(func() { box.Run(ctx) })
	}
}

// page is a staging's page; "" where nobody said how people reach the server.
func (t *teller) page(p *project.Project, name string) string {
	if t.url == "" {
		return ""
	}
	return strings.TrimSuffix(t.url, "/") + "/" + p.Metadata.Name + "/stagings/" + name
}
