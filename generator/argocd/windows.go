package argocd

import (
	"context"
	"time"

	"github.com/adhocore/gronx"
	applicationpkg "github.com/argoproj/argo-cd/v2/pkg/apiclient/application"

	"octopod/generator/staging"
)

// SyncBlock reports whether a sync window forbids Argo CD to sync an Application, and
// until when.
func (c *Client) SyncBlock(ctx context.Context, name string) (staging.SyncBlock, error) {
	windows, err := c.applications.GetApplicationSyncWindows(ctx, &applicationpkg.ApplicationSyncWindowsQuery{
		Name: &name, AppNamespace: &c.options.Namespace, Project: &c.options.Project,
	})
	if err != nil {
		return staging.SyncBlock{}, c.wrapError(ctx, "getting the sync windows of Application "+name, err)
	}
	return syncBlock(windows, time.Now()), nil
}

// syncBlock evaluates the windows for a sync that nobody requested. An active deny window
// forbids it; so do allow windows of which none is active.
func syncBlock(windows *applicationpkg.ApplicationSyncWindowsResponse, now time.Time) staging.SyncBlock {
	allowed, denied := false, false
	var until time.Time
	for _, w := range windows.ActiveWindows {
		if w.GetKind() != "deny" {
			allowed = true
			continue
		}
		denied = true
		if end := endOf(w, now); end.After(until) {
			until = end
		}
	}
	if denied {
		return staging.SyncBlock{Blocked: true, Until: until}
	}
	restricted := false
	for _, w := range windows.AssignedWindows {
		if w.GetKind() == "deny" {
			continue
		}
		restricted = true
		next, err := gronx.NextTickAfter(w.GetSchedule(), now.UTC(), false)
		if err == nil && (until.IsZero() || next.Before(until)) {
			until = next
		}
	}
	if allowed || !restricted {
		return staging.SyncBlock{}
	}
	return staging.SyncBlock{Blocked: true, Until: until}
}

// endOf returns the end of an active window; zero if it is unknown. The API does not
// return time zones, so it assumes UTC, the default.
func endOf(w *applicationpkg.ApplicationSyncWindow, now time.Time) time.Time {
	lasts, err := time.ParseDuration(w.GetDuration())
	if err != nil {
		return time.Time{}
	}
	began, err := gronx.PrevTickBefore(w.GetSchedule(), now.UTC(), true)
	if err != nil {
		return time.Time{}
	}
	return began.Add(lasts)
}
