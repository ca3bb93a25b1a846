package live

import (
	"time"

	"octopod/generator/argocd"
	"octopod/generator/staging"
)

// unlisted returns the stagings whose Application disappeared before the stream was
// open: the stream has listed all Applications, without theirs.
func (b *watchState) unlisted() []string {
	var names []string
	for name := range b.argo.Apps {
		if !b.listed[name] {
			delete(b.argo.Apps, name)
			names = append(names, b.selected(name)...)
		}
	}
	return names
}

// handleArgo applies an event of Argo CD and returns the stagings that it concerns.
func (b *watchState) handleArgo(e argocd.Event) []string {
	switch e.Kind {
	case argocd.Modified:
		b.listed[e.Application.Staging] = true
		old, known := b.argo.Apps[e.Application.Staging]
		if known && old.Version == e.Application.Version {
			return nil
		}
		b.setApplication(e.Application.Staging, &e.Application)
		if b.observeCheck(old, e.Application) {
			return b.names()
		}
	case argocd.Deleted:
		b.setApplication(e.Application.Staging, nil)
	case argocd.Unreachable:
		away := *b.argo
		away.AwaySince, away.Err = b.MarkAway(), e.Err
		away.IdleSince = time.Time{}
		b.argo = &away
		b.handle(Event{Kind: ArgoDown, Err: e.Err})
		return b.names()
	case argocd.Listed, argocd.Reachable:
		names := b.unlisted()
		if !b.argo.AwaySince.IsZero() {
			names = b.argoBack()
		}
		return names
	}
	return b.selected(e.Application.Staging)
}

// argoBack ends an absence of Argo CD. The stream may find it there although the list
// before it failed.
func (b *watchState) argoBack() []string {
	b.MarkBack()
	back := *b.argo
	back.AwaySince, back.Err, back.IdleSince = time.Time{}, nil, time.Time{}
	b.argo = &back
	b.handle(Event{Kind: ArgoUp})
	return b.names()
}

func (b *watchState) setApplication(name string, app *staging.Application) {
	if b.argo.Apps == nil {
		b.argo.Apps = map[string]staging.Application{}
	}
	if app == nil {
		delete(b.argo.Apps, name)
		return
	}
	keepFailures(b.argo.Apps[name].Operation, app.Operation)
	b.argo.Apps[name] = *app
}

// keepFailures keeps the failures of a sync beside its next attempt: Argo CD drops them
// when the attempt begins.
func keepFailures(before, now *staging.Operation) {
	if before != nil && now != nil && now.Retries > 0 && len(now.Failures) == 0 && before.Revision == now.Revision {
		now.Earlier = before.Failures
		if len(now.Earlier) == 0 {
			now.Earlier = before.Earlier
		}
	}
}
