package server

import (
	"cmp"
	"context"
	"time"

	"octopod/generator/live"
	"octopod/generator/notify"
	"octopod/generator/notify/review"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// notifier follows one project and leaves what is to be told in the
// outboxes. It is for one goroutine.
type notifier struct {
	*notifiers
	read      func(context.Context) (*project.Project, error)
	follower  *notify.Follower
	startedAt time.Time

	project      *project.Project // as it was at revision
	revision     string
	shown        map[string]forgeShowing // what forges were told last, by place and staging
	unknownSinks map[string]bool         // sinks that the server does not have, once each
}

const (
	warnInterval     = 10 * time.Minute // between two looks at what ends soon
	resubscribeAfter = 10 * time.Second
	oldAfter         = time.Hour // how old a change may be that forges are told of at the start
)

func (t *notifiers) newNotifier(read func(context.Context) (*project.Project, error)) *notifier {
	return &notifier{
		notifiers: t, read: read, follower: notify.NewFollower(), startedAt: t.now(), shown: map[string]forgeShowing{}, unknownSinks: map[string]bool{},
	}
}

// run tells of a project's stagings for as long as ctx lasts.
func (c *notifier) run(ctx context.Context, feed *live.Feed) {
	for ctx.Err() == nil {
		if s, err := feed.Subscribe(ctx, 0); err != nil {
			c.log.WarnContext(ctx, "changes are not told", "error", err)
		} else {
			c.listen(ctx, feed, s)
		}
		select {
		case <-time.After(resubscribeAfter):
		case <-ctx.Done():
		}
	}
}

// listen takes what the feed tells, and looks now and then at what ends soon.
func (c *notifier) listen(ctx context.Context, feed *live.Feed, s *live.Subscription) {
	for ctx.Err() == nil {
		spell, cancel := context.WithTimeout(ctx, warnInterval)
		for spell.Err() == nil {
			if u, err := s.Next(spell); err == nil {
				c.handle(ctx, u.Event)
			}
		}
		cancel()
		views, _ := feed.Views()
		c.warnExpiring(ctx, views)
	}
}

// handle tells of one piece of news.
func (c *notifier) handle(ctx context.Context, n *live.Event) {
	view := n.Staging
	var occasion notify.Occasion
	switch n.Kind {
	case live.Synced:
		c.follower.Complete()
		return
	case live.Deleted:
		view.Status.Phase, view.Status.Reason = review.Gone, ""
		occasion = c.follower.Gone(&view)
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
		c.notify(occasion, public, "")
	}
	c.updateForges(&view, public)
	if n.Kind == live.Deleted {
		c.retire(review.Marker(c.project.Metadata.Name+"/"+view.Metadata.Name), nil)
	}
}

// readProject reads octopod.yaml anew when the env repo moved. Where it cannot be
// read, what it said before counts.
func (c *notifier) readProject(ctx context.Context, revision string) bool {
	if c.project != nil && c.revision == revision {
		return true
	}
	p, err := c.read(ctx)
	if err != nil {
		c.log.WarnContext(ctx, "who is to be told cannot be read", "error", err)
		return c.project != nil
	}
	c.project, c.revision = p, revision
	return true
}

// notify leaves a notice for every sink that the project names.
func (c *notifier) notify(o notify.Occasion, public *staging.View, more string) {
	p, name := c.project, public.Metadata.Name
	for _, to := range p.SinksFor(name, o.On) {
		sink, there := c.sinks[to]
		if !there {
			if !c.unknownSinks[to] {
				c.unknownSinks[to] = true
				c.log.Warn("octopod.yaml names a sink that this server does not have", "project", p.Metadata.Name, "to", to)
			}
			continue
		}
		n := notify.Compose(p, o, public, c.page(p, name), more, c.now())
		c.outboxes["sink "+to].Put(notify.Delivery{
			Key: n.ID, What: p.Metadata.Name + ": " + n.Headline, Do: func(ctx context.Context) error { return sink.Send(ctx, n) },
		})
	}
}

// updateForges leaves what the forges are to show, when that is something else than
// before. How a staging is at first sight is taken for shown, unless that is
// fresh: a server that starts does not ask its forges about all there is.
func (c *notifier) updateForges(view, public *staging.View) {
	name := view.Metadata.Name
	here := map[string]bool{}
	for _, place := range review.Places(c.project, view.Spec) {
		if c.forges[place.Host] == nil {
			continue
		}
		s, ok := review.SightOf(c.project, place, public, c.page(c.project, name))
		key := s.Marker + place.Repository + place.Commit
		last, known := c.shown[key]
		here[key] = true
		if end, under := last.End(); under && s.Status == nil {
			s.Status = end.Status
		}
		if !ok || known && last.Same(s) {
			continue
		}
		c.shown[key] = forgeShowing{s, place.Host}
		if known || !c.isOld(view) {
			c.enqueue(key, c.shown[key])
		}
	}
	c.retire(review.Marker(c.project.Metadata.Name+"/"+name), here)
}

// forgeShowing is what a forge was told.
type forgeShowing struct {
	review.Showing
	host string
}

func (c *notifier) enqueue(key string, s forgeShowing) {
	f := c.forges[s.host]
	c.outboxes["forge "+s.host].Put(notify.Delivery{
		Key: key, What: s.Repository + " " + s.Commit, Do: func(ctx context.Context) error { return f.Show(ctx, s.Showing) },
	})
}

// retire forgets the commits of a staging that it runs no more.
func (c *notifier) retire(marker string, here map[string]bool) {
	for key, s := range c.shown {
		if s.Marker != marker || here[key] {
			continue
		}
		delete(c.shown, key)
		if end, needed := s.End(); needed {
			c.enqueue(key, forgeShowing{end, s.host})
		}
	}
}

// isOld tells whether the last change of a staging is from long before the
// server began.
func (c *notifier) isOld(view *staging.View) bool {
	at := cmp.Or(view.Status.Changed, view.Status.Timings.Committed) // of what ran when it was first seen, the feed knows no steps
	return at == nil || at.Before(c.startedAt.Add(-oldAfter))
}

// warnExpiring tells of stagings that the sweep archives or deletes soon. A server
// warns of what comes near while it runs, so that a restart repeats nothing.
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
		if c.follower.Warned(&view) {
			c.notify(notify.Occasion{On: project.OnWarning}, rights.Redacted(c.project, project.RoleViewer, &view), "It is "+d.Reason+".")
		}
	}
}
