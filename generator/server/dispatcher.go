package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"octopod/generator/notify"
	"octopod/generator/staging"
)

// dispatcher makes each delivery once, across the servers of an env repo and their
// restarts. Every server finds the same deliveries. One of them, the leader, makes them
// and records them in the journal; the others hold theirs until they are recorded, or
// until the journal has stood still for takeoverAfter: then the leader is gone, and one
// of them takes over. No clocks are compared, and nothing is written while there is
// nothing to deliver.
//
// A server that dies between a delivery and its record makes the next one repeat it: a
// mail and a CloudEvent have the same id, a forge is read before it is written, and a
// chat may show the message twice.
type dispatcher struct {
	journal       *journal
	self          string // this run of this server
	takeoverAfter time.Duration
	log           *slog.Logger
	changed       chan struct{}

	mu      sync.Mutex
	items   []*item           // in order
	current map[string]string // newest version by what it is about
	leads   time.Time         // until when this server may deliver; zero if another one does
	led     bool              // this server has led
	began   bool              // this server has begun the journal

	seen  string    // revision of the journal at the last look, of a server that waits
	since time.Time // when it was first seen
}

// item is one delivery.
type item struct {
	key, about, version string         // about is the staging and its destination
	report              string         // checksum of a report to a forge; "" of a notice
	pending             *pendingStatus // that the report shows; nil without one
	caughtUp            bool           // about a state from before the start of this server
	box                 *notify.Outbox
	delivery            notify.Delivery

	sending, done, dropped bool
}

// takeoverAfter is how long the journal must stand still before another server delivers.
const takeoverAfter = 30 * time.Second

// journalTimeout bounds one access to the journal.
const journalTimeout = 20 * time.Second

var errOtherLeader = errors.New("another server delivers")

func newDispatcher(j *journal, log *slog.Logger) *dispatcher {
	return &dispatcher{journal: j, self: rand.Text(), takeoverAfter: takeoverAfter, log: log, changed: make(chan struct{}, 1), current: map[string]string{}}
}

// put queues a delivery. A later one with the same key replaces one that waits.
func (d *dispatcher) put(i *item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.journal == nil {
		i.box.Put(i.delivery)
		return
	}
	if i.report == "" {
		d.current[i.about] = i.version
	}
	for _, old := range d.items {
		if old.key == i.key {
			old.dropped = true
		}
	}
	d.items = append(slices.DeleteFunc(d.items, func(old *item) bool { return old.dropped }), i)
	d.wake()
}

func (d *dispatcher) wake() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// run works until ctx ends. Then it records what was delivered and leaves the lead to
// another server.
func (d *dispatcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		var tick <-chan time.Time
		if d.busy() {
			tick = time.After(d.takeoverAfter / 6)
		}
		select {
		case <-d.changed:
		case <-tick:
		case <-ctx.Done():
			return
		}
		if err := d.step(ctx); err != nil && ctx.Err() == nil && !d.rejected(err) {
			d.log.WarnContext(ctx, "cannot use the journal of notifications: they wait", "error", err)
			select { // the git server needs a rest
			case <-time.After(d.takeoverAfter / 6):
			case <-ctx.Done():
			}
			d.wake()
		}
	}
}

// rejected reports whether the git server accepts no reference for the journal. Then each
// server delivers everything.
func (d *dispatcher) rejected(err error) bool {
	if staging.CodeOf(err) != staging.CodeForbidden {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log.Warn("the git server accepts no journal of notifications: several servers send each one several times", "refs", JournalRefs(), "error", err)
	d.journal = nil
	for _, i := range d.items {
		if !i.sending {
			i.box.Put(i.delivery)
		}
	}
	d.items = nil
	return true
}

// leave records what was delivered and leaves the lead. Call it after the last delivery.
func (d *dispatcher) leave(ctx context.Context) error {
	if d.journal == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalTimeout)
	defer cancel()
	var err error
	if d.led {
		_, err = d.journal.change(ctx, d.names(), time.Now(), "leave", func(p *journalPage) error {
			if p.Leader != d.self {
				return errOtherLeader
			}
			p.Leader = ""
			d.record(p, time.Now())
			return nil
		})
	}
	if errors.Is(err, errOtherLeader) {
		err = nil
	}
	return errors.Join(err, d.journal.close())
}

func (d *dispatcher) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.items) > 0
}

// leading reports whether this server may make a delivery now.
func (d *dispatcher) leading() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Before(d.leads)
}

// step brings the deliveries one step further.
func (d *dispatcher) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	if !d.busy() {
		return nil
	}
	if !d.leading() {
		if claim, err := d.wait(ctx); err != nil || !claim {
			return err
		}
	}
	err := d.write(ctx)
	if errors.Is(err, errOtherLeader) {
		d.wake()
		return nil
	}
	if err == nil {
		d.send()
	}
	return err
}

// wait looks at the journal of another leader. It drops what that one has delivered, and
// returns true if this server should take over.
func (d *dispatcher) wait(ctx context.Context) (claim bool, err error) {
	p, err := d.journal.read(ctx, d.names())
	if err != nil {
		return false, err
	}
	if p.revision != d.seen {
		d.seen, d.since = p.revision, time.Now()
	}
	if p.Leader != "" && p.Leader != d.self {
		d.lose()
	}
	d.drop(p)
	return d.busy() && (p.Leader == "" || p.Leader == d.self || time.Since(d.since) >= d.takeoverAfter), nil
}

// write claims or keeps the lead, and records what was delivered.
func (d *dispatcher) write(ctx context.Context) error {
	began, led, begins := time.Now(), d.leading(), false
	p, err := d.journal.change(ctx, d.names(), began, "deliver", func(p *journalPage) error {
		if begins = d.began || p.Beat == 0; begins {
			d.skipCaughtUp()
		}
		if p.Leader != d.self && p.Leader != "" && (led || p.revision != d.seen) {
			return errOtherLeader
		}
		p.Leader = d.self
		p.Beat++
		d.record(p, began)
		return nil
	})
	if errors.Is(err, errOtherLeader) {
		d.lose()
	}
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.leads, d.led, d.began = began.Add(d.takeoverAfter/2), true, begins
	d.mu.Unlock()
	d.drop(p)
	return nil
}

// skipCaughtUp counts states from before the start as delivered: the journal begins, so
// nothing says that they were not.
func (d *dispatcher) skipCaughtUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range d.items {
		if i.caughtUp && !i.sending {
			i.sending, i.done = true, true
		}
	}
}

func (d *dispatcher) names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for _, i := range d.items {
		names = append(names, i.about)
	}
	return names
}

// record notes the deliveries that are done. It may run several times.
func (d *dispatcher) record(p *journalPage, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range d.items {
		if !i.done || p.shards[shardOf(i.about)] == nil {
			continue
		}
		of := p.of(i.about)
		switch {
		case i.report != "":
			of.Forges[i.key] = i.report
			if delete(of.Pending, i.key); i.pending != nil {
				of.Pending[i.key] = *i.pending
			}
		case of.Version == i.version:
			of.Notices = append(slices.DeleteFunc(of.Notices, func(key string) bool { return key == i.key }), i.key)
		case d.current[i.about] == i.version:
			of.Version, of.Notices = i.version, []string{i.key}
		}
		of.At = now.UTC().Truncate(time.Second)
	}
}

// drop removes the deliveries that a page records, and those of versions before it.
func (d *dispatcher) drop(p *journalPage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.items = slices.DeleteFunc(d.items, func(i *item) bool {
		if p.shards[shardOf(i.about)] == nil { // it came after the page was read
			return false
		}
		of := p.of(i.about)
		switch {
		case i.sending && !i.done:
			return false
		case i.report != "":
			return of.Forges[i.key] == i.report
		case i.done:
			return slices.Contains(of.Notices, i.key) || of.Version != i.version && d.current[i.about] != i.version
		}
		return slices.Contains(of.Notices, i.key) || of.Version == d.current[i.about] && of.Version != i.version
	})
}

// send hands the deliveries that wait to their outboxes.
func (d *dispatcher) send() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range d.items {
		if i.sending {
			continue
		}
		i.sending = true
		out := i.delivery
		out.Do = func(ctx context.Context) error { return d.attempt(ctx, i) }
		out.Done = func() {
			d.mu.Lock()
			i.done = true
			d.mu.Unlock()
			d.wake()
		}
		i.box.Put(out)
	}
}

// attempt makes a delivery if this server leads.
func (d *dispatcher) attempt(ctx context.Context, i *item) error {
	d.mu.Lock()
	dropped, leads := i.dropped, time.Now().Before(d.leads)
	d.mu.Unlock()
	switch {
	case dropped:
		return notify.ErrSuperseded
	case !leads:
		return errOtherLeader // tried again: the lead may be renewed
	}
	return i.delivery.Do(ctx)
}

// lose ends the lead: the deliveries in the outboxes are void, and wait here again.
func (d *dispatcher) lose() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leads = time.Time{}
	d.items = slices.DeleteFunc(d.items, func(i *item) bool { return i.done })
	for n, i := range d.items {
		if again := *i; i.sending && !i.done {
			i.dropped, again.sending = true, false
			d.items[n] = &again
		}
	}
}
