package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"octopod/generator/catalog"
	"octopod/generator/live"
	"octopod/generator/notify"
	"octopod/generator/notify/review"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// notifier watches one project and puts notifications into the outboxes. It is
// confined to one goroutine.
type notifier struct {
	*notifiers
	read      func(context.Context) (*project.Project, error)
	history   func(context.Context, staging.HistoryQuery) ([]staging.Event, error) // nil without one
	deleted   func(context.Context, time.Time) ([]catalog.Deletion, error)         // since a moment; nil without a history
	follower  *notify.Tracker
	startedAt time.Time

	project      *project.Project // as it was at revision
	revision     string
	shown        map[string]forgeShowing // last sent to the forges, by commit and staging
	unknownSinks map[string]bool         // sinks that the server lacks; each is logged once
}

const (
	warnInterval     = 10 * time.Minute // between two checks for stagings that end soon
	resubscribeAfter = 10 * time.Second
	oldAfter         = time.Hour // a change older than this at the start is not sent to forges
)

func (t *notifiers) newNotifier(read func(context.Context) (*project.Project, error)) *notifier {
	c := &notifier{
		notifiers: t, read: read, follower: notify.NewTracker(), startedAt: t.now(), shown: map[string]forgeShowing{}, unknownSinks: map[string]bool{},
	}
	if t.sends.journal != nil { // which knows what was delivered before
		c.follower.CatchUp = func(view *staging.View) bool { return !c.isOld(view) }
	}
	return c
}

// run notifies until ctx ends.
func (c *notifier) run(ctx context.Context, feed *live.Feed) {
	c.recallPending(ctx)
	for ctx.Err() == nil {
		if s, err := feed.Subscribe(ctx, 0); err != nil {
			c.log.WarnContext(ctx, "cannot follow the stagings: no notifications for now", "error", err)
		} else {
			c.listen(ctx, feed, s)
		}
		select {
		case <-time.After(resubscribeAfter):
		case <-ctx.Done():
		}
	}
}

// listen handles the events of the feed, and warns from time to time of stagings
// that end soon.
func (c *notifier) listen(ctx context.Context, feed *live.Feed, s *live.Subscription) {
	for ctx.Err() == nil {
		spell, cancel := context.WithTimeout(ctx, warnInterval)
		for spell.Err() == nil {
			if u, err := s.Next(spell); err == nil {
				c.handle(ctx, u.Event)
				if u.Kind == live.Synced {
					c.catchUpDeletions(ctx)
					c.retireMissing(ctx, feed)
				}
			}
		}
		cancel()
		views, _ := feed.Views()
		c.warnExpiring(ctx, views)
	}
}

// handle notifies of one event.
func (c *notifier) handle(ctx context.Context, n *live.Event) {
	view := n.Staging
	var occasion notify.Event
	switch n.Kind {
	case live.Synced:
		c.follower.Synced()
		return
	case live.Deleted:
		view.Version = rights.Version(view.Document.Staging())
		view.Status.Phase, view.Status.Reason = review.Gone, staging.Reason{}
		occasion = c.follower.Deleted(&view)
	case live.Modified:
		view.Version = rights.Version(view.Document.Staging())
		occasion = c.follower.Changed(&view)
	default:
		return
	}
	if !c.readProject(ctx, view.Status.Revision) {
		return
	}
	public := rights.Redacted(c.project, project.RoleViewer, &view)
	if occasion.On != "" {
		c.notify(ctx, occasion, public, "")
	}
	c.updateForges(&view, public, !c.isOld(&view))
	if n.Kind == live.Deleted {
		c.retire(c.marker(view.Metadata.Name), nil)
	}
}

// readProject reads octopod.yaml again after a new commit. It reports whether the
// project is known: an unreadable octopod.yaml leaves the previous one in force.
func (c *notifier) readProject(ctx context.Context, revision string) bool {
	if c.project != nil && c.revision == revision {
		return true
	}
	p, err := c.read(ctx)
	if err != nil {
		c.log.WarnContext(ctx, "cannot read octopod.yaml for its notification rules", "error", err)
		return c.project != nil
	}
	c.project, c.revision = p, revision
	return true
}

// notify queues a notice for every sink that the project names.
func (c *notifier) notify(ctx context.Context, o notify.Event, public *staging.View, more string) {
	p, name := c.project, public.Metadata.Name
	by, change := c.lastChange(ctx, name)
	for _, to := range p.SinksFor(name, o.On) {
		if _, there := c.means.Load().sinks[to]; !there {
			if !c.unknownSinks[to] {
				c.unknownSinks[to] = true
				c.log.Warn("octopod.yaml names a sink that this server does not have", "project", p.Metadata.Name, "to", to)
			}
			continue
		}
		n := notify.Compose(p, o, public, c.page(p, name), more, c.now())
		n.Caused(by, change)
		c.sends.put(&item{key: n.ID + " " + to, about: name + " " + to, caughtUp: o.CaughtUp, version: public.Version, box: c.sinkBox(to), delivery: notify.Delivery{
			Key: n.ID, What: p.Metadata.Name + ": " + n.Headline, Do: func(ctx context.Context) error { return c.send(ctx, to, n) },
		}})
	}
}

// historyTimeout bounds the look at the history, which is in memory most of the time.
const historyTimeout = 3 * time.Second

// lastChange returns author and subject of the last commit of a staging, as far as every
// viewer may know them.
func (c *notifier) lastChange(ctx context.Context, name string) (by, change string) {
	visible := rights.Visibility{Project: c.project, Role: project.RoleViewer}
	if c.history == nil || !visible.Shows(project.SectionHistory) {
		return "", ""
	}
	ctx, cancel := context.WithTimeout(ctx, historyTimeout)
	defer cancel()
	events, err := c.history(ctx, staging.HistoryQuery{Name: name, Limit: 1})
	if err != nil || len(events) == 0 { // the notification is worth more than its cause
		return "", ""
	}
	last := visible.RedactEvents(events)[0]
	return last.By.Name, last.Subject
}

// updateForges queues what the forges should show, if it changed. A server that
// starts assumes that the forges already show older changes, so that it does not
// call them for every staging.
func (c *notifier) updateForges(view, public *staging.View, fresh bool) {
	name, forges := view.Metadata.Name, c.means.Load().forges
	here := map[string]bool{}
	for _, place := range review.Targets(c.project, view.Spec) {
		if forges[place.Host] == nil {
			continue
		}
		s, ok := review.ReportOf(c.project, place, public, c.page(c.project, name))
		key := s.Marker + place.Repository + place.Commit
		last, known := c.shown[key]
		here[key] = true
		if end, under := last.Cancelled(); under && s.Status == nil && s.Repository != "" { // archived or deleted, not unknown
			s.Status, ok = end.Status, true
		}
		if !ok || known && last.Equal(s) {
			continue
		}
		c.shown[key] = forgeShowing{s, place.Host}
		if known || fresh {
			c.enqueue(s.Marker, key, c.shown[key])
		}
	}
	c.retire(c.marker(name), here)
}

// forgeShowing is what a forge shows about a staging.
type forgeShowing struct {
	review.Report
	host string
}

// checksum returns a checksum of the report.
func (s forgeShowing) checksum() string {
	text, _ := json.Marshal(s.Report) // strings and numbers
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// enqueue queues a report about the staging with a marker.
func (c *notifier) enqueue(marker, key string, s forgeShowing) {
	c.sends.put(&item{key: key, about: marker, report: s.checksum(), pending: s.pending(), box: c.forgeBox(s.host), delivery: notify.Delivery{
		Key: key, What: s.Repository + " " + s.Commit, Do: func(ctx context.Context) error { return c.report(ctx, s) },
	}})
}

// retire updates the commits that a staging no longer runs, and forgets them.
func (c *notifier) retire(marker string, here map[string]bool) {
	for key, s := range c.shown {
		if s.Marker != marker || here[key] {
			continue
		}
		delete(c.shown, key)
		if end, needed := s.Cancelled(); needed {
			c.enqueue(marker, key, forgeShowing{end, s.host})
		}
	}
}

// isOld reports whether a staging last changed long before the server started.
func (c *notifier) isOld(view *staging.View) bool {
	at := cmp.Or(view.Status.Changed, view.Status.Timings.Committed) // the feed has no timings of what ran before it started
	return at == nil || at.Before(c.startedAt.Add(-oldAfter))
}

// warnExpiring notifies of stagings that the sweep will soon archive or delete. It
// skips stagings that were already near their end when the server started, so that a
// restart repeats no warning.
func (c *notifier) warnExpiring(ctx context.Context, views []*staging.View) {
	if len(views) == 0 || !c.readProject(ctx, views[0].Status.Revision) {
		return
	}
	byName := map[string]*staging.View{}
	var records []staging.Staging
	for _, v := range views {
		if v.Status.Phase != staging.PhaseInvalid {
			records, byName[v.Metadata.Name] = append(records, v.Document.Staging()), v
		}
	}
	for _, d := range c.project.Sweep(records, project.SweepInput{Now: c.now()}) {
		if d.Step != project.StepWarn || d.At == nil || d.At.Add(-time.Duration(c.project.Spec.Lifecycle.Warning)).Before(c.startedAt) {
			continue
		}
		view := *byName[d.Staging]
		view.Version = rights.Version(view.Document.Staging())
		if c.follower.Warn(&view) {
			c.notify(ctx, notify.Event{On: project.OnWarning}, rights.Redacted(c.project, project.RoleViewer, &view), "It is "+d.Reason+".")
		}
	}
}
