package live

import (
	"context"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// maxNamed bounds the unknown revisions that a watch remembers.
const maxNamed = 256

// aheadLimit is how long a watch waits for git to read a commit that Argo CD names.
const aheadLimit = 2 * time.Second

// fetchAhead reads the branch before an event of Argo CD is judged. A watch that does not
// read from memory reads it anyway.
func (b *watchState) fetchAhead(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, aheadLimit)
	defer cancel()
	_ = b.Repo.Refresh(ctx) // without it, the next poll of the feed reads the commit
}

// aheadOfTip reports whether Argo CD has seen a commit that the watch has not read yet: it
// names a staging or a revision that the tip does not have, or deletes one that the tip
// has. Judged against the old tip, a new staging would be Deleting, and a deleted one
// would be replaced.
func (b *watchState) aheadOfTip(e argocd.Event) bool {
	app := e.Application
	if e.Kind != argocd.Modified && e.Kind != argocd.Deleted || len(b.selected(app.Staging)) == 0 {
		return false
	}
	recorded := b.recorded(app.Staging)
	if e.Kind == argocd.Deleted || app.DeletedAt != nil {
		return recorded
	}
	return !recorded && b.sent[app.Staging].view.Metadata.Name == "" || b.namesUnread(app)
}

// namesUnread reports whether an Application names a revision that the watch meets for the
// first time.
func (b *watchState) namesUnread(app staging.Application) bool {
	revisions := []string{app.Revision}
	if app.Operation != nil {
		revisions = append(revisions, app.Operation.Revision)
	}
	unread := false
	for _, revision := range revisions {
		if revision == "" || b.named[revision] || b.Knows(revision) {
			continue
		}
		if len(b.named) == maxNamed {
			clear(b.named)
		}
		b.named[revision], unread = true, true
	}
	return unread
}
