package server

import (
	"context"

	"octopod/generator/live"
	"octopod/generator/notify/review"
)

// pending returns the status of a report if it is pending, nil otherwise.
func (s forgeShowing) pending() *pendingStatus {
	if s.Status == nil || s.Status.State != review.Pending {
		return nil
	}
	return &pendingStatus{s.host, s.Repository, s.Commit, *s.Status}
}

// marker returns what identifies a staging on a forge.
func (c *notifier) marker(name string) string {
	return review.Marker(c.project.Metadata.Name + "/" + name)
}

// recallPending reads from the journal which commit statuses the servers before this one left
// pending. They end like the statuses of this server: with the result of the commit, or
// when a newer commit replaces it.
func (c *notifier) recallPending(ctx context.Context) {
	j := c.sends.journal
	if j == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	all, err := j.pending(ctx)
	if err != nil {
		c.log.WarnContext(ctx, "cannot read the journal of notifications: statuses from before the start may stay pending", "error", err)
		return
	}
	for marker, pending := range all {
		for key, s := range pending {
			c.shown[key] = forgeShowing{review.Report{Repository: s.Repository, Commit: s.Commit, Marker: marker, Status: &s.Status}, s.Host}
		}
	}
}

// retireMissing ends the statuses of stagings that were deleted before this server began.
func (c *notifier) retireMissing(ctx context.Context, feed *live.Feed) {
	if len(c.shown) == 0 || !c.readProject(ctx, c.revision) {
		return
	}
	there := map[string]bool{}
	views, _ := feed.Views()
	for _, v := range views {
		there[c.marker(v.Metadata.Name)] = true
	}
	for _, s := range c.shown {
		if !there[s.Marker] {
			c.retire(s.Marker, nil)
		}
	}
}
