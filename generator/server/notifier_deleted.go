package server

import (
	"context"
	"time"

	"octopod/generator/notify"
	"octopod/generator/notify/review"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

const (
	// deletionsAfter is how long before its start a server looks for deletions that were not
	// delivered.
	deletionsAfter = 24 * time.Hour
	// deletionsTimeout bounds the look at the history.
	deletionsTimeout = time.Minute
)

// catchUpDeletions notifies once of the stagings that were deleted before this server began
// to follow them. The journal knows which deletions were delivered.
func (c *notifier) catchUpDeletions(ctx context.Context) {
	find := c.deleted
	c.deleted = nil
	if find == nil || c.sends.journal == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, deletionsTimeout)
	defer cancel()
	all, err := find(ctx, c.startedAt.Add(-deletionsAfter))
	if err != nil {
		c.log.WarnContext(ctx, "cannot look for deletions from before the start: no notifications of them", "error", err)
		return
	}
	for _, d := range all {
		at := d.Event.At
		view := &staging.View{Document: d.Record.Document(), Status: staging.Status{Phase: review.Gone, Changed: &at, Revision: d.Event.Revision}}
		view.Version = rights.Version(d.Record)
		if !c.readProject(ctx, c.revision) {
			return
		}
		public := rights.Redacted(c.project, project.RoleViewer, view)
		c.notify(ctx, notify.Event{On: project.OnDeleted, CaughtUp: true}, public, "")
		c.updateForges(view, public, true)
		c.retire(c.marker(view.Metadata.Name), nil)
	}
}
