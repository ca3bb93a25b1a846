package server

import (
	"context"
	"sync"

	"octopod/generator/notify"
)

// outboxes are the outboxes of a project, by destination. They outlive a reload.
type outboxes struct {
	open func(destination string, limits notify.Limits) *notify.Outbox

	mu    sync.Mutex
	all   map[string]*notify.Outbox
	start func(*notify.Outbox) // nil while they do not run
}

// of returns the outbox of a destination.
func (o *outboxes) of(key, destination string, limits notify.Limits) *notify.Outbox {
	o.mu.Lock()
	defer o.mu.Unlock()
	box := o.all[key]
	if box == nil {
		box = o.open(destination, limits)
		o.all[key] = box
		if o.start != nil {
			o.start(box)
		}
	}
	return box
}

// run delivers until ctx ends.
func (o *outboxes) run(ctx context.Context) {
	var work sync.WaitGroup
	start := func(box *notify.Outbox) { work.Go(func() { box.Run(ctx) }) }
	o.mu.Lock()
	for _, box := range o.all {
		start(box)
	}
	o.start = start
	o.mu.Unlock()
	<-ctx.Done()
	o.mu.Lock()
	o.start = nil
	o.mu.Unlock()
	work.Wait()
}
